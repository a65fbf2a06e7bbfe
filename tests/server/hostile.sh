#!/bin/sh
# Agents that do not keep to the protocol reach nothing, cost little, and harm nobody else.
. "${srcdir:-.}/tests/server/lib.sh"
/usr/bin/python3 -c 'import paramiko' 2>/dev/null || { echo "needs python3-paramiko"; trap - EXIT; exit 77; }
start_target
ssh-keygen -q -t ed25519 -N '' -f "$T/other"
start_bastion <<END
limits: { per_source: 500, unauthenticated: 500 }
END
export PORT
hostile() { PORT=$PORT ID=$T/id OTHER=$T/other timeout 100 /usr/bin/python3 "${srcdir:-.}/tests/server/hostile.py" "$@" 2>"$T/py.err" || cat "$T/py.err"; }
most_rss() { ps -o rss= -C sallyport-session | sort -n | tail -1; }
# watched TEST: runs it, and leaves the largest resident size of any worker in $most.
watched() {
	hostile "$1" >"$T/result" &
	job=$!
	most=0
	while kill -0 $job 2>/dev/null; do
		now=$(most_rss)
		[ "${now:-0}" -gt $most ] && most=$now
		sleep 0.05
	done
	wait $job || true
}

check "USERAUTH_SUCCESS from the agent is no login (CVE-2018-10933)" same "$(hostile success_before_login)" no
check "and leaves no session" sh -c "! grep -q '^login' $T/fixture.log"
check "an offer is no login" same "$(hostile offer_only)" no
check "a signature by another key is no login" same "$(hostile wrong_signature)" no
check "still nobody logged in" sh -c "! grep -q '^login' $T/fixture.log"
hostile many_attempts >/dev/null
check "six attempts end the connection" wait_for 5 logged "^over too many failed logins"
watched preauth_flood
check "a flood before login is cut" same "$(cat "$T/result")" cut
check "packets of impossible length are cut" same "$(hostile big_packet)" cut
watched window_overflow
say "     window overflow: $(cat "$T/result") MiB sent; worker $most KiB at most"
check "bytes past the window end the session" grep -q cut "$T/result"
check "and cost less than 24 MiB" costs_less $most 24576
check "a maximum packet of 0 harms nobody" same "$(hostile zero_max_packet)" fine
check "a window that wraps around" same "$(hostile window_wrap)" 3000000
watched open_flood
say "     channel flood: $(cat "$T/result"); worker $most KiB at most"
check "a flood of channel opens costs less than 16 MiB" costs_less $most 16384
watched reply_flood
say "     reply flood: $(cat "$T/result"); worker $most KiB at most"
check "a flood of replies costs less than 16 MiB" costs_less $most 16384
check "64 channels, no more" same "$(hostile too_many_channels)" 64
check "bytes before the answer arrive" same "$(hostile data_before_answer)" same
check "one command a channel" same "$(hostile exec_twice)" refused
check "odd names reach control as they are, and nothing else" same "$(hostile odd_names)" 1
check "forwards of all kinds are refused" same "$(hostile forwards)" 7
check "each with a question" sh -c "for k in direct-tcpip tcpip-forward x11 auth-agent channel-open forwarded; do grep -q \"^question.*\" $T/fixture.log || exit 1; done; [ \$(grep -c 'kind=[689]' $T/fixture.log) -ge 7 ]"
check "all is well afterwards" same "$(b echo fine)" fine
[ $fails -eq 0 ]

#!/bin/bash
# kill -9 of control and of recorders, at random and at named points: before, in the middle of and after the Nth write, pwrite, fdatasync, fsync, fallocate, rename, sendmsg or open of the
# process, at its start and under load. Whatever the bastion acknowledged is in the log: each command that an agent saw end, with its decision and its output, and
# each certificate that was handed out. Sessions that were cut have their end, marked as aborted. Everything verifies.
# SALLYPORT_KILLS=1000 (tests/security/kills) for the whole experiment; 24 by default. SALLYPORT_KILLS_SECONDS ends it earlier.
. "$(dirname "$0")/lib.sh"
kills=${SALLYPORT_KILLS:-24}
if [ -z "${SALLYPORT_DEMO_DIR:-}" ]; then
	command -v cc >/dev/null || skip "no compiler here"
	F=$(mktemp -d)
	export F
	trap 'rm -rf "$F"' EXIT
	mkdir "$F/real"
	cc -shared -fPIC -O1 -D_GNU_SOURCE -o "$F/fault.so" "$SALLYPORT_TOP/tests/security/faultpoints.c" -ldl || fail "the faults do not compile"
	for f in "$SALLYPORT_BUILD"/sallyport*; do [ -f "$f" ] && [ -x "$f" ] && cp "$f" "$F/"; done
	for p in sallyport-control sallyport-recorder; do
		mv "$F/$p" "$F/real/"
		printf '#!/bin/bash\nFAULT_PLAN=%s LD_PRELOAD=%s exec -a %s %s "$@"\n' "$F/$p.plan" "$F/fault.so" $p "$F/real/$p" >"$F/$p"
		chmod 755 "$F/$p"
	done
	"$F/sallyport" demo --policy "$here/policies/guard.yaml" -- "$0"
	exit
fi
d=$SALLYPORT_DEMO_DIR/kills
mkdir "$d"
now_ms() { echo "${EPOCHREALTIME%.*}${EPOCHREALTIME:11:3}"; }

# Three agents that run commands one after the other and note what they saw; one that gets certificates.
agent() {
	local n=0 out
	while ! [ -e "$d/stop" ]; do
		n=$((n + 1))
		if out=$(timeout 20 ssh -F "$SALLYPORT_SSH_CONFIG" -o ConnectTimeout=5 demo-web "echo agent-$1-$n" </dev/null 2>/dev/null) &&
			[ "$out" = "agent-$1-$n" ]; then
			echo "$out" >>"$d/seen"
		fi
	done
}
ssh-keygen -q -t ed25519 -N '' -f "$d/id"
certificates() {
	while ! [ -e "$d/stop" ]; do
		if { token --sub agent-1 --groups ops-agents; cat "$d/id.pub"; } | timeout 20 ssh -F "$SALLYPORT_SSH_CONFIG" -T demo-sign >"$d/cert.pub" 2>/dev/null; then
			ssh-keygen -L -f "$d/cert.pub" 2>/dev/null | sed -n 's/^ *Serial: //p' >>"$d/serials"
		fi
		sleep 0.2
	done
}
: >"$d/seen"
: >"$d/serials"
: >"$d/times"
for a in 1 2 3; do agent $a & done
certificates &
wait_for 20 "the agents" test -s "$d/seen"

# Reads the bastion's log as it grows: how long from each end of a control to the next one that is ready.
cat >"$d/watch.py" <<'P'
import sys, time
log, out = open(sys.argv[1], errors="replace"), open(sys.argv[2], "w")
ended, part = None, ""
while True:
    text = log.read()
    if not text:
        time.sleep(0.005)
        continue
    now, lines = time.monotonic(), (part + text).split("\n")
    part = lines.pop()
    for line in lines:
        if "sallyport-control ended by" in line:
            ended = now
        elif line.startswith("sallyport-control: ready") and ended is not None:
            out.write("%d\n" % ((now - ended) * 1000))
            out.flush()
            ended = None
P
/usr/bin/python3 "$d/watch.py" "$SALLYPORT_DEMO_DIR/sallyportd.log" "$d/times" &
watcher=$!

# A call, and how far in a life of some seconds it may come.
calls=("pwrite 40" "pwrite 12" "fdatasync 40" "fdatasync 8" "sendmsg 60" "sendmsg 10" "write 8" "openat 10" "fallocate 2" "fsync 3")
recorder_calls=("write 8" "fdatasync 3" "fsync 2" "sendmsg 4" "openat 3")
plan() { # LIST…: "CALL NTH ACTION"
	local list=("$@") call most
	read -r call most <<<"${list[$((RANDOM % $#))]}"
	local actions=(before after half)
	[ "$call" = write ] || [ "$call" = pwrite ] || actions=(before after)
	echo "$call $((RANDOM % most + 1)) ${actions[$((RANDOM % ${#actions[@]}))]}"
}
mkfifo "$d/never"
exec 9<>"$d/never"
snooze() { read -rt 0.02 -u 9; }
daemon=$(awk '/^PPid:/ { print $2 }' "/proc/$(pids_of sallyport-control)/status")
child() { pgrep -P "$daemon" -x "$(printf %.15s "$1")"; }
gone() { # PID MS: whether it is gone by then
	local end=$(($(now_ms) + $2))
	while kill -0 "$1" 2>/dev/null; do
		[ "$(now_ms)" -lt $end ] || return 1
		snooze
	done
}
taken() { local _; for _ in $(seq 150); do [ -e "$1" ] || return 0; snooze; done; rm -f "$1"; return 1; }
done_=0 named=0
while [ $done_ -lt "$kills" ] && [ $SECONDS -lt "${SALLYPORT_KILLS_SECONDS:-1000000}" ]; do
	if [ $((RANDOM % 5)) = 0 ]; then
		plan "${recorder_calls[@]}" >"$F/plan.new"
		mv "$F/plan.new" "$F/sallyport-recorder.plan"
		if taken "$F/sallyport-recorder.plan"; then named=$((named + 1)) done_=$((done_ + 1)); fi
		pid=$(child sallyport-recorder | shuf -n 1)
		[ -z "$pid" ] || { kill -9 "$pid" 2>/dev/null && done_=$((done_ + 1)); }
		continue
	fi
	# The one that runs is killed at random; the next one ends itself at its named point; the one after it is to be ready in a second.
	plan "${calls[@]}" >"$F/plan.new"
	mv "$F/plan.new" "$F/sallyport-control.plan"
	for _ in $(seq $((RANDOM % 20))); do snooze; done
	old=$(child sallyport-control | head -n 1)
	[ -n "$old" ] && kill -9 "$old" 2>/dev/null && done_=$((done_ + 1)) && gone "$old" 2000
	taken "$F/sallyport-control.plan" || continue
	next=$(child sallyport-control | head -n 1)
	[ -n "$next" ] || { named=$((named + 1)) done_=$((done_ + 1)); continue; }
	if gone "$next" 2000; then named=$((named + 1)); else kill -9 "$next" 2>/dev/null; fi
	done_=$((done_ + 1))
done
again() { timeout 10 ssh -F "$SALLYPORT_SSH_CONFIG" -o ConnectTimeout=5 demo-web true </dev/null; }
wait_for 120 "commands to run after the last kill" again
kill $watcher
touch "$d/stop"
wait
sort -n "$d/times" >"$d/sorted"
n=$(wc -l <"$d/sorted")
echo "$done_ kills, $named of them at named points: $(wc -l <"$d/seen") commands and $(wc -l <"$d/serials") certificates acknowledged; ready again after (ms): median $(sed -n "$(((n + 1) / 2))p" "$d/sorted"), 95 % $(sed -n "$(((n * 95 + 99) / 100))p" "$d/sorted"), longest $(tail -n 1 "$d/sorted"), over a second $(awk "\$1 > 1000" "$d/sorted" | wc -l) of $n"
[ $named -gt 0 ] && [ "$(wc -l <"$d/seen")" -gt 5 ] || fail "hardly anything happened"
# Of a machine that does nothing else; a busy one gets twice as long.
[ "$(sed -n "$(((n + 1) / 2))p" "$d/sorted")" -le 2000 ] || fail "it takes longer than a second to be ready again"

wait_for 30 "every session's end on record" eval '[ -z "$(audit_lines | jq -r "select(.event == \"session.start\" or .event == \"session.end\") | .session" | sort | uniq -u)" ]'
echo "ok: every session that began has its end on record, $(audit_lines | grep -c '"event":"session.end".*"aborted":true\|"aborted":true.*"event":"session.end"') of them as aborted"
has "sessions that were cut are aborted" '"aborted":true' "$(audit_lines | grep '"event":"session.end"' | grep aborted | head -n 1)"
audit_lines | jq -r 'select(.event == "decision" and .verdict == "allow") | .command' | sort -u >"$d/decided"
sed 's/^/echo /' "$d/seen" | sort -u >"$d/wanted"
is "each command that an agent saw was decided, on record" "" "$(comm -23 "$d/wanted" "$d/decided")"
audit_lines | grep '"event":"certificate.issued"' | grep -oE '"serial":[0-9]+' | cut -d: -f2 | sort -u >"$d/issued"
is "each certificate that was handed out is on record" "" "$(sort -u "$d/serials" | comm -23 - "$d/issued")"
# The last control looks for recordings whose end nobody heard of.
kill -9 "$(child sallyport-control)"
missing() {
	local f
	for f in "$SALLYPORT_RECORDINGS"/*.json; do basename "$f" .json; done | sort >"$d/notes"
	audit_lines | jq -r 'select(.event == "recording.closed" or .event == "recording.repaired") | .recording' | sort -u | comm -23 "$d/notes" -
}
wait_for 30 "every recording's digest on record" eval '[ -z "$(missing)" ]'
for f in "$SALLYPORT_RECORDINGS"/*.cast.gz; do zcat "$f" || fail "$f is not a whole gzip file: $(ls -l "$f" "${f%.cast.gz}.json"; grep -c "$(basename "$f" .cast.gz)" "$SALLYPORT_DEMO_DIR/sallyportd.log"; grep -h "holds\|repair" "$SALLYPORT_DEMO_DIR/sallyportd.log" | tail -n 3)"; done >"$d/casts"
grep -o 'agent-[0-9]*-[0-9]*\\r\\n\|agent-[0-9]*-[0-9]*\\n' "$d/casts" | sed 's/\\.*//' | sort -u >"$d/recorded"
is "what an agent saw was recorded" "" "$(sort -u "$d/seen" | comm -23 - "$d/recorded")"
wait_for 15 "the log to verify" eval "sallyport audit verify --events --all-signatures >'$d/verify'"
cat "$d/verify"

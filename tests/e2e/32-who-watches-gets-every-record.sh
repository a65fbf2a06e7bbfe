#!/bin/bash
# The audit log's outputs: syslog over TCP, UDP and a unix socket, journald, and a signed webhook. Each record arrives, byte for byte what stands in the
# log, also what was written while nobody listened, while the receiver was killed, and while control was killed with kill -9.
. "$(dirname "$0")/lib.sh"
if [ -z "${SALLYPORT_DEMO_DIR:-}" ] && [ -z "${OUT:-}" ]; then
	OUT=$(mktemp -d)
	export OUT
	# A journald of our own, where that can be done without anybody noticing: in a mount namespace.
	if [ "$(id -u)" = 0 ] && [ -x /lib/systemd/systemd-journald ] && unshare --mount true 2>/dev/null; then
		export WITH_JOURNALD=1
		unshare --mount "$0"
	else
		"$0"
	fi
	code=$?
	rm -rf "$OUT"
	exit $code
fi
if [ -z "${SALLYPORT_DEMO_DIR:-}" ]; then
	if [ -n "${WITH_JOURNALD:-}" ]; then
		mkdir -p /run/systemd /run/log
		mount -t tmpfs none /run/systemd && mount -t tmpfs none /run/log && mkdir -p /run/systemd/journal /run/log/journal
		[ ! -d /var/log/journal ] || mount -t tmpfs none /var/log/journal
		/lib/systemd/systemd-journald >/dev/null 2>&1 &
		JOURNALD=$!
		export JOURNALD
		trap 'kill $JOURNALD' EXIT
		for _ in $(seq 100); do [ -S /run/systemd/journal/socket ] && break; sleep 0.05; done
		[ -S /run/systemd/journal/socket ] || unset WITH_JOURNALD
	fi
	read -r TCP UDP HOOK < <(/usr/bin/python3 -c 'import socket
s = [socket.socket() for _ in range(3)]
for x in s: x.bind(("127.0.0.1", 0))
print(*(x.getsockname()[1] for x in s))')
	export TCP UDP HOOK
	printf 'whsec_%s\n' "$(head -c 24 /dev/urandom | base64)" >"$OUT/secret"
	cat >"$OUT/config" <<C
audit:
  outputs:
    - { name: tcp, syslog: "tcp://127.0.0.1:$TCP" }
    - { name: tcp-ocsf, syslog: "tcp://127.0.0.1:$TCP", format: ocsf, events: ["session.*"] }
    - { name: udp, syslog: "udp://127.0.0.1:$UDP", events: [decision], max_bytes: 600 }
    - { name: unix, syslog: "unix:$OUT/log.sock" }
    - { name: hook, webhook: "http://127.0.0.1:$HOOK/records", secret_file: "$OUT/secret" }
C
	[ -z "${WITH_JOURNALD:-}" ] || echo '    - { name: journal, journald: true }' >>"$OUT/config"
	"$SALLYPORT_BUILD/sallyport" demo --config "$OUT/config" -- "$0"
	exit
fi

collect() { # NAME WHERE [SECRET]
	"$here/collector.py" "$OUT" "$@" &
	eval "pid_$1=$!"
}
got() { jq -r .seq "$OUT/$1.lines" 2>/dev/null | sort -nu; }
all() { audit_lines | jq -r .seq; }
# Whether a receiver has every record of the log up to now. What a receiver itself makes the bastion write comes later.
has_all() { # NAME UPTO
	[ -z "$(comm -13 <(got "$1" | sort) <(all | awk -v n="$2" '$1 <= n' | sort))" ]
}
last() { audit_lines | tail -n 1 | jq .seq; }
run() { sp demo-web "echo $1" </dev/null >/dev/null; }

# Nobody listens yet.
touch "$OUT/hook.refuse"
run one
n=$(last)
collect tcp "127.0.0.1:$TCP"
collect unix "$OUT/log.sock"
collect hook "127.0.0.1:$HOOK" "$OUT/secret"
wait_for 20 "what was written before anybody listened, over TCP" has_all tcp "$n"
wait_for 20 "the same over a unix socket" has_all unix "$n"
wait_for 20 "a refused webhook" test -s "$OUT/hook.refused"
rm "$OUT/hook.refuse"
wait_for 20 "the webhook's records, after it was refused" has_all hook "$n"
echo "ok: records that were written before anybody listened arrive"

# The receivers are killed; control is killed; commands go on.
kill -9 "$pid_tcp" "$pid_hook" "$pid_unix"
run two
control=$(pids_of sallyport-control)
kill -9 "$control"
wait_for 10 "a new control" eval "[ -n \"\$(pids_of sallyport-control)\" ] && [ \"\$(pids_of sallyport-control)\" != $control ]"
wait_for 10 "commands to run again" run three
n=$(last)
collect tcp "127.0.0.1:$TCP"
collect unix "$OUT/log.sock"
collect hook "127.0.0.1:$HOOK" "$OUT/secret"
collect udp "127.0.0.1:$UDP"
run four
run five
m=$(last)
for name in tcp unix hook; do wait_for 70 "$name: nothing is missing" has_all $name "$m"; done
echo "ok: nothing is lost by kill -9 of control and of the receivers ($m records)"
[ ! -e "$OUT/tcp.wrong" ] && [ ! -e "$OUT/unix.wrong" ] && [ ! -e "$OUT/hook.wrong" ] && [ ! -e "$OUT/udp.wrong" ] || fail "$(cat "$OUT"/*.wrong)"
echo "ok: every message is of its form, every webhook signed"
jq -rc 'select(.seq)' "$OUT/tcp.lines" | sort -u >"$OUT/a"
audit_lines | jq -rc . | sort >"$OUT/b"
is "what arrives is what the log says" "" "$(comm -23 "$OUT/a" "$OUT/b")"
has "OCSF over the same port" '"class_uid":4007' "$(grep class_uid "$OUT/tcp.lines")"
is "with the events that were asked for, no others" "session.end session.start" "$(jq -r 'select(.class_uid) | .metadata.event_code' "$OUT/tcp.lines" | sort -u | xargs)"
# What was sent before it listened is gone: UDP gives no answer.
over_udp() { run again && grep -q '"decision"' "$OUT/udp.lines" && grep -q '"short":true' "$OUT/udp.lines"; }
wait_for 20 "decisions over UDP" over_udp
is "UDP carries decisions alone" "decision" "$(jq -r 'select(.event) | .event' "$OUT/udp.lines" | sort -u)"
has "a record over max_bytes is told in short, with its digest" '"short":true' "$(cat "$OUT/udp.lines")"
is "which is the next record's prev" "$(audit_lines | grep -A1 -F "\"seq\":$(jq -r 'select(.short) | .seq' "$OUT/udp.lines" | head -n 1)," | tail -n 1 | jq -r .prev)" \
	"$(jq -r 'select(.short) | .sha256' "$OUT/udp.lines" | head -n 1)"
sp demo-web 'rm /nonexistent' 2>/dev/null </dev/null
wait_for 10 "a refusal, which is a warning" grep -q '^84 .* decision' "$OUT/tcp.heads"
is "what was allowed is none" "85" "$(jq -r 'select(.verdict == "allow") | .seq' "$OUT/tcp.lines" | head -n 1 | xargs -I {} grep 'sequenceId="{}"' "$OUT/tcp.heads" | cut -d' ' -f1 | sort -u)"

# A checkpoint that came this way is an outside checkpoint.
wait_for 20 "a checkpoint over TCP" grep -q '"checkpoint"' "$OUT/tcp.lines"
grep '"checkpoint"' "$OUT/tcp.lines" | tail -n 1 | jq -r '.checkpoint + "\n" + .signature' >"$OUT/outside"
wait_for 10 "the log to reach it" eval "sallyport audit verify --checkpoint '$OUT/outside' >'$OUT/verify'"
hasnt "audit verify takes it from outside" "without --checkpoint" "$(cat "$OUT/verify")"
wait_for 10 "one by webhook, too" test -s "$OUT/hook.checkpoints"
has "how far an output lags is a metric" 'output_lag_records\{output="tcp"\}' "$(curl -fsS "http://127.0.0.1:$(cat "$SALLYPORT_DEMO_DIR/state/run/http.port")/metrics")"

if [ -n "${WITH_JOURNALD:-}" ]; then
	in_journal() { journalctl -D /run/log/journal -o json -t sallyport SALLYPORT_SEQ="$1" 2>/dev/null; }
	wait_for 10 "the journal's records" eval "[ -n \"\$(in_journal $m)\" ]"
	is "a record in the journal is that of the log" "$(audit_lines | sed -n "${m}p")" "$(in_journal "$m" | jq -r .MESSAGE)"
	is "the journal has all" "$m" "$(journalctl -D /run/log/journal -o json -t sallyport | jq -r 'select(.SALLYPORT_SEQ) | .SALLYPORT_SEQ' | awk -v n="$m" '$1 <= n' | sort -nu | wc -l)"
fi
kill "$pid_tcp" "$pid_hook" "$pid_unix" "$pid_udp"

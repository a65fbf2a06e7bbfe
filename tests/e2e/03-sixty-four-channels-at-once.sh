#!/bin/bash
# 64 commands at once over one ControlMaster connection, each with its own output and status; then many in a row, without growth.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/guard.yaml"

sock=$SALLYPORT_DEMO_DIR/mux
sp -o ControlMaster=yes -o ControlPath="$sock" -fN demo-web </dev/null >/dev/null 2>&1
wait_for 10 "the master" test -S "$sock"
mux() { sp -o ControlMaster=no -o ControlPath="$sock" demo-web "$@"; }

dir=$SALLYPORT_DEMO_DIR/mux.out
mkdir "$dir"
for i in $(seq 64); do
	{ head -c $((i * 1000)) /dev/zero | mux "wc -c; sleep 0.5; exit $((i % 50))" >"$dir/$i.out" 2>"$dir/$i.err"; echo $? >"$dir/$i.code"; } &
done
wait
for i in $(seq 64); do
	[ "$(cat "$dir/$i.out")" = $((i * 1000)) ] || fail "channel $i: output '$(cat "$dir/$i.out")', stderr '$(cat "$dir/$i.err")'"
	[ "$(cat "$dir/$i.code")" = $((i % 50)) ] || fail "channel $i: status $(cat "$dir/$i.code")"
done
echo "ok: 64 channels at once"

n=${SALLYPORT_COMMANDS:-600}
worker=$(pids_of sallyport-session | head -n 1)
rss() { awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"; }
for i in $(seq $((n / 3))); do [ "$(mux "echo $i" </dev/null)" = "$i" ] || fail "command $i"; done
before=$(rss "$worker")
for i in $(seq $((n * 2 / 3))); do [ "$(mux "echo $i" </dev/null)" = "$i" ] || fail "command $i"; done
after=$(rss "$worker")
echo "  $n commands in a row; the worker's memory: $before kB, then $after kB"
[ $((after - before)) -lt 2048 ] || fail "the worker grew by $((after - before)) kB"
sp -o ControlPath="$sock" -O exit demo-web 2>/dev/null
exit 0

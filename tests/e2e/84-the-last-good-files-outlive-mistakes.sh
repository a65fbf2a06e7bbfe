#!/bin/bash
# A file that was broken while the bastion runs must not take it down at the next start: control that is killed, and a supervisor with -k, serve the
# last configuration and policy that were good, and say so in the log, in /metrics and in the audit log. Never does a start without rules serve.
. "$(dirname "$0")/lib.sh"
in_demo
conf=$SALLYPORT_DEMO_DIR/sallyport.yaml
policy=$(sed -n 's/^policy: *//p' "$conf" | tr -d '"')
case $policy in /*) ;; *) policy=$SALLYPORT_DEMO_DIR/$policy ;; esac
[ -f "$policy" ] || fail "where is the policy? ($policy)"
log=$SALLYPORT_DEMO_DIR/sallyportd.log
control() { pids_of sallyport-control; }
supervisor=$(ps -o ppid= -p "$(control)" | tr -d ' ')
socket=$SALLYPORT_DEMO_DIR/state/run/api.sock # the port may be another after a restart
api_get() { curl -sS --fail --unix-socket "$socket" "http://localhost$1"; }
metric() { api_get /metrics | sed -n "s/^sallyport_$1 //p"; }
refused() { metric "refused_file{file=\"$1\"}"; }
kill_control() {
	local was new
	was=$(control)
	kill -9 "$was"
	new_one() { new=$(control) && [ -n "$new" ] && [ "$new" != "$was" ] && api_get /readyz; }
	wait_for 20 "another control" new_one
}
cp "$conf" "$conf.good"
cp "$policy" "$policy.good"
is "nothing is refused" "0 0" "$(refused configuration) $(refused policy)"
is "a command runs" Linux "$(sp demo-web 'uname -s' 2>&1)"

echo 'nonsense: true' >>"$conf"
printf 'rules: [' >>"$policy"
kill_control
is "with both files broken control serves again, and says so in /metrics" "1 1" "$(refused configuration) $(refused policy)"
is "what was allowed is" Linux "$(sp demo-web 'uname -s' 2>&1)"
sp demo-web 'rm -rf /srv/data' >"$SALLYPORT_DEMO_DIR/out" 2>&1
is "what was denied is" 126 $?
has "the log names the place of the mistake" 'sallyport.yaml:[0-9]+:.*nonsense' "$(cat "$log")"
has "and what is served" 'refused: serving the last good configuration' "$(cat "$log")"
has "of the policy too" 'refused: serving the last good policy' "$(cat "$log")"
events() { audit_lines | jq -c "select(.event == \"$1\") | $2" | tail -n 1; }
has "the audit log has the mistakes" 'nonsense' "$(events config.rejected .errors)"
is "and that the last good one is in force" "true" "$(events config.loaded .last_good)"
is "the policy's too" "true" "$(events policy.loaded .last_good)"
[ -n "$(events policy.rejected .errors)" ] || fail "no policy.rejected"

kill_control
is "a second kill changes nothing" "Linux 1" "$(sp demo-web 'uname -s' 2>&1) $(refused policy)"
mv "$conf" "$conf.broken"
kill_control
is "nor does a file that is gone" "Linux 1" "$(sp demo-web 'uname -s' 2>&1) $(refused configuration)"

cp "$conf.good" "$conf"
cp "$policy.good" "$policy"
kill -HUP "$supervisor"
all_good() { [ "$(refused configuration) $(refused policy)" = "0 0" ]; }
wait_for 10 "the corrected files" all_good
echo 'nonsense: true' >>"$policy"
kill -HUP "$supervisor"
bad_policy() { [ "$(refused policy)" = 1 ]; }
wait_for 10 "a refused reload to show in /metrics" bad_policy
is "while the running one stays" Linux "$(sp demo-web 'uname -s' 2>&1)"
cp "$policy.good" "$policy"
kill -HUP "$supervisor"
wait_for 10 "the corrected policy" all_good

# ---- a supervisor that starts anew ----
D=$(mktemp -d "$SALLYPORT_DEMO_DIR/second.XXXXXX")
cp -r "$SALLYPORT_DEMO_DIR/vault" "$D/vault"
sed -e "s|^state: .*|state: $D/state|" -e "s|store: .*|store: $D/vault|" "$conf" >"$SALLYPORT_DEMO_DIR/second.yaml"
second() { # runs until it listens, and ends it
	local pid
	"$SALLYPORT_BUILD/sallyportd" -f "$@" -c "$SALLYPORT_DEMO_DIR/second.yaml" >"$D/log" 2>&1 &
	pid=$!
	rm -f "$D/state/run/ssh.port"
	for _ in $(seq 400); do
		[ ! -s "$D/state/run/ssh.port" ] || break
		kill -0 $pid 2>/dev/null || break
		sleep 0.05
	done
	[ ! -s "$D/state/run/ssh.port" ] || echo served
	kill -TERM $pid 2>/dev/null
	wait $pid
}
is "it starts" served "$(second -k "$D/good")"
echo 'nonsense: true' >>"$SALLYPORT_DEMO_DIR/second.yaml"
is "with a broken file it serves the last good one" served "$(second -k "$D/good")"
has "and says so" 'nonsense' "$(cat "$D/log")"
has "in the log" 'refused: serving the last good configuration' "$(cat "$D/log")"
is "where nothing was kept it does not start" "" "$(second -k "$D/other")"
is "nor without -k" "" "$(second)"

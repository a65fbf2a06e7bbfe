#!/bin/bash
# kill -9 of control and of recorders at random moments under load: every command that the agent saw end is in the log with its decision
# before it, what it printed is in its recording, sessions that were cut have their end on record, control is back in a second, and the
# log and all recordings verify. SALLYPORT_KILLS=1000 for the whole experiment; 12 by default.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/guard.yaml"
kills=${SALLYPORT_KILLS:-12}
d=$SALLYPORT_DEMO_DIR/kills
mkdir "$d"
now_ms() { echo $(($(date +%s%N) / 1000000)); }

# Four agents that run commands one after the other, and note what they saw.
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
touch "$d/seen"
# The agent's token buys one certificate. Killed between the two, the agent would need another token, which is not what is looked at here.
is "a command before any kill" agent "$(sp demo-web 'echo agent' </dev/null 2>/dev/null)"
for a in 1 2 3 4; do agent $a & done

worst=0
for i in $(seq "$kills"); do
	sleep "0.$((RANDOM % 6))$((RANDOM % 10))"
	if [ $((i % 3)) = 0 ]; then
		pid=$(pids_of sallyport-recorder | shuf -n 1)
		[ -n "$pid" ] && kill -9 "$pid" 2>/dev/null
		continue
	fi
	pid=$(pids_of sallyport-control)
	[ -n "$pid" ] || continue
	kill -9 "$pid"
	t=$(now_ms)
	seen=$(wc -l <"$d/seen")
	wait_for 20 "commands to run again after kill $i" eval "[ \$(wc -l <'$d/seen') -gt $seen ]"
	t=$(($(now_ms) - t))
	[ $t -gt $worst ] && worst=$t
done
touch "$d/stop"
wait
echo "after $kills kills: $(wc -l <"$d/seen") commands seen to end; the longest pause until the next one did: $worst ms"
[ "$(wc -l <"$d/seen")" -gt "$kills" ] || fail "hardly anything ran"

wait_for 15 "every session's end on record" eval '[ -z "$(audit_lines | jq -r "select(.event == \"session.start\" or .event == \"session.end\") | .session" | sort | uniq -u)" ]'
echo "ok: every session that began has its end on record"
wait_for 15 "checkpoints to catch up" eval "sallyport audit verify >'$d/verify'"
cat "$d/verify"

audit_lines | jq -r 'select(.event == "decision" and .verdict == "allow") | .command' | sort -u >"$d/decided"
sed 's/^/echo /' "$d/seen" | sort -u >"$d/wanted"
is "each command that the agent saw was decided, on record" "" "$(comm -23 "$d/wanted" "$d/decided")"

for f in "$SALLYPORT_RECORDINGS"/*.cast.gz; do zcat "$f" || fail "$f is not a whole gzip file"; done >"$d/casts"
grep -o 'agent-[0-9]*-[0-9]*\\r\\n\|agent-[0-9]*-[0-9]*\\n' "$d/casts" | sed 's/\\.*//' | sort -u >"$d/recorded"
is "what the agent saw was recorded" "" "$(sort -u "$d/seen" | comm -23 - "$d/recorded")"

# Each recording is in the chain: one whose control was killed, too, once the next one has looked around.
missing() {
	local f id
	for f in "$SALLYPORT_RECORDINGS"/*.json; do basename "$f" .json; done | sort >"$d/notes"
	audit_lines | jq -r 'select(.event == "recording.closed" or .event == "recording.repaired") | .recording' | sort -u | comm -23 "$d/notes" -
}
kill -9 "$(pids_of sallyport-control)"
wait_for 20 "every recording's digest on record" eval '[ -z "$(missing)" ]'
is "no recording is twice in the chain" "" "$(audit_lines | jq -r 'select(.event == "recording.closed") | .recording' | sort | uniq -d)"
sallyport audit verify >"$d/verify" || fail "$(cat "$d/verify")"
cat "$d/verify"

#!/bin/bash
# The audit log holds what happened, in order, and any line edited, removed or swapped is found.
. "$(dirname "$0")/lib.sh"
in_demo

sp demo-web true </dev/null
sp demo-web 'rm -rf /srv/data' 2>/dev/null </dev/null
sp demo-web 'ls /nonexistent' >/dev/null 2>&1 </dev/null
wait_for 5 "the ends of the sessions" eval "[ \$(audit_lines | grep -c '\"event\":\"session.end\"') -ge 3 ]"
for event in session.start login.accepted certificate.issued decision command.end session.end; do
	has "there is a record of $event" "\"event\":\"$event\"" "$(audit_lines)"
done
has "a denial, with its rule" '"verdict":"deny"' "$(audit_lines)"
sallyport audit verify --dir "$SALLYPORT_AUDIT" || fail "the untouched log does not verify"
echo "ok: the log verifies while the bastion runs"

# No record is long without a signed checkpoint over it: a second, and what a busy machine adds.
sealed() { [ "$(cat "$SALLYPORT_AUDIT"/checkpoints-*.jsonl | jq -s 'map(.size) | max')" -ge "$1" ]; }
last=$(audit_lines | jq -s 'map(.seq) | max')
wait_for 10 "a checkpoint over record $last" sealed "$last"
slowest=$(jq -n --slurpfile r <(audit_lines) --slurpfile c <(cat "$SALLYPORT_AUDIT"/checkpoints-*.jsonl) '
	def at: (.[:19] + "Z" | fromdate) + ("0" + .[19:23] | tonumber);
	[$c[] | { size, at: (.text | capture("(?m)^time (?<t>.*)$").t | at) }] as $seals |
	[$r[] | .seq as $seq | (.time | at) as $at | [$seals[] | select(.size >= $seq) | .at - $at] | min // empty] | max * 1000 | round')
[ "$slowest" -ge 0 ] && [ "$slowest" -le 4000 ] || fail "a record waited $slowest ms for its checkpoint"
echo "ok: no record waited longer than $slowest ms for its checkpoint"

broken() { # WHAT, then a command that edits $copy
	local what=$1
	shift
	copy=$SALLYPORT_DEMO_DIR/copy
	rm -rf "$copy"
	cp -r "$SALLYPORT_AUDIT" "$copy"
	log=$(ls "$copy"/log-*.jsonl | head -n 1)
	"$@"
	if sallyport audit verify --dir "$copy" >"$SALLYPORT_DEMO_DIR/verify" 2>&1; then fail "not found: $what"; fi
	echo "ok: $what is found: $(tail -n 1 "$SALLYPORT_DEMO_DIR/verify")"
}
edit() { sed -i '0,/"verdict":"deny"/s//"verdict":"allow"/' "$log"; }
remove() { sed -i 4d "$log"; }
swap() { sed -i '4{h;d};5{G}' "$log"; }
insert() { sed -i '4{p}' "$log"; }
broken "an edited line" edit
broken "a removed line" remove
broken "a swapped pair" swap
broken "an inserted line" insert

# No secret: tokens, keys.
if grep -rqF "$(cat "$SALLYPORT_DEMO_DIR/operator.token")" "$SALLYPORT_AUDIT" "$SALLYPORT_DEMO_DIR/sallyportd.log"; then fail "a token stands in a log"; fi
echo "ok: no token in any log"

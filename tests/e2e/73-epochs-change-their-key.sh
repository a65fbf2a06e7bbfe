#!/bin/bash
# An epoch's end: the closing record names the next key, the old key signs over it once more and is gone; the log verifies across.
. "$(dirname "$0")/lib.sh"
conf=${TMPDIR:-/tmp}/sallyport-epochs.$UID.yaml
printf 'audit: { origin: demo, epoch: 60s }\n' >"$conf"
in_demo --policy "$(dirname "$0")/policies/guard.yaml" --config "$conf"
rm -f "$conf"
event() { audit_lines | jq -c "select(.event == \"$1\")"; }
wait_for 5 "the first epoch" eval "[ -n \"\$(event epoch.open)\" ]"
is "the first key" 1 "$(event epoch.open | jq .epoch)"
sp demo-web true </dev/null
wait_for 90 "the second epoch" eval "[ \$(event epoch.open | wc -l) = 2 ]"
is "the second key is the one that the closing record named" "$(event epoch.close | jq -r .next_key | cut -d' ' -f1,2)" \
	"$(event epoch.open | tail -n 1 | jq -r .key | cut -d' ' -f1,2)"
is "it is number two" 2 "$(event epoch.open | tail -n 1 | jq .epoch)"
[ ! -e "$SALLYPORT_DEMO_DIR/vault/audit.1.key" ] && [ -z "$(ls "$SALLYPORT_DEMO_DIR/vault" | grep -x 'audit\.1\..*')" ] || fail "the old key still lies there"
echo "ok: the old key is gone"
sp demo-web true </dev/null
wait_for 10 "a checkpoint by the new key" eval "[ \$(cat '$SALLYPORT_AUDIT'/checkpoints-*.jsonl | tail -n 1 | jq .size) -gt \$(event epoch.open | tail -n 1 | jq .seq) ]"
sallyport audit verify --dir "$SALLYPORT_AUDIT" >"$SALLYPORT_DEMO_DIR/verify" 2>&1 || fail "the log does not verify: $(cat "$SALLYPORT_DEMO_DIR/verify")"
echo "ok: the log verifies across the change"

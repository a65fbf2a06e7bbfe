#!/bin/bash
# Mask rules of one's own: a honeytoken that is printed ends the session, through exec and in a managed shell; same_length keeps a table's columns;
# what a command's text holds is masked in the audit log, in the log, and in what an approver sees, while the digest binds the true text.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/honeytoken.yaml"

home=$SALLYPORT_DEMO_DIR/home
token=AKIA0CANARY0"ABCD1234"
printf 'before\nkey %s\n' "$token" >"$home/bait"
yes after | head -n 20000 >>"$home/bait"
printf 'id S1234567 x\nid S7654321 y\n' >"$home/table"

out=$(sp demo-web 'cat bait; sleep 20; echo never' 2>"$SALLYPORT_DEMO_DIR/err" </dev/null)
is "exec: denied, at once" 126 $?
hasnt "the token did not come through" "$token" "$out"
hasnt "nor what came behind it" 'never' "$out"
has "it says why" 'must not be shown' "$(cat "$SALLYPORT_DEMO_DIR/err")"
out=$(printf 'echo one\ncat bait\necho two\n' | sp -T demo-web 2>&1)
has "managed shell: what came before" '^one$' "$out"
hasnt "no statement after it" '^two$' "$out"
hasnt "nor the token" "$token" "$out"
wait_for 5 "the end in the audit log" eval 'audit_lines | grep session.end | grep -q "mask rule"'
has "the record names the rule" '"rule":"canary"' "$(audit_lines | grep '"event":"masking"')"

is "same_length: columns stay where they are" "$(awk '{ print length($0) }' "$home/table")" "$(sp demo-web 'cat table' </dev/null | awk '{ print length($0) }')"

# A command's own text.
sp demo-web "mkdir -m 700 /tmp/x-password=correct-horse-9" >/dev/null 2>&1 </dev/null &
pid=$!
id=$(pending_id)
[ -n "$id" ] || fail "no approval is pending"
shown=$(operator GET "/v1/approvals/$id")
has "the approver sees a placeholder" 'masked:password-field' "$shown"
has "and how much was masked" '"masked": *[1-9]' "$(jq . <<<"$shown")"
hasnt "not the value" 'correct-horse-9' "$shown"
is "the digest is of the true text, not of what is shown" no "$([ "$(jq -r '.command // ""' <<<"$shown" | sha256sum)" = "$(jq -r '.command_sha256 // ""' <<<"$shown")  -" ] && echo yes || echo no)"
operator POST "/v1/approvals/$id/deny" '{"reason":"no"}' >/dev/null
wait $pid
hasnt "the audit log holds no value" 'correct-horse-9' "$(audit_lines)"
hasnt "nor does the bastion's log" 'correct-horse-9' "$(cat "$SALLYPORT_DEMO_DIR/sallyportd.log")"
explained=$(sallyport policy explain "mysql -u x --password=correct-horse-9" --policy "$SALLYPORT_DEMO_DIR/policy.yaml" --as agent-1 --on demo-web 2>&1)
has "explain prints the rest" "mysql" "$explained"
hasnt "and not the value" "correct-horse-9" "$explained"

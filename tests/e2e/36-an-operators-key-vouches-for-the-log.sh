#!/bin/bash
# The key that signs the log is certified by an operator's key that the bastion never sees; who trusts the operator need trust nothing that the bastion says of
# itself. A signature by nobody, over something else or in another namespace is not taken.
. "$(dirname "$0")/lib.sh"
in_demo
d=$SALLYPORT_DEMO_DIR/certify
mkdir "$d"
ssh-keygen -q -t ed25519 -N '' -C operator -f "$d/operator"
ssh-keygen -q -t ed25519 -N '' -C stranger -f "$d/stranger"
wait_for 10 "the key" eval "curl -fsS '$SALLYPORT_API/v1/audit/key' >'$d/key'"
is "the key is the one that the log names" "$(audit_lines | jq -r 'select(.event == "epoch.open") | .key')" "$(cat "$d/key")"
certify() { # TOKEN SIGNATURE
	printf 'header = "Authorization: Bearer %s"\n' "$1" | curl -sS -o "$d/answer" -w '%{http_code}' -K - -H 'Content-Type: text/plain' --data-binary "@$2" "$SALLYPORT_API/v1/audit/key"
}
sign() { ssh-keygen -q -Y sign -n "$1" -f "$d/operator" "$2" 2>/dev/null; mv "$2.sig" "$d/$3"; }
sign sallyport-epoch "$d/key" good
sign sallyport-checkpoint "$d/key" other-namespace
sed 's/AAAA/AAAB/' "$d/key" >"$d/other"
sign sallyport-epoch "$d/other" other-key
is "a signature over something else" 400 "$(certify "$SALLYPORT_OPERATOR_TOKEN" "$d/other-key")"
is "one in another namespace" 400 "$(certify "$SALLYPORT_OPERATOR_TOKEN" "$d/other-namespace")"
is "something else altogether" 400 "$(certify "$SALLYPORT_OPERATOR_TOKEN" "$d/key")"
is "one by somebody without the role" 403 "$(certify "$(token --sub agent-1 --groups ops-agents)" "$d/good")"
is "the operator's" 204 "$(certify "$SALLYPORT_OPERATOR_TOKEN" "$d/good")"
has "is on record" '"event":"epoch.certified".*"operator":"ssh-ed25519 ' "$(audit_lines)"
sp demo-web uptime >/dev/null </dev/null
printf 'operator namespaces="sallyport-epoch" %s\n' "$(cat "$d/operator.pub")" >"$d/mine"
printf 'stranger namespaces="sallyport-epoch" %s\n' "$(cat "$d/stranger.pub")" >"$d/not-mine"
wait_for 10 "the log to verify" eval "sallyport audit verify --events --allowed-signers '$d/mine' >'$d/verify'"
has "who trusts the operator trusts the key" "^key: .*, trusted" "$(cat "$d/verify")"
if sallyport audit verify --allowed-signers "$d/not-mine" >"$d/verify"; then fail "a stranger's word is taken"; fi
has "who trusts somebody else does not" "^key: .*no key of this log" "$(cat "$d/verify")"

# The bundle says so, too, by hand.
wait_for 10 "a checkpoint" eval "[ -s \$(ls '$SALLYPORT_AUDIT'/checkpoints-* | head -n 1) ]"
sallyport audit export --from 2020-01-01 --to now --out "$d/bundle" >"$d/out" 2>&1 || fail "$(cat "$d/out")"
sed -n '/^```sh$/,/^```$/p' "$d/bundle/VERIFY.md" | grep -v '^```' >"$d/verify.sh"
out=$(cd "$d/bundle" && sh "$d/verify.sh" 2>&1)
has "VERIFY.md shows the certificate" 'Good "sallyport-epoch" signature' "$out"
hasnt "and complains of nothing" "broken|FAILED|differ|[Ee]rror|not found|No such" "$out"
(cd "$d/bundle" && jq -r '.[] | select(.certified) | .certified' keys.json >../cert && jq -r '.[] | select(.certified) | .key' keys.json >../line)
ssh-keygen -Y verify -f "$d/mine" -I operator -n sallyport-epoch -s "$d/cert" <"$d/line" || fail "by the auditor's own list"

# Somebody puts another certificate into the log: seen.
cp -r "$SALLYPORT_AUDIT" "$d/copy"
sed -i 's/"certified":"-----BEGIN SSH SIGNATURE-----\\nU/"certified":"-----BEGIN SSH SIGNATURE-----\\nV/' "$d/copy"/log-*.jsonl
if sallyport audit verify --dir "$d/copy" >"$d/verify"; then fail "a false certificate is not seen"; fi
has "a false certificate is seen" "operator's signature under the key is none" "$(cat "$d/verify")"

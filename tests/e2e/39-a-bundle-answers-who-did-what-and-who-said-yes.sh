#!/bin/bash
# A bundle has what an auditor asks for: who, on whose behalf, on what, with which verdict by which rule, approved by whom and why, how it ended, how much came out; maskings, denials,
# certificates, what was in force. As a folder and as .tar.gz, of one session, of one identity, of a time.
. "$(dirname "$0")/lib.sh"
if [ -z "${SALLYPORT_DEMO_DIR:-}" ]; then
	OUT=$(mktemp -d)
	export OUT
	cat >"$OUT/policy.yaml" <<'Y'
version: 1
profile: enforce
packs: [core.readonly]
who: { ops: { groups: [ops-agents] } }
rules:
  - id: deploy
    who: [ops]
    approve: ["touch *"]
    approvers: [sre]
    grant: { uses: 1, ttl: 15m }
    reason: "A change."
mask: { use: [email] }
Y
	"$SALLYPORT_BUILD/sallyport" demo --policy "$OUT/policy.yaml" -- "$0"
	code=$?
	rm -rf "$OUT"
	exit $code
fi
d=$SALLYPORT_DEMO_DIR/bundle-test
mkdir "$d"
# An agent that acts for a person.
ssh-keygen -q -t ed25519 -N '' -f "$d/id"
{ token --sub agent-7 --groups ops-agents --on-behalf-of kim@example.org; cat "$d/id.pub"; } | ssh -F "$SALLYPORT_SSH_CONFIG" -T demo-sign >"$d/id-cert.pub" || fail "a certificate"
as_seven() { ssh -F "$SALLYPORT_SSH_CONFIG" -o IdentityFile="$d/id" -o CertificateFile="$d/id-cert.pub" -o IdentitiesOnly=yes "$@"; }
touch "$SALLYPORT_DEMO_DIR/home/there"
as_seven demo-web 'touch there' </dev/null 2>/dev/null &
id=$(pending_id)
operator POST "/v1/approvals/$id/approve" '{"reason":"ticket 4711"}' >/dev/null
wait $! || fail "the approved command"
as_seven demo-web 'echo mail to someone@example.org; ls /nonexistent' >/dev/null 2>&1 </dev/null
as_seven demo-web 'rm there' >/dev/null 2>&1 </dev/null
sp demo-db uptime >/dev/null </dev/null
wait_for 10 "the ends" eval '[ $(audit_lines | grep -c "\"event\":\"recording.closed\"") -ge 3 ] && [ $(audit_lines | grep -c "\"event\":\"session.end\"") -ge 4 ]'
wait_for 10 "a checkpoint over all of it" eval "[ \"\$(tail -n 1 \$(ls \$SALLYPORT_AUDIT/checkpoints-* | tail -n 1) | jq .size)\" = \"\$(tail -n 1 \$(ls \$SALLYPORT_AUDIT/log-* | tail -n 1) | jq .seq)\" ]"
export_to() { sallyport audit export --from 2020-01-01 --to now "$@" >"$d/out" 2>&1 || fail "export $*: $(cat "$d/out")"; }
export_to --out "$d/all"
for f in sessions approvals maskings denials certificates policies recordings; do
	[ -s "$d/all/$f.json" ] && [ -s "$d/all/$f.csv" ] || fail "there is no $f"
done
for f in VERIFY.md SOC2.md SHA256SUMS allowed_signers checkpoint.txt checkpoint.txt.sig keys.json bundle.json log/log-000001.jsonl; do [ -s "$d/all/$f" ] || fail "there is no $f"; done
for f in $(grep -oE '\| [a-z]+\.(csv|json)' "$d/all/SOC2.md" | cut -c3- | sort -u); do [ -e "$d/all/$f" ] || fail "SOC2.md names $f, which is not there"; done
echo "ok: every file is there"
row() { jq -r ".[] | select(.command | test(\"$1\")) | $2" "$d/all/sessions.json"; }
is "who, on whose behalf, target, verdict, rule, exit status" "agent-7 kim@example.org demo-web approve deploy 0" \
	"$(row 'touch' '"\(.identity.subject) \(.identity.on_behalf_of) \(.target) \(.verdict) \(.rule) \(.exit_status)"')"
is "and the approval" "$id" "$(row touch .approval)"
has "times and bytes" '^20[-0-9T:.]+Z 20[-0-9T:.]+Z [0-9]+ 0 [1-9][0-9]*$' "$(row mail '"\(.time) \(.ended) \(.duration_ms) \(.bytes_in) \(.bytes_out)"')"
is "a command that failed" 2 "$(row mail .exit_status)"
is "its recording" "true" "$(row mail '.recording as $r | $r != null')"
is "the denial" "agent-7 deny" "$(jq -r '.[] | select(.event == "decision") | "\(.identity.subject) \(.verdict)"' "$d/all/denials.json")"
is "the approval: asked by, said yes, why, how often used" "agent-7 approved operator-1 ticket 4711 1" \
	"$(jq -r '.[] | "\(.identity.subject) \(.state) \(.by.subject) \(.answer_reason) \(.used)"' "$d/all/approvals.json")"
is "with the digest of what was shown" 64 "$(jq -r '.[0].digest | length' "$d/all/approvals.json")"
is "the masking, never the value" "email 1" "$(jq -r '.[0] | "\(.rule) \(.count)"' "$d/all/maskings.json")"
! grep -rqa 'someone@example' "$d/all/"*.json "$d/all/"*.csv || fail "a masked value stands in a table"
has "the certificate, with its serial and for whom" 'agent-7 kim@example.org [0-9]+' "$(jq -r '.[] | "\(.identity.subject) \(.identity.on_behalf_of) \(.serial)"' "$d/all/certificates.json")"
is "the policy in force, by its digest" "$(sha256sum "$SALLYPORT_DEMO_DIR/policy.yaml" | cut -c1-64)" "$(jq -r '.[] | select(.event == "policy.loaded") | .policy' "$d/all/policies.json")"
is "and the configuration" "$(sha256sum "$SALLYPORT_DEMO_DIR/sallyport.yaml" | cut -c1-64)" "$(jq -r '.[] | select(.event == "config.loaded") | .digest' "$d/all/policies.json")"
[ -s "$d/all/policies/$(sha256sum "$SALLYPORT_DEMO_DIR/policy.yaml" | cut -c1-64).yaml" ] || fail "the policy's text"
header=$(head -n 1 "$d/all/sessions.csv")
for c in identity.subject identity.on_behalf_of target command verdict rule approval exit_status time ended duration_ms bytes_in bytes_out; do has "sessions.csv has $c" "(^|,)$c(,|$)" "$(tr -d '\r' <<<"$header")"; done >/dev/null

# Filters: the tables and recordings, not the log.
session=$(row mail .session)
export_to --out "$d/one" --session "$session"
is "of one session" "$session" "$(jq -r '.[].session' "$d/one/sessions.json" | sort -u)"
is "its recording alone" 1 "$(ls "$d/one/recordings" | wc -l)"
export_to --out "$d/seven" --identity 'agent-7'
is "of one identity" "agent-7" "$(jq -r '.[].identity.subject' "$d/seven/sessions.json" | sort -u)"
is "the log is whole" "$(wc -l <"$d/all/log/log-000001.jsonl")" "$(head -n "$(wc -l <"$d/all/log/log-000001.jsonl")" "$d/seven/log/log-000001.jsonl" | wc -l)"

# Of a later time: what was in force when it began is there.
export_to --out "$d/x.tar.gz"
mkdir "$d/unpacked" && tar -xzf "$d/x.tar.gz" -C "$d/unpacked"
sallyport audit verify --dir "$d/unpacked/x" >"$d/verify" || fail "$(cat "$d/verify")"
[ ! -e "$d/x" ] || fail "the folder of the .tar.gz stays behind"
sleep 1.1
from=$(date -u +%FT%TZ)
sp demo-web uptime >/dev/null </dev/null
sallyport audit export --from "$from" --to now --out "$d/late" >"$d/out" 2>&1 || fail "$(cat "$d/out")"
is "of a later time: one command" 1 "$(jq length "$d/late/sessions.json")"
is "what was in force already is marked so" "config.loaded policy.loaded" "$(jq -r '.[] | select(.before) | .event' "$d/late/policies.json" | sort | xargs)"
for b in all one seven late; do
	sallyport audit verify --dir "$d/$b" >"$d/verify" || fail "$b: $(cat "$d/verify")"
	sed -n '/^```sh$/,/^```$/p' "$d/$b/VERIFY.md" | grep -v '^```' >"$d/verify.sh"
	[ $b = seven ] || hasnt "$b: VERIFY.md complains of nothing" "broken|FAILED|differ|[Ee]rror|not found|No such" "$(cd "$d/$b" && sh "$d/verify.sh" 2>&1)"
done

#!/bin/bash
# The life of an approval: asked, seen, approved or denied by the right people only, used once, receipted.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/approvals.yaml" --config "$(dirname "$0")/policies/short-wait.yaml"

home=$SALLYPORT_DEMO_DIR/home
err=$SALLYPORT_DEMO_DIR/err
second=$(token --sub operator-2 --groups sre)

# Approved.
sp demo-web 'touch one' 2>"$err" </dev/null &
pid=$!
id=$(pending_id)
[ -n "$id" ] || fail "nothing is pending"
one=$(operator GET "/v1/approvals/$id")
has "the request shows the command" "touch" "$(jq -r .command <<<"$one")"
is "and who asks" agent-1 "$(jq -r .who.subject <<<"$one")"
is "and where" demo-web "$(jq -r '.target.name // .target' <<<"$one")"
is "and the rule" deploy "$(jq -r .rule <<<"$one")"
has "no reason, no yes" '"status": *4' "$(operator POST "/v1/approvals/$id/approve" '{}')"
outsider=$(token --sub somebody --groups interns)
has "not everybody may approve" '"status": *403' "$(api "$outsider" POST "/v1/approvals/$id/approve" '{"reason":"x"}')"
self=$(token --sub agent-1 --groups sre,ops-agents,admins)
has "nobody approves their own request, whatever their groups" '"status": *403' "$(api "$self" POST "/v1/approvals/$id/approve" '{"reason":"x"}')"
[ ! -e "$home/one" ] || fail "it ran before anybody said yes"
is "the operator's yes" approved "$(operator POST "/v1/approvals/$id/approve" '{"reason":"release 42"}' | jq -r .state)"
wait $pid
is "then it ran" 0 $?
[ -e "$home/one" ] || fail "the file is not there"

# Used up: the same command asks again.
rm "$home/one"
sp demo-web 'touch one' 2>"$err" </dev/null
is "a grant of one use is gone once used; a pending request ends the wait with 75" 75 $?
has "and tells how to go on" 'same command again' "$(cat "$err")"
[ ! -e "$home/one" ] || fail "it ran twice on one yes"

# Pending, approved later, run again.
id=$(pending_id)
is "a late yes" approved "$(operator POST "/v1/approvals/$id/approve" '{"reason":"late"}' | jq -r .state)"
sp demo-web 'touch  "one"' 2>"$err" </dev/null
is "the same command (however spelled) now runs" 0 $?
[ -e "$home/one" ] || fail "the file is not there"

# Denied.
sp demo-web 'touch two' 2>"$err" </dev/null &
pid=$!
id=$(pending_id)
operator POST "/v1/approvals/$id/deny" '{"reason":"not during the freeze"}' >/dev/null
wait $pid
is "a person's no is 77" 77 $?
has "with the reason" 'not during the freeze' "$(cat "$err")"
[ ! -e "$home/two" ] || fail "it ran though refused"

# A yes is for that command on that target alone.
sp demo-web 'touch three' 2>"$err" </dev/null &
pid=$!
id=$(pending_id)
operator POST "/v1/approvals/$id/approve" '{"reason":"ok"}' >/dev/null
wait $pid
sp demo-db 'touch three' 2>"$err" </dev/null
is "another target asks again" 75 $?
operator POST "/v1/approvals/$(pending_id)/deny" '{"reason":"no"}' >/dev/null

# Two people.
sp demo-web 'mkdir both' 2>"$err" </dev/null &
pid=$!
id=$(pending_id)
is "one of two" pending "$(operator POST "/v1/approvals/$id/approve" '{"reason":"first"}' | jq -r .state)"
operator POST "/v1/approvals/$id/approve" '{"reason":"again"}' >/dev/null
is "the same person twice is not two" pending "$(operator GET "/v1/approvals/$id" | jq -r .state)"
is "two of two" approved "$(api "$second" POST "/v1/approvals/$id/approve" '{"reason":"second"}' | jq -r .state)"
wait $pid
is "two people's yes runs it" 0 $?

# The receipt, verified with openssl alone.
api "$second" GET "/v1/approvals/$id/receipt" >"$SALLYPORT_DEMO_DIR/receipt"
IFS=. read -r head body sig <"$SALLYPORT_DEMO_DIR/receipt"
b64() { tr '_-' '/+' | sed 's/$/===/' | base64 -d 2>/dev/null; }
is "the receipt is an ES256 JWT" ES256 "$(b64 <<<"$head" | jq -r .alg)"
has "it names the approvers" operator-2 "$(b64 <<<"$body")"
curl -sS "$SALLYPORT_API/.well-known/jwks.json" >"$SALLYPORT_DEMO_DIR/jwks"
/usr/bin/python3 - "$SALLYPORT_DEMO_DIR" <<'P' || fail "the receipt's signature does not verify"
import base64, json, sys
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives import hashes
d = sys.argv[1]
u = lambda s: base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))
head, body, sig = open(d + "/receipt").read().strip().split(".")
key = json.load(open(d + "/jwks"))["keys"][0]
i = lambda s: int.from_bytes(u(s), "big")
pub = ec.EllipticCurvePublicNumbers(i(key["x"]), i(key["y"]), ec.SECP256R1()).public_key()
s = u(sig)
pub.verify(utils.encode_dss_signature(int.from_bytes(s[:32], "big"), int.from_bytes(s[32:], "big")), (head + "." + body).encode(), ec.ECDSA(hashes.SHA256()))
P
echo "ok: the receipt verifies with the published key"

# JSON for agents that parse.
line=$(sp -o SetEnv=SALLYPORT_OUTPUT=json demo-web 'rm -rf /srv/data' 2>&1 >/dev/null </dev/null)
is "one JSON line with SALLYPORT_OUTPUT=json" deny "$(jq -r '.verdict // .event' <<<"$line" | sed 's/denied/deny/')"

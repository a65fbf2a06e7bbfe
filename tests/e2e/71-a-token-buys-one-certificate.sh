#!/bin/bash
# One token, one certificate: at once from many sides, after a crash, and by every door. A certificate that is revoked is worth
# nothing, and ends what it opened.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/guard.yaml"
cd "$SALLYPORT_DEMO_DIR" || exit 1
fresh() { token --sub agent-1 --groups ops-agents --ttl 15m; }
ssh-keygen -q -t ed25519 -N '' -C '' -f k

# A hundred at once.
fresh >t
sed 's/^/Authorization: Bearer /' t >t.header
for i in $(seq 100); do echo "url = $SALLYPORT_API/v1/ssh/certificates"; echo "output = out.$i"; done >urls
curl -s --no-progress-meter --parallel --parallel-max 50 -H @t.header --data-binary @k.pub -w '%{http_code}\n' -K urls >codes
is "a hundred at once: one certificate" 1 "$(grep -c 201 codes)"
is "and ninety-nine refusals" 99 "$(grep -c 401 codes)"
is "one record of it" 1 "$(audit_lines | grep -c '"event":"certificate.issued"')"

# After kill -9.
old=$(pids_of sallyport-control)
kill -9 "$old"
wait_for 10 "a new control" eval "[ -n \"\$(pids_of sallyport-control)\" ] && [ \"\$(pids_of sallyport-control)\" != $old ]"
api_now() { SALLYPORT_API=http://127.0.0.1:$(cat state/run/http.port); }
api_now
wait_for 10 "the API" curl -fsS "$SALLYPORT_API/readyz"
is "after a crash it is used all the same" 401 "$(curl -sS -o /dev/null -w '%{http_code}' -H @t.header --data-binary @k.pub "$SALLYPORT_API/v1/ssh/certificates")"

# RFC 8693, and its mistakes.
exchange() { curl -sS "$SALLYPORT_API/v1/token" --data-urlencode "grant_type=urn:ietf:params:oauth:grant-type:token-exchange" --data-urlencode "subject_token@t" \
	-d subject_token_type=urn:ietf:params:oauth:token-type:jwt "$@"; }
fresh >t
has "no key, no exchange" invalid_request "$(exchange)"
exchange --data-urlencode "public_key@k.pub" >x
has "the exchange gives a certificate" '^ssh-ed25519-cert-v01@openssh.com ' "$(jq -r .access_token x)"
is "of a kind with a name" urn:sallyport:params:oauth:token-type:ssh-certificate "$(jq -r .issued_token_type x)"
has "once" invalid_request "$(exchange --data-urlencode "public_key@k.pub")"
has "another grant is refused" unsupported_grant_type "$(curl -sS "$SALLYPORT_API/v1/token" -d grant_type=password)"

# Over SSH alone.
fresh >t
{ cat t k.pub; } | sp -T demo-sign >k-cert.pub
has "a certificate over SSH" 'Signing CA: ED25519' "$(ssh-keygen -L -f k-cert.pub)"
has "with one principal" 'sallyport$' "$(ssh-keygen -L -f k-cert.pub | grep -A1 Principals:)"
{ cat t k.pub; } | sp -T demo-sign >again 2>err && fail "the token bought a second certificate over SSH"
has "the second time says why" 'used before' "$(cat err)"

# Keys that are none.
fresh | sed 's/^/Authorization: Bearer /' >t.header
is "a private key is no public key" 400 "$(curl -sS -o /dev/null -w '%{http_code}' -H @t.header --data-binary @k "$SALLYPORT_API/v1/ssh/certificates")"
is "a certificate is none either" 400 "$(curl -sS -o /dev/null -w '%{http_code}' -H @t.header --data-binary @k-cert.pub "$SALLYPORT_API/v1/ssh/certificates")"
is "a mistake in the key costs no token" 201 "$(curl -sS -o /dev/null -w '%{http_code}' -H @t.header --data-binary @k.pub "$SALLYPORT_API/v1/ssh/certificates")"

# Revoked: what it opened ends within 5 s, and it opens nothing more.
login=(ssh -F "$SALLYPORT_SSH_CONFIG" -o "IdentityFile=$PWD/k" -o "CertificateFile=$PWD/k-cert.pub")
mine=$(sed "s|IdentityFile .*|IdentityFile $PWD/k|; s|CertificateFile .*|CertificateFile $PWD/k-cert.pub|; /^Match/d" "$SALLYPORT_SSH_CONFIG")
printf '%s\n' "$mine" >mine
login=(ssh -F mine)
serial=$(ssh-keygen -L -f k-cert.pub | awk '/Serial:/ { print $2 }')
"${login[@]}" demo-web 'sleep 60' >/dev/null 2>err </dev/null &
pid=$!
wait_for 10 "the session" eval "operator GET /v1/sessions | jq -e '.sessions[] | select(.serial == $serial and .open > 0)'"
is "an auditor does not revoke" 403 "$(auditor DELETE "/v1/certificates/$serial" | jq .status)"
start=$SECONDS
operator DELETE "/v1/certificates/$serial"
wait $pid
[ $? -ne 0 ] || fail "the session went on"
[ $((SECONDS - start)) -le 5 ] || fail "it took $((SECONDS - start)) s"
echo "ok: revoking ends the session"
"${login[@]}" demo-web true 2>/dev/null </dev/null && fail "a revoked certificate logged in"
echo "ok: a revoked certificate opens nothing"
has "the refusal is recorded" '"event":"login.refused".*revoked' "$(audit_lines)"

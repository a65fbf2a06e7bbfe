#!/bin/bash
# A real OIDC provider over https: its tokens buy certificates through discovery and JWKS, in each algorithm, over HTTP and over SSH alone, also
# after it has changed its keys; what is not for us buys nothing.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/idp.sh"
[ -n "${SALLYPORT_DEMO_DIR:-}" ] || idp_need
in_demo

idp_start "$SALLYPORT_DEMO_DIR/idp" || fail "the provider does not start"
trap idp_stop EXIT
# A second issuer beside the demo's, swapped in by a reload.
sed -i "/^issuers:/a\\
  - name: idp\\
    issuer: \"$IDP_ISSUER\"\\
    audiences: [sallyport]\\
    algorithms: [RS256, PS256, ES256, EdDSA]\\
    ca_file: $IDP_CA\\
    max_age: 1h" "$SALLYPORT_DEMO_DIR/sallyport.yaml"
kill -HUP "$(pids_of sallyportd | head -n 1)"

key=$SALLYPORT_DEMO_DIR/idp-key
ssh-keygen -q -t ed25519 -N '' -f "$key"
exchange() { # TOKEN: prints the HTTP code; the certificate is left in $key-cert.pub
	printf 'header = "Authorization: Bearer %s"\n' "$1" |
		curl -sS -K - -o "$key-cert.pub" -w '%{http_code}' --data-binary "@$key.pub" "$SALLYPORT_API/v1/ssh/certificates"
}
login() { # the status of a command run with that certificate
	sed "s|^  IdentityFile .*|  IdentityFile $key|; s|^  CertificateFile .*|  CertificateFile $key-cert.pub|; /^Match/d" "$SALLYPORT_SSH_CONFIG" >"$key.config"
	ssh -F "$key.config" demo-web "$@" </dev/null
}
wait_for 10 "the reload" eval '[ "$(exchange "$(idp_token agent-7 ops-agents sallyport)")" = 201 ]'

for alg in RS256 PS256 ES256 EdDSA; do
	token=$(idp_token agent-7 ops-agents,web sallyport alg=$alg) || fail "no $alg token"
	is "$alg buys a certificate" 201 "$(exchange "$token")"
	is "and the certificate logs in" "INFO ready" "$(login 'tail -n 1 app.log')"
done
has "ssh-keygen reads it" 'sallyport' "$(ssh-keygen -L -f "$key-cert.pub")"
is "with one principal" 1 "$(ssh-keygen -L -f "$key-cert.pub" | sed -n '/Principals:/,/Critical/p' | grep -c '^  *[a-z0-9]')"
has "the record names the issuer" '"issuer":"idp"' "$(audit_lines | grep certificate.issued | tail -n 1)"
is "typ JWT is as good as at+jwt" 201 "$(exchange "$(idp_token agent-7 ops-agents sallyport typ=JWT)")"

is "a token for somebody else buys nothing" 401 "$(exchange "$(idp_token agent-7 ops-agents another-service)")"
token=$(idp_token agent-7 ops-agents sallyport)
is "once" 201 "$(exchange "$token")"
is "and only once" 401 "$(exchange "$token")"
is "an expired one" 401 "$(exchange "$(idp_token agent-7 ops-agents sallyport ttl=-120 2>/dev/null || echo x)")"
is "a forged signature" 401 "$(exchange "$(idp_token agent-7 ops-agents sallyport | sed 's/.\{10\}$/AAAAAAAAAA/')")"

# Over SSH alone.
rm -f "$key-cert.pub"
{ idp_token agent-7 ops-agents sallyport; cat "$key.pub"; } | ssh -F "$SALLYPORT_SSH_CONFIG" -T demo-sign >"$key-cert.pub" || fail "ssh -T sign@ refused"
is "ssh -T sign@bastion signs too" "INFO ready" "$(login 'tail -n 1 app.log')"
{ echo nonsense; cat "$key.pub"; } | ssh -F "$SALLYPORT_SSH_CONFIG" -T demo-sign >"$key.out" 2>"$key.err" && fail "nonsense was signed"
is "a refusal prints no certificate" "" "$(cat "$key.out")"
[ -s "$key.err" ] || fail "and says nothing"

# The provider changes its keys.
before=$(idp_hits)
idp_rotate
wait_for 40 "tokens of the new keys" eval '[ "$(exchange "$(idp_token agent-7 ops-agents sallyport)")" = 201 ]'
echo "ok: tokens of new keys are accepted ($(($(idp_hits) - before)) fetches)"

#!/bin/bash
# Tokens of a real OpenID Connect provider are verified with keys fetched over https; new keys are found when they are used;
# made-up key names cost one request in 30 seconds.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/idp.sh"
build=${SALLYPORT_BUILD:-$here/../../build}
tool=$build/tests/e2e/identity_tool
[ -x "$tool" ] || { echo "tests/e2e/identity_tool is not built (cmocka is missing)"; exit 77; }
idp_need
work=$(mktemp -d)
trap 'idp_stop; rm -rf "$work"' EXIT
idp_start "$work/idp"

fail() { echo "FAILED: $*"; cat "$work/out"; exit 1; }
line() { sed -n "$1p" "$work/out"; }

echo "== five algorithms, two typ, groups, delegation"
{
	for alg in RS256 PS256 ES256 ES384 EdDSA; do
		idp_token "agent-$alg" b,a,b sallyport alg=$alg
	done
	idp_token agent-jwt "" sallyport typ=JWT
	idp_token person ops sallyport act=agent-9
} | "$tool" token "$IDP_ISSUER" sallyport "$IDP_CA" >"$work/out"
n=0
for alg in RS256 PS256 ES256 ES384 EdDSA; do
	n=$((n + 1))
	line $n | jq -e --arg s "agent-$alg" --arg i "$IDP_ISSUER" \
		'.subject == $s and .iss == $i and .groups == ["a","b"] and (.exp - .iat == 600)' >/dev/null || fail "$alg"
done
line 6 | jq -e '.subject == "agent-jwt" and .groups == []' >/dev/null || fail "typ JWT"
line 7 | jq -e '.subject == "agent-9" and .on_behalf_of == "person"' >/dev/null || fail "act"
[ "$(line 8)" = "fetches 1" ] || fail "one fetch for all"

echo "== without discovery, from the address of the keys"
idp_token straight "" sallyport | "$tool" token "$IDP_ISSUER" sallyport "$IDP_CA" "$IDP_ISSUER/jwks" >"$work/out"
line 1 | jq -e '.subject == "straight"' >/dev/null || fail "jwks_url"

echo "== what is wrong is refused"
good=$(idp_token me "" sallyport)
{
	idp_token me "" another
	idp_token me "" sallyport claims='{"exp":1}'
	idp_token me "" sallyport claims='{"exp":"9999999999"}'
	idp_token me "" sallyport claims='{"nbf":9999999999}'
	idp_token me "" sallyport claims='{"iss":"https://127.0.0.1"}'
	idp_token me "" sallyport claims='{"sub":["me"]}'
	idp_token me "" sallyport claims='{"aud":["sallyport","x"]}'
	idp_token me "" sallyport typ=dpop+jwt
	echo "${good%.*}.AAAA"
	echo "$good.x"
} | "$tool" token "$IDP_ISSUER" sallyport "$IDP_CA" >"$work/out"
[ "$(grep -c '^refused: ' "$work/out")" = 10 ] || fail "ten refusals"

echo "== keys are rotated: the new are found, tokens of withdrawn keys die with the next fetch"
before=$(idp_hits)
coproc T { exec "$tool" token "$IDP_ISSUER" sallyport "$IDP_CA"; }
old=$(idp_token me "" sallyport)
echo "$old" >&"${T[1]}"
read -r answer <&"${T[0]}"
echo "$answer" >"$work/out"
jq -e '.subject == "me"' "$work/out" >/dev/null || fail "before rotation"
# The interval between fetches holds: a random kid does not get one now, and neither does the new key.
idp_rotate
for i in $(seq 200); do
	printf '{"alg":"RS256","kid":"random-%d"}' "$i" | base64 -w0 | tr '+/' '-_' | tr -d = | sed 's/$/./' | tr -d '\n'
	echo "${good#*.}"
done >"$work/storm"
cat "$work/storm" >&"${T[1]}"
for i in $(seq 200); do
	read -r answer <&"${T[0]}"
	case $answer in "refused: "*) ;; *) echo "$answer" >"$work/out"; fail "a random kid" ;; esac
done
[ "$(idp_hits)" = $((before + 1)) ] || fail "200 random kids made more than no fetch in the interval: $(idp_hits)"
echo "$old" >&"${T[1]}"
read -r answer <&"${T[0]}"
echo "$answer" >"$work/out"
jq -e '.subject == "me"' "$work/out" >/dev/null || fail "a good key was lost in the storm"
eval "exec ${T[1]}>&-"
[ -z "${T_PID:-}" ] || wait "$T_PID" || true # bash forgets a coprocess that has ended
{ idp_token new "" sallyport; echo "$old"; } | "$tool" token "$IDP_ISSUER" sallyport "$IDP_CA" >"$work/out"
line 1 | jq -e '.subject == "new"' >/dev/null || fail "after rotation"
line 2 | grep -q '^refused: ' || fail "withdrawn key"

echo "== TLS: without the CA, and with another's, no key is believed"
echo "$good" | "$tool" token "$IDP_ISSUER" sallyport /etc/ssl/certs/ca-certificates.crt >"$work/out" 2>"$work/err" || true
grep -q '^refused: ' "$work/out" || fail "unknown CA"
echo "all of it holds"

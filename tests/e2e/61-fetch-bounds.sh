#!/bin/bash
# A fetch ends within its bounds of bytes and time whatever the server does, goes nowhere it was not sent, and never blocks the
# loop that asked for it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/idp.sh"
build=${SALLYPORT_BUILD:-$here/../../build}
tool=$build/tests/e2e/identity_tool
[ -x "$tool" ] || { echo "tests/e2e/identity_tool is not built (cmocka is missing)"; exit 77; }
command -v node >/dev/null || { echo "node is not installed"; exit 77; }
work=$(mktemp -d)
trap '[ -z "${pid:-}" ] || kill $pid; rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 \
	-addext subjectAltName=IP:127.0.0.1 -keyout "$work/leaf.key" -out "$work/leaf.pem" 2>/dev/null
: >"$work/ready"
node "$here/idp/bad.mjs" "$work" >"$work/ready" &
pid=$!
for i in $(seq 100); do [ -s "$work/ready" ] && break; sleep 0.1; done
port=$(jq -r .port "$work/ready") http=$(jq -r .http_port "$work/ready")
url=https://127.0.0.1:$port plain=http://127.0.0.1:$http

want() { # WANTED-BEGINNING SECONDS ARGS…
	local wanted=$1 most=$2 start=$SECONDS got
	shift 2
	got=$("$tool" fetch "$@") || true
	case $got in "$wanted"*) ;; *) fail "$1: '$got', not '$wanted…'" ;; esac
	[ $((SECONDS - start)) -le "$most" ] || fail "$1 took $((SECONDS - start)) s"
	echo "ok  ${1#"$url"}: $got"
}

want "200 4 fine" 2 "$url/ok" "$work/leaf.pem"
want "200 13 POST yes hook" 2 "$url/echo" "$work/leaf.pem" hook
want "404 2 no" 2 "$url/404" "$work/leaf.pem"
want "200 262144" 2 "$url/exact" "$work/leaf.pem"
want "error: over a limit" 2 "$url/over" "$work/leaf.pem"
want "error: over a limit" 2 "$url/long" "$work/leaf.pem"
want "error: over a limit" 5 "$url/huge" "$work/leaf.pem"
want "error: over a limit" 5 "$url/headers" "$work/leaf.pem"
want "error: refused" 2 "$url/redirect" "$work/leaf.pem"
want "error: unavailable" 6 "$url/drip" "$work/leaf.pem"
want "error: unavailable" 6 "$url/steady" "$work/leaf.pem"
want "error: unavailable" 6 "$url/hang" "$work/leaf.pem"
want "200 23" 2 "$url/bomb" "$work/leaf.pem" # the compressed bytes, not what they would become
want "error: refused" 2 "$url/ok"
want "error: refused" 2 "https://localhost:$port/ok" "$work/leaf.pem"
want "error: refused" 2 "https://user@127.0.0.1:$port/ok" "$work/leaf.pem"
want "error: refused" 2 "https://127.0.0.1:$port/ok#x" "$work/leaf.pem"
want "error: refused" 2 "$plain/ok"
want "200 4 fine" 2 "$plain/ok" -
want "error: refused" 2 "http://127.0.0.1.example.com:$http/ok" -
want "error: refused" 2 "http://127.1:$http@example.com/ok" -
want "error: refused" 2 "http://192.0.2.1/ok" -
want "error: refused" 2 "file:///etc/passwd" -
want "error: refused" 2 "gopher://127.0.0.1:$http/ok" -
want "error: unavailable" 2 "https://127.0.0.1:1/ok" "$work/leaf.pem"
https_proxy=$plain http_proxy=$plain want "200 4 fine" 2 "$url/ok" "$work/leaf.pem"

echo "== nothing was fetched that was not asked for"
"$tool" fetch "$plain/hits" - >/dev/null
hits=$(curl -fsS "$plain/hits")
[ "$(echo "$hits" | jq '."/redirect"')" = 1 ] || fail "redirect: $hits"

echo "== the loop is not held up by slow servers"
timeout 60 "$tool" storm "$plain/hang" 40 | tee "$work/storm"
grep -q 'submitted 40 ended 40 ' "$work/storm" || fail "storm of slow ones"
timeout 60 "$tool" storm "$plain/ok" 250 | tee "$work/storm"
grep -q 'submitted 250 ended 250 ' "$work/storm" || fail "storm"
awk '{ exit !($(NF - 1) < 50) }' "$work/storm" || fail "the loop was held up"
echo "all of it holds"

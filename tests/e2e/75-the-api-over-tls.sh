#!/bin/bash
# The API beyond loopback: TLS, and callers known by their client certificate. A second bastion is started for it, with the demo's keys.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/guard.yaml"
cd "$SALLYPORT_DEMO_DIR" || exit 1
mkdir tls
ca() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" -keyout "tls/$1.key" -out "tls/$1.pem" \
		-addext basicConstraints=critical,CA:TRUE 2>/dev/null
}
leaf() { # CA NAME USAGE ALTNAME [DAYS]
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout "tls/$2.key" -out "tls/$2.csr" 2>/dev/null
	printf 'extendedKeyUsage=%s\nsubjectAltName=%s\n' "$3" "$4" >tls/ext
	openssl x509 -req -in "tls/$2.csr" -CA "tls/$1.pem" -CAkey "tls/$1.key" -CAcreateserial -days "${5:-2}" -extfile tls/ext -out "tls/$2.pem" 2>/dev/null
}
ca good
ca other
leaf good server serverAuth DNS:bastion.example,IP:127.0.0.1
leaf good kim clientAuth email:kim@example.org
leaf good lee clientAuth email:lee@example.org
leaf good two clientAuth email:kim@example.org,email:eve@example.org
leaf good notaclient serverAuth email:kim@example.org
leaf other eve clientAuth email:kim@example.org

sed "s|^state: .*|state: $PWD/state2|; s|^http:|http:\n  public_url: \"https://bastion.example\"\n  tls: { certificate: $PWD/tls/server.pem, key: $PWD/tls/server.key, client_ca: $PWD/tls/good.pem }|" \
	sallyport.yaml >second.yaml
sed -i "s#^  auditor: .*#  auditor: { subjects: [\"mtls|kim@*\"] }#" second.yaml
"$SALLYPORT_BUILD/sallyportd" -c second.yaml >second.log 2>&1 &
second=$!
trap 'kill $second; wait $second 2>/dev/null' EXIT
wait_for 15 "the second bastion: $(cat second.log)" test -s state2/run/http.port
api=https://bastion.example:$(cat state2/run/http.port)
as() { # NAME PATH
	local who=()
	[ -z "$1" ] || who=(--cert "tls/$1.pem" --key "tls/$1.key")
	curl -sS -o body -w '%{http_code}' --cacert tls/good.pem --resolve "bastion.example:${api##*:}:127.0.0.1" "${who[@]}" "$api$2"
}
wait_for 10 "it to serve" as '' /readyz
is "TLS" 200 "$(as '' /healthz)"
is "no certificate, no evidence" 401 "$(as '' /v1/recordings)"
is "an auditor by certificate" 200 "$(as kim /v1/recordings)"
is "a certificate without the role" 403 "$(as lee /v1/recordings)"
is "a certificate that names two" 401 "$(as two /v1/recordings)"
is "a server's certificate" 401 "$(as notaclient /v1/recordings)"
is "a certificate of another CA" 401 "$(as eve /v1/recordings)"
has "the read says who" '"event":"read".*"subject":"kim@example.org"' "$(cat state2/audit/*.jsonl)"
hello() { openssl s_client -connect "127.0.0.1:${api##*:}" "$1" -cipher 'ALL:@SECLEVEL=0' </dev/null 2>&1; }
has "TLS 1.2 is spoken" 'Cipher is [A-Z0-9]*-' "$(hello -tls1_2)"
hasnt "TLS 1.1 is not" 'Cipher is [A-Z0-9]*-' "$(hello -tls1_1)"

# In clear beyond loopback: refused before it starts.
sed 's|listen: "127.0.0.1:0"|listen: "0.0.0.0:0"|; /^  tls:/d' second.yaml >clear.yaml
"$SALLYPORT_BUILD/sallyport-control" --check clear.yaml >check 2>&1 && fail "an API in clear beyond loopback passes the check"
has "an API in clear beyond loopback is refused, with the place" '^clear.yaml:[0-9]+:[0-9]+: .*tls' "$(cat check)"

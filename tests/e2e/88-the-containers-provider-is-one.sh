#!/bin/bash
# The provider that the compose file brings: run here by node as its image runs it, with the issuer of issuer.yaml taken into the bastion's configuration, its
# tokens buy an agent a certificate that logs in, and let an operator see what waits. (No image is built: there is no docker in a test.)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/idp.sh"
[ -n "${SALLYPORT_DEMO_DIR:-}" ] || idp_need
in_demo
example=$SALLYPORT_TOP/packaging/examples/containers
D=$SALLYPORT_DEMO_DIR/compose
mkdir -p "$D/idp" "$D/tls"
cp "$example/idp/server.mjs" "$example/idp/package.json" "$D/idp/"
is "the provider is the tested version" "$(jq -r '.dependencies["oidc-provider"]' "$IDP_HOME/package.json")" "$(jq -r '.dependencies["oidc-provider"]' "$example/idp/package.json")"
ln -s "$IDP_HOME/node_modules" "$D/idp/node_modules"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
TLS_DIR=$D/tls NAME=localhost PORT=$port AGENT_SECRET=one OPERATOR_SECRET=two node "$D/idp/server.mjs" >"$D/log" 2>&1 &
idp=$!
trap 'kill "$idp" 2>/dev/null' EXIT
wait_for 30 "the provider ($(cat "$D/log"))" grep -q serving "$D/log"
bought() { # CLIENT SECRET
	curl -sS --cacert "$D/tls/ca.pem" -d grant_type=client_credentials -d "client_id=$1" -d "client_secret=$2" "https://localhost:$port/token" | jq -r '.access_token // empty'
}
sed -n '/^issuers:/,$p' "$example/issuer.yaml" | sed -e 1d -e "s|https://idp:8443|https://localhost:$port|" -e "s|/tls/ca.pem|$D/tls/ca.pem|" >"$D/issuer"
sed -i "/^issuers:/r $D/issuer" "$SALLYPORT_DEMO_DIR/sallyport.yaml"
"$SALLYPORT_BUILD/sallyportd" -t -c "$SALLYPORT_DEMO_DIR/sallyport.yaml" || fail "issuer.yaml does not load"
kill -HUP "$(pids_of sallyportd | head -n 1)"
ssh-keygen -q -t ed25519 -N '' -f "$D/id"
certificate() {
	printf 'header = "Authorization: Bearer %s"\n' "$(bought agent one)" |
		curl -fsS -K - --data-binary "@$D/id.pub" "$SALLYPORT_API/v1/ssh/certificates" >"$D/id-cert.pub"
}
wait_for 15 "a certificate for the agent's token" certificate
sed "s|^  IdentityFile .*|  IdentityFile $D/id|; s|^  CertificateFile .*|  CertificateFile $D/id-cert.pub|; /^Match/d" "$SALLYPORT_SSH_CONFIG" >"$D/ssh_config"
is "it logs in" Linux "$(ssh -F "$D/ssh_config" demo-web 'uname -s' </dev/null 2>&1)"
is "a wrong secret buys no token" "" "$(bought agent two)"
has "the operator sees what waits" '"approvals"' "$(api "$(bought operator two)" GET '/v1/approvals?state=pending')"
has "the agent does not" '"status": *403' "$(api "$(bought agent one)" GET '/v1/approvals?state=pending')"

# Compose file and image agree with each other and with the package.
has "the image's command is the unit's" '"-k", "/var/lib/sallyport/last-good", "-c", "/etc/sallyport/sallyport.yaml"' "$(grep '^CMD' "$example/Dockerfile")"
for word in 'read_only: true' 'cap_drop: \[ALL\]' 'no-new-privileges:true'; do
	has "the compose file says $word" "$word" "$(cat "$example/compose.yaml")"
done
k8s=$SALLYPORT_TOP/packaging/examples/kubernetes/sallyport.yaml
for word in 'runAsNonRoot: true' 'readOnlyRootFilesystem: true' 'drop: \[ALL\]' 'allowPrivilegeEscalation: false' 'seccompProfile' 'automountServiceAccountToken: false'; do
	has "the manifests say $word" "$word" "$(cat "$k8s")"
done

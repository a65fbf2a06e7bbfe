# Helpers around tests/e2e/idp: a real OpenID Connect provider on loopback, over https. To be sourced by bash.
#
#   idp_start DIR              starts it with its certificates in DIR; sets IDP_PID, IDP_PORT, IDP_ISSUER, IDP_CA
#   idp_token SUB GROUPS AUD [NAME=VALUE…]
#                              prints a token; GROUPS is a comma list; more form fields: alg=ES256, typ=JWT, ttl=60, act=agent,
#                              claims='{"jti":"1"}'
#   idp_rotate [keep]          new signing keys; keep: the old ones stay published
#   idp_hits                   prints how often the key set was fetched
#   idp_stop                   ends it
#   idp_need                   exits 77 with a reason where node or its packages cannot be had
#
# The packages lie in tests/e2e/idp/node_modules (`npm ci` there puts them, and idp_need does so once).

IDP_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")/idp" && pwd)

idp_need() {
	local tool
	for tool in node npm openssl jq curl; do
		command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
	done
	# One at a time: tests may run side by side.
	(
		flock 9
		[ -d "$IDP_HOME/node_modules/oidc-provider" ] || npm ci --prefix "$IDP_HOME" --no-audit --no-fund >&2
	) 9>"${TMPDIR:-/tmp}/sallyport-idp.lock"
	[ -d "$IDP_HOME/node_modules/oidc-provider" ] || { echo "npm ci in tests/e2e/idp did not succeed"; exit 77; }
}

idp_start() {
	local dir=$1 tries
	mkdir -p "$dir"
	: >"$dir/ready"
	node "$IDP_HOME/server.mjs" "$dir" >"$dir/ready" 2>"$dir/log" &
	IDP_PID=$!
	for ((tries = 0; tries < 300; tries++)); do
		[ -s "$dir/ready" ] && break
		kill -0 "$IDP_PID" 2>/dev/null || { cat "$dir/log" >&2; return 1; }
		sleep 0.1
	done
	IDP_PORT=$(jq -r .port "$dir/ready")
	IDP_ISSUER=$(jq -r .issuer "$dir/ready")
	IDP_CA=$(jq -r .ca_file "$dir/ready")
	[ -n "$IDP_PORT" ] && [ "$IDP_PORT" != null ]
}

idp_token() {
	local sub=$1 groups=$2 aud=$3 field fields=()
	shift 3
	for field in "$@"; do
		fields+=(--data-urlencode "$field")
	done
	curl -fsS --cacert "$IDP_CA" -d grant_type=client_credentials -d client_id=agent -d client_secret=agent \
		--data-urlencode "sub=$sub" --data-urlencode "groups=$groups" --data-urlencode "aud=$aud" "${fields[@]}" \
		"$IDP_ISSUER/token" | jq -er .access_token
}

idp_rotate() {
	curl -fsS --cacert "$IDP_CA" -X POST "$IDP_ISSUER/admin/rotate${1:+?keep=1}" >/dev/null
}

idp_hits() {
	curl -fsS --cacert "$IDP_CA" "$IDP_ISSUER/admin/hits" | jq .jwks
}

idp_stop() {
	[ -n "${IDP_PID:-}" ] || return 0
	kill "$IDP_PID" 2>/dev/null || true
	wait "$IDP_PID" 2>/dev/null || true
	IDP_PID=
}

#!/bin/bash
# What docs/first-day.md says to type: init, an issuer from the examples, a target; `sallyportd -t` takes each and names what is wrong with its place.
# The examples are the configurations whose tokens the unit tests verify; the target host's script makes an sshd configuration that sshd takes.
. "$(dirname "$0")/lib.sh"
examples=$SALLYPORT_TOP/packaging/examples
D=$(mktemp -d "${TMPDIR:-/tmp}/sallyport-init.XXXXXX")
trap 'rm -rf "$D"' EXIT
"$SALLYPORT_BUILD/sallyport" init --config-dir "$D/etc" --state "$D/state" --listen 127.0.0.1:0 --name bastion.example.com >"$D/out" || fail "init"
conf=$D/etc/sallyport.yaml
err=$("$SALLYPORT_BUILD/sallyportd" -t -c "$conf" 2>&1) && fail "a configuration without an issuer loads"
has "all that is missing is an issuer and a target" 'issuers are needed' "$err"
is "and nothing else" "" "$(grep -vE '(issuers|targets) (is|are) needed' <<<"$err")"
sum=$(find "$D" -type f ! -name out -exec sha256sum {} + | sort | sha256sum)
"$SALLYPORT_BUILD/sallyport" init --config-dir "$D/etc" --state "$D/state" >"$D/out2" || fail "init again"
is "a second init changes nothing" "$sum" "$(find "$D" -type f ! -name 'out*' -exec sha256sum {} + | sort | sha256sum)"

mkdir "$D/keys"
echo '{"keys":[]}' >"$D/keys/jwks.json"
n=0
for f in "$examples"/issuers/*.yaml; do
	name=$(basename "$f" .yaml)
	is "$name: the example is the tested fixture" "$(grep -v '^#' "$SALLYPORT_TOP/tests/fixtures/issuers/$name.yaml")" \
		"$(grep -v -e '^#' -e '^issuers:' "$f" | sed 's/^....//')"
	{
		grep -v -e '^issuers:' -e '^targets:' "$conf"
		sed "s|/etc/sallyport/cluster-a.jwks.json|$D/keys/jwks.json|" "$f"
		printf 'targets:\n  - name: web1\n    address: 10.0.0.5\n    login: deploy\n    host_keys: ["%s"]\n' "$(cut -d ' ' -f 1,2 "$D/etc/host_key.pub")"
		printf '    shell: bash\n    tags: { role: web, env: prod }\n    certificate: { principal: deploy }\n'
	} >"$D/etc/$name.yaml"
	"$SALLYPORT_BUILD/sallyportd" -t -c "$D/etc/$name.yaml" || fail "$name does not load"
	n=$((n + 1))
done
is "six issuers load" 6 $n
sed 's/audiences:/audience:/' "$D/etc/github.yaml" >"$D/etc/wrong.yaml"
err=$("$SALLYPORT_BUILD/sallyportd" -t -c "$D/etc/wrong.yaml" 2>&1) && fail "a misspelt key loads"
line=$(grep -n '^ *audience:' "$D/etc/wrong.yaml" | head -n 1 | cut -d : -f 1)
has "a misspelt key is named with its place" "wrong.yaml:$line:.*audience" "$err"

mkdir "$D/ssh"
ssh-keygen -q -t ed25519 -N '' -f "$D/ssh/ssh_host_ed25519_key"
out=$(SSHD_DIR=$D/ssh ACCOUNT=deploy TARGET_CA="$("$SALLYPORT_BUILD/sallyport" vault public target-ca --store "$D/state/vault" \
	--master-key "$D/etc/master.key")" sh "$examples/target-host.sh") || fail "target-host.sh"
has "the script prints the host's own key" 'host_keys: \["ssh-ed25519 AAAA' "$out"
printf 'HostKey %s/ssh/ssh_host_ed25519_key\nInclude %s/ssh/sshd_config.d/*.conf\n' "$D" "$D" >"$D/ssh/sshd_config"
mkdir -p /run/sshd 2>/dev/null
"$(command -v sshd || echo /usr/sbin/sshd)" -t -f "$D/ssh/sshd_config" || fail "sshd does not take it"
echo "ok: sshd takes the target host's configuration"

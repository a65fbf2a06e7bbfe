#!/bin/bash
# As the package runs it: `sallyport init` by root, the supervisor under a user of its own that was lent two capabilities, and each kind of
# process under its own user with none. A command runs through all of them, and goes on while the supervisor is exchanged for another.
# The users exist in a mount namespace of this test only: nobody's /etc is touched.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "needs root, to run each process under a user of its own"
command -v setpriv >/dev/null || skip "needs setpriv (util-linux)"
unshare -m true 2>/dev/null || skip "needs a mount namespace"
in_demo
if [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 unshare -m --propagation private "$0"
	exit $?
fi

D=$(mktemp -d /tmp/sallyport-users.XXXXXX)
supervisor=
end() {
	[ -z "$supervisor" ] || kill "$supervisor" 2>/dev/null
	wait
	rm -rf "$D"
}
trap end EXIT
umask 022
chmod 755 "$D"

# ---- users, programs, configuration ----
cp /etc/passwd /etc/group "$D"
id=61440
while read -r name; do
	sed -i "/^$name:/d" "$D/passwd" "$D/group"
	echo "$name:x:$id:$id::/:/usr/sbin/nologin" >>"$D/passwd"
	echo "$name:x:$id:" >>"$D/group"
	id=$((id + 1))
done < <(awk '$1 == "u" { print $2 }' "$SALLYPORT_TOP/packaging/systemd/sallyport.sysusers")
is "the package makes five users" 5 $((id - 61440))
mount --bind "$D/passwd" /etc/passwd && mount --bind "$D/group" /etc/group || skip "cannot bind in a mount namespace"

mkdir "$D/bin"
for p in sallyport sallyportd sallyport-vault sallyport-control sallyport-session sallyport-recorder; do
	cp "$SALLYPORT_BUILD/$p" "$D/bin/"
done
"$D/bin/sallyport" init --config-dir "$D/etc" --state "$D/state" --listen 127.0.0.1:0 --name 127.0.0.1 >"$D/init.out" || fail "init: $(cat "$D/init.out")"
is "init gives the vault's store to the vault's user" "sallyport-vault 700" "$(stat -c '%U %a' "$D/state/vault")"
is "and its sealed keys" "sallyport-vault 600" "$(stat -c '%U %a' "$D"/state/vault/user-ca* | head -n 1)"
is "the host key to the supervisor's" "sallyport 600" "$(stat -c '%U %a' "$D/etc/host_key")"
"$D/bin/sallyport" vault add demo-web --generate --store "$D/state/vault" --master-key "$D/etc/master.key" >"$D/line" || fail "vault add"
is "a key that root adds is the vault's" sallyport-vault "$(stat -c %U "$D"/state/vault/demo-web* | sort -u)"
find "$SALLYPORT_DEMO_DIR/target" -name 'authorized_keys*' -exec sh -c 'cat "$1" >>"$2"' - "$D/line" {} \;

install -m 644 "$SALLYPORT_ISSUER/jwks.json" "$D/etc/jwks.json"
demo=$SALLYPORT_DEMO_DIR/sallyport.yaml
sed -i -e '/^issuers:/d' -e '/^targets:/d' -e 's/127.0.0.1:8022/127.0.0.1:0/' "$D/etc/sallyport.yaml"
sed -n '/^issuers:/,/^targets:/p' "$demo" | sed -e '$d' -e "s|jwks_file: .*|jwks_file: $D/etc/jwks.json|" >>"$D/etc/sallyport.yaml"
sed -n '/^targets:/,/^roles:/p' "$demo" | sed '$d' >>"$D/etc/sallyport.yaml"
cat >"$D/etc/policy.yaml" <<'POLICY'
version: 1
profile: enforce
who: { ops: { groups: [ops-agents] } }
rules: [{ id: some, who: [ops], allow: ["id **", "sleep *", "echo **"] }]
POLICY
"$D/bin/sallyportd" -t -c "$D/etc/sallyport.yaml" || fail "sallyportd -t"
grep -q '^users: {' "$D/etc/sallyport.yaml" || fail "init did not write users:"

# ---- the processes ----
: >"$D/log"
start() {
	rm -f "$D/state/run/ssh.port" "$D/state/run/http.port"
	setpriv --reuid sallyport --regid sallyport --clear-groups --no-new-privs \
		--inh-caps=-all,+setuid,+setgid --ambient-caps=-all,+setuid,+setgid --bounding-set=-all,+setuid,+setgid \
		-- "$D/bin/sallyportd" -f -c "$D/etc/sallyport.yaml" >>"$D/log" 2>&1 &
	supervisor=$!
	wait_for 15 "the supervisor to listen ($(tail -n 5 "$D/log"))" test -s "$D/state/run/ssh.port"
	wait_for 15 "the API" test -s "$D/state/run/http.port"
	port=$(cat "$D/state/run/ssh.port")
}
start
ssh-keygen -q -t ed25519 -N '' -f "$D/id"
printf 'header = "Authorization: Bearer %s"\n' "$(token --sub agent-7 --groups ops-agents)" |
	curl -sS --fail-with-body -K - --data-binary "@$D/id.pub" "http://127.0.0.1:$(cat "$D/state/run/http.port")/v1/ssh/certificates" >"$D/id-cert.pub" || fail "no certificate: $(cat "$D/id-cert.pub" "$D/log")"
echo "bastion $(cut -d ' ' -f 1,2 "$D/etc/host_key.pub")" >"$D/known_hosts"
agent() {
	ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -i "$D/id" -o HostKeyAlias=bastion \
		-o UserKnownHostsFile="$D/known_hosts" -o StrictHostKeyChecking=yes -p "$port" demo-web@127.0.0.1 "$@" </dev/null
}
is "a command runs through all of them" root "$(agent 'id -un' 2>&1)"

agent 'sleep 5; echo still here' >"$D/out" 2>&1 &
long=$!
wait_for 10 "the long command" pgrep -P "$supervisor" -f sallyport-recorder
wait_for 10 "its recording" sh -c "ls $D/state/recordings/*.part $D/state/recordings/*.cast.gz | grep -q ."
state() { # PROGRAM: its user and what it may
	local pid
	pid=$(pgrep -P "$supervisor" -x "$(printf '%.15s' "$1")" | head -n 1)
	[ -n "$pid" ] || { echo "no process $1"; return; }
	printf '%s eff=%s amb=%s groups=[%s]\n' "$(id -un "$(awk '/^Uid:/ { print ($2 == $3 && $3 == $4) ? $2 : "mixed" }' "/proc/$pid/status")")" \
		"$(awk '/^CapEff:/ { print $2 + 0 }' "/proc/$pid/status")" "$(awk '/^CapAmb:/ { print $2 + 0 }' "/proc/$pid/status")" \
		"$(awk '/^Groups:/ { $1 = ""; gsub(/ /, ""); print }' "/proc/$pid/status")"
}
for p in vault control session recorder; do
	is "sallyport-$p is itself and may nothing more" "sallyport-$p eff=0 amb=0 groups=[]" "$(state "sallyport-$p")"
done
is "the supervisor is nobody's root" sallyport "$(ps -o user:32= -p "$supervisor" | tr -d ' ')"

# ---- a reload that is wrong changes nothing; an exchange drops nothing ----
cp "$D/etc/policy.yaml" "$D/policy.good"
echo "nonsense: true" >>"$D/etc/policy.yaml"
kill -HUP "$supervisor"
wait_for 10 "the refusal of the wrong policy" grep -q nonsense "$D/log"
is "with a wrong policy the running one stays" root "$(agent 'id -un' 2>&1)"
cp "$D/policy.good" "$D/etc/policy.yaml"

old=$supervisor
kill -USR2 "$old"
wait "$old"
is "it leaves with status 0" 0 $?
kill -0 "$long" || fail "the session ended with the supervisor"
start
wait "$long"
is "what ran goes on to its end" 0 $?
is "with all its output" "still here" "$(cat "$D/out")"
is "and the next supervisor serves" root "$(agent 'id -un' 2>&1)"
has "the audit log holds" 'ok|verified|whole' "$("$D/bin/sallyport" audit verify --dir "$D/state/audit" 2>&1)"

#!/bin/bash
# The rotations of docs/operator.md while agents work: host key, a target's key, target CA, master key. (User CA: 82. Audit key: 73.)
# After each step of each a command is run; none may fail but those that the old key of a finished rotation would have to let in.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/guard.yaml"
conf=$SALLYPORT_DEMO_DIR/sallyport.yaml
D=$SALLYPORT_DEMO_DIR/rotate
mkdir "$D"
store=$(sed -n 's/^ *store: *//p' "$conf" | tr -d '"' | cut -d ' ' -f 1)
master=$(sed -n 's/^ *master_key: *//p' "$conf" | tr -d '"' | cut -d ' ' -f 1)
vault() { sallyport vault "$@" --store "$store" --master-key "$master"; }
log=$SALLYPORT_DEMO_DIR/sallyportd.log
supervisor=$(ps -o ppid= -p "$(pids_of sallyport-control)" | tr -d ' ')
reload() {
	local n
	n=$(grep -c 'policy loaded' "$log")
	kill -HUP "$supervisor"
	again() { [ "$(grep -c 'policy loaded' "$log")" -gt "$n" ]; }
	wait_for 10 "the reload" again
	# The vault reads its store after that; a call that it answers comes behind it.
	vault_up() { sp demo-web true </dev/null; }
}
runs() { is "$1: a command runs" Linux "$(sp demo-web 'uname -s' 2>&1 </dev/null)"; }
sshd_config=$(ls "$SALLYPORT_DEMO_DIR"/target/sshd_config "$SALLYPORT_DEMO_DIR"/*/sshd_config 2>/dev/null | head -n 1)
keys=$(sed -nE 's/^AuthorizedKeysFile +([^ ]+).*/\1/Ip' "$sshd_config")
[ -f "$keys" ] || keys=$(ls "$SALLYPORT_DEMO_DIR"/target/authorized_keys* | head -n 1)
runs "before"

# ---- the host key: agents hold both lines for a while ----
host_key=$(sed -n 's/^host_key: *//p' "$conf" | tr -d '"')
known=$(sed -nE 's/^ *UserKnownHostsFile +//Ip' "$SALLYPORT_SSH_CONFIG" | head -n 1 | tr -d '"')
alias=$(sed -nE 's/^ *HostKeyAlias +//Ip' "$SALLYPORT_SSH_CONFIG" | head -n 1)
cp "$known" "$D/known_before"
ssh-keygen -q -t ed25519 -N '' -f "$D/host_key"
name=${alias:-$(cut -d ' ' -f 1 "$known" | grep -v '^[#@]' | head -n 1)}
echo "$name $(cut -d ' ' -f 1,2 "$D/host_key.pub")" >>"$known"
runs "the agents know both host keys"
mv "$D/host_key" "$host_key"
reload
runs "with the new host key"
out=$(sp -o UserKnownHostsFile="$D/known_before" -o GlobalKnownHostsFile=/dev/null demo-web true 2>&1 </dev/null) && fail "an agent that knows the old host key alone gets in"
has "who knows only the old one is warned" 'REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed' "$out"

# ---- a target's key ----
line=$(vault rotate demo-web) || fail "rotate"
reload
runs "a new target key, not on the host yet"
printf '%s\n' "$line" >>"$keys"
runs "the host has both"
vault rotate demo-web --finish >/dev/null || fail "rotate --finish"
reload
runs "the old one is gone from the vault"
printf '%s\n' "$line" >"$keys"
runs "and from the host"

# ---- the target CA: the host trusts both for a while ----
pem() { vault public target-ca | cut -d ' ' -f 1,2; }
login=$(sed -n 's/^ *login: *//p' "$conf" | head -n 1 | tr -d '"')
pem >"$D/ca"
printf '%s\n' "$login" >"$D/principals"
{
	grep -viE '^(AuthorizedKeysFile|TrustedUserCAKeys|AuthorizedPrincipalsFile|port|listenaddress|pidfile) ?' "$sshd_config"
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	printf 'ListenAddress 127.0.0.1:%s\nPidFile none\nAuthorizedKeysFile none\nTrustedUserCAKeys %s/ca\nAuthorizedPrincipalsFile %s/principals\n' "$port" "$D" "$D"
	echo "$port" >"$D/port"
} >"$D/sshd_config"
"$(command -v sshd || echo /usr/sbin/sshd)" -D -e -f "$D/sshd_config" 2>"$D/sshd.log" &
sshd=$!
trap 'kill "$sshd" 2>/dev/null' EXIT
wait_for 10 "an sshd that trusts the CA" grep -q 'Server listening' "$D/sshd.log"
sed -i -E -e "s/^    port: [0-9]+$/    port: $(cat "$D/port")/" -e "s/^    key: .*/    certificate: { principal: $login }/" "$conf"
reload
runs "with certificates of the target CA"
old=$(pem)
vault rotate target-ca >/dev/null || fail "rotate target-ca"
pem >>"$D/ca"
runs "the host trusts both CAs"
reload
runs "the new CA signs"
[ "$old" != "$(pem)" ] || fail "the CA is the old one"
pem >"$D/ca"
runs "the host trusts the new one alone"
vault rotate target-ca --finish >/dev/null || fail "rotate target-ca --finish"
reload
runs "the rotation is finished"

# ---- the master key: a restart, which drops no session ----
vault reseal --to "$D/vault" --new-master-key "$D/master.key" >"$D/out" || fail "reseal: $(cat "$D/out")"
is "the same keys lie in the new store" "$(vault list --json | jq -cS 'map(del(.sealed))' 2>/dev/null || vault list)" \
	"$(sallyport vault list --json --store "$D/vault" --master-key "$D/master.key" | jq -cS 'map(del(.sealed))' 2>/dev/null || sallyport vault list --store "$D/vault" --master-key "$D/master.key")"
sallyport vault list --store "$D/vault" --master-key "$master" >/dev/null 2>&1 && fail "the old master key opens the new store"
echo "ok: the old master key opens nothing there"
sallyport vault reseal --to "$D/vault" --new-master-key "$D/other.key" --store "$store" --master-key "$master" >/dev/null 2>&1 && fail "it writes into a folder that is there"
sed -i -e "s|^\( *store: *\).*|\1$D/vault|" -e "s|^\( *master_key: *\).*|\1$D/master.key|" "$conf"
sallyportd=$SALLYPORT_BUILD/sallyportd
"$sallyportd" -t -c "$conf" || fail "sallyportd -t"
sp demo-web 'sleep 3.25; echo still here' >"$D/long" 2>&1 </dev/null &
long=$!
wait_for 10 "a long command" pgrep -f '^sleep 3[.]25$'
# What `systemctl restart` does, the listening port included.
ssh_port=$(cat "$SALLYPORT_DEMO_DIR/state/run/ssh.port")
sed -i -E "s/^listen: .*/listen: [\"127.0.0.1:$ssh_port\"]/" "$conf"
rm -f "$SALLYPORT_DEMO_DIR/state/run/ssh.port"
setsid bash -c "kill -USR2 $supervisor; while kill -0 $supervisor 2>/dev/null; do sleep 0.05; done; exec '$sallyportd' -f -c '$conf'" >"$D/log2" 2>&1 </dev/null &
second=$!
trap 'kill "$sshd" "$second" 2>/dev/null; wait "$second" 2>/dev/null' EXIT
up() { [ -s "$SALLYPORT_DEMO_DIR/state/run/ssh.port" ]; }
wait_for 20 "the bastion with its new master key ($(tail -n 3 "$D/log2"))" up
wait $long
is "the running command goes on to its end" "still here" "$(cat "$D/long")"
again() { [ "$(sp demo-web 'uname -s' 2>&1 </dev/null)" = Linux ]; }
wait_for 10 "a command under the new master key" again

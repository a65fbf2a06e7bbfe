# To be sourced inside a demo, after tests/e2e/lib.sh: the peer that figures stand beside, `ssh -J` through an sshd of its own. Sets jump (its pid, ended
# by an EXIT trap), peer_config, and the function peer COMMAND.
# shellcheck shell=bash
# The peer: a jump sshd of its own, and the demo's target behind it with the bench's key.
ssh-keygen -q -t ed25519 -N '' -f "$d/key"
ssh-keygen -q -t ed25519 -N '' -f "$d/hostkey"
port=$(/usr/bin/python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
cat >"$d/sshd_config" <<C
ListenAddress 127.0.0.1:$port
HostKey $d/hostkey
PidFile none
AuthorizedKeysFile $d/key.pub
UsePAM no
StrictModes no
MaxStartups 1000
C
cat "$d/key.pub" >>"$SALLYPORT_DEMO_DIR/target/authorized_keys"
/usr/sbin/sshd -D -e -f "$d/sshd_config" 2>"$d/sshd.log" &
jump=$!
trap 'kill $jump' EXIT
wait_for 5 "the jump host" bash -c "echo >/dev/tcp/127.0.0.1/$port"
tport=$(sed -n 's/^ListenAddress 127.0.0.1://p' "$SALLYPORT_DEMO_DIR/target/sshd_config")
cat >"$d/ssh_config" <<C
Host *
  HostName 127.0.0.1
  User $(id -un)
  IdentityFile $d/key
  IdentitiesOnly yes
  IdentityAgent none
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  GlobalKnownHostsFile /dev/null
  LogLevel ERROR
Host jump
  Port $port
Host target
  Port $tport
  ProxyJump jump
C
peer_config=$d/ssh_config
peer() { ssh -F "$d/ssh_config" target "$@"; }

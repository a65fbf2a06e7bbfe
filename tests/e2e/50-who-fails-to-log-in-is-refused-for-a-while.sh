#!/bin/bash
# Penalties by source: failed logins, silence and crashes add up until their source is refused, others are served all the while, and it ends.
# `ssh sign@` proves nothing and so gets no more time than other strangers.
. "$(dirname "$0")/lib.sh"
extra=${TMPDIR:-/tmp}/sallyport-penalties.$UID.yaml
cat >"$extra" <<'Y'
limits:
  login_grace: 2s
  sessions_per_minute: 1000
  penalties: { crash: 30s, failed_login: 5s, no_login: 2s, grace_exceeded: 5s, min: 6s, max: 20s, exempt: ["::1", "127.0.0.9", "127.1.0.0/16"] }
Y
in_demo --config "$extra"
port=$(cat "$SALLYPORT_DEMO_DIR/state/run/ssh.port") log=$SALLYPORT_DEMO_DIR/sallyportd.log
from() { # ADDRESS COMMAND: a good agent from there
	sp -o BindAddress="$1" demo-web "$2" 2>/dev/null
}
stranger() { ssh -F /dev/null -o BindAddress="$1" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i "$SALLYPORT_DEMO_DIR/stranger" \
	-o IdentitiesOnly=yes -p "$port" demo-web@127.0.0.1 true 2>/dev/null; }
silent() { # ADDRESS SECONDS: how long a connection that says nothing is held
	/usr/bin/python3 -c '
import socket, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), source_address=(sys.argv[2], 0)); s.settimeout(float(sys.argv[3])); t = time.monotonic()
try:
    while s.recv(4096): pass
except ConnectionResetError: pass
print("%.1f" % (time.monotonic() - t))' "$port" "$1" "$2"
}
refused() { grep -c "connection from $1 refused: penalty" "$log"; }
mkdir -p "$SALLYPORT_DEMO_DIR"
ssh-keygen -q -t ed25519 -N '' -f "$SALLYPORT_DEMO_DIR/stranger"
# A certificate of somebody else's CA: offered, signed with, refused.
ssh-keygen -q -s "$SALLYPORT_DEMO_DIR/stranger" -I x -n sallyport "$SALLYPORT_DEMO_DIR/stranger.pub"

is "a good agent is served" yes "$(from 127.0.0.2 'echo yes')"
stranger 127.0.0.2
is "one failure is nothing" yes "$(from 127.0.0.2 'echo yes')"
stranger 127.0.0.2
wait_for 5 "the penalty" sh -c "ssh -F '$SALLYPORT_SSH_CONFIG' -o BindAddress=127.0.0.2 demo-web true; grep -q 'connection from 127.0.0.2 refused: penalty' '$log'"
is "two are: the source is refused" "" "$(from 127.0.0.2 'echo yes')"
is "others are not" yes "$(from 127.0.0.3 'echo yes')"
again() { [ "$(from 127.0.0.2 'echo yes')" = yes ]; }
wait_for 15 "the end of the penalty" again
echo "ok: and it ends"

for _ in 1 2 3; do stranger 127.0.0.9; stranger 127.1.2.3; done
is "an exempt address is not refused" yes "$(from 127.0.0.9 'echo yes')"
is "nor an exempt network" 0 "$(refused 127.1.2.3)"

t=$(silent 127.0.0.4 10)
has "silence lasts the grace time" '^(1\.[5-9]|[2-4]\.)' "$t"
# sign@ says who it is by nothing: a stranger still.
t=$(date +%s%N)
sleep 30 | ssh -F /dev/null -o BindAddress=127.0.0.4 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p "$port" sign@127.0.0.1 >/dev/null 2>&1 &
holder=$!
gone() { [ -z "$(pgrep -f "BindAddress=127.0.0.4" -P $$)" ]; }
wait_for 8 "the end of a sign@ that sends nothing" gone
ms=$((($(date +%s%N) - t) / 1000000))
[ $ms -lt 6000 ] || fail "sign@ held its connection for $ms ms"
echo "ok: sign@ with nothing to say is ended by the grace time"
kill "$holder" 2>/dev/null
wait_for 5 "both were penalised" sh -c "ssh -F '$SALLYPORT_SSH_CONFIG' -o BindAddress=127.0.0.4 demo-web true; grep -q 'connection from 127.0.0.4 refused: penalty' '$log'"
echo "ok: both count against their source"
is "a good token over sign@ is served" 1 \
	"$({ token --sub agent-1 --groups ops-agents; cat "$SALLYPORT_DEMO_DIR/stranger.pub"; } | ssh -F /dev/null -o BindAddress=127.0.0.3 -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -p "$port" -T sign@127.0.0.1 2>/dev/null | grep -c cert-v01)"

# A worker that crashes: its source is refused at once, and the next workers come from another parent.
parent() { for p in $(pids_of sallyport-parent); do tr '\0' ' ' <"/proc/$p/cmdline" | grep -q . && readlink "/proc/$p/exe" | grep -q session && echo "$p"; done | head -n 1; }
before=$(parent)
from 127.0.0.5 'sleep 20' &
wait_for 10 "its worker" sh -c "[ -n \"\$(pgrep -x sallyport-sessi)\" ]"
worker=$(pids_of sallyport-session | tail -n 1)
kill -SEGV "$worker"
wait %2 2>/dev/null
is "after a crash its source is refused" "" "$(from 127.0.0.5 'echo yes')"
is "and others are served" yes "$(from 127.0.0.6 'echo yes')"
newer() { after=$(parent); [ -n "$after" ] && [ "$after" != "$before" ] && [ -n "$before" ]; }
again6() { from 127.0.0.6 'echo yes' >/dev/null; newer; }
wait_for 15 "another parent of sessions" again6
echo "ok: the crashed worker's parent is not used again"

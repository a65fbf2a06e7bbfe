#!/bin/bash
# Sessions and commands a minute are counted by identity, on whatever connections they come: a new connection for each command is no way around.
. "$(dirname "$0")/lib.sh"
extra=${TMPDIR:-/tmp}/sallyport-rates.$UID.yaml
echo 'limits: { sessions_per_minute: 10, commands_per_minute: 6, sessions_per_identity: 3, channels: 4 }' >"$extra"
in_demo --config "$extra"
ran=0
for _ in 1 2 3 4 5 6; do [ "$(sp demo-web 'echo yes' 2>/dev/null)" != yes ] || ran=$((ran + 1)); done
is "six commands, each on a connection of its own" 6 $ran
err=$(sp demo-web 'echo yes' 2>&1)
is "the seventh is refused" 126 $?
has "and says why" 'denied rule=limit: too many commands within a minute' "$err"
has "its decision is on record" '"rule":"limit"' "$(audit_lines | grep '"event":"decision"' | tail -n 1)"
for _ in 8 9 10; do sp demo-web 'echo yes' >/dev/null 2>&1; done
sp demo-web 'echo yes' >/dev/null 2>&1
is "the eleventh session does not begin" 255 $?
has "the log says why" 'begun more than 10 sessions within a minute' "$(audit_lines | grep login.refused)"
# Another identity is another count.
ssh-keygen -q -t ed25519 -N '' -f "$SALLYPORT_DEMO_DIR/other"
other() { ssh -F "$SALLYPORT_SSH_CONFIG" -o IdentityFile="$SALLYPORT_DEMO_DIR/other" -o CertificateFile="$SALLYPORT_DEMO_DIR/other-cert.pub" "$@"; }
token --sub agent-2 --groups ops-agents >"$SALLYPORT_DEMO_DIR/other.token"
curl -fsS -H "Authorization: Bearer $(cat "$SALLYPORT_DEMO_DIR/other.token")" --data-binary "@$SALLYPORT_DEMO_DIR/other.pub" "$SALLYPORT_API/v1/ssh/certificates" \
	>"$SALLYPORT_DEMO_DIR/other-cert.pub"
# The demo's own key stands first in its file: only the other one is offered.
sed '/IdentityFile\|CertificateFile/d' "$SALLYPORT_SSH_CONFIG" >"$SALLYPORT_DEMO_DIR/other.conf"
SALLYPORT_SSH_CONFIG=$SALLYPORT_DEMO_DIR/other.conf
is "another identity is served" yes "$(other demo-web 'echo yes' 2>/dev/null)"

# Channels of a connection: one over is refused, the others go on.
m="$SALLYPORT_DEMO_DIR/mux"
other -o ControlMaster=yes -o ControlPath="$m" -N demo-web &
master=$!
wait_for 10 "the shared connection" test -S "$m"
mkfifo "$SALLYPORT_DEMO_DIR/nothing"
exec 9<>"$SALLYPORT_DEMO_DIR/nothing" # an input that never comes and never ends
for i in 1 2 3 4; do
	other -o ControlPath="$m" demo-web "cat" <&9 >/dev/null 2>&1 &
	eval "c$i=$!"
done
# What asks for a fifth counts as a command, too: only once the four are there.
four() { [ "$(audit_lines | jq -r 'select(.event == "command.start" and .command == "'"'cat'"'") | .seq' | wc -l)" -eq 4 ]; }
wait_for 10 "four channels" four
# shellcheck disable=SC2154
full() { other -o ControlPath="$m" demo-web true 2>&1 | grep -qi 'open refused by peer\|open failed'; }
wait_for 10 "the fifth channel to be refused" full
kill "$c1" "$c2" "$c3" "$c4" 2>/dev/null
echo "ok: the fifth channel is refused"
# Sessions at once, by identity.
other -N demo-web & a=$!
other -N demo-web & b=$!
three() { [ "$(grep -c 'session.start' <<<"$(audit_lines | grep agent-2)")" -ge 4 ]; }
wait_for 10 "three sessions at once" three
other demo-web true 2>/dev/null
is "the fourth at once is refused" 255 $?
has "and says so in the log" 'has 3 sessions already' "$(audit_lines | grep login.refused | tail -n 1)"
kill "$master" "$a" "$b"

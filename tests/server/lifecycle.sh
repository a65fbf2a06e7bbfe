#!/bin/sh
# What dies with what, limits, signals: the real processes are killed.
. "${srcdir:-.}/tests/server/lib.sh"
start_target
start_bastion <<END
limits: { sessions: 12, per_source: 8, unauthenticated: 3, login_grace: 20s }
END
pid_of() { pgrep -P "$DAEMON" -x "$(printf %.15s "$1")" | tail -1; }
running() { # starts a command that prints a number each 50 ms, until told to stop
	rm -f "$T/out" "$T/stop"
	b "i=0; while [ ! -e $T/stop ]; do echo \$i; i=\$((i + 1)); sleep 0.05; done; echo end; exit 7" >"$T/out" 2>"$T/err" &
	CLIENT=$!
	wait_for 10 grep -q 3 "$T/out"
}
goes_on() { now=$(wc -l <"$T/out"); wait_for 10 sh -c "[ \$(wc -l <$T/out) -gt $((now + 5)) ]"; }
stop() { touch "$T/stop"; wait $CLIENT && r=0 || r=$?; }

running
kill -9 "$(pid_of 'sallyport-recorder')"
check "recorder killed: its session ends at once" wait_for 5 sh -c "! kill -0 $CLIENT"
wait $CLIENT && r=0 || r=$?
check "and not as if the command had ended" same $r 255
check "the reason is told" logged "^over the recorder ended"
touch "$T/stop"

running
kill -9 "$(pid_of 'sallyport-vault')"
check "vault killed: a running command goes on" goes_on
check "the vault is started again" wait_for 10 sh -c "[ -n \"\$(pgrep -P $DAEMON -x sallyport-vault)\" ]"
check "control is given the new one" wait_for 5 logged "supervisor vault_socket"
stop
check "it ends as it would have" same "$r $(tail -1 "$T/out")" "7 end"

ssh -F "$T/ssh_config" -o ControlMaster=yes -o ControlPath="$T/mux" -N b &
MASTER=$!
wait_for 10 test -S "$T/mux"
ssh -F "$T/ssh_config" -o ControlPath="$T/mux" b true
running
old=$(pid_of 'sallyport-control')
kill -9 "$old"
check "control killed: a running command goes on" goes_on
ssh -F "$T/ssh_config" -o ControlPath="$T/mux" b true 2>"$T/err2" && r=0 || r=$?
check "a new question is answered no, code 69" same "$r $(cat "$T/err2")" "69 sallyport: unavailable: the bastion cannot decide now"
stop
check "the running one ends as it would have" same "$r $(tail -1 "$T/out")" "7 end"
check "control is started again, and new sessions work" wait_for 10 sh -c "[ \"\$(ssh -F $T/ssh_config b echo back)\" = back ]"
kill $MASTER
wait $MASTER 2>/dev/null || true

running
worker=$(pid_of sallyport-session)
kill -9 "$worker"
check "session killed: it ends alone" wait_for 5 sh -c "! kill -0 $CLIENT"
touch "$T/stop"
check "its recorder ends with it" wait_for 5 sh -c "[ -z \"\$(pgrep -P $DAEMON -x sallyport-recor)\" ]"
check "others are served" same "$(b echo served)" served

# limits: connections that say nothing
python3 - "$PORT" "$T/quiet" <<'END' &
import socket, sys, time
s = []
for i in range(5):
    c = socket.create_connection(("127.0.0.1", int(sys.argv[1]))); s.append(c)
time.sleep(0.5)
alive = 0
for c in s:
    c.settimeout(0.5)
    try:
        data = c.recv(100)
        alive += data.startswith(b"SSH-2.0")
    except OSError: pass
open(sys.argv[2], "w").write(str(alive))
time.sleep(1)
END
quiet=$!
wait_for 10 test -s "$T/quiet"
check "three may wait to log in, no more" same "$(cat "$T/quiet")" 3
wait $quiet
check "afterwards there is room again" wait_for 10 sh -c "[ \"\$(ssh -F $T/ssh_config b echo room)\" = room ]"

kill -HUP "$DAEMON"
check "SIGHUP reaches control" wait_for 5 logged "supervisor reload"
sed -i 's/^listen:.*/listne: [x]/' "$T/config"
kill -HUP "$DAEMON"
check "a broken configuration is refused by name and place" wait_for 5 grep -q "config:2:.*listne" "$T/log"
check "and the old one stays" same "$(b echo stays)" stays

running
left="$(pid_of sallyport-vault) $(pid_of sallyport-control)"
kill -9 "$DAEMON"
check "supervisor killed: a running command goes on" goes_on
b true 2>/dev/null && r=0 || r=$?
check "there are no new connections" same $r 255
stop
check "and it ends as it would have" same "$r $(tail -1 "$T/out")" "7 end"
DAEMON=
kill $left 2>/dev/null || true
[ $fails -eq 0 ]

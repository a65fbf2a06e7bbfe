#!/bin/sh
# Started as root, each program runs as the user that the configuration names, and everything still works; started under systemd, it says
# what systemd wants to hear and takes the socket that it is handed.
TMPDIR=/tmp # every user must be able to walk to it
. "${srcdir:-.}/tests/server/lib.sh"
[ "$(id -u)" = 0 ] || { echo "needs root"; trap - EXIT; exit 77; }
start_target
chmod 711 "$T"
# An ssh-agent serves its own user and root: here it stands in for the vault, and control asks.
mkdir "$T/agent"
chown daemon "$T/agent"
kill "$AGENT"
eval "$(setpriv --reuid daemon --regid daemon --clear-groups ssh-agent -a "$T/agent/sock" -s | grep SSH_AGENT_PID)"
AGENT=$SSH_AGENT_PID
rm -f "$T/agent.sock"
ln -s agent/sock "$T/agent.sock"
SSH_AUTH_SOCK="$T/agent.sock" ssh-add -q "$T/target_login"
touch "$T/fixture.log"
chmod 666 "$T/fixture.log"
start_bastion <<END
users: { control: daemon, vault: bin, session: nobody, recorder: games }
END
chmod 755 "$T/bin"
user_of() { ps -o user= -p "$(pgrep -P "$DAEMON" -x "$(printf %.15s "$1")" | tail -1)" | tr -d ' '; }
b "echo \$\$ >$T/pid; while [ ! -e $T/stop ]; do sleep 0.1; done; echo done" >"$T/out" 2>&1 &
client=$!
wait_for 10 test -s "$T/pid" || cat "$T/out"
check "control's user" same "$(user_of sallyport-control)" daemon
check "the vault's" same "$(user_of sallyport-vault)" bin
check "the worker's" same "$(user_of sallyport-session)" nobody
check "the recorder's" same "$(user_of sallyport-recorder)" games
worker=$(pgrep -P "$DAEMON" -x sallyport-sessi | tail -1)
check "the worker has no capability and may gain none" sh -c "grep -q '^CapEff:.0000000000000000' /proc/$worker/status && grep -q '^NoNewPrivs:.1' /proc/$worker/status"
check "and no core file" sh -c "grep '^Max core file size *0 *0' /proc/$worker/limits >/dev/null"
check "and a system call filter" sh -c "grep -q '^Seccomp:.2' /proc/$worker/status || grep -q __asan_init $build/sallyport-session"
touch "$T/stop"
wait $client || true
check "commands run" same "$(cat "$T/out")" done
file=$(ls "$T"/state/recordings/*.cast.gz | head -1)
check "control can read the recordings" sh -c "setpriv --reuid daemon --regid daemon --clear-groups cat $file >/dev/null"
check "nobody else can" sh -c "! setpriv --reuid nobody --regid nogroup --clear-groups cat $file 2>/dev/null"
kill "$DAEMON"
wait "$DAEMON" 2>/dev/null || true
DAEMON=

# systemd's side, in Python: a notification socket, a listening socket on descriptor 3, the variables.
cat >"$T/systemd.py" <<'END'
import os, socket, sys
T = sys.argv[1]
lis = socket.socket(); lis.bind(("127.0.0.1", 0)); lis.listen(5)
open(T + "/port", "w").write(str(lis.getsockname()[1]))
note = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); note.bind(T + "/notify")
pid = os.fork()
if pid == 0:
    os.dup2(lis.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ.update(NOTIFY_SOCKET=T + "/notify", LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), WATCHDOG_USEC="400000")
    os.execv(T + "/bin/sallyportd", ["sallyportd", "-c", T + "/config"])
open(T + "/daemon", "w").write(str(pid))
note.settimeout(10)
with open(T + "/notes", "w", buffering=1) as f:
    while True:
        try:
            m = note.recv(4096).decode()
        except socket.timeout:
            break
        f.write(m.replace("\n", " ") + "\n")
        if "STOPPING" in m:
            break
os.waitpid(pid, 0)
END
FIXTURE_HOST=127.0.0.1 FIXTURE_PORT=$TARGET_PORT FIXTURE_LOGIN=root FIXTURE_HOST_KEY=$T/target_host.line FIXTURE_AGENT=$T/agent.sock \
	FIXTURE_LOG=$T/fixture.log python3 "$T/systemd.py" "$T" 2>>"$T/log" &
manager=$!
check "READY=1" wait_for 10 grep -q READY=1 "$T/notes"
DAEMON=$(cat "$T/daemon")
check "the socket that was handed over is the one that is served" same "$(ssh -F "$T/ssh_config" -o Port="$(cat "$T/port")" -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no b echo yes)" yes
check "WATCHDOG=1" wait_for 5 grep -q WATCHDOG=1 "$T/notes"
kill -HUP "$DAEMON"
check "RELOADING=1 with the time" wait_for 5 grep -q "RELOADING=1 MONOTONIC_USEC=[0-9]" "$T/notes"
kill "$DAEMON"
check "STOPPING=1" wait_for 5 grep -q STOPPING=1 "$T/notes"
wait $manager || true
DAEMON=
[ $fails -eq 0 ]

#!/bin/bash
# systemd's side of sallyportd, played by python: it is passed a listening socket, hears READY=1 once control is ready, WATCHDOG=1 again and again,
# RELOADING=1 and READY=1 around a reload, STOPPING=1 at the end. And the unit by systemd's own tools, where they are.
. "$(dirname "$0")/lib.sh"
in_demo
D=$(mktemp -d "$SALLYPORT_DEMO_DIR/manager.XXXXXX")
cp -r "$SALLYPORT_DEMO_DIR/vault" "$D/vault"
sed -e "s|^state: .*|state: $D/state|" -e "s|store: .*|store: $D/vault|" "$SALLYPORT_DEMO_DIR/sallyport.yaml" >"$D/sallyport.yaml"
cat >"$D/manager.py" <<'PY'
import os, signal, socket, sys, time
daemon, conf, d = sys.argv[1:4]
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(d + "/notify")
notify.settimeout(20)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
pid = os.fork()
if pid == 0:
    os.dup2(listener.fileno(), 3, inheritable=True)
    env = dict(os.environ, NOTIFY_SOCKET=d + "/notify", WATCHDOG_USEC="400000", LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
    env["WATCHDOG_PID"] = env["LISTEN_PID"]
    os.execve(daemon, [daemon, "-f", "-c", conf], env)
def hear(wanted, ignore=(b"WATCHDOG=1",)):
    while True:
        m = notify.recv(4096)
        if m.startswith(wanted):
            print("ok: heard", wanted.decode()); return
        if m not in ignore:
            print("FAILED: heard", m, "before", wanted); os.kill(pid, signal.SIGKILL); sys.exit(1)
hear(b"READY=1")
c = socket.create_connection(listener.getsockname(), 10)
c.settimeout(10)
assert c.recv(64).startswith(b"SSH-2.0-"), "no SSH on the passed socket"
c.close()
print("ok: it serves on the socket that it was passed")
start = time.monotonic()
for _ in range(3):
    hear(b"WATCHDOG=1", ())
assert time.monotonic() - start < 2, "the watchdog is fed too seldom"
os.kill(pid, signal.SIGHUP)
hear(b"RELOADING=1")
hear(b"READY=1")
os.kill(pid, signal.SIGUSR2)
hear(b"STOPPING=1")
_, status = os.waitpid(pid, 0)
assert status == 0, "it ended with %d" % status
print("ok: it ended with 0")
PY
timeout 90 /usr/bin/python3 "$D/manager.py" "$SALLYPORT_BUILD/sallyportd" "$D/sallyport.yaml" "$D" || fail "the service manager's side"
if command -v systemd-analyze >/dev/null; then
	unit=$SALLYPORT_TOP/packaging/systemd/sallyport.service
	level=$(systemd-analyze security --offline=true --threshold=100 --no-pager "$unit" 2>/dev/null | sed -n 's/.*: \([0-9.]*\) .*/\1/p' | tail -n 1)
	if [ -n "$level" ]; then
		awk -v l="$level" 'BEGIN { exit !(l <= 1.6) }' || fail "systemd-analyze security: $level"
		echo "ok: systemd-analyze security: $level"
	fi
	# The programs and pages are not installed where this runs.
	complaints=$(systemd-analyze verify --man=no "$unit" "$SALLYPORT_TOP/packaging/systemd/sallyport.socket" 2>&1 | grep -E 'sallyport\.(service|socket)' | grep -v 'is not executable')
	is "systemd-analyze verify has nothing to say" "" "$complaints"
fi

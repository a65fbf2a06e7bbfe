#!/usr/bin/python3
"""A target that is down, silent, black-holed, or goes away in the middle; and a link that is down for a while. In a network namespace of its own, where
there may be one."""
import os
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chaos import *  # noqa: E402,F403


def point(port, address="127.0.0.1"):
    """demo-db is there from now on."""
    out, inside = [], False
    for line in open(path("sallyport.yaml")):
        if line.startswith("  - name: "):
            inside = line.split()[2] == "demo-db"
        if inside and line.strip().startswith("port:"):
            line = "    port: %d\n" % port
        if inside and line.strip().startswith("address:"):
            line = "    address: %s\n" % address
        out.append(line)
    with open(path("sallyport.yaml"), "w") as f:
        f.writelines(out)
    reload()


def down(what, within):
    t = time.monotonic()
    result = []
    th = threading.Thread(target=lambda: result.append(ssh("echo yes", host="demo-db", timeout=60)))
    th.start()
    worst = 0
    while th.is_alive():
        t2 = time.monotonic()
        ok = ssh("echo yes", timeout=20)[1] == b"yes\n"
        worst = max(worst, time.monotonic() - t2 if ok else 99)
        time.sleep(0.3)
    th.join()
    took = time.monotonic() - t
    code, out, err = result[0]
    check("%s: code %d after %.1f s, and others are served meanwhile (%.1f s)" % (what, code, took, worst), code == 69 and took < within and worst < 5 and not out,
          (code, took, worst, err))
    check("%s: one line says why: %s" % (what, err.decode().strip()[:120]), err.startswith(b"sallyport: unavailable:"), err)


@row("target", "a target that is down, silent or gone, and a link that is down for a while")
def target():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    point(s.getsockname()[1])
    down("nobody listens", 5)
    s.listen(16)
    if LONG:
        down("it accepts and says nothing", 45)
    s.close()
    # A queue that is full drops what knocks: as on a network that swallows every packet.
    hole = socket.socket()
    hole.bind(("127.0.0.1", 0))
    hole.listen(0)
    knocks = []
    for _ in range(4):
        k = socket.socket()
        k.setblocking(False)
        k.connect_ex(hole.getsockname())
        knocks.append(k)
    point(hole.getsockname()[1])
    down("it is black-holed", 20)
    if os.environ.get("CHAOS_NETNS") == "1":
        pause = 45 if LONG else 4
        p = subprocess.Popen(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "demo-web", "i=0; while [ $i -lt 600 ]; do i=$((i+1)); echo $i; sleep 0.01; done"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, bufsize=0)
        p.stdout.readline()
        subprocess.run("ip link set lo down", shell=True, check=True)
        time.sleep(pause)
        subprocess.run("ip link set lo up", shell=True, check=True)
        start = time.monotonic()
        out, err = p.communicate(timeout=120)
        lines = [b"1"] + out.split()
        check("a link that was down for %d s: %d lines, code %d, after %.1f s" % (pause, len(lines), p.returncode, time.monotonic() - start),
              p.returncode == 0 and lines == [b"%d" % i for i in range(1, 601)], (p.returncode, len(lines), err[-200:]))
    else:
        print("  (no network namespace here: half-open left out)")
    # It goes away in the middle of a command.
    p = subprocess.Popen(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "demo-web", "echo begun; sleep 60"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         stdin=subprocess.DEVNULL, bufsize=0)
    p.stdout.readline()
    for q in pids("sshd"):
        if b"@" in open("/proc/%d/cmdline" % q, "rb").read() or b"notty" in open("/proc/%d/cmdline" % q, "rb").read():
            os.kill(q, 9)
    out, err = p.communicate(timeout=30)
    check("it dies in the middle: code %d, and a line says so" % p.returncode, p.returncode in (69, 255) and (b"sallyport" in err or p.returncode == 255), (p.returncode, err))
    runs_again("all that", 10)
    log_verifies()


if "SALLYPORT_DEMO_DIR" not in os.environ and os.environ.get("CHAOS_NETNS") is None:
    can = subprocess.run(["unshare", "-n", "sh", "-c", "ip link set lo up"], capture_output=True).returncode == 0
    os.environ["CHAOS_NETNS"] = "1" if can else "0"
    if can:
        os.execvp("unshare", ["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$0" "$@"', os.path.abspath(sys.argv[0]), *sys.argv[1:]])
run()

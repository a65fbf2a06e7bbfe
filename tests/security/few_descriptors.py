#!/usr/bin/python3
"""A supervisor that runs out of descriptors: row P16."""
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bastion import *  # noqa: E402,F403
from sshraw import *  # noqa: E402,F403


@row("P16", "without descriptors the listener turns away, and does not die")
def p16():
    d = daemon()
    key = agent_key()
    held = lambda: {int(f) for f in os.listdir("/proc/%d/fd" % d)}
    idle = len(held())
    c = login(key=key)
    is_("(a login before)", 0, c.run("true")[0])
    c.close()
    wait_for(10, "its worker's descriptors to be closed", lambda: len(held()) <= idle)
    # Not one to accept with: the connection is taken by the reserve and ended, not left in the queue, and not the listener's end.
    subprocess.run(["prlimit", "--pid", str(d), "--nofile=%d:" % min(set(range(1024)) - held())], check=True)
    s = socket.create_connection(("127.0.0.1", ssh_port()), 5)
    try:
        left = s.recv(100)
    except socket.timeout:
        left = None
    except ConnectionError:
        left = b""
    s.close()
    is_("without a single descriptor a connection is ended at once", b"", left)
    check("by the reserve, which the log says", "a connection was refused: Too many open files" in open(path("sallyportd.log"), errors="replace").read())
    check("and the supervisor lives", alive(d))
    subprocess.run(["prlimit", "--pid", str(d), "--nofile=64:"], check=True)
    conns = []
    try:
        for i in range(500):
            s = socket.socket()
            s.setblocking(False)
            try:
                s.connect(("127.0.0.1", ssh_port()))
            except BlockingIOError:
                pass
            conns.append(s)
        time.sleep(1.5)
        check("500 connections with 64 descriptors: the supervisor lives", alive(d))
        check("and says what is wrong", "Too many open files" in open(path("sallyportd.log"), errors="replace").read() or "cannot be served" in open(path("sallyportd.log"), errors="replace").read())
        start = cpu(d)
        time.sleep(1)
        check("without spinning (%.2f s of CPU in 1 s)" % (cpu(d) - start), cpu(d) - start < 0.7)
    finally:
        for s in conns:
            s.close()
    t = time.monotonic()
    r = last = None
    while time.monotonic() - t < 15:
        try:
            r = login(key=key, timeout=3).run("true")[0]
            break
        except Exception as e:
            last = e
            time.sleep(0.05)
    took = time.monotonic() - t
    check("a login %.2f s after they are gone" % took, r == 0 and took < 5, (r, last))
    subprocess.run(["prlimit", "--pid", str(d), "--nofile=1024:"])
    is_("the same supervisor", d, daemon())


main(config="limits: { per_source: 2000, unauthenticated: 1500, sessions_per_identity: 1000, login_grace: 3s }\n")

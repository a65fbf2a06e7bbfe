#!/usr/bin/python3
"""The supervisor is exchanged for another while sessions run (SIGUSR2, as a package's restart does): each goes on to its end, recorded, and the next one
serves within a second or two."""
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chaos import *  # noqa: E402,F403


@row("upgrade", "the supervisor is exchanged under running sessions")
def upgrade():
    n = 40 if LONG else 8
    # Each counts until it is told to stop.
    command = "i=0; while ! test -e stop; do i=$((i+1)); echo up-$i; sleep 0.05; done; echo up-end"
    running, first = [], []
    for _ in range(n):
        running.append(subprocess.Popen(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "demo-web", command], stdout=open(path("out-%d" % len(running)), "wb"),
                                        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL))
        k = len(running) - 1
        first.append(bool(wait_for(20, "command %d to run" % k, lambda: os.path.getsize(path("out-%d" % k)) > 0)))
    is_("(%d commands run)" % n, [True] * n, first)
    old = daemon()
    program = os.readlink("/proc/%d/exe" % old)
    os.kill(old, signal.SIGUSR2)
    wait_for(10, "the old one to leave", lambda: not alive(old))
    before = open(path("state/run/ssh.port")).read()
    start = time.monotonic()
    log = open(path("sallyportd.log"), "ab")
    new = subprocess.Popen([program, "-f", "-c", path("sallyport.yaml")], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    text = open(os.environ["SALLYPORT_SSH_CONFIG"]).read()
    served = None
    while served is None and time.monotonic() - start < 20:
        port = open(path("state/run/ssh.port")).read().strip()
        with open(path("new_config"), "w") as f:
            f.write(re.sub(r"(?m)^(\s*Port) \d+", r"\1 " + port, text) + "\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n")
        p = subprocess.run(["ssh", "-F", path("new_config"), "-o", "ConnectTimeout=3", "-o", "LogLevel=ERROR", "demo-web", "echo served"], capture_output=True, stdin=subprocess.DEVNULL)
        if p.stdout == b"served\n":
            served = time.monotonic() - start
        else:
            time.sleep(0.1)
    check("the next one serves after %s s" % (served and "%.1f" % served), served is not None and served < 10, p.stderr[-200:])
    before = [os.path.getsize(path("out-%d" % k)) for k in range(n)]
    wait_for(20, "all of them to go on", lambda: all(os.path.getsize(path("out-%d" % k)) > before[k] for k in range(n)))
    open(path("home/stop"), "w").close()
    lost, most = [], 0
    for k, p in enumerate(running):
        _, err = p.communicate(timeout=120)
        lines = open(path("out-%d" % k)).read().split()
        most = max(most, len(lines) - 1)
        if p.returncode != 0 or lines != ["up-%d" % i for i in range(1, len(lines))] + ["up-end"]:
            lost.append((p.returncode, len(lines), err[-200:]))
    is_("all that ran went on to its end, whole", [], lost)
    words = recorded_words()
    check("and was recorded to its end", "up-%d" % most in words, sorted(words)[-3:])
    end_is_recorded()
    log_verifies()
    new.terminate()
    new.wait(20)


run(config="limits: { commands_per_minute: 1000000, per_source: 1000, unauthenticated: 1000, sessions_per_identity: 1000 }\n")

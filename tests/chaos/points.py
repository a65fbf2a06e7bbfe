#!/usr/bin/python3
"""kill -9 at named points: strace ends a program at the Nth call of a system call that stands for a step of its work. Nothing that an agent saw is lost,
and the bastion serves again within seconds."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chaos import *  # noqa: E402,F403

# program, system call, which call, what it stands for
POINTS = [
    ("sallyport-control", "fdatasync", 1, "before the decision is on disk"),
    ("sallyport-control", "fdatasync", 2, "before the start of the command is on disk, or its end"),
    ("sallyport-control", "pwrite64", 1, "while the store is written"),
    ("sallyport-control", "pwrite64", 4, "further into the store's transaction"),
    ("sallyport-control", "sendmsg", 1, "before the first answer leaves"),
    ("sallyport-control", "sendmsg", 3, "after some of the answers left"),
    ("sallyport-control", "recvmsg", 2, "after a question was read"),
    ("sallyport-vault", "recvmsg", 1, "when it is asked"),
    ("sallyport-vault", "sendmsg", 1, "before it answers"),
    ("sallyport-vault", "write", 1, "before a signature leaves"),
    ("sallyport-recorder", "write", 1, "before anything is in the file"),
    ("sallyport-recorder", "fdatasync", 1, "before the file is on the disk"),
    ("sallyport-recorder", "fsync", 1, "before the file is closed"),
    ("sallyport-recorder", "renameat", 1, "before its note takes its name"),
    ("sallyport-recorder", "openat", 1, "before it has a file"),
    ("sallyport-session", "sendmsg", 1, "before it asks"),
    ("sallyport-session", "recvmsg", 2, "before the answer is read"),
]


def strace_works():
    p = subprocess.run(["strace", "-e", "trace=none", "true"], capture_output=True)
    return p.returncode == 0


@row("points", "killed at a named point, a program takes with it what it should and no more")
def points():
    if not strace_works():
        raise Skip("strace may not trace here")
    agents = [Agent("pointa"), Agent("pointb")]
    try:
        runs_again("the start")
        hit = 0
        chosen = POINTS if LONG else POINTS[0::2]
        for program, call, nth, what in chosen * (3 if LONG else 1):
            found = []
            end = time.monotonic() + 10
            while not found and time.monotonic() < end:
                found = pids(program)
                time.sleep(0.02)
            if not found:
                check("%s is there to be killed" % program, False)
                continue
            t = subprocess.Popen(["strace", "-qq", "-p", str(found[-1]), "-o", "/dev/null", "-e", "trace=" + call, "-e", "inject=%s:signal=SIGKILL:when=%d" % (call, nth)],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            end = time.monotonic() + 4
            while time.monotonic() < end and alive(found[-1]):
                time.sleep(0.02)
            hit += not alive(found[-1])
            t.terminate()
            t.wait()
            took = runs_again("%s killed at %s %d" % (program, call, nth))
            check("%s %s (%s %d): commands run again after %.1f s" % (program, what, call, nth, took), took < 15, took)
        check("most points were reached (%d)" % hit, hit >= len(chosen) // 2, hit)
    finally:
        for a in agents:
            a.stop()
    seen = [w for a in agents for w in a.seen]
    check("agents went on meanwhile (%d commands)" % len(seen), len(seen) > 5)
    end_is_recorded()
    log_verifies()
    nothing_lost(seen)


run()

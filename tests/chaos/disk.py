#!/usr/bin/python3
"""A disk that fails: every write, or every flush, is EIO, of the log or of recordings. Nothing runs that is not on record; afterwards all is well again."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chaos import *  # noqa: E402,F403


class Broken:
    """While it stands, the calls fail in these processes and in whatever they start."""

    def __init__(self, programs, calls, error):
        found = [p for name in programs for p in pids(name)]
        attach = [a for p in found for a in ("-p", str(p))]
        self.t = subprocess.Popen(["strace", "-qq", "-f", *attach, "-o", "/dev/null", "-e", "trace=" + calls,
                                   "-e", "inject=%s:error=%s" % (calls, error)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 5
        while time.monotonic() < end and any(self.untraced(p) for p in found):
            time.sleep(0.02)

    @staticmethod
    def untraced(pid):
        try:
            return "TracerPid:\t0\n" in open("/proc/%d/status" % pid).read()
        except OSError:
            return False

    def mend(self):
        self.t.send_signal(signal.SIGINT)
        self.t.wait()


def one(word, seconds=6):
    try:
        code, out, err = ssh("-o", "ConnectTimeout=3", "echo " + word, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None, b""
    return code, out


def attempt(what, programs, calls, error, n=3):
    broken = Broken(programs, calls, error)
    ran = []
    try:
        for i in range(n):
            code, out = one("broken-%d" % i)
            if out:
                ran.append(i)
    finally:
        broken.mend()
    took = runs_again(what, 40)
    check("%s: nothing ran; again %.1f s after it was mended" % (what, took), not ran, ran)


@row("disk", "a log or a recording that cannot be written lets nothing run")
def disk():
    if subprocess.run(["strace", "-e", "trace=none", "true"], capture_output=True).returncode != 0:
        raise Skip("strace may not trace here")
    runs_again("the start")
    log = ("sallyportd", "sallyport-control")
    recordings = ("sallyport-parent", "sallyport-recorder")
    attempt("the log cannot be flushed (EIO)", log, "fdatasync,fsync", "EIO")
    attempt("no recording can be opened (EIO)", recordings, "openat", "EIO")
    if LONG:
        attempt("the log cannot be flushed (ENOSPC)", log, "fdatasync,fsync", "ENOSPC")
        attempt("no recording can be opened (EROFS)", recordings, "openat", "EROFS")
        attempt("no recording can be opened (EMFILE)", recordings, "openat", "EMFILE")
        attempt("no recorder can be started (EMFILE)", ("sallyportd", "sallyport-parent"), "socketpair", "EMFILE")
    # A recording that breaks while its command runs ends the command: what the agent saw before is in it.
    b = None
    p = subprocess.Popen(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "demo-web", "while sleep 0.05; do echo tick; done"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    p.stdout.readline()
    b = Broken(("sallyport-recorder",), "write", "EIO")
    start = time.monotonic()
    p.communicate(timeout=30)
    took = time.monotonic() - start
    b.mend()
    check("a recording that breaks ends its session after %.1f s, code %d" % (took, p.returncode), took < 15 and p.returncode != 0, (took, p.returncode))
    runs_again("the broken recording")
    end_is_recorded()
    log_verifies()
    seen = [r for r in events("decision") if r.get("verdict") == "allow" and r.get("command", "").startswith("echo ")]
    check("%d commands are on record" % len(seen), len(seen) >= 3)


run()

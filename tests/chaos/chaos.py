"""What the chaos cases share beside tests/security/bastion.py: agents that run commands one after the other, and what must be true afterwards."""
import os
import re
import subprocess
import sys
import threading
import time

CHAOS = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(CHAOS), "security"))
from bastion import *  # noqa: E402,F403
import bastion as _b  # noqa: E402

LONG = os.environ.get("CHAOS_LONG") == "1"


class Agent(threading.Thread):
    """Runs `echo NAME-N` again and again with stock ssh, and keeps what it saw end well."""

    def __init__(self, name, host="demo-web"):
        super().__init__(daemon=True)
        self.name_, self.host, self.seen, self.over, self.tried = name, host, [], False, 0
        self.start()

    def run(self):
        while not self.over:
            self.tried += 1
            word = "%s-%d" % (self.name_, self.tried)
            try:
                code, out, _ = ssh("-o", "ConnectTimeout=5", "echo " + word, host=self.host, timeout=20)
            except subprocess.TimeoutExpired:
                continue
            if code == 0 and out.decode().strip() == word:
                self.seen.append(word)

    def stop(self):
        self.over = True
        self.join(30)


def runs_again(what, seconds=20):
    """Until a command runs; returns the seconds that it took."""
    start = time.monotonic()

    def try_one():
        try:
            return ssh("-o", "ConnectTimeout=3", "echo again", timeout=10)[1] == b"again\n"
        except subprocess.TimeoutExpired:
            return False
    wait_for(seconds, "commands to run again after " + what, try_one)
    return time.monotonic() - start


def verified():
    p = subprocess.run(["sallyport", "audit", "verify"], capture_output=True, text=True)
    return p.returncode == 0, (p.stdout + p.stderr)[-400:]


def log_verifies(seconds=20):
    """Checkpoints are a moment late: until it does."""
    end = time.monotonic() + seconds
    while True:
        ok, text = verified()
        if ok or time.monotonic() > end:
            check("the log verifies", ok, text)
            return
        time.sleep(0.3)


def recorded_words():
    words = set()
    d = os.environ["SALLYPORT_RECORDINGS"]
    for name in os.listdir(d):
        if name.endswith(".cast.gz"):
            p = subprocess.run(["zcat", os.path.join(d, name)], capture_output=True)
            words |= set(re.findall(r'"([a-z]+-[0-9]+)(?:\\r)?\\n', p.stdout.decode(errors="replace")))
    return words


def nothing_lost(seen):
    """Every command that an agent saw end was decided, on record, and its output recorded."""
    decided = {r.get("command") for r in events("decision") if r.get("verdict") == "allow"}
    lost = [w for w in seen if "echo " + w not in decided]
    check("all %d commands that were seen to end are decided on record" % len(seen), not lost, lost[:5])
    words = recorded_words()
    lost = [w for w in seen if w not in words]
    check("and their output is recorded", not lost, lost[:5])


def end_is_recorded():
    """Every session that began has its end on record."""
    def open_ones():
        began = {r["session"] for r in events("session.start")}
        return not (began - {r["session"] for r in events("session.end")})
    try:
        wait_for(20, "every session's end", open_ones)
        check("every session that began has its end on record", True)
    except AssertionError as e:
        check("every session that began has its end on record", False, e)


def supervisor_program(pid):
    return os.readlink("/proc/%d/exe" % pid)


def run(config="", policy="guard.yaml", options=()):
    _b.HERE = CHAOS
    _b.main(config, policy, options)

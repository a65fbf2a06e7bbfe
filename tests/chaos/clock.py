#!/usr/bin/python3
"""The bastion's wall clock jumps an hour ahead, and an hour back: running commands go on, what is valid for minutes is judged by the clock that is now,
nothing approved comes back to life, and the log verifies over the jumps."""
import os
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chaos import *  # noqa: E402,F403

CLOCK = os.environ.get("CHAOS_CLOCK") or os.path.join(tempfile.gettempdir(), "chaos-clock.%d" % os.getpid())


def shift(seconds):
    with open(CLOCK, "r+b") as f:
        f.write(struct.pack("q", seconds))


def yes():
    return ssh("-o", "ConnectTimeout=5", "echo yes", timeout=20)[1] == b"yes\n"


def fresh_login():
    """A certificate that is made now, by the bastion's clock, and a login with it."""
    try:
        return login(key=agent_key("agent-1")).run("echo yes")[1] == b"yes\n"
    except AssertionError as e:
        return str(e)[:200]


@row("clock", "the wall clock jumps an hour, both ways")
def clock():
    check("(it serves)", yes())
    ctl = pids("sallyport-control")[0]
    check("(the clock is ours: %s)" % CLOCK, CLOCK in open("/proc/%d/maps" % ctl).read())
    p = subprocess.Popen(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "demo-web", "i=0; while ! test -e stop; do i=$((i+1)); echo $i; sleep 0.05; done"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    first = int(p.stdout.readline())

    def goes_on(what):
        line = 0
        start = time.monotonic()
        while line < first + 20 and time.monotonic() - start < 20:
            line = int(p.stdout.readline() or -1)
            if line < 0:
                break
        check("%s: a running command goes on" % what, line >= first + 20, line)
        return line
    def pending():
        return operator("GET", "/v1/approvals?state=pending")[1]["approvals"]
    is_("a command waits for a person no longer than it should", 75, ssh("touch one", timeout=40)[0])
    operator("POST", "/v1/approvals/%s/approve" % pending()[0]["id"], {"reason": "yes"})
    is_("and another", 75, ssh("touch two", timeout=40)[0])
    is_("one is granted, one pending", 1, len(pending()))

    shift(3600)
    first = goes_on("an hour ahead")
    check("a certificate of before is over", not yes())
    wait_for(70, "grant and request to expire", lambda: len(events("approval.expired")) >= 2)
    check("no worker and no program died of it", not crashes() and pids("sallyport-control") == [ctl], crashes()[:1])

    shift(0)
    first = goes_on("back again")
    wait_for(20, "logins", yes)
    check("it serves again", True)
    is_("the grant did not come back to life", 75, ssh("touch one", timeout=40)[0])
    is_("nothing was used", [], events("approval.used"))
    check("and did not run", not os.path.exists(path("home/one")))

    shift(-3600)
    first = goes_on("an hour back")
    check("no program died of it", not crashes() and pids("sallyport-control") == [ctl], crashes()[:1])
    r = fresh_login()
    check("a token of the future is refused: %r" % (r,), r is not True, r)
    check("a certificate of the future is refused", not yes())
    shift(0)
    goes_on("and again")
    wait_for(20, "logins", yes)
    check("it serves again", True)
    open(path("home/stop"), "w").close()
    p.stdout.close()
    p.wait(20)
    log_verifies()
    end_is_recorded()


if "SALLYPORT_DEMO_DIR" not in os.environ:
    work = tempfile.mkdtemp(prefix="chaos-clock.")
    lib = os.path.join(work, "clock.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", lib, os.path.join(CHAOS, "clock.c")], check=True)
    with open(CLOCK, "wb") as f:
        f.write(struct.pack("q", 0))
    os.chmod(CLOCK, 0o644)
    os.environ["CHAOS_CLOCK"] = CLOCK
    wrap = 'export LD_PRELOAD=%s CHAOS_CLOCK=%s; exec REAL "$@"' % (lib, CLOCK)
    programs = os.path.join(work, "programs")
    clone_programs(programs, {n: wrap for n in ("sallyport-control", "sallyport-vault", "sallyport-session", "sallyport-recorder")})
    os.environ["SECURITY_PROGRAMS"] = programs
run(config="approvals: { wait: 1s, pending_ttl: 10m }\n", policy="policy.yaml")

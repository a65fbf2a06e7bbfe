#!/usr/bin/python3
"""Each program, once taken over: what it then tries it is refused, or dies of. The running programs are made to do it."""
import errno
import os
import platform
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bastion import *  # noqa: E402,F403

REFUSED, DIES, MAY = "refused", "dies", "may"
F_SETOWN, TIOCSTI = 8, 0x5412
# What is tried, the system call, its arguments; then what comes of it in vault, control, session, recorder.
TRIES = [
    ("open a file by its path", "open", ("text:/etc/passwd", 0), (REFUSED, None, REFUSED, REFUSED)),
    ("open one below no directory of its own", "openat", (-100, "text:/etc/passwd", 0), (REFUSED, None, REFUSED, REFUSED)),
    ("see whether a file is there", "stat", ("text:/etc/passwd", b"\0" * 256), (REFUSED, None, REFUSED, REFUSED)),
    ("remove a file", "unlink", ("text:/nonexistent/x",), (REFUSED, None, REFUSED, REFUSED)),
    ("make a socket", "socket", (2, 1, 0), (REFUSED, MAY, REFUSED, REFUSED)),
    ("make a unix socket", "socket", (1, 2, 0), (REFUSED, MAY, REFUSED, REFUSED)),
    ("connect what it has", "connect", (3, "connect:22", 16), (REFUSED, None, REFUSED, REFUSED)),
    ("make itself another user", "setuid", (0,), (REFUSED,) * 4),
    ("change its root", "chroot", ("text:/",), (REFUSED,) * 4),
    ("fork", "fork", (), (REFUSED,) * 4),
    ("signal another process", "kill", ("other", 0), (REFUSED,) * 4),
    ("signal another process's thread", "tgkill", ("other", "other", 0), (REFUSED,) * 4),
    ("have another process signalled", "fcntl", (3, F_SETOWN, "other"), (REFUSED,) * 4),
    ("type into a terminal", "ioctl", (2, TIOCSTI, "text:x"), (REFUSED,) * 4),
    ("limit another process", "prlimit64", ("other", 7, 0, 0), (REFUSED,) * 4),
    ("take another's descriptor", "pidfd_open", ("other", 0), (REFUSED,) * 4),
    ("use io_uring", "io_uring_setup", (1, b"\0" * 128), (REFUSED,) * 4),
    ("run a program", "execve", ("text:/bin/true", 0, 0), (DIES,) * 4),
    ("trace another process", "ptrace", (16, "other", 0, 0), (DIES,) * 4),
    ("read another's memory", "process_vm_readv", ("other", 0, 0, 0, 0, 0), (DIES,) * 4),
    ("mount something", "mount", (0, 0, 0, 0, 0), (DIES,) * 4),
    ("load a BPF program", "bpf", (5, 0, 0), (DIES,) * 4),
]
PROGRAMS = ("sallyport-vault", "sallyport-control", "sallyport-session", "sallyport-recorder")


def running():
    """A command that runs, so that all four are there."""
    p = subprocess.Popen(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "demo-web", "echo begun; sleep 60"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         stdin=subprocess.DEVNULL)
    p.stdout.readline()
    return p


@row("S1", "a program that was taken over is refused what it should not do, or dies of it")
def s1():
    if platform.machine() != "x86_64":
        raise Skip("knows x86-64 alone")
    seccomp = [line for line in open("/proc/%d/status" % pids("sallyport-control")[0]) if line.startswith("Seccomp:")]
    if seccomp != ["Seccomp:\t2\n"]:
        raise Skip("no sandbox in this build or kernel: %r" % seccomp)
    from inject import inject
    p = running()
    for program, column in zip(PROGRAMS, range(4)):
        bad = []
        tried = 0
        for what, call, args, wanted in TRIES:
            want = wanted[column]
            if want is None or (want == DIES and call != "execve" and not LONG):
                continue
            if p.poll() is not None:
                p.wait()
                wait_for(20, "the bastion to serve again", lambda: ssh("true")[0] == 0)
                p = running()
            found = wait_for(10, program, lambda: pids(program))
            mine = found[-1]
            args = [daemon() if a == "other" else a for a in args]
            got = inject(mine, call, *args)
            tried += 1
            ok = {REFUSED: got == -errno.EPERM, DIES: got == "killed by SIGSYS", MAY: isinstance(got, int) and got >= 0}[want]
            if not ok:
                bad.append("%s: %s" % (what, got if isinstance(got, str) else errno.errorcode.get(-got, got)))
            if isinstance(got, str):
                wait_for(10, "its end", lambda: not alive(mine))
                p.kill()  # whether its command outlives that is not the question here
                p.wait()
        check("%s: %d tries end as they should" % (program, tried), not bad, "; ".join(bad))
    p.kill()
    p.wait()
    wait_for(20, "the bastion to serve again", lambda: ssh("echo yes")[1] == b"yes\n")
    check("and the bastion serves on", True)


@row("S2", "nobody of the same user reads a program's memory, and none writes a core")
def s2():
    p = running()
    for program in PROGRAMS:
        pid = pids(program)[-1]
        own = os.stat("/proc/%d/mem" % pid).st_uid
        status = open("/proc/%d/status" % pid).read()
        check("%s: its /proc belongs to root, not to its user's other processes" % program, own == 0, own)
        check("%s: no new privileges, no core" % program, "NoNewPrivs:\t1" in status and " 0                    0 " in
              [line for line in open("/proc/%d/limits" % pid) if line.startswith("Max core")][0], status[:80])
        fds = {os.readlink("/proc/%d/fd/%s" % (pid, f)).split(":")[0] for f in os.listdir("/proc/%d/fd" % pid) if not fd_gone(pid, f)}
        files = sorted(f for f in fds if f.startswith("/") and not f.startswith(("/dev/null", os.environ["SALLYPORT_DEMO_DIR"])))
        check("%s: holds no file of anybody else's" % program, not files, files)
        if program == "sallyport-session":
            names = {f for f in fds if f.startswith("/") and f != "/dev/null"}
            check("the session worker: no file at all but its log", all("sallyportd.log" in n for n in names), names)
    p.kill()
    p.wait()


def fd_gone(pid, f):
    try:
        os.readlink("/proc/%d/fd/%s" % (pid, f))
        return False
    except OSError:
        return True


main()

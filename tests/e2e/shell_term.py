"""A person at a terminal, for tests of the managed shell: a client on a pty of its own, keys in, screen bytes out."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time


class Term:
    def __init__(self, argv, cols=80, rows=24, env=None):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.environ.update(env or {})
            os.execvp(argv[0], argv)
        self.size(cols, rows)
        self.all = b""
        self.n = 0
        self.status = None

    def size(self, cols, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def keys(self, data):
        while data:
            try:
                data = data[os.write(self.fd, data):]
            except OSError:
                return

    def wait(self, pattern, seconds=15):
        """Reads until the pattern stands in what came since the last call; returns that."""
        got, end = b"", time.time() + seconds
        while not re.search(pattern, got):
            left = end - time.time()
            if left <= 0:
                raise AssertionError("waited in vain for %r, got %r" % (pattern, got[-2000:]))
            if not select.select([self.fd], [], [], left)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                if re.search(pattern, got + b"<END>"):
                    return got
                raise AssertionError("it ended before %r, got %r" % (pattern, got[-2000:]))
            got += data
            self.all += data
        return got

    def sync(self, prompt=None):
        """Whatever state it is in: back to the prompt, proven by an echo's output."""
        self.n += 1
        word = b"OK-%d-here" % self.n
        end = time.time() + (8 if os.environ.get("SALLYPORT_TEST_WEAK") else 30)
        while time.time() < end:
            self.keys(b"\x03")
            time.sleep(0.15)
            self.keys(b"\x03\x15echo OK-%d-'here'\r" % self.n)
            try:
                return self.wait(rb"\n" + word + rb"\r\n(?:[^\n]*\r\n)?[^\n]*\$ $", 4)  # a narrow terminal wraps the prompt
            except AssertionError:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    raise
        raise AssertionError("no prompt any more")

    def end(self):
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status


def ssh(*options):
    return Term(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "-tt", *options, "demo-web"])


def ready(t):
    """At the first prompt; ends the test with 77 where the target gives no terminal."""
    t.wait(rb"\$ $")
    t.keys(b"tty\r")
    got = t.wait(rb"\$ $")
    if b"gives no terminal" in got:
        print("the target's sshd gives no terminal to this user (devpts mounted mode=600)")
        sys.exit(77)
    return t


def ok(what):
    print("ok:", what)

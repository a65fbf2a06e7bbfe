"""Destinations that no client would send, on one connection that goes on afterwards: each refused, each with a record that shows what came, escaped."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../security"))
from bastion import crashes, events, login, next_seq, wait_for  # noqa: E402
from sshraw import Closed, string, u32  # noqa: E402

SUFFIX = string("127.0.0.1") + u32(9)
failed = 0


def ok(what, holds, detail=""):
    global failed
    print("%s: %s %s" % ("ok" if holds else "NO", what, "" if holds else detail))
    failed += not holds


def refusal(c, kind, extra):
    """The text with which it is refused; None when it was not."""
    from sshraw import Reader
    mine, c.channels = c.channels, c.channels + 1
    c.send(b"\x5a" + string(kind) + u32(mine) + u32(1 << 20) + u32(32768) + extra)
    p = c.expect(91, 92)
    if p[0] == 91:
        return None
    r = Reader(p[1:])
    return r.u32() == mine and (r.u32(), r.string().decode())


c = login()
since = next_seq()
cases = [("control bytes", b"db\x1b[2J\x07\r\n1", 5432, "\\u001b"), ("a NUL before another host", b"127.0.0.1\0.evil", 22, "\\u0000"), ("60,000 bytes", b"a" * 60000, 22, "a" * 1000),
         ("no name", b"", 22, '":22"'), ("port 0", b"127.0.0.1", 0, "127.0.0.1:0"), ("port 70000", b"127.0.0.1", 70000, "127.0.0.1:70000"),
         ("port 2^32-1", b"127.0.0.1", 0xFFFFFFFF, "127.0.0.1:4294967295"), ("port 22 and 2^16", b"127.0.0.1", 65558, "127.0.0.1:65558"),
         ("bytes that are no UTF-8", b"\xff\xfe\x80", 22, "xff"), ("a zone", b"fe80::1%lo", 22, "%lo"), ("an option", b"-oProxyCommand=id", 22, "-oProxyCommand"),
         ("a number", b"2130706433", 22, "2130706433"), ("hexadecimal", b"0x7f.1", 22, "0x7f.1")]
for what, host, port, shown in cases:
    r = refusal(c, "direct-tcpip", string(host) + u32(port) + SUFFIX)
    ok(what + " is refused", r and r[0] == 1 and "gate:destination" in r[1] and all(32 <= ord(x) < 127 for x in r[1]), r)
    last = wait_for(5, "its record", lambda: [e for e in events("decision", since) if e["kind"] == "forward"][-1:])[0]
    ok("  and recorded as it came", shown in json.dumps(last) and last["verdict"] == "deny", json.dumps(last)[:300])
    since = last["seq"] + 1
for what, path in (("a relative path", b"run/x"), ("a path of 200 bytes", b"/" + b"x" * 199), ("a path with a newline", b"/tmp/a\nb"), ("a path that is a host", b"127.0.0.1:22")):
    r = refusal(c, "direct-streamlocal@openssh.com", string(path) + string(b"") + u32(0))
    ok(what + " is refused", r and "gate:destination" in r[1], r)
ok("a type that is none is refused by name", refusal(c, "tun@openssh.com", u32(1) + u32(0)) and wait_for(
    5, "its record", lambda: [e for e in events("decision", since) if e.get("command") == "tun@openssh.com"]))
ok("X11 too", refusal(c, "x11", string("1.2.3.4") + u32(1)) and wait_for(5, "its record", lambda: [e for e in events("decision", since) if e.get("command") == "x11"]))
# The connection is as it was.
ok("a command runs on the same connection", c.run("echo still here")[1] == b"still here\n")
for what, extra in (("cut short", string("127.0.0.1")), ("with bytes left over", string("127.0.0.1") + u32(22) + SUFFIX + b"x"), ("a length that lies", u32(0xFFFFFFF0) + b"127")):
    c = login()
    c.send(b"\x5a" + string("direct-tcpip") + u32(0) + u32(1 << 20) + u32(32768) + extra)
    c.send(b"\x5a" + string("direct-tcpip") + u32(1) + u32(1 << 20) + u32(32768) + string("127.0.0.1") + u32(1) + SUFFIX)
    try:
        c.expect(91, seconds=5)
        ok("an open " + what, False, "it was accepted")
    except Closed:
        ok("an open %s ends the connection" % what, True)
    except AssertionError as e:
        ok("an open " + what, False, e)
c = login()
n = 0
try:
    for i in range(5000):
        c.send(b"\x5a" + string("direct-tcpip") + u32(i) + u32(1 << 20) + u32(32768) + string("no.such.host") + u32(22) + SUFFIX)
        n += 1
    ok("5,000 opens, or its end", True)
except (Closed, OSError):
    ok("a flood of opens ends the connection, after %d" % n, n > 10)
ok("nothing crashed", crashes() == [], crashes())
sys.exit(failed > 0)

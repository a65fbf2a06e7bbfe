#!/usr/bin/python3
"""What a logged-in agent, or a target, can try on the connection: rows L6, L7, L9, P6-P8, P14, P15."""
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bastion import *  # noqa: E402,F403
from sshraw import *  # noqa: E402,F403


def fresh(user="demo-web", key=None):
    """A logged-in client and its worker."""
    key = key or agent_key()
    before = pids("sallyport-session")
    c = login(user, key)
    return c, worker(before)


@row("L6", "windows are counted, from both sides")
def l6():
    def overflow(what, command, mib, extended=False):
        c, pid = fresh()
        ch, window = c.open()
        if command:
            c.exec(ch, command)
            time.sleep(0.5)
        rss, top, sent = memory(pid), 0, 0
        piece = (b"\x5f" + u32(ch) + u32(1) if extended else b"\x5e" + u32(ch)) + string(bytes(32000))
        ended = False
        c.sock.settimeout(3)
        try:
            while sent < mib << 20:
                c.send(piece)
                sent += 32000
                if sent % (32000 * 32) == 0:
                    top = max(top, memory(pid) - rss)
        except (Closed, socket.timeout, OSError):
            ended = True
        ended = ended or c.ended(5)
        c.close()
        check("%s: ended after %.1f MiB, memory +%.1f MiB" % (what, sent / 2**20, top / 1024), ended and top < 8192, "ended %s, +%d KiB" % (ended, top))
    mib = 200
    overflow("%d MiB past the window into a command that does not read" % mib, "sleep 30", mib)
    overflow("the same with no command asked for", None, mib)
    # Extended data from an agent is read and thrown away: its window is granted again, so it never runs over, and nothing is kept.
    c, pid = fresh()
    ch, window = c.open()
    rss = memory(pid)
    try:
        for _ in range(700):
            c.send(b"\x5f" + u32(ch) + u32(1) + string(bytes(32000)))
    except Closed:
        pass
    check("20 MiB of extended data are not kept (+%d KiB)" % (memory(pid) - rss), memory(pid) - rss < 8192)
    c.close()

    c, pid = fresh()
    ch, _ = c.open(window=100)
    c.exec(ch, "echo hello; sleep 1; echo there")
    for _ in range(2):
        c.send(b"\x5d" + u32(ch) + u32(0xFFFFFFFF))
    try:
        r = c.collect(10, ch)
        check("WINDOW_ADJUST of 4 GiB twice: the output is whole", r[:2] == (0, b"hello\nthere\n"), r)
    except Closed:
        check("WINDOW_ADJUST of 4 GiB twice: the connection ends", True)
    for size in (0, 1, 31, 0xFFFFFFFF):
        c, pid = fresh()
        start = cpu(pid)
        c.sock.settimeout(5)
        r = None
        try:
            ch = c.open(packet=size)
            if ch is not None:
                c.exec(ch[0], "head -c 3000 /dev/zero; echo end")
                r = c.collect(4, ch[0])
                ok = len(r[1]) == 3004
            else:
                ok = True
        except (Closed, socket.timeout):
            ok = True
        spent = cpu(pid) - start if alive(pid) else 0
        check("a maximum packet of %d: all of it, or none; %.2f s of CPU" % (size, spent), ok and spent < 1, (r and len(r[1]), spent))
        c.close()
    check("no worker died of it", not crashes(), crashes()[:1])

    from target import Target, raw_adjust, raw_data

    def flood(ch, t):
        for i in range(7000):
            raw_data(ch, t, bytes(30000), i % 2 == 1)
        ch.send_exit_status(0)
        ch.close()

    def adjust(ch, t):
        raw_adjust(ch, t, 0xFFFFFFFF)
        raw_adjust(ch, t, 0xFFFFFFFF)
        ch.sendall(b"fine\n")
        ch.send_exit_status(0)
        ch.close()
    target = Target({"flood": flood, "adjust": adjust})
    target.install()
    key = agent_key()
    c, pid = fresh("demo-db", key)
    ch, _ = c.open(window=1000)  # and the agent does not read
    c.exec(ch, "flood it")
    rss, top = 0, 0
    end = time.monotonic() + 12
    rss = memory(pid)
    while time.monotonic() < end and alive(pid):
        top = max(top, memory(pid) - rss)
        time.sleep(0.02)
    check("a target that sends 200 MiB past its window: the session ends, memory +%.1f MiB" % (top / 1024), not alive(pid) and 0 < rss and top < 8192 + 2048,
          "alive %s +%d KiB" % (alive(pid), top))
    c.close()
    c, pid = fresh("demo-db", key)
    r = c.run("adjust it")
    check("a target's WINDOW_ADJUST of 4 GiB twice does no harm", r[1] in (b"fine\n", b""), r)
    check("no worker died of it", not crashes(), crashes()[:1])


@row("L7", "floods of refused channels and of answers nobody asked for")
def l7():
    n = 100000 if LONG else 4000
    key = agent_key()
    other, _ = fresh(key=key)
    ch, _ = other.open()
    other.exec(ch, "cat")

    def echo(count):
        took = []
        for _ in range(count):
            t = time.monotonic()
            other.send(b"\x5e" + u32(ch) + string("x\n"))
            other.expect(94)
            took.append(time.monotonic() - t)
        took.sort()
        return took[int(len(took) * 0.99) - 1]
    echo(20)
    quiet = echo(200)
    for what, payload, answers in (
            ("unknown channel types", b"\x5a" + string("nonsense") + u32(7) + u32(100) + u32(32768), True),
            ("direct-tcpip", b"\x5a" + string("direct-tcpip") + u32(7) + u32(100) + u32(32768) + string("127.0.0.1") + u32(22) + string("x") + u32(1), True),
            ("REQUEST_SUCCESS", b"\x51", False), ("REQUEST_FAILURE", b"\x52", False),
            ("CHANNEL_SUCCESS for no channel", b"\x63" + u32(99), False),
            ("global requests", b"\x50" + string("nothing@example.com") + b"\x01", True)):
        c, pid = fresh(key=key)
        count = n if not answers or "unknown" in what else n // 4
        rss = memory(pid)
        worst = [0]
        stop = threading.Event()

        def watch():
            while not stop.is_set():
                worst[0] = max(worst[0], memory(pid) - rss)
                time.sleep(0.05)

        def send():
            try:
                for i in range(count):
                    c.send(payload)
            except (Closed, OSError):
                pass

        def drain():
            c.sock.settimeout(1)
            while not stop.is_set():
                try:
                    if not c.sock.recv(65536):
                        return
                except socket.timeout:
                    pass
                except OSError:
                    return
        threads = [threading.Thread(target=f, daemon=True) for f in (watch, drain)]
        sender = threading.Thread(target=send, daemon=True)
        for t in threads:
            t.start()
        sender.start()
        loud = echo(100)
        sender.join(240)
        time.sleep(0.3)
        stop.set()
        for t in threads:
            t.join()
        c.close()
        check("%d of %s: memory +%d KiB; another session's echo p99 %.1f ms (%.1f alone)" % (count, what, worst[0], loud * 1e3, quiet * 1e3),
              worst[0] < 8192 and loud < quiet + 1.0 and not sender.is_alive(), "+%d KiB, p99 %.3f s" % (worst[0], loud))
    # Who asks and does not read the answers: they must not pile up here for ever.
    for what, payload in (("keepalives", b"\x50" + string("keepalive@openssh.com") + b"\x01"),
                          ("opens with long names", b"\x5a" + string("x" * 200) + u32(7) + u32(100) + u32(32768))):
        c, pid = fresh(key=key)
        rss, top, sent = memory(pid), 0, 0
        count = 400000 if LONG else 60000
        big = c.pack(payload)  # one after the other: each has its number
        c.sock.settimeout(5)
        try:
            while sent < count:
                c.raw(big)
                for _ in range(199):
                    big = c.pack(payload)
                    c.raw(big)
                sent += 200
                big = c.pack(payload)
                top = max(top, memory(pid) - rss)
        except (Closed, socket.timeout, OSError):
            pass
        check("%d %s whose answers nobody reads: memory +%d KiB" % (sent, what, top), top < 8192, top)
        c.close()

    from target import Target, raw_open

    def opens(ch, t):
        """A target that asks its client for channels, each with a long name."""
        n = 4000 if LONG else 1500
        for _ in range(n):
            raw_open(t, b"x11", b"\0" * 20000)
        time.sleep(0.5)
        ch.sendall(b"done\n")
        ch.send_exit_status(0)
        ch.close()

    def first(ch, t):
        ch.send_exit_status(0)
        ch.close()
    target = Target({"opens": opens, "first": first})
    target.install()
    c, pid = fresh("demo-db", agent_key())
    c.run("first one")
    rss, top = memory(pid), [0]
    over = threading.Event()

    def look():
        while not over.is_set():
            top[0] = max(top[0], memory(pid) - rss)
            time.sleep(0.02)
    th = threading.Thread(target=look)
    th.start()
    try:
        r = c.run("opens them")
    except Closed:
        r = None
    over.set()
    th.join()
    check("a target that asks for channels, 20 kB each: memory +%d KiB" % top[0], top[0] < 8192, (top[0], r and r[:2]))
    c.close()
    is_("the other session still runs", b"x\n", (other.send(b"\x5e" + u32(ch) + string("x\n")), Reader(other.expect(94)[5:]).string())[1])
    check("no worker died of it", not crashes(), crashes()[:1])


@row("L9", "key exchanges in the middle of everything")
def l9():
    n = 1000 if LONG else 60
    c, pid = fresh()
    ch, _ = c.open()
    c.exec(ch, "cat")
    rss = 0
    c.kex_names = "ecdh-sha2-nistp256,curve25519-sha256"  # the guess is wrong when the first names differ
    for i in range(n):
        c.key_exchange(follows=True)
        if i == 10:
            rss = memory(pid)
    c.send(b"\x5e" + u32(ch) + string("after\n"))
    is_("%d exchanges with a wrong guess in one session: it still works" % n, b"after\n", Reader(c.expect(94)[5:]).string())
    check("memory +%d KiB" % (memory(pid) - rss), memory(pid) - rss < 1024)
    c.close()
    size = (20 if LONG else 2) << 20
    data = os.urandom(size)
    open(path("home/big"), "wb").write(data)
    for limit in ("16K", "128K", "1M"):
        if limit == "16K" and LONG:
            size_now = 4 << 20
        else:
            size_now = size
        code, out, err = ssh("-o", "RekeyLimit=" + limit, "head -c %d big" % size_now, timeout=300)
        check("RekeyLimit %s, %d MiB down: identical" % (limit, size_now >> 20), code == 0 and out == data[:size_now], (code, len(out), err[-200:]))
        code, out, err = ssh("-o", "RekeyLimit=" + limit, "sha256sum", stdin=data[:size_now], timeout=300)
        check("and up", out.split()[:1] == [hashlib.sha256(data[:size_now]).hexdigest().encode()], (code, out[:80], err[-200:]))

    # The bastion begins (rekey_bytes), and the agent gives no answer: what libssh keeps until there is one has no bound of its own.
    def silent(command, window=0xF0000000):
        c, pid = fresh()
        ch, _ = c.open(window=window)
        c.exec(ch, command)
        got, theirs = 0, None
        while theirs is None:
            p = c.expect(20, 94)
            if p[0] == 20:
                theirs = p
            else:
                got += len(p) - 9
        return c, pid, ch, got, theirs

    def grown(pid, rss, seconds):
        top, end = 0, time.monotonic() + seconds
        while time.monotonic() < end and alive(pid):
            top = max(top, memory(pid) - rss)
            time.sleep(0.05)
        return top
    total = (400 if LONG else 60) << 20
    c, pid, ch, got, theirs = silent("head -c %d /dev/zero" % total)
    more = grown(pid, memory(pid), 4)
    check("no answer to the bastion's KEXINIT after %d MiB, the window is 4 GiB: +%d KiB" % (got >> 20, more), more < 8192)
    c.answer_kexinit(theirs)
    while got < total:
        got += len(c.expect(94)) - 9
    is_("the answer comes after all: every byte follows", total, got)
    c.close()
    for what, asks in (("keepalives", b"\x50" + string("keepalive@openssh.com") + b"\x01"), ("unknown packets and keepalives", None)):
        c, pid, ch, got, theirs = silent("head -c %d /dev/zero; sleep 60" % (17 << 20))
        rss, top, ended = memory(pid), 0, False
        c.sock.settimeout(5)
        try:
            for i in range(1500 if not LONG else 6000):
                c.raw(b"".join(c.pack(asks or (b"\xc8" if j & 1 else b"\x50" + string("keepalive@openssh.com") + b"\x01")) for j in range(200)))
                top = max(top, memory(pid) - rss)
        except (Closed, socket.timeout, OSError):
            ended = True
        check("a flood of %s in place of an answer: ended %s, +%d KiB" % (what, ended or not alive(pid), top), ended and top < 32768)
        c.close()

    from target import Target, raw_adjust

    def swallow(ch, t):
        t._handler_table = {**t._handler_table, 20: lambda *a: asked.set()}
        raw_adjust(ch, t, 0xE0000000)
        while ch.recv(1 << 20):
            pass
    asked = threading.Event()
    target = Target({"swallow": swallow})
    target.install()
    before = pids("sallyport-session")
    p = subprocess.Popen(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "demo-db", "swallow it"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pid = worker(before)
    threading.Thread(target=lambda: p.communicate(bytes(200 << 20)), daemon=True).start()
    check("a target is asked for new keys after 16 MiB", asked.wait(30))
    more = grown(pid, memory(pid), 4)
    check("and does not answer, its window is 4 GiB: +%d KiB" % more, alive(pid) and more < 12288)
    p.kill()
    check("no worker died of it", not crashes(), crashes()[:1])


@row("P6", "every kind of request goes through the one decision, and leaves its record")
def p6():
    c = login()

    def decided(what, pattern, act):
        since = next_seq()
        try:
            r = act()
        except (Closed, socket.timeout) as e:
            r = e
        got = lambda: [x for x in events("decision", since) if pattern in json.dumps(x)]
        try:
            d = wait_for(4, what, got)[-1]
            check("%s: a decision record, verdict %s" % (what, d.get("verdict")), True)
            return d, r
        except AssertionError:
            check(what + ": a decision record", False, (r, [json.dumps(x)[:200] for x in events("decision", since)]))
            return {}, r

    def on_channel(kind, data=b"", before=()):
        def act():
            ch, _ = c.open()
            for b in before:
                c.request(ch, *b)
            r = c.request(ch, kind, data)
            try:
                return r, c.collect(5, ch)
            except socket.timeout:
                return r, None
        return act

    def opens(kind, extra):
        return lambda: c.open(kind, extra=extra)
    pty = ("pty-req", string("xterm") + u32(80) + u32(24) + u32(0) + u32(0) + string(""))
    d, r = decided("exec", "echo", on_channel("exec", string("echo one")))
    d, r = decided("exec with a terminal", "echo", on_channel("exec", string("echo two"), [pty]))
    for name in ("sftp", "netconf"):
        d, r = decided("subsystem " + name, name, on_channel("subsystem", string(name)))
        check("  and is refused", d.get("verdict") == "deny", (d.get("verdict"), r))
    d, r = decided("shell", "shell", on_channel("shell"))
    d, r = decided("shell with a terminal", "shell", on_channel("shell", b"", [pty]))
    d, r = decided("direct-tcpip", "127.0.0.1:22", opens("direct-tcpip", string("127.0.0.1") + u32(22) + string("127.0.0.1") + u32(9)))
    check("  and is refused", r is None, r)
    d, r = decided("direct-streamlocal", "", opens("direct-streamlocal@openssh.com", string("/run/x.sock") + string("") + u32(0)))
    check("  and is refused", r is None, r)
    d, r = decided("tun", "", opens("tun@openssh.com", u32(1) + u32(0)))
    check("  and is refused", r is None, r)
    d, r = decided("auth-agent-req", "auth-agent-req", on_channel("auth-agent-req@openssh.com"))
    d, r = decided("x11-req", "x11-req", on_channel("x11-req", b"\0" + string("MIT-MAGIC-COOKIE-1") + string("00") + u32(0)))
    check("  and is refused", isinstance(r, tuple) and r[0] is False, r)
    since = next_seq()
    c.send(b"\x50" + string("tcpip-forward") + b"\x01" + string("127.0.0.1") + u32(0))
    is_("tcpip-forward is refused", 82, c.expect(81, 82)[0])
    check("  with a record", wait_for(4, "its record", lambda: [x for x in events("decision", since) if x["kind"] == "listen" and x["verdict"] == "deny"]))
    d, r = decided("env", "SOMETHING", on_channel("env", string("SOMETHING") + string("1")))
    scp = subprocess.run(["scp", "-O", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "demo-web:app.log", path("got")], capture_output=True)
    check("scp in the old protocol is decided like any command (exit %d)" % scp.returncode, [x for x in events("decision") if '"scp"' in json.dumps(x)])
    scp = subprocess.run(["scp", "-s", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "demo-web:app.log", path("got2")], capture_output=True)
    check("scp over sftp is decided as the subsystem, and got nothing", scp.returncode != 0 and not os.path.exists(path("got2")), scp.returncode)


@row("P7", "no variable of the agent's reaches the target")
def p7():
    base = ssh("env")[1]
    names = ["LD_PRELOAD=/tmp/x.so", "LD_LIBRARY_PATH=/tmp", "BASH_ENV=/tmp/x", "ENV=/tmp/x", "PATH=/tmp:/bin", "PS4=$(id)", "GIT_SSH_COMMAND=id",
             "LC_ALL=C", "TERM=evil", "IFS=x", "SALLYPORT_OUTPUT=json", "A=b", "PYTHONSTARTUP=/tmp/x"]
    args = [x for n in names for x in ("-o", "SetEnv=" + n)]  # ssh keeps the first of a kind
    strip = lambda t: sorted(l for l in t.splitlines() if not l.startswith((b"SSH_CLIENT=", b"SSH_CONNECTION=", b"SSH_ORIGINAL_COMMAND=", b"_=")))
    is_("SetEnv of %d" % len(names), strip(base), strip(ssh("-o", "SetEnv=" + " ".join(names), "env")[1]))
    for n in names:
        name, value = n.split("=", 1)
        c = login()
        ch, _ = c.open()
        c.request(ch, "env", string(name) + string(value))
        c.exec(ch, "env")
        r = c.collect(10, ch)
        check("env %s by hand" % name, strip(r[1]) == strip(base), set(strip(r[1])) ^ set(strip(base)))
        c.close()
    c = login()
    ch, _ = c.open()
    for name, value in (("A=B", "x"), ("", "x"), ("A\nLD_PRELOAD", "x"), ("A", "x\nLD_PRELOAD=y"), ("A" * 5000, "x"), ("A", "\x00"), ("A", "x" * 100000)):
        c.request(ch, "env", string(name) + string(value))
    for i in range(300):
        c.request(ch, "env", string("N%d" % i) + string("1"), want=False)
    c.exec(ch, "env")
    r = c.collect(10, ch)
    check("names and values of no form, and 300 of them", strip(r[1]) == strip(base), r)


    # A target that takes whatever comes: a private sshd drops most variables by itself.
    from target import Target
    t = Target({"hello": lambda ch, tr: (ch.sendall(b"hello\n"), ch.send_exit_status(0), ch.close())})
    t.install()
    c = login("demo-db")
    ch, _ = c.open()
    for n in names:
        c.request(ch, "env", string(n.split("=", 1)[0]) + string(n.split("=", 1)[1]))
    c.request(ch, "auth-agent-req@openssh.com")
    c.request(ch, "x11-req", b"\0" + string("MIT-MAGIC-COOKIE-1") + string("00") + u32(0))
    c.exec(ch, "hello")
    is_("(a target that takes all)", b"hello\n", c.collect(15, ch)[1])
    is_("is asked for no variable, agent or display", [], t.env)


@row("P8", "agent, X11 and port forwarding stay off, whatever the client wants")
def p8():
    env = dict(os.environ, DISPLAY=":99")
    agent = subprocess.run(["ssh-agent", "-a", path("agent.sock"), "-s"], capture_output=True, text=True).stdout
    agent_pid = int(agent.split("SSH_AGENT_PID=")[1].split(";")[0])
    try:
        env["SSH_AUTH_SOCK"] = path("agent.sock")
        forward = ["-A", "-X", "-o", "IdentityAgent=" + path("agent.sock"), "-o", "ForwardAgent=yes"]
        p = subprocess.run(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], *forward, "demo-web", "env"], capture_output=True, text=True, env=env)
        check("-A -X: the target sees neither socket nor display", p.returncode == 0 and "SSH_AUTH_SOCK" not in p.stdout and "DISPLAY" not in p.stdout, p.stdout + p.stderr)
    finally:
        os.kill(agent_pid, 15)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    listener.settimeout(0.2)
    port = listener.getsockname()[1]
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    local = probe.getsockname()[1]
    probe.close()

    def reached():
        try:
            listener.accept()
            return True
        except socket.timeout:
            return False
    for what, option in (("-L", "127.0.0.1:%d:127.0.0.1:%d" % (local, port)), ("-D", "127.0.0.1:%d" % local)):
        p = subprocess.Popen(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], what, option, "-N", "demo-web"], stderr=subprocess.DEVNULL)
        try:
            def dial():
                try:
                    s = socket.create_connection(("127.0.0.1", local), 1)
                except OSError:
                    return None
                return s
            s = wait_for(8, "the local end", dial)
            if what == "-D":
                s.sendall(b"\x05\x01\x00")
                s.recv(2)
                s.sendall(b"\x05\x01\x00\x01\x7f\0\0\x01" + port.to_bytes(2, "big"))
            check(what + " reaches nothing", not reached())
        finally:
            p.terminate()
            p.wait()
    for what, option in (("-R", "0:127.0.0.1:%d" % port), ("-w", "0:0")):
        p = subprocess.run(["timeout", "8", "ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "-o", "ExitOnForwardFailure=yes", what, option, "demo-web", "true"],
                           capture_output=True)
        check(what + " is refused", p.returncode not in (0, 124), p.returncode)
    p = subprocess.run(["timeout", "8", "ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "-W", "127.0.0.1:%d" % port, "demo-web"], capture_output=True)
    check("-W is refused", p.returncode not in (0, 124) and not reached(), p.returncode)
    from target import Target
    tried = []

    def back(ch, t):
        for kind in ("auth-agent@openssh.com", "x11", "forwarded-tcpip"):
            try:
                kw = {"src_addr": ("127.0.0.1", 1), "dest_addr": ("127.0.0.1", 2)} if kind != "auth-agent@openssh.com" else {}
                t.open_channel(kind, timeout=3, **kw)
                tried.append((kind, "opened"))
            except Exception as e:
                tried.append((kind, "refused " + str(e)[:40]))
        ch.send_exit_status(0)
        ch.close()
    t = Target({"back": back})
    t.install()
    r = login("demo-db").run("back", 20)
    check("a target that opens channels back gets none", len(tried) == 3 and all(x[1].startswith("refused") for x in tried), tried)


@row("P14", "nothing is lost or out of order, whoever speaks first")
def p14():
    n = 1000 if LONG else 60
    c, pid = fresh()
    bad = 0
    for i in range(n):
        r = c.run("echo %d" % i)
        bad += r[:2] != (0, b"%d\n" % i)
    is_("%d commands that speak at once, on one connection" % n, 0, bad)
    bad = 0
    for i in range(20):
        ch, _ = c.open()
        c.send(b"\x62" + u32(ch) + string("exec") + b"\x01" + string("cat"))
        c.send(b"\x5e" + u32(ch) + string("early %d" % i))
        c.send(b"\x60" + u32(ch))
        c.expect(99)
        r = c.collect(10, ch)
        bad += r[:2] != (0, b"early %d" % i)
    is_("data right behind the request, before its answer: 20 times", 0, bad)
    ch, _ = c.open()
    c.send(b"\x5e" + u32(ch) + string("before the request "))
    time.sleep(0.2)
    c.exec(ch, "cat")
    c.send(b"\x5e" + u32(ch) + string("and after"))
    c.send(b"\x60" + u32(ch))
    is_("data before the request is not lost", b"before the request and after", c.collect(10, ch)[1])
    data = os.urandom(1 << 20)
    got = ssh("cat", stdin=data)
    check("cat of a megabyte", got[0] == 0 and got[1] == data, (got[0], len(got[1]), got[2]))
    subprocess.run(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "-o", "ControlMaster=yes", "-o", "ControlPath=" + path("mux"), "-fN", "demo-web"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    wait_for(10, "the master", lambda: os.path.exists(path("mux")))
    procs = [subprocess.Popen(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "-o", "ControlPath=" + path("mux"), "demo-web", "cat; echo %d" % i],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.PIPE) for i in range(10)]
    for i, p in enumerate(procs):
        p.stdin.write(b"%d " % i * 20000)
    for p in procs:
        p.stdin.close()
    good = sum(p.stdout.read() == b"%d " % i * 20000 + b"%d\n" % i for i, p in enumerate(procs))
    for p in procs:
        p.wait()
    subprocess.run(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "-o", "ControlPath=" + path("mux"), "-O", "exit", "demo-web"], capture_output=True)
    is_("10 channels with data both ways at once", 10, good)
    c2, _ = fresh()
    open_now = [c2.open()[0] for _ in range(60)]
    for i, ch in enumerate(open_now):
        c2.send(b"\x62" + u32(ch) + string("exec") + b"\0" + string("echo %d" % i))
    outs, ends = {}, 0
    while ends < 60:
        p = c2.expect(94, 97, seconds=40)
        mine = Reader(p[1:]).u32()
        if p[0] == 94:
            outs[mine] = outs.get(mine, b"") + Reader(p[5:]).string()
        else:
            ends += 1
    is_("60 channels of one connection at once", 60, sum(outs.get(i) == b"%d\n" % i for i in range(60)))


@row("P15", "a reader that stops holds the target, not the bastion's memory")
def p15():
    pause = 60 if LONG else 6
    size = (10 << 30) if LONG else (64 << 20)
    # Blocks that say which they are, so that what is lost, doubled or out of its place shows; and that compress, as all of it is recorded.
    block = 1 << 16
    rest = (b"x" * 63 + b"\n") * (block // 64 - 1)
    with open(path("home/blocks.py"), "w") as f:
        f.write("import sys\nfor i in range(%d):\n    sys.stdout.buffer.write(b'block %%-57d\\n' %% i + %r * %d)\n" % (size // block, rest[:64], len(rest) // 64))
    c, pid = fresh()
    c.run("true")
    idle = memory(pid)
    ch, _ = c.open(window=1 << 20)
    c.exec(ch, "python3 blocks.py")
    time.sleep(2)
    before = rss = memory(pid)
    end = time.monotonic() + pause
    while time.monotonic() < end:
        rss = max(rss, memory(pid))
        time.sleep(0.1)
    check("%d s without reading: the worker's memory stands at %.1f MiB, %.1f MiB more than before the command" % (pause, rss / 1024, (rss - idle) / 1024),
          rss - before <= 4096 and rss - idle <= 4096, (idle, before, rss))
    control = memory(pids("sallyport-control")[0])
    recorders = sum(memory(p) for p in pids("sallyport-recorder"))
    check("so do control and the recorder (%d, %d KiB)" % (control, recorders), control < 65536 and recorders < 65536)
    got, wrong, status, top, had = 0, None, None, rss, b""
    start = time.monotonic()
    while wrong is None and time.monotonic() < start + 900:
        p = c.expect(94, 97, 98, seconds=60)
        if p[0] == 97:
            break
        if p[0] == 98:
            status = Reader(p[5:]).string()[:11], p[-4:]
            continue
        had += Reader(p[5:]).string()
        c.send(b"\x5d" + u32(ch) + u32(len(p) - 9))
        while len(had) >= block and wrong is None:
            if had[:block] != b"block %-57d\n" % (got // block) + rest:
                wrong = got // block
            got, had = got + block, had[block:]
            if got % (16 << 20) == 0:
                top = max(top, memory(pid))
    check("then it goes on: %d MiB in %.0f s, nothing lost, doubled or changed" % (got >> 20, time.monotonic() - start),
          wrong is None and got == size and not had and status == (b"exit-status", u32(0)), (wrong, got, len(had), status))
    check("with no more memory than before (%.1f MiB at most)" % (top / 1024), top < rss + 8192, (rss, top))


main(config="limits: { per_source: 2000, unauthenticated: 1000, sessions_per_identity: 1000, commands_per_minute: 100000, login_grace: 30s, rekey_bytes: 16MiB }\n")

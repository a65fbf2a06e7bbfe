#!/usr/bin/python3
"""What leaves the bastion and what it keeps: rows L10, L15, P10-P13, P18, P20."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bastion import *  # noqa: E402,F403
from sshraw import *  # noqa: E402,F403


def outside(script, *args, timeout=300):
    """A test that has a demo of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("SALLYPORT_") or k in ("SALLYPORT_TOP", "SALLYPORT_BUILD")}
    p = subprocess.run([os.path.join(TOP, script), *args], capture_output=True, text=True, env=env, timeout=timeout)
    for line in p.stdout.splitlines():
        if line.startswith(("ok: ", "  ok ", "  NO ", "FAILED")):
            print("  " + line.strip())
    return p


@row("L10", "no work is done in a signal handler, and a thousand expired logins leave nothing")
def l10():
    p = subprocess.run("grep -nE '\\b(signal|sigaction|setitimer|timer_create)[ ]*\\(' -r --include=*.c base server approve vault recorder audit identity policy", shell=True,
                       cwd=TOP, capture_output=True, text=True).stdout.splitlines()
    handlers = [l for l in p if not re.search(r"SIG_IGN|SIG_DFL|sigaction\(SIGPIPE|/\*|^\S+:\d+:\s*\*", l)]
    is_("no signal handler in any program (signalfd everywhere)", [], handlers)
    conns = []
    n = 1000 if LONG else 90
    t = time.monotonic()
    stages = 0
    for i in range(n):
        try:
            if i % 3 == 0:
                s = socket.create_connection(("127.0.0.1", ssh_port()), 5)
                conns.append(s)
            elif i % 3 == 1:
                conns.append(Client(ssh_port(), kex=False).sock)
            else:
                c = Client(ssh_port())
                c.service()
                conns.append(c.sock)
            stages += 1
        except (Closed, OSError):
            pass
    check("%d connections that do not log in" % stages, stages >= n * 0.9)
    time.sleep(0.5)
    ended = 0
    for s in conns:
        s.settimeout(8)
        try:
            while s.recv(65536):
                pass
            ended += 1
        except ConnectionError:
            ended += 1
        except socket.timeout:
            pass
    is_("all are ended by the grace time", stages, ended)
    wait_for(10, "the workers to be gone", lambda: not pids("sallyport-session"))
    check("no worker is left, none died by a signal", not crashes(), crashes()[:1])
    is_("(and one that does log in is not)", 0, (lambda c: (time.sleep(3.5), c.run("true")[0])[1])(login()))


@row("L15", "only the pinned host key will do, whatever else goes wrong")
def l15():
    from target import Target
    import paramiko
    said = []
    good = Target({"hello": lambda ch, t: (ch.sendall(b"hello\n"), ch.send_exit_status(0), ch.close())})
    good.install()
    is_("(the right key)", b"hello\n", login("demo-db").run("hello")[1])

    def pin(line):
        text = open(path("sallyport.yaml")).read().split("  - name: demo-db")
        text[1] = re.sub(r'host_keys: \[.*\]', 'host_keys: ["%s"]' % line, text[1], count=1)
        open(path("sallyport.yaml"), "w").write("  - name: demo-db".join(text))
        reload()
    other = paramiko.ECDSAKey.generate()
    typ, blob = good.line().split()
    rsa = paramiko.RSAKey.generate(2048)
    for what, line in (("another key of that type", "%s %s" % (other.get_name(), other.get_base64())), ("a key of another type", Key().line()),
                       ("an RSA key", "ssh-rsa " + rsa.get_base64()), ("the key but for its last bytes", "%s %s" % (typ, blob[:-8] + "AAAAAAA=" if blob.endswith("=") else blob[:-8] + "AAAAAAAA"))):
        good.commands.clear()
        good.logins.clear()
        try:
            pin(line)
        except Exception:
            pass
        try:
            r = login("demo-db").run("hello", 30)
        except AssertionError:
            r = ("no login", b"", b"")
        check("pinned: %s: %s" % (what, r[0]), r[0] in (69, "no login") and not good.commands and not good.logins and r[1] == b"", (r, good.logins))
    pin(good.line())
    is_("(the right key again)", b"hello\n", login("demo-db").run("hello")[1])
    p = subprocess.run([os.path.join(HERE, "faults"), "L15"], capture_output=True, text=True, env={k: v for k, v in os.environ.items() if not k.startswith("SALLYPORT_") or k == "SALLYPORT_BUILD"})
    for line in p.stdout.splitlines():
        if line.startswith("  "):
            print(line)
    is_("errors on the way to the comparison refuse", 0, p.returncode)


SECRETS = {"card": "4111 1111 1111 1111", "aws": "AKIAIOSFODNN7EXAMPLE", "ssn": "123-45-6789", "field": "DB_PASSWORD=correct-horse-battery-staple",
           "mail": "somebody@example.com"}


@row("P10", "no secret leaves, however its bytes arrive")
def p10():
    unit("mask_stream")
    unit("mask_load")
    with open(path("home/say.py"), "w") as f:
        f.write("import os, sys, time\nfd, at, text = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].replace('~', ' ').encode().decode('unicode_escape').encode()\n"
                "t = float(sys.argv[4]) if len(sys.argv) > 4 else 0.03\n"
                "pieces = [text[:at], text[at:]] if at >= 0 else [text[i:i + 1] for i in range(len(text))]\n"
                "for p in pieces:\n    os.write(fd, p)\n    time.sleep(t if at >= 0 else 0.002)\n")
    c = login()
    leaks, runs = [], 0
    for name, secret in SECRETS.items():
        value = secret.split("=")[-1]
        for fd in (1, 2):
            for at in ([-1] + (list(range(1, len(secret))) if LONG else [1, len(secret) // 2, len(secret) - 1])):
                ch, _ = c.open()
                c.exec(ch, "python3 say.py %d %d 'before~%s~after\\n'" % (fd, at + 7 if at > 0 else at, secret.replace(" ", "~")))
                r = c.collect(20, ch)
                runs += 1
                out = r[1] + r[2]
                if r[0] != 0 or value.encode() in out or b"[masked:" not in out or b"before" not in out or b"after" not in out:
                    leaks.append((name, fd, at, r))
    is_("%d runs, split at bytes and byte-wise, on both streams: leaks" % runs, [], leaks[:3])
    ch, _ = c.open()
    c.request(ch, "pty-req", string("xterm") + u32(20) + u32(24) + u32(0) + u32(0) + string(""))
    c.exec(ch, "cat app.env")
    r = c.collect(20, ch)
    plain = (r[1] + r[2]).replace(b"\r", b"").replace(b"\n", b"")
    check("on a narrow terminal", not any(s.split("=")[-1].encode() in plain for s in ("4111 1111 1111 1111", "AKIAIOSFODNN7EXAMPLE", "correct-horse-battery-staple")), plain)
    two = login()
    ch, _ = two.open(window=10)
    two.exec(ch, "cat app.env")
    got = b""
    for _ in range(400):
        try:
            p = two.expect(94, 97, seconds=1.0)
        except socket.timeout:
            break
        if p[0] == 97:
            break
        got += Reader(p[5:]).string()
        two.key_exchange() if len(got) % 5 == 0 else None
        two.send(b"\x5d" + u32(ch) + u32(7))
    check("through a window of 7 bytes and key exchanges (%d bytes)" % len(got), b"4111 1111" not in got and b"AKIAIOS" not in got and b"correct-horse" not in got and b"masked" in got, got)
    data = os.urandom(300000).replace(b"@", b"#")
    open(path("home/random"), "wb").write(bytes(b for b in data if not 0x30 <= b < 0x3a))
    want = open(path("home/random"), "rb").read()
    is_("what is no secret is byte-identical", True, ssh("cat random")[1] == want)
    time.sleep(0.5)
    found = []
    for base, _, files in os.walk(path("state")):
        for f in files:
            if not os.path.isfile(os.path.join(base, f)):
                continue
            raw = open(os.path.join(base, f), "rb").read()
            if f.endswith(".gz") or raw[:2] == b"\x1f\x8b":
                d = zlib.decompressobj(31)
                try:
                    raw = d.decompress(raw)
                except zlib.error:
                    continue
            # As output, or in the text of a command that was asked for.
            for s in SECRETS.values():
                v = s.split("=")[-1]
                if v.encode() in raw:
                    found.append((f, v, raw[max(0, raw.find(v.encode()) - 80):raw.find(v.encode()) + 40]))
    is_("none in a recording, the log or the database", [], found[:3])
    masked = events("masked") + events("mask")
    check("each masking is on record (%d)" % len([r for r in audit() if "mask" in r["event"]]), [r for r in audit() if "mask" in r["event"]])


@row("P11", "no name that is sent becomes a path")
def p11():
    ca = own_ca()
    key = Key()
    before = set(os.listdir(path(".")))
    for sub in ("../../x", "a/b", "..", "x" * 250, "a\\..\\b", ".hidden", "%2e%2e%2fx", "-rf", "c:con"):
        key.cert = certificate(key, ca, identity_text(sub))
        c = Client(ssh_port())
        try:
            if c.login("demo-web", key):
                ch, _ = c.open()
                c.request(ch, "pty-req", string("../../../x") + u32(80) + u32(24) + u32(0) + u32(0) + string(""))
                c.exec(ch, "echo hi")
                c.collect(10, ch)
        except (Closed, socket.timeout):
            pass
        c.close()
    wait_for(5, "recordings", lambda: os.listdir(os.environ["SALLYPORT_RECORDINGS"]))
    time.sleep(0.5)
    names = os.listdir(os.environ["SALLYPORT_RECORDINGS"])
    odd = [n for n in names if not re.fullmatch(r"[0-9a-z]{20,32}(-[0-9]+)+(\.[a-z0-9]+)*", n)]
    is_("%d recordings, named by our own ids" % len(names), [], odd)
    modes = {oct(os.lstat(os.path.join(os.environ["SALLYPORT_RECORDINGS"], n)).st_mode & 0o7777) for n in names}
    is_("mode 0600", {"0o600"}, modes)
    is_("nothing new beside the state", set(), set(os.listdir(path("."))) - before - {"got", "got2"})
    check("nothing above", not any(os.path.exists(os.path.join(d, "x")) for d in (path("state"), path("."), path("state/recordings"), "/tmp/..")))
    auditor = os.environ["SALLYPORT_AUDITOR_TOKEN"]
    for rid in ("../../sallyport.yaml", "..%2f..%2fsallyport.yaml", "%2e%2e/%2e%2e/master.key", names[0] + "/../../audit", "/etc/passwd", "a" * 3000, names[0][:-1] + "\\"):
        s = api("GET", "/v1/recordings/" + rid, auditor)[0]
        check("GET /v1/recordings/%s: %d" % (rid[:40], s), 400 <= s < 500, s)
    for name in ("../state/audit/log-1.jsonl", "/etc/hostname", "../../master.key"):
        p = subprocess.run(["sallyport", "recording", "cat", name, "--recordings", os.environ["SALLYPORT_RECORDINGS"]], capture_output=True)
        check("recording cat %s shows no content of it" % name, b"root" not in p.stdout and b'"seq"' not in p.stdout, p.stdout[:100])
    unit("recorder_process")


SEQUENCES = [b"\x1b]0;owned\x07", b"\x1b]2;owned\x1b\\", b"\x1b]52;c;b3duZWQ=\x07", b"\x1b]52;p;?\x07", b"\x1b]8;;http://evil\x07x\x1b]8;;\x07", b"\x1b]4;1;rgb:00/00/00\x07", b"\x1b]10;?\x07",
             b"\x1b]50;font\x07", b"\x1b]1337;File=name=eA==:eA==\x07", b"\x1b]777;notify;a;b\x07", b"\x1b]9;note\x07", b"\x1b]104\x07", b"\x1bP$q\"p\x1b\\", b"\x1bP+q544e\x1b\\", b"\x1bPq#0;2;0;0;0~\x1b\\",
             b"\x1bPtmux;\x1b\x1b]0;x\x07\x1b\\", b"\x1b_Gf=100;AAAA\x1b\\", b"\x1b^privacy\x1b\\", b"\x1bXstart\x1b\\", b"\x9d0;owned\x9c", b"\x90q\x9c", b"\x9fG\x9c", b"\x9e\x9c", b"\xc2\x9d0;owned\xc2\x9c",
             b"\xc2\x9b6n", b"\x9b6n", b"\x1b[6n", b"\x1b[c", b"\x1b[>c", b"\x1b[=c", b"\x1b[5n", b"\x1b[21t", b"\x1b[18t", b"\x1b[?1$p", b"\x1b[x", b"\x1bZ", b"\x05", b"\x1b[20t", b"\x1b]0;unfinished",
             b"\x1b[4i\x1b[5i", b"\x1b[?5i", b"\x1bk title\x1b\\"]


@row("P12", "a recording does not speak to the terminal that shows it, nor a log")
def p12():
    # One file a sequence, each with a frame around it that must come through.
    for i, s in enumerate(SEQUENCES):
        open(path("home/seq%d" % i), "wb").write(b"<%d>" % i + s + b"\x1b\\</%d>\n" % i)
    since = next_seq()
    c = login()
    ch, _ = c.open()
    c.exec(ch, "cat " + " ".join("seq%d" % i for i in range(len(SEQUENCES))))
    r = c.collect(20, ch)
    check("the agent gets the bytes as they are", all(s in r[1] for s in SEQUENCES[:10]), r[1][:100])
    c.close()
    # The last recording, when it is closed.
    rec = wait_for(10, "the recording", lambda: events("recording.closed", since))[-1]["recording"]
    newest = [os.path.join(os.environ["SALLYPORT_RECORDINGS"], f) for f in sorted(os.listdir(os.environ["SALLYPORT_RECORDINGS"])) if f.startswith(rec) and ".cast" in f][0]
    for args in (["replay", "--no-wait", newest], ["recording", "commands", newest]):
        p = subprocess.run(["script", "-qec", " ".join(["sallyport"] + args), "/dev/null"], capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        out = p.stdout
        bad = re.search(rb"\x1b[\]P_^Xk]|\xc2[\x80-\x9f]|[\x05]|\x1b\[[0-9;?>=]*[nctix]|\x1b\[[?0-9]*\$p|\x1bZ|[\x90\x9b\x9d\x9e\x9f](?=[^\x80-\xbf]|$)", out)
        check("sallyport %s sends none of %d sequences" % (" ".join(args[:1]), len(SEQUENCES)), bad is None and p.returncode == 0,
              (bad and out[max(0, bad.start() - 20):bad.end() + 20], p.returncode, out[:200]))
        if args[0] == "replay":
            check("  and shows the rest", all(b"<%d>" % i in out and b"</%d>" % i in out for i in (0, 5, 12, 20, 30)), out[:300])
    p = subprocess.run(["script", "-qec", "sallyport recording cat " + newest, "/dev/null"], capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    check("nor does recording cat, to a terminal", not re.search(rb"\x1b[\]P_^X]|\x1b\[6n", p.stdout), p.stdout[:200])
    p = subprocess.run(["sallyport", "replay", "--no-wait", "--raw", newest], capture_output=True, timeout=60)
    check("(--raw sends them: the check can fail)", b"\x1b]0;owned" in p.stdout, p.stdout[:100])
    c = login()
    for s in SEQUENCES[:12]:
        ch, _ = c.open()
        c.exec(ch, b"echo '" + s + b"'")
        c.collect(5, ch)
    # Bytes a tab or a newline apart, which no log needs either.
    for name in [os.path.join(os.environ["SALLYPORT_AUDIT"], f) for f in os.listdir(os.environ["SALLYPORT_AUDIT"]) if f.endswith(".jsonl")] + [path("sallyportd.log")]:
        raw = open(name, "rb").read()
        bad = re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", raw)
        check("%s: no control byte" % os.path.basename(name), bad is None, bad and raw[max(0, bad.start() - 80):bad.end()])
    if os.path.exists(os.path.join(BUILD, "tests/unit/cli_termsafe")):
        unit("cli_termsafe")


def measured(*args):
    """Runs a program in half a gigabyte of address space, for two minutes at most: its exit code, the most memory it had (KiB; at least what this script has, since
    it begins as its copy), and what it said on stderr."""
    with tempfile.TemporaryFile() as err:
        p = subprocess.Popen(["prlimit", "--as=%d" % (512 << 20), *args], stdout=subprocess.DEVNULL, stderr=err, stdin=subprocess.DEVNULL)
        end = threading.Timer(120, os.kill, (p.pid, signal.SIGKILL))
        end.start()
        _, status, used = os.wait4(p.pid, 0)
        end.cancel()
        p.returncode = os.waitstatus_to_exitcode(status)
        err.seek(0)
        return p.returncode, used.ru_maxrss, err.read()


@row("P13", "a recording that unpacks to gigabytes stops a reader cleanly")
def p13():
    size = (10 << 30) if LONG else (1 << 30)
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    header = json.dumps({"version": 2, "width": 80, "height": 24}).encode() + b"\n"
    for what, line in (("zeros without an end of line", b"\0" * (1 << 20)), ("one string without end", b"a" * (1 << 20)), ("brackets", b"[" * (1 << 20)),
                       ("short lines", (b'[0.1,"o","aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]\n' * 16000))):
        if what == "short lines":
            n = 64 if not LONG else 1024
        else:
            n = size >> 20
        bomb = path("bomb.cast.gz")
        z = zlib.compressobj(9 if not LONG else 6, zlib.DEFLATED, 31)
        with open(bomb, "wb") as f:
            f.write(z.compress(header))
            if what == "one string without end":
                f.write(z.compress(b'[0.1,"o","'))
            for _ in range(n):
                f.write(z.compress(line))
            f.write(z.flush())
        for args in (["recording", "cat"], ["replay", "--no-wait"], ["recording", "commands"]):
            t = time.monotonic()
            code, peak, err = measured("sallyport", *args, bomb)
            # What stops for want of memory stops cleanly, too: it is the memory that tells whether the reader has a bound of its own.
            check("%s, %d MiB of %s: exit %s after %.1f s, with %d MiB" % (" ".join(args), n, what, code, time.monotonic() - t, peak >> 10),
                  code in (0, 1, 2, 3) and peak < 128 << 10 and b"AddressSanitizer" not in err, (code, peak, err[-200:]))
    os.unlink(path("bomb.cast.gz"))
    lists = Client(ssh_port()).peer_lists
    is_("no compression on the agent's leg", {"none"}, set(lists[6].split(",")) | set(lists[7].split(",")))
    c = Client(ssh_port(), kex=False)
    mine = c.kexinit().replace(string("none") + string("none"), string("zlib@openssh.com,zlib") + string("zlib@openssh.com,zlib"))
    c.send(mine)
    try:
        ended = c.ended(3)
    except Closed:
        ended = True
    check("a client that wants nothing but zlib is told off", ended)
    p = subprocess.run(["grep", "-n", "SSH_OPTIONS_COMPRESSION", "server/target_side.c", "server/agent_side.c"], cwd=TOP, capture_output=True, text=True).stdout
    check("nor is any offered to the target", "target_side.c" in p or "none" in p, p)


@row("P18", "the worker holds no key that logs in anywhere")
def p18():
    if os.geteuid() != 0:
        raise Skip("reading another process's memory needs root")
    p = outside("tests/e2e/09-keys-stay-in-the-vault.sh")
    if p.returncode == 77:
        raise Skip(p.stdout.strip().splitlines()[-1])
    is_("a scan of the memory of worker, control, recorder and supervisor", 0, p.returncode)
    is_("vault keys are Ed25519 by default", b"ssh-ed25519", subprocess.run(["sallyport", "vault", "public", "demo-web", "--store", path("vault"), "--master-key", path("master.key")],
                                                                           capture_output=True).stdout.split()[0])


@row("P20", "the database is no truth of its own: deleted, it comes back from the log")
def p20():
    # Some history first: also sessions that end before their recordings do.
    key = agent_key()
    for i in range(6):
        c = login(key=key)
        ch, _ = c.open()
        c.exec(ch, "echo %d" % i)
        c.close()
    c = login(key=key)
    for i in range(3):
        c.run("echo %d" % i)
    c.close()
    serial = events("certificate.issued")[-1]["serial"]
    api("DELETE", "/v1/certificates/%d" % serial, os.environ["SALLYPORT_OPERATOR_TOKEN"])
    auditor = os.environ["SALLYPORT_AUDITOR_TOKEN"]
    time.sleep(1)
    for text in ("' OR '1'='1", "'; DROP TABLE approvals; --", "\\'; --", "%", "_", "\x00", "\u2019 OR 1=1", "1 UNION SELECT name FROM sqlite_master"):
        from urllib.parse import quote
        for url in ("/v1/recordings?session=" + quote(text), "/v1/approvals?state=" + quote(text), "/v1/audit?after=" + quote(text), "/v1/sessions?after=" + quote(text)):
            s, body, _ = api("GET", url, auditor)
            check("%s: %d" % (url[:60], s), s in (200, 400, 404, 422) and not (isinstance(body, dict) and "recordings" in body and body["recordings"]), (s, str(body)[:100]))
    used = demo_token()
    is_("(a token is used)", 201, api("POST", "/v1/ssh/certificates", used, Key().line())[0])

    def seen():
        out = {}
        for url in ("/v1/approvals", "/v1/approvals?state=pending", "/v1/recordings"):
            s, body, _ = api("GET", url, auditor)
            if s == 200:
                # Starts and ends are the moments of their records there, and of the messages before them here: the same but for a millisecond.
                out[url] = re.sub(r'("(?:started|ended)": "[^"]*T\d\d:\d\d):\d\d\.\d+Z"', r'\1"', json.dumps(body, sort_keys=True))
        return out

    def tables():
        db = [os.path.join(b, f) for b, _, fs in os.walk(path("state/control")) for f in fs if f.endswith((".db", ".sqlite", ".sqlite3"))][0]
        dump = subprocess.run(["sqlite3", "-readonly", db, ".dump"], capture_output=True, text=True).stdout
        # The identity's text beside a certificate's serial is for people who look into the file; it is not all in the log.
        text = lambda l: re.sub(r"(INSERT INTO certificates VALUES\(\d+,)'.*'", r"\1", l)
        # A used token comes back as used for as long as any token may live: the log does not hold its end.
        rec = lambda l: re.sub(r"^(INSERT INTO recordings .*?,)1\d{12},(?:1\d{12}|0),", r"\1", l)
        text2 = lambda l: re.sub(r"(INSERT INTO tokens VALUES\(X'[0-9a-f]+'),\d+", r"\1", rec(text(l)))
        return sorted(text2(l) for l in dump.splitlines() if l.startswith("INSERT") and "chain_seq" not in l), db
    before = seen()
    rows_before, db = tables()
    d, control = daemon(), pids("sallyport-control")[0]
    os.kill(d, signal.SIGSTOP)
    os.kill(control, signal.SIGKILL)
    time.sleep(0.3)
    for f in os.listdir(os.path.dirname(db)):
        if f.startswith(os.path.basename(db)):
            os.unlink(os.path.join(os.path.dirname(db), f))
    os.kill(d, signal.SIGCONT)
    wait_for(20, "a new control", lambda: [p for p in pids("sallyport-control") if p != control] and ready())
    check("the file is new", os.path.exists(db))
    after = seen()
    for url in before:
        a, b = json.loads(before[url]), json.loads(after.get(url, "{}"))
        differ = [(x, y) for k in a for x, y in zip(a[k], b.get(k, []) + [None] * len(a[k])) if x != y]
        is_("%s shows the same" % url, [], differ[:2])
    rows_after, _ = tables()
    gone = [r for r in rows_before if r not in rows_after]
    check("and so do its tables (%d rows before, %d after)" % (len(rows_before), len(rows_after)), not gone, (gone[:1], [r for r in rows_after if r not in rows_before][:1]))
    is_("a used token is used", 401, api("POST", "/v1/ssh/certificates", used, Key().line())[0])
    c = Client(ssh_port())
    is_("a revoked certificate is revoked", False, c.login("demo-web", key))
    is_("(others log in)", 0, login().run("true")[0])
    is_("the log verifies", 0, subprocess.run(["sallyport", "audit", "verify", "--dir", os.environ["SALLYPORT_AUDIT"]], capture_output=True).returncode)


def ready():
    try:
        return api("GET", "/readyz", timeout=3)[0] == 200
    except Exception:
        return False


main(config="limits: { per_source: 2000, unauthenticated: 1500, sessions_per_identity: 1000, commands_per_minute: 100000, login_grace: 3s }\n", policy="streams.yaml")

#!/usr/bin/python3
"""Stock clients against the bastion, a cell a client and operation. Each cell is "pass", or "refused": by the policy or for want of a certificate, as it
should be, or "-": what that client cannot do, named below the table. Anything else is a failure. Started by tests/clients/run.

  matrix.py [--short]    --short: the clients that Debian packages and run without a compiler, a megabyte in place of ten"""
import hashlib
import os
import re
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "security"))
from bastion import *  # noqa: E402,F403

SHORT = "--short" in sys.argv
CELLS = ["exec", "exit code", "up", "down", "stderr", "pty", "sftp", "10 channels", "rekey"]
SIZE = (1 if SHORT else 10) << 20
PY = "/usr/bin/python3"
table, notes = {}, []


class Cannot(Exception):
    """What the client has no way to do."""


def cell(client, name, fn):
    try:
        r = fn()
        r = "pass" if r is True else r if isinstance(r, str) else "FAIL"
        if r == "FAIL":
            print("  %s, %s: not what it should be" % (client, name), flush=True)
    except Cannot as e:
        r = "-"
        notes.append("%s: %s" % (client, e))
    except Exception as e:
        r = "FAIL"
        print("  %s, %s: %r" % (client, name, e), flush=True)
    table.setdefault(client, {})[name] = r


def cannot(why):
    def fn():
        raise Cannot(why)
    return fn


def run(*argv, stdin=b"", timeout=120, env=None):
    p = subprocess.run(argv, input=stdin, capture_output=True, timeout=timeout, env=env)
    if p.returncode not in (0, 37):
        print("    %s: %d %s" % (os.path.basename(argv[0]), p.returncode, p.stderr[-300:].decode(errors="replace").strip()), flush=True)
    return p.returncode, p.stdout, p.stderr


def digest(data):
    return hashlib.sha256(data).hexdigest()


def lines_of_ten(out):
    return sorted(out.replace(b"\r", b"").split()) == sorted(b"n%d" % i for i in range(10))


def at_once(start):
    procs = [start(i) for i in range(10)]
    return lines_of_ten(b"".join(p.communicate(timeout=60)[0] for p in procs))


def round_trip(put, get):
    """A file there and back by sftp or scp."""
    for name in ("there", "home/there", "back"):
        if os.path.exists(path(name)):
            os.remove(path(name))
    with open(path("there"), "wb") as f:
        f.write(DATA)
    put(path("there"), path("home/there"))
    get(path("home/there"), path("back"))
    return all(digest(open(path(n), "rb").read()) == SUM for n in ("home/there", "back"))


def operations(client, base, pty, sftp, many, rekey):
    """base(command, stdin): (code, output, errors)"""
    cell(client, "exec", lambda: base("echo hello", b"")[:2] == (0, b"hello\n"))
    cell(client, "exit code", lambda: base("exit 37", b"")[0] == 37)
    cell(client, "up", lambda: base("sha256sum", DATA)[1].split()[:1] == [SUM.encode()])
    cell(client, "down", lambda: digest(base("cat big", b"")[1]) == SUM)
    cell(client, "stderr", lambda: (lambda r: r[1] == b"" and b"to stderr" in r[2])(base("echo to stderr >&2", b"")))
    cell(client, "pty", pty if HAS_PTY else cannot("the target gives no terminal to this user"))
    cell(client, "sftp", sftp)
    cell(client, "10 channels", many)
    cell(client, "rekey", rekey)


def make_key(name, kind, pem=False):
    """A key file with a certificate of the bastion's beside it."""
    k = path(name)
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", k] + (["-m", "PEM"] if pem else []), check=True)
    status, text, _ = api("POST", "/v1/ssh/certificates", demo_token(), open(k + ".pub").read())
    assert status == 201, text
    open(k + "-cert.pub", "wb").write(text if isinstance(text, bytes) else text.encode())
    return k


def openssh():
    config, mux = os.environ["SALLYPORT_SSH_CONFIG"], path("cmux")

    def base(command, stdin=b"", *o):
        return run("ssh", "-F", config, *o, "demo-web", command, stdin=stdin)

    def many():
        subprocess.run(["ssh", "-F", config, "-M", "-S", mux, "-fN", "demo-web"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(10, "the master", lambda: os.path.exists(mux))
        r = at_once(lambda i: subprocess.Popen(["ssh", "-F", config, "-S", mux, "demo-web", "echo n%d" % i], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE))
        run("ssh", "-F", config, "-S", mux, "-O", "exit", "demo-web")
        return r

    def batch(text):
        code, out, err = run("sftp", "-F", config, "-b", "-", "demo-web", stdin=text.encode())
        assert code == 0, err

    def scp():
        for o in ("-O", "-s"):
            if not round_trip(lambda a, b: run("scp", "-q", o, "-F", config, a, "demo-web:" + b), lambda a, b: run("scp", "-q", o, "-F", config, "demo-web:" + a, b)):
                return False
        return True
    operations("OpenSSH", base, lambda: b"/dev/pts/" in base("tty", b"", "-tt")[1],
               lambda: round_trip(lambda a, b: batch("put %s %s\n" % (a, b)), lambda a, b: batch("get %s %s\n" % (a, b))) and scp(), many,
               lambda: digest(base("cat big", b"", "-o", "RekeyLimit=256K")[1]) == SUM)


def putty(port, key):
    ppk, home = path("client.ppk"), path("puttyhome")
    os.makedirs(home + "/.putty/sessions", exist_ok=True)
    open(home + "/.putty/sessions/rekey", "w").write("RekeyBytes=256K\nPortNumber=%s\nProtocol=ssh\n" % port)
    env = dict(os.environ, HOME=home)
    run("puttygen", key, "-O", "private", "-o", ppk)
    finger = run("ssh-keygen", "-lf", path("host_key.pub"))[1].split()[1].decode()
    options = ["-P", port, "-batch", "-hostkey", finger, "-i", ppk, "-cert", key + "-cert.pub"]
    user = ["-l", "demo-web", "127.0.0.1"]

    def base(command, stdin=b"", *o):
        return run("plink", "-ssh", *options, *o, *user, command, stdin=stdin, env=env)

    def psftp(text):
        open(path("batch"), "w").write(text)
        code, out, err = run("psftp", *options, "-b", path("batch"), *user, env=env)
        assert code == 0, err

    def many():  # plink shares a connection only with a saved session's name
        subprocess.run(["cp", home + "/.putty/sessions/rekey", home + "/.putty/sessions/shared"], check=True)
        open(home + "/.putty/sessions/shared", "a").write("ConnectionSharing=1\nHostName=127.0.0.1\nUserName=demo-web\n")
        first = subprocess.Popen(["plink", *options, "-N", "-share", "-load", "shared"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        try:
            wait_for(10, "the shared connection", lambda: subprocess.run(["plink", "-shareexists", "-load", "shared"], env=env, capture_output=True).returncode == 0)
            return at_once(lambda i: subprocess.Popen(["plink", *options, "-share", "-load", "shared", "echo n%d" % i], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env))
        finally:
            first.terminate()
            first.wait()
    to = "demo-web@127.0.0.1:"
    operations("PuTTY", base, lambda: b"/dev/pts/" in base("tty", b"", "-t")[1],
               lambda: round_trip(lambda a, b: psftp("put %s %s\n" % (a, b)), lambda a, b: psftp("get %s %s\n" % (a, b))) and
               all(round_trip(lambda a, b: run("pscp", "-q", o, *options, a, to + b, env=env), lambda a, b: run("pscp", "-q", o, *options, to + a, b, env=env)) for o in ("-scp", "-sftp")),
               many, lambda: digest(run("plink", "-load", "rekey", *options, *user, "cat big", env=env)[1]) == SUM)


def paramiko_(port, key):
    import paramiko

    def connect():
        c = paramiko.SSHClient()
        c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        k = paramiko.Ed25519Key.from_private_key_file(key)
        k.load_certificate(key + "-cert.pub")
        c.connect("127.0.0.1", int(port), "demo-web", pkey=k, allow_agent=False, look_for_keys=False)
        return c

    def base(command, stdin=b"", pty=False):
        c = connect()
        i, o, e = c.exec_command(command, get_pty=pty, timeout=60)
        if stdin:
            threading.Thread(target=lambda: (i.write(stdin), i.channel.shutdown_write()), daemon=True).start()
        out, err = o.read(), e.read()
        r = o.channel.recv_exit_status(), out, err
        c.close()
        return r

    def many():
        c = connect()
        got = [c.exec_command("echo n%d" % i)[1] for i in range(10)]
        r = lines_of_ten(b"".join(g.read() for g in got))
        c.close()
        return r

    def rekey():
        c = connect()
        i, o, e = c.exec_command("cat big; cat")  # paramiko hangs when a channel is closed during its key exchange
        h, n, times = hashlib.sha256(), 0, 0
        while n < SIZE:
            d = o.channel.recv(1 << 15)
            h.update(d)
            n += len(d)
            if n > (times + 1) * SIZE // 4 or not d:
                times += 1
                c.get_transport().renegotiate_keys()
        i.channel.shutdown_write()
        o.read()
        c.close()
        return h.hexdigest() == SUM and times >= 3

    def sftp():
        c = connect()
        f = c.open_sftp()
        r = round_trip(f.put, f.get)
        c.close()
        return r
    operations("paramiko", base, lambda: b"/dev/pts/" in base("tty", b"", True)[1], sftp, many, rekey)


def asyncssh_(port, key):
    import asyncio
    import asyncssh

    def with_connection(fn, **options):
        async def go():
            async with asyncssh.connect("127.0.0.1", int(port), username="demo-web", client_keys=[(key, key + "-cert.pub")], known_hosts=None, config=None, **options) as c:
                return await fn(c)
        return asyncio.run(asyncio.wait_for(go(), 100))

    def base(command, stdin=b"", **options):
        async def go(c):
            p = await c.run(command, input=stdin, encoding=None, **options)
            return p.exit_status, p.stdout, p.stderr
        return with_connection(go)

    async def ten(c):
        return b"".join(r.stdout for r in await asyncio.gather(*[c.run("echo n%d" % i, encoding=None) for i in range(10)]))

    async def big(c):
        return (await c.run("cat big", encoding=None)).stdout

    def sftp():
        async def copy(c, a, b, put):
            async with c.start_sftp_client() as f:
                await (f.put if put else f.get)(a, b)
        return round_trip(lambda a, b: with_connection(lambda c: copy(c, a, b, True)), lambda a, b: with_connection(lambda c: copy(c, a, b, False)))
    operations("asyncssh", base, lambda: b"/dev/pts/" in base("tty", b"", term_type="xterm")[1], sftp, lambda: lines_of_ten(with_connection(ten)),
               lambda: digest(with_connection(big, rekey_bytes=256 * 1024)) == SUM)


def program(client, argv, port, key, sftp=None, rekey=None):
    """A client of tests/clients; gossh.go says what their command line is."""
    def call(op, *rest, stdin=b""):
        return run(*argv, "127.0.0.1", port, "demo-web", key, key + "-cert.pub", op, *rest, *([""] if len(rest) == 1 else []), stdin=stdin)

    def copy(op):
        def fn(a, b):
            code, out, err = call(op, a, b)
            assert code == 0, err
        return fn
    operations(client, lambda command, stdin: call("run", command, stdin=stdin), lambda: b"/dev/pts/" in call("pty", "tty")[1],
               sftp or (lambda: round_trip(copy("put"), copy("get"))), lambda: lines_of_ten(call("many", "10")[1]),
               rekey or (lambda: digest(call("rekey", "cat big")[1]) == SUM))


def curl(port, key, client, only):
    """curl copies files by sftp and scp; it is libssh2, and of it the part that curl can show."""
    def copy(scheme):
        options = ["curl", "-sS", "-k", "-m", "60", "--key", key, "--pubkey", key + "-cert.pub", "-u", "demo-web:"]
        url = "%s://127.0.0.1:%s" % (scheme, port)
        return round_trip(lambda a, b: run(*options, "-T", a, url + b), lambda a, b: run(*options, "-o", b, url + a))
    if only:
        for c in CELLS:
            cell(client, c, (lambda: copy("sftp") and copy("scp")) if c == "sftp" else cannot("curl only copies files"))
    return lambda: copy("sftp") and copy("scp")


def libssh2_is_old():
    """Before 1.11 it knows neither AEAD nor encrypt-then-MAC, and nothing less is offered here."""
    version = re.search(rb"libssh2/(\d+)\.(\d+)", run("curl", "--version")[1])
    return version is not None and (int(version[1]), int(version[2])) < (1, 11)


def too_old(client, port, key):
    def refused():
        p = subprocess.run(["curl", "-sS", "-k", "-m", "20", "--key", key, "--pubkey", key + "-cert.pub", "-u", "demo-web:", "sftp://127.0.0.1:%s/etc/hostname" % port],
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
        return "refused" if p.returncode == 2 and p.stdout == b"" else False
    for c in CELLS:
        cell(client, c, refused)
    notes.append("%s: libssh2 before 1.11 knows neither AEAD nor encrypt-then-MAC, and nothing less is offered" % client)


def dbclient(port, key):
    """It knows no certificates; a plain key opens nothing here, and it hears so in time."""
    run("dropbearconvert", "openssh", "dropbear", key, path("client.drop"))

    def refused():
        p = subprocess.run(["dbclient", "-y", "-y", "-T", "-i", path("client.drop"), "-p", port, "demo-web@127.0.0.1", "echo in"], stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=30, env=dict(os.environ, HOME=path("home")))
        return "refused" if p.returncode != 0 and p.stdout == b"" else False
    for c in CELLS:
        cell("dbclient", c, refused)
        if c == CELLS[0]:
            notes.append("dbclient: knows no certificates, and a plain key opens nothing")


@row("clients", "stock clients")
def clients():
    global DATA, SUM, HAS_PTY
    DATA = os.urandom(SIZE)
    SUM = digest(DATA)
    open(path("home/big"), "wb").write(DATA)
    port, config = str(ssh_port()), os.environ["SALLYPORT_SSH_CONFIG"]
    key, ecdsa = make_key("client_key", "ed25519"), make_key("client_ecdsa", "ecdsa", pem=True)
    HAS_PTY = b"/dev/pts/" in run("ssh", "-tt", "-F", config, "demo-web", "tty")[1]
    built = os.environ.get("CLIENTS_BUILT", "")
    openssh()
    dbclient(port, key)
    putty(port, key)
    paramiko_(port, key)
    asyncssh_(port, key)
    if libssh2_is_old():
        too_old("curl" if SHORT else "libssh2, curl", port, ecdsa)
    elif SHORT:
        curl(port, ecdsa, "curl", True)
    else:
        program("libssh2, curl", [built + "/libssh2"], port, ecdsa, sftp=curl(port, ecdsa, "", False), rekey=cannot("libssh2 begins no key exchange of its own"))
    if not SHORT:
        program("Go x/crypto", [built + "/gossh"], port, key)
        program("npm ssh2", ["node", built + "/npm/ssh2.js"], port, key)
        program("libssh", [built + "/libssh"], port, key)
    print("%-15s" % "" + "".join("%-13s" % ("%d MB %s" % (SIZE >> 20, c) if c in ("up", "down") else c) for c in CELLS))
    for client, cells in table.items():
        print("%-15s" % client + "".join("%-13s" % cells.get(c, "FAIL") for c in CELLS))
    for n in dict.fromkeys(notes):
        print("  - " + n)
    flat = [cells.get(c, "FAIL") for cells in table.values() for c in CELLS]
    check("%d cells: %d pass, %d refused as they should be, %d that the client cannot do, %d fail" %
          (len(flat), flat.count("pass"), flat.count("refused"), flat.count("-"), flat.count("FAIL")), "FAIL" not in flat)


main(config="limits: { per_source: 2000, unauthenticated: 500, sessions_per_identity: 1000, commands_per_minute: 100000 }\nmasking: { enabled: false }\n", policy="allow-all.yaml")

#!/usr/bin/python3
"""Stock clients against the bastion, a cell an operation: each passes, or is refused as the policy says. Prints a table; takes a minute
or two, and is no part of the check. Cells: pass · refused (by the policy, or for want of a certificate) · n/a · FAIL."""
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bastion import *  # noqa: E402,F403
from sshraw import Key  # noqa: E402

CELLS = ["exec", "exit", "10M up", "10M down", "stderr", "pty", "sftp", "10 channels", "rekey"]
SIZE = 10 << 20
table = {}


def cell(client, name, fn):
    try:
        r = fn()
    except FileNotFoundError:
        r = "n/a"
    except Exception as e:
        r = False
        print("  %s %s: %r" % (client, name, e))
    table.setdefault(client, {})[name] = "pass" if r is True else "FAIL" if r is False or r is None else r


def run(*argv, stdin=b"", timeout=120):
    p = subprocess.run(argv, input=stdin, capture_output=True, timeout=timeout)
    return p.returncode, p.stdout, p.stderr


def command_line(client, base, pty, many, rekey, sftp):
    """A client that is a program: base(command, stdin) runs a command."""
    cell(client, "exec", lambda: base("echo hello")[:2] == (0, b"hello\n"))
    cell(client, "exit", lambda: base("exit 37")[0] == 37)
    cell(client, "10M up", lambda: base("sha256sum", DATA)[1].split()[:1] == [SUM])
    cell(client, "10M down", lambda: hashlib.sha256(base("cat big")[1]).hexdigest().encode() == SUM)
    cell(client, "stderr", lambda: (lambda r: r[1] == b"" and b"to stderr" in r[2])(base("echo to stderr >&2")))
    cell(client, "pty", pty)
    cell(client, "10 channels", many)
    cell(client, "rekey", rekey)
    cell(client, "sftp", sftp)


def at_once(start):
    procs = [start(i) for i in range(10)]
    return all(p.communicate(timeout=60)[0].replace(b"\r", b"") == b"n%d\n" % i for i, p in enumerate(procs))


def refused(argv, stdin=b"", env=None):
    p = subprocess.run(argv, input=stdin, capture_output=True, timeout=30, env=env)
    return "refused" if p.returncode != 0 else False


@row("clients", "stock clients")
def clients():
    global DATA, SUM
    DATA = os.urandom(SIZE)
    SUM = hashlib.sha256(DATA).hexdigest().encode()
    open(path("home/big"), "wb").write(DATA)
    port = str(ssh_port())
    key = agent_key()
    keyfile = path("client_key")
    with os.fdopen(os.open(keyfile, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
        f.write(key.private_text())
    open(keyfile + ".pub", "w").write(key.line() + "\n")
    import base64
    open(keyfile + "-cert.pub", "w").write("ssh-ed25519-cert-v01@openssh.com " + base64.b64encode(key.cert).decode() + " x\n")
    config = os.environ["SALLYPORT_SSH_CONFIG"]

    # OpenSSH
    mux = path("cmux")
    openssh = lambda command, stdin=b"", *o: run("ssh", "-F", config, *o, "demo-web", command, stdin=stdin)

    def openssh_many():
        subprocess.run(["ssh", "-F", config, "-M", "-S", mux, "-fN", "demo-web"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(10, "the master", lambda: os.path.exists(mux))
        r = at_once(lambda i: subprocess.Popen(["ssh", "-F", config, "-S", mux, "demo-web", "echo n%d" % i], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE))
        run("ssh", "-F", config, "-S", mux, "-O", "exit", "demo-web")
        return r
    tty_ok = b"tty" not in openssh("tty", b"", "-tt")[1].replace(b"/dev/pts", b"")
    command_line("OpenSSH", openssh, lambda: b"/dev/pts/" in openssh("tty", b"", "-tt")[1] or (not tty_ok and "n/a"), openssh_many,
                 lambda: hashlib.sha256(openssh("cat big", b"", "-o", "RekeyLimit=1M")[1]).hexdigest().encode() == SUM,
                 lambda: refused(["sftp", "-F", config, "demo-web"], b"ls\n"))

    # PuTTY's plink, psftp, pscp: a certificate beside the key.
    ppk = path("client.ppk")
    run("puttygen", keyfile, "-O", "private", "-o", ppk)
    finger = run("ssh-keygen", "-lf", path("host_key.pub"))[1].split()[1].decode()
    put = ["-P", port, "-batch", "-hostkey", finger, "-i", ppk, "-cert", keyfile + "-cert.pub"]
    user = ["-l", "demo-web", "127.0.0.1"]
    plink = lambda command, stdin=b"", *o: run("plink", "-ssh", *put, *o, *user, command, stdin=stdin)
    command_line("PuTTY", plink, lambda: b"/dev/pts/" in plink("tty", b"", "-t")[1],
                 lambda: at_once(lambda i: subprocess.Popen(["plink", "-ssh", *put, *user, "echo n%d" % i], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)),
                 lambda: "n/a", lambda: refused(["psftp", *put, *user], b"ls\n"))

    # paramiko
    import paramiko

    def connect():
        c = paramiko.SSHClient()
        c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        k = paramiko.Ed25519Key.from_private_key_file(keyfile)
        k.load_certificate(keyfile + "-cert.pub")
        c.connect("127.0.0.1", int(port), "demo-web", pkey=k, allow_agent=False, look_for_keys=False)
        return c

    def para(command, stdin=b"", pty=False):
        c = connect()
        i, o, e = c.exec_command(command, get_pty=pty, timeout=60)
        if stdin:
            threading.Thread(target=lambda: (i.write(stdin), i.channel.shutdown_write()), daemon=True).start()
        out, err = o.read(), e.read()
        r = o.channel.recv_exit_status(), out, err
        c.close()
        return r

    def para_many():
        c = connect()
        got = [c.exec_command("echo n%d" % i)[1] for i in range(10)]
        return all(g.read() == b"n%d\n" % i for i, g in enumerate(got))

    def para_rekey():
        c = connect()
        i, o, e = c.exec_command("cat big")
        h = hashlib.sha256()
        n = 0
        while True:
            d = o.channel.recv(1 << 16)
            if not d:
                break
            h.update(d)
            n += len(d)
            if n > (1 << 20) and not c.get_transport().packetizer.need_rekey() and n % 7 == 0:
                c.get_transport().renegotiate_keys()
        return h.hexdigest().encode() == SUM

    def para_sftp():
        try:
            connect().open_sftp()
            return False
        except (paramiko.SSHException, EOFError):
            return "refused"
    command_line("paramiko", para, lambda: b"/dev/pts/" in para("tty", b"", True)[1], para_many, para_rekey, para_sftp)

    # Clients that know no certificates: refused, as every plain key is, and told so in time.
    for name, argv in (("dbclient", ["dbclient", "-y", "-y", "-i", path("client.drop"), "-p", port, "demo-web@127.0.0.1", "true"]),
                       ("curl/libssh2", ["curl", "-sS", "-k", "--key", keyfile, "--pubkey", keyfile + ".pub", "-u", "demo-web:", "-m", "20", "sftp://127.0.0.1:%s/~/" % port])):
        if name == "dbclient":
            run("dropbearconvert", "openssh", "dropbear", keyfile, path("client.drop"))
        for c in CELLS:
            if c == "exec":
                cell(name, c, lambda: refused(argv, env=dict(os.environ, HOME=path("home"))))
            else:
                table[name][c] = table[name]["exec"]
    print("%-14s" % "" + "".join("%-12s" % c for c in CELLS))
    for client, cells in table.items():
        print("%-14s" % client + "".join("%-12s" % cells.get(c, "-") for c in CELLS))
    flat = [v for cells in table.values() for v in cells.values()]
    check("%d cells: %d pass, %d refused, %d n/a, %d fail" % (len(flat), flat.count("pass"), flat.count("refused"), flat.count("n/a"), flat.count("FAIL")), "FAIL" not in flat)


main(config="limits: { per_source: 2000, unauthenticated: 500, sessions_per_identity: 1000, commands_per_minute: 100000 }\nmasking: { enabled: false }\n")

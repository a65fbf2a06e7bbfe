"""What the rows of the security table share: a demo bastion of their own, its processes and its audit log, and a way to say what holds.

A script says `bastion.main()` at its end. It is then run again inside `sallyport demo`. Each function under @row("L1", "what it is about")
is one row's test; it calls check() as often as it likes and must do so at least once. Prints one line a check and one a row."""
import base64
import json
import os
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.environ.get("SALLYPORT_TOP") or os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("SALLYPORT_BUILD") or os.path.join(TOP, "build")
LONG = os.environ.get("SECURITY_LONG") == "1"

_rows = []
_failed = []
_checks = 0


class Skip(Exception):
    """The row cannot run on this machine; the text says why."""


def row(name, what, short=True):
    def add(fn):
        _rows.append((name, what, short, fn))
        return fn
    return add


def check(what, holds, detail=""):
    global _checks
    _checks += 1
    if holds:
        print("  ok  " + what, flush=True)
    else:
        print("  NO  %s%s" % (what, ": " + str(detail)[:1500] if detail != "" else ""), flush=True)
        _failed.append(what)
    return holds


def is_(what, wanted, got):
    return check(what, wanted == got, "wanted %r, got %r" % (wanted, got))


def unit(name):
    """A unit test of what a row is about. One that hangs has failed."""
    try:
        p = subprocess.run([os.path.join(BUILD, "tests/unit", name)], capture_output=True, text=True, cwd=BUILD, env=dict(os.environ, srcdir=TOP, top_builddir=BUILD), timeout=60)
        check("the unit test %s" % name, p.returncode == 0, (p.stdout + p.stderr)[-300:])
    except subprocess.TimeoutExpired:
        check("the unit test %s" % name, False, "no end within 60 s")


def main(config="", policy="guard.yaml", options=()):
    """Runs the rows named in argv (or all; with --short those that are quick) inside a demo."""
    wanted = [a for a in sys.argv[1:] if not a.startswith("-")]
    short = "--short" in sys.argv
    if "SALLYPORT_DEMO_DIR" not in os.environ:
        env = dict(os.environ, SALLYPORT_TOP=TOP, SALLYPORT_BUILD=BUILD)
        # A memory file: nothing to be tidied up, and it outlives the exec.
        fd = os.memfd_create("config", 0)
        os.write(fd, config.encode())
        os.set_inheritable(fd, True)
        args = [os.path.join(os.environ.get("SECURITY_PROGRAMS") or BUILD, "sallyport"), "demo",
                "--config", "/proc/%d/fd/%d" % (os.getpid(), fd), *options]
        if policy:
            args += ["--policy", os.path.join(TOP, "tests/e2e/policies", policy) if os.path.exists(
                os.path.join(TOP, "tests/e2e/policies", policy)) else os.path.join(HERE, policy)]
        os.execve(args[0], args + ["--", os.path.abspath(sys.argv[0]), *sys.argv[1:]], env)
    bad = 0
    for name, what, quick, fn in list(_rows):
        if (wanted and name not in wanted) or (short and not quick):
            continue
        bad += not run_row(name, what, fn)
    sys.exit(1 if bad else 0)


def run_row(name, what, fn):
    global _checks
    _checks = 0
    _failed.clear()
    start = time.monotonic()
    verdict, why = "PASS", ""
    try:
        fn()
    except Skip as e:
        verdict, why = "SKIP", str(e)
    except Exception as e:  # a test that stumbles has shown nothing
        traceback.print_exc(file=sys.stdout)
        _failed.append("%s: %s" % (type(e).__name__, e))
    if verdict == "PASS" and not _checks:
        _failed.append("nothing was checked")
    if _failed:
        verdict, why = "FAIL", _failed[0]
        tail = subprocess.run(["tail", "-n", "12", path("sallyportd.log")], capture_output=True, text=True).stdout
        print("  -- the bastion's log:\n" + "".join("  | " + line + "\n" for line in tail.splitlines()), end="")
    print("row %s %s %.1fs %s%s" % (verdict, name, time.monotonic() - start, what, " -- " + why if why else ""), flush=True)
    return verdict != "FAIL"


# ---- the demo ----

def path(name):
    return os.path.join(os.environ["SALLYPORT_DEMO_DIR"], name)


def ssh_port():
    return int(open(path("state/run/ssh.port")).read())


def api_port():
    return int(open(path("state/run/http.port")).read())


def demo_token(sub="agent-1", groups="ops-agents", *more):
    return subprocess.run(["sallyport", "token", "issue", "--sub", sub, "--groups", groups, *more],
                          capture_output=True, text=True, check=True).stdout.strip()


def api(method, url, token=None, body=None, headers=None, timeout=30, source="127.0.0.1"):
    """(status, parsed or raw body, headers)"""
    import http.client
    c = http.client.HTTPConnection("127.0.0.1", api_port(), timeout=timeout, source_address=(source, 0))
    h = dict(headers or {})
    if token:
        h["Authorization"] = "Bearer " + token
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        h.setdefault("Content-Type", "application/json")
    c.request(method, url, body=body, headers=h)
    r = c.getresponse()
    data = r.read()
    c.close()
    try:
        return r.status, json.loads(data), r.headers
    except ValueError:
        return r.status, data, r.headers


def operator(method, url, body=None):
    return api(method, url, os.environ["SALLYPORT_OPERATOR_TOKEN"], body)


def agent_key(sub="agent-1", groups="ops-agents"):
    """A fresh key with a certificate from the bastion."""
    from sshraw import Key
    key = Key()
    status, text, _ = api("POST", "/v1/ssh/certificates", demo_token(sub, groups), key.line())
    assert status == 201, (status, text)
    return key.take_line(text.decode() if isinstance(text, bytes) else text)


def login(user="demo-web", key=None, **kw):
    from sshraw import Client
    c = Client(ssh_port(), **kw)
    assert c.login(user, key or agent_key()), "no login"
    return c


def ssh(*args, host="demo-web", stdin=b"", timeout=60):
    """Stock ssh: (code, stdout, stderr)"""
    a = ["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], *[x for x in args[:-1]], host, args[-1]]
    p = subprocess.run(a, input=stdin, capture_output=True, timeout=timeout)
    return p.returncode, p.stdout, p.stderr


def audit():
    out = []
    d = os.environ["SALLYPORT_AUDIT"]
    for name in sorted(os.listdir(d)):
        if name.startswith("log-") and name.endswith(".jsonl"):
            with open(os.path.join(d, name), "rb") as f:
                for line in f:
                    try:
                        out.append(json.loads(line))
                    except ValueError:
                        pass
    return out


def events(event, since=0):
    return [r for r in audit() if r.get("event") == event and r.get("seq", 0) >= since]


def next_seq():
    a = audit()
    return a[-1]["seq"] + 1 if a else 0


def wait_for(seconds, what, fn):
    end = time.monotonic() + seconds
    while True:
        r = fn()
        if r:
            return r
        if time.monotonic() > end:
            raise AssertionError("waited in vain for: " + what)
        time.sleep(0.05)


# ---- its processes ----

def _ppid(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return int(f.read().rsplit(")", 1)[1].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def pids(program):
    """Processes of this bastion with that name (a name is cut at 15 bytes)."""
    found, demo = [], os.getppid()
    for p in os.listdir("/proc"):
        if not p.isdigit():
            continue
        try:
            if open("/proc/%s/comm" % p).read().strip() != program[:15]:
                continue
        except OSError:
            continue
        q = int(p)
        while q > 1 and q != demo:
            q = _ppid(q)
        if q == demo:
            found.append(int(p))
    return sorted(found)


def daemon():
    """The supervisor: the one whose parent is the demo."""
    return [p for p in pids("sallyportd") if _ppid(p) == os.getppid()][0]


def worker(before=()):
    """The newest session worker that was not there before."""
    return wait_for(10, "a session worker", lambda: [p for p in pids("sallyport-session") if p not in before])[-1]


def memory(pid, field="VmRSS"):
    """KiB; 0 when it is gone."""
    try:
        for line in open("/proc/%d/status" % pid):
            if line.startswith(field + ":"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def cpu(pid):
    """Seconds of CPU so far."""
    with open("/proc/%d/schedstat" % pid) as f:
        return int(f.read().split()[0]) / 1e9


def alive(pid):
    return os.path.exists("/proc/%d" % pid) and memory(pid) > 0


def reload():
    """SIGHUP, and until it is taken up."""
    import signal
    n = len(events("config.loaded")) + len(events("config.reload"))
    os.kill(daemon(), signal.SIGHUP)
    end = time.monotonic() + 5
    while time.monotonic() < end and len(events("config.loaded")) + len(events("config.reload")) == n:
        time.sleep(0.05)


def own_ca(key=None):
    """Replaces the CA in the vault by one whose private half is here."""
    from sshraw import Key
    key = key or Key()
    store = ["--store", path("vault"), "--master-key", path("master.key")]
    subprocess.run(["sallyport", "vault", "remove", "user-ca", "--force", *store], check=True, capture_output=True)
    p = subprocess.run(["sallyport", "vault", "add", "user-ca", "--kind", "user-ca", *store], input=key.private_text(), capture_output=True)
    assert p.returncode == 0, p.stderr
    reload()
    return key


def identity_text(sub="agent-1", groups=("ops-agents",), exp=None):
    return json.dumps({"issuer": "demo", "iss": demo_issuer(), "subject": sub, "groups": sorted(groups),
                       "exp": exp or int(time.time()) + 3000}, separators=(",", ":"))


def demo_issuer():
    t = demo_token().split(".")[1]
    return json.loads(base64.urlsafe_b64decode(t + "=" * (-len(t) % 4)))["iss"]


def crashes():
    """Workers that ended by a signal, as the supervisor's log says."""
    return [line for line in open(path("sallyportd.log"), errors="replace") if "ended by signal" in line]


def clone_programs(directory, wrapped):
    """A copy of the built programs (as links) in which those of wrapped (name: shell text, with REAL for the program) are scripts."""
    os.makedirs(directory, exist_ok=True)
    import shutil
    for name in os.listdir(BUILD):
        full = os.path.join(BUILD, name)
        if name.startswith("sallyport") and os.path.isfile(full) and os.access(full, os.X_OK):
            if name in wrapped:
                os.makedirs(os.path.join(directory, "real"), exist_ok=True)
                shutil.copy2(full, os.path.join(directory, "real", name))
                with open(os.path.join(directory, name), "w") as f:
                    f.write("#!/bin/sh\n" + wrapped[name].replace("REAL", os.path.join(directory, "real", name)) + "\n")
                os.chmod(os.path.join(directory, name), 0o755)
            else:
                shutil.copy2(full, os.path.join(directory, name))
    return directory

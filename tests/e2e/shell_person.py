"""A person at the managed shell."""
import glob
import gzip
import json
import os
import re
import sys
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shell_term import Term, ok, ready, ssh

PROMPT = rb"\$ $"
API = os.environ["SALLYPORT_API"]


def operator(method, path, body=None):
    r = urllib.request.Request(API + path, method=method, data=None if body is None else json.dumps(body).encode(),
                               headers={"Authorization": "Bearer " + os.environ["SALLYPORT_OPERATOR_TOKEN"], "Content-Type": "application/json"})
    with urllib.request.urlopen(r, timeout=30) as f:
        return json.load(f)


def say(t, keys, pattern=PROMPT):
    t.keys(keys)
    return t.wait(pattern)


def want(what, pattern, got):
    assert re.search(pattern, got), "%s: no %r in %r" % (what, pattern, got)
    ok(what)


def pending(seconds=15):
    end = time.time() + seconds
    while time.time() < end:
        a = operator("GET", "/v1/approvals?state=pending")["approvals"]
        if a:
            return a[0]["id"]
        time.sleep(0.1)
    raise AssertionError("no approval is pending")


def main():
    os.makedirs("/tmp/sallyport-shell", exist_ok=True)
    t = ready(ssh())
    want("the prompt names login, target and directory", rb"[a-z]+@demo-web:/tmp\$ $", say(t, b"cd /tmp\r"))
    want("output of a statement", rb"\r\nhello\r\n", say(t, b"echo hello\r"))
    want("a statement has a terminal of its own", rb"\n/dev/pts/\d+\r", say(t, b"tty\r"))
    want("its type", rb"\nxterm\r", say(t, b"echo $TERM\r"))
    want("its size", rb"\n24 80\r", say(t, b"stty size\r"))
    t.size(100, 30)
    t.wait(PROMPT)  # painted anew
    want("a new size", rb"\n30 100\r", say(t, b"stty size\r"))
    t.keys(b"sleep 2; stty size\r")
    time.sleep(0.8)
    t.size(90, 20)
    want("a new size while it runs", rb"\n20 90\r", t.wait(PROMPT))
    want("history and search", rb"\nhello\r", say(t, b"\x12lo\r"))
    want("editing at the start", rb"\nabc\r", say(t, b"bc\x01echo a\r"))
    want("wide characters", "\n中文\r".encode(), say(t, "echo 中国".encode() + b"\x7f" + "文\r".encode()))
    want("an unfinished statement has a prompt of its own", rb"> $", say(t, b"for i in 1 2; do\r", rb"> $"))
    want("and runs when it is finished", rb"\n1\r\n2\r\n", say(t, b"echo $i; done\r"))
    t.keys(b"\x1b[200~echo p1\necho p2\necho p3\x1b[201~")
    time.sleep(0.3)
    got = say(t, b"\r")
    want("a paste of three lines", rb"p1\r\np2\r\np3\r\n", got)
    want("a denied statement says so", rb"sallyport: denied rule=", say(t, b"rm x\r"))
    want("and sets $?", rb"\n126\r", say(t, b"echo $?\r"))
    want("Ctrl-Z is refused with a word", rb"Ctrl-Z", say(t, b"abc\x1a", rb"\$ abc$"))
    say(t, b"\x03")
    t.keys(b"sleep 30\r")
    time.sleep(0.7)
    t.keys(b"\x03")
    t.wait(PROMPT, 10)
    want("Ctrl-C ends what runs", rb"\n130\r", say(t, b"echo $?\r"))
    t.keys(b"while true; do x=1; sleep 1; done\r")
    time.sleep(1.5)
    t.keys(b"\x03")
    t.wait(PROMPT, 10)
    ok("Ctrl-C ends a loop that is followed here")
    t.keys(b"x=$(sleep 30)\r")
    time.sleep(0.7)
    t.keys(b"\x03")
    t.wait(PROMPT, 10)
    ok("Ctrl-C ends a substitution")
    t.keys(b"cat\r")
    time.sleep(0.7)
    t.keys(b"typed to cat\r")
    t.wait(rb"typed to cat\r\ntyped to cat\r\n")
    t.keys(b"\x04")
    t.wait(PROMPT)
    ok("keys reach the program that runs")
    t.keys(b"less /etc/passwd\r")
    t.wait(rb"root:x:0")
    want("a pager works", PROMPT, say(t, b"q"))
    t.keys(b"vi /tmp/sallyport-shell/by-vi\r")
    t.wait(rb"~")
    t.keys(b"iwritten in vi\x1b:wq\r")
    t.wait(PROMPT)
    if os.path.exists("/tmp/sallyport-shell/by-vi"):
        want("a full-screen editor works", rb"written in vi", say(t, b"cat /tmp/sallyport-shell/by-vi\r"))
        os.unlink("/tmp/sallyport-shell/by-vi")

    t.keys(b"mkdir /tmp/sallyport-shell/asked\r")
    got = t.wait(rb"Ctrl-C withdraws")
    want("a request says its id and who may answer", rb"id=\w+.*who may answer: sre", got)
    first = pending()
    want("Ctrl-C withdraws it", rb"withdrawn", say(t, b"\x03"))
    assert operator("GET", "/v1/approvals/" + first)["state"] == "withdrawn", "it is not withdrawn"
    t.keys(b"mkdir /tmp/sallyport-shell/asked\r")
    t.wait(rb"Ctrl-C withdraws")
    operator("POST", "/v1/approvals/%s/approve" % pending(), {"reason": "test"})
    t.wait(PROMPT)
    assert os.path.isdir("/tmp/sallyport-shell/asked"), "what was approved did not run"
    os.rmdir("/tmp/sallyport-shell/asked")
    ok("approved, it runs")

    t.keys(b"echo password=hunter2secret\r")
    t.wait(PROMPT)
    t.keys(b"exit 5\r")
    t.wait(rb"<END>")
    assert t.end() == 5, t.end()
    ok("exit ends the shell with its status")

    t = ready(ssh())
    t.keys(b"mkdir /tmp/sallyport-shell/dropped\r")
    t.wait(rb"Ctrl-C withdraws")
    second = pending()
    os.kill(t.pid, 9)
    t.end()
    end = time.time() + 10
    while operator("GET", "/v1/approvals/" + second)["state"] != "withdrawn":
        assert time.time() < end, "the request outlives its connection"
        time.sleep(0.1)
    ok("a request is withdrawn when its connection drops")

    # The recording: one for the shell, markers, sizes, and what was seen, with secrets taken out.
    end = time.time() + 15
    while True:
        texts = []
        for name in glob.glob(os.environ["SALLYPORT_RECORDINGS"] + "/*.cast.gz"):
            try:
                texts.append(gzip.open(name, "rt").read())
            except (EOFError, OSError):
                pass
        text = [x for x in texts if "by-vi" in x and "exit" in x]
        if text or time.time() > end:
            break
        time.sleep(0.2)
    assert len(text) == 1, "%d recordings hold the shell" % len(text)
    events = [json.loads(x) for x in text[0].splitlines()[1:]]
    events = [x for x in events if isinstance(x, list)]
    shown = "".join(x[2] for x in events if x[1] == "o")
    for word in ("@demo-web:/tmp$ ", "echo hello\r\nhello\r\n", "中文", "sallyport: denied rule=", "sallyport: withdrawn"):
        assert word in shown, "the recording does not show %r" % word
    assert "hunter2secret" not in text[0], "a secret that was typed stands in the recording"
    marks = [x[2] for x in events if x[1] == "m"]
    assert any(m.startswith("allow") and "hello" in m for m in marks) and any(m.startswith("deny") for m in marks), marks
    assert any(x[1] == "r" and x[2] == "100x30" for x in events) and any(x[1] == "r" and x[2] == "90x20" for x in events), "sizes"
    ok("one recording shows prompts, lines, output, sizes and verdicts, without the secret")


try:
    main()
except AssertionError as e:
    print("FAILED:", e)
    sys.exit(1)

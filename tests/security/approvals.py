#!/usr/bin/python3
"""Approvals and the HTTP side: rows P2-P5 and P19."""
import http.client
import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bastion import *  # noqa: E402,F403
from sshraw import *  # noqa: E402,F403


class Asker:
    """A connection that runs commands and tells their exit codes."""

    def __init__(self, sub="agent-1", user="demo-web"):
        self.c = login(user, agent_key(sub))

    def ask(self, command, seconds=20, before=()):
        ch, _ = self.c.open()
        for kind, data in before:
            self.c.request(ch, kind, data)
        self.c.exec(ch, command)
        return self.c.collect(seconds, ch)[0]


def pending():
    return operator("GET", "/v1/approvals?state=pending")[1]["approvals"]


def the_pending():
    return wait_for(10, "a pending request", pending)[0]


def settle():
    for a in pending():
        operator("POST", "/v1/approvals/%s/deny" % a["id"], {"reason": "tidying up"})


PTY = ("pty-req", string("xterm") + u32(80) + u32(24) + u32(0) + u32(0) + string(""))


@row("P2", "what runs is what was approved, once, and nothing that was not")
def p2():
    settle()
    a = Asker()
    is_("a request is left pending", 75, a.ask("touch one"))
    r = the_pending()
    is_("it is approved", "approved", operator("POST", "/v1/approvals/%s/approve" % r["id"], {"reason": "yes"})[1]["state"])
    for what, who, command, before in (("another command", a, "touch two", ()), ("one word more", a, "touch one two", ()), ("a capital", a, "touch One", ()),
                                       ("with a terminal", a, "touch one", (PTY,)), ("another target", Asker(user="demo-db"), "touch one", ()),
                                       ("another agent", Asker("agent-2"), "touch one", ())):
        is_("%s is not what was approved" % what, 75, who.ask(command, before=before))
    check("nothing ran yet", not os.path.exists(path("home/one")))
    is_("the same does run", 0, a.ask("touch one"))
    check("and did it", os.path.exists(path("home/one")))
    os.unlink(path("home/one"))
    is_("once", 75, a.ask("touch one"))
    check("only", not os.path.exists(path("home/one")))
    settle()
    # The policy changes under a grant: it is void.
    is_("pending", 75, a.ask("touch three"))
    operator("POST", "/v1/approvals/%s/approve" % the_pending()["id"], {"reason": "yes"})
    with open(path("policy.yaml"), "a") as f:
        f.write("# another version\n")
    reload()
    a = Asker()
    is_("a changed policy asks again", 75, a.ask("touch three"))
    settle()

    # Races. Each command appends its name to a file when it runs; each is approved, denied, both at once, or left to expire.
    n = 1000 if LONG else 40
    yes_token, no_token = demo_token("op-a", "sre", "--ttl", "1h"), demo_token("op-b", "sre", "--ttl", "1h")
    answers = {}

    def vote(i, rid, what, token):
        status, body, _ = api("POST", "/v1/approvals/%s/%s" % (rid, what), token, {"reason": "race"})
        answers.setdefault(i, []).append((what, status))

    ends = {}

    def one(i):
        try:
            w = Asker("racer-%d" % (i % 8))
            ends[i] = [w.ask("tee -a ran-%d" % i, 20)]
        except Exception as e:
            ends[i] = [repr(e)]
    for at in range(0, n, 20):
        threads = [threading.Thread(target=one, args=(i,)) for i in range(at, min(at + 20, n))]
        for t in threads:
            t.start()
        seen = set()
        voters = []
        end = time.monotonic() + 15
        while len(seen) < len(threads) and time.monotonic() < end:
            for r in pending():
                m = re.search(r"ran-(\d+)", r["command"])
                if m and r["id"] not in seen:
                    seen.add(r["id"])
                    i = int(m.group(1))
                    kinds = [("approve", yes_token)] * random.randint(0, 3) + [("deny", no_token)] * random.randint(0, 2)
                    random.shuffle(kinds)
                    for what, token in kinds:
                        t = threading.Thread(target=vote, args=(i, r["id"], what, token))
                        t.start()
                        voters.append(t)
            time.sleep(0.01)
        for t in voters + threads:
            t.join(30)
    settle()
    ran = {}
    for r in events("command.start"):
        m = re.search(r"ran-(\d+)", r.get("command", ""))
        if m:
            ran[int(m.group(1))] = ran.get(int(m.group(1)), 0) + 1
    allowed = {i for i, v in answers.items() if ("approve", 200) in v}
    denied = {i for i, v in answers.items() if ("deny", 200) in v}
    is_("%d races: no command ran twice" % n, {}, {i: k for i, k in ran.items() if k > 1})
    is_("none ran without a yes", set(), set(ran) - allowed)
    is_("none was answered both yes and no", set(), allowed & denied)
    check("of %d allowed, %d ran; %d denied" % (len(allowed), len(ran), len(denied)), len(allowed) > 5 and len(ran) > 0 and len(denied) > 2,
          (len(allowed), len(ran), list(ends.items())[:5]))
    unit("approve_approval")  # ten thousand orders of events on the pure state machine


@row("P3", "nobody approves their own, under whatever name")
def p3():
    settle()
    a = Asker("agent-1")
    is_("pending", 75, a.ask("touch own"))
    r = the_pending()
    url = "/v1/approvals/%s/" % r["id"]
    for what, token in (("with the approver's group", demo_token("agent-1", "sre,ops-agents,admins")),
                        ("as an admin only", demo_token("agent-1", "admins")),
                        ("with approver, auditor and admin", demo_token("agent-1", "sre,auditors,admins"))):
        status, body, _ = api("POST", url + "approve", token, {"reason": "mine"})
        is_("the requester %s" % what, 403, status)
    for claims in (["--claim", "client_id=another"], ["--claim", "azp=another"], ["--claim", "email=x@example.com"]):
        try:
            token = demo_token("agent-1", "sre", *claims)
        except subprocess.CalledProcessError:
            continue
        is_("the same person through " + claims[1], 403, api("POST", url + "approve", token, {"reason": "mine"})[0])
    # Subjects are compared byte for byte, as issuers write them; what does not look like text is no subject at all.
    for sub in ("agent\u200b-1", "agent-1\x1b[m"):
        try:
            token = demo_token(sub, "sre")
        except subprocess.CalledProcessError:
            continue
        status = api("POST", url + "approve", token, {"reason": "mine"})[0]
        check("a name that only looks like it, %r: %d" % (sub, status), status in (401, 403), status)
    is_("an outsider", 403, api("POST", url + "approve", demo_token("x", "interns"), {"reason": "x"})[0])
    is_("it still is pending", "pending", operator("GET", url[:-1])[1]["state"])
    refusals = [x for x in events("approval.refused") if x.get("approval") == r["id"]]
    check("each refusal is on record (%d)" % len(refusals), len(refusals) >= 3)
    is_("the requester may say no", 200, api("POST", url + "deny", demo_token("agent-1", "ops-agents"), {"reason": "changed my mind"})[0])
    # Delegation: who acts for a person, and that person.
    try:
        token = demo_token("agent-9", "ops-agents", "--on-behalf-of", "op-human")
    except subprocess.CalledProcessError:
        token = None
    if token:
        key = Key()
        status, text, _ = api("POST", "/v1/ssh/certificates", token, key.line())
        key.take_line(text.decode())
        c = login(key=key)
        ch, _ = c.open()
        c.exec(ch, "touch delegated")
        c.collect(10, ch)
        r = the_pending()
        is_("the person behind an agent", 403, api("POST", "/v1/approvals/%s/approve" % r["id"], demo_token("op-human", "sre"), {"reason": "mine"})[0])
        settle()


@row("P4", "an approver sees exactly what will run, and nothing that a terminal obeys")
def p4():
    settle()
    a = Asker()
    shown = 0
    for command in ("touch 'a\x1b[2Kb'", "touch '\u202egpj.exe'", "touch 'a\rb'", "touch 'аpple'", "touch '" + "x" * 100000 + "; rm y'", "touch 'a\x07'",
                    "touch 'zero\u200bwidth'", "touch 'tab\there'", "touch \"a\nb\"", "touch 'caf\u00e9'", "touch 'quo\"te' $'x\\x1b'"):
        code = a.ask(command, 12)
        found = pending()
        if code == 126:
            check("%r is refused outright" % command[:30], True)
            continue
        if not found:
            check("%r is asked for" % command[:30], False, code)
            continue
        r = found[0]
        for where in ("/v1/approvals/%s" % r["id"], "/v1/approvals?state=pending"):
            c = http.client.HTTPConnection("127.0.0.1", api_port())
            c.request("GET", where, headers={"Authorization": "Bearer " + os.environ["SALLYPORT_OPERATOR_TOKEN"]})
            raw = c.getresponse().read()
            check("%r: %s is printable ASCII" % (command[:30], where[:14]), all(0x20 <= b < 0x7f or b == 10 for b in raw), raw[:100])
        j = json.loads(operator_raw("/v1/approvals/%s" % r["id"]))
        text = json.dumps(j)
        check("  and what it decodes to holds no control, bidi or zero-width character", not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u200b-\u200f\u2066-\u2069]", j["command"]), j["command"][:80])
        check("  but printable ASCII: what looks like a letter and is another shows", not re.search("[^ -~]", j["command"]), j["command"][:80])
        shown += 1
        settle()
    is_("a plain one is asked for", 75, a.ask("touch 'it'\\''s' b"))
    j = json.loads(operator_raw("/v1/approvals/%s" % the_pending()["id"]))
    hash_key = [k for k in j if "sha256" in k or k == "hash"]
    check("it comes with its hash and length: %s" % {k: j[k] for k in j if k in ("length", "command_sha256", "sha256", "hash")}, hash_key and "length" in j, list(j))
    digest = j[hash_key[0]]
    p = subprocess.run(["sha256sum"], input=j["command"].encode(), capture_output=True, text=False).stdout.split()[0].decode()
    is_("the hash is that of the text shown: printf %s | sha256sum", p, digest.split(":")[-1])
    is_("and so is the length", len(j["command"].encode()), j["length"])
    settle()
    tail = "touch " + "a" * 120000 + " b"
    code = a.ask(tail, 12)
    if code == 75:
        j = json.loads(operator_raw("/v1/approvals/%s" % the_pending()["id"]))
        check("120 KB are shown to the end (or said to be cut)", j["length"] > 120000 and (j["command"].rstrip("'").endswith("b") or j.get("truncated")), (j["length"], j["command"][-20:]))
        settle()


def operator_raw(url):
    c = http.client.HTTPConnection("127.0.0.1", api_port())
    c.request("GET", url, headers={"Authorization": "Bearer " + os.environ["SALLYPORT_OPERATOR_TOKEN"]})
    return c.getresponse().read()


@row("P5", "no browser can be made to answer for an operator")
def p5():
    settle()
    a = Asker()
    is_("pending", 75, a.ask("touch csrf"))
    rid = the_pending()["id"]
    url = "/v1/approvals/%s/approve" % rid
    token = os.environ["SALLYPORT_OPERATOR_TOKEN"]
    body = '{"reason":"x"}'
    good = {"Content-Type": "application/json"}
    for what, headers, method, data in (
            ("a foreign Host", dict(good, Host="evil.example"), "POST", body),
            ("a Host that rebinding would send", dict(good, Host="127.0.0.1.evil.example:8022"), "POST", body),
            ("a Host with user info", dict(good, Host="127.0.0.1@evil.example"), "POST", body),
            ("a foreign Origin", dict(good, Origin="https://evil.example"), "POST", body),
            ("Origin null", dict(good, Origin="null"), "POST", body),
            ("a form", {"Content-Type": "application/x-www-form-urlencoded"}, "POST", "reason=x"),
            ("text/plain", {"Content-Type": "text/plain"}, "POST", body),
            ("JSON after a semicolon trick", {"Content-Type": "text/plain; application/json"}, "POST", body),
            ("multipart", {"Content-Type": "multipart/form-data; boundary=x"}, "POST", body),
            ("no type", {}, "POST", body),
            ("GET", good, "GET", None), ("PUT", good, "PUT", body), ("OPTIONS", dict(good, Origin="https://evil.example"), "OPTIONS", None)):
        status, answer, h = api(method, url, token, data, headers)
        check("%s: %d" % (what, status), 400 <= status < 500, status)
        check("  and no CORS header", not any(k.lower().startswith("access-control") for k in h.keys()))
    for what, headers in (("no token", good), ("a cookie", dict(good, Cookie="token=" + token)), ("Basic", dict(good, Authorization="Basic eDp5")),
                          ("the token in the query", good), ("an empty bearer", dict(good, Authorization="Bearer "))):
        status = api("POST", url + ("?access_token=" + token if "query" in what else ""), None, body, headers)[0]
        check("%s: %d" % (what, status), status in (400, 401), status)
    is_("it still is pending", "pending", operator("GET", "/v1/approvals/" + rid)[1]["state"])
    is_("(the same with everything right is a yes)", 200, api("POST", url, token, body, good)[0])


@row("P19", "requests cannot be smuggled, and slow ones keep nobody out")
def p19():
    token = os.environ["SALLYPORT_OPERATOR_TOKEN"]
    host = "Host: 127.0.0.1\r\nAuthorization: Bearer %s\r\n" % token

    def raw(data, seconds=5):
        s = socket.create_connection(("127.0.0.1", api_port()), seconds)
        s.settimeout(seconds)
        out = b""
        try:
            s.sendall(data)
            while True:
                d = s.recv(65536)
                if not d:
                    break
                out += d
        except (socket.timeout, ConnectionError):
            pass
        s.close()
        return out
    inner = "GET /v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n" % token
    body = '{"reason":"x"}'
    post = "POST /v1/approvals/nosuch/deny HTTP/1.1\r\n"
    json_type = "Content-Type: application/json\r\n"
    cases = {
        "two Content-Lengths": post + host + json_type + "Content-Length: 14\r\nContent-Length: 0\r\n\r\n" + body,
        "two equal ones": post + host + json_type + "Content-Length: 14\r\nContent-Length: 14\r\n\r\n" + body,
        "length and chunks": post + host + json_type + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
        "chunks and length": post + host + json_type + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + inner,
        "two Transfer-Encodings": post + host + json_type + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + inner,
        "a list of lengths": post + host + json_type + "Content-Length: 14, 0\r\n\r\n" + body,
        "a negative length": post + host + json_type + "Content-Length: -1\r\n\r\n" + body,
        "a signed length": post + host + json_type + "Content-Length: +14\r\n\r\n" + body,
        "a hexadecimal length": post + host + json_type + "Content-Length: 0xe\r\n\r\n" + body,
        "a length past 2^64": post + host + json_type + "Content-Length: 18446744073709551630\r\n\r\n" + body,
        "two Hosts": "GET /v1/sessions HTTP/1.1\r\n" + host + "Host: evil\r\n\r\n",
        "no Host": "GET /v1/sessions HTTP/1.1\r\nAuthorization: Bearer %s\r\n\r\n" % token,
        "two Authorizations": "GET /v1/sessions HTTP/1.1\r\n" + host + "Authorization: Bearer x\r\n\r\n",
        "HTTP/1.0": "GET /v1/sessions HTTP/1.0\r\n" + host + "\r\n",
        "an absolute address of another host": "GET http://evil.example/v1/sessions HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer %s\r\n\r\n" % token,
        "a path of dots": "GET /healthz/../v1/sessions HTTP/1.1\r\n" + host + "\r\n",
        "an encoded slash": "GET /v1%2fsessions HTTP/1.1\r\n" + host + "\r\n",
        "a NUL in the path": "GET /v1/sessions%00x HTTP/1.1\r\n" + host + "\r\n",
        "a very long path": "GET /" + "a" * 100000 + " HTTP/1.1\r\n" + host + "\r\n",
        "20 KB of headers": "GET /v1/sessions HTTP/1.1\r\n" + host + "".join("X-%d: %s\r\n" % (i, "y" * 1000) for i in range(20)) + "\r\n",
        "10,000 headers": "GET /v1/sessions HTTP/1.1\r\n" + host + "".join("X-%d: y\r\n" % i for i in range(10000)) + "\r\n",
        "a body of 100 KB": post + host + json_type + "Content-Length: 100000\r\n\r\n" + "x" * 100000,
        "a space before the colon": "GET /v1/sessions HTTP/1.1\r\nHost : 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n" % token,
        "a folded header": "GET /v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\r\n Authorization: Bearer %s\r\n\r\n" % token,
        "nonsense": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "x" * 300 + "\r\n\r\n",
    }
    for what, text in cases.items():
        out = raw(text.encode("latin-1"), 2)
        oks = len(re.findall(rb"HTTP/1\.1 2\d\d", out))
        check("%s: refused (%s)" % (what, out[9:12].decode("latin-1") or "closed"), oks == 0, out[:200])
    good = raw((("GET /v1/sessions HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n")).encode())
    check("(a plain request is answered)", good.startswith(b"HTTP/1.1 200"), good[:100])
    control = pids("sallyport-control")[0]
    rss = memory(control)
    slow = []
    for i in range(200 if not LONG else 240):
        try:
            s = socket.create_connection(("127.0.0.1", api_port()), 2)
            s.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
            slow.append(s)
        except OSError:
            break
    took, failed = [], 0
    for i in range(60):
        t = time.monotonic()
        try:
            failed += api("GET", "/healthz", timeout=5)[0] != 200
        except OSError:
            failed += 1
        took.append(time.monotonic() - t)
        for s in slow[i::60]:
            try:
                s.sendall(b"y")
            except OSError:
                pass
    check("%d requests that drip, and 60 quick ones beside them: worst %.3f s, %d failed" % (len(slow), max(took), failed), failed == 0 and max(took) < 1, (failed, max(took)))
    more = 0
    for i in range(800):
        try:
            s = socket.create_connection(("127.0.0.1", api_port()), 2)
            s.sendall(b"GET / HTTP/1.1\r\nX: ")
            slow.append(s)
            more += 1
        except OSError:
            break
    if LONG:
        time.sleep(22)
    unix = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "5", "--unix-socket", path("state/run/api.sock"), "http://localhost/healthz"],
                          capture_output=True, text=True).stdout
    is_("with a thousand of them the unix socket still answers", "200", unix)
    check("memory +%d KiB" % (memory(control) - rss), memory(control) - rss < 65536)
    for s in slow:
        s.close()
    time.sleep(0.5)
    polls = []
    settle()
    for i in range(200):
        s = socket.create_connection(("127.0.0.1", api_port()), 2)
        s.sendall(("GET /v1/approvals?state=pending&wait=%d HTTP/1.1\r\n" % (20 if LONG else 8) + host + "\r\n").encode())
        polls.append(s)
    took = []
    for i in range(1000 if LONG else 200):
        t = time.monotonic()
        status = api("GET", "/v1/sessions", token)[0]
        took.append(time.monotonic() - t)
        if status != 200:
            took.append(99)
    check("200 long polls, and %d quick requests beside them: worst %.3f s" % (len(took), max(took)), max(took) < 1, max(took))
    ended = 0
    for s in polls:
        s.settimeout(25)
        try:
            ended += s.recv(100).startswith(b"HTTP/1.1 200")
        except OSError:
            pass
        s.close()
    is_("each long poll ends at its deadline with an answer", 200, ended)
    check("control lives", alive(control))


main(config="approvals: { wait: 1s }\nlimits: { per_source: 2000, unauthenticated: 1000, sessions_per_identity: 1000, commands_per_minute: 100000, login_grace: 30s }\n",
     policy="asks.yaml")

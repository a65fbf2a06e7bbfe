#!/usr/bin/python3
"""Tokens against the live bastion: rows J1-J10. The demo issuer's key is at hand, so that everything in a token can be wrong but its
signature, or only that."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import random
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bastion import *  # noqa: E402,F403
from sshraw import Key  # noqa: E402

from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, rsa, padding  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: E402

b64 = lambda b: base64.urlsafe_b64encode(b if isinstance(b, bytes) else b.encode()).rstrip(b"=").decode()
_key = Key()


def issuer_key():
    return serialization.load_pem_private_key(open(path("issuer/key.pem"), "rb").read(), None)


def es256(key, text):
    r, s = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def claims(**kw):
    now = int(time.time())
    c = {"iss": demo_issuer(), "sub": "agent-1", "aud": "sallyport", "groups": ["ops-agents"], "iat": now, "exp": now + 300,
         "jti": os.urandom(8).hex()}
    c.update(kw)
    return {k: v for k, v in c.items() if v is not DROP}


DROP = object()


def mint(body=None, head=None, key=None, raw_body=None, raw_head=None):
    h = dict({"alg": "ES256", "typ": "JWT", "kid": "demo-1"}, **(head or {}))
    h = {k: v for k, v in h.items() if v is not DROP}
    text = b64(raw_head if raw_head is not None else json.dumps(h)) + "." + b64(raw_body if raw_body is not None else json.dumps(body or claims()))
    return text + "." + b64(es256(key or issuer_key(), text.encode()))


def status(token, timeout=30):
    # From everywhere: an address has 600 exchanges a minute, and a test that is turned away by that has tried nothing.
    source = "127.%d.%d.%d" % (random.randrange(1, 250), random.randrange(250), random.randrange(1, 250))
    try:
        return api("POST", "/v1/ssh/certificates", token, _key.line(), timeout=timeout, source=source)[0]
    except (ConnectionError, http.client.HTTPException):
        return 400


def bad(what, token):
    s = status(token)
    check("%s: %d" % (what, s), 400 <= s < 500 and s != 429, s)


def good(what, token):
    s = status(token)
    check("%s: %d" % (what, s), s == 201, s)


@row("J1", "the algorithm is the key's, never the token's choice")
def j1():
    public = issuer_key().public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    jwks = open(path("issuer/jwks.json"), "rb").read()
    good("(a good token)", mint())
    for alg in ("none", "None", "NONE", "nOnE", "", None, 0, [], {}, True):
        text = b64(json.dumps({"alg": alg, "typ": "JWT", "kid": "demo-1"})) + "." + b64(json.dumps(claims()))
        for sig in ("", b64(es256(issuer_key(), text.encode()))):
            bad("alg %r, %s" % (alg, "signed" if sig else "no signature"), text + "." + sig)
    for alg, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512)):
        for what, secret in (("PEM", pem), ("PEM without its last newline", pem.rstrip()), ("DER", der), ("JWKS", jwks), ("nothing", b"")):
            text = (b64(json.dumps({"alg": alg, "typ": "JWT", "kid": "demo-1"})) + "." + b64(json.dumps(claims())))
            bad("%s keyed with the public %s" % (alg, what), text + "." + b64(hmac.new(secret, text.encode(), digest).digest()))
    for alg in ("RS256", "PS256", "ES384", "ES512", "ES256K", "EdDSA", "es256", "ES256 ", "ES256\0", "dir", "A256GCM", "RSA1_5"):
        bad("alg %r with an ES256 signature" % alg, mint(head={"alg": alg}))
    other = ec.generate_private_key(ec.SECP256R1())
    bad("another key", mint(key=other))
    text = mint().rsplit(".", 1)[0]
    r = rsa.generate_private_key(65537, 2048)
    for what, sig in (("zeros (psychic)", bytes(64)), ("zeros, short", b""), ("32 bytes", bytes(32)), ("DER", issuer_key().sign(text.encode(), ec.ECDSA(hashes.SHA256()))),
                      ("with a byte behind", es256(issuer_key(), text.encode()) + b"\0"), ("RSA", r.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())),
                      ("n, n", (0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551).to_bytes(32, "big") * 2)):
        bad("signature: " + what, text + "." + b64(sig))
    for head in ({"typ": "dpop+jwt"}, {"typ": "logout+jwt"}, {"typ": "id_token"}, {"crit": ["exp"]}, {"crit": []}, {"b64": False, "crit": ["b64"]}, {"zip": "DEF"}, {"typ": 1}):
        bad("header %s" % json.dumps(head), mint(head=head))
    unit("identity_token")


@row("J2", "a kid is a name to be compared, and nothing else")
def j2():
    for kid in ("../../../../etc/passwd", "/dev/null", "' OR 1=1 --", "demo-1' --", "demo-1\0", "demo-1 ", "DEMO-1", "", "http://127.0.0.1/key", "|id", "$(id)", "demo-2",
                "a" * 129, "\u202edemo-1", 1, None, ["demo-1"], {"kid": "demo-1"}, True, 1e308):
        bad("kid %r" % (kid if not isinstance(kid, str) else kid[:30]), mint(head={"kid": kid}))
    bad("a kid of 1 MB", mint(head={"kid": "a" * (1 << 20)}))
    bad("two kids", mint(raw_head='{"alg":"ES256","typ":"JWT","kid":"x","kid":"demo-1"}'))
    for i in range(60):
        kid = "".join(chr(random.choice((random.randrange(1, 128), random.randrange(128, 0x800)))) for _ in range(random.randrange(1, 150)))
        if kid != "demo-1":
            s = status(mint(head={"kid": kid}))
            if not 400 <= s < 500:
                check("a random kid", False, (kid, s))
    check("60 random kids", True)
    s = status(mint(head={"kid": DROP}))
    check("no kid where there is one key: %d" % s, s in (201, 401))
    # Two keys: without a kid it cannot be told whose turn it is.
    jwks = json.load(open(path("issuer/jwks.json")))
    n = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    saved = json.dumps(jwks)
    jwks["keys"].append({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "demo-2", "x": b64(n.x.to_bytes(32, "big")), "y": b64(n.y.to_bytes(32, "big"))})
    json.dump(jwks, open(path("issuer/jwks.json"), "w"))
    reload()
    try:
        good("(two keys, the kid named)", mint())
        bad("two keys, no kid", mint(head={"kid": DROP}))
        bad("two keys, the other's kid", mint(head={"kid": "demo-2"}))
    finally:
        open(path("issuer/jwks.json"), "w").write(saved)
        reload()
    good("(the good one still is)", mint())


class Keys:
    """A key server on loopback over https that counts, and misbehaves when told."""

    def __init__(self):
        self.hits, self.mode, self.name = [], "ok", "is" + os.urandom(4).hex()
        self.key = ec.generate_private_key(ec.SECP256R1())
        n = self.key.public_key().public_numbers()
        self.jwks = json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "real", "x": b64(n.x.to_bytes(32, "big")),
                                          "y": b64(n.y.to_bytes(32, "big"))}]}).encode()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path(self.name + ".key"), "-out", path(self.name + ".pem")], check=True, capture_output=True)
        keys = self

        class H(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                keys.hits.append((time.monotonic(), self.path))
                if keys.mode == "redirect":
                    self.send_response(302)
                    self.send_header("Location", "https://127.0.0.1:%d/elsewhere" % keys.port)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                if keys.mode == "fail":
                    self.send_error(500)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                try:
                    if keys.mode == "endless":
                        for _ in range(16384):
                            self.wfile.write(b" " * 65536)
                    elif keys.mode == "drip":
                        for _ in range(60):
                            self.wfile.write(b" ")
                            self.wfile.flush()
                            time.sleep(1)
                    else:
                        self.wfile.write(keys.jwks)
                except OSError:
                    pass

            def log_message(self, *a):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
        self.server.daemon_threads = True
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(path(self.name + ".pem"), path(self.name + ".key"))
        self.server.socket = c.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.url = "https://127.0.0.1:%d" % self.port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def install(self, name=None):
        name = name or self.name
        text = open(path("sallyport.yaml")).read()
        entry = ('  - name: %s\n    issuer: "%s/%s"\n    audiences: [sallyport]\n    algorithms: [ES256]\n    jwks_url: "%s/%s"\n    ca_file: "%s"\n'
                 % (name, self.url, name, self.url, name, path(self.name + ".pem")))
        assert "\ntargets:" in text
        open(path("sallyport.yaml"), "w").write(text.replace("\ntargets:", "\n" + entry.rstrip() + "\ntargets:", 1))
        reload()

    def token(self, name=None, kid="real", **kw):
        name = name or self.name
        return mint(claims(iss="%s/%s" % (self.url, name), **kw), {"kid": kid}, self.key)


@row("J3", "nothing in a token makes the bastion fetch anything, and what it does fetch is bounded")
def j3():
    lure = socket.socket()
    lure.bind(("127.0.0.1", 0))
    lure.listen(50)
    lure.settimeout(1.5)
    port = lure.getsockname()[1]
    mine = ec.generate_private_key(ec.SECP256R1())
    n = mine.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": b64(n.x.to_bytes(32, "big")), "y": b64(n.y.to_bytes(32, "big")), "kid": "mine", "alg": "ES256"}
    for scheme in ("http", "https"):
        u = "%s://127.0.0.1:%d/" % (scheme, port)
        for head in ({"jku": u}, {"x5u": u}, {"jku": u, "kid": "mine"}, {"jwk": jwk}, {"jwk": jwk, "kid": "mine"}, {"kid": u}, {"x5c": [b64(b"x")]}, {"iss": u}):
            bad("%s, its own key" % json.dumps(head)[:50], mint(head=head, key=mine))
        bad("iss %s" % u, mint(claims(iss=u), key=mine))
    try:
        lure.accept()
        check("nobody connected", False)
    except socket.timeout:
        check("nobody connected", True)
    keys = Keys()
    control = pids("sallyport-control")[0]
    for i, mode in enumerate(("redirect", "endless", "drip", "fail")):
        keys.mode = mode
        name = "is" + mode
        keys.install(name)
        rss, t = memory(control), time.monotonic()
        s = status(keys.token(name), 40)
        took = time.monotonic() - t
        quick = time.monotonic()
        api("GET", "/healthz")
        check("key server: %s: %d after %.1f s, memory +%d KiB" % (mode, s, took, memory(control) - rss), s in (401, 503) and took < 15 and
              memory(control) - rss < 16384 and time.monotonic() - quick < 1, (s, took))
    check("a redirect is not followed", not any("elsewhere" in h[1] for h in keys.hits), keys.hits)
    keys.mode = "ok"
    keys.install("isgood")
    good("(a key server that behaves)", keys.token("isgood"))


@row("J4", "a storm of unknown names costs one fetch, and no good key")
def j4():
    keys = Keys()
    keys.install()
    good("a first token fetches", keys.token())
    is_("once", 1, len(keys.hits))
    n = 10000 if LONG else 400
    start = time.monotonic()
    answers = {}
    lock = threading.Lock()

    def storm(k):
        for i in range(n // 8):
            s = status(keys.token(kid="random-%d-%d" % (k, i)), 60)
            with lock:
                answers[s] = answers.get(s, 0) + 1
    threads = [threading.Thread(target=storm, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for i in range(5):
        good("in the storm, a good token", keys.token())
        time.sleep(0.2)
    keys.mode = "fail"
    for t in threads:
        t.join()
    took = time.monotonic() - start
    check("%d random kids in %.0f s: %d fetches" % (n, took, len(keys.hits)), len(keys.hits) <= 1 + int(took / 30) + 1, len(keys.hits))
    check("all refused", set(answers) <= {401, 503} and 201 not in answers, answers)
    good("with the key server failing, a known key goes on", keys.token())
    unit("identity_keys")


@row("J5", "issuer and audience are compared whole")
def j5():
    iss = demo_issuer()
    good("(as it should be)", mint())
    for v in (iss + "/", iss.upper(), iss[:-1], iss + "x", "https://evil.example", "", None, [iss], 1, DROP, iss + "\0", " " + iss, {"v": iss}):
        bad("iss %r" % (v if v is not DROP else "missing"), mint(claims(iss=v)))
    for v in ("sally", "sallyport2", "Sallyport", "", None, 1, {}, ["sallyport", "other"], [], ["other"], DROP, ["sallyport", "sallyport2"], "sallyport other", ["sallyport", 1],
              [["sallyport"]], "sallyport\0", "*", True):
        bad("aud %r" % (v if v is not DROP else "missing"), mint(claims(aud=v)))
    good("aud as a list of the one", mint(claims(aud=["sallyport"])))
    for v in ("", None, 1, [], ["agent-1"], {}, DROP, "a\0b", "a\nb", "\u202ea", "x" * 5000):
        bad("sub %r" % (v if v is not DROP else "missing"), mint(claims(sub=v)) if not (isinstance(v, str) and len(v) > 1000) else mint(claims(sub=v)))
    for g in ("ops-agents", 1, {}, [1], [["ops-agents"]], ["a\0b"]):
        s = status(mint(claims(groups=g)))
        check("groups %r: %d" % (g, s), s != 500)
    keys = Keys()
    keys.install()
    good("(another issuer's own token)", keys.token())
    bad("issuer B's key for a token of issuer A", mint(key=keys.key, head={"kid": "real"}))
    bad("the same under A's kid", mint(key=keys.key))
    bad("issuer A's key for a token of issuer B", mint(claims(iss=keys.url + "/" + keys.name), {"kid": "real"}))
    bad("the same under A's kid", mint(claims(iss=keys.url + "/" + keys.name)))


@row("J6", "times are integers, there, and recent")
def j6():
    now = int(time.time())
    late = ("exp", "iat", "nbf")
    for name in ("exp", "iat", "nbf"):
        for v in (str(now + 300), True, None, [], {}, "", -1, -(2**63), now + 0.5, 1e300):
            if name == "iat" and v == now + 0.5:
                v = now - 5.5
            bad("%s %r" % (name, v), mint(claims(**{name: v})))
        for text in ("NaN", "Infinity", "9223372036854775808", "18446744073709551616", "1e400", "0x7fffffff", "1" * 400):
            body = json.dumps(claims(**{name: 424242})).replace("424242", text)
            bad("%s %s" % (name, text[:24]), mint(raw_body=body))
    bad("no exp", mint(claims(exp=DROP)))
    bad("exp twice", mint(raw_body=json.dumps(claims())[:-1] + ',"exp":%d}' % (now + 300)))
    for what, ok, kw in (("exp 50 s ago: within the skew", True, {"exp": now - 45, "iat": now - 300}), ("exp 61 s ago", False, {"exp": now - 61, "iat": now - 300}),
                         ("nbf in 50 s", True, {"nbf": now + 50}), ("nbf in 70 s", False, {"nbf": now + 70}),
                         ("iat in 50 s", True, {"iat": now + 50}), ("iat in 70 s", False, {"iat": now + 75}),
                         ("iat 13 h ago (max_age 12 h)", False, {"iat": now - 13 * 3600})):
        s = status(mint(claims(**kw)))
        # Within the skew a token is believed, but nothing may be left of a certificate that ends with it.
        check("%s: %d" % (what, s), (s == 201 or (ok and "exp" in kw and s == 401)) if ok else s == 401, s)


@row("J7", "one token, one certificate")
def j7():
    n = 1000 if LONG else 200

    def burst(token, n):
        results, gate = [], threading.Barrier(min(n, 100))

        def many():
            try:
                gate.wait(20)
            except threading.BrokenBarrierError:
                pass
            for _ in range(n // min(n, 100)):
                results.append(status(token, 60))
        threads = [threading.Thread(target=many) for _ in range(min(n, 100))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return results
    token = mint()
    r = burst(token, n)
    is_("%d exchanges at once: certificates" % n, 1, r.count(201))
    check("the rest are refusals", all(400 <= s < 504 for s in r if s != 201), set(r))
    other = mint(claims(jti=DROP))
    r = burst(other, 100)
    is_("a token without jti, 100 at once", 1, r.count(201))
    same = claims()
    is_("two tokens with one jti", [201, 401], [status(mint(same)), status(mint(dict(same, exp=same["exp"] + 1)))])
    control = pids("sallyport-control")[0]
    os.kill(control, 9)
    wait_for(20, "a new control", lambda: [p for p in pids("sallyport-control") if p != control] and up())
    bad("after kill -9 and a restart, the same token", token)
    bad("and the one without jti", other)
    good("(a fresh one)", mint())
    crash = mint()
    threads = [threading.Thread(target=lambda: results.append(quiet(crash))) for _ in range(30)]
    results = []
    for t in threads:
        t.start()
    os.kill(pids("sallyport-control")[0], 9)
    for t in threads:
        t.join()
    wait_for(20, "a new control", up)
    after = status(crash)
    check("killed in the middle of 30: %d certificates, then %d" % (results.count(201), after), results.count(201) + (after == 201) <= 1, results)


def quiet(token):
    try:
        return status(token, 10)
    except Exception:
        return 0


def up():
    try:
        return api("GET", "/readyz", timeout=3)[0] == 200
    except Exception:
        return False


@row("J8", "no token stands anywhere after its use")
def j8():
    tokens = [mint(), mint(claims(exp=1)), mint(claims(aud="x")), mint(claims(sub="a\nb"))]
    for t in tokens:
        status(t)
    api("POST", "/v1/token", None, "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=urn:ietf:params:oauth:token-type:jwt&subject_token=" + tokens[1] +
        "&public_key=x", {"Content-Type": "application/x-www-form-urlencoded"})
    ssh_token = mint()
    tokens.append(ssh_token)
    subprocess.run(["ssh", "-F", os.environ["SALLYPORT_SSH_CONFIG"], "-T", "demo-sign"], input=(ssh_token + "\n" + _key.line() + "\n").encode(), capture_output=True)
    # As a password, and as a user name, which is where somebody will put it one day.
    api("GET", "/v1/sessions?token=" + tokens[0])
    needles = [t.split(".")[2].encode() for t in tokens] + [t.split(".")[1].encode() for t in tokens] + [os.environ["SALLYPORT_OPERATOR_TOKEN"].split(".")[2].encode()]
    operator("GET", "/v1/sessions")
    hits = []
    for base, dirs, files in os.walk(path("state")):
        for f in files:
            p = os.path.join(base, f)
            if os.path.isfile(p):
                data = open(p, "rb").read()
                hits += [p for n in needles if n in data]
    data = open(path("sallyportd.log"), "rb").read()
    hits += ["sallyportd.log" for n in needles if n in data]
    is_("in no file of the state, and not in the log", [], hits)
    ours = [p for name in ("sallyportd", "sallyport-vault", "sallyport-control", "sallyport-session", "sallyport-recorder") for p in pids(name)]
    for p in ours:
        for what in ("cmdline", "environ"):
            try:
                data = open("/proc/%d/%s" % (p, what), "rb").read()
            except OSError:
                continue
            hits += ["%s of %d" % (what, p) for n in needles[:-1] if n in data]
    is_("in no argument or environment of a program (%d)" % len(ours), [], hits)
    if os.geteuid() == 0:
        time.sleep(0.3)
        secret = [t.split(".")[2].encode() for t in tokens[:1]]
        for name in ("sallyportd", "sallyport-vault"):
            for p in pids(name):
                is_("not in the memory of %s" % name, 0, sum(scan(p, n) for n in secret))
        n = sum(scan(p, s) for p in pids("sallyport-control") for s in secret)
        check("control's own copies are wiped (left in libraries' buffers: %d)" % n, n <= 2, n)
        is_("(the scan finds what is there)", True, scan(os.getpid(), secret[0]) > 0)
    for p in ours:
        limits = open("/proc/%d/limits" % p).read()
        line = [l for l in limits.splitlines() if l.startswith("Max core")][0].split()
        if line[4] != "0":
            check("%s writes no core" % open("/proc/%d/comm" % p).read().strip(), False, line)
    check("none of the programs writes a core file", True)


def scan(pid, needle):
    hits = 0
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            span, mode = line.split()[:2]
            if not mode.startswith("r") or "[v" in line:
                continue
            a, b = (int(x, 16) for x in span.split("-"))
            try:
                mem.seek(a)
                hits += mem.read(b - a).count(needle)
            except (OSError, OverflowError, ValueError):
                pass
    return hits


@row("J9", "what is verified is what is read")
def j9():
    t = mint()
    h, p, s = t.split(".")
    forged = b64(json.dumps(claims(sub="root")))
    for what, token in (("4 segments", t + "." + p), ("5 segments", ".".join((h, p, s, forged, s))), ("a forged segment in front", ".".join((forged, h, p, s))),
                        ("a forged body between", ".".join((h, forged, p, s))), ("2 segments", h + "." + p), ("1", h), ("an empty first", "." + p + "." + s),
                        ("an empty second", h + ".." + s), ("an empty third", h + "." + p + "."), ("a dot behind", t + "."), ("a dot before", "." + t),
                        ("a forged body", ".".join((h, forged, s))), ("JSON serialisation", json.dumps({"payload": p, "protected": h, "signature": s})),
                        ("general JSON serialisation", json.dumps({"payload": p, "signatures": [{"protected": h, "signature": s}]})),
                        ("padding", ".".join((h + "==", p, s))), ("padding of the signature", t + "=="), ("standard base64", ".".join((h, p, base64.b64encode(os.urandom(63)).decode().replace("A", "+")))),
                        ("a space inside", h + ". " + p + "." + s), ("a tab behind", t + "\t"), ("a comma and another", t + "," + t), ("two tokens", t + " " + t),
                        ("trailing bits", t[:-1] + chr(ord(t[-1]) + 1) if t[-1] in "AEIMQUYcgkosw048" else t[:-1] + "_"),
                        ("a body twice, JSON in JSON", mint(raw_body=json.dumps(claims()) + json.dumps(claims(sub="root")))),
                        ("a body with a key twice", mint(raw_body=json.dumps(claims())[:-1] + ',"sub":"root"}')), ("a body that is a list", mint(raw_body=json.dumps([claims()]))),
                        ("a body with a NUL", mint(raw_body=json.dumps(claims()) + "\0")), ("UTF-16", mint(raw_body=json.dumps(claims()).encode("utf-16"))),
                        ("a BOM", mint(raw_body=b"\xef\xbb\xbf" + json.dumps(claims()).encode())), ("a sub of bad UTF-8", mint(raw_body=json.dumps(claims(sub="SUB")).encode().replace(b"SUB", b"\xff\xfe"))),
                        ("100,000 brackets", mint(raw_body="[" * 6000)), ("15 MB", "a" * 20000 + "." + p + "." + s)):
        bad(what, token)
    good("(the token itself)", t)


@row("J10", "how much of a secret is right cannot be told from the time")
def j10():
    rounds = 3000 if LONG else 150
    t = mint()
    sig = base64.urlsafe_b64decode(t.split(".")[2] + "==")
    head = t.rsplit(".", 1)[0]
    classes = {"first byte wrong": head + "." + b64(bytes([sig[0] ^ 1]) + sig[1:]), "last byte wrong": head + "." + b64(sig[:-1] + bytes([sig[-1] ^ 1]))}
    times = {k: [] for k in classes}
    import http.client as hc
    conn = hc.HTTPConnection("127.0.0.1", api_port())
    for i in range(rounds):
        for k in random.sample(list(classes), 2):
            s = time.perf_counter()
            conn.request("GET", "/v1/approvals", headers={"Authorization": "Bearer " + classes[k]})
            r = conn.getresponse()
            r.read()
            times[k].append(time.perf_counter() - s)
            assert r.status == 401
    x, y = [sorted(v)[:int(rounds * 0.8)] for v in times.values()]
    m = lambda v: sum(v) / len(v)
    var = lambda v: sum((i - m(v)) ** 2 for i in v) / (len(v) - 1)
    tt = (m(x) - m(y)) / ((var(x) / len(x) + var(y) / len(y)) ** 0.5)
    check("a signature wrong at its first or its last byte, %d each: t = %.2f" % (rounds, tt), abs(tt) < 4.5)
    # There are no API keys and no approval tokens: who calls proves it by signature or by the socket. What is compared byte by byte and
    # secret is compared by CRYPTO_memcmp, or not at all.
    p = subprocess.run("grep -nE '\\b(memcmp|strcmp)\\([^;]*(secret|password|passphrase|master|mac\\b|hmac)' -r --include=*.c base approve identity vault server audit", shell=True,
                       cwd=TOP, capture_output=True, text=True).stdout
    is_("no plain comparison of a secret in the sources", "", p)


if __name__ == "__main__":
    main(config="limits: { per_source: 2000, unauthenticated: 1000, sessions_per_identity: 1000, commands_per_minute: 100000, login_grace: 30s }\n")

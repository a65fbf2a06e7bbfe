#!/usr/bin/python3
"""Certificates against the live bastion, all signed by its own CA, whose key these tests put into its vault: rows C1-C6."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bastion import *  # noqa: E402,F403
from sshraw import *  # noqa: E402,F403

CERT = "ssh-ed25519-cert-v01@openssh.com"
_ca = []


def ca():
    if not _ca:
        _ca.append(own_ca())
    return _ca[0]


def tries(key, cert, alg=CERT, user="demo-web"):
    """52 when the bastion logs it in."""
    c = Client(ssh_port())
    c.service()
    try:
        c.send(c.auth_request(user, cert, alg, key.private))
        return c.expect(51, 52, seconds=4)[0]
    except (Closed, socket.timeout):
        return 51
    finally:
        c.close()


def refused(what, key, cert, **kw):
    is_(what + ": refused", 51, tries(key, cert, **kw))


def accepted(what, key, cert, **kw):
    is_(what + ": accepted", 52, tries(key, cert, **kw))


@row("C1", "only the plain CA signs, not a certificate of it")
def c1():
    key, middle = Key(), Key()
    accepted("a certificate of the CA", key, certificate(key, ca(), identity_text()))
    for what, principals in (("user", [b"sallyport"]), ("host", [b"bastion"])):
        middle.cert = certificate(middle, ca(), identity_text(), principals=principals, kind=1 if what == "user" else 2)
        refused("signed by the key of a %s certificate of the CA, with that certificate as the signer" % what, key,
                certificate(key, middle, identity_text(), ca_blob=middle.cert))
    refused("signed by a key that the CA certified, as a plain key", key, certificate(key, middle, identity_text()))
    refused("signed by itself", key, certificate(key, key, identity_text()))
    refused("the CA named, another key's signature", key, certificate(key, middle, identity_text(), ca_blob=ca().blob))
    refused("the CA's key with a byte behind it", key, certificate(key, ca(), identity_text(), ca_blob=ca().blob + b"\0"))
    refused("the CA as an empty key", key, certificate(key, ca(), identity_text(), ca_blob=b""))


@row("C2", "exactly one principal, of exactly that name")
def c2():
    key = Key()
    for what, p in (("none", []), ("two", [b"sallyport", b"root"]), ("the same twice", [b"sallyport", b"sallyport"]), ("257", [b"sallyport"] * 257),
                    ("a,b", [b"sallyport,root"]), ("a NUL inside", [b"sally\0port"]), ("a NUL behind", [b"sallyport\0"]), ("capitals", [b"Sallyport"]),
                    ("a space behind", [b"sallyport "]), ("a star", [b"*"]), ("empty", [b""]), ("a glob", [b"sally*"]), ("a newline", [b"sallyport\nroot"])):
        refused("principals: " + what, key, certificate(key, ca(), identity_text(), principals=p))
    refused("principals cut off", key, certificate(key, ca(), identity_text(), principals_raw=u32(100) + b"sallyport"))
    accepted("the one", key, certificate(key, ca(), identity_text()))
    line = agent_key()
    p = subprocess.run(["ssh-keygen", "-Lf", "-"], input="ssh-ed25519-cert-v01@openssh.com " + __import__("base64").b64encode(line.cert).decode(),
                       capture_output=True, text=True).stdout
    names = re.search(r"Principals:(.*?)Critical Options", p, re.S)
    is_("what the bastion issues has one principal", ["sallyport"], names.group(1).split() if names else p)


@row("C3", "type, time and every option are held")
def c3():
    key, now = Key(), int(time.time())
    make = lambda **kw: certificate(key, ca(), kw.pop("identity", identity_text()), **kw)
    accepted("correct", key, make())
    refused("a host certificate", key, make(kind=2))
    refused("of type 3", key, make(kind=3))
    refused("not yet valid", key, make(after=now + 3600, before=now + 7200))
    refused("expired", key, make(after=now - 7200, before=now - 1))
    refused("an empty interval", key, make(after=now + 10, before=now - 10))
    accepted("a long interval (it is the CA that issues minutes)", key, make(after=0, before=2**64 - 1))
    accepted("a source address that is ours", key, make(critical=[("source-address", b"127.0.0.0/8")]))
    refused("another source address", key, make(critical=[("source-address", b"10.0.0.0/8")]))
    refused("an empty source address", key, make(critical=[("source-address", b"")]))
    refused("a source address that is none", key, make(critical=[("source-address", b"localhost")]))
    refused("a source address negated", key, make(critical=[("source-address", b"!10.0.0.1,127.0.0.1")]))
    refused("force-command", key, make(critical=[("force-command", b"true")]))
    refused("an empty force-command", key, make(critical=[("force-command", b"")]))
    refused("verify-required", key, make(critical=[("verify-required", None)]))
    refused("an unknown critical option", key, make(critical=[("nobody@example.com", b"x")]))
    refused("an unknown critical option behind a known one", key, make(critical=[("source-address", b"127.0.0.1"), ("zz@example.com", b"x")]))
    refused("an option twice", key, make(critical=[("source-address", b"127.0.0.1"), ("source-address", b"127.0.0.1")]))
    refused("options out of order", key, make(critical=[("zz@example.com", b""), ("aa@example.com", b"")]))
    refused("options cut off", key, make(options_raw=string("source-address") + u32(50) + b"x"))
    accepted("an unknown extension (it grants nothing)", key, make(extensions=[("nobody@example.com", b"x")]))
    accepted("extensions of OpenSSH", key, make(extensions=[("permit-pty", None), ("permit-port-forwarding", None), ("permit-X11-forwarding", None)]))
    refused("no identity", key, make(identity=None))
    for what, text in (("an identity that is no JSON", "agent-1"), ("one of an issuer nobody knows", identity_text().replace('"demo"', '"evil"')),
                       ("an empty one", ""), ("one with a NUL", identity_text() + "\0"), ("an array", "[]"), ("one as long as 100 KiB", identity_text("x" * 100000))):
        refused(what, key, make(identity=text))
    since = next_seq()
    c = Client(ssh_port())
    c.service()
    c.send(c.auth_request("demo-web", make(extensions=[("permit-port-forwarding", None), ("permit-agent-forwarding", None)]), CERT, key.private))
    c.expect(52)
    check("an extension that permits forwarding permits nothing here", c.open("direct-tcpip", extra=string("127.0.0.1") + u32(22) + string("") + u32(0)) is None)
    for method, data in (("password", b"\0" + string("x")), ("keyboard-interactive", string("") + string("")), ("hostbased", string("ssh-ed25519") + string(key.blob) +
                         string("h") + string("u") + string("x")), ("gssapi-with-mic", u32(1) + string(b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02")), ("none", b"")):
        c = Client(ssh_port())
        c.service()
        try:
            c.send(b"\x32" + string("demo-web") + string("ssh-connection") + string(method) + data)
            r = c.expect(51, 52, 60, seconds=3)[0]
        except (Closed, socket.timeout):
            r = 51
        is_("method %s: refused" % method, 51, r)
        c.close()
    check("no worker died of it", not crashes(), crashes()[:1])


@row("C4", "signature algorithms match the CA's key exactly, none with SHA-1")
def c4():
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    key = Key()
    r = rsa.generate_private_key(65537, 2048)
    n = r.public_key().public_numbers()
    rsa_blob = string("ssh-rsa") + mpint(n.e) + mpint(n.n)
    e = ec.generate_private_key(ec.SECP384R1())
    q = e.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    ec_blob = string("ecdsa-sha2-nistp384") + string("nistp384") + string(q)

    def ec_sign(body):
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
        a, b = decode_dss_signature(e.sign(body, ec.ECDSA(hashes.SHA384())))
        return string("ecdsa-sha2-nistp384") + string(mpint(a) + mpint(b))
    cases = [("RSA with SHA-1", rsa_blob, lambda b: string("ssh-rsa") + string(r.sign(b, padding.PKCS1v15(), hashes.SHA1()))),
             ("RSA with SHA-512", rsa_blob, lambda b: string("rsa-sha2-512") + string(r.sign(b, padding.PKCS1v15(), hashes.SHA512()))),
             ("ECDSA P-384", ec_blob, ec_sign)]
    for what, blob, sign in cases:
        refused("a CA that is not listed: " + what, key, certificate(key, ca(), identity_text(), ca_blob=blob, sign=sign))
    for name in ("ssh-rsa", "rsa-sha2-512", "ssh-ed448", "ecdsa-sha2-nistp256", "", "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519\0"):
        refused("the CA's signature under the name %r" % name, key,
                certificate(key, ca(), identity_text(), sign=lambda b: string(name) + string(ca().private.sign(b))))
    refused("a signature with a byte behind it", key, certificate(key, ca(), identity_text(), sign=lambda b: string("ssh-ed25519") + string(ca().private.sign(b)) + b"\0"))
    refused("a signature of another certificate", key, certificate(key, ca(), identity_text(), sign=lambda b: string("ssh-ed25519") + string(ca().private.sign(b"x"))))
    accepted("(the CA's own)", key, certificate(key, ca(), identity_text()))
    p = subprocess.run([os.path.join(TOP, "tests/e2e/62-certificates-openssh.sh")], capture_output=True, text=True, env=dict(os.environ, SALLYPORT_BUILD=BUILD))
    if p.returncode != 77:
        is_("the matrix of certificates made by ssh-keygen, among them ssh-rsa and P-384 where P-256 is listed", 0, p.returncode)
        check("  it had ssh-rsa and P-384", "-t ssh-rsa: refused" in p.stdout)


@row("C5", "a certificate ends with its token, and a revoked one ends its sessions")
def c5():
    def issued(ttl, **kw):
        key = Key()
        status, text, _ = api("POST", "/v1/ssh/certificates", demo_token("agent-1", "ops-agents", "--ttl", ttl), key.line())
        assert status == 201, text
        key.take_line(text.decode())
        out = subprocess.run(["ssh-keygen", "-Lf", "-"], input=text, capture_output=True).stdout.decode()
        until = time.mktime(time.strptime(re.search(r"Valid: from \S+ to (\S+)", out).group(1), "%Y-%m-%dT%H:%M:%S"))
        return key, until - time.time(), int(re.search(r"Serial: (\d+)", out).group(1))
    key, left, serial = issued("2m")
    check("a token of 2 minutes buys at most 2 minutes (%d s)" % left, 0 < left <= 121, left)
    key, left, serial = issued("10h")
    check("a token of 10 hours buys at most 15 minutes (%d s)" % left, 0 < left <= 901, left)
    c = login(key=key)
    ch, _ = c.open()
    c.exec(ch, "echo up; sleep 60")
    c.expect(94)
    admin = os.environ["SALLYPORT_OPERATOR_TOKEN"]
    agent = demo_token()
    is_("an agent may not revoke", 403, api("DELETE", "/v1/certificates/%d" % serial, agent)[0])
    t = time.monotonic()
    status = api("DELETE", "/v1/certificates/%d" % serial, admin)[0]
    check("an administrator may (%d)" % status, status in (200, 202, 204))
    check("its session ends", c.ended(5))
    check("  within 5 s (%.2f)" % (time.monotonic() - t), time.monotonic() - t < 5)
    is_("and it logs in no more", 51, tries(key, key.cert))
    wait_for(5, "the record", lambda: [r for r in events("certificate.revoked") if r.get("serial") == serial])
    os.kill(pids("sallyport-control")[0], 9)
    wait_for(15, "a new control", lambda: try_login(agent_key))
    is_("nor after control has been killed and restarted", 51, tries(key, key.cert))
    # One that ends while its session runs: the session goes on to session_max, new logins do not.
    key, left, serial = issued("4s")
    c = login(key=key)
    time.sleep(5.5)
    is_("a session outlives its certificate (limits.session_max is its end)", 0, c.run("true")[0])
    is_("a new login with it does not", 51, tries(key, key.cert))


def try_login(make):
    try:
        return login(key=make())
    except Exception:
        return None


@row("C6", "a certificate's words cannot speak to a log or a terminal")
def c6():
    key = Key()
    evil = b"\x1b]0;owned\x07\n{\"event\":\"fake\"}\r\x9b31m\xe2\x80\xae"
    since = next_seq()
    refused("a key id of escapes, newlines and bidi, expired", key, certificate(key, ca(), identity_text(), key_id=evil, before=int(time.time()) - 1))
    tries(key, certificate(key, ca(), identity_text(), key_id=evil))
    refused("an option's name of them", key, certificate(key, ca(), identity_text(), critical=[(evil, b"x")]))
    refused("a principal of them", key, certificate(key, ca(), identity_text(), principals=[evil]))
    refused("a subject of them", key, certificate(key, ca(), identity_text("\u001b]0;x\u0007\u202e"), before=1))
    tries(key, certificate(key, ca(), identity_text("a\u001b]0;x\u0007\u202eb")))
    tries(key, certificate(key, ca(), identity_text()), user="demo\x1b]0;x\x07\n{\"event\":\"fake\"}")
    # A name that is text, and speaks all the same (bidi, a C1 control, DEL), and one that is none.
    tries(key, certificate(key, ca(), identity_text()), user="demo\u202e\u009b31m\x7f")
    tries(key, certificate(key, ca(), identity_text()), user=b"demo\xff")
    named = {r.get("user") for r in events("login.refused", since)}
    check("the log has these users' names, every byte of them", {"demo\x1b]0;x\x07\n{\"event\":\"fake\"}", "demo\u202e\u009b31m\x7f", "demo\\xff"} <= named, named)
    # And a name that is refused with a reason, which the daemon's log and the agent's terminal are told, too.
    c = login()
    ch, _ = c.open()
    c.request(ch, "subsystem", string("sftp\x1b]0;x\x07\u202e\u009b31m"))
    told = c.collect(5, ch)
    check("nor to the terminal of who is refused", told[0] == 126 and b"sftp" in told[2] and not re.search(rb"[^ -~\r\n]", told[2]), told)
    wait_for(5, "the refusal in the daemon's log", lambda: "no rule allows this subsystem: sftp" in open(path("sallyportd.log"), errors="replace").read())
    for name in [os.path.join(os.environ["SALLYPORT_AUDIT"], f) for f in os.listdir(os.environ["SALLYPORT_AUDIT"]) if f.startswith("log-")] + [path("sallyportd.log")]:
        raw = open(name, "rb").read()
        bad = re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae|\x9b3", raw)
        check("%s holds no control byte" % os.path.basename(name), bad is None, bad and raw[max(0, bad.start() - 60):bad.end() + 20])
    check("no record was made up", not events("fake"))
    check("what was refused stands in the log", len(events("login.refused", since)) >= 5)
    p = subprocess.run(["sallyport", "audit", "verify", "--dir", os.environ["SALLYPORT_AUDIT"]], capture_output=True)
    is_("and the log verifies", 0, p.returncode)


import socket  # noqa: E402
main(config="limits: { per_source: 2000, unauthenticated: 1000, sessions_per_identity: 1000, commands_per_minute: 100000, login_grace: 5s }\n")

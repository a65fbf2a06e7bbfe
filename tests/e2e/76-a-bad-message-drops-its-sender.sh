#!/bin/bash
# Control alone, its sockets in the hands of a script: a message that is not of its form, or not for now, costs its sender the
# connection and nobody else anything. Every message type is sent by every kind of peer, empty, cut, too long, and made of noise.
. "$(dirname "$0")/lib.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/sallyport-bad.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/state"
ssh-keygen -q -t ed25519 -N '' -C user-ca -f "$work/ca"
ssh-keygen -q -t ed25519 -N '' -f "$work/hk"
cat >"$work/policy.yaml" <<'Y'
version: 1
profile: guard
Y
cat >"$work/c.yaml" <<Y
version: 1
listen: ["127.0.0.1:0"]
host_key: hk
state: $work/state
policy: policy.yaml
vault: { store: v, master_key: m }
issuers: [{ name: demo, issuer: "https://idp.example", audiences: [sallyport], jwks_file: jwks.json }]
targets: [{ name: web, address: 127.0.0.1, login: me, host_keys: ["$(cut -d' ' -f1,2 "$work/hk.pub")"], key: web }]
Y
echo '{"keys":[]}' >"$work/jwks.json"
/usr/bin/python3 - "$SALLYPORT_BUILD/sallyport-control" "$work" <<'P' || fail "see above; its log: $(tail -n 5 "$work/log")"
import fcntl, os, random, socket, struct, sys
program, work = sys.argv[1:]
sup, sup_c = socket.socketpair(); vault, vault_c = socket.socketpair()
state = os.open(work + "/state", os.O_RDONLY | os.O_DIRECTORY)
pid = os.fork()
if pid == 0:
    log = os.open(work + "/log", os.O_WRONLY | os.O_CREAT)
    a, b, c = os.dup(sup_c.fileno()), os.dup(vault_c.fileno()), os.dup(state)
    high = [fcntl.fcntl(f, fcntl.F_DUPFD, 100) for f in (a, b, c)]
    for to, f in zip((3, 4, 5), high): os.dup2(f, to, inheritable=True)
    os.dup2(log, 2)
    os.execv(program, ["sallyport-control", "--config", work + "/c.yaml"])
sup_c.close(); vault_c.close()
frame = lambda t, p, n=0: struct.pack(">IHBB", len(p) + 4, t, n, 0) + p
string = lambda b: struct.pack(">I", len(b)) + b
def recv(s, n):
    out = b""
    while len(out) < n:
        d = s.recv(n - len(out))
        if not d: raise EOFError
        out += d
    return out
def message(s):
    n, t, fds, _ = struct.unpack(">IHBB", recv(s, 8))
    return t, recv(s, n - 4)
vault.settimeout(10); sup.settimeout(10)
t, p = message(vault)
assert t == 56, t # vault_public_keys
line = open(work + "/ca.pub", "rb").read().strip()
keys = string(b"user-ca") + string(b"user-ca") + string(line)
vault.sendall(frame(60, p + b"\x01" + string(keys) + string(b"")))
t, p = message(sup)
assert t == 10, t # control_ready
sids = iter(range(1, 1 << 30))
def worker():
    a, b = socket.socketpair()
    body = struct.pack(">Q", next(sids)) + string(b"127.0.0.1") + struct.pack(">H", 1)
    socket.send_fds(sup, [frame(1, body, 1)], [b.fileno()])
    b.close()
    a.settimeout(5)
    t, p = message(a)
    assert t == 20, t # session_start
    return a
def alive():
    s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(work + "/state/run/api.sock")
    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b" 200 " in s.recv(200), "control does not answer"
    assert os.waitpid(pid, os.WNOHANG) == (0, 0), "control ended"
def dropped(s):
    try:
        while s.recv(4096): pass
        return True
    except ConnectionResetError: return True
    except TimeoutError: return False
random.seed(3)
noise = lambda n: bytes(random.randrange(256) for _ in range(n))
types = [1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 20, 21, 22, 23, 24, 25, 26, 30, 31, 32, 33, 34, 35, 36, 37, 38, 40, 45, 46, 47, 48, 50, 51, 56, 60, 0, 99, 65535]
n = kept = 0
for t in types:
    for body in (b"", b"\0", noise(7), noise(64), string(b"x" * 70000), b"\xff" * 12, string(b"a") + string(b"b") + b"!"):
        s = worker()
        s.settimeout(0.3)
        s.sendall(frame(t, body))
        n += 1
        # A login that is none is answered; everything else of this costs the connection.
        if not dropped(s): kept += 1
        s.close()
    alive()
s = worker(); s.sendall(struct.pack(">IHBB", 0x7fffffff, 30, 0, 0)); assert dropped(s), "a frame of 2 GB"
s = worker(); s.sendall(struct.pack(">IHBB", 3, 30, 0, 0)); assert dropped(s), "a frame shorter than its head"
s = worker(); s.sendall(struct.pack(">IHBB", 4, 30, 9, 0)); assert dropped(s), "nine descriptors that are not there"
a, b = socket.socketpair()
s = worker(); socket.send_fds(s, [frame(30, string(b"web") + string(b"x"), 1)], [b.fileno()]); assert dropped(s), "a descriptor that nobody asked for"
for _ in range(300):
    s = worker(); s.sendall(noise(random.randrange(1, 400))); s.close()
alive()
assert kept <= 12, kept
# An honest login with a certificate that is none: refused in the same words, not dropped.
s = worker(); s.sendall(frame(30, string(b"web") + string(noise(300))))
t, p = message(s)
assert t == 21 and p[0] == 0 and b"not permitted" in p, (t, p)
# Before login nothing else is heard.
s = worker(); s.sendall(frame(32, b"\0" * 60)); assert dropped(s), "a question before the login"
alive()
print(f"ok: {n + 305} bad messages, {kept} of them answered, the others dropped with their sender; control serves on")
os.kill(pid, 15); os.waitpid(pid, 0)
P
has "refused logins are recorded" '"event":"login.refused"' "$(cat "$work"/state/audit/*.jsonl)"
has "and the end in good order" '"event":"control.stop"' "$(cat "$work"/state/audit/*.jsonl)"

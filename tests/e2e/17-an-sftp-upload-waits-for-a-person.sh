#!/bin/bash
# An upload that a person has to approve: held open, then done or refused; what was approved is where the path led when it was asked. Then the same
# subsystem with other clients, and with hands that send what no client sends, from both sides.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/files.yaml" --config "$(dirname "$0")/policies/short-wait.yaml"

home=$SALLYPORT_DEMO_DIR/home
d=$SALLYPORT_DEMO_DIR/here
mkdir "$d" "$home"/{drop,other,secret,release,release/in,.ssh} && cd "$d" || exit 1
echo "ssh-ed25519 AAAA the only key" >"$home/.ssh/authorized_keys"
echo hidden >"$home/secret/f"
head -c 300000 /dev/urandom >new
batch() { sftp -q -F "$SALLYPORT_SSH_CONFIG" -b - demo-web; }

printf 'put new release/app\n' | batch >out 2>err &
pid=$!
id=$(pending_id)
[ -n "$id" ] || fail "nothing is pending"
one=$(operator GET "/v1/approvals/$id")
is "a person is asked for this path" "write '$home/release/app'" "$(jq -r .command <<<"$one")"
is "and for what is done to it" "file write" "$(jq -r '"\(.kind) \(.op)"' <<<"$one")"
[ ! -e "$home/release/app" ] || fail "it was there before anybody said yes"
operator POST "/v1/approvals/$id/approve" '{"reason":"release 42"}' >/dev/null
wait $pid
is "then it is done" "0 $(sha256sum <new)" "$? $(sha256sum <"$home/release/app")"
has "the client was told to wait" 'waiting for approval' "$(cat err)"
has "the yes was used up" approval.used "$(audit_lines)"

printf 'put new release/no\n' | batch >out 2>err &
pid=$!
id=$(pending_id)
operator POST "/v1/approvals/$id/deny" '{"reason":"not during the freeze"}' >/dev/null
wait $pid
is "a no is a failure" 1 $?
has "with the person's words" 'sallyport: refused .*not during the freeze' "$(cat err)"
[ ! -e "$home/release/no" ] || fail "it was written though refused"

# Asked for one place; while the person thinks, a link makes it another.
printf 'put new release/in/app\n' | batch >out 2>err &
pid=$!
id=$(pending_id)
rmdir "$home/release/in" && ln -s "$home/.ssh" "$home/release/in"
operator POST "/v1/approvals/$id/approve" '{"reason":"ok"}' >/dev/null
wait $pid
is "where it leads has changed meanwhile" 1 $?
has "and that is said" 'leads elsewhere' "$(cat err)"
is "nothing was written there" authorized_keys "$(ls "$home/.ssh")"

/usr/bin/python3 - "$SALLYPORT_DEMO_DIR/agent/id_ed25519" "$home" "$(sp -G demo-web | awk '$1 == "port" { print $2 }')" <<'P' || fail "paramiko"
import hashlib, os, sys, paramiko, stat
keyfile, home, port = sys.argv[1:]
key = paramiko.Ed25519Key.from_private_key_file(keyfile)
key.load_certificate(keyfile + "-cert.pub")
t = paramiko.Transport(("127.0.0.1", int(port)))
t.connect(username="demo-web", pkey=key)
s = paramiko.SFTPClient.from_transport(t)
data = os.urandom(10000000)
with s.open("drop/para", "wb") as f:
    f.set_pipelined(True)
    f.write(data)
with s.open("drop/para", "rb") as f:
    f.prefetch()
    assert hashlib.sha256(f.read()).digest() == hashlib.sha256(data).digest()
s.mkdir("drop/dir"); s.rename("drop/para", "drop/dir/para"); s.chmod("drop/dir/para", 0o640); s.truncate("drop/dir/para", 1000); s.utime("drop/dir/para", (1, 2))
a = s.stat("drop/dir/para")
assert (a.st_size, stat.S_IMODE(a.st_mode), a.st_mtime) == (1000, 0o640, 2), a
s.chdir("drop"); assert s.getcwd() == home + "/drop" and s.listdir("dir") == ["para"]
s.symlink("dir/para", "link"); assert s.readlink("link") == "dir/para" and s.open("link").read(3) == data[:3]
with s.open("dir/para", "r+b") as f:
    f.seek(500); f.write(b"middle"); f.seek(500); assert f.read(6) == b"middle"
with s.open("dir/para", "ab") as f:
    f.write(b"end")
assert s.open("dir/para").read()[-3:] == b"end"
s.remove("link"); s.posix_rename("dir/para", "dir/para2"); s.remove("dir/para2"); s.rmdir("dir")
def refused(what, f, *args):
    try:
        f(*args)
    except PermissionError as e:
        assert "sallyport: denied" in str(e), (what, e)
        return
    except IOError as e:
        assert "sallyport: denied" in str(e), (what, e)
        return
    sys.exit("%s was not refused" % what)
refused("reading", s.open, home + "/secret/f")
refused("writing", s.open, home + "/other/f", "w")
refused("reading and writing", s.open, home + "/secret/f", "r+")
refused("appending", s.open, home + "/.ssh/authorized_keys", "a")
refused("creating", s.open, home + "/.ssh/x", "x")
refused("stat", s.stat, home + "/secret/f")
refused("list", s.listdir, home + "/secret")
refused("truncate", s.truncate, home + "/other/f", 0)
# A handle is for what it was opened for, and for this channel.
import struct
S = lambda b: struct.pack(">I", len(b)) + b
def ask(type, body):
    s._send_packet(type, b"\0\0\0\7" + body)
    type, answer = s._read_packet()
    return type, struct.unpack(">I", answer[4:8])[0], answer
f, r = s.open("some", "wb"), s.open(home + "/app.log")
at = struct.pack(">Q", 0)
for what, type, body in (("reading what is open for writing", 5, S(f.handle) + at + b"\0\0\0\x10"), ("writing what is open for reading", 6, S(r.handle) + at + S(b"x")),
                         ("listing a file", 12, S(r.handle)), ("rights of what is open for reading", 10, S(r.handle) + b"\0\0\0\4\0\0\1\xff"),
                         ("a handle that is none", 4, S(b"\0\0\0\0")), ("a handle of another form", 5, S(b"0" * 200) + at + b"\0\0\0\1")):
    type, status, answer = ask(type, body)
    assert type == 101 and status in (3, 4), (what, type, status)
# More files than the table holds: refused, and none is lost.
many = []
try:
    for i in range(200):
        many.append(s.open(home + "/app.log"))
    sys.exit("no bound on open files")
except IOError as e:
    assert "too many open files" in str(e) and len(many) > 100, (e, len(many))
for m in many:
    m.close()
assert s.open(home + "/app.log").read().startswith(b"INFO")
# Bytes that are no request.
def raw(bytes_, hello=True):
    c = t.open_session(); c.invoke_subsystem("sftp")
    if hello:
        c.sendall(struct.pack(">IBI", 5, 1, 3)); c.recv(4096)
    c.sendall(bytes_)
    err = b""
    while True:
        n = c.recv_stderr(4096)
        if not n: break
        err += n
    assert b"broke the sftp protocol" in err, (bytes_, err)
    return c
P = lambda type, body: struct.pack(">IB", len(body) + 1, type) + body
for bad in (struct.pack(">I", 1 << 30), struct.pack(">I", 0), P(3, b"\0\0\0\1" + S(b"x" * 5000) + b"\0" * 8), P(3, b"\0\0\0\1" + struct.pack(">I", 99) + b"x"), P(17, b"\0\0\0\1" + S(b"a\0b")),
            P(99, b"\0\0\0\1"), P(101, b"\0\0\0\1"), P(17, b"\0\0\0\1" + S(b"a") + b"more"), P(1, b"\0\0\0\3")):
    raw(bad)
raw(P(17, b"\0\0\0\1" + S(b"a")), hello=False)
# An extension that nobody knows gets its answer.
try:
    s._request(paramiko.sftp.CMD_EXTENDED, "exec@example.com", "id"); sys.exit("an unknown extension was taken")
except IOError as e:
    assert "not known" in str(e), e
t.close()
P
echo "ok: paramiko, and bytes by hand"

# A target whose server lies: the channel ends, the agent gets a sentence, the bastion goes on.
lie=$d/liar
cat >"$lie" <<'P'
#!/usr/bin/python3
import os, struct, sys
how = open(os.path.join(os.path.dirname(sys.argv[0]), "how")).read().strip()
i, o = sys.stdin.buffer, sys.stdout.buffer
S = lambda b: struct.pack(">I", len(b)) + b
def send(type, body): o.write(struct.pack(">IB", len(body) + 1, type) + body); o.flush()
def name(id, b): send(104, id + struct.pack(">I", 1) + S(b) + S(b) + b"\0\0\0\0")
while True:
    h = i.read(4)
    if len(h) < 4: break
    p = i.read(struct.unpack(">I", h)[0]); type, id = p[0], p[1:5]
    if type == 1: send(2, b"\0\0\0\3"); continue
    path = p[9:9 + struct.unpack(">I", p[5:9])[0]] if type in (3, 7, 11, 16, 17) else b""
    if type == 16 and path == b".": name(id, b"/home/x"); continue
    if type == 16 and path == b"/proc/self/fd": name(id, path if how == "lexical" else b"/proc/1/fd"); continue
    if type == 16 and how == "dots": name(id, b"/home/x/../y"); continue
    if type == 16 and how == "relative": name(id, b"x"); continue
    if type == 16 and how == "silent": continue
    if type == 16: name(id, path); continue
    if type in (7, 17) and how == "id": send(105, b"\xff\xff\xff\xff\0\0\0\0"); continue
    if type in (7, 17) and how == "long": o.write(struct.pack(">I", 1 << 31)); o.flush(); continue
    if type in (7, 17) and how == "kind": name(id, b"x"); continue
    if type in (7, 17) and how == "short": send(105, id + b"\0\0\0\1"); continue
    if type in (7, 17): send(105, id + b"\0\0\0\4" + struct.pack(">I", 0o40755)); continue
    if type == 11: send(102, id + S(b"h")); continue
    if type == 12 and how == "slash": send(104, id + struct.pack(">I", 1) + S(b"../../evil") + S(b"x") + b"\0\0\0\0"); continue
    send(101, id + struct.pack(">I", 1) + S(b"") + S(b""))
P
chmod +x "$lie"
cp "$SALLYPORT_DEMO_DIR/target/sshd_config" "$d/sshd_config"
sed -i "s|^Subsystem sftp .*|Subsystem sftp $lie|" "$SALLYPORT_DEMO_DIR/target/sshd_config"
kill -HUP "$(pgrep -f "sshd.*$SALLYPORT_DEMO_DIR/target/sshd_config" | head -n 1)"
for how in lexical dots relative id long kind short slash; do
	echo $how >"$d/how"
	wait_for 10 "the target" bash -c "echo >/dev/tcp/127.0.0.1/$(sed -n 's/.*:\([0-9]*\)$/\1/p;/ListenAddress/q' "$d/sshd_config" | tail -n 1)"
	timeout 20 sftp -q -F "$SALLYPORT_SSH_CONFIG" -b - demo-web >out 2>err <<<'ls /home/x/d'
	[ $? -ne 124 ] || fail "a server that lies ($how) holds the client up"
	has "a server that lies: $how" 'sallyport: unavailable: the target.s (sftp )?server' "$(cat err)"
done
[ ! -e "$d/evil" ] || fail "a name led the client out of its directory"
is "the bastion goes on" fine "$(sp demo-web 'echo fine' </dev/null)"

"""A small SSH client that does what it is told, lawful or not: packets by hand, strict key exchange or none, any message at any time.
It believes every host key, and is for attacks on a bastion of one's own only."""
import hashlib
import hmac as hmac_module
import os
import socket
import struct
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


class Closed(Exception):
    """The other side closed, or broke, the connection."""


def string(b):
    if isinstance(b, str):
        b = b.encode()
    return struct.pack(">I", len(b)) + b


def u32(n):
    return struct.pack(">I", n & 0xFFFFFFFF)


def u64(n):
    return struct.pack(">Q", n)


def mpint(n):
    raw = n.to_bytes((n.bit_length() + 8) // 8, "big") if n else b""
    return string(raw)


class Reader:
    def __init__(self, b):
        self.b, self.at = b, 0

    def take(self, n):
        r = self.b[self.at:self.at + n]
        if len(r) != n:
            raise ValueError("short")
        self.at += n
        return r

    def byte(self):
        return self.take(1)[0]

    def u32(self):
        return struct.unpack(">I", self.take(4))[0]

    def string(self):
        return self.take(self.u32())


STRICT = "kex-strict-c-v00@openssh.com"


class Client:
    def __init__(self, port, host="127.0.0.1", timeout=15, strict=True, cipher="aes256-ctr", before=b"", kex=True,
                 kex_names="curve25519-sha256", source=""):
        self.sock = socket.create_connection((host, port), timeout=timeout, source_address=(source, 0))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.inbuf = b""
        self.seq_in = self.seq_out = 0
        self.enc = self.dec = None
        self.session_id = None
        self.strict, self.peer_strict = strict, False
        self.cipher, self.kex_names = cipher, kex_names
        self.channels = 0
        self.version = b"SSH-2.0-raw_1"
        self.sock.sendall(before + self.version + b"\r\n")
        self.peer_version = self._line()
        if kex:
            self.key_exchange()

    # ---- bytes ----

    def _more(self):
        try:
            d = self.sock.recv(65536)
        except (ConnectionError, BrokenPipeError):
            raise Closed("reset") from None
        if not d:
            raise Closed("closed")
        self.inbuf += d

    def _line(self):
        while b"\n" not in self.inbuf:
            self._more()
        line, self.inbuf = self.inbuf.split(b"\n", 1)
        return line.rstrip(b"\r")

    def raw(self, b):
        try:
            self.sock.sendall(b)
        except (ConnectionError, BrokenPipeError):
            raise Closed("reset") from None

    def pack(self, payload):
        if self.enc is None:
            pad = 8 - (len(payload) + 5) % 8
            pad += 8 if pad < 4 else 0
            out = struct.pack(">IB", len(payload) + pad + 1, pad) + payload + bytes(pad)
        else:
            pad = 16 - (len(payload) + 1) % 16
            pad += 16 if pad < 4 else 0
            head = struct.pack(">I", len(payload) + pad + 1)
            body = self.enc.update(bytes([pad]) + payload + bytes(pad))
            out = head + body + hmac_module.new(self.mac_out, u32(self.seq_out) + head + body, hashlib.sha256).digest()
        self.seq_out = (self.seq_out + 1) & 0xFFFFFFFF
        return out

    def send(self, payload):
        self.raw(self.pack(payload))

    def recv(self):
        """The next packet's payload."""
        while len(self.inbuf) < 4:
            self._more()
        n = struct.unpack(">I", self.inbuf[:4])[0]
        if n > 300000:
            raise Closed("nonsense")
        total = 4 + n + (32 if self.dec else 0)
        while len(self.inbuf) < total:
            self._more()
        packet, self.inbuf = self.inbuf[:total], self.inbuf[total:]
        body = packet[4:4 + n]
        if self.dec:
            want = hmac_module.new(self.mac_in, u32(self.seq_in) + packet[:4 + n], hashlib.sha256).digest()
            if want != packet[4 + n:]:
                raise Closed("mac")
            body = self.dec.update(body)
        self.seq_in = (self.seq_in + 1) & 0xFFFFFFFF
        payload = body[1:len(body) - body[0]]
        if payload[:1] == b"\x01":
            raise Closed("disconnect: " + Reader(payload[5:]).string().decode("latin-1"))
        return payload

    def expect(self, *types, seconds=15, handle=None):
        """The next packet of one of these types; what else comes is skipped (and key exchanges are answered)."""
        end = time.monotonic() + seconds
        while True:
            self.sock.settimeout(max(0.01, end - time.monotonic()))
            p = self.recv()
            if p[0] in types:
                return p
            if p[0] == 20:
                self.answer_kexinit(p)
            elif handle:
                handle(p)
            if time.monotonic() > end:
                raise socket.timeout()

    def ended(self, seconds=5):
        """Whether the other side ends the connection within that time."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.sock.settimeout(max(0.01, end - time.monotonic()))
                self.recv()
        except Closed:
            return True
        except (socket.timeout, OSError):
            return False
        return False

    def close(self):
        self.sock.close()

    # ---- key exchange ----

    def kexinit(self, follows=False):
        names = [self.kex_names + (("," + STRICT) if self.strict else ""), "ssh-ed25519", self.cipher, self.cipher,
                 "hmac-sha2-256-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "none", "none", "", ""]
        return b"\x14" + os.urandom(16) + b"".join(string(n) for n in names) + bytes([follows]) + bytes(4)

    def key_exchange(self, between=None, follows=False, wait_init=True):
        """between: payloads to slip in before NEWKEYS; follows: announce a wrong guess and send it."""
        mine = self.kexinit(follows)
        self.send(mine)
        if follows:
            self.send(b"\x1e" + string(os.urandom(133)))  # a guess of another method: to be ignored
        theirs = self.expect(20) if wait_init else None
        self._finish(mine, theirs, between)

    def answer_kexinit(self, theirs):
        mine = self.kexinit()
        self.send(mine)
        self._finish(mine, theirs, None)

    def _finish(self, mine, theirs, between):
        r = Reader(theirs[17:])
        self.peer_lists = [r.string().decode() for _ in range(10)]
        if self.session_id is None:
            self.peer_strict = "kex-strict-s-v00@openssh.com" in self.peer_lists[0].split(",")
        private = x25519.X25519PrivateKey.generate()
        public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        for p in between or []:
            self.send(p)
        self.send(b"\x1e" + string(public))
        while True:
            p = self.recv()
            if p[0] == 31:
                break
            self.during_kex(p)
        r = Reader(p[1:])
        host_key, their_public = r.string(), r.string()
        self.host_key = host_key
        shared = private.exchange(x25519.X25519PublicKey.from_public_bytes(their_public))
        k = mpint(int.from_bytes(shared, "big"))
        h = hashlib.sha256(string(self.version) + string(self.peer_version) + string(mine) + string(theirs) + string(host_key) +
                           string(public) + string(their_public) + k).digest()
        if self.session_id is None:
            self.session_id = h
        self.send(b"\x15")
        strict = self.strict and self.peer_strict
        if strict:
            self.seq_out = 0
        key = lambda c, n: (lambda a: (a + hashlib.sha256(k + h + a).digest())[:n])(hashlib.sha256(k + h + c + self.session_id).digest())
        self.enc = Cipher(algorithms.AES(key(b"C", 32)), modes.CTR(key(b"A", 16))).encryptor()
        self.mac_out = key(b"E", 32)
        while self.recv()[0] != 21:
            pass
        if strict:
            self.seq_in = 0
        self.dec = Cipher(algorithms.AES(key(b"D", 32)), modes.CTR(key(b"B", 16))).decryptor()
        self.mac_in = key(b"F", 32)

    def during_kex(self, p):
        """Data may still come while keys are exchanged; subclasses and tests may look."""

    # ---- login ----

    def service(self, name="ssh-userauth"):
        self.send(b"\x05" + string(name))
        return self.expect(6)

    def auth_request(self, user, blob, alg, signer=None, signed_blob=None, sig_alg="ssh-ed25519"):
        """A publickey request: an offer without signer, a login with one. signed_blob: what is signed instead of blob."""
        head = b"\x32" + string(user) + string("ssh-connection") + string("publickey")
        if signer is None:
            return head + b"\x00" + string(alg) + string(blob)
        body = head + b"\x01" + string(alg) + string(blob)
        signed = head + b"\x01" + string(alg) + string(signed_blob or blob)
        signature = signer.sign(string(self.session_id) + signed)
        return body + string(string(sig_alg) + string(signature))

    def login(self, user, key, service=True, alg="ssh-ed25519-cert-v01@openssh.com"):
        """key: a Key with a certificate. True when logged in."""
        if service:
            self.service()
        self.send(self.auth_request(user, key.cert, alg, key.private))
        return self.expect(51, 52)[0] == 52

    # ---- channels ----

    def open(self, kind="session", window=2 << 20, packet=32768, extra=b"", wait=True):
        """The peer's channel number and window, or None."""
        mine = self.channels
        self.channels += 1
        self.send(b"\x5a" + string(kind) + u32(mine) + u32(window) + u32(packet) + extra)
        if not wait:
            return None
        p = self.expect(91, 92)
        if p[0] == 92:
            return None
        r = Reader(p[1:])
        r.u32()
        return r.u32(), r.u32()

    def request(self, channel, kind, data=b"", want=True):
        self.send(b"\x62" + u32(channel) + string(kind) + bytes([want]) + data)
        return self.expect(99, 100)[0] == 99 if want else None

    def exec(self, channel, command, want=True):
        return self.request(channel, "exec", string(command), want)

    def run(self, command, seconds=20, window=2 << 20, packet=32768):
        """Runs a command; (exit status or None, stdout, stderr)."""
        ch = self.open(window=window, packet=packet)
        if ch is None:
            return None, b"", b""
        self.exec(ch[0], command)
        return self.collect(seconds, ch[0])

    def collect(self, seconds=20, channel=None):
        status, out, err = None, b"", b""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            p = self.expect(94, 95, 96, 97, 98, seconds=max(0.05, end - time.monotonic()))
            if p[0] == 94:
                out += Reader(p[5:]).string()
            elif p[0] == 95:
                err += Reader(p[9:]).string()
            elif p[0] == 98:
                r = Reader(p[5:])
                if r.string() == b"exit-status":
                    r.byte()
                    status = r.u32()
            elif p[0] == 97:
                if channel is not None:
                    self.send(b"\x61" + u32(channel))
                break
        return status, out, err


class Key:
    """An ed25519 key, and its certificate once there is one."""

    def __init__(self, private=None):
        self.private = private or ed25519.Ed25519PrivateKey.generate()
        raw = self.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.raw = raw
        self.blob = string("ssh-ed25519") + string(raw)
        self.cert = None

    def line(self):
        import base64
        return "ssh-ed25519 " + base64.b64encode(self.blob).decode()

    def private_text(self):
        return self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())

    def take_line(self, line):
        import base64
        self.cert = base64.b64decode(line.split()[1])
        return self


def certificate(subject, ca, identity, principals=(b"sallyport",), serial=1, key_id=b"test", kind=1, after=None, before=None,
                critical=(), extensions=(), ca_blob=None, principals_raw=None, options_raw=None, sign=None):
    """A certificate for subject (a Key) signed by ca (a Key), each part of it free to be wrong."""
    now = int(time.time())
    pack = lambda options: b"".join(string(n) + string(string(v) if v is not None else b"") for n, v in options)
    if identity is not None:
        extensions = tuple(extensions) + (("identity@sallyport", identity),)
    body = (string("ssh-ed25519-cert-v01@openssh.com") + string(os.urandom(32)) + string(subject.raw) + u64(serial) + u32(kind) +
            string(key_id) + string(principals_raw if principals_raw is not None else b"".join(string(p) for p in principals)) +
            u64(now - 60 if after is None else after) + u64(now + 600 if before is None else before) +
            string(options_raw if options_raw is not None else pack(critical)) + string(pack(sorted(extensions))) + string(b"") +
            string(ca_blob if ca_blob is not None else ca.blob))
    signature = sign(body) if sign else string("ssh-ed25519") + string(ca.private.sign(body))
    return body + string(signature)

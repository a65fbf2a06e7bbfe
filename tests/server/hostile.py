"""Agents that do not keep to the protocol. Each is a function; the name says what it tries, the result is one word on standard output.
Uses paramiko's packets (Debian: python3-paramiko) so that any message can be sent at any time."""
import os
import socket
import struct
import sys
import time

import paramiko
from paramiko.common import cMSG_CHANNEL_OPEN, cMSG_CHANNEL_REQUEST, cMSG_GLOBAL_REQUEST, MSG_USERAUTH_SUCCESS
from paramiko.message import Message

port = int(os.environ["PORT"])
key = paramiko.Ed25519Key.from_private_key_file(os.environ["ID"])
cert = os.environ["ID"] + "-cert.pub"


def connect():
    s = socket.create_connection(("127.0.0.1", port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    t = paramiko.Transport(s)
    t.banner_timeout = 20
    t.start_client(timeout=20)
    return t


def login():
    t = connect()
    k = paramiko.Ed25519Key.from_private_key_file(os.environ["ID"])
    k.load_certificate(cert)
    t.auth_publickey("target", k)
    return t


def packet(t, kind, *parts):
    m = Message()
    m.add_byte(bytes([kind]))
    for p in parts:
        if isinstance(p, bool):
            m.add_boolean(p)
        elif isinstance(p, int):
            m.add_int(p)
        elif isinstance(p, str):
            m.add_string(p)
        else:
            m.add_bytes(p)
    t._send_message(m)


def alive(t, seconds=3.0):
    end = time.time() + seconds
    while time.time() < end:
        if not t.is_active():
            return False
        time.sleep(0.05)
    return t.is_active()


def success_before_login():  # CVE-2018-10933
    t = connect()
    try:
        packet(t, 52)
        packet(t, 90, "session", 0, 1 << 20, 32768)
        packet(t, 98, 0, "exec", True, "echo broken")
    except (OSError, EOFError):
        pass  # cut off already
    time.sleep(0.5)
    print("authenticated" if t.is_authenticated() else "no")


def preauth_flood():
    t = connect()
    try:
        for i in range(10000):
            packet(t, 2, "x" * 100)
    except (OSError, EOFError):
        pass
    print("cut" if not alive(t, 2) else "alive")


def offer_only():  # an offer of a good certificate is no login
    t = connect()
    blob = paramiko.Ed25519Key.from_private_key_file(os.environ["ID"])
    blob.load_certificate(cert)
    packet(t, 5, "ssh-userauth")
    time.sleep(0.2)
    m = Message()
    m.add_byte(bytes([50]))
    m.add_string("target")
    m.add_string("ssh-connection")
    m.add_string("publickey")
    m.add_boolean(False)
    m.add_string("ssh-ed25519-cert-v01@openssh.com")
    m.add_string(blob.public_blob.key_blob)
    t._send_message(m)
    time.sleep(0.3)
    try:
        packet(t, 90, "session", 0, 1 << 20, 32768)
    except (OSError, EOFError):
        pass
    time.sleep(0.5)
    print("authenticated" if t.is_authenticated() else "no")


def wrong_signature():
    t = connect()
    other = paramiko.Ed25519Key.from_private_key_file(os.environ["OTHER"])
    other.public_blob = paramiko.pkey.PublicBlob.from_file(cert)
    try:
        t.auth_publickey("target", other)
        print("authenticated")
    except Exception:
        print("no")


def many_attempts():
    t = connect()
    n = 0
    try:
        for i in range(50):
            try:
                t.auth_password("target", "x")
            except paramiko.AuthenticationException:
                n += 1
    except Exception:
        pass
    print(n)


def window_overflow():  # 200 MiB past the window
    t = login()
    c = t.open_session()
    c.exec_command("sleep 30")
    data = b"x" * 32000
    sent = 0
    try:
        while sent < 200 << 20 and t.is_active():
            m = Message()
            m.add_byte(bytes([94]))
            m.add_int(c.remote_chanid)
            m.add_string(data)
            t._send_message(m)
            sent += len(data)
    except (OSError, EOFError):
        pass
    print("cut" if not alive(t, 3) else "alive", sent >> 20)


def big_packet():
    for n in (0xFFFFFFFF, 0x7FFFFFFF, 262145):
        s = socket.create_connection(("127.0.0.1", port))
        s.recv(200)
        s.sendall(b"SSH-2.0-x\r\n" + struct.pack(">I", n) + b"A" * 100)
        s.settimeout(5)
        try:
            while s.recv(65536):
                pass
        except socket.timeout:
            print("alive", n)
            return
        except OSError:
            pass
    print("cut")


def zero_max_packet():
    t = login()
    packet(t, 90, "session", 7, 1 << 20, 0)
    time.sleep(0.3)
    packet(t, 98, 0, "exec", True, "deny x")
    time.sleep(0.5)
    u = login()  # whatever became of the first, others are served
    c = u.open_session()
    c.exec_command("echo fine")
    print(c.makefile().read().decode().strip())


def window_wrap():
    t = login()
    c = t.open_session()
    packet(t, 93, c.remote_chanid, 0xFFFFFFFF)
    packet(t, 93, c.remote_chanid, 0xFFFFFFFF)
    c.exec_command("head -c 3000000 /dev/zero")
    n = 0
    while True:
        d = c.recv(65536)
        if not d:
            break
        n += len(d)
    print(n)


def open_flood():
    t = login()
    try:
        for i in range(20000):
            packet(t, 90, "no-such-channel", i, 1 << 20, 32768)
    except (OSError, EOFError):
        pass
    print("alive" if alive(t, 3) else "cut")


def reply_flood():
    t = login()
    try:
        for i in range(100000):
            packet(t, 81)
    except (OSError, EOFError):
        pass
    c = None
    try:
        c = t.open_session()
        c.exec_command("echo fine")
        print(c.makefile().read().decode().strip())
    except Exception:
        print("cut")


def too_many_channels():
    t = login()
    n = 0
    kept = []
    try:
        for i in range(200):
            kept.append(t.open_session(timeout=5))
            n += 1
    except Exception:
        pass
    print(n)


def data_before_answer():  # bytes right behind the request, before anything came back
    t = login()
    c = t.open_session()
    packet(t, 98, c.remote_chanid, "exec", False, "wait cat")
    payload = os.urandom(200000)
    c.sendall(payload[:30000])
    c.sendall(payload[30000:])
    c.shutdown_write()
    got = b""
    while True:
        d = c.recv(65536)
        if not d:
            break
        got += d
    print("same" if got == payload else "differs %d" % len(got))


def exec_twice():
    t = login()
    c = t.open_session()
    c.exec_command("sleep 1; echo one")
    try:
        c.exec_command("echo two")
        print("twice")
    except Exception:
        print("refused")


def odd_names():
    n = 0
    for name in ("; id", "$(id)", "-oProxyCommand=id", "a\nb", "x" * 300, "../../etc", "a|b", "nobody"):
        t = connect()
        k = paramiko.Ed25519Key.from_private_key_file(os.environ["ID"])
        k.load_certificate(cert)
        try:
            t.auth_publickey(name, k)
        except Exception:
            n += 1
        t.close()
    print(n)


def forwards():
    t = login()
    refused = 0
    for kind, extra in (("direct-tcpip", ("127.0.0.1", 22, "127.0.0.1", 1)), ("x11", ("127.0.0.1", 1)), ("auth-agent@openssh.com", ()),
                        ("tun@openssh.com", (1, 1)), ("no-such-thing@example.com", ()), ("forwarded-tcpip", ("a", 1, "b", 2))):
        try:
            if kind == "direct-tcpip":
                t.open_channel(kind, ("127.0.0.1", 22), ("127.0.0.1", 1), timeout=5)
            else:
                t.open_channel(kind, ("127.0.0.1", 22), ("127.0.0.1", 1), timeout=5)
        except paramiko.ChannelException:
            refused += 1
        except Exception as e:
            print("?", kind, repr(e))
    try:
        t.request_port_forward("127.0.0.1", 0)
    except paramiko.SSHException:
        refused += 1
    print(refused)


globals()[sys.argv[1]]()
sys.stdout.flush()
os._exit(0)

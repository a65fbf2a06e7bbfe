"""What stands behind the target in the tests of forwards: listens on a loopback port, or a socket, and prints it.

  echo    sends back what comes; at its end of file says END and how much, then closes      first   says a line, ends its side, then reads to the end
  hash    reads to the end of file, then says the SHA-256                                           and writes what it got into FILE
  sink    reads nothing                                                                     source  writes until it is closed"""
import hashlib
import os
import socket
import sys
import threading
import time

mode, where = sys.argv[1], sys.argv[2]
if where.startswith("/"):
    s = socket.socket(socket.AF_UNIX)
    s.bind(where)
else:
    s = socket.socket()
    s.bind((where, 0))
    print(s.getsockname()[1], flush=True)
s.listen(128)


def serve(c):
    n, h, got = 0, hashlib.sha256(), b""
    try:
        if mode == "sink":
            time.sleep(600)
        while mode == "source":
            c.sendall(bytes(65536))
        if mode == "first":
            c.sendall(b"first\n")
            c.shutdown(socket.SHUT_WR)
        while True:
            d = c.recv(65536)
            if not d:
                break
            n += len(d)
            if mode == "echo":
                c.sendall(d)
            elif mode == "hash":
                h.update(d)
            else:
                got += d
        if mode == "echo":
            c.sendall(b"END %d\n" % n)
        elif mode == "hash":
            c.sendall(h.hexdigest().encode() + b"\n")
        elif mode == "first":
            with open(sys.argv[3] + ".new", "wb") as f:
                f.write(got)
            os.rename(sys.argv[3] + ".new", sys.argv[3])
    except OSError:
        pass
    c.close()


while True:
    c, _ = s.accept()
    threading.Thread(target=serve, args=(c,), daemon=True).start()

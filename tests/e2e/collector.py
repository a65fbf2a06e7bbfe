#!/usr/bin/python3
"""Receivers for the audit log's outputs, strict about their forms: collector.py DIR tcp|udp|unix|hook WHERE [SECRET-FILE]

Writes DIR/NAME.lines, a message's content a line (JSON), and DIR/NAME.heads, what stood before it. A message that is not of its form ends the program
and stands in DIR/NAME.wrong. While DIR/NAME.refuse exists, a webhook is answered with 503."""
import base64, hashlib, hmac, json, os, re, socket, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

folder, name, where = sys.argv[1:4]
# RFC 5424: HEADER SP STRUCTURED-DATA SP MSG, with the values that this log uses
FORM = re.compile(rb"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) ([\x21-\x7e]{1,128}) "
                  rb"([\x21-\x7e]{1,32}) (-|\[meta sequenceId=\"\d+\"\]) (.*)", re.S)


def wrong(what):
    with open(f"{folder}/{name}.wrong", "a") as f:
        f.write(what + "\n")
    os._exit(1)


def put(kind, text):
    with open(f"{folder}/{name}.{kind}", "a") as f:
        f.write(text + "\n")


def message(data):
    m = FORM.fullmatch(data)
    if not m:
        wrong(repr(data[:300]))
    try:
        json.loads(m.group(8))
    except ValueError:
        wrong(repr(m.group(8)[:300]))
    if int(m.group(1)) >> 3 != 10:
        wrong("facility")
    put("heads", " ".join(g.decode() for g in m.groups()[:7]))
    put("lines", m.group(8).decode())


def connection(c):
    data = b""
    while True:
        try:
            more = c.recv(65536)
        except ConnectionError:
            return
        if not more:
            return
        data += more
        while True:  # octet counting, RFC 6587
            m = re.match(rb"([1-9]\d{0,7}) ", data)
            if not m:
                if data and not re.fullmatch(rb"[1-9]\d{0,7}", data):
                    wrong("framing " + repr(data[:100]))
                break
            n = int(m.group(1))
            if len(data) < m.end() + n:
                break
            message(data[m.end():m.end() + n])
            data = data[m.end() + n:]


def tcp():
    host, port = where.rsplit(":", 1)
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, int(port)))
    s.listen()
    while True:
        threading.Thread(target=connection, args=(s.accept()[0],), daemon=True).start()


def datagrams(s):
    while True:
        message(s.recv(1 << 20))


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if os.path.exists(f"{folder}/{name}.refuse"):
            put("refused", self.headers["webhook-id"])
            self.send_response(503)
            self.end_headers()
            return
        key = base64.b64decode(open(sys.argv[4]).read().strip()[len("whsec_"):])
        signed = b".".join([self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), body])
        good = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if good not in self.headers["webhook-signature"].split(" "):
            wrong("signature")
        j = json.loads(body)
        if j["type"] != "audit.records":
            wrong("type")
        put("heads", self.headers["webhook-id"])
        for r in j["data"]["records"]:
            put("lines", json.dumps(r))
        if "checkpoint" in j["data"]:
            put("checkpoints", json.dumps(j["data"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *a):
        pass


if name.startswith("tcp"):
    tcp()
elif name.startswith("udp"):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((where.rsplit(":", 1)[0], int(where.rsplit(":", 1)[1])))
    datagrams(s)
elif name.startswith("unix"):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if os.path.exists(where):
        os.unlink(where)
    s.bind(where)
    datagrams(s)
else:
    HTTPServer((where.rsplit(":", 1)[0], int(where.rsplit(":", 1)[1])), Hook).serve_forever()

"""A target that misbehaves on request: an SSH server whose commands are attacks on the bastion that is its client."""
import logging
import socket
import threading
import time

import paramiko

logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class _Server(paramiko.ServerInterface):
    def __init__(self, target):
        self.target = target

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def check_auth_publickey(self, username, key):
        self.target.logins.append((username, key.get_name()))
        return paramiko.AUTH_SUCCESSFUL

    def get_allowed_auths(self, username):
        return "publickey"

    def check_channel_env_request(self, channel, name, value):
        self.target.env.append((name, value))
        return True

    def check_channel_forward_agent_request(self, channel):
        self.target.env.append("agent")
        return True

    def check_channel_x11_request(self, channel, *a):
        self.target.env.append("x11")
        return True

    def check_channel_exec_request(self, channel, command):
        self.target.commands.append(command)
        threading.Thread(target=self.target.serve, args=(channel, command.decode().replace("'", "")), daemon=True).start()
        return True


class Target:
    """behaviours: name -> fn(channel, transport); the first word of a command names one."""

    def __init__(self, behaviours, key=None):
        self.behaviours, self.commands, self.logins, self.env = behaviours, [], [], []
        self.key = key or paramiko.ECDSAKey.generate()
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def line(self):
        return "%s %s" % (self.key.get_name(), self.key.get_base64())

    def _accept(self):
        while True:
            s, _ = self.socket.accept()
            t = paramiko.Transport(s)
            t.add_server_key(self.key)
            try:
                t.start_server(server=_Server(self), event=threading.Event())
            except Exception:
                pass

    def serve(self, channel, command):
        time.sleep(0.05)  # the answer to the request goes first
        try:
            self.behaviours[command.split()[0]](channel, channel.get_transport())
        except Exception:
            pass

    def install(self, name="demo-db"):
        """Makes the bastion's target NAME this one."""
        from bastion import path, reload
        out, inside = [], False
        for line in open(path("sallyport.yaml")):
            if line.startswith("  - name: "):
                inside = line.split()[2] == name
            if inside and line.strip().startswith("port:"):
                line = "    port: %d\n" % self.port
            if inside and line.strip().startswith("host_keys:"):
                line = '    host_keys: ["%s"]\n' % self.line()
            out.append(line)
        with open(path("sallyport.yaml"), "w") as f:
            f.writelines(out)
        reload()


def raw_data(channel, transport, payload, extended=False):
    """Data past any window."""
    m = paramiko.Message()
    m.add_byte(b"\x5f" if extended else b"\x5e")
    m.add_int(channel.remote_chanid)
    if extended:
        m.add_int(1)
    m.add_string(payload)
    transport._send_user_message(m)


def raw_adjust(channel, transport, n):
    m = paramiko.Message()
    m.add_byte(b"\x5d")
    m.add_int(channel.remote_chanid)
    m.add_int(n)
    transport._send_user_message(m)


def raw_open(transport, kind, originator):
    """A channel of that kind, which the client is asked to open."""
    m = paramiko.Message()
    m.add_byte(b"\x5a")
    m.add_string(kind)
    m.add_int(77)
    m.add_int(1 << 20)
    m.add_int(32768)
    m.add_string(originator)
    m.add_int(1)
    transport._send_user_message(m)

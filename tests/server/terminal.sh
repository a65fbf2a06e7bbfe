#!/bin/sh
# Commands with a terminal: its size, its changes, signals, and that both outputs are one.
. "${srcdir:-.}/tests/server/lib.sh"
/usr/bin/python3 -c 'import paramiko' 2>/dev/null || { echo "needs python3-paramiko"; trap - EXIT; exit 77; }
start_target
start_bastion </dev/null
ssh -tt -F "$T/ssh_config" d true </dev/null >/dev/null 2>&1 || { echo "this machine gives sshd no terminal"; exit 77; }
check "a terminal" same "$(b -tt 'test -t 0 && test -t 1 && echo yes' </dev/null | tr -d '\r')" yes
check "none without asking" same "$(b 'test -t 1 || echo none' </dev/null)" none
check "TERM" same "$(TERM=vt220 b -tt 'echo $TERM' </dev/null | tr -d '\r')" vt220
PORT=$PORT ID=$T/id timeout 60 /usr/bin/python3 - >"$T/pty" 2>"$T/pty.err" <<'END' || cat "$T/pty.err"
import os, time, paramiko
t = paramiko.Transport(("127.0.0.1", int(os.environ["PORT"])))
t.start_client()
k = paramiko.Ed25519Key.from_private_key_file(os.environ["ID"]); k.load_certificate(os.environ["ID"] + "-cert.pub")
t.auth_publickey("target", k)
c = t.open_session()
c.get_pty("xterm", 100, 40)
c.exec_command("trap 'stty size' WINCH; stty size; while :; do sleep 0.1; done")
out = b""
def until(what):
    global out
    end = time.time() + 10
    while what not in out and time.time() < end:
        out += c.recv(100)
    return what in out
print("size", until(b"40 100"))
c.resize_pty(120, 50)
print("resize", until(b"50 120"))
# A shell that waits for a child which then ends by itself takes the interrupt for the child's: as a person would, type it again.
while not c.exit_status_ready():
    c.send(b"\x03")
    c.status_event.wait(0.3)
print("interrupt", c.recv_exit_status())
c = t.open_session()
c.exec_command("trap 'echo got; exit 3' USR1; echo ready; for i in $(seq 100); do sleep 0.1; done")
c.recv(100)
m = paramiko.Message(); m.add_byte(bytes([98])); m.add_int(c.remote_chanid); m.add_string("signal"); m.add_boolean(False); m.add_string("USR1")
t._send_message(m)
print("signal", c.makefile().read(), c.recv_exit_status())
END
check "the size asked for" grep -q "size True" "$T/pty"
check "its change" grep -q "resize True" "$T/pty"
check "an interrupt is typed" logged "end how=1 status=0 signal=INT"
# sshd passes a signal on only where it has given up root; it says so otherwise.
check "a signal is passed on" grep -qE "signal b'got.n' 3|signalling requires privilege separation" "$T/pty" "$T/sshd.log"
b -tt 'deny x' </dev/null >"$T/o" 2>&1 && r=0 || r=$?
check "a refusal on a terminal" same "$r $(tr -d '\r' <"$T/o")" "126 sallyport: denied rule=fixture: said so"
[ $fails -eq 0 ]

#!/bin/bash
# Statements a second through a shell without a terminal, and the echo of a key at the prompt and inside a running program, beside sshd
# itself. Prints figures; judges none.
. "$(dirname "$0")/../e2e/lib.sh"
in_demo --policy "$here/../e2e/policies/shell.yaml"
n=${BENCH_STATEMENTS:-500}
for i in $(seq "$n"); do echo "echo line $i"; done >"$SALLYPORT_DEMO_DIR/script"
seconds() { local a b; a=$(date +%s%N); "$@" >/dev/null 2>&1; b=$(date +%s%N); echo $(((b - a) / 1000)); }
d=$SALLYPORT_DEMO_DIR/bench
mkdir "$d"
. "$(dirname "$0")/peer.sh"
peer true </dev/null || fail "the peer does not work"
us=$(seconds bash -c 'ssh -F "$SALLYPORT_SSH_CONFIG" -T demo-web <"$SALLYPORT_DEMO_DIR/script"')
echo "statements without a terminal: $((n * 1000000 / us)) a second ($((us / n)) us each; decided, recorded and audited one by one)"
export peer_config
us=$(seconds bash -c 'ssh -F "$peer_config" -T target <"$SALLYPORT_DEMO_DIR/script"')
echo "  the same through ssh -J:     $((n * 1000000 / us)) a second (one shell, nothing decided)"
us=$(seconds bash -c 'for i in 1 2 3 4 5 6 7 8 9 10; do ssh -F "$SALLYPORT_SSH_CONFIG" demo-web "echo line" </dev/null; done')
echo "exec with a connection each:   $((us / 10)) us each"
/usr/bin/python3 - "$(dirname "$0")/../e2e" "$peer_config" <<'PY'
import sys, time
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from shell_term import ready, ssh

def echo(t, n=200):
    took = []
    for i in range(n):
        c = b"abcdefghij"[i % 10:i % 10 + 1]
        a = time.perf_counter()
        t.keys(c)
        t.wait(c)
        took.append((time.perf_counter() - a) * 1e6)
        if i % 40 == 39:
            t.keys(b"\x15")
            time.sleep(0.05)
            while __import__("select").select([t.fd], [], [], 0.05)[0]:
                __import__("os").read(t.fd, 65536)
    took.sort()
    return took[n // 2], took[n * 99 // 100]

t = ready(ssh())
print("echo at the prompt:            p50 %.0f us, p99 %.0f us" % echo(t))
t.keys(b"\x03cat\r")
time.sleep(1)
while __import__("select").select([t.fd], [], [], 0.1)[0]:
    __import__("os").read(t.fd, 65536)
print("echo in a running program:     p50 %.0f us, p99 %.0f us" % echo(t))

class Peer:
    """A terminal of ssh -J with cat running in it."""
    def __init__(self, config):
        import os, pty
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execvp("ssh", ["ssh", "-F", config, "-tt", "target", "exec cat"])
        self.seen = b""
    def keys(self, b):
        __import__("os").write(self.fd, b)
    def wait(self, b):
        got = b""
        while b not in got:
            got += __import__("os").read(self.fd, 65536)

p = Peer(sys.argv[2])
time.sleep(3)
print("  the same through ssh -J:     p50 %.0f us, p99 %.0f us (figure: p99 at most 2 ms more)" % echo(p))
PY

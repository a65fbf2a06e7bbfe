#!/usr/bin/python3
"""Floods against the limits as they are by default, and beside each of them a legitimate agent that logs in again and again with stock ssh: rows F1-F8.
Memory stays flat, and 95 of 100 logins take less than two seconds. SECURITY_LONG=1: the full sizes."""
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bastion import *  # noqa: E402,F403
from sshraw import *  # noqa: E402,F403

LOGINS = 60 if LONG else int(os.environ.get("FLOODS_LOGINS", "12"))
fork = multiprocessing.get_context("fork")


def pss(pid):
    try:
        for line in open("/proc/%d/smaps_rollup" % pid):
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def sizes():
    """KiB: control, supervisor, all workers and recorders together; and how many of these there are."""
    w = pids("sallyport-session") + pids("sallyport-recorder")
    return memory(pids("sallyport-control")[0]), memory(daemon()), sum(pss(p) for p in w), len(w)


def one_login(*options):
    t = time.monotonic()
    code, out, err = ssh(*options, "echo yes", timeout=30)
    return time.monotonic() - t, code == 0 and out == b"yes\n"


def stranger(source):
    """How often it has to try, a second apart; 11: in vain."""
    for i in range(1, 11):
        if one_login("-b", source)[1]:
            return i
        time.sleep(1)
    return 11


class Flood:
    """fn(stop, count) in a process of its own; count is a number that it may keep for the report."""

    def __init__(self, fn, *args):
        self.stop, self.count = fork.Event(), fork.Value("q", 0)
        self.process = fork.Process(target=fn, args=(self.stop, self.count, *args), daemon=True)

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.process.join(20)
        if self.process.is_alive():
            self.process.kill()


def beside(what, flood, settle=2.0, until=None, worker_kib=160 << 10, strangers=0):
    """Runs the flood, and logs in beside it; strangers: then also from so many addresses from which nobody has before."""
    one_login()
    before = sizes()
    top = list(before)
    took, good = [], 0
    with flood:
        time.sleep(settle)
        while len(took) < LOGINS or (until is not None and flood.count.value < until and flood.process.is_alive()):
            t, ok = one_login()
            took.append(t)
            good += ok
            top = [max(a, b) for a, b in zip(top, sizes())]
        n = flood.count.value
        tries = [stranger("127.0.5.%d" % (1 + i)) for i in range(strangers)]
    if strangers:
        check("%d logins from where nobody had logged in, after %d tries at most" % (strangers, max(tries)), max(tries) <= 10, tries)
    took.sort()
    p95 = took[int(len(took) * 0.95) - 1 if len(took) > 1 else 0]
    check("%s (%d): %d logins beside it, p95 %.2f s, worst %.2f s" % (what, n, len(took), p95, took[-1]), good == len(took) and p95 < 2.0,
          "%d of %d served, p95 %.2f s" % (good, len(took), p95))
    grown = [a - b for a, b in zip(top, before)]
    check("memory: control +%.1f MiB, supervisor +%.1f MiB, workers +%.1f MiB (%d of them at most)" % (*(g / 1024 for g in grown[:3]), top[3]),
          grown[0] < 24 << 10 and grown[1] < 8 << 10 and grown[2] < worker_kib, grown)
    if until is not None:
        check("the flood was as large as it says", n >= until, n)
    check("no worker died of it", not crashes(), crashes()[:1])


def connect(source, port=None, timeout=10):
    return socket.create_connection(("127.0.0.1", port or ssh_port()), timeout=timeout, source_address=(source, 0))


@row("F1", "silent connections, far more than may wait")
def f1():
    def silent(stop, count, n, sources, net, pause):
        held = []
        while not stop.is_set():
            while len(held) < n:
                try:
                    s = connect("127.%d.%d.%d" % (net, 1 + count.value % sources // 250, 1 + count.value % sources % 250), timeout=2)
                    s.setblocking(False)
                    held.append(s)
                    count.value += 1
                except OSError:
                    time.sleep(0.01)
            still = []
            for s in held:
                try:
                    if s.recv(1024):
                        still.append(s)
                    else:
                        s.close()
                except BlockingIOError:
                    still.append(s)
                except OSError:
                    s.close()
            held = still
            stop.wait(pause)
    # No penalty in the first: room is made by fairness alone. In the second fairness cannot tell them apart: who is known gets in at once, others
    # when the penalties have told.
    beside("500 silent connections from 25 exempt addresses, made anew at once", Flood(silent, 500, 25, 1, 0.1), settle=4)
    beside("500 from 500 addresses, made anew within a second", Flood(silent, 500, 500, 2, 1), settle=5)
    if LONG:
        beside("500 from 500 other addresses", Flood(silent, 500, 500, 3, 1), settle=60, strangers=20)


@row("F2", "slow callers of the API")
def f2():
    def slow(stop, count, n):
        held = []
        head = b"POST /v1/token HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
        while not stop.is_set():
            while len(held) < n and not stop.is_set():
                try:
                    s = connect("127.0.2.%d" % (1 + count.value % 25), api_port(), timeout=2)
                    s.sendall(head)
                    held.append(s)
                    count.value += 1
                except OSError:
                    time.sleep(0.02)
                    break
            for s in list(held):
                try:
                    s.sendall(b"x")
                except OSError:
                    held.remove(s)
                    s.close()
            stop.wait(1)

    class WithApi(Flood):
        worst = 0.0

        def __enter__(self):
            super().__enter__()
            self.over = False

            def calls():
                while not self.over:
                    t = time.monotonic()
                    try:
                        status = api("GET", "/healthz")[0]
                    except OSError:
                        status = 0
                    self.worst = max(self.worst, time.monotonic() - t if status == 200 else 99)
                    time.sleep(0.1)
            self.thread = threading.Thread(target=calls)
            self.thread.start()
            return self

        def __exit__(self, *a):
            self.over = True
            self.thread.join()
            super().__exit__(*a)
    flood = WithApi(slow, 1000)
    beside("1000 slow callers of the API", flood, settle=4)
    check("a quick call beside them: at worst %.2f s" % flood.worst, 0 < flood.worst < 2, flood.worst)
    # More than there is room for: who does not come to the point goes.
    flood = WithApi(slow, 1500)
    beside("1500 slow callers, made anew as they are cut", flood, settle=4)
    check("a quick call beside them: at worst %.2f s" % flood.worst, 0 < flood.worst < 10, flood.worst)


@row("F3", "channel opens that are refused")
def f3():
    key = agent_key("agent-2")
    n = 100000 if LONG else 3000

    def opens(stop, count):
        payloads = (b"\x5a" + string("nonsense") + u32(7) + u32(100) + u32(32768),
                    b"\x5a" + string("direct-tcpip") + u32(7) + u32(100) + u32(32768) + string("10.0.0.1") + u32(22) + string("x") + u32(1))
        while not stop.is_set() and count.value < n:
            try:
                c = login("demo-web", key)
                for i in range(4000):
                    c.send(payloads[i % 2])
                    c.expect(92, seconds=20)
                    count.value += 1
                    if stop.is_set() or count.value >= n:
                        break
                c.close()
            except (Closed, OSError, AssertionError):
                time.sleep(0.05)
    beside("%d refused channel opens" % n, Flood(opens), until=n)


@row("F4", "names of keys that nobody knows")
def f4():
    from tokens import Keys
    keys = Keys()
    keys.install()
    n = 10000 if LONG else 600
    made = [keys.token(kid="unknown-%d" % i) for i in range(200)]

    def kids(stop, count):
        import http.client
        c = None
        while not stop.is_set() and count.value < n:
            try:
                c = c or http.client.HTTPConnection("127.0.0.1", api_port(), timeout=30, source_address=("127.0.3.%d" % (1 + count.value // 400), 0))
                t = made[count.value % 200]
                c.request("POST", "/v1/ssh/certificates", body=line, headers={"Authorization": "Bearer " + t})
                r = c.getresponse()
                r.read()
                count.value += 1
                if count.value % 400 == 0:
                    c.close()
                    c = None
            except (OSError, http.client.HTTPException):
                c = None
    line = Key().line()
    start = time.monotonic()
    beside("%d unknown kids" % n, Flood(kids), until=n)
    check("%d fetches of keys in %.0f s" % (len(keys.hits), time.monotonic() - start), len(keys.hits) <= 3 + (time.monotonic() - start) / 30)


@row("F5", "an agent that sends past its window")
def f5():
    key = agent_key("agent-2")

    def windows(stop, count):
        while not stop.is_set():
            try:
                c = login("demo-web", key)
                ch, _ = c.open()
                c.exec(ch, "sleep 30")
                for _ in range(6000):
                    c.send(b"\x5e" + u32(ch) + string(bytes(32000)))
                c.close()
            except (Closed, OSError, AssertionError):
                count.value += 1
    beside("connections that send 200 MB past the window, one after the other", Flood(windows))


@row("F6", "a target that sends past its window")
def f6():
    from target import Target, raw_data
    key = agent_key("agent-2")

    def flood(ch, t):
        for i in range(7000):
            raw_data(ch, t, bytes(30000), i % 2 == 1)
        ch.close()
    target = Target({"flood": flood})
    target.install()

    def games(stop, count):
        while not stop.is_set():
            try:
                c = login("demo-db", key)
                ch, _ = c.open(window=1000)
                c.exec(ch, "flood it")
                while not stop.is_set():
                    c.expect(200, seconds=2)
            except (Closed, OSError, AssertionError, socket.timeout):
                count.value += 1
            finally:
                c.close()
    beside("targets that send past the window, one after the other", Flood(games))


@row("F7", "readers that stop")
def f7():
    key = agent_key("agent-2")
    pause, n = (60, 20) if LONG else (4, 6)

    def stopped(stop, count):
        held = []
        while not stop.is_set():
            while len(held) < n and not stop.is_set():
                c = login("demo-web", key, source="127.0.6.%d" % (1 + len(held) // 10))  # an address has twenty places
                ch, _ = c.open(window=1 << 20)
                c.exec(ch, "head -c 10737418240 /dev/zero")
                held.append(c)
                count.value += 1
            stop.wait(pause)
            if not LONG:
                break
        stop.wait(30)
        for c in held:
            c.close()
    # A stopped stream may hold 4 MiB in each of a worker's places: what it read, what it masked, what the recorder has not said.
    beside("%d commands of 10 GB each, and nobody reads" % n, Flood(stopped), settle=pause / 2, worker_kib=n * 8192 + 32768)


@row("F8", "as many connections as the API takes, gone all at once")
def f8():
    control = pids("sallyport-control")[0]
    held = [connect("127.0.4.%d" % (1 + i % 8), api_port()) for i in range(1100)]
    wait_for(5, "the API to be full", lambda: len(os.listdir("/proc/%d/fd" % control)) > 1024)
    os.kill(control, signal.SIGSTOP)
    for s in held:
        s.close()
    os.kill(control, signal.SIGCONT)
    try:
        status = api("GET", "/healthz", timeout=3)[0]
    except OSError as e:
        status = e
    is_("1024 connections that went at once are followed by others", 200, status)


main(config="limits: { commands_per_minute: 1000000, sessions_per_minute: 100000, penalties: { exempt: [127.0.0.1, 127.1.0.0/16] } }\n")

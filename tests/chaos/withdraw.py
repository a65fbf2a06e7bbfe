#!/usr/bin/python3
"""An agent closes its channel, or its connection, while it is answered: what was on record as started is on record as ended, with its outcome, and nothing
piles up behind it."""
import os
import sys
import socket
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chaos import *  # noqa: E402,F403
from sshraw import *  # noqa: E402,F403


def ends():
    starts = {r["decision"] for r in events("command.start")}
    ended = [r["decision"] for r in events("command.end")]
    return starts, ended


@row("withdraw", "an agent that goes away while it is answered")
def withdraw():
    n = 3000 if LONG else 150
    key = agent_key()
    c = login("demo-web", key)
    c.run("true")
    since = next_seq()
    for i in range(n):
        ch, _ = c.open()
        c.send(b"\x62" + u32(ch) + string("exec") + b"\x00" + string("true %d" % i))
        if i % 3:
            time.sleep(0.001 * (i % 7))
        c.send(b"\x61" + u32(ch))
    try:  # what was said to the closed channels
        while True:
            c.expect(200, seconds=1.5)
    except (OSError, AssertionError):
        pass
    r = c.run("echo still")
    check("the connection goes on after %d commands that nobody waited for" % n, r[:2] == (0, b"still\n"), r)
    decided = len([x for x in events("decision", since) if x.get("command", "").startswith("true ")])
    started = len([x for x in events("command.start", since)])
    check("they were decided (%d), some of them answered (%d)" % (decided, started), decided > n // 2 and started > 0)

    def no_open_ones():
        starts, ended = ends()
        return not starts - set(ended)
    try:
        wait_for(10, "every start to have its end, while the session goes on", no_open_ones)
        check("each that was started has its end on record, while the session goes on", True)
    except AssertionError:
        starts, ended = ends()
        check("each that was started has its end on record, while the session goes on", False, len(starts - set(ended)))
    starts, ended = ends()
    is_("and one end only", len(set(ended)), len(ended))
    # The whole connection goes, and the worker with it.
    for i in range(6):
        w = login("demo-web", key)
        ch, _ = w.open()
        before = pids("sallyport-session")
        w.exec(ch, "sleep 30")
        if i % 2:
            time.sleep(0.4)
        w.close() if i % 3 else [os.kill(p, 9) for p in before[-1:]]
    c.close()
    end_is_recorded()
    try:
        wait_for(10, "every start to have its end", no_open_ones)
        check("nor without the sessions", True)
    except AssertionError:
        starts, ended = ends()
        check("nor without the sessions", False, len(starts - set(ended)))
    log_verifies()


run(config="limits: { commands_per_minute: 1000000 }\n")

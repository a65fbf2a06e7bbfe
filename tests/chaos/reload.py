#!/usr/bin/python3
"""The configuration is loaded again a hundred times under two hundred sessions, every third time with a mistake: no session ends, no command fails, a
wrong configuration or policy keeps the one that runs."""
import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chaos import *  # noqa: E402,F403
from sshraw import u32, string, Closed  # noqa: E402


@row("reload", "configuration reloaded under sessions")
def reloads():
    sessions, times = (200, 100) if LONG else (16, 12)
    key = agent_key()
    clients, failed = [], []
    for i in range(sessions):
        clients.append(login("demo-web", key))
    for c in clients:
        c.run("true")  # each with its target and its recorder
    ran = [0]
    stop = threading.Event()

    def work(mine):
        while not stop.is_set():
            for c in mine:
                try:
                    r = c.run("echo yes")
                    if r[:2] != (0, b"yes\n"):
                        failed.append(r)
                    ran[0] += 1
                except (Closed, OSError) as e:
                    failed.append(repr(e))
                    return
    threads = [threading.Thread(target=work, args=(clients[i::4],)) for i in range(4)]
    for t in threads:
        t.start()
    config, policy = open(path("sallyport.yaml")).read(), open(path("policy.yaml")).read()
    mistakes = [("sallyport.yaml", config + "nonsense: true\n"), ("policy.yaml", policy + "nonsense: true\n"), ("sallyport.yaml", config.replace("port:", "pott:")),
                ("policy.yaml", "version: 1\nrules: [{ id: x, deny: [\"rm **\"], tests: { not: [\"rm x\"] } }]\n"), ("sallyport.yaml", "\x00"), ("policy.yaml", "")]
    bad = 0
    for i in range(times):
        if i % 3 == 2:
            name, text = mistakes[bad % len(mistakes)]
            bad += 1
            with open(path(name), "w") as f:
                f.write(text)
        else:
            with open(path("sallyport.yaml"), "w") as f:
                f.write(config)
            with open(path("policy.yaml"), "w") as f:
                f.write(policy + "# %d\n" % i)
        n = len(events("policy.loaded")) if i % 3 != 2 else 0
        os.kill(daemon(), signal.SIGHUP)
        if i % 3 != 2:
            wait_for(10, "the policy to be loaded", lambda: len(events("policy.loaded")) > n)
        else:
            time.sleep(0.15)
        with open(path("sallyport.yaml"), "w") as f:
            f.write(config)
        with open(path("policy.yaml"), "w") as f:
            f.write(policy)
    stop.set()
    for t in threads:
        t.join(60)
    is_("%d reloads, %d of them wrong, under %d sessions: %d commands, none failed" % (times, bad, sessions, ran[0]), [], failed[:3])
    check("all sessions are there", all(c.run("echo yes")[1] == b"yes\n" for c in clients))
    refused = open(path("sallyportd.log"), errors="replace").read().count("stays")
    check("the wrong ones were refused (%d), aloud" % refused, refused >= bad - 1, (refused, bad))
    for c in clients:
        c.close()
    end_is_recorded()
    log_verifies()
    check("no program died", not crashes() and "sallyport-control ended" not in open(path("sallyportd.log"), errors="replace").read(), crashes()[:1])


run(config="limits: { commands_per_minute: 1000000, sessions_per_identity: 1000, per_source: 1000 }\n")

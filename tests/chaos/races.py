#!/usr/bin/python3
"""Requests that are approved, denied, both at once and left to expire, while control is killed again and again: nothing runs twice on one yes, and
nothing without one. What ran is counted where it ran."""
import multiprocessing
import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chaos import *  # noqa: E402,F403
from sshraw import *  # noqa: E402,F403

RACES = int(os.environ.get("CHAOS_RACES", "10000" if LONG else "40"))
KILLS = int(os.environ.get("CHAOS_KILLS", "100" if LONG else "2"))
AGENTS = int(os.environ.get("CHAOS_AGENTS", "32" if LONG else "16"))  # each waits most of its time, for a person or for a request to expire
fork = multiprocessing.get_context("fork")


def agent(k, begun, done, over):
    """Takes the next race, each with its own text, until there is none; asks some again, as an agent does that was told 75."""
    key, c, made = None, None, 0
    while True:
        with begun.get_lock():
            i = begun.value
            begun.value += 1
        if i >= RACES:
            return
        for attempt in range(40):
            if over.is_set():
                return
            try:
                if key is None or time.time() - made > 300:
                    key, made = agent_key("racer-%d" % k), time.time()
                if c is None:
                    c = login("demo-web", key)
                ch, _ = c.open()
                c.exec(ch, "tee -a ran-%d" % i)
                c.send(b"\x5e" + u32(ch) + string(b"x\n"))
                c.send(b"\x60" + u32(ch))
                code = c.collect(20, ch)[0]
            except Exception:
                c, code = None, None
                time.sleep(0.05)
            if code == 69 and c is not None:  # this connection lost its control: nothing runs on it any more
                c.close()
                c = None
                time.sleep(0.1)
            if code in (0, 77) or (code == 75 and random.random() < 0.6):
                break
        with done.get_lock():
            done.value += 1


def voters(over, yes_token, no_token):
    seen = set()
    pool = ThreadPoolExecutor(12)

    def vote(rid, what, token):
        try:
            api("POST", "/v1/approvals/%s/%s" % (rid, what), token, {"reason": "race"}, timeout=10)
        except Exception:
            pass
    while not over.is_set():
        try:
            status, body, _ = api("GET", "/v1/approvals?state=pending&wait=1", yes_token, timeout=10)
            if status != 200:
                raise OSError(status)
        except Exception:
            time.sleep(0.05)
            continue
        fresh = [r["id"] for r in body["approvals"] if r["id"] not in seen]
        for rid in fresh:
            seen.add(rid)
            kinds = [("approve", yes_token)] * random.randint(0, 3) + [("deny", no_token)] * random.choice((0, 0, 1, 2))
            random.shuffle(kinds)
            for what, token in kinds:
                pool.submit(vote, rid, what, token)
        if not fresh:
            time.sleep(0.02)
    pool.shutdown(wait=False, cancel_futures=True)


@row("races", "approve, deny, expire and kill at once")
def races():
    runs_again("the start")  # and has its certificate: the port of the API is another after each kill here
    over, begun, done = fork.Event(), fork.Value("i", 0), fork.Value("i", 0)
    yes_token, no_token = demo_token("op-a", "sre", "--ttl", "1h"), demo_token("op-b", "sre", "--ttl", "1h")
    people = [fork.Process(target=agent, args=(k, begun, done, over), daemon=True) for k in range(AGENTS)]
    people += [fork.Process(target=voters, args=(over, yes_token, no_token), daemon=True)]
    for p in people:
        p.start()
    kills, start = 0, time.monotonic()
    limit = 3000 if LONG else 100
    while any(p.is_alive() for p in people[:-1]) and time.monotonic() - start < limit:
        if kills < KILLS and done.value >= (kills + 1) * RACES // (KILLS + 2):
            time.sleep(random.random() * 0.3)
            for p in pids("sallyport-control"):
                try:
                    os.kill(p, 9)
                    kills += 1
                except ProcessLookupError:
                    pass
        time.sleep(0.02)
    over.set()
    for p in people:
        p.join(30)
        p.kill()
    took = time.monotonic() - start
    for p in pids("sallyport-control"):
        os.kill(p, 9)
    back = runs_again("the last kill", 40)
    end_is_recorded()
    approved, denied, used, asked = {}, set(), {}, {}
    for r in audit():
        e, a = r.get("event"), r.get("approval")
        if e == "approval.requested":
            asked[a] = r.get("command", "")
        elif e == "approval.approved" and r.get("remaining", 0) == 0:
            approved[a] = approved.get(a, 0) + 1
        elif e == "approval.denied":
            denied.add(a)
        elif e == "approval.used":
            used[a] = used.get(a, 0) + 1
    ran = {}
    for name in os.listdir(path("home")):
        if name.startswith("ran-"):
            ran[int(name[4:])] = open(path("home/" + name)).read().count("x")
    yes_for = {}
    for a in approved:
        n = asked.get(a, "").replace("'", "").split("ran-")[-1]
        yes_for[n] = yes_for.get(n, 0) + 1
    print("  %d races and %d kills in %.0f s: %d requests, %d approved, %d denied, %d used, %d runs on the target"
          % (done.value, kills, took, len(asked), len(approved), len(denied), len(used), sum(ran.values())))
    check("with all that behind it, commands run %.1f s after another kill" % back, back < 10, back)
    check("there were enough of each", done.value >= RACES and kills >= KILLS and len(asked) > RACES * 0.8 and len(approved) > RACES // 8 and len(denied) > RACES // 20 and sum(ran.values()) > RACES // 10,
          (done.value, kills, len(approved), len(denied), sum(ran.values())))
    is_("0 double: no yes was used twice", {}, {a: n for a, n in used.items() if n > 1})
    is_("no run on the target beyond its approvals", {}, {i: n for i, n in ran.items() if n > yes_for.get(str(i), 0)})
    is_("0 unapproved: nothing was used without a yes", set(), set(used) - set(approved))
    is_("nothing was answered both yes and no", set(), set(approved) & denied)
    starts = [r for r in events("command.start") if "ran-" in r.get("command", "")]
    is_("every start names its approval", [], [r for r in starts if r.get("approval") not in used][:2])
    log_verifies(60)


run(config="approvals: { wait: 2s, pending_ttl: 6s }\nlimits: { sessions_per_identity: 1000, per_source: 1000, sessions: 4000, commands_per_minute: 1000000, sessions_per_minute: 1000000 }\n",
    policy="policy.yaml")

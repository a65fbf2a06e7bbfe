#!/usr/bin/python3
"""The issuer's key server is down, slow, or lies: tokens of known keys go on being good, others are refused within seconds, nobody else waits, and what
was learned before is not forgotten for a lie."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chaos import *  # noqa: E402,F403
from sshraw import Key  # noqa: E402


def ask(token, source="127.0.0.1"):
    t = time.monotonic()
    status = api("POST", "/v1/ssh/certificates", token, Key().line(), timeout=40)[0]
    return status, time.monotonic() - t


@row("idp", "an issuer that is down, slow or lying")
def idp():
    from tokens import Keys
    good = Keys()
    good.install()
    is_("(its tokens are good)", 201, ask(good.token())[0])
    for mode in ("fail", "redirect", "endless", "drip"):
        fresh = Keys()
        fresh.mode = mode
        fresh.install()
        slow = []
        t = threading.Thread(target=lambda: slow.append(ask(fresh.token())))
        t.start()
        worst = asked = 0
        while asked < 3 or t.is_alive():
            status, took = ask(good.token() if mode != "drip" else demo_token())
            worst = max(worst, took)
            if status != 201:
                worst = 99
            asked += 1
        t.join()
        status, took = slow[0]
        check("%s: its token is refused (%d) after %.1f s, others within %.1f s" % (mode, status, took, worst), status in (401, 503) and took < 14 and worst < 3, (status, took, worst))
    # One that was good and goes down: what is known stays good.
    good.mode = "fail"
    is_("it goes down: a known key stays good", 201, ask(good.token())[0])
    # It lies: another's key under the same name, no keys at all, noise. Within the time in which nothing is fetched anew the good one stays.
    good.mode = "ok"
    true = good.jwks
    for what, lie in (("no keys", b'{"keys":[]}'), ("noise", b"\x00\xff" * 1000), ("not a key set", b'{"issuer":"x"}'), ("a secret key as a public one",
                      b'{"keys":[{"kty":"oct","k":"AAAA","kid":"real","alg":"HS256"}]}')):
        good.jwks = lie
        ask(good.token(kid="another"))  # makes it look again, when it may
        is_("it lies (%s): the known key stays good" % what, 201, ask(good.token())[0])
    good.jwks = true
    check("nothing died of it", not crashes(), crashes()[:1])
    good.server.shutdown()
    good.server.server_close()
    is_("it is gone: a known key stays good", 201, ask(good.token())[0])
    runs_again("all that", 5)


run(config="limits: { penalties: { max: 0s } }\n")

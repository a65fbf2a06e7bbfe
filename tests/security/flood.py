#!/usr/bin/python3
"""flood.py PORT SECONDS: key exchanges one after the other; prints how many."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sshraw import Client  # noqa: E402

n, end = 0, time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    try:
        Client(int(sys.argv[1]), timeout=3).close()
        n += 1
    except Exception:
        time.sleep(0.01)
print(n)

#!/bin/bash
# The running programs, each made to do what only an intruder would: open, connect, execute, signal, trace. They are refused, or die. And what their
# descriptors and /proc show.
. "$(dirname "$0")/lib.sh"
/usr/bin/python3 -c 'import cryptography, paramiko' 2>/dev/null || skip "python3-paramiko is not installed"
[ "$(uname -m)" = x86_64 ] || skip "knows x86-64 alone"
exec "$SALLYPORT_TOP/tests/security/closed_in.py"

#!/bin/bash
# Beside silent connections, refused channel opens and readers that stop, a stock ssh logs in within two seconds and memory stays flat. The short form of
# tests/security/floods, which has more of them.
. "$(dirname "$0")/lib.sh"
FLOODS_LOGINS=5 exec "$SALLYPORT_TOP/tests/security/floods" F1 F3 F7 F8

#!/bin/bash
# Disks that fail, issuers that lie, wrong configurations under sessions, a supervisor exchanged, answers that race with kills: the short form of
# tests/chaos/run, which has more of it.
. "$(dirname "$0")/lib.sh"
exec "$SALLYPORT_TOP/tests/chaos/run" --short

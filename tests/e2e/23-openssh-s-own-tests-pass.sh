#!/bin/bash
# The quick ones of OpenSSH's own regress suite; tests/security/ssh_regress runs all 24 and compares with other servers.
exec "$(dirname "$0")/../security/ssh_regress" --all connect connect-uri exit-status-signal proto-version proto-mismatch stderr-after-eof putty-transfer

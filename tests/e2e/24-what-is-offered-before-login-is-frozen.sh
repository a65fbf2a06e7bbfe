#!/bin/bash
# ssh-audit finds no failure, and what it finds is what ssh-audit.policy holds.
. "$(dirname "$0")/lib.sh"
command -v ssh-audit >/dev/null || skip "ssh-audit is not installed"
in_demo

port=$(cat "$SALLYPORT_DEMO_DIR/state/run/ssh.port")
out=$(timeout 60 ssh-audit -n -p "$port" 127.0.0.1 2>&1)
has "it was looked at" '^\(kex\) curve25519-sha256 ' "$out"
hasnt "no failure" '\[fail\]' "$out"
out=$(timeout 60 ssh-audit -n -P "$here/ssh-audit.policy" -p "$port" 127.0.0.1 2>&1)
is "it is what the policy holds" 0 $?
has "and says so" 'Passed' "$out"
sed 's/, aes192-ctr//' "$here/ssh-audit.policy" >"$SALLYPORT_DEMO_DIR/other.policy"
timeout 60 ssh-audit -n -P "$SALLYPORT_DEMO_DIR/other.policy" -p "$port" 127.0.0.1 >/dev/null 2>&1 && fail "a policy that holds something else passed"
echo "ok: another policy does not pass"

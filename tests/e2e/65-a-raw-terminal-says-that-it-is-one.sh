#!/bin/bash
# `pty: raw`: the target's own shell reads the keys. The banner, the decision and the marker say so, the recording holds what was seen, and
# nothing else changes: commands, and shells without a terminal, are decided as ever.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/raw.yaml"

cd "$SALLYPORT_DEMO_DIR/home" || exit 1
touch victim other
/usr/bin/python3 - "$(dirname "$0")" <<'PY' >"$SALLYPORT_DEMO_DIR/seen"
import sys, time
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from shell_term import ssh
t = ssh()
got = t.wait(rb"[$#] ")
if b"gives no terminal" in got:
    sys.exit(77)
t.keys(b"PS1='raw> '\r")
t.wait(rb"raw> $")
t.keys(b"echo $((40+2))-seen password=hunter2secret\r")
t.wait(rb"42-seen[^>]*raw> $")
t.size(100, 30)
time.sleep(0.3)
t.keys(b"stty size\r")
t.wait(rb"30 100\r\n[^>]*raw> $")
t.keys(b"rm victim\r")
t.wait(rb"raw> $")
t.keys(b"exit 7\r")
t.wait(rb"<END>")
print(t.all.decode("utf8", "replace"))
print("status", t.end())
PY
code=$?
[ $code -ne 77 ] || skip "the target's sshd gives no terminal to this user (devpts mounted mode=600)"
seen=$(cat "$SALLYPORT_DEMO_DIR/seen")
has "the banner says what it is" 'raw terminal.*not decided \(advisory\)' "$seen"
has "the target's shell ran it, and its status comes through" 'status 7' "$seen"
[ ! -e victim ] || fail "what is typed at a raw terminal was stopped: it is not raw"
echo "ok: what is typed is not decided"
hasnt "its output is masked all the same" "hunter2secret" "$seen"
decisions=$(audit_lines | grep '"event":"decision"')
has "the decision says raw" '"confidence":"raw"' "$decisions"
is "every record of it does" "" "$(jq -c 'select(.pty == true and .confidence != "raw")' <<<"$decisions")"
wait_for 10 "the recording" eval 'zcat "$SALLYPORT_RECORDINGS"/*.cast.gz 2>/dev/null | grep -q "42-seen"'
cast=$(zcat "$SALLYPORT_RECORDINGS"/*.cast.gz)
has "the marker in the recording says raw" '"m", "[^"]*raw' "$cast"
has "it holds the sizes" '"r", "100x30"' "$cast"
has "and the banner" 'raw terminal' "$cast"
out=$(sp -T demo-web <<<'rm other' 2>&1)
has "a shell without a terminal is decided as ever" 'sallyport: denied' "$out"
out=$(sp demo-web 'rm other' 2>&1 </dev/null)
has "and so is a command" 'sallyport: denied' "$out"
[ -e other ] || fail "the other file is gone"

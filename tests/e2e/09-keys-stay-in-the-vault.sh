#!/bin/bash
# The session worker and control hold neither a target's key nor the CA's: their memory is searched for the keys' bytes.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/guard.yaml"
[ "$(id -u)" -eq 0 ] || skip "reading another process's memory needs root"

# A key of known bytes, added as an operator would.
ssh-keygen -q -t ed25519 -N '' -f "$SALLYPORT_DEMO_DIR/known"
sallyport vault add needle --store "$SALLYPORT_DEMO_DIR/vault" --master-key "$SALLYPORT_DEMO_DIR/master.key" <"$SALLYPORT_DEMO_DIR/known" >/dev/null ||
	fail "vault add"
cat "$SALLYPORT_DEMO_DIR/known.pub" >>"$SALLYPORT_DEMO_DIR/target/authorized_keys"
sed -i 's/key: demo-web/key: needle/' "$SALLYPORT_DEMO_DIR/sallyport.yaml"
kill -HUP "$(pids_of sallyportd | head -n 1)"
wait_for 10 "a login with the known key" eval "sp demo-web true && audit_lines | tail -n 20 | grep -q ."

cat >"$SALLYPORT_DEMO_DIR/scan.py" <<'P'
# Looks in a process's readable memory for the private half of an OpenSSH ed25519 key.
import base64, re, sys
key, pid = sys.argv[1:3]
blob = base64.b64decode("".join(open(key).read().splitlines()[1:-1]))
i = blob.rfind(b"\x00\x00\x00\x40")            # the 64 bytes seed||public of the private section
needle = blob[i + 4:i + 36]
hits = 0
with open("/proc/%s/maps" % pid) as maps, open("/proc/%s/mem" % pid, "rb", 0) as mem:
    for line in maps:
        m = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
        if not m or "[vvar" in line or "[vsyscall]" in line:
            continue
        a, b = (int(x, 16) for x in m.groups())
        try:
            mem.seek(a)
            hits += mem.read(b - a).count(needle)
        except OSError:
            pass
print(hits)
P
scan() { /usr/bin/python3 "$SALLYPORT_DEMO_DIR/scan.py" "$SALLYPORT_DEMO_DIR/known" "$1"; }
sp demo-web 'sleep 20' </dev/null &
pid=$!
wait_for 10 "the command" pgrep -fx 'sleep 20'
wait_for 10 "its recorder" eval '[ -n "$(pids_of sallyport-recorder)" ]'
is "the session worker's memory holds no key" 0 "$(scan "$(pids_of sallyport-session | head -n 1)")"
is "nor does control's" 0 "$(scan "$(pids_of sallyport-control)")"
is "nor the recorder's" 0 "$(scan "$(pids_of sallyport-recorder | head -n 1)")"
is "nor the supervisor's" 0 "$(scan "$(pids_of sallyportd | head -n 1)")"
hits=$(scan "$(pids_of sallyport-vault)")
[ "$hits" -gt 0 ] || echo "  (the vault holds it only while it signs, or in memory that is not readable)"
if grep -rq "$(sed -n 2p "$SALLYPORT_DEMO_DIR/known")" "$SALLYPORT_DEMO_DIR/state" "$SALLYPORT_DEMO_DIR/vault"; then fail "the key stands on disk in the clear"; fi
echo "ok: on disk it is sealed"
kill $pid
# The scan can find what is there: the file's own bytes in a process that holds them.
/usr/bin/python3 -c "
import base64,sys,time
b=base64.b64decode(''.join(open('$SALLYPORT_DEMO_DIR/known').read().splitlines()[1:-1]))
print('up',flush=True); time.sleep(20)" >"$SALLYPORT_DEMO_DIR/holder" &
holder=$!
wait_for 5 "the holder" test -s "$SALLYPORT_DEMO_DIR/holder"
[ "$(scan $holder)" -gt 0 ] || fail "the scan finds nothing even where the key is"
kill $holder
echo "ok: the same scan finds the key in a process that holds it"

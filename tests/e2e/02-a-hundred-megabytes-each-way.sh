#!/bin/bash
# 100 MB up and 100 MB down arrive unchanged, also with keys exchanged again in mid-stream, by the client or by the bastion.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/guard.yaml"

file=$SALLYPORT_DEMO_DIR/home/blob
openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 0 -in /dev/zero 2>/dev/null | head -c 100000000 >"$file"
want=$(sha256sum <"$file")
start=$SECONDS
is "down" "$want" "$(sp demo-web 'cat blob' | sha256sum)"
echo "  100 MB down in $((SECONDS - start)) s"
start=$SECONDS
is "up" "$want" "$(sp demo-web sha256sum <"$file")"
echo "  100 MB up in $((SECONDS - start)) s"
small=$(head -c 20000000 "$file" | sha256sum)
is "both ways at once, rekeyed each 1 MiB" "$small" "$(head -c 20000000 "$file" | sp -o RekeyLimit=1M demo-web cat | sha256sum)"

# The bastion begins; what is recorded and masked is as ever.
sed -i 's/^limits: {/& rekey_bytes: 256KiB, rekey_after: 2s,/' "$SALLYPORT_DEMO_DIR/sallyport.yaml"
kill -HUP "$(pids_of sallyportd | head -n 1)"
loaded() { [ "$(audit_lines | grep -c '"config.loaded"')" = 2 ]; }
wait_for 10 "the new limits" loaded
# A client's log: KEXINIT received before one is sent is the bastion's own beginning, but for the first keys.
began() { awk '/KEXINIT sent/ { mine = 1 } /KEXINIT received/ { n += !mine } /NEWKEYS received/ { mine = 0 } END { print n + 0 }' "$SALLYPORT_DEMO_DIR/v"; }
is "both ways at once, rekeyed by the bastion and by the client" "$small" \
	"$(head -c 20000000 "$file" | sp -v -o RekeyLimit=700K demo-web cat 2>"$SALLYPORT_DEMO_DIR/v" | sha256sum)"
[ "$(began)" -ge 10 ] || fail "the bastion began $(began) times"
echo "  begun by the bastion $(began) times"
key="AKIA""IOSFODNN7EXAMPLE"
seq 400000 | awk -v key="$key" '{ print NR % 1000 ? "line " $1 : "aws " key " of line " $1 }' >"$SALLYPORT_DEMO_DIR/home/lines"
sp -v demo-web 'cat lines' 2>"$SALLYPORT_DEMO_DIR/v" >"$SALLYPORT_DEMO_DIR/got" </dev/null
[ "$(began)" -ge 5 ] || fail "the bastion began $(began) times"
is "400 secrets are masked across $(began) exchanges" "400 0" "$(grep -c '^aws .* of line [0-9]*$' "$SALLYPORT_DEMO_DIR/got") $(grep -cF "$key" "$SALLYPORT_DEMO_DIR/got")"
is "and every other line is as it was" "$(grep -v '^aws' "$SALLYPORT_DEMO_DIR/home/lines" | sha256sum)" "$(grep -v '^aws' "$SALLYPORT_DEMO_DIR/got" | sha256sum)"
is "the recording holds what the agent got" "$(sha256sum <"$SALLYPORT_DEMO_DIR/got")" \
	"$(sallyport recording cat "$(ls -t "$SALLYPORT_RECORDINGS"/*.cast.gz | head -n 1)" | sha256sum)"
sp -v demo-web 'sleep 6' 2>"$SALLYPORT_DEMO_DIR/v" </dev/null
[ "$(began)" -ge 2 ] || fail "nothing comes or goes for 6 s: the bastion began $(began) times"
echo "ok: with nothing to carry for 6 s the bastion began $(began) times"

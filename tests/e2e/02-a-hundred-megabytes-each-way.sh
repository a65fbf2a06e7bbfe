#!/bin/bash
# 100 MB up and 100 MB down arrive unchanged, also with keys exchanged again in mid-stream.
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

#!/bin/bash
# A recording is one asciicast that asciinema plays, holds what the agent got and no more, keeps bytes that are not UTF-8, and is
# repaired when its recorder was killed.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/guard.yaml"

newest() { ls -t "$SALLYPORT_RECORDINGS"/*.cast.gz | head -n 1; }

sp demo-web 'echo hello-from-the-target; echo to-stderr >&2' >/dev/null 2>&1 </dev/null
file=$(newest)
zcat "$file" >"$SALLYPORT_DEMO_DIR/cast" || fail "zcat refuses it"
head -n 1 "$SALLYPORT_DEMO_DIR/cast" | jq -e '.version == 2 and .width > 0 and .height > 0' >/dev/null || fail "no asciicast v2 header"
tail -n +2 "$SALLYPORT_DEMO_DIR/cast" | jq -e -s 'all(.[]; length == 3)' >/dev/null || fail "an event has not three elements"
header=$(head -n 1 "$SALLYPORT_DEMO_DIR/cast")
has "the header names the identity" agent-1 "$header"
has "and the target" demo-web "$header"
played=$(script -qec "asciinema play -s 100 $SALLYPORT_DEMO_DIR/cast" /dev/null </dev/null 2>&1)
has "asciinema plays it" hello-from-the-target "$played"
has "with what went to stderr" to-stderr "$played"
has "a marker holds the verdict" '"m"' "$(zcat "$file")"

# Over HTTP, as the auditor.
id=$(auditor GET /v1/recordings | jq -r '.recordings | last | .id')
got=$(printf 'header = "Authorization: Bearer %s"\n' "$SALLYPORT_AUDITOR_TOKEN" | curl -sS --compressed -K - "$SALLYPORT_API/v1/recordings/$id")
is "curl --compressed gives the asciicast" 2 "$(head -n 1 <<<"$got" | jq .version)"
has "an agent may not read recordings" '"status": *(401|403)' "$(api "$(token --sub agent-1 --groups ops-agents)" GET /v1/recordings)"
has "the read is itself a record" '"event":"(evidence\.)?read' "$(audit_lines)"

# Bytes that are not UTF-8.
printf 'a\xff\xfe\x80\xc3(\xe2\x82b' >"$SALLYPORT_DEMO_DIR/home/raw"
sp demo-web 'cat raw' </dev/null >"$SALLYPORT_DEMO_DIR/got"
cmp "$SALLYPORT_DEMO_DIR/got" "$SALLYPORT_DEMO_DIR/home/raw" || fail "the agent got other bytes"
file=$(newest)
sallyport recording cat "$file" >"$SALLYPORT_DEMO_DIR/back" || fail "recording cat"
cmp "$SALLYPORT_DEMO_DIR/back" "$SALLYPORT_DEMO_DIR/home/raw" || fail "the recording holds other bytes"
zcat "$file" >"$SALLYPORT_DEMO_DIR/cast"
script -qec "asciinema play -s 100 $SALLYPORT_DEMO_DIR/cast" /dev/null </dev/null >/dev/null 2>&1 || fail "asciinema refuses it"
echo "ok: bytes that are not UTF-8 come back exactly, and asciinema plays on"

# A killed recorder; control repairs at its restart.
sp demo-web 'i=0; while :; do i=$((i+1)); echo line $i; sleep 0.05; done' >"$SALLYPORT_DEMO_DIR/live" 2>/dev/null </dev/null &
pid=$!
wait_for 10 "output" eval "[ \$(wc -l <'$SALLYPORT_DEMO_DIR/live') -gt 30 ]"
file=$(newest)
kill -9 $(pids_of sallyport-recorder)
wait $pid
# A flush comes each second: what is lost of a killed recording is at most what came since.
recorded=$(zcat "$file" 2>/dev/null | grep -c '"o", "line')
delivered=$(wc -l <"$SALLYPORT_DEMO_DIR/live")
[ $((delivered - recorded)) -le 45 ] || fail "$delivered lines were delivered, $recorded recorded"
echo "ok: of $delivered lines delivered before the kill, $recorded were on disk"

wait_for 10 "the repaired file" zcat -t "$file"
zcat "$file" >"$SALLYPORT_DEMO_DIR/cast"
script -qec "asciinema play -s 1000 $SALLYPORT_DEMO_DIR/cast" /dev/null </dev/null >/dev/null 2>&1 || fail "asciinema refuses the repaired file"
echo "ok: a killed recording is repaired to a valid one"

#!/bin/bash
# Recordings encrypted to two readers (RSA and EC): nothing of what was said lies on the disk in clear, each reader's key opens them with openssl
# alone and with sallyport, no other does; the digests in the log are over what is stored; one that a kill tore opens as far as it was written.
. "$(dirname "$0")/lib.sh"
if [ -z "${SALLYPORT_DEMO_DIR:-}" ]; then
	KEYS=$(mktemp -d)
	export KEYS
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$KEYS/rsa.key" -out "$KEYS/rsa.pem" -subj /CN=auditor -days 3 2>/dev/null
	for k in ec other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$KEYS/$k.key" -out "$KEYS/$k.pem" -subj /CN=$k -days 3 2>/dev/null
	done
	printf 'recording: { encrypt_to: ["%s", "%s"], part_bytes: 1MiB }\n' "$KEYS/rsa.pem" "$KEYS/ec.pem" >"$KEYS/config"
	"$SALLYPORT_BUILD/sallyport" demo --policy "$here/policies/guard.yaml" --config "$KEYS/config" -- "$0"
	code=$?
	rm -rf "$KEYS"
	exit $code
fi
event() { audit_lines | jq -c "select(.event == \"$1\")"; }
open_it() { openssl cms -decrypt -inform DER -in "$1" -inkey "$KEYS/$2.key" 2>/dev/null; }

sp demo-web 'echo the-word-is-swordfish' >/dev/null </dev/null
wait_for 10 "its recording" eval '[ -n "$(event recording.closed)" ]'
id=$(event recording.closed | jq -r .recording)
file=$SALLYPORT_RECORDINGS/$(event recording.closed | jq -r .file)
is "the file's name says that it is encrypted" "$SALLYPORT_RECORDINGS/$id.cast.gz.cms" "$file"
is "the log says it, too" true "$(event recording.opened | jq .encrypted)"
! grep -rlaE 'swordfish' "$SALLYPORT_RECORDINGS" >/dev/null || fail "it lies there in clear"
! zcat -f <"$file" 2>/dev/null | grep -qa swordfish || fail "it is only compressed"
is "its digest is over what is stored" "$(sha256sum "$file" | cut -c1-64)" "$(event recording.closed | jq -r .sha256)"
for key in rsa ec; do
	has "openssl opens it with the $key key" swordfish "$(open_it "$file" $key | zcat)"
	is "and sallyport does" "the-word-is-swordfish" "$(sallyport recording cat "$id" --key "$KEYS/$key.key")"
done
open_it "$file" rsa | zcat | timeout 20 asciinema play - >"$KEYS/played" 2>&1 </dev/null || timeout 20 script -qec "openssl cms -decrypt -inform DER -in '$file' -inkey '$KEYS/rsa.key' | zcat | asciinema play -" /dev/null >"$KEYS/played" 2>&1
has "asciinema plays it" swordfish "$(cat "$KEYS/played")"
has "sallyport replay, too" swordfish "$(sallyport replay --no-wait --key "$KEYS/ec.key" "$id")"
open_it "$file" other | zcat 2>/dev/null | grep -q swordfish && fail "a stranger's key opens it"
if sallyport recording cat "$id" --key "$KEYS/other.key" >"$KEYS/out" 2>&1; then fail "a stranger's key opens it"; fi
has "a stranger is told" "does not open" "$(cat "$KEYS/out")"
has "so is who has no key" "encrypted" "$(sallyport recording cat "$id" 2>&1)"
cp "$file" "$KEYS/changed"
printf 'X' | dd of="$KEYS/changed" bs=1 seek=$(($(stat -c %s "$file") - 60)) conv=notrunc 2>/dev/null
open_it "$KEYS/changed" rsa >/dev/null && fail "a changed byte is not noticed"
echo "ok: a changed byte is noticed when it is opened"
is "the API gives it as it lies there" "$(sha256sum "$file" | cut -c1-64)" "$(auditor GET "/v1/recordings/$id" | sha256sum | cut -c1-64)"

# Parts, and much output.
sp demo-web 'seq 1 400000' >"$KEYS/seq" </dev/null
wait_for 20 "its parts" eval '[ $(event recording.closed | jq -s "map(select(.parts > 2)) | length") = 1 ]'
big=$(event recording.closed | jq -r 'select(.parts > 2) | .recording')
sallyport recording cat "$big" --key "$KEYS/rsa.key" | cmp - "$KEYS/seq" || fail "parts"
echo "ok: a recording of several parts comes back byte for byte"

# A recorder that is killed: what the agent saw is in the file all the same.
sp demo-web 'for i in $(seq 1 2000); do echo "line $i"; done; echo enough; sleep 60' >"$KEYS/torn" 2>/dev/null </dev/null &
wait_for 20 "the output" grep -q enough "$KEYS/torn"
sleep 1
pid=$(pids_of sallyport-recorder)
kill -9 "$pid"
wait_for 20 "its repair" eval 'ls "$SALLYPORT_RECORDINGS"/*.json | xargs grep -l "\"repaired\":true"'
torn=$(grep -l '"repaired":true' "$SALLYPORT_RECORDINGS"/*.json | head -n 1)
torn=$SALLYPORT_RECORDINGS/$(jq -r .file "$torn")
open_it "$torn" ec >"$KEYS/clear"
is "openssl says that its end is missing" 4 $?
# Newer ones (3.0.22) give nothing of what they could not check to its end.
[ ! -s "$KEYS/clear" ] || is "and opens it as far as it was written" "$(grep -c '^line' "$KEYS/torn")" "$(zcat "$KEYS/clear" 2>/dev/null | jq -rj 'arrays | select(.[1] == "o") | .[2]' 2>/dev/null | grep -c '^line')"
torn=$(basename "$torn" .cast.gz.cms)
is "so does sallyport" "$(grep -c '^line' "$KEYS/torn")" "$(sallyport recording cat "$torn" --key "$KEYS/rsa.key" 2>"$KEYS/out" | grep -c '^line')"
sallyport recording cat "$torn" --key "$KEYS/other.key" >"$KEYS/none" 2>"$KEYS/refused"
is "a stranger gets nothing of it" 0 "$(stat -c %s "$KEYS/none")"
has "and is told" "does not open" "$(cat "$KEYS/refused")"
has "and says what is missing" "lost in a crash" "$(cat "$KEYS/out")"
kill -9 "$(pids_of sallyport-control)"
wait_for 20 "the repair on record" eval '[ -n "$(event recording.repaired)" ]'
wait_for 10 "the log to verify" eval "sallyport audit verify --events >'$KEYS/verify'"
cat "$KEYS/verify"

# The bundle: digests by hand without a key, content with one.
sallyport audit export --from 2020-01-01 --to now --out "$KEYS/bundle" >"$KEYS/out" 2>&1 || fail "$(cat "$KEYS/out")"
sed -n '/^```sh$/,/^```$/p' "$KEYS/bundle/VERIFY.md" | grep -v '^```' >"$KEYS/verify.sh"
out=$(cd "$KEYS/bundle" && sh "$KEYS/verify.sh" 2>&1)
is "VERIFY.md, without any key" 3 "$(grep -cx ok <<<"$out")"
hasnt "complains of nothing" "broken|FAILED|differ|[Ee]rror|not found|No such" "$out"
has "and says how to open one" "openssl cms -decrypt -inform DER" "$(cat "$KEYS/bundle/VERIFY.md")"
has "which works" swordfish "$(open_it "$KEYS/bundle/recordings/$id.cast.gz.cms" rsa | zcat)"

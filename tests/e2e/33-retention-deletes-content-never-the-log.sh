#!/bin/bash
# Recordings go when their time is over, or when all of them take too much, the oldest first: on record first, then the files. The log
# keeps every line and verifies, a bundle of before and one of after verify, and a kill in between leaves nothing that is not on record.
. "$(dirname "$0")/lib.sh"
if [ -z "${SALLYPORT_DEMO_DIR:-}" ]; then
	conf=$(mktemp)
	printf 'recording: { keep: 8s, keep_bytes: 300KiB }\n' >"$conf"
	"$SALLYPORT_BUILD/sallyport" demo --policy "$here/policies/guard.yaml" --config "$conf" -- "$0"
	code=$?
	rm -f "$conf"
	exit $code
fi
d=$SALLYPORT_DEMO_DIR/retention
mkdir "$d"
event() { audit_lines | jq -c "select(.event == \"$1\")"; }
files() { ls "$SALLYPORT_RECORDINGS" | grep -c cast; }

sp demo-web 'echo first' >/dev/null </dev/null
wait_for 10 "its recording" eval '[ -n "$(event recording.closed)" ]'
first=$(event recording.closed | jq -r .recording)
start=$(date +%s)
sallyport audit export --from 2020-01-01 --to now --out "$d/before" >"$d/out" 2>&1 || fail "$(cat "$d/out")"
from=$(date -u +%FT%TZ -d '-1 hour') to=$(date -u +%FT%TZ -d '+1 second')

# By size: random bytes do not compress.
for n in 1 2 3 4; do sp demo-web 'head -c 100000 /dev/urandom | base64' >/dev/null </dev/null; done
wait_for 10 "the first to be deleted, on record" eval "event recording.deleted | grep -q '$first'"
[ $(($(date +%s) - start)) -lt 8 ] || echo "(this machine is slow: age may have been the reason)"
wait_for 5 "its files to go" eval "! ls '$SALLYPORT_RECORDINGS' | grep -q '$first'"
has "with the reason" "recordings took more than 307200 bytes|kept for 8 seconds" "$(event recording.deleted | head -n 1)"
wait_for 5 "the rest to take less than the bound" eval "[ \$(du -b --apparent-size '$SALLYPORT_RECORDINGS' | cut -f1) -lt 330000 ]"
sallyport audit verify >"$d/verify" || fail "$(cat "$d/verify")"
has "audit verify says so" "[1-9] deleted by retention" "$(cat "$d/verify")"

# By age, with control killed while there is something to do.
sleep 4
for i in 1 2; do
	kill -9 "$(pids_of sallyport-control)"
	wait_for 10 "control to be back" sp demo-web 'true' </dev/null
	sleep 1
done
wait_for 30 "the first five to be gone" eval "[ \$(event recording.deleted | jq -r .recording | sort -u | wc -l) -ge 5 ]"
wait_for 10 "their files, too" eval "[ -z \"\$(comm -12 <(event recording.deleted | jq -r .recording | sort -u) <(ls '$SALLYPORT_RECORDINGS' | sed 's/\\.cast.*//' | sort -u))\" ]"
is "none was deleted twice" "" "$(event recording.deleted | jq -r '"\(.recording) \(.part)"' | sort | uniq -d)"
wait_for 10 "the log to verify" eval "sallyport audit verify --events >'$d/verify'"
cat "$d/verify"
is "the API says that it is gone" true "$(SALLYPORT_API=http://127.0.0.1:$(cat "$SALLYPORT_DEMO_DIR/state/run/http.port") auditor GET '/v1/recordings?limit=1000' | jq ".recordings[] | select(.id == \"$first\") | .deleted")"

# Bundles: of then, made now; and of all.
sallyport audit export --from "$from" --to "$to" --out "$d/after" >"$d/out" 2>&1 || fail "a bundle of before the deletion: $(cat "$d/out")"
is "its row says when it was deleted, and why" "true" "$(jq ".[] | select(.recording == \"$first\") | (.deleted != null and (.deleted_reason | startswith(\"retention\")) and .event == \"recording.closed\")" "$d/after/recordings.json")"
sallyport audit export --from 2020-01-01 --to now --out "$d/all" >"$d/out" 2>&1 || fail "$(cat "$d/out")"
for b in before after all; do
	sallyport audit verify --dir "$d/$b" >"$d/verify" || fail "$b: $(cat "$d/verify")"
	[ $b != all ] || sed -n '/^```sh$/,/^```$/p' "$d/$b/VERIFY.md" | grep -v '^```' >"$d/verify.sh"
done
out=$(cd "$d/all" && sh "$d/verify.sh" 2>&1)
hasnt "VERIFY.md complains of nothing" "broken|FAILED|differ|[Ee]rror|not found|No such" "$out"
has "and names what was deleted" "$first.*deleted.*retention" "$out"

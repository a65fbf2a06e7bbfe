#!/bin/bash
# A second Sallyport as witness of the first: it keeps each checkpoint, signed by a key of that log and extending what it saw before, and nothing else. A log
# that is rolled back is refused, on record at both; `audit verify` takes what the witness kept as the outside checkpoint.
. "$(dirname "$0")/lib.sh"
if [ -z "${OUT:-}" ]; then
	OUT=$(mktemp -d)
	export OUT
	: >"$OUT/signers"
	printf 'witness: { logs: [{ origin: demo-b, allowed_signers: "%s" }] }\n' "$OUT/signers" >"$OUT/a"
	"$SALLYPORT_BUILD/sallyport" demo --config "$OUT/a" -- "$0"
	code=$?
	rm -rf "$OUT"
	exit $code
fi
if [ -z "${WITNESS:-}" ]; then # within the witness: now the bastion that it watches
	export WITNESS=$SALLYPORT_API WITNESS_DIR=$SALLYPORT_DEMO_DIR WITNESS_TOKEN=$SALLYPORT_AUDITOR_TOKEN WITNESS_AUDIT=$SALLYPORT_AUDIT
	WITNESS_CONTROL=$(pids_of sallyport-control)
	export WITNESS_CONTROL
	printf 'audit: { origin: demo-b, witness: "%s/v1/witness" }\n' "$WITNESS" >"$OUT/b"
	unset SALLYPORT_DEMO_DIR
	"$SALLYPORT_BUILD/sallyport" demo --config "$OUT/b" -- "$0"
	exit
fi
kept=$WITNESS_DIR/state/audit/witness/demo-b
size_of_last() { tail -n 1 "$kept"/20*.jsonl 2>/dev/null | jq .size; }
submit() { curl -sS -o "$OUT/answer" -w '%{http_code}' -H 'Content-Type: text/plain' --data-binary @- "$WITNESS/v1/witness"; }
# A submission out of a kept line: submission LINE EXTENDS [NODES]
submission() { jq -r '.text + "\n" + (.signature | rtrimstr("\n"))' <<<"$1"; echo "extends $2"; [ -z "${3:-}" ] || echo "$3"; }

wait_for 10 "the witness to refuse a key that it does not know" grep -q 'the witness did not take a checkpoint: it answered 403' "$SALLYPORT_DEMO_DIR/sallyportd.log"
wait_for 5 "a key" eval "audit_lines | grep -q epoch.open"
audit_lines | jq -r 'select(.event == "epoch.open") | "demo-b namespaces=\"sallyport-checkpoint\" " + .key' >"$OUT/signers"
sp demo-web uptime >/dev/null </dev/null
wait_for 20 "a checkpoint at the witness" eval "[ -n \"\$(size_of_last)\" ]"
old=$(tail -n 1 "$kept"/20*.jsonl)
for i in 1 2 3; do sp demo-web "echo $i" >/dev/null </dev/null; done
n=$(audit_lines | tail -n 1 | jq .seq)
wait_for 20 "the witness to have seen all of it" eval "[ \$(size_of_last) -ge $n ]"
echo "ok: the witness has seen $(size_of_last) records, in $(cat "$kept"/20*.jsonl | wc -l) checkpoints"
cp "$kept"/20*.jsonl "$OUT/outside.jsonl"
wait_for 10 "audit verify with what the witness kept" eval "sallyport audit verify --checkpoint '$OUT/outside.jsonl' >'$OUT/verify'"
hasnt "it is an outside checkpoint" "without --checkpoint" "$(cat "$OUT/verify")"
printf 'header = "Authorization: Bearer %s"\n' "$WITNESS_TOKEN" | curl -fsS -K - "$WITNESS/v1/witness?log=demo-b" >"$OUT/last" || fail "asking the witness"
sallyport audit verify --checkpoint - <"$OUT/last" >"$OUT/verify" || fail "$(cat "$OUT/verify")"
echo "ok: as the witness gives it out, too"
has "which is on record there" '"event":"read".*"route":"GET /v1/witness"' "$(cat "$WITNESS_AUDIT"/log-*.jsonl)"

# What is refused.
wait_for 20 "all to be said" eval "[ \"\$(size_of_last)\" = \"\$(audit_lines | tail -n 1 | jq .seq)\" ]"
known=$(size_of_last)
is "an old checkpoint sent again" 422 "$(submission "$old" 0 | submit)"
is "one that claims to begin elsewhere" 409 "$(submission "$(tail -n 1 "$kept"/20*.jsonl)" 3 | submit)"
is "which is told what is known" "$known" "$(jq .size "$OUT/answer")"
is "one that leads to another root" 422 "$(submission "$(tail -n 1 "$kept"/20*.jsonl)" "$(size_of_last)" "0 $(printf 'a%.0s' $(seq 64))" | submit)"
is "one that is changed" 403 "$(submission "$(tail -n 1 "$kept"/20*.jsonl | sed 's/time 2/time 3/')" "$(size_of_last)" | submit)"
is "one of a log that nobody watches" 404 "$(submission "$(tail -n 1 "$kept"/20*.jsonl | sed 's/demo-b/demo-c/')" "$(size_of_last)" | submit)"
is "something else" 400 "$(echo hello | submit)"
is "something large" 413 "$(head -c 100000 /dev/zero | submit)"
has "the contradiction is on record" '"event":"witness.refused".*"log":"demo-b".*rolled back' "$(cat "$WITNESS_AUDIT"/log-*.jsonl)"
wait_for 10 "and kept" test -s "$kept/refused.jsonl"

# A kill of the bastion's control: it goes on where it was.
kill -9 "$(pids_of sallyport-control)"
wait_for 20 "commands to run again" sp demo-web 'echo again' </dev/null
n=$(audit_lines | tail -n 1 | jq .seq)
wait_for 60 "the witness to go on" eval "[ \$(size_of_last) -ge $n ]"
echo "ok: after kill -9 of control it goes on where it was"

# The bastion's log is rolled back for real, and goes on from there with its own key.
state=$SALLYPORT_DEMO_DIR/state
daemon=$(awk '/^PPid:/ { print $2 }' "/proc/$(pids_of sallyport-control)/status")
cp -r "$state/audit" "$OUT/audit" && cp -r "$state/control" "$OUT/control"
for i in 1 2 3 4; do sp demo-web "echo evil $i" >/dev/null </dev/null; done
n=$(audit_lines | tail -n 1 | jq .seq)
wait_for 20 "the witness to see that" eval "[ \$(size_of_last) -ge $n ]"
control=$(pids_of sallyport-control)
kill -STOP "$daemon"
kill -9 "$control"
rm -rf "$state/audit" "$state/control"
mv "$OUT/audit" "$state/audit" && mv "$OUT/control" "$state/control"
kill -CONT "$daemon"
wait_for 20 "commands on the shorter log" sp demo-web 'echo nothing happened' </dev/null
for i in 1 2 3 4 5 6; do sp demo-web "echo harmless $i" >/dev/null </dev/null; done
wait_for 10 "the log that was rolled back to look whole, alone" eval "sallyport audit verify >'$OUT/verify'"
cat "$kept"/20*.jsonl >"$OUT/outside.jsonl"
if sallyport audit verify --checkpoint "$OUT/outside.jsonl" >"$OUT/verify"; then fail "the witness's checkpoint does not show it"; fi
has "with the witness's checkpoint it does not" "^(cut|rewritten)" "$(cat "$OUT/verify")"
wait_for 60 "the bastion to be told by its witness" eval "audit_lines | grep -q '\"event\":\"witness.refused\"'"
echo "ok: $(audit_lines | jq -r 'select(.event == "witness.refused") | .reason' | head -n 1)"

# The witness itself is killed: it has forgotten nothing, and every line is whole.
known=$(size_of_last)
port=$(cat "$WITNESS_DIR/state/run/http.port")
kill -9 "$WITNESS_CONTROL"
wait_for 20 "the witness again" eval "[ \"\$(cat '$WITNESS_DIR/state/run/http.port')\" != $port ] && curl -fsS http://127.0.0.1:\$(cat '$WITNESS_DIR/state/run/http.port')/readyz"
WITNESS=http://127.0.0.1:$(cat "$WITNESS_DIR/state/run/http.port")
is "an old checkpoint is refused as ever" 422 "$(submission "$old" 0 | submit)"
is "one that begins too early is told what is known" "409 $known" "$(submission "$(tail -n 1 "$kept"/20*.jsonl)" 1 | submit) $(jq .size "$OUT/answer")"
is "every kept line is whole" "$(cat "$kept"/20*.jsonl | wc -l)" "$(cat "$kept"/20*.jsonl | jq -c .size | wc -l)"
is "and none is shorter than the one before" "" "$(jq .size "$kept"/20*.jsonl | sort -nc 2>&1)"

#!/bin/bash
# An exported bundle verifies by following its own VERIFY.md where there is no Sallyport: a PATH with sha256sum, ssh-keygen, jq, zcat and
# the shell's usual tools, nothing else; and a change to any file shows. `sallyport audit verify` says the same.
. "$(dirname "$0")/lib.sh"
in_demo
d=$SALLYPORT_DEMO_DIR/audit-test
mkdir "$d" "$d/tools"

sp demo-web 'uptime' >/dev/null </dev/null
sp demo-web 'rm -rf /srv/data' 2>/dev/null </dev/null
sp demo-web 'printf "a\377b\n"' >/dev/null </dev/null
wait_for 10 "closed recordings" eval "[ \$(audit_lines | grep -c '\"event\":\"recording.closed\"') -ge 2 ]"
wait_for 10 "a checkpoint over all of it" eval "[ \"\$(tail -n 1 \$(ls \$SALLYPORT_AUDIT/checkpoints-* | tail -n 1) | jq .size)\" = \"\$(tail -n 1 \$(ls \$SALLYPORT_AUDIT/log-* | tail -n 1) | jq .seq)\" ]"

sallyport audit verify --events || fail "the live log"
sallyport audit export --from 2020-01-01 --to now --format ocsf --out "$d/bundle" || fail "the export"
is "sessions.json has a row a question" 3 "$(jq length "$d/bundle/sessions.json")"
is "a row says who, what, the verdict, how it ended" "agent-1 uptime allow 0" \
	"$(jq -r '.[0] | "\(.identity.subject) \(.command) \(.verdict) \(.exit_status)"' "$d/bundle/sessions.json")"
is "the denial is in denials.json" "rm -rf /srv/data" "$(jq -r '.[] | select(.event == "decision") | .command' "$d/bundle/denials.json")"
is "the table and the CSV have the same rows" "$(($(jq length "$d/bundle/sessions.json") + 1))" "$(wc -l <"$d/bundle/sessions.csv")"
jq -e -s 'all(.[]; .class_uid > 0 and .type_uid == .class_uid * 100 + .activity_id and .time > 0)' "$d/bundle/ocsf.jsonl" >/dev/null || fail "OCSF"
is "every record is an OCSF event" "$(cat "$d"/bundle/log/log-*.jsonl | wc -l)" "$(wc -l <"$d/bundle/ocsf.jsonl")"

for t in sha256sum ssh-keygen jq zcat gzip sh cat head tail sed tr cut rm sort uniq comm; do ln -s "$(command -v $t)" "$d/tools/$t"; done
sed -n '/^```sh$/,/^```$/p' "$d/bundle/VERIFY.md" | grep -v '^```' >"$d/verify.sh"
by_hand() { (cd "$1" && env -i PATH="$d/tools" "$d/tools/sh" "$d/verify.sh" 2>&1); }
out=$(by_hand "$d/bundle")
echo "$out"
for line in 'Good "sallyport-checkpoint" signature' 'the last record is the one that was signed' 'each record names the one before it' \
	'no number is missing' 'every row is a record'; do
	has "following VERIFY.md: $line" "$line" "$out"
done
is "three steps say ok" 3 "$(grep -cx ok <<<"$out")"
hasnt "and none complains" "broken|FAILED|differ|[Ee]rror|not found" "$out"
sallyport audit verify --dir "$d/bundle" || fail "audit verify on the bundle"

changed() { # WHAT PATTERN COMMAND…: the change shows in the steps by hand, and in audit verify
	local what=$1 pattern=$2
	shift 2
	rm -rf "$d/copy"
	cp -r "$d/bundle" "$d/copy"
	(cd "$d/copy" && "$@")
	has "by hand: $what" "$pattern" "$(by_hand "$d/copy")"
	if sallyport audit verify --dir "$d/copy" >"$d/out"; then fail "audit verify misses: $what"; fi
	echo "ok: audit verify: $(head -n 1 "$d/out")"
}
edit_log() { sed -i 's/"verdict":"deny"/"verdict":"allow"/' log/log-000001.jsonl && sha256sum $(cut -c67- SHA256SUMS) >sums && mv sums SHA256SUMS; }
cut_log() { sed -i '5d' log/log-000001.jsonl && sha256sum $(cut -c67- SHA256SUMS) >sums && mv sums SHA256SUMS; }
other_recording() { set -- recordings/*.gz; cp "$1" "$2"; }
changed "an edited record, sums made anew" "broken before" edit_log
changed "a removed record, sums made anew" "broken before" cut_log
changed "an exchanged recording" "FAILED" other_recording

cp "$(ls "$d/bundle/recordings/"*.gz | head -n 1)" "$d/bundle/recordings/planted-1.cast.gz"
has "a planted recording is told" "unknown: +1 files" "$(sallyport audit verify --dir "$d/bundle")"
rm "$d/bundle/recordings/planted-1.cast.gz"

# An inclusion proof, checked with nothing but SHA-256.
sallyport audit prove 5 >"$d/proof" || fail "prove"
/usr/bin/python3 - "$d/proof" <<'P' || fail "the proof does not lead to the root"
import base64, hashlib, json, sys
p = json.load(open(sys.argv[1]))
h = hashlib.sha256(b"\0" + p["line"].encode()).digest()
for step in p["path"]:
    s = bytes.fromhex(step["digest"])
    h = hashlib.sha256(b"\1" + (s + h if step["side"] == "left" else h + s)).digest()
assert base64.b64encode(h).decode() == p["checkpoint"].split("\n")[2]
P
echo "ok: the inclusion proof leads to the root of the checkpoint"

sallyport audit export --from 2020-01-01 --to now --out "$d/b.tar.gz" >/dev/null && tar -tzf "$d/b.tar.gz" | grep -q VERIFY.md || fail ".tar.gz"
has "query finds by verdict" "rm -rf /srv/data" "$(sallyport audit query --verdict deny)"
is "query by command, as JSON" 1 "$(sallyport audit query --event decision --command 'upt*' --format json | jq -s length)"

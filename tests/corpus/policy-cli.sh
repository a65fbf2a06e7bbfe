#!/bin/sh
# The policy verbs keep their contract: exit codes, places of mistakes, the JSON of eval and parse, what simulate prints.
set -eu
sallyport=${SALLYPORT:-./sallyport}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

printf 'version: 1\npacks: [core.readonly, core.destructive]\nwho: { ops: { groups: [ops] } }\nrules:\n  - { id: r, who: [ops], on: { role: web }, approve: ["systemctl restart *"] }\n' > "$dir/p.yaml"
"$sallyport" policy check "$dir/p.yaml" > /dev/null || fail "a good file"
printf 'version: 1\nruels: []\n' > "$dir/bad.yaml"
if "$sallyport" policy test "$dir/bad.yaml" 2> "$dir/err"; then fail "a bad file passes"; fi
grep -q "bad.yaml:2:1: .*rules" "$dir/err" || fail "no place or fix: $(cat "$dir/err")"

cat > "$dir/in" <<'Q'
{"id":"a","command":"ls  -l","shell":"bash","who":{"subject":"s","issuer":"i","groups":["ops"]},"target":{"name":"w","tags":{"role":"web"}}}
{"id":"b","command":"systemctl restart nginx","shell":"dash","who":{"groups":["ops"]},"target":{"name":"w","tags":{"role":"web"}}}
{"id":"c","command":"systemctl restart nginx","shell":"dash","who":{"groups":["ops"]},"target":{"name":"w","tags":{}}}
{"id":"d","command":"ls (","shell":"bash"}
{"id":5,"command":"x","shell":"perl"}
not json
{"id":"e","command":"ls \u0000","shell":"bash"}
Q
"$sallyport" policy eval --policy "$dir/p.yaml" --jsonl < "$dir/in" > "$dir/out" || fail "eval"
jq -se 'length == 7 and ([.[] | keys] | unique) == [["canonical","commands","confidence","id","reason","rule","verdict"]]' "$dir/out" > /dev/null || fail "keys: $(cat "$dir/out")"
got=$(jq -r '"\(.id) \(.verdict) \(.rule) \(.canonical) \(.commands)"' "$dir/out" | head -n 4)
want="a allow core.readonly.read 'ls' '-l' [[\"ls\",\"-l\"]]
b approve r 'systemctl' 'restart' 'nginx' [[\"systemctl\",\"restart\",\"nginx\"]]
c deny default 'systemctl' 'restart' 'nginx' [[\"systemctl\",\"restart\",\"nginx\"]]
d deny parse null []"
[ "$got" = "$want" ] || fail "eval gave: $got"
[ "$(jq -r .verdict "$dir/out" | tail -n 3 | sort -u)" = deny ] || fail "lines that are no questions"

printf '{"id":1,"command":"ls","shell":"bash"}\n{"id":2,"command":"ls (","shell":"bash"}\n' | "$sallyport" policy parse --jsonl > "$dir/out"
jq -se '.[0].ok and (.[1].ok | not) and .[1].at >= 3' "$dir/out" > /dev/null || fail "parse: $(cat "$dir/out")"

"$sallyport" policy explain "sudo rm -rf /etc" --policy "$dir/p.yaml" --as ops --on w,role=web > "$dir/out"
for s in "verdict:    deny" "core.destructive.wipe" "confidence: exact" "rm -rf /etc" "what would pass"; do
	grep -q -e "$s" "$dir/out" || fail "explain does not say $s"
done

mkdir "$dir/log"
z=0000000000000000000000000000000000000000000000000000000000000000
echo '{"seq":1,"time":"2026-01-31T12:00:00.000Z","mono":1,"session":"s","event":"decision","command":"rm -rf /etc","identity":{"issuer":"i","subject":"s","groups":["ops"]},"kind":"exec","login":"u","pty":false,"rule":"old","target":"w","verdict":"allow","prev":"'$z'"}' > "$dir/log/log-000001.jsonl"
"$sallyport" policy simulate "$dir/p.yaml" --audit "$dir/log" > "$dir/out" || fail "simulate"
grep -q "allow -> deny  old -> core.destructive.wipe" "$dir/out" || fail "simulate: $(cat "$dir/out")"
if "$sallyport" policy frobnicate 2> /dev/null; then fail "an unknown verb"; fi
echo "the policy verbs keep their contract"

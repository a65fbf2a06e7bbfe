#!/bin/bash
# A file full of secrets, read through exec, through a managed shell with a terminal, and a line at a time as `tail -f` gives it: neither the agent's
# bytes, nor the recordings, nor the audit log, nor any log of the bastion holds one.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/masking.yaml"

home=$SALLYPORT_DEMO_DIR/home
# Made up, each in its real form. Built from pieces, so that no scanner takes this file for a leak.
ssh-keygen -q -t ed25519 -N '' -f "$SALLYPORT_DEMO_DIR/leaked"
jwt=$(sallyport token issue --sub x)
secrets=(
	"4111 1111 1111 1111" "5500-0055-5555-5559" "AKIA""IOSFODNN7EXAMPLE" "ghp_""16C7e42F292c6912E7710c838347Ae178B4a" "glpat-""Zx9yQw8vTr7uPo6nMl5k"
	"xoxb-""123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx" "correct-horse-battery" "s3cr3t-in-a-url" "$jwt" "DE89370400440532013000"
	"$(sed -n 2p "$SALLYPORT_DEMO_DIR/leaked")"
)
{
	echo "card ${secrets[0]} and ${secrets[1]}"
	echo "aws ${secrets[2]}"
	echo "token: ${secrets[3]} ${secrets[4]}"
	echo "slack ${secrets[5]}"
	echo "DB_PASSWORD=${secrets[6]}"
	echo "postgres://app:${secrets[7]}@db/app"
	echo "Authorization: Bearer ${secrets[8]}"
	echo "iban ${secrets[9]}"
	cat "$SALLYPORT_DEMO_DIR/leaked"
	echo "the end"
} >"$home/secrets"
{ echo "ordinary line 1"; echo "ordinary line 2: 42 items in 0.3 s"; } >"$home/plain"

clean() { # WHAT FILE…
	local what=$1 s
	shift
	for s in "${secrets[@]}"; do
		! grep -qF -- "$s" "$@" || fail "$what holds ${s:0:12}…"
	done
	echo "ok: $what holds none of ${#secrets[@]} secrets"
}
d=$SALLYPORT_DEMO_DIR
sp demo-web 'cat secrets' >"$d/out.exec" </dev/null
has "exec: it was read to its end" 'the end' "$(cat "$d/out.exec")"
is "exec: a placeholder a secret, at least" yes "$([ "$(grep -o '\[masked:' "$d/out.exec" | wc -l)" -ge 10 ] && echo yes)"
clean "what exec gave" "$d/out.exec"
sp demo-web 'cat secrets >&2' 2>"$d/out.err" </dev/null
clean "what stderr gave" "$d/out.err"
is "what holds no secret is untouched" "$(sha256sum <"$home/plain")" "$(sp demo-web 'cat plain' </dev/null | sha256sum)"
is "equal values have equal placeholders within a session" 1 "$(sp demo-web 'cat secrets secrets | grep DB_PASSWORD' </dev/null | sort -u | wc -l)"

sp -tt demo-web 'cat secrets' >"$d/out.pty" 2>/dev/null </dev/null
has "a terminal: it was read to its end" 'the end' "$(cat "$d/out.pty")"
clean "what a terminal gave" "$d/out.pty"
printf 'cat secrets\nexit\n' | sp -T demo-web >"$d/out.shell" 2>&1
has "the managed shell: it was read to its end" 'the end' "$(cat "$d/out.shell")"
clean "what the managed shell gave" "$d/out.shell"

# tail -f: a line each 200 ms; each is there within a moment of being written, and masked.
: >"$home/live"
ssh -F "$SALLYPORT_SSH_CONFIG" demo-web 'tail -f live' >"$d/out.tail" 2>/dev/null </dev/null &
pid=$!
slowest=0
for i in $(seq 15); do
	echo "line $i password=${secrets[6]}-$i" >>"$home/live"
	start=$(date +%s%N)
	wait_for 5 "line $i" grep -q "^line $i " "$d/out.tail"
	took=$((($(date +%s%N) - start) / 1000000))
	[ $took -le $slowest ] || slowest=$took
	sleep 0.2
done
kill $pid
echo "  tail -f: the slowest of 15 lines took $slowest ms to be seen (looked at each 50 ms)"
clean "what tail -f gave" "$d/out.tail"

sp demo-web "echo password=${secrets[6]}" >"$d/out.cmd" 2>&1 </dev/null
wait_for 5 "the sessions' ends" eval '[ -z "$(pids_of sallyport-session)" ]'
for f in "$SALLYPORT_RECORDINGS"/*.cast.gz; do zcat "$f"; done >"$d/recordings.txt"
grep -q 'the end' "$d/recordings.txt" || fail "the recordings are empty"
clean "the recordings" "$d/recordings.txt"
clean "the audit log" "$SALLYPORT_AUDIT"/log-*.jsonl
clean "the bastion's log" "$d/sallyportd.log"
has "each masking is a record" '"event":"masking"' "$(audit_lines)"
has "with the class of its length, never the value" '"length":"(1-16|17-64|65-256|257\+)"' "$(audit_lines | grep '"event":"masking"')"
# The summary of each session is the sum of its records, a rule at a time.
sums() { audit_lines | jq -cs "$1"; }
is "a session's end says how much was masked, by rule" \
	"$(sums '[.[] | select(.event == "masking")] | group_by(.session) | map({s: .[0].session, m: (group_by(.rule) | map({(.[0].rule): (map(.count) | add)}) | add)}) | sort_by(.s)')" \
	"$(sums '[.[] | select(.event == "session.end" and .maskings != null) | {s: .session, m: .maskings}] | sort_by(.s)' | jq -c 'map(.m |= (to_entries | sort_by(.key) | from_entries))')"
has "of more than one rule" '"maskings":\{.*,' "$(audit_lines | grep session.end)"

#!/bin/bash
# The tour: run by `sallyport demo --tour` inside a demo. Does what the three people do - the agent with ssh, the operator with curl,
# the auditor with asciinema and the evidence verifier - shows each step, checks what it showed, and ends 0 only if all of it held.
set -u

ssh_config=$SALLYPORT_SSH_CONFIG
operator=$SALLYPORT_DEMO_DIR/operator.header
failed=0

bold=$(tput bold 2>/dev/null || true)
plain=$(tput sgr0 2>/dev/null || true)

title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { printf '  $ %s\n' "$*"; }
say() { printf '  # %s\n' "$*"; }
indent() { sed 's/^/    /'; }
check() { # WHAT-WAS-EXPECTED, then a test command
	local what=$1
	shift
	if "$@"; then printf '  ok: %s\n' "$what"; else
		printf '  NOT AS EXPECTED: %s\n' "$what"
		failed=1
	fi
}
agent() { ssh -F "$ssh_config" "$@" </dev/null; }

out=$(mktemp) err=$(mktemp)
trap 'rm -f "$out" "$err"' EXIT

title "1. The agent runs a command that the policy allows"
say "ssh fetches a short-lived certificate with an OIDC token first; the key of the host is in the vault"
show "ssh demo-web 'uname -s && tail -n 2 app.log | sort'"
agent demo-web 'uname -s && tail -n 2 app.log | sort' >"$out" 2>"$err"
code=$?
cat "$out" "$err" | indent
check "it ran, exit code 0" [ $code -eq 0 ]
check "its output came back" grep -q Linux "$out"

title "2. A command that the policy denies, however it is written"
show "ssh demo-web \"sh -c 'rm -rf /srv/data'\""
agent demo-web "sh -c 'rm -rf /srv/data'" >"$out" 2>"$err"
code=$?
cat "$out" "$err" | indent
check "denied, exit code 126" [ $code -eq 126 ]
check "it says which rule" grep -q '^sallyport: denied rule=' "$err"

title "3. A command that a person must approve"
show "ssh demo-web 'touch deployed.txt' &"
agent demo-web 'touch deployed.txt' >"$out" 2>"$err" &
pid=$!
say "the operator sees it and says yes, with curl:"
show "curl -sS -H @operator.header '$SALLYPORT_API/v1/approvals?state=pending&wait=30'"
pending=$(curl -sS -H "@$operator" "$SALLYPORT_API/v1/approvals?state=pending&wait=30")
id=$(jq -r '.approvals[0].id // empty' <<<"$pending")
jq -c '.approvals[0] | {id, command, target, rule}' <<<"$pending" 2>/dev/null | indent
show "curl -sS -H @operator.header --json '{\"reason\":\"release 42\"}' $SALLYPORT_API/v1/approvals/$id/approve"
curl -sS -H "@$operator" -H 'Content-Type: application/json' --data '{"reason":"release 42"}' \
	"$SALLYPORT_API/v1/approvals/$id/approve" | jq -c '{id, state}' | indent
wait $pid
code=$?
cat "$out" "$err" | indent
check "after the yes it ran, exit code 0" [ $code -eq 0 ]
check "the file is there" agent demo-web 'ls deployed.txt' >/dev/null

title "4. Secrets are masked before they leave"
show "ssh demo-web 'cat app.env'"
agent demo-web 'cat app.env' >"$out" 2>"$err"
cat "$out" "$err" | indent
check "no password, key or card number came through" bash -c "! grep -qE 'correct-horse|AKIAIOSF|4111 1111' '$out'"
check "each is replaced by a placeholder that names its rule" grep -q '\[masked:' "$out"

title "5. The auditor replays what happened"
last=$(ls -t "$SALLYPORT_RECORDINGS"/*.cast.gz | head -n 1)
show "zcat $(basename "$last") | asciinema play -"
if command -v asciinema >/dev/null; then
	# asciinema draws on a terminal: give it one.
	zcat "$last" >"$out.cast"
	script -qec "asciinema play -s 100 $out.cast" /dev/null </dev/null >"$out" 2>&1
	rm -f "$out.cast"
	tr -d '\r' <"$out" | indent
	check "the recording shows the session, masked as the agent saw it" grep -q 'masked:' "$out"
else
	zcat "$last" | tail -n 3 | indent
	say "asciinema is not installed here: those were the recording's last lines"
fi

title "6. The evidence verifies"
show "sallyport audit verify --dir $SALLYPORT_AUDIT"
sallyport audit verify --dir "$SALLYPORT_AUDIT" >"$out" 2>&1
code=$?
indent <"$out"
check "the hash chain is whole" [ $code -eq 0 ]
show "cut one word out of a copy, and verify again"
copy=$(mktemp -d)
cp -r "$SALLYPORT_AUDIT/." "$copy"
first=$(ls "$copy"/log-*.jsonl | head -n 1)
sed -i '0,/decision/s/decision/decisiom/' "$first"
sallyport audit verify --dir "$copy" >"$out" 2>&1
code=$?
rm -rf "$copy"
indent <"$out"
check "the change is found, and where" [ $code -ne 0 ]

echo
if [ $failed -eq 0 ]; then
	printf '%sThat was Sallyport.%s To try it yourself: ./build/sallyport demo\n' "$bold" "$plain"
else
	echo "Something was not as expected; see above."
fi
exit $failed

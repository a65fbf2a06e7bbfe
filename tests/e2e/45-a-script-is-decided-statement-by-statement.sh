#!/bin/bash
# A shell without a terminal: the bytes are split into statements, each is decided and finished before the next; what comes out is what
# the real shell would have printed.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/shell.yaml"

cd "$SALLYPORT_DEMO_DIR/home" || exit 1
sh_() { timeout 60 ssh -F "$SALLYPORT_SSH_CONFIG" -T demo-web; }

# Scripts whose output and status must be bash's own.
n=0
same() { # SCRIPT
	n=$((n + 1))
	printf '%s\n' "$1" >"$SALLYPORT_DEMO_DIR/script"
	want=$(HOME=$PWD bash --norc "$SALLYPORT_DEMO_DIR/script" 2>/dev/null </dev/null; echo "status $?")
	got=$(sh_ <"$SALLYPORT_DEMO_DIR/script" 2>"$SALLYPORT_DEMO_DIR/err"; echo "status $?")
	[ "$got" = "$want" ] || fail "script $n: $1"$'\n'"wanted $want"$'\n'"got $got"$'\n'"$(cat "$SALLYPORT_DEMO_DIR/err")"
}
same $'echo one\necho two'
same $'for i in 1 2 3; do\n  echo "$i"\ndone'
same $'cat <<EOF\nbody $((1+2))\nEOF\ncat <<\'EOF\'\n$x\nEOF'
same $'echo "a\nb"\necho c \\\n d'
same $'cd /tmp\npwd\ncd /usr/bin\npwd\ncd -\necho $?'
same $'cd /nowhere\necho $?\npwd'
same $'cd /tmp && pwd || echo no\ncd /nowhere && pwd || echo no'
same $'a=1\nb="$a and $a"\necho "$b"\nunset a\necho "[$a]"'
same $'a=$(echo sub)\necho "$a"\na=$(cat /nowhere)\necho "$? [$a]"'
same $'a=x; a+=y; echo $a; echo "${a#x}"'
same $'export LC_ALL=C\nprintenv LC_ALL\nunset LC_ALL\nprintenv LC_ALL\necho $?'
same $'set -- "a b" c\necho "$1" $# "$@"\nshift\necho "$1"\nset --\necho $#'
same $'umask 027\numask'
same $'test 1 = 2\necho $?\ntest 1 = 1\necho $?'
same $'test 1 = 2 || echo or\ntest 1 = 1 && echo and'
same $'if test -d /tmp; then cd /tmp; else exit 3; fi\npwd'
same $'exit 7\necho no'
same $'test 1 = 2\nexit'
same $'echo x\ntest 1 = 2'
same $'test -f /nowhere || exit 9\necho no'
same $'n=0\nwhile [ $n -lt 3 ]; do n=$((n+1)); echo n=$n; done'
same $'n=0\nuntil [ $n -eq 2 ]; do n=$((n+1)); if [ $n -eq 1 ]; then continue; fi; echo $n; done'
same $'for f in a b c; do last=$f; if [ "$f" = b ]; then break; fi; done\necho $last'
same $'set -e\necho a\ntest 1 = 2\necho no'
same $'set -e\ntest 1 = 2 || echo kept\nif test 1 = 2; then echo x; fi\necho end'
same $'set -u\necho ok'
same $'set -o pipefail\ntest 1 = 2 | cat\necho $?'
same $'# a comment\n\n   \necho after'
same $'(cd /tmp; pwd)\n(exit 4)\necho $?'
same $'case a in a) echo A;; *) echo other;; esac'
same $'echo a | cat | cat\nls /nowhere\necho $?'
same $'! test 1 = 2\necho $?'
same $'printf "%s\\n" "ä ☃ 中"\necho \'$x "y"\''
same $'cat\necho "cat read nothing of the script"'
same $'seq 300000'
same $'{ echo a; cd /tmp; pwd; }\npwd'
echo "ok: $n scripts print and end as bash does"

for i in $(seq 1000); do echo "echo line $i"; done >"$SALLYPORT_DEMO_DIR/thousand"
is "a script of 1,000 statements" "$(bash "$SALLYPORT_DEMO_DIR/thousand" | sha256sum)" "$(sh_ <"$SALLYPORT_DEMO_DIR/thousand" | sha256sum)"

for i in $(seq 60); do printf 'cd /tmp\nx=$(echo v)\ncd /usr\n'; done >"$SALLYPORT_DEMO_DIR/script"
is "directories and values never show as output" "" "$(sh_ <"$SALLYPORT_DEMO_DIR/script" 2>&1)"

touch victim
out=$(printf 'echo before\nrm victim\necho "after $?"\n' | sh_ 2>&1)
is "a denied statement prints its line, \$? is 126, and the script goes on" $'before\nafter 126' "$(grep -v sallyport <<<"$out")"
has "the line names the rule" 'sallyport: denied rule=' "$out"
printf 'echo x\nrm victim\n' | sh_ >/dev/null 2>&1
is "denied at the end: 126" 126 $?
out=$(printf 'forbidden\necho no\n' | sh_ 2>/dev/null; echo "status $?")
is "on_denial: end ends the session with 126" "status 126" "$out"
out=$(printf 'echo ok\necho "never closed\nrm victim\n' | sh_ 2>"$SALLYPORT_DEMO_DIR/err"; echo "status $?")
is "an unfinished statement at the end is not run" $'ok\nstatus 2' "$out"
has "and says so" 'unexpected end of file' "$(cat "$SALLYPORT_DEMO_DIR/err")"
for s in 'f() { rm victim; }' 'alias ls=rm' 'eval "rm victim"' '. ./f' 'exec rm victim' 'rm victim &' 'trap "rm victim" EXIT' 'x=(1)' 'CDPATH=/tmp' 'PATH=/tmp' \
	'source f' 'command cd /tmp' 'case a in a) exit;; esac' 'coproc cat' 'enable -f x' 'shopt -s expand_aliases'; do
	out=$(printf '%s\necho "then $?"\n' "$s" | sh_ 2>&1)
	has "refused with a word: $s" '^sallyport: ' "$out"
	hasnt "and it did not succeed: $s" 'then 0' "$out"
done
out=$(printf 'read x\necho "[$x]"\nx=1\necho "[$x]"\n' | sh_ 2>&1)
has "a variable that changed unseen is not used" 'x was changed where Sallyport could not follow' "$out"
has "until it is set again" '^\[1\]$' "$out"
[ -e victim ] || fail "the victim file is gone"

# Held for a person: the answer comes while the shell waits.
printf 'cd /tmp/sallyport-shell\nmkdir made\necho "made $?"\n' >"$SALLYPORT_DEMO_DIR/script"
rm -rf /tmp/sallyport-shell
mkdir -p /tmp/sallyport-shell
sh_ <"$SALLYPORT_DEMO_DIR/script" >"$SALLYPORT_DEMO_DIR/out" 2>&1 &
pid=$!
id=$(pending_id)
[ -n "$id" ] || fail "no approval is pending"
has "the approver sees the directory" "cd.*/tmp/sallyport-shell" "$(operator GET "/v1/approvals/$id" | jq -c .)"
operator POST "/v1/approvals/$id/approve" '{"reason":"test"}' >/dev/null
wait $pid
has "approved: it runs where the script was" 'made 0' "$(cat "$SALLYPORT_DEMO_DIR/out")"
[ -d /tmp/sallyport-shell/made ] || fail "it was not made there"
rm -rf /tmp/sallyport-shell

# One recording for the shell, with a marker a statement.
printf 'echo first\nrm victim\necho last\n' | sh_ >/dev/null 2>&1
marks() { for f in "$SALLYPORT_RECORDINGS"/*.cast.gz; do zcat "$f" 2>/dev/null | grep -l '"m"' >/dev/null && zcat "$f" | jq -rc 'select(type == "array" and .[1] == "m") | .[2]'; done; }
wait_for 10 "the markers" eval 'marks | grep -q "echo.*last"'
has "a marker for what ran" '^allow .*echo.*first' "$(marks)"
has "a marker for what was denied" '^deny .*rm.*victim' "$(marks)"

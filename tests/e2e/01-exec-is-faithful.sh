#!/bin/bash
# An exec through the bastion is what it is without it: outputs apart, status, signal, end of file both ways.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/guard.yaml"

out=$(sp demo-web 'echo out; echo err >&2' 2>/dev/null) && is "stdout alone" out "$out"
err=$(sp demo-web 'echo out; echo err >&2' 2>&1 >/dev/null) && is "stderr alone" err "$err"

for code in 0 1 7 255; do
	sp demo-web "exit $code"
	is "exit status $code" $code $?
done

sp -v demo-web 'kill -TERM $$' >/dev/null 2>"$SALLYPORT_DEMO_DIR/v"
is "killed by a signal: ssh says 255" 255 $?
has "the signal's name came through" 'exit-signal|signal' "$(cat "$SALLYPORT_DEMO_DIR/v")"

is "input reaches the command, and its end too" "$(printf 'a\nb\nc\n' | sha256sum)" "$(printf 'a\nb\nc\n' | sp demo-web 'sha256sum')"
is "empty input ends at once" 0 "$(sp demo-web 'wc -c' </dev/null)"
is "a command that does not read its input is not held up" done "$(head -c 3000000 /dev/zero | sp demo-web 'echo done')"
is "ends although the output's reader went away" 0 "$(sp demo-web 'yes' 2>/dev/null | head -n 1 >/dev/null; echo 0)"
is "NUL bytes and all others come back" "$(for i in $(seq 0 255); do printf "\\$(printf %03o "$i")"; done | sha256sum)" \
	"$(for i in $(seq 0 255); do printf "\\$(printf %03o "$i")"; done | sp demo-web cat | sha256sum)"
is "no terminal, no environment that we did not ask for" "" "$(sp -o SetEnv=LD_PRELOAD=/x.so demo-web 'printenv LD_PRELOAD')"
is "the login as a minted certificate" "$(id -un)" "$(sp demo-db 'id -un')"
is "LOGIN+TARGET" "$(id -un)" "$(sp -l "$(id -un)+demo-web" demo-web 'id -un')"

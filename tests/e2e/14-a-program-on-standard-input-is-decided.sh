#!/bin/bash
# What a shell reads from standard input is code: it is read to its end and decided like a command line; other interpreters' programs wait for a
# person, and the target gets no byte of what was not decided.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/readonly.yaml"

out=$(printf 'echo one\ncat app.log | grep -c INFO\nread x\necho "x is $x"\n' | sp demo-web 'bash -s' 2>&1)
is "a script of allowed commands runs, and none of them reads the script" "one
2
x is " "$out"
touch "$SALLYPORT_DEMO_DIR/home/victim"
err=$(printf 'echo one\nrm victim\n' | sp demo-web 'bash -s' 2>&1)
is "a script with one denied command does not run at all" 1 "$(grep -c . <<<"$err")"
has "and is told why" '^sallyport: denied' "$err"
[ -e "$SALLYPORT_DEMO_DIR/home/victim" ] || fail "the victim is gone"
printf 'rm victim\n' | sp demo-web 'cat | sh' >/dev/null 2>&1
is "a shell at the end of a pipe is denied" 126 $?
printf 'import os; os.remove("victim")\n' | sp demo-web 'python3 -' >/dev/null 2>&1
is "another interpreter is denied here" 126 $?
head -c 600000 /dev/zero | tr '\0' '#' | sp demo-web sh >/dev/null 2>&1
is "a program too long to decide is denied" 126 $?
[ -e "$SALLYPORT_DEMO_DIR/home/victim" ] || fail "the victim is gone"

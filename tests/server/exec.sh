#!/bin/sh
# Commands through supervisor and worker are what they are without them: output apart, status, signals, ends of files.
. "${srcdir:-.}/tests/server/lib.sh"
start_target
start_bastion </dev/null

check "output" same "$(b 'echo hello')" hello
check "stderr stays apart" same "$(b 'echo out; echo err >&2' 2>/dev/null)" out
check "stdout stays apart" same "$(b 'echo out; echo err >&2' 2>&1 >/dev/null)" err
b 'exit 42' && r=0 || r=$?
check "exit status" same $r 42
b 'kill -TERM $$' 2>/dev/null && r=0 || r=$?
check "exit signal" same $r 255
check "exit signal is told" logged "how=1 status=0 signal=TERM"
check "input and its end" same "$(printf abc | b 'cat; echo .')" "abc."
check "no input" same "$(b -n 'cat; echo end')" end
check "empty input" same "$(b 'cat; echo end' </dev/null)" end
b 'deny this' 2>"$T/err" && r=0 || r=$?
check "denied: 126" same "$r $(cat "$T/err")" "126 sallyport: denied rule=fixture: said so"
b 'refuse this' 2>"$T/err" && r=0 || r=$?
check "refused: 77" same "$r $(cat "$T/err")" "77 sallyport: refused by=fixture"
check "held, then run" same "$(b 'wait echo done' 2>"$T/err") $(cat "$T/err")" "done sallyport: waiting id=1"
check "a program on standard input is decided, then fed" same "$(printf 'echo 1\necho 2' | b 'stdin sh' | tr '\n' .)" "1.2."
check "the program was seen" logged "^program echo 1"
b </dev/null 2>"$T/err" && r=0 || r=$?
check "a shell is refused with a line" same "$r $(cat "$T/err")" "126 sallyport: denied rule=fixture: not this"
check "environment does not reach the target" same "$(FOO=bar b -o SendEnv=FOO 'echo "[$FOO]"')" "[]"
check "what is allowed does" same "$(ALLOWED_X=y b -o SendEnv=ALLOWED_X 'echo "[$ALLOWED_X]"')" "[y]"
check "json is asked for" sh -c "ssh -F $T/ssh_config -o SetEnv=SALLYPORT_OUTPUT=json b true && grep -q 'json=1' $T/fixture.log"
check "sign" same "$(printf 'good\nssh-ed25519 AAAA x\n' | ssh -F "$T/ssh_config" -T sign@b)" "ssh-ed25519-cert-v01@openssh.com AAAA fixture"
printf 'bad\nkey\n' | ssh -F "$T/ssh_config" -T sign@b 2>"$T/err" && r=0 || r=$?
check "sign refused" same "$r $(cat "$T/err")" "1 sallyport: the token was not accepted"
head -c 20000 /dev/zero | tr '\0' x | ssh -F "$T/ssh_config" -T sign@b 2>"$T/err" && r=0 || r=$?
check "sign input has a cap" same $r 1
ssh -F "$T/ssh_config" nobody@b true 2>/dev/null && r=0 || r=$?
check "a login that control refuses" same $r 255
ssh -F "$T/ssh_config" -o CertificateFile=none -o IdentityFile="$T/target_login" b true 2>/dev/null && r=0 || r=$?
check "a plain key is refused" same $r 255
check "ends in order" sh -c "kill $DAEMON; while kill -0 $DAEMON 2>/dev/null; do sleep 0.05; done; grep -q 'sallyportd: ended' $T/log"
[ $fails -eq 0 ]

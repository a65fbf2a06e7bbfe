#!/bin/bash
# Remote forwards: the target listens for the agent where a rule says so, each connection is decided and closed in the log, and a cancel ends it. Any
# other place and every address are refused, and so is what a target opens unasked.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/forwards.yaml"

D=$SALLYPORT_DEMO_DIR
pids=
finish() { kill $pids 2>/dev/null; } # by pid, what this script started
trap finish EXIT
/usr/bin/python3 "$here/forward_peer.py" echo 127.0.0.1 >"$D/peer" &
pids=$!
wait_for 10 "the peer" test -s "$D/peer"
peer=127.0.0.1:$(cat "$D/peer")
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listens() { ss -Hltn "sport = :$1" | grep -q .; }
quiet() { ! listens "$1"; }
ask() { timeout 20 ssh -F "$SALLYPORT_SSH_CONFIG" -o LogLevel=INFO -o ExitOnForwardFailure=yes "$@" 2>"$D/err"; }
refused() { # WHAT FORWARD RECORD
	ask -R "$2" demo-web true </dev/null && fail "$1 was let through"
	wait_for 5 "a record of $1" eval "audit_lines | grep '\"event\":\"decision\"' | grep '\"verdict\":\"deny\"' | grep -qF '\"command\":\"$3'"
	echo "ok: $1 is refused, with a record"
}

# One connection carries them all, so that they can be taken back.
ask -M -S "$D/mux" -N demo-web &
pids="$pids $!"
wait_for 10 "the master" test -S "$D/mux"
mux() { timeout 20 ssh -S "$D/mux" "$@" any 2>"$D/err"; }
port=$(free_port)
mux -O forward -R "$port:$peer" >/dev/null || fail "it was not allowed: $(cat "$D/err")"
listens "$port" || fail "nobody listens"
is "the target listens on loopback alone" "127.0.0.1:$port" "$(ss -Hltn4 "sport = :$port" | awk '{ print $4 }')"
head -c 2000000 /dev/urandom >"$D/sent"
timeout 30 socat -t 20 - "TCP:127.0.0.1:$port" <"$D/sent" >"$D/got"
(cat "$D/sent"; echo END 2000000) | cmp - "$D/got" || fail "what came through is not what was sent"
echo "ok: a connection there reaches the agent's side, each byte, both ends"
wait_for 5 "its end in the log" eval 'audit_lines | grep -q "\"bytes_out\":2000000"'
end=$(audit_lines | grep '"event":"command.end"' | tail -n 1)
is "what the agent got: digest" "$(sha256sum <"$D/sent" | cut -d' ' -f1)" "$(jq -r .sha256_out <<<"$end")"
is "what it sent: digest" "$(sha256sum <"$D/got" | cut -d' ' -f1)" "$(jq -r .sha256_in <<<"$end")"
seq=$(jq .decision <<<"$end")
is "its decision was its own" "listen localhost:$port allow" "$(audit_lines | jq -r "select(.seq == $seq) | .kind + \" \" + .command + \" \" + .verdict")"
for i in $(seq 20); do
	echo "number $i" | timeout 30 socat -t 20 - "TCP:127.0.0.1:$port" >"$D/many.$i" &
	many[$i]=$!
done
wait "${many[@]}"
is "twenty at once" 20 "$(cat "$D"/many.* | grep -c '^number')"
mux -O cancel -R "$port:$peer" || fail "cancel: $(cat "$D/err")"
wait_for 5 "the end of it" quiet "$port"
echo "ok: a cancel ends it"
given=$(mux -O forward -R "0:$peer")
has "a port of the target's choice is told" '^[0-9]+$' "$given"
has "and leads here" 'END 3' "$(echo hi | timeout 20 socat -t 10 - "TCP:127.0.0.1:$given")"
mkdir -p "$D/ok"
mux -O forward -R "$D/ok/here.sock:$peer" || fail "a socket was not allowed: $(cat "$D/err")"
timeout 30 socat -t 20 - "UNIX-CONNECT:$D/ok/here.sock" <"$D/sent" >"$D/got"
(cat "$D/sent"; echo END 2000000) | cmp - "$D/got" || fail "what came through a socket is not what was sent"
echo "ok: a socket there, too"
is "and is in the log by its path" "$D/ok/here.sock" "$(audit_lines | grep '"event":"command.start"' | tail -n 1 | jq -r .command)"
mux -O cancel -R "$D/ok/here.sock:$peer" || fail "cancel of a socket: $(cat "$D/err")"
deaf() { ! socat -u /dev/null "UNIX-CONNECT:$D/ok/here.sock" 2>/dev/null; }
wait_for 5 "the end of it" deaf
mux -O exit
wait_for 10 "the end of it" quiet "$given"
echo "ok: it ends with the connection"

refused "another address" "127.0.0.2:$(free_port):$peer" '127.0.0.2:'
refused "every address" "*:$(free_port):$peer" '*:'
refused "a socket" "$D/r.sock:$peer" "$D/r.sock"
ask -S none -R "$(free_port):$peer" demo-db true </dev/null && fail "another target's rule was used"
echo "ok: a rule for one target is none for another"
is "an agent that asked for nothing" nothing "$(ask demo-web 'echo nothing' </dev/null)"

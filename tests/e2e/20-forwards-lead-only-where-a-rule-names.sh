#!/bin/bash
# Forwards to a host, a socket, over SOCKS and as a jump: bytes as they are, counted and digested; what no rule names is refused with the reason, what
# a person must approve waits. Both sides may end theirs first, and one who does not read costs nothing.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/forwards.yaml" --config "$(dirname "$0")/policies/short-wait.yaml"

D=$SALLYPORT_DEMO_DIR
pids=
finish() { kill $pids 2>/dev/null; } # by pid, what this script started
trap finish EXIT
# peer NAME MODE [WHERE [FILE]]: the port is in $D/peer.NAME
peer() {
	/usr/bin/python3 "$here/forward_peer.py" "$2" "${3:-127.0.0.1}" "${4:-}" >"$D/peer.$1" 2>"$D/peer.$1.err" &
	pids="$pids $!"
	[[ ${3:-} == /* ]] && wait_for 10 "$1" test -S "$3" || wait_for 10 "$1" test -s "$D/peer.$1"
}
via() { timeout 30 ssh -F "$SALLYPORT_SSH_CONFIG" -o LogLevel=INFO "$@" 2>"$D/err"; }
last() { audit_lines | grep "\"event\":\"$1\"" | tail -n 1; }
field() { jq -r ".$2" <<<"$1"; }
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
in_use() { ss -Hltn "sport = :$1" | grep -q .; }

peer echo echo
echo_port=$(cat "$D/peer.echo")

# Bytes, both ways, raw; their count and digest in the log.
printf 'card 4111 1111 1111 1111\n' >"$D/sent"
via -W "127.0.0.1:$echo_port" demo-web <"$D/sent" >"$D/got"
is "what is sent comes back as it was, unmasked, and after the end of file" "$(cat "$D/sent"; echo END 25)" "$(cat "$D/got")"
wait_for 5 "the end in the log" eval '[ -n "$(last command.end)" ]'
end=$(last command.end)
is "bytes in" 25 "$(field "$end" bytes_in)"
is "bytes out" 32 "$(field "$end" bytes_out)"
is "digest of what was sent" "$(sha256sum <"$D/sent" | cut -d' ' -f1)" "$(field "$end" sha256_in)"
is "digest of what came" "$(sha256sum <"$D/got" | cut -d' ' -f1)" "$(field "$end" sha256_out)"
is "the log says that the content is not kept" digest "$(field "$(last command.start)" mode)"
is "and which rule it was" by-address "$(field "$(last decision)" rule)"
is "no recording of it" 0 "$(find "$SALLYPORT_RECORDINGS" -name '*.cast*' | wc -l)"

# The other side ends first. (ssh -W itself ends its input then; -L does not.)
peer first first 127.0.0.1 "$D/first.got"
first=$(free_port)
via -L "127.0.0.1:$first:127.0.0.1:$(cat "$D/peer.first")" -N demo-web &
pids="$pids $!"
wait_for 10 "the local port" in_use "$first"
{
	wait_for 10 "its last word" grep -q first "$D/got"
	cat "$D/sent"
} | timeout 30 socat -t 20 - "TCP:127.0.0.1:$first" >"$D/got"
is "a peer that ends its side is heard" first "$(cat "$D/got")"
wait_for 5 "what was sent after it" test -e "$D/first.got"
cmp "$D/first.got" "$D/sent" || fail "what is sent after the other side has ended is lost"
echo "ok: and still gets what is sent"

# Refused, and why.
denied() { # WHAT DESTINATION PATTERN
	if via -W "$2" demo-web </dev/null >/dev/null; then fail "$1 was let through"; fi
	has "$1 is refused with the reason" "$3" "$(cat "$D/err")"
}
denied "a host that no rule names" "db1:5432" 'open failed: administratively prohibited: sallyport: denied rule=default: .*db1:5432'
denied "a port that a rule denies" "127.0.0.1:1" 'rule=never: .*another port'
denied "another spelling of an address" "127.1:$echo_port" 'rule=gate:destination'
denied "an address in another's clothes" "[::ffff:127.0.0.1]:$echo_port" 'rule=gate:destination'
denied "a port where nobody listens" "127.0.0.1:$(free_port)" 'connect failed: sallyport: unavailable: Connection refused'
if timeout 20 ssh -F "$SALLYPORT_SSH_CONFIG" -W "127.0.0.1:$echo_port" demo-db </dev/null >/dev/null 2>&1; then fail "another target's rule was used"; fi
echo "ok: a rule for one target is none for another"
is "each has a decision record" 5 "$(audit_lines | grep '"event":"decision"' | grep '"kind":"forward"' | grep -c '"verdict":"deny"')"

# Held for a person; the port's owner is named, not its address.
via -W "localhost:$echo_port" demo-web <"$D/sent" >"$D/got" &
pid=$!
id=$(pending_id)
[ -n "$id" ] || fail "nothing is pending"
is "the person sees where it leads" "localhost:$echo_port" "$(operator GET "/v1/approvals/$id" | jq -r .command)"
is "a yes" approved "$(operator POST "/v1/approvals/$id/approve" '{"reason":"this once"}' | jq -r .state)"
wait $pid
has "then it is open" 'END 25' "$(cat "$D/got")"
via -W "LOCALHOST:$echo_port" demo-web </dev/null >/dev/null &
pid=$!
id=$(pending_id)
is "a no" denied "$(operator POST "/v1/approvals/$id/deny" '{"reason":"not twice"}' | jq -r .state)"
wait $pid
has "is told as one" 'refused .*not twice' "$(cat "$D/err")"

# A socket; SOCKS; a jump; many at once, each by itself.
mkdir -p "$D/ok"
peer socket hash "$D/ok/peer.sock"
via -L "$D/here.sock:$D/ok/peer.sock" -N demo-web &
pids="$pids $!"
wait_for 10 "the socket here" test -S "$D/here.sock"
is "a socket leads to a socket" "$(sha256sum <"$D/sent" | cut -d' ' -f1)" "$(timeout 20 socat -t 10 - "UNIX-CONNECT:$D/here.sock" <"$D/sent")"
rm -f "$D/here.sock"
via -L "$D/here.sock:$D/ok/../ok/peer.sock" -N demo-web &
pids="$pids $!"
wait_for 10 "the socket here" test -S "$D/here.sock"
is "but not by another name" "" "$(timeout 20 socat -t 10 - "UNIX-CONNECT:$D/here.sock" <"$D/sent" 2>/dev/null)"

peer hash hash
hash_port=$(cat "$D/peer.hash")
port=$(free_port) socks=$(free_port)
via -L "127.0.0.1:$port:127.0.0.1:$hash_port" -D "127.0.0.1:$socks" -N demo-web &
pids="$pids $!"
wait_for 10 "the local ports" in_use "$socks"
mkdir -p "$D/www" && echo "a page" >"$D/www/page"
(cd "$D/www" && exec /usr/bin/python3 -u -m http.server --bind 127.0.0.1 0 >"$D/www.log" 2>&1) &
pids="$pids $!"
wait_for 10 "the web server" grep -q 'port [0-9]' "$D/www.log"
www=$(grep -oE 'port [0-9]+' "$D/www.log" | head -n 1 | cut -d' ' -f2)
is "SOCKS, to what is named" "a page" "$(curl -sS -m 20 --socks5-hostname "127.0.0.1:$socks" "http://127.0.0.1:$www/page")"
curl -sS -m 20 --socks5-hostname "127.0.0.1:$socks" "http://elsewhere:$www/page" >/dev/null 2>&1 && fail "SOCKS led elsewhere"
echo "ok: and to nothing else"
target=$(sed -n 's/^ListenAddress 127.0.0.1://p' "$D/target/sshd_config")
has "a jump reaches the SSH server behind" '^SSH-2.0-OpenSSH' "$(sleep 2 | via -W "127.0.0.1:$target" demo-web | head -n 1)"

head -c 300000 /dev/urandom >"$D/many"
want=$(sha256sum <"$D/many" | cut -d' ' -f1)
for i in $(seq 40); do
	timeout 60 socat -t 30 - "TCP:127.0.0.1:$port" <"$D/many" >"$D/many.$i" &
	many[$i]=$!
done
wait "${many[@]}"
is "forty at once, each whole" 40 "$(cat "$D"/many.[0-9]* | grep -cx "$want")"

# Who does not read: bounded, and nobody else waits.
peer sink sink
peer source source
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
stalled() {
	local a b
	a=$(awk '/^wchar/ { print $2 }' "/proc/$worker/io")
	sleep 1
	b=$(awk '/^wchar/ { print $2 }' "/proc/$worker/io")
	[ $((b - a)) -lt 10000 ]
}
before=" $(pids_of sallyport-session | tr '\n' ' ')"
via -W "127.0.0.1:$(cat "$D/peer.sink")" demo-web </dev/zero >/dev/null &
pids="$pids $!"
sink_pid=$!
new_worker() {
	for worker in $(pids_of sallyport-session); do
		[[ $before == *" $worker "* ]] || return 0
	done
	return 1
}
wait_for 10 "its worker" new_worker
wait_for 30 "the sender to be stopped" stalled
[ "$(rss "$worker")" -lt 40000 ] || fail "a peer that does not read costs $(rss "$worker") KiB"
kill $sink_pid
echo "ok: a peer that does not read stops the sender ($(rss "$worker" 2>/dev/null || echo gone) KiB)"
before=" $(pids_of sallyport-session | tr '\n' ' ')"
mkfifo "$D/never"
via -W "127.0.0.1:$(cat "$D/peer.source")" demo-web </dev/null >"$D/never" &
pids="$pids $!"
exec 9<>"$D/never"
wait_for 10 "its worker" new_worker
wait_for 30 "the source to be stopped" stalled
[ "$(rss "$worker")" -lt 40000 ] || fail "an agent that does not read costs $(rss "$worker") KiB"
echo "ok: an agent that does not read stops the source ($(rss "$worker") KiB)"
is "and others go on" "$want" "$(timeout 30 socat -t 20 - "TCP:127.0.0.1:$port" <"$D/many")"

# What no client would send.
/usr/bin/python3 "$here/forward_hostile.py" || fail "hostile destinations"

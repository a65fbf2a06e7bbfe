#!/bin/sh
# Many channels at once over one connection, many commands one after the other, channels that end in odd ways.
. "${srcdir:-.}/tests/server/lib.sh"
start_target
start_bastion </dev/null
cat >>"$T/ssh_config" <<-END
	Host *
	ControlPath $T/mux
END
b -o ControlMaster=yes -N &
MASTER=$!
wait_for 10 test -S "$T/mux"

i=0
while [ $i -lt 64 ]; do
	(
		i=$i
		printf '%s' "in$i" | ssh -F "$T/ssh_config" b "cat; echo out$i; exit $((i % 100))" >"$T/out.$i" && r=0 || r=$?
		echo $r >"$T/status.$i"
	) &
	jobs="${jobs:-} $!"
	i=$((i + 1))
done
wait $jobs || true
i=0
good=0
while [ $i -lt 64 ]; do
	[ "$(cat "$T/out.$i")" = "in${i}out$i" ] && [ "$(cat "$T/status.$i")" = $((i % 100)) ] && good=$((good + 1))
	i=$((i + 1))
done
check "64 channels at once, each with its own input, output and status" same $good 64

worker=$(pgrep -P "$DAEMON" -x sallyport-sessi)
rss() { ps -o rss= -p "$worker" | tr -d ' '; }
run_many() {
	n=0
	while [ $n -lt "$1" ]; do
		ssh -F "$T/ssh_config" b true || return 1
		n=$((n + 1))
	done
}
run_many 40
before=$(rss)
fds=$(ls "/proc/$worker/fd" | wc -l)
check "${COMMANDS:-120} commands in a row" run_many "${COMMANDS:-120}"
after=$(rss)
say "     worker: $before KiB before, $after KiB after"
check "the worker does not grow" costs_less $((after - before)) 512
check "nor do its descriptors" same "$(ls "/proc/$worker/fd" | wc -l)" "$fds"

# Clients that go away while something runs, while something is held.
ssh -F "$T/ssh_config" b "echo \$\$; exec sleep 1000" >"$T/pid" &
client=$!
wait_for 10 test -s "$T/pid"
kill $client
wait $client 2>/dev/null || true
check "a channel that the agent closes ends its command's record" wait_for 10 logged "^end how=2"
ssh -F "$T/ssh_config" b "wait sleep 0" &
client=$!
wait_for 10 logged "text wait sleep 0"
kill $client
wait $client 2>/dev/null || true
check "a question of an agent that went away is withdrawn" wait_for 10 logged "^withdraw"
check "the connection goes on" same "$(b echo yes)" yes
check "a rule may end the session" sh -c "ssh -F $T/ssh_config b end 2>/dev/null; [ \$? = 126 ]"
check "it ended" wait_for 10 sh -c "! kill -0 $MASTER"
[ $fails -eq 0 ]

#!/bin/bash
# The five rows of "what dies with what" (docs/design.md section 2): each kills the real process and looks.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/guard.yaml"

daemon=$(pids_of sallyportd | head -n 1)
[ -n "$daemon" ] || fail "no sallyportd"
gone() { ! kill -0 "$1" 2>/dev/null; }

# A relay that prints a number each 50 ms until it is told to stop.
start_relay() {
	rm -f "$SALLYPORT_DEMO_DIR/home/stop"
	: >"$SALLYPORT_DEMO_DIR/relay" # here: what the one before said is not this one's
	sp demo-web 'i=0; while ! test -e stop; do i=$((i+1)); echo $i; sleep 0.05; done' >"$SALLYPORT_DEMO_DIR/relay" 2>/dev/null </dev/null &
	relay=$!
	wait_for 10 "the relay's first lines" test -s "$SALLYPORT_DEMO_DIR/relay"
}
goes_on() {
	local n
	n=$(wc -l <"$SALLYPORT_DEMO_DIR/relay")
	wait_for 20 "the relay to go on" eval "[ \$(wc -l <'$SALLYPORT_DEMO_DIR/relay') -gt $((n + 3)) ]"
	echo "ok: $1"
}
stop_relay() {
	touch "$SALLYPORT_DEMO_DIR/home/stop"
	wait $relay
}

# The one recorder, of the relay. It may start after the first output, which waits in its socket; and the one before may still write its note.
the_recorder() {
	wait_for 10 "one recorder" eval '[ "$(pids_of sallyport-recorder | wc -l)" = 1 ]'
	recorder=$(pids_of sallyport-recorder)
}

# session -> itself
start_relay
first=$(pids_of sallyport-session)
sp demo-db 'i=0; while ! test -e stop; do sleep 0.05; done' >/dev/null 2>&1 </dev/null &
other=$!
wait_for 10 "a second session" eval '[ $(pids_of sallyport-session | wc -l) = 2 ]'
second=$(pids_of sallyport-session | grep -vx "$first")
kill -9 "$second"
wait $other
is "a killed session ends its connection" 255 $?
goes_on "and no other"

# recorder -> its session, at once
the_recorder
kill -9 "$recorder"
wait_for 2 "the session to end with its recorder" gone "$relay"
wait $relay
[ $? -ne 0 ] || fail "the command ended as if nothing had happened"
echo "ok: a killed recorder ends its session"
touch "$SALLYPORT_DEMO_DIR/home/stop"

# An exit status is the recorder's word, too: none comes while it holds back what an agent saw.
command_end() { [ "$(audit_lines | grep -c '"event":"command.end"')" -gt "$ends" ]; }
for fate in CONT KILL; do
	start_relay
	the_recorder
	kill -STOP "$recorder"
	ends=$(audit_lines | grep -c '"event":"command.end"')
	touch "$SALLYPORT_DEMO_DIR/home/stop"
	wait_for 10 "the command's end" command_end
	sleep 1 # that nothing comes can only be waited for
	if gone "$relay"; then fail "the agent was told of an end that is in no recording"; fi
	kill -$fate "$recorder"
	wait $relay
	status=$?
	if [ $fate = CONT ]; then is "the exit status comes with the recorder's word" 0 $status; else is "and never without it" 255 $status; fi
done

# vault -> running relays go on; new logins come back with the restarted vault
start_relay
vault=$(pids_of sallyport-vault)
kill -9 "$vault"
goes_on "a killed vault leaves running relays alone"
wait_for 10 "a new vault" eval "[ -n \"\$(pids_of sallyport-vault)\" ] && [ \"\$(pids_of sallyport-vault)\" != $vault ]"
wait_for 10 "logins to targets" sp demo-db true
echo "ok: new logins work again after the vault's restart"

# control -> running relays go on, every new question is no, it is restarted, its state is on disk
control=$(pids_of sallyport-control)
kill -STOP "$daemon" # so that it is not restarted while we look
kill -9 "$control"
goes_on "a killed control leaves running relays alone"
kill -CONT "$daemon"
wait_for 10 "a new control" eval "[ -n \"\$(pids_of sallyport-control)\" ] && [ \"\$(pids_of sallyport-control)\" != $control ]"
wait_for 10 "new sessions" sp demo-db true
echo "ok: control is restarted and serves"
goes_on "and the old relay still runs"
stop_relay

# supervisor -> no new connections, running sessions go on
start_relay
kill -9 "$daemon"
goes_on "a killed supervisor leaves running sessions alone"
sp -o ConnectTimeout=3 demo-db true 2>/dev/null
is "and takes no new connections" 255 $?
stop_relay

#!/bin/bash
# A recording that ended while no control was there to hear it is closed in the chain by the next one, from the recorder's note; and a
# session that was cut off from its control is recorded as aborted.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/guard.yaml"
cd "$SALLYPORT_DEMO_DIR" || exit 1
another() { # kills control and waits for the next
	local old
	old=$(pids_of sallyport-control)
	kill -9 "$old"
	wait_for 10 "a new control" eval "[ -n \"\$(pids_of sallyport-control)\" ] && [ \"\$(pids_of sallyport-control)\" != $old ]"
	wait_for 10 "its port" eval "curl -fsS http://127.0.0.1:\$(cat state/run/http.port)/readyz"
	SALLYPORT_API=http://127.0.0.1:$(cat state/run/http.port)
}
sp demo-web 'echo begun; while ! test -e stop; do sleep 0.05; done; echo ended' >relay 2>/dev/null </dev/null &
pid=$!
wait_for 10 "the command" grep -q begun relay
wait_for 10 "its recording" eval "auditor GET /v1/recordings | jq -e '.recordings[0].id'"
id=$(auditor GET /v1/recordings | jq -r '.recordings[0].id')
another
has "the session that lost its control is aborted" '"event":"session.end".*"aborted":true' "$(audit_lines)"
touch home/stop
wait $pid
is "it ran to its end all the same" 0 $?
has "and delivered everything" ended "$(cat relay)"
wait_for 10 "the recorder's note" test -s "state/recordings/$id.json"
is "nobody heard of its end" false "$(auditor GET /v1/recordings | jq ".recordings[] | select(.id == \"$id\") | .complete")"
another
is "the next control closes it" true "$(auditor GET /v1/recordings | jq ".recordings[] | select(.id == \"$id\") | .complete")"
is "with the digest of the file" "$(sha256sum "state/recordings/$id.cast.gz" | cut -c1-64)" \
	"$(audit_lines | jq -r "select(.event == \"recording.closed\" and .recording == \"$id\") | .sha256")"
is "once" 1 "$(audit_lines | grep -c "\"event\":\"recording.closed\".*$id")"
sallyport audit verify --dir "$SALLYPORT_AUDIT" >verify 2>&1 || fail "the log does not verify: $(cat verify)"
echo "ok: the log verifies"

#!/bin/bash
# Who should say yes hears of it: a webhook signed as Standard Webhooks says, tried again when nobody answers, one in Slack's form, and the event stream.
. "$(dirname "$0")/lib.sh"
if [ -z "${SALLYPORT_DEMO_DIR:-}" ]; then
	work=$(mktemp -d)
	port=$(/usr/bin/python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
	printf "whsec_%s\n" "$(head -c 24 /dev/urandom | base64)" >"$work/secret"
	chmod 600 "$work/secret"
	cat >"$work/config" <<C
approvals:
  wait: 8s
  webhooks:
    - { url: "http://127.0.0.1:$port/hook", secret_file: "$work/secret", format: standard }
    - { url: "http://127.0.0.1:$port/slack", secret_file: "$work/secret", format: slack }
C
	HOOK_WORK=$work HOOK_PORT=$port "$SALLYPORT_BUILD/sallyport" demo --policy "$here/policies/approvals.yaml" --config "$work/config" -- "$0"
	code=$?
	rm -rf "$work"
	exit $code
fi

# A receiver that refuses the first call with 503: it must be called again.
cat >"$HOOK_WORK/receiver.py" <<'P'
import base64, hashlib, hmac, json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
work, port = sys.argv[1], int(sys.argv[2])
secret = base64.b64decode(open(work + "/secret").read().strip()[len("whsec_"):])
calls = {"n": 0}
class H(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        calls["n"] += 1
        if calls["n"] == 1 or os.path.exists(work + "/refuse"):
            self.send_response(503); self.end_headers(); return
        good = None
        if self.path == "/hook":
            signed = b".".join([self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), body])
            want = "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
            good = want in self.headers["webhook-signature"].split(" ")
        with open(work + "/calls", "a") as f:
            f.write(json.dumps({"path": self.path, "good": good, "body": json.loads(body)}) + "\n")
        self.send_response(204); self.end_headers()
    def log_message(self, *a): pass
HTTPServer(("127.0.0.1", port), H).serve_forever()
P
/usr/bin/python3 "$HOOK_WORK/receiver.py" "$HOOK_WORK" "$HOOK_PORT" &
receiver=$!
printf 'header = "Authorization: Bearer %s"\n' "$SALLYPORT_OPERATOR_TOKEN" | curl -sSN -K - -H 'Accept: text/event-stream' "$SALLYPORT_API/v1/events" >"$HOOK_WORK/events" 2>/dev/null &
stream=$!
trap 'kill $receiver $stream 2>/dev/null' EXIT
wait_for 5 "the receiver" bash -c "echo >/dev/tcp/127.0.0.1/$HOOK_PORT"

sp demo-web 'touch password=hunter2-and-more' 2>/dev/null </dev/null &
id=$(pending_id)
[ -n "$id" ] || fail "nothing is pending"
wait_for 20 "the signed call" grep -q '"path": "/hook".*'"$id" "$HOOK_WORK/calls"
is "its signature is that of Standard Webhooks" true "$(grep '"path": "/hook"' "$HOOK_WORK/calls" | head -n 1 | jq .good)"
wait_for 20 "Slack's form" grep -q '"path": "/slack"' "$HOOK_WORK/calls"
[ -n "$(grep '"path": "/slack"' "$HOOK_WORK/calls" | head -n 1 | jq -r '.body.text // .body.blocks // empty')" ] || fail "a Slack message has text"
wait_for 5 "the event" grep -q "$id" "$HOOK_WORK/events"
echo "ok: the event stream told of it"
hasnt "no secret of the command is told" 'hunter2' "$(cat "$HOOK_WORK/calls" "$HOOK_WORK/events")"
operator POST "/v1/approvals/$id/deny" '{"reason":"no"}' >/dev/null
wait_for 20 "the denial's event" grep -q 'denied' "$HOOK_WORK/events"
echo "ok: and of its end"

# A message that waits outlives a kill: the receiver takes nothing, control is killed, the receiver comes to its senses.
touch "$HOOK_WORK/refuse"
control=$(pids_of sallyport-control)
sp demo-web 'touch later' 2>/dev/null </dev/null &
wait_for 10 "the request on record" eval 'audit_lines | grep -q "\"event\":\"approval.requested\".*later"'
later=$(audit_lines | jq -r 'select(.event == "approval.requested" and (.command | contains("later"))) | .approval')
kill -9 "$control"
rm "$HOOK_WORK/refuse"
wait_for 10 "a new control" eval "[ -n \"\$(pids_of sallyport-control)\" ] && [ \"\$(pids_of sallyport-control)\" != $control ]"
for path in hook slack; do wait_for 30 "the message about it at /$path" grep -q '"path": "/'$path'".*'"$later" "$HOOK_WORK/calls"; done
echo "ok: what waited is delivered after kill -9"
hasnt "signed as ever" '"good": false' "$(cat "$HOOK_WORK/calls")"

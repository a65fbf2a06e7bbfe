#!/bin/bash
# Requests and grants are on disk: they outlive control, and the loss of its database. What is shown is what runs, in ASCII. A changed
# policy voids them. Who waits is told; webhooks are signed; a signed approval is checked.
. "$(dirname "$0")/lib.sh"
work=${TMPDIR:-/tmp}/sallyport-hooks.$UID
if [ -z "${SALLYPORT_DEMO_DIR:-}" ]; then
	rm -rf "$work"
	mkdir -m 700 "$work"
	printf 'whsec_%s\n' "$(printf 'a secret of the test' | base64)" >"$work/secret"
	ssh-keygen -q -t ed25519 -N '' -f "$work/op"
	printf 'demo|operator-1 namespaces="approval@sallyport" %s\n' "$(cut -d' ' -f1,2 "$work/op.pub")" >"$work/signers"
	cat >"$work/hook.py" <<'P'
import base64, hashlib, hmac, http.server, sys
key, out, fails = b"a secret of the test", sys.argv[1], [2]
class H(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if fails[0] > 0:
            fails[0] -= 1
            self.send_response(503); self.end_headers(); return
        m = self.headers["webhook-id"].encode() + b"." + self.headers["webhook-timestamp"].encode() + b"." + body
        good = self.headers["webhook-signature"] == "v1," + base64.b64encode(hmac.new(key, m, hashlib.sha256).digest()).decode()
        open(out, "ab").write((b"good " if good else b"BAD ") + body + b"\n")
        self.send_response(204); self.end_headers()
    def log_message(self, *a): pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
open(out + ".port", "w").write(str(s.server_port))
s.serve_forever()
P
	/usr/bin/python3 "$work/hook.py" "$work/got" &
	echo $! >"$work/pid"
	wait_for 10 "the receiver" test -s "$work/got.port"
	cat >"$work/config.yaml" <<Y
approvals:
  wait: 3s
  pending_ttl: 1h
  allowed_signers: $work/signers
  webhooks: [{ url: "http://127.0.0.1:$(cat "$work/got.port")/x", secret_file: $work/secret }]
Y
	cat >"$work/policy.yaml" <<'Y'
version: 1
profile: enforce
who: { ops: { groups: [ops-agents] } }
rules:
  - id: deploy
    who: [ops]
    approve: ["touch **", "echo **"]
    approvers: [sre]
    grant: { uses: 2, ttl: 15m }
    reason: "A change."
  - id: signed
    who: [ops]
    approve: ["mkdir **"]
    approvers: [sre]
    signed: required
    reason: "A change that wants a signature."
Y
	export SALLYPORT_HOOK_WORK=$work
fi
in_demo --policy "$work/policy.yaml" --config "$work/config.yaml"
trap 'kill "$(cat "$work/pid")"; rm -rf "$work"' EXIT
cd "$SALLYPORT_DEMO_DIR" || exit 1
err=$SALLYPORT_DEMO_DIR/err
new_control() { # waits until another control serves
	wait_for 10 "a new control" eval "[ -n \"\$(pids_of sallyport-control)\" ] && [ \"\$(pids_of sallyport-control)\" != $1 ]"
	wait_for 10 "its port" eval "curl -fsS http://127.0.0.1:\$(cat state/run/http.port)/readyz"
	SALLYPORT_API=http://127.0.0.1:$(cat state/run/http.port)
}
approve() { operator POST "/v1/approvals/$1/approve" "{\"reason\":\"$2\"}" | jq -r .state; }

# A request outlives kill -9, and so does the yes.
sp demo-web 'touch a' 2>"$err" </dev/null
is "pending" 75 $?
id=$(pending_id)
old=$(pids_of sallyport-control); kill -9 "$old"; new_control "$old"
is "the request is still there" "$id" "$(pending_id)"
is "and can be approved" approved "$(approve "$id" one)"
old=$(pids_of sallyport-control); kill -9 "$old"; new_control "$old"
sp demo-web 'touch a' 2>"$err" </dev/null
is "the grant outlives it too" 0 $?
[ -e home/a ] || fail "it did not run"

# The database is lost: it comes back from the chain, with the use that is left and no more.
before=$(operator GET "/v1/approvals/$id" | jq -cS '{id,state,digest,uses_left,grant_until,expires,grant,approvals,who,rule}')
sp demo-web 'touch pending-one' 2>"$err" </dev/null
pending=$(pending_id)
old=$(pids_of sallyport-control)
kill -STOP "$(pids_of sallyportd | head -n 1)"
kill -9 "$old"
rm -f state/control/state.db*
kill -CONT "$(pids_of sallyportd | head -n 1)"
new_control "$old"
is "the state made anew from the chain is the same" "$before" \
	"$(operator GET "/v1/approvals/$id" | jq -cS '{id,state,digest,uses_left,grant_until,expires,grant,approvals,who,rule}')"
is "the pending one is pending" "$pending" "$(pending_id)"
rm home/a
sp demo-web 'touch a' 2>"$err" </dev/null
is "the second use" 0 $?
sp demo-web 'touch a' 2>"$err" </dev/null
is "there is no third" 75 $?
operator POST "/v1/approvals/$pending/deny" '{"reason":"no"}' >/dev/null
operator POST "/v1/approvals/$(pending_id)/deny" '{"reason":"not again"}' >/dev/null
sp demo-web 'touch a' 2>"$err" </dev/null
is "a no that came late is told" 77 $?
has "with its reason" 'refused id=.*by=operator-1: not again' "$(cat "$err")"
sp demo-web 'touch a' 2>"$err" </dev/null
is "once: then it may be asked again" 75 $?

# What is shown is ASCII, hashed, and whole.
text=$(printf "echo 'x\xe2\x80\xaey' \xd0\xb0")
sp demo-web "$text" 2>"$err" </dev/null
operator GET "/v1/approvals/$(pending_id)" >one
is "the answer is printable ASCII" "" "$(LC_ALL=C grep -P '[^\x20-\x7e]' one)"
has "with the hidden character named" 'u\{202e\}' "$(jq -r .asked one)"
has "and the one that looks like an a" 'u\{430\}' "$(jq -r .command one)"
sp demo-web 'touch plain' 2>"$err" </dev/null
operator GET "/v1/approvals/$(pending_id)" >one
is "the hash is of what runs" "$(jq -r .sha256 one)" "$(printf %s "$(jq -r .command one)" | sha256sum | cut -c1-64)"
is "and its length" "$(jq -r .length one)" "$(printf %s "$(jq -r .command one)" | wc -c)"

# The event stream.
curl -sN -H "@operator.header" "$SALLYPORT_API/v1/events" >events &
stream=$!
wait_for 5 "the stream" grep -q sallyport events
sp demo-web 'touch streamed' 2>"$err" </dev/null &
wait_for 10 "the event" grep -q '^event: approval.pending' events
kill $stream
wait
echo "ok: the event stream tells"

# Signed approvals.
sp demo-web 'mkdir d' 2>"$err" </dev/null &
pid=$!
wait_for 10 "the request" eval "operator GET '/v1/approvals?state=pending' | jq -e '.approvals[] | select(.rule == \"signed\")'"
id=$(operator GET '/v1/approvals?state=pending' | jq -r '.approvals[] | select(.rule == "signed") | .id')
digest=$(operator GET "/v1/approvals/$id" | jq -r .digest)
is "without a signature" 403 "$(operator POST "/v1/approvals/$id/approve" '{"reason":"x"}' | jq .status)"
sign() { printf %s "$2" | ssh-keygen -q -Y sign -n "$1" -f "$work/op" 2>/dev/null | jq -Rs '{reason:"signed", signature:.}'; }
is "over another digest" 403 "$(operator POST "/v1/approvals/$id/approve" "$(sign approval@sallyport "${digest%?}0$RANDOM")" | jq .status)"
is "for another purpose" 403 "$(operator POST "/v1/approvals/$id/approve" "$(sign denial@sallyport "$digest")" | jq .status)"
second=$(token --sub operator-2 --groups sre)
is "by another's key" 403 "$(api "$second" POST "/v1/approvals/$id/approve" "$(sign approval@sallyport "$digest")" | jq .status)"
is "signed" approved "$(operator POST "/v1/approvals/$id/approve" "$(sign approval@sallyport "$digest")" | jq -r .state)"
wait $pid
audit_lines | jq -r 'select(.event == "approval.approved" and .signature) | .signature' >sig
is "the signature is in the chain, and ssh-keygen agrees" 0 \
	"$(printf %s "$digest" | ssh-keygen -q -Y verify -f "$work/signers" -I 'demo|operator-1' -n approval@sallyport -s sig >/dev/null 2>&1; echo $?)"

# Webhooks: signed, and tried again when the receiver was down (it refused the first two).
wait_for 30 "webhooks" grep -q '"type":"approval.approved"' "$work/got"
hasnt "every signature is good" '^BAD' "$(cat "$work/got")"
has "and they tell the requests" '"type":"approval.pending"' "$(cat "$work/got")"

# Another policy: nothing that was asked or granted under the old one counts.
sp demo-web 'touch old' 2>"$err" </dev/null
id=$(operator GET '/v1/approvals?state=pending' | jq -r '.approvals[0].id')
is "granted" approved "$(approve "$id" old)"
printf '# another\n' >>policy.yaml
kill -HUP "$(pids_of sallyportd | head -n 1)"
wait_for 10 "the new policy" eval "[ \"\$(operator GET /v1/approvals/$id | jq -r .state)\" = withdrawn ]"
sp demo-web 'touch old' 2>"$err" </dev/null
is "a yes under the old policy does not run" 75 $?
[ ! -e home/old ] || fail "it ran"
printf 'nonsense: true\n' >>policy.yaml
kill -HUP "$(pids_of sallyportd | head -n 1)"
wait_for 10 "the record" eval "audit_lines | grep -q '\"event\":\"policy.rejected\"'"
sp demo-web 'touch still' 2>"$err" </dev/null
is "a policy that is none leaves the old one" 75 $?
sallyport audit verify --dir "$SALLYPORT_AUDIT" >verify 2>&1 || fail "the log does not verify: $(tail -n 3 verify)"
echo "ok: the log verifies"

#!/bin/bash
# The API answers its own Host alone, takes no browser's word for anything, reads no more than it must, and says every mistake as
# application/problem+json.
. "$(dirname "$0")/lib.sh"
extra=${TMPDIR:-/tmp}/sallyport-roles.$UID.yaml
# Goes on with the map of roles, which ends the demo's file where limits are given here.
printf '  local: { uids: { %s: [auditor] } }\nlimits: { per_source: 1000 }\n' "$(id -u)" >"$extra"
in_demo --policy "$(dirname "$0")/policies/approvals.yaml" --config "$extra"
rm -f "$extra"

addr=${SALLYPORT_API#http://}
host=${addr%:*} port=${addr#*:}
status() { curl -sS -o "$SALLYPORT_DEMO_DIR/body" -w '%{http_code} %{content_type}' "$@"; }
# What goes over the wire to the byte; answers the status line.
raw() {
	/usr/bin/python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.settimeout(5)
s.sendall(sys.argv[3].encode().decode("unicode_escape").encode("latin-1"))
print(s.recv(4096).decode().split("\r\n")[0])' "$host" "$port" "$1"
}
bearer=(-H "@$SALLYPORT_DEMO_DIR/operator.header")

is "health needs nobody" "200 text/plain; charset=utf-8" "$(status "$SALLYPORT_API/healthz")"
is "and readiness" 200 "$(status "$SALLYPORT_API/readyz" | cut -c1-3)"
is "no token, no list" "401 application/problem+json" "$(status "$SALLYPORT_API/v1/approvals")"
is "a token that is none" "401 application/problem+json" "$(status -H 'Authorization: Bearer x.y.z' "$SALLYPORT_API/v1/approvals")"
is "basic authentication" "401 application/problem+json" "$(status -u a:b "$SALLYPORT_API/v1/approvals")"
is "another Host" "421 application/problem+json" "$(status -H 'Host: evil.example' "${bearer[@]}" "$SALLYPORT_API/v1/approvals")"
is "another Origin" "403 application/problem+json" "$(status -H 'Origin: https://evil.example' "${bearer[@]}" "$SALLYPORT_API/v1/approvals")"
is "a path that is none" "404 application/problem+json" "$(status "${bearer[@]}" "$SALLYPORT_API/v2/approvals")"
is "dots in a path" "404 application/problem+json" "$(status "${bearer[@]}" --path-as-is "$SALLYPORT_API/v1/recordings/../../etc/passwd")"
is "a method that is none" "405 application/problem+json" "$(status "${bearer[@]}" -X PUT "$SALLYPORT_API/v1/approvals")"
is "a form where JSON is meant" "415 application/problem+json" "$(status "${bearer[@]}" -d 'reason=x' "$SALLYPORT_API/v1/approvals/x/approve")"
is "JSON that is none" "400 application/problem+json" "$(status "${bearer[@]}" -H 'Content-Type: application/json' -d '{' "$SALLYPORT_API/v1/approvals/x/approve")"
is "JSON that says a thing twice" "400 application/problem+json" \
	"$(status "${bearer[@]}" -H 'Content-Type: application/json' -d '{"reason":"a","reason":"b"}' "$SALLYPORT_API/v1/approvals/x/approve")"
is "a field that is not known" "422 application/problem+json" \
	"$(status "${bearer[@]}" -H 'Content-Type: application/json' -d '{"reason":"a","force":true}' "$SALLYPORT_API/v1/approvals/x/approve")"
is "a request that is none" "404 application/problem+json" \
	"$(status "${bearer[@]}" -H 'Content-Type: application/json' -d '{"reason":"a"}' "$SALLYPORT_API/v1/approvals/x/approve")"
head -c 70000 /dev/zero | tr '\0' x >"$SALLYPORT_DEMO_DIR/big"
is "a body over 64 KiB" "413 application/problem+json" "$(status "${bearer[@]}" --data-binary "@$SALLYPORT_DEMO_DIR/big" "$SALLYPORT_API/v1/ssh/certificates")"
is "headers over 8 KiB" "431 application/problem+json" "$(status -H "X-A: $(head -c 9000 /dev/zero | tr '\0' y)" "$SALLYPORT_API/healthz")"
is "the problem says its status" 431 "$(jq .status "$SALLYPORT_DEMO_DIR/body")"

has "two Hosts" '^HTTP/1.1 400' "$(raw "GET /healthz HTTP/1.1\r\nHost: $addr\r\nHost: $addr\r\n\r\n")"
has "no Host" '^HTTP/1.1 400' "$(raw "GET /healthz HTTP/1.1\r\n\r\n")"
has "two lengths" '^HTTP/1.1 400' "$(raw "POST /v1/token HTTP/1.1\r\nHost: $addr\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx")"
has "a length and chunks" '^HTTP/1.1 400' "$(raw "POST /v1/token HTTP/1.1\r\nHost: $addr\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")"
has "a length that is no number" '^HTTP/1.1 4' "$(raw "POST /v1/token HTTP/1.1\r\nHost: $addr\r\nContent-Length: 1x\r\n\r\nx")"
has "two Authorizations" '^HTTP/1.1 400' "$(raw "GET /v1/approvals HTTP/1.1\r\nHost: $addr\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n")"
has "old HTTP" '^HTTP/1.[01] 400' "$(raw "GET /healthz HTTP/1.0\r\nHost: $addr\r\n\r\n")"

# The unix socket: who it is, the kernel says.
sock=$SALLYPORT_DEMO_DIR/state/run/api.sock
is "the unix socket knows its peer" 200 "$(curl -sS -o "$SALLYPORT_DEMO_DIR/body" -w '%{http_code}' --unix-socket "$sock" http://localhost/v1/sessions)"
has "and records its reading" '"event":"read".*"subject":"uid:' "$(audit_lines)"

# Fifty callers that send a byte now and then, and a hundred that poll, hold up nobody.
/usr/bin/python3 - "$host" "$port" "$SALLYPORT_DEMO_DIR/operator.token" <<'P' || fail "slow callers hold up others"
import socket, sys, threading, time, urllib.request
host, port, token = sys.argv[1], int(sys.argv[2]), open(sys.argv[3]).read().strip()
slow = []
for i in range(50):
    s = socket.create_connection((host, port)); s.sendall(b"GET /healthz HTTP/1.1\r\nHost: a"); slow.append(s)
def poll():
    r = urllib.request.Request(f"http://{host}:{port}/v1/approvals?state=pending&wait=5", headers={"Authorization": "Bearer " + token})
    assert b'"approvals":[]' in urllib.request.urlopen(r, timeout=30).read().replace(b" ", b"")
polls = [threading.Thread(target=poll) for _ in range(100)]
[p.start() for p in polls]
worst = 0
for i in range(200):
    t = time.time(); urllib.request.urlopen(f"http://{host}:{port}/healthz", timeout=10).read(); worst = max(worst, time.time() - t)
    if i % 20 == 0:
        for s in slow:
            try: s.sendall(b"x")
            except OSError: pass
[p.join() for p in polls]
print(f"ok: 50 slow callers, 100 long polls, 200 quick calls: the slowest took {worst * 1000:.0f} ms")
sys.exit(worst > 1.0)
P

# No token in what is written.
token=$(cat "$SALLYPORT_DEMO_DIR/operator.token")
hasnt "no token in the log" "${token##*.}" "$(cat "$SALLYPORT_DEMO_DIR/sallyportd.log")"
hasnt "none in the audit log" "${token##*.}" "$(audit_lines)"
for p in $(pids_of sallyport-control); do
	hasnt "none in an argument list" "${token##*.}" "$(tr '\0' ' ' <"/proc/$p/cmdline")"
done

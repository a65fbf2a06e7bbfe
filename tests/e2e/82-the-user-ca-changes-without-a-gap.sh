#!/bin/bash
# A rotation of the CA that signs agents' certificates, as docs/operator.md has it: a certificate of the old CA is good until the rotation is finished.
. "$(dirname "$0")/lib.sh"
in_demo
store=(--store "$SALLYPORT_DEMO_DIR/vault" --master-key "$SALLYPORT_DEMO_DIR/master.key")
id=$SALLYPORT_DEMO_DIR/agent/id_ed25519
supervisor=$PPID
pgrep -P "$supervisor" -x sallyportd >/dev/null && supervisor=$(pgrep -P "$supervisor" -x sallyportd)
[ "$(cat "/proc/$supervisor/comm")" = sallyportd ] || supervisor=$(pgrep -n -f "sallyportd.*$SALLYPORT_DEMO_DIR/")
[ -n "$supervisor" ] || fail "where is the supervisor?"
reload() { kill -HUP "$supervisor"; }
public() { sallyport vault public "$1" "${store[@]}" | cut -d ' ' -f 1,2; }
signed_by() { ssh-keygen -L -f "$1" | sed -n 's/.*Signing CA: [A-Z0-9]* \(SHA256:[^ ]*\).*/\1/p'; }
finger() { public "$1" | ssh-keygen -l -f - | cut -d ' ' -f 2; }
fresh() { # a certificate of now, in its own file
	printf 'header = "Authorization: Bearer %s"\n' "$(token --sub agent-7 --groups ops-agents)" |
		curl -fsS -K - --data-binary "@$id.pub" "$SALLYPORT_API/v1/ssh/certificates" >"$1"
}
with() { # CERTIFICATE COMMAND: no helper that would fetch another
	grep -vE '^Match|CertificateFile' "$SALLYPORT_SSH_CONFIG" >"$SALLYPORT_DEMO_DIR/plain_config"
	ssh -F "$SALLYPORT_DEMO_DIR/plain_config" -o CertificateFile="$1" demo-web "$2" </dev/null 2>&1
}
old=$SALLYPORT_DEMO_DIR/old-cert.pub new=$SALLYPORT_DEMO_DIR/new-cert.pub
before=$(finger user-ca)
fresh "$old" || fail "no certificate"
is "a certificate of the first CA" "$before" "$(signed_by "$old")"
is "lets in" Linux "$(with "$old" 'uname -s')"

sallyport vault rotate user-ca "${store[@]}" >/dev/null || fail "rotate"
reload
changed() { fresh "$new" && [ "$(signed_by "$new")" = "$(finger user-ca)" ]; }
wait_for 10 "certificates of the new CA" changed
[ "$before" != "$(finger user-ca)" ] || fail "the CA is the old one"
is "a certificate of the new CA lets in" Linux "$(with "$new" 'uname -s')"
is "one of the old CA still does" Linux "$(with "$old" 'uname -s')"

sallyport vault rotate user-ca --finish "${store[@]}" >/dev/null || fail "rotate --finish"
reload
refused() { ! with "$old" 'uname -s'; }
wait_for 10 "the old CA's certificate to be refused" refused
hasnt "the old CA's certificate is good no more" '^Linux$' "$(with "$old" 'uname -s')"
is "the new CA's is" Linux "$(with "$new" 'uname -s')"

#!/bin/bash
# Subsystems, forwards, agent and X11 forwarding, environment, terminals: refused unless a rule names them, each with a decision record.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/readonly.yaml"

decisions() { audit_lines | grep -c '"event":"decision"'; }
refused() { # WHAT KIND-PATTERN COMMAND…
	local what=$1 kind=$2 before
	before=$(decisions)
	shift 2
	if timeout 10 "$@" >/dev/null 2>&1 </dev/null; then fail "$what was not refused"; fi
	wait_for 5 "a decision record for $what" eval "audit_lines | grep '\"event\":\"decision\"' | tail -n +$((before + 1)) | grep -qE '$kind'"
	echo "ok: $what is refused, with a record"
}
refused "sftp" sftp sftp -F "$SALLYPORT_SSH_CONFIG" demo-web
refused "another subsystem" netconf ssh -F "$SALLYPORT_SSH_CONFIG" -s demo-web netconf
refused "a direct forward" 'forward|direct-tcpip' ssh -F "$SALLYPORT_SSH_CONFIG" -W 127.0.0.1:22 demo-web
refused "a remote forward" '"kind":"listen"' ssh -F "$SALLYPORT_SSH_CONFIG" -o ExitOnForwardFailure=yes -R 0:127.0.0.1:22 -N demo-web
port=$(/usr/bin/python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
sp -L "127.0.0.1:$port:127.0.0.1:22" -N demo-web 2>/dev/null </dev/null &
pid=$!
wait_for 5 "the local end" bash -c "echo >/dev/tcp/127.0.0.1/$port"
is "a local forward carries nothing" "" "$(timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; head -c 10 <&3" 2>/dev/null)"
kill $pid
is "no agent socket reaches the target" "" "$(sp -A demo-web 'printenv SSH_AUTH_SOCK' </dev/null 2>/dev/null)"
is "no environment that was not allowed" "" "$(sp -o SetEnv=FOO=bar demo-web 'printenv FOO' </dev/null 2>/dev/null)"

# Only certificates of ours log in. A configuration of its own: options on the command line would add to the demo's certificate.
only() { # KEY [CERTIFICATE]
	sed "s|^  IdentityFile .*|  IdentityFile $1|; s|^  CertificateFile .*|  ${2:+CertificateFile $2}|; /^Match/d" "$SALLYPORT_SSH_CONFIG" >"$SALLYPORT_DEMO_DIR/only"
	ssh -F "$SALLYPORT_DEMO_DIR/only" demo-web true </dev/null 2>/dev/null
}
only "$SALLYPORT_DEMO_DIR/agent/id_ed25519" "$SALLYPORT_DEMO_DIR/agent/id_ed25519-cert.pub" || fail "the good certificate does not log in this way"
ssh-keygen -q -t ed25519 -N '' -f "$SALLYPORT_DEMO_DIR/plain"
if only "$SALLYPORT_DEMO_DIR/plain"; then fail "a plain key logged in"; fi
ssh-keygen -q -t ed25519 -N '' -f "$SALLYPORT_DEMO_DIR/otherca"
ssh-keygen -q -s "$SALLYPORT_DEMO_DIR/otherca" -I x -n sallyport -V -1m:+5m "$SALLYPORT_DEMO_DIR/plain.pub" 2>/dev/null
if only "$SALLYPORT_DEMO_DIR/plain" "$SALLYPORT_DEMO_DIR/plain-cert.pub"; then fail "a certificate of another CA logged in"; fi
echo "ok: neither a plain key nor another CA's certificate logs in"
is "an unknown target looks like any refusal" 255 "$(sp -l nosuch demo-web true </dev/null 2>/dev/null; echo $?)"

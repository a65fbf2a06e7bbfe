#!/bin/bash
# A target whose host key no one pinned: its host CA vouches for it, by name and time; any other certificate, or none, refuses.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/guard.yaml"

dir=$SALLYPORT_DEMO_DIR/hostca
mkdir "$dir"
ssh-keygen -q -t ed25519 -N '' -f "$dir/ca"
ssh-keygen -q -t ed25519 -N '' -f "$dir/otherca"
ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
config=$SALLYPORT_DEMO_DIR/sallyport.yaml
[ -f "$config" ] || config=$(grep -ls 'host_keys:' "$SALLYPORT_DEMO_DIR"/*.yaml | head -n 1)
sshd_config=$(ls "$SALLYPORT_DEMO_DIR"/*/sshd_config "$SALLYPORT_DEMO_DIR"/sshd_config 2>/dev/null | head -n 1)
[ -n "$sshd_config" ] || fail "the demo's sshd_config was not found"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

# certify CA NAMES VALIDITY: what the private sshd shows from now on
certify() {
	ssh-keygen -q -s "$dir/$1" -h -I host ${2:+-n "$2"} -V "$3" "$dir/key.pub"
}
serve() {
	[ -z "${sshd:-}" ] || { kill "$sshd"; wait "$sshd" 2>/dev/null; }
	grep -viE '^(port|listenaddress|hostkey|hostcertificate|pidfile) ?' "$sshd_config" >"$dir/sshd_config"
	printf '%s\n' "ListenAddress 127.0.0.1:$port" "HostKey $dir/key" "PidFile none" >>"$dir/sshd_config"
	[ "$1" = plain ] || echo "HostCertificate $dir/key-cert.pub" >>"$dir/sshd_config"
	/usr/sbin/sshd -D -e -f "$dir/sshd_config" 2>"$dir/sshd.log" &
	sshd=$!
	wait_for 10 "the private sshd" grep -q "Server listening" "$dir/sshd.log"
}
trap '[ -z "${sshd:-}" ] || kill "$sshd"' EXIT

python3 - "$config" "$port" "$(cut -d' ' -f1,2 "$dir/ca.pub")" <<'END'
import re, sys
path, port, ca = sys.argv[1:]
text = open(path).read()
text = re.sub(r'(?m)^    port: \d+$', '    port: ' + port, text)
text = re.sub(r'(?m)^    host_keys: .*$', '    host_ca: ["%s"]\n    host_name: web.example' % ca, text)
open(path, "w").write(text)
END
kill -HUP "$(pids_of sallyportd | head -n 1)"
wait_for 10 "the reload" grep -q "configuration loaded" "$SALLYPORT_DEMO_DIR/sallyportd.log"
answer() { sp demo-web 'echo let in' 2>&1 </dev/null; }

certify ca "other.example,web.example" -1m:+1h
serve certificate
is "a certificate of the CA for this host" "let in" "$(answer)"
is "again" "let in" "$(answer)"
certify otherca web.example -1m:+1h
serve certificate
has "one of another CA refuses" "host certificate is not accepted.*CA" "$(answer)"
certify ca other.example -1m:+1h
serve certificate
has "one for another host refuses" "host certificate is not accepted.*another host" "$(answer)"
certify ca web.example -2h:-1h
serve certificate
has "one that has expired refuses" "host certificate is not accepted.*expired" "$(answer)"
certify ca "" -1m:+1h
serve certificate
has "one for every host refuses" "host certificate is not accepted.*names no host" "$(answer)"
serve plain
has "none refuses" "host certificate is not accepted: it has none" "$(answer)"

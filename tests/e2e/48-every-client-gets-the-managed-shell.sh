#!/bin/bash
# OpenSSH with and without a terminal, paramiko, asyncssh, npm's ssh2, Ansible, dropbear's dbclient and PuTTY's plink: three statements, one of
# them denied.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/shell.yaml"

three=$'echo first-$((1+1))\nrm victim\necho last-$((2+2))\n'
touch "$SALLYPORT_DEMO_DIR/home/victim"
check() { # WHAT OUTPUT
	has "$1: the first" 'first-2' "$2"
	has "$1: the denied one" 'sallyport: denied' "$2"
	has "$1: the one after it" 'last-4' "$2"
	[ -e "$SALLYPORT_DEMO_DIR/home/victim" ] || fail "$1: the victim file is gone"
}
check "OpenSSH -T" "$(timeout 30 ssh -F "$SALLYPORT_SSH_CONFIG" -T demo-web <<<"$three" 2>&1)"
check "OpenSSH without options, input from a file" "$(timeout 30 ssh -F "$SALLYPORT_SSH_CONFIG" demo-web <<<"$three" 2>&1)"
out=$( (printf '%s' "$three"; printf 'exit 6\n') | timeout 30 ssh -F "$SALLYPORT_SSH_CONFIG" -tt demo-web 2>&1; echo "status $?")
if grep -q 'gives no terminal' <<<"$out"; then
	echo "skipped: the target gives no terminal to this user"
else
	check "OpenSSH -tt" "$out"
	has "OpenSSH -tt: status" 'status 6' "$out"
fi

read -r host port user key cert < <(ssh -F "$SALLYPORT_SSH_CONFIG" -G demo-web | awk '
	$1 == "hostname" { h = $2 } $1 == "port" { p = $2 } $1 == "user" { u = $2 } $1 == "identityfile" && !k { k = $2 } $1 == "certificatefile" { c = $2 }
	END { print h, p, u, k, c }')
ssh -F "$SALLYPORT_SSH_CONFIG" -T demo-web </dev/null >/dev/null 2>&1 # the certificate is fresh
if /usr/bin/python3 -c 'import paramiko' 2>/dev/null; then
	check "paramiko invoke_shell" "$(timeout 60 /usr/bin/python3 - "$host" "$port" "$user" "$key" "$cert" "$three" <<-'PY' 2>&1
		import sys, time, paramiko
		host, port, user, key, cert, three = sys.argv[1:]
		k = paramiko.Ed25519Key.from_private_key_file(key)
		k.load_certificate(cert)
		c = paramiko.SSHClient()
		c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
		c.connect(host, int(port), user, pkey=k, look_for_keys=False, allow_agent=False)
		s = c.invoke_shell()
		s.settimeout(20)
		got = b""
		for line in three.splitlines():
		    while not got.endswith(b"$ "):
		        got += s.recv(4096)
		    s.send((line + "\n").encode())
		    got += s.recv(4096)
		    time.sleep(0.1)
		while not got.endswith(b"$ ") or b"last-4" not in got:
		    got += s.recv(4096)
		print(got.decode())
	PY
	)"
else
	echo "skipped: paramiko is not installed"
fi
if command -v plink >/dev/null && command -v puttygen >/dev/null; then
	puttygen "$key" -O private -o "$SALLYPORT_DEMO_DIR/key.ppk"
	known=$(ssh-keygen -lf "$SALLYPORT_DEMO_DIR/host_key.pub" | awk '{ print $2 }')
	plink_() { timeout 30 plink -ssh -batch -hostkey "$known" -i "$SALLYPORT_DEMO_DIR/key.ppk" -cert "$cert" -P "$port" "$@" "$user@$host"; }
	check "plink -T" "$(plink_ -T <<<"$three" 2>&1)"
else
	echo "skipped: plink and puttygen (putty-tools) are not installed"
fi
# dbclient knows no OpenSSH certificates, and a plain key opens nothing.
if command -v dbclient >/dev/null && command -v dropbearconvert >/dev/null; then
	dropbearconvert openssh dropbear "$key" "$SALLYPORT_DEMO_DIR/dropbear" >/dev/null 2>&1
	out=$(HOME=$SALLYPORT_DEMO_DIR timeout 20 dbclient -y -T -p "$port" -i "$SALLYPORT_DEMO_DIR/dropbear" "$user@$host" <<<"$three" 2>&1)
	hasnt "dbclient with its plain key runs nothing" 'first-2' "$out"
fi
if /usr/bin/python3 -c 'import asyncssh' 2>/dev/null; then
	check "asyncssh" "$(timeout 60 /usr/bin/python3 - "$host" "$port" "$user" "$key" "$cert" "$three" <<-'PY' 2>&1
		import asyncio, sys, asyncssh
		host, port, user, key, cert, three = sys.argv[1:]
		async def main():
		    async with asyncssh.connect(host, int(port), username=user, client_keys=[(key, cert)], known_hosts=None, config=None) as c:
		        p = await c.create_process(stderr=asyncssh.STDOUT)
		        p.stdin.write(three)
		        p.stdin.write_eof()
		        print(await p.stdout.read())
		asyncio.run(main())
	PY
	)"
else
	echo "skipped: asyncssh is not installed"
fi
if command -v node >/dev/null && command -v npm >/dev/null; then
	[ -d "$here/ssh2/node_modules/ssh2" ] || npm ci --prefix "$here/ssh2" --omit=optional --ignore-scripts --no-audit --no-fund >/dev/null 2>&1
fi
if [ -d "$here/ssh2/node_modules/ssh2" ]; then
	check "npm's ssh2, shell()" "$(timeout 60 node "$here/ssh2/client.mjs" "$host" "$port" "$user" "$key" "$cert" shell <<<"$three" 2>&1)"
	out=$(timeout 60 node "$here/ssh2/client.mjs" "$host" "$port" "$user" "$key" "$cert" exec 'echo by-exec; exit 3' 2>&1; echo "status $?")
	is "npm's ssh2, exec()" $'by-exec\nstatus 3' "$out"
else
	echo "skipped: npm's ssh2 cannot be had"
fi
if command -v ansible >/dev/null; then
	# raw sends the line as it is; command sends a Python program, which nobody may run here.
	play() { ANSIBLE_LOCAL_TEMP=$SALLYPORT_DEMO_DIR/ansible ANSIBLE_HOST_KEY_CHECKING=no ANSIBLE_SSH_ARGS="-F $SALLYPORT_SSH_CONFIG" HOME=$SALLYPORT_DEMO_DIR \
		timeout 90 ansible all -i 'demo-web,' "$@" 2>&1; }
	has "Ansible raw" 'first-2' "$(play -m raw -a 'echo first-$((1+1))')"
	has "Ansible raw: the denied one" 'sallyport: denied' "$(play -m raw -a 'rm victim')"
	has "Ansible raw: the one after it" 'last-4' "$(play -m raw -a 'echo last-$((2+2))')"
	has "Ansible command: its program is denied, with the reason" 'sallyport: denied' "$(play -vvv -m command -a 'echo x')"
	[ -e "$SALLYPORT_DEMO_DIR/home/victim" ] || fail "Ansible: the victim file is gone"
else
	echo "skipped: ansible-core is not installed"
fi
exit 0

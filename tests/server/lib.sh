# Sourced by the tests of supervisor and session worker: a real sshd as target, a real ssh-agent in place of the vault, the fixture in place of
# control, and the real sallyportd, sallyport-session, sallyport-recorder. Everything in one directory, on loopback, ended by pid.
set -eu
build=$(cd "${top_builddir:-.}" && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/sallyport-server.XXXXXX")
fails=0

say() { printf '%s\n' "$*"; }
check() { # WHAT CONDITION…
	what=$1
	shift
	if "$@"; then say "ok   $what"; else
		say "FAIL $what"
		fails=$((fails + 1))
	fi
}
same() { [ "$1" = "$2" ] || { say "     got: $1"; say "     not: $2"; return 1; }; }
# costs_less KIB LIMIT: a sanitizer keeps what was freed, so with one nothing is said about memory.
costs_less() { [ "$1" -lt "$2" ] || grep -q __asan_init "$build/sallyport-session"; }
# wait_for SECONDS COMMAND…: until it succeeds.
wait_for() {
	tries=$(($1 * 50))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.02
	done
}
free_port() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }

finish() {
	status=$?
	[ -z "${DAEMON:-}" ] || kill "$DAEMON" 2>/dev/null || true
	[ -z "${DAEMON:-}" ] || wait "$DAEMON" 2>/dev/null || true
	[ -z "${SSHD:-}" ] || kill "$SSHD" 2>/dev/null || true
	[ -z "${AGENT:-}" ] || kill "$AGENT" 2>/dev/null || true
	if grep -E 'ERROR: (Address|Leak)Sanitizer|runtime error:' "$T/log" 2>/dev/null; then fails=$((fails + 1)); fi
	if [ $fails -gt 0 ] || [ $status -ne 0 ]; then
		say "--- log of the bastion"
		tail -n 30 "$T/log" 2>/dev/null || true
		say "--- log of the fixture"
		tail -n 20 "$T/fixture.log" 2>/dev/null || true
		status=1
	fi
	# A recorder whose supervisor was killed may still write its note.
	[ -n "${KEEP:-}" ] && say "kept: $T" || wait_for 10 rm -rf "$T" || status=1
	exit $status
}
trap finish EXIT
trap 'exit 1' INT TERM

start_target() {
	mkdir -p "$T/bin"
	ssh-keygen -q -t ed25519 -N '' -f "$T/target_host"
	ssh-keygen -q -t ed25519 -N '' -f "$T/target_login"
	cut -d' ' -f1,2 "$T/target_host.pub" >"$T/target_host.line"
	TARGET_PORT=$(free_port)
	mkdir -p /run/sshd 2>/dev/null || true
	cat >"$T/sshd_config" <<-END
		ListenAddress 127.0.0.1:$TARGET_PORT
		HostKey $T/target_host
		AuthorizedKeysFile $T/target_login.pub
		PidFile none
		UsePAM no
		StrictModes no
		PermitRootLogin yes
		MaxSessions 100
		MaxStartups 100
		AcceptEnv ALLOWED_*
		Subsystem sftp internal-sftp
		${TARGET_OPTIONS:-}
	END
	/usr/sbin/sshd -D -e -f "$T/sshd_config" 2>"$T/sshd.log" &
	SSHD=$!
	eval "$(ssh-agent -a "$T/agent.sock" -s | grep SSH_AGENT_PID)"
	AGENT=$SSH_AGENT_PID
	SSH_AUTH_SOCK="$T/agent.sock" ssh-add -q "$T/target_login"
	wait_for 10 grep -q 'Server listening' "$T/sshd.log"
}

start_bastion() { # further lines of configuration on standard input
	for p in sallyportd sallyport-session sallyport-recorder; do
		ln -f "$build/$p" "$T/bin/$p" 2>/dev/null || cp "$build/$p" "$T/bin/$p"
	done
	cp "$build/tests/tools/allow_all_control" "$T/bin/sallyport-control"
	cp "$build/tests/tools/allow_all_control" "$T/bin/sallyport-vault"
	[ -f "$T/host" ] || ssh-keygen -q -t ed25519 -N '' -f "$T/host"
	[ -f "$T/ca" ] || ssh-keygen -q -t ed25519 -N '' -f "$T/ca"
	if [ ! -f "$T/id" ]; then
		ssh-keygen -q -t ed25519 -N '' -f "$T/id"
		ssh-keygen -q -s "$T/ca" -I agent -n agent -V -5m:+1h "$T/id.pub"
	fi
	[ -f "$T/master" ] || head -c 32 /dev/urandom >"$T/master"
	{
		cat <<-END
			version: 1
			listen: ["127.0.0.1:0"]
			host_key: $T/host
			state: $T/state
			policy: $T/policy.yaml
			vault: { store: $T/vault, master_key: $T/master }
		END
		cat
	} >"$T/config"
	rm -f "$T/state/run/ssh.port"
	FIXTURE_HOST=${FIXTURE_HOST:-127.0.0.1} FIXTURE_PORT=$TARGET_PORT FIXTURE_LOGIN=$(id -un) FIXTURE_HOST_KEY=$T/target_host.line \
		FIXTURE_AGENT=$T/agent.sock FIXTURE_LOG=$T/fixture.log "$T/bin/sallyportd" -f ${DAEMON_OPTIONS:-} -c "$T/config" 2>>"$T/log" &
	DAEMON=$!
	wait_for 10 test -s "$T/state/run/ssh.port"
	PORT=$(cat "$T/state/run/ssh.port")
	echo "[127.0.0.1]:$PORT $(cut -d' ' -f1,2 "$T/host.pub")" >"$T/known_hosts"
	cat >"$T/ssh_config" <<-END
		Host b
		HostName 127.0.0.1
		Port $PORT
		User target
		IdentityFile $T/id
		IdentitiesOnly yes
		UserKnownHostsFile $T/known_hosts
		GlobalKnownHostsFile /dev/null
		BatchMode yes
		LogLevel ERROR
		Host d
		HostName 127.0.0.1
		Port $TARGET_PORT
		IdentityFile $T/target_login
		IdentitiesOnly yes
		UserKnownHostsFile /dev/null
		StrictHostKeyChecking no
		LogLevel ERROR
	END
}
b() { ssh -F "$T/ssh_config" b "$@"; }
logged() { grep -q "$1" "$T/fixture.log"; }

# What every end-to-end test sources. A test says `in_demo [OPTIONS]` first: it is then run again inside a demo bastion of its own,
# and finds the SALLYPORT_* variables of `sallyport demo`. Nothing sleeps a guess: wait_for polls a condition.
# shellcheck shell=bash
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${SALLYPORT_TOP:=$(cd "$here/../.." && pwd)}"
: "${SALLYPORT_BUILD:=$SALLYPORT_TOP/build}"
export SALLYPORT_TOP SALLYPORT_BUILD

in_demo() {
	[ -n "${SALLYPORT_DEMO_DIR:-}" ] && return 0
	exec "$SALLYPORT_BUILD/sallyport" demo "$@" -- "$0"
}

fail() {
	echo "FAILED: $*"
	if [ -n "${SALLYPORT_DEMO_DIR:-}" ]; then
		echo "-- the bastion's log:"
		tail -n 25 "$SALLYPORT_DEMO_DIR/sallyportd.log"
	fi
	exit 1
}

skip() {
	echo "$*"
	exit 77
}

# is WHAT WANTED GOT
is() {
	[ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
	echo "ok: $1"
}

# has WHAT PATTERN TEXT (an extended regular expression)
has() {
	grep -qE -- "$2" <<<"$3" || fail "$1: no /$2/ in '$3'"
	echo "ok: $1"
}

hasnt() {
	! grep -qE -- "$2" <<<"$3" || fail "$1: /$2/ stands in '$3'"
	echo "ok: $1"
}

# wait_for SECONDS WHAT COMMAND…
wait_for() {
	local end=$(($(date +%s%N) / 1000000 + $1 * 1000)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $(($(date +%s%N) / 1000000)) -lt "$end" ] || fail "waited in vain for: $what"
		sleep 0.05
	done
}

sp() { ssh -F "$SALLYPORT_SSH_CONFIG" "$@"; }

# The API as somebody: api TOKEN METHOD PATH [BODY]. The token goes in by a file, as an argument would show it to everybody.
api() {
	local token=$1 method=$2 path=$3
	if [ $# -gt 3 ]; then
		printf 'header = "Authorization: Bearer %s"\n' "$token" |
			curl -sS -K - -X "$method" -H 'Content-Type: application/json' --data "$4" "$SALLYPORT_API$path"
	else
		printf 'header = "Authorization: Bearer %s"\n' "$token" | curl -sS -K - -X "$method" "$SALLYPORT_API$path"
	fi
}
operator() { api "$SALLYPORT_OPERATOR_TOKEN" "$@"; }
auditor() { api "$SALLYPORT_AUDITOR_TOKEN" "$@"; }
token() { sallyport token issue "$@"; }

# The id of the one pending approval.
pending_id() { operator GET '/v1/approvals?state=pending&wait=20' | jq -r '.approvals[0].id // empty'; }

# All audit records, one a line.
audit_lines() { cat "$SALLYPORT_AUDIT"/log-*.jsonl; }

# Pids of a program of this bastion: those that descend from the demo that runs this script.
pids_of() {
	local p
	for p in $(pgrep -x "$(printf %.15s "$1")"); do
		if ours "$p"; then echo "$p"; fi
	done
}

# Whether a process descends from this demo's daemon, or was left behind by it and adopted by the demo.
ours() {
	local p=$1 demo
	demo=$PPID
	while [ "$p" -gt 1 ]; do
		[ "$p" = "$demo" ] && return 0
		p=$(awk '/^PPid:/ { print $2 }' "/proc/$p/status" 2>/dev/null || echo 0)
		[ -n "$p" ] || p=0
	done
	return 1
}

#!/bin/bash
# The state turns read-only, as a file system does that found itself broken: from then on no command runs; when it can be written again, commands
# run again, and nothing on it is torn. On a file system of its own, for which a mount namespace is needed.
. "$(dirname "$0")/../e2e/lib.sh"
if [ -z "${SALLYPORT_DEMO_DIR:-}" ] && [ -z "${SMALL_DISK:-}" ]; then
	[ "$(id -u)" = 0 ] || user=--map-root-user
	# shellcheck disable=SC2086
	unshare ${user:-} --mount true 2>/dev/null || skip "no mount namespaces here"
	SMALL_DISK=$(mktemp -d)
	export SMALL_DISK
	unshare ${user:-} --mount "$0"
	code=$?
	rmdir "$SMALL_DISK"
	exit $code
fi
if [ -z "${SALLYPORT_DEMO_DIR:-}" ]; then
	mount -t tmpfs -o size=64m none "$SMALL_DISK" || skip "no tmpfs here"
	export TMPDIR=$SMALL_DISK
	chmod 755 "$SMALL_DISK"
fi
in_demo --policy "$SALLYPORT_TOP/tests/e2e/policies/guard.yaml"
state=$SALLYPORT_DEMO_DIR/state
run() { [ "$(timeout 4 ssh -F "$SALLYPORT_SSH_CONFIG" -o ConnectTimeout=3 demo-web "echo $1" 2>/dev/null </dev/null)" = "$1" ]; }
run before || fail "the first command"
# The bastion's state alone turns read-only: what the agent and the target need stays as it was. Files that are open for writing keep a file system from
# being remounted; a bind of the folder does not care, and what is opened by its path from then on sees it: the state database.
mount --bind "$state" "$state" || skip "no bind mounts here"
mount -o remount,ro,bind "$state" || skip "cannot be remounted here"
for p in $(pids_of sallyport-control); do kill -9 "$p"; done
wait_for 10 "control to say what is wrong" grep -q 'readonly database\|Read-only' "$SALLYPORT_DEMO_DIR/sallyportd.log"
ran=0
for i in 1 2 3 4; do run "frozen-$i" && ran=$((ran + 1)); done
is "nothing runs while the state is read-only" 0 $ran
is "no decision to run is on record" "" "$(audit_lines | jq -r 'select(.event == "decision") | .command' | grep frozen)"
mount -o remount,rw,bind "$state"
wait_for 40 "commands to run again" run after
echo "ok: commands run again when it can be written"
wait_for 15 "the log to verify" sallyport audit verify
echo "ok: and the log verifies"

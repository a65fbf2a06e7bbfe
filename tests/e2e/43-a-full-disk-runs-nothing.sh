#!/bin/bash
# The disk of log and recordings fills up: from then on no command runs (exit code 69), what ran is on record, nothing on disk is torn;
# when there is space again, commands run again. On a small file system of its own, for which a mount namespace is needed.
. "$(dirname "$0")/lib.sh"
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
	mount -t tmpfs -o size=24m none "$SMALL_DISK" || skip "no tmpfs here"
	export TMPDIR=$SMALL_DISK
	chmod 755 "$SMALL_DISK"
fi
in_demo --policy "$(dirname "$0")/policies/guard.yaml"

n=0
: >"$SALLYPORT_DEMO_DIR/home/ran"
run() { # runs one command; what it printed proves that it ran
	n=$((n + 1))
	out=$(timeout 3 ssh -F "$SALLYPORT_SSH_CONFIG" demo-web "echo ran-$n" 2>/dev/null </dev/null)
	code=$?
	[ "$out" = "ran-$n" ] || return 1
	echo "ran-$n" >>"$ran"
}
ran=$(mktemp -p /dev/shm 2>/dev/null || mktemp -p /tmp)
trap 'rm -f "$ran"' EXIT
run || fail "the first command"
# Every block that becomes free is taken again, so that the disk stays full.
while ! [ -e "$SMALL_DISK/enough" ] && ! [ -e "$ran.enough" ]; do
	dd if=/dev/zero bs=4k 2>/dev/null >>"$SMALL_DISK/filler"
	sleep 0.02
done &
filler=$!
refused=0
for _ in $(seq 60); do
	if run; then refused=0; else refused=$((refused + 1)); fi
	[ $refused -ge 6 ] && break
done
[ $refused -ge 6 ] || fail "commands go on running on a full disk"
echo "ok: after $(wc -l <"$ran") commands the full disk lets none run any more (ssh says $code)"
touch "$ran.enough"
wait $filler
rm -f "$SMALL_DISK/filler" "$ran.enough"
wait_for 30 "commands to run again" run
echo "ok: commands run again when there is space"
wait_for 15 "the log to verify" eval "sallyport audit verify >'$SALLYPORT_DEMO_DIR/home/verify' 2>&1"
cat "$SALLYPORT_DEMO_DIR/home/verify"
audit_lines | jq -r 'select(.event == "decision" and .verdict == "allow") | .command' | sort -u >"$SALLYPORT_DEMO_DIR/home/decided"
is "every command that ran was decided, on record" "" "$(sed 's/^/echo /' "$ran" | sort -u | comm -23 - "$SALLYPORT_DEMO_DIR/home/decided")"
for f in "$SALLYPORT_RECORDINGS"/*.cast.gz; do zcat "$f" 2>/dev/null; done | grep -o 'ran-[0-9]*\\n' | sed 's/\\n//' | sort -u >"$SALLYPORT_DEMO_DIR/home/recorded"
is "and what it printed was recorded" "" "$(sort -u "$ran" | comm -23 - "$SALLYPORT_DEMO_DIR/home/recorded")"

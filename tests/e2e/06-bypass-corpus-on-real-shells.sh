#!/bin/bash
# Every string of the bypass corpus, through the live bastion, to a real sshd, once for each of the five shells: the victim is still
# there every time. The policy allows the read-only pack and nothing else.
. "$(dirname "$0")/lib.sh"

if [ -z "${SALLYPORT_DEMO_DIR:-}" ]; then
	mkdir -p /srv/data 2>/dev/null && [ -w /srv/data ] || skip "the corpus names /srv/data/victim, which this user cannot make"
	[ ! -e /srv/data/victim ] || [ -e /srv/data/victim/.sallyport-test ] || skip "/srv/data/victim exists and is not ours"
	for shell in bash dash zsh mksh busybox; do
		"$SALLYPORT_BUILD/sallyport" demo --policy "$here/policies/readonly.yaml" --target-shell $shell -- "$0" || exit 1
	done
	rm -rf /srv/data/victim
	exit 0
fi

shell=$(sed -n "s/^SHELL='\(.*\)'; export.*/\1/p" "$SALLYPORT_DEMO_DIR/target/login")
victim=/srv/data/victim
mkdir -p $victim
touch $victim/.sallyport-test

# The victim can be deleted at all on this target: otherwise the test could not fail.
touch $victim/probe
bash -c "HOME=$SALLYPORT_DEMO_DIR/home SSH_ORIGINAL_COMMAND='rm $victim/probe' $SALLYPORT_DEMO_DIR/target/login"
[ ! -e $victim/probe ] || fail "the target's shell cannot delete the victim: nothing is tested"

sock=$SALLYPORT_DEMO_DIR/mux
sp -o ControlMaster=yes -o ControlPath="$sock" -fN demo-web </dev/null >/dev/null 2>&1
wait_for 10 "the master" test -S "$sock"
n=0 ran=0
while IFS= read -r line; do
	command=$(jq -j .command <<<"$line"; echo x)
	timeout 10 ssh -F "$SALLYPORT_SSH_CONFIG" -o ControlPath="$sock" demo-web "${command%x}" >/dev/null 2>&1 </dev/null
	code=$?
	[ $code -eq 126 ] || ran=$((ran + 1))
	n=$((n + 1))
	[ -e $victim/.sallyport-test ] || { mkdir -p $victim; touch $victim/.sallyport-test; fail "$shell: $(jq -c . <<<"$line") deleted the victim"; }
	[ $code -ne 255 ] || fail "$shell: $(jq -c . <<<"$line") ended the connection"
done <"$SALLYPORT_TOP/tests/corpus/bypass.jsonl"
echo "ok: $(basename "$shell"): $n attempts, the victim is still there ($ran were not denied, and did no harm)"
sp -o ControlPath="$sock" -O exit demo-web 2>/dev/null
exit 0

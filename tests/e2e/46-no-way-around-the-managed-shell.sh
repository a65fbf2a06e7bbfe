#!/bin/bash
# What beats bastions that watch the key strokes or the screen, tried against ours over real bash, dash and zsh: the victim file stays.
# SALLYPORT_TEST_WEAK=1 runs the same attempts under a policy that lets everything through, where the file must go: the attempts are real.
. "$(dirname "$0")/lib.sh"
if [ -z "${SALLYPORT_DEMO_DIR:-}" ]; then
	policy=$here/policies/shell.yaml
	[ -z "${SALLYPORT_TEST_WEAK:-}" ] || policy=$here/policies/guard.yaml
	for shell in bash dash zsh; do
		command -v $shell >/dev/null || continue
		"$SALLYPORT_BUILD/sallyport" demo --policy "$policy" --target-shell $shell -- "$0"
		code=$?
		[ $code -eq 0 ] || exit $code
		echo "ok: $shell"
	done
	exit 0
fi
exec /usr/bin/python3 "$here/shell_bypass.py"

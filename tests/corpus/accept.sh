#!/bin/sh
# Accepting and refusing on mutated corpus lines: nearly nothing that bash or dash refuses may be accepted. ACCEPT_COUNT texts a
# shell (200), ACCEPT_SEED to begin elsewhere.
set -u
here=$(dirname "$0")
shparse=${SHPARSE:-${top_builddir:-.}/tests/corpus/shparse}
python=/usr/bin/python3
[ -x $python ] || exit 77
fail=0
for shell in ${ACCEPT_SHELLS:-bash dash}; do
	command -v $shell >/dev/null || continue
	$python "$here/accept_diff.py" "$shparse" "$here/parse.jsonl" $shell "${ACCEPT_COUNT:-200}" "${ACCEPT_SEED:-1}" || fail=1
done
exit $fail

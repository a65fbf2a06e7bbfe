#!/bin/sh
# What core.readonly allows is run, and must do nothing: builtins and programs with every option. DEEDS_COUNT lines a shell (150; 0: all,
# which takes an hour), DEEDS_SEED to draw others.
set -u
here=$(dirname "$0")
python=/usr/bin/python3
[ -x $python ] || exit 77
fail=0
for what in builtins programs; do
	$python "$here/deeds.py" "${SALLYPORT:-./sallyport}" "$here/../../policy/tables/effects.tbl" $what "${DEEDS_COUNT:-150}" "${DEEDS_SEED:-1}" || fail=1
done
exit $fail

#!/bin/sh
# The corpora of the vault's fuzz targets, through the targets as they are built (with libFuzzer: read once, no fuzzing).
set -eu
for t in agent certtbs vault_key; do
	corpus=$srcdir/tests/fuzz/corpus/$t
	if ./tests/fuzz/fuzz_$t -help=1 2>&1 | grep -q 'libFuzzer'; then
		./tests/fuzz/fuzz_$t -runs=0 "$corpus"
	else
		./tests/fuzz/fuzz_$t "$corpus"
	fi
done

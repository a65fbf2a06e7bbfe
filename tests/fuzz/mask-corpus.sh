#!/bin/sh
# The first inputs of fuzz_mask, made here (mask_corpus.c says why), and those in tests/fuzz/corpus/mask, through the target.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
./tests/fuzz/mask_corpus "$dir"
if ./tests/fuzz/fuzz_mask -help=1 2>&1 | grep -q 'libFuzzer'; then
	./tests/fuzz/fuzz_mask -runs=0 "$dir" "$srcdir/tests/fuzz/corpus/mask"
else
	./tests/fuzz/fuzz_mask "$dir" "$srcdir/tests/fuzz/corpus/mask"
fi

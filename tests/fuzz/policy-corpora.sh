#!/bin/sh
# Replays what the fuzzers of the policy room begin with.
set -eu
top=${srcdir:-.}
build=${top_builddir:-.}
for t in policy eval destination; do
	"$build/tests/fuzz/fuzz_$t" "$top/tests/fuzz/corpus/$t"
done

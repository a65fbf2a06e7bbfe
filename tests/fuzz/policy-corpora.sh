#!/bin/sh
# Replays what the fuzzers of the policy room begin with.
set -eu
top=${srcdir:-.}
build=${top_builddir:-.}
# The resolver reads what eval reads: the same bytes in front.
for pair in policy:policy eval:eval resolve:eval destination:destination; do
	"$build/tests/fuzz/fuzz_${pair%:*}" "$top/tests/fuzz/corpus/${pair#*:}"
done

#!/bin/sh
# The real shells receive the argv that the tree says. ARGV_DIFF_COUNT statements of each kind for each shell (300; the design's
# figure of 10,000 is ARGV_DIFF_COUNT=2000), ARGV_DIFF_SEED to begin elsewhere.
set -u
dir=${top_builddir:-.}/tests/corpus
ran=0 fail=0
for shell in bash dash zsh mksh busybox; do
	command -v $shell >/dev/null || { echo "$shell is not installed: not compared"; continue; }
	ran=$((ran + 1))
	"$dir/argv_diff" $shell "${ARGV_DIFF_COUNT:-300}" "${ARGV_DIFF_SEED:-1}" "$dir/argv_stub" || fail=1
done
[ $ran -gt 0 ] || exit 77
exit $fail

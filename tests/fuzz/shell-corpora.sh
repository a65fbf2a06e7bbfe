#!/bin/sh
# Replays what the fuzzer of the shell parser begins with and what it once found.
set -eu
"${top_builddir:-.}/tests/fuzz/fuzz_shell" "${srcdir:-.}/tests/fuzz/corpus/shell"

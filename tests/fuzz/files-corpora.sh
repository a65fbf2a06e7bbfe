#!/bin/sh
# Replays what the fuzzers of sftp's packets, and of scp's records and words, begin with and what they once found.
set -eu
"${top_builddir:-.}/tests/fuzz/fuzz_sftp" "${srcdir:-.}/tests/fuzz/corpus/sftp"
"${top_builddir:-.}/tests/fuzz/fuzz_scp" "${srcdir:-.}/tests/fuzz/corpus/scp"

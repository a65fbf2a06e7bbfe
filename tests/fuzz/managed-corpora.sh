#!/bin/sh
# Replays what the fuzzer of the line editor, and of the plan, begins with and what it once found.
set -eu
"${top_builddir:-.}/tests/fuzz/fuzz_edit" "${srcdir:-.}/tests/fuzz/corpus/edit"
"${top_builddir:-.}/tests/fuzz/fuzz_plan" "${srcdir:-.}/tests/fuzz/corpus/plan"

#!/bin/sh
# Replays the corpus of what a target may send while its host certificate is looked for.
exec ./tests/fuzz/fuzz_hostcert "${srcdir:-.}/tests/fuzz/corpus/hostcert"

#!/bin/sh
# Every input that was ever of interest to the fuzz targets of audit, recorder and cli goes through them again.
set -eu
top=${srcdir:-.}
for name in asciicast frame seal witness audit termsafe; do
	# libFuzzer's own main() takes options; ours takes names alone.
	if ./tests/fuzz/fuzz_$name -help=1 2>/dev/null | grep -q libFuzzer; then
		./tests/fuzz/fuzz_$name -runs=0 "$top/tests/fuzz/corpus/$name" 2>&1 | tail -n 1
	else
		./tests/fuzz/fuzz_$name "$top/tests/fuzz/corpus/$name"
	fi
done

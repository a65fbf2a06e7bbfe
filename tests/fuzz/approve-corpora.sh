#!/bin/sh
# The corpora of this room's fuzz targets, replayed.
set -eu
top=${srcdir:-.}
for pair in api:api approve_config:config; do
	./tests/fuzz/fuzz_${pair%%:*} "$top/tests/fuzz/corpus/${pair#*:}"
done

#!/bin/sh
# What operations agents really run is allowed by core.readonly: at least 90 of 100.
set -eu
here=$(dirname "$0")
export SALLYPORT="${SALLYPORT:-./sallyport}"
for f in "$here"/benign*.jsonl; do
	"$here/score.sh" benign "$f" bash dash
done

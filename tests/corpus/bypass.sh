#!/bin/sh
# No string that works in a shell is allowed for it by core.readonly, in any of the five dialects.
set -eu
here=$(dirname "$0")
export SALLYPORT="${SALLYPORT:-./sallyport}"
for f in "$here"/bypass*.jsonl; do
	"$here/score.sh" bypass "$f" bash dash zsh mksh busybox
done

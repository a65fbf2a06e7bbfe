#!/bin/sh
# The parser on the corpus, a row for each dialect. For bash at most 30 valid texts may be refused and 4 invalid accepted; in every
# dialect each rendering must read as an equal tree. `parse.sh CORPUS` takes another corpus; `parse.sh -v` lists what differs.
set -u
here=$(dirname "$0")
shparse=${SHPARSE:-${top_builddir:-.}/tests/corpus/shparse}
verbose=
if [ "${1:-}" = -v ]; then
	verbose=-v
	shift
fi
corpus=${1:-$here/parse.jsonl}
fail=0
field() { # NAME ROW
	echo "$2" | sed -n "s/.* $1 \([0-9]*\).*/\1/p"
}
for shell in bash dash mksh zsh busybox; do
	out=$("$shparse" score $shell $verbose <"$corpus") || fail=1
	[ -z "$verbose" ] || echo "$out" | sed '$d'
	row=$(echo "$out" | tail -n 1)
	echo "$row"
	[ "$(field valid "$row")" -gt 0 ] && [ "$(field trips "$row")" -gt 0 ] || fail=1
	if [ $shell = bash ]; then
		[ "$(field refused "$row")" -le 30 ] || { echo "bash: more than 30 valid texts refused"; fail=1; }
		[ "$(field accepted "$row")" -le 4 ] || { echo "bash: more than 4 invalid texts accepted"; fail=1; }
	fi
done
# The other corpora go through the round trip only.
for f in "$here"/bypass*.jsonl "$here"/benign*.jsonl; do
	[ -e "$f" ] || continue
	for shell in bash dash mksh zsh busybox; do
		out=$("$shparse" score $shell <"$f") || { echo "$f"; echo "$out"; fail=1; }
	done
done
exit $fail

#!/bin/bash
# The operator's guide explains log lines: each one that it names is one that a program writes, and each error and warning that a program writes is
# explained. What varies stands in the guide as "…" or N.
set -u
srcdir=$(cd "${srcdir:-.}" && pwd)
failed=0 n=0 warnings=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat "$srcdir"/{server,approve,vault,recorder,audit,base,identity}/*.c >"$work/sources"
sed -n '/^## What each log line means/,/^## The service/p' "$srcdir/docs/operator.md" | grep '^| `' | cut -d '|' -f 2 | grep -oE '`[^`]+`' | tr -d '`' >"$work/guide"
while IFS= read -r line; do
	n=$((n + 1))
	while IFS= read -r part; do
		part=${part# } part=${part% }
		[ ${#part} -ge 5 ] || continue
		grep -qF -- "$part" "$work/sources" || { echo "docs/operator.md explains \"$line\", but no program writes \"$part\""; failed=1; }
	done < <(sed -E 's/…|\bN\b|"|sallyport-[a-z]+/\n/g' <<<"$line")
done <"$work/guide"
[ $n -ge 20 ] || { echo "only $n log lines found in docs/operator.md"; failed=1; }

# The other way round: the guide's lines as patterns, a source's format as the text.
sed -E -e 's/[][(){}.*+?^$|\\]/\\&/g' -e 's/…|\bN\b/.*/g' "$work/guide" >"$work/patterns"
tr '\n\t' '  ' <"$work/sources" | grep -oE 'log_(error|warn)\( *"(\\.|[^"\\])*"' | sed -E -e 's/^[^"]*"//' -e 's/"$//' -e 's/\\"/"/g' | sort -u >"$work/formats"
while IFS= read -r format; do
	[[ $format =~ [a-z]{3} ]] || continue # what it says comes from elsewhere
	[ "$format" != "%.*s" ] || continue
	warnings=$((warnings + 1))
	grep -qxEf "$work/patterns" <<<"$format" || { echo "a program writes \"$format\", which docs/operator.md does not explain"; failed=1; }
done <"$work/formats"
[ $warnings -ge 60 ] || { echo "only $warnings errors and warnings found in the sources"; failed=1; }
[ $failed -eq 0 ] && echo "$n log lines are as the guide says, and $warnings errors and warnings are in it"
exit $failed

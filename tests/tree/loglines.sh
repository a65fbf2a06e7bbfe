#!/bin/bash
# The operator's guide explains log lines: each one that it names is one that a program writes. What varies stands there as "…" or N.
set -u
srcdir=$(cd "${srcdir:-.}" && pwd)
failed=0 n=0
sources=$(cat "$srcdir"/{server,approve,vault,recorder,audit,base,identity}/*.c)
while IFS= read -r line; do
	n=$((n + 1))
	while IFS= read -r part; do
		part=${part# } part=${part% }
		[ ${#part} -ge 5 ] || continue
		grep -qF -- "$part" <<<"$sources" || { echo "docs/operator.md explains \"$line\", but no program writes \"$part\""; failed=1; }
	done < <(sed -E 's/…|\bN\b|"|sallyport-[a-z]+/\n/g' <<<"$line")
done < <(sed -n '/^## What each log line means/,/^## The service/p' "$srcdir/docs/operator.md" | grep '^| `' | cut -d '|' -f 2 | grep -oE '`[^`]+`' | tr -d '`')
[ $n -ge 20 ] || { echo "only $n log lines found in docs/operator.md"; failed=1; }
[ $failed -eq 0 ] && echo "$n log lines are as the guide says"
exit $failed

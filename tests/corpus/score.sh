#!/bin/sh
# Figures of command understanding: score.sh bypass|benign FILE [DIALECT…]. Under `profile: enforce` with only core.readonly.
# bypass: no string that works in a dialect is allowed in it. benign: at least 90 of 100 are allowed.
set -eu
kind=$1 file=$2
shift 2
sallyport=${SALLYPORT:-./sallyport}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf 'version: 1\nprofile: enforce\npacks: [core.readonly]\n' > "$dir/policy.yaml"
status=0
for shell in "${@:-bash}"; do
	jq -c --arg s "$shell" '{id, command, shell: $s, who: {subject: "agent", issuer: "demo", groups: []}, target: {name: "web1", tags: {}}}' "$file" > "$dir/in"
	"$sallyport" policy eval --policy "$dir/policy.yaml" --jsonl < "$dir/in" > "$dir/out"
	[ "$(wc -l < "$dir/in")" = "$(wc -l < "$dir/out")" ] || { echo "$shell: answers are missing" >&2; exit 1; }
	if [ "$kind" = bypass ]; then
		jq -c --arg s "$shell" 'select(.runs_in | index($s)) | .id' "$file" | sort > "$dir/works"
		jq -c 'select(.verdict == "allow") | .id' "$dir/out" | sort > "$dir/allowed"
		bad=$(comm -12 "$dir/works" "$dir/allowed" | wc -l)
		echo "bypass $shell: $bad of $(wc -l < "$dir/works") allowed"
		if [ "$bad" -gt 0 ]; then
			comm -12 "$dir/works" "$dir/allowed"
			status=1
		fi
	else
		good=$(jq -c 'select(.verdict == "allow")' "$dir/out" | wc -l) all=$(wc -l < "$dir/out")
		echo "benign $shell: $good of $all allowed"
		jq -r 'select(.verdict != "allow") | "  \(.id): \(.rule): \(.reason)"' "$dir/out"
		[ $((good * 100)) -ge $((all * 90)) ] || status=1
	fi
done
exit $status

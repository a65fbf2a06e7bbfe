#!/bin/bash
# The man pages and the completion against what the programs say of themselves: every verb has its page, and every option of --help
# stands in the page and in the completion, and the other way round.
set -u
srcdir=$(cd "${srcdir:-.}" && pwd)
bin=$(cd "${top_builddir:-.}" && pwd)/sallyport
man=$srcdir/docs/man
failed=0
bad() { echo "$*"; failed=1; }

options() { grep -oE -- '--[a-z][a-z-]+' | grep -vxE -- '--(help|version)' | sort -u; }
of_page() { { grep -oE 'Fl -[a-z][a-z-]+' "$1" | sed 's/^Fl -/--/'; } | options; }

verbs=$("$bin" --help | sed -nE 's/^  ([a-z]+) .*/\1/p')
[ "$(wc -w <<<"$verbs")" -ge 8 ] || bad "sallyport --help names too few verbs: $verbs"
for verb in $verbs; do
	page=$man/sallyport-$verb.1
	[ -f "$page" ] || { bad "no man page for the verb $verb"; continue; }
	grep -q "^\.It Cm $verb\$" "$man/sallyport.1" || bad "sallyport.1 does not name $verb"
	grep -qE "words='[^']*\b$verb\b" "$srcdir/packaging/completion/sallyport" || bad "the completion does not know $verb"
	case $verb in
	audit) help=$(for v in verify prove query export; do "$bin" audit $v --help; done 2>&1) ;;
	policy) # its parts are described in docs/policy.md, which is held to here
		help=$(sed -n '/^## The command line/,/^## What/p' "$srcdir/docs/policy.md"; "$bin" policy simulate 2>&1) ;;
	*) help=$("$bin" "$verb" --help 2>&1) ;;
	esac
	said=$(options <<<"$help")
	written=$(of_page "$page")
	completed=$(sed -nE "s/^\t\t$verb:[^)]*\) words='([^']*)'.*/\1/p" "$srcdir/packaging/completion/sallyport" | options)
	[ "$said" = "$written" ] || bad "sallyport-$verb.1: --help and the page differ: $(diff <(echo "$said") <(echo "$written") | grep '^[<>]' | tr '\n' ' ')"
	[ "$said" = "$completed" ] || bad "completion of $verb differs from --help: $(diff <(echo "$said") <(echo "$completed") | grep '^[<>]' | tr '\n' ' ')"
	for sub in $(grep -oE '^\.Nm sallyport [a-z]+ [a-z]+' "$page" | cut -d ' ' -f 4 | sort -u); do
		grep -qw -- "$sub" <<<"$help$("$bin" "$verb" --help 2>&1)" || bad "sallyport-$verb.1 names $sub, which --help does not"
	done
done

daemon=$(cd "${top_builddir:-.}" && ./sallyportd -h | grep -oE '^  -[a-zA-Z]' | tr -d ' ' | sort -u)
page=$(grep -oE '^\.It Fl [a-zA-Z]\b' "$man/sallyportd.8" | sed 's/^\.It Fl /-/' | sort -u)
[ -n "$daemon" ] && [ "$daemon" = "$page" ] || bad "sallyportd.8: -h says $daemon, the page $page"

# Every key that the configuration's readers know stands in sallyport.yaml(5).
for key in $(sed -nE '/_?keys\[\] = \{/,/NULL/p' "$srcdir"/approve/config*.c | grep -oE '"[a-z_]+"' | tr -d '"' | sort -u); do
	grep -qw -- "$key" "$man/sallyport.yaml.5" || bad "sallyport.yaml.5 does not name the key $key"
done
for p in sallyportd sallyport-vault sallyport-control sallyport-session sallyport-recorder; do
	[ -f "$man/$p.8" ] || bad "no man page for the program $p"
done
[ $failed -eq 0 ] && echo "man pages, completion and --help agree"
exit $failed

#!/bin/sh
# A folder includes only what lies below it, and each foreign library is included only in its room (docs/design.md, section 3).
# With an argument: checks that tree instead (the self-test below breaks a copy and expects the failure).
set -eu
top=${1:-${srcdir:-.}}
cd "$top"
bad=0

# FOLDER: what its files may include besides itself.
allowed() {
	case $1 in
	base) echo "" ;;
	policy) echo "base" ;;
	identity) echo "base" ;;
	vault) echo "base" ;;
	audit) echo "base identity" ;;
	recorder) echo "base" ;;
	approve) echo "base policy identity audit" ;;
	server) echo "base policy recorder/frame.h" ;;
	cli) echo "base policy identity vault audit recorder" ;;
	esac
}

# HEADER PATTERN: the only places that may include it.
libraries='
libssh/ server/
sqlite3.h approve/
microhttpd.h approve/
gnutls/ approve/http_tls.c
zlib.h recorder/ cli/
igzip recorder/
curl/ identity/http_fetch identity/fetch
jwt.h approve/ cli/issuer.c
yaml.h base/yaml.c
pcre2.h policy/mask
jansson.h policy/jsonl identity/ audit/ approve/ cli/
'

complain() { echo "$*"; bad=1; }

for room in base policy identity vault audit recorder approve server cli; do
	[ -d $room ] || continue
	for f in $(find $room -name '*.c' -o -name '*.h'); do
		for inc in $(sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1/p' "$f"); do
			first=${inc%%/*}
			[ "$inc" != "$first" ] || continue       # "config.h", or a header beside the file
			[ "$first" != "$room" ] || continue
			ok=
			for a in $(allowed $room); do
				case $inc in "$a" | "$a"/*) ok=1 ;; esac
			done
			[ -n "$ok" ] || complain "$f includes $inc: $room may include only: $(allowed $room)"
		done
	done
done

printf '%s\n' "$libraries" | while read -r header places; do
	[ -n "$header" ] || continue
	for f in $(grep -rlE "^[ 	]*#[ 	]*include[ 	]*<$header" --include='*.c' --include='*.h' base policy identity vault audit recorder approve server cli 2>/dev/null); do
		ok=
		for p in $places; do
			case $f in "$p"*) ok=1 ;; esac
		done
		[ -n "$ok" ] || echo "$f includes <$header…>: that library belongs to $places"
	done
done >"${TMPDIR:-/tmp}/includes.$$"
if [ -s "${TMPDIR:-/tmp}/includes.$$" ]; then cat "${TMPDIR:-/tmp}/includes.$$"; bad=1; fi
rm -f "${TMPDIR:-/tmp}/includes.$$"

# The test tests itself: a copy with one forbidden line each must fail.
if [ $# -eq 0 ]; then
	me=$(pwd)/tests/tree/includes.sh
	copy=$(mktemp -d)
	trap 'rm -rf "$copy"' EXIT
	for broken in 'base/err.c #include "policy/policy.h"' 'cli/main.c #include "server/session.h"' 'cli/main.c #include <libssh/libssh.h>'; do
		rm -rf "$copy/t"
		mkdir "$copy/t"
		cp -r base policy identity vault audit recorder approve server cli "$copy/t"
		file=${broken%% *}
		printf '%s\n' "${broken#* }" >>"$copy/t/$file"
		if sh "$me" "$copy/t" >/dev/null; then complain "not noticed: $broken"; fi
	done
fi
exit $bad

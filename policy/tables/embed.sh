#!/bin/sh
# Turns text files into C strings: embed.sh FILE… > out.c. A file a/b-c.tbl becomes `const char embed_b_c_tbl[]`.
set -eu
echo '/* Made by policy/tables/embed.sh; change the text files, not this. */'
echo '#include "policy/embed.h"'
for f in "$@"; do
	name=$(basename "$f" | tr '.-' '__')
	printf 'const char embed_%s[] =\n' "$name"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$f"
	echo ';'
done

#!/bin/sh
# dist-files.sh SOURCE DESTINATION FOLDER…: copies the folders' files into a source package; see room.mk. Only what git tracks goes in, so
# that nobody's left-overs are shipped; where the source is an unpacked package and no repository, that is everything in it but what a build leaves.
set -eu
source=$1 destination=$(cd "$2" && pwd)
shift 2
cd "$source"
list() {
	if [ -e .git ] && git ls-files --error-unmatch configure.ac >/dev/null 2>&1; then
		git ls-files -z -- "$@"
	else
		find "$@" \( -name node_modules -o -name __pycache__ -o -name .deps \) -prune -o \
			-type f ! -name '*.o' ! -name '*.log' ! -name '*.trs' ! -name .dirstamp -print0
	fi
}
list "$@" | tar --null --files-from=- -cf - | tar -C "$destination" -xf -

#!/bin/sh
# The event catalogue is what the code writes: every event that control records is in audit/events.tbl, and every event there is recorded
# by some code. (Fields are held by `sallyport audit verify --events`, which the end-to-end tests run over real logs.)
set -eu
cd "${srcdir:-.}"
bad=0
catalogue=$(sed -n 's/^EVENT("\([a-z._]*\)".*/\1/p' audit/events.tbl)
[ -n "$catalogue" ]

for event in $catalogue; do
	grep -rqF "\"$event\"" approve --include='*.c' || { echo "no code records $event"; bad=1; }
done

emitted() { # names in the third argument of control_record() and of audit_append()
	cat "$@" | tr '\n' ' ' | grep -oE '(control_record|audit_append)\([^;]*' | grep -oE '"[a-z]+(\.[a-z]+)?"' | tr -d '"' | sort -u
}
# Of the strings in such calls, those that look like events: with a dot, or the three without one.
for name in $(emitted approve/*.c | grep -E '\.|^(decision|masking|read)$'); do
	echo "$catalogue" | grep -qx "$name" || { echo "$name is recorded but not in audit/events.tbl"; bad=1; }
done
[ "$(emitted approve/*.c | grep -cE '\.')" -gt 10 ] || { echo "the search for events finds too little"; bad=1; }
exit $bad

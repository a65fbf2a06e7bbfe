#!/bin/bash
# Whoever looks for something finds it: `audit query` and GET /v1/audit with the same filters give the same records, page by page and in
# every format; each look is on record with what was asked for; a recording's statements are listed, and replay jumps to one.
. "$(dirname "$0")/lib.sh"
in_demo
d=$SALLYPORT_DEMO_DIR/query
mkdir "$d"
sp demo-web uptime >/dev/null </dev/null
sp demo-db uptime >/dev/null </dev/null
sp demo-web 'rm -rf /srv/data' 2>/dev/null </dev/null
printf 'echo first\nrm -rf /srv/data\necho third\n' | sp demo-web >/dev/null 2>&1
wait_for 10 "the sessions' ends" eval '[ $(audit_lines | grep -c "\"event\":\"session.end\"") -ge 4 ]'
seqs() { jq -r .seq; }
q() { sallyport audit query --format json "$@" | seqs | paste -sd' '; }
page() { auditor GET "/v1/audit?limit=1000&format=jsonl&$1" | seqs | paste -sd' '; }
now=$(date -u +%FT%T -d '+1 minute')Z
# The same question both ways. What reading adds to the log is left out by its event.
both() { # WHAT OPTIONS… -- QUERY
	local what=$1 options=()
	shift
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	local a b
	a=$(q "${options[@]}") b=$(page "$2")
	[ -n "$a" ] || fail "$what: nothing is found"
	is "$what: both ways" "$a" "$b"
}
both "by event" --event decision -- event=decision
both "by events" --event 'session.*' -- 'event=session.*'
both "by verdict" --verdict deny -- verdict=deny
both "by target, of records that say it and of those that do not" --target demo-db --event 'co*' -- 'target=demo-db&event=co*'
both "by identity" --identity 'agent-?' --event 'command.*' -- 'identity=agent-%3F&event=command.*'
both "by command" --command 'rm *' -- 'command=rm%20*'
both "by rule" --rule '*' --event decision -- 'rule=*&event=decision'
both "by time" --from 2020-01-01 --to "$now" --event decision -- "from=2020-01-01&to=$now&event=decision"
both "by session" --session "$(audit_lines | jq -r 'select(.event == "session.start") | .session' | head -n 1)" -- \
	"session=$(audit_lines | jq -r 'select(.event == "session.start") | .session' | head -n 1)"
is "nothing is of another identity" "" "$(page 'identity=nobody&event=decision')"
is "nothing is of the last century" "" "$(page 'to=2000-01-01')"
is "demo-db's one decision" 1 "$(q --target demo-db --event decision | wc -w)"

# Pages: three at a time, all of them, none twice.
after=0 more=true all=
while [ "$more" = true ]; do
	answer=$(auditor GET "/v1/audit?limit=3&event=session.*&after=$after")
	all="$all $(jq -r '.records[].seq' <<<"$answer" | paste -sd' ')"
	after=$(jq .next <<<"$answer") more=$(jq .more <<<"$answer")
done
is "the pages together are the whole" "$(q --event 'session.*')" "$(xargs <<<"$all")"
has "an event of OCSF" '"class_uid":1007' "$(auditor GET '/v1/audit?event=decision&format=ocsf&limit=1')"
has "a wrong time is told" '"status": ?400' "$(auditor GET '/v1/audit?from=yesterday')"
has "a wrong format is told" '"status": ?400' "$(auditor GET '/v1/audit?format=xml')"
has "who has not the role is refused" '"status": ?403' "$(api "$(token --sub agent-1 --groups ops-agents)" GET /v1/audit)"
has "the look is on record, with its question" '"event":"read".*"query":"[^"]*verdict=deny' "$(audit_lines)"

# Formats of the command.
has "a table" 'decision +deny' "$(sallyport audit query --verdict deny)"
has "CSV" '^"[0-9]+","[^"]*","decision","deny"' "$(sallyport audit query --verdict deny --format csv)"
has "OCSF" '"class_uid":1007' "$(sallyport audit query --event decision --format ocsf)"
is "a limit" 2 "$(sallyport audit query --format json --limit 2 | wc -l)"
if sallyport audit query --from yesterday >"$d/out" 2>&1; then fail "a wrong time is taken"; fi

# The statements of a recording.
id=$(audit_lines | jq -r 'select(.event == "decision" and .kind == "statement") | .session' | head -n 1)
id=$(auditor GET "/v1/recordings?session=$id" | jq -r '.recordings[0].id')
sallyport recording commands "$id" >"$d/commands" || fail "recording commands"
cat "$d/commands"
is "the shell and its three statements, numbered" "1 2 3 4" "$(awk '{ print $1 }' "$d/commands" | xargs)"
has "with a time" "^ +1  20[0-9-]+T[0-9:.]+Z  \+[0-9.]+s" "$(cat "$d/commands")"
has "and the verdict of the one that was refused" " 3  .*deny .*rm" "$(cat "$d/commands")"
is "as JSON" "4" "$(sallyport recording commands "$id" --json | jq -s 'map(select(.at_ms >= 0 and (.label | length) > 0)) | length')"
has "replay shows all" "first.*third" "$(sallyport replay --no-wait "$id" | tr '\n' ' ')"
a=$(date +%s%N)
has "and from a marker on" "third" "$(sallyport replay --marker 4 --speed 1000 "$id" </dev/null)"
[ $((($(date +%s%N) - a) / 1000000)) -lt 5000 ] || fail "the jump plays what lies before it"

# At a terminal: ] goes on to the next statement, a blank holds, q ends. In this one an hour lies between any two outputs.
{
	echo '{"version": 2, "width": 80, "height": 24}'
	printf '[%s, "%s", "%s"]\n' 0.1 o 'one ' 3600 o 'not-yet ' 3600.1 m 'first' 3600.2 o 'two ' 7200 m 'second' 7200.1 o 'three ' 10800 o 'never'
} | gzip >"$d/hours.cast.gz"
/usr/bin/python3 - "$SALLYPORT_BUILD/sallyport" "$d/hours.cast.gz" <<'P' || fail "the keys of replay"
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "replay", "--idle", "3600", sys.argv[2]])
shown = b""
def until(what, seconds):
    global shown
    end = time.time() + seconds
    while what not in shown and time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                shown += os.read(fd, 4096)
            except OSError:
                break
    return what in shown
assert until(b"one", 10) and not until(b"not-yet", 0.5), shown
os.write(fd, b" ")
os.write(fd, b" ]")
assert until(b"not-yet", 10) and until(b"two", 10) and not until(b"three", 0.5), shown
os.write(fd, b"]")
assert until(b"three", 10) and not until(b"never", 0.5), shown
os.write(fd, b"q")
end = time.time() + 10
while os.waitpid(pid, os.WNOHANG) == (0, 0):
    assert time.time() < end, "it does not end"
    time.sleep(0.05)
P
echo "ok: keys jump from statement to statement, hold, and end"

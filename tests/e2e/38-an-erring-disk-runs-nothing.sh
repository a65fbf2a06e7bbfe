#!/bin/bash
# The disk errs: input/output errors, no space, read-only, in the log's writer and in the recorder, at each call that matters. While it does, no command runs that the
# log or a recording does not hold; what ran is on record; when the disk is well again commands run again and everything verifies.
. "$(dirname "$0")/lib.sh"
if [ -z "${SALLYPORT_DEMO_DIR:-}" ]; then
	command -v cc >/dev/null || skip "no compiler here"
	F=$(mktemp -d)
	export F
	trap 'rm -rf "$F"' EXIT
	mkdir "$F/real"
	cc -shared -fPIC -O1 -D_GNU_SOURCE -o "$F/fault.so" "$SALLYPORT_TOP/tests/security/faultpoints.c" -ldl || fail "the faults do not compile"
	for f in "$SALLYPORT_BUILD"/sallyport*; do [ -f "$f" ] && [ -x "$f" ] && cp "$f" "$F/"; done
	for p in sallyport-control sallyport-recorder; do
		mv "$F/$p" "$F/real/"
		printf '#!/bin/bash\nFAULT_KEEP=1 FAULT_PLAN=%s LD_PRELOAD=%s exec -a %s %s "$@"\n' "$F/$p.plan" "$F/fault.so" $p "$F/real/$p" >"$F/$p"
		chmod 755 "$F/$p"
	done
	"$F/sallyport" demo --policy "$here/policies/guard.yaml" -- "$0"
	exit
fi
n=0
: >"$F/saw"
run() { # one command: 0 when its output came
	n=$((n + 1))
	[ "$(timeout "${1:-3}" ssh -F "$SALLYPORT_SSH_CONFIG" -o ConnectTimeout=2 demo-web "echo ran-$n | tee -a effects" 2>/dev/null </dev/null)" = "ran-$n" ] || return 1
	echo "ran-$n" >>"$F/saw"
}
effects() { sort -u "$SALLYPORT_DEMO_DIR/home/effects" 2>/dev/null; }
decided() { audit_lines | jq -r 'select(.event == "decision" and .verdict == "allow") | .command' | grep -oE 'ran-[0-9]+' | sort -u; }
run 10 || fail "the first command"

begin() { # PROGRAM PLAN: from now on its disk errs
	echo "$2" >"$F/plan.new"
	mv "$F/plan.new" "$F/$1.plan"
	[ "$1" = sallyport-recorder ] || kill -9 "$(pids_of $1)"
}
over() { rm "$F/$1.plan"; wait_for 30 "commands to run when the disk is well again" run 5; }
errs() { # PROGRAM PLAN: nothing runs
	begin "$1" "$2"
	local before i
	before=$(effects | wc -l)
	for i in 1 2; do run 2 && fail "$1, $2: a command runs"; done
	is "$1, $2: nothing runs" "$before" "$(effects | wc -l)"
	over "$1"
}
# The disk errs after a while, with each new process again: commands run between two ends of control; what ran is looked at below.
ended() { grep -c 'sallyport-control ended with status' "$SALLYPORT_DEMO_DIR/sallyportd.log"; }
sometimes() { # PROGRAM PLAN
	begin "$1" "$2"
	local refused=0 ends i
	ends=$(ended)
	for i in 1 2 3 4; do run 2 || refused=$((refused + 1)); done
	[ "$(ended)" -gt "$ends" ] || fail "$1, $2: the error was not met"
	echo "ok: $1, $2: it ended itself $(($(ended) - ends)) times, $refused of 4 commands were refused"
	over "$1"
}
errs sallyport-control "fdatasync 1 EIO"
errs sallyport-control "pwrite 1 EROFS"
sometimes sallyport-control "fdatasync 12 EIO"
sometimes sallyport-control "pwrite 14 ENOSPC"
errs sallyport-recorder "write 1 EIO"
errs sallyport-recorder "openat 2 EROFS"
errs sallyport-recorder "write 1 ENOSPC"

# What was written and cannot be made durable: output comes while it is written, and the session is cut before much of it is unacknowledged.
begin sallyport-recorder "fdatasync 1 EIO"
out=$(timeout 20 ssh -F "$SALLYPORT_SSH_CONFIG" demo-web 'for i in $(seq 100); do echo "tick $i"; sleep 0.1; done' 2>/dev/null </dev/null)
code=$?
[ $code != 0 ] && [ $code != 124 ] && [ "$(grep -c tick <<<"$out")" -lt 60 ] || fail "a session whose recording cannot be made durable goes on ($code, $(grep -c tick <<<"$out") ticks)"
echo "ok: a session whose recording cannot be made durable is cut after $(grep -c tick <<<"$out") tenths of a second"
over sallyport-recorder

wait_for 15 "the log to verify" eval "sallyport audit verify --events >'$F/verify'"
cat "$F/verify"
is "whatever had an effect was decided, on record" "" "$(effects | comm -23 - <(decided))"
kill -9 "$(pids_of sallyport-control)"
wait_for 20 "control" run 5
for f in "$SALLYPORT_RECORDINGS"/*.cast.gz; do zcat "$f" 2>/dev/null; done | grep -oE 'ran-[0-9]+(\\r)?\\n' | sed 's/\\.*//' | sort -u >"$F/recorded"
is "whatever an agent saw was recorded" "" "$(sort -u "$F/saw" | comm -23 - "$F/recorded")"

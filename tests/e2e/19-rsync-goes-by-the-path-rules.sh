#!/bin/bash
# rsync through the bastion: trees both ways, deletion where a rule gives it; its options by a table, its paths by the path rules, links followed first.
. "$(dirname "$0")/lib.sh"
command -v rsync >/dev/null || skip "rsync is not installed"
in_demo --policy "$(dirname "$0")/policies/files.yaml" --config "$(dirname "$0")/policies/short-wait.yaml"

home=$SALLYPORT_DEMO_DIR/home
d=$SALLYPORT_DEMO_DIR/here
mkdir "$d" "$home"/{drop,other,secret,release,.ssh} && cd "$d" || exit 1
echo "ssh-ed25519 AAAA the only key" >"$home/.ssh/authorized_keys"
echo hidden >"$home/secret/f"
mkdir -p tree/deep/er && head -c 10000000 /dev/urandom >tree/deep/er/big && echo text >tree/text && ln -s text tree/link && ln -s /etc/passwd tree/out
sock=$SALLYPORT_DEMO_DIR/mux
sp -o ControlMaster=yes -o ControlPath="$sock" -fN demo-web </dev/null >/dev/null 2>&1
wait_for 10 "the connection" test -S "$sock"
sync_() { timeout 60 rsync -e "ssh -F $SALLYPORT_SSH_CONFIG -o ControlPath=$sock" "$@" >out 2>err; }

sync_ -a --safe-links tree demo-web:drop/ || fail "up: $(cat err)"
is "a tree up, 10 MB in it, with a link that stays inside" "" "$(diff -r --no-dereference -x out tree "$home/drop/tree")"
[ ! -e "$home/drop/tree/out" ] && [ ! -L "$home/drop/tree/out" ] || fail "a link that leads out was made"
sync_ -az demo-web:drop/tree/ back || fail "down: $(cat err)"
is "a tree down, compressed" "" "$(diff -r --no-dereference -x out tree back)"
echo more >>tree/text && echo old >"$home/drop/tree/stray"
sync_ -rt --delete --partial-dir=.part tree/ demo-web:drop/tree/ || fail "again: $(cat err)"
is "the difference up, and what is not here deleted" "" "$(diff -r -x link -x out tree "$home/drop/tree")"
[ ! -e "$home/drop/tree/stray" ] || fail "it was not deleted"
sync_ tree/text demo-web:drop/one || fail "one file: $(cat err)"
is "one file under a name" "$(cat tree/text)" "$(cat "$home/drop/one")"
has "it was known to be rsync, and its stream has digests" '"sha256_in":"[0-9a-f]{64}"' "$(audit_lines | grep command.end | tail -n 1)"
has "what passed is a record" "$home/drop/one" "$(audit_lines | grep file.done)"

ln -s "$home/.ssh" "$home/drop/way"
ln -s "$home/secret" "$home/drop/peek"
tree() { (cd "$home" && find . -printf '%p %l %s %m\n' | sort; cat .ssh/*) | sha256sum; }
before=$(tree)
mkdir evil && echo "ssh-ed25519 AAAA mine" >evil/authorized_keys
refused() { # WHAT PATTERN ARGUMENT…
	local what=$1 pattern=$2
	shift 2
	if sync_ "$@"; then fail "$what was not refused"; fi
	grep -qE "$pattern" err || fail "$what: $(cat err)"
	is "refused, and nothing changed: $what" "$before" "$(tree)"
}
denied='sallyport: denied rule='
refused "another directory" "$denied" -rt tree demo-web:other/
refused "login keys" "$denied" evil/authorized_keys demo-web:.ssh/
refused "login keys past dots" "$denied" evil/authorized_keys demo-web:drop/../.ssh/
refused "through a link" "$denied" evil/authorized_keys demo-web:drop/way/
refused "the home directory" "$denied" -rt evil/ demo-web:
refused "all there is" "$denied" -rt evil/ demo-web:/
refused "cron" "$denied" evil/authorized_keys demo-web:/etc/cron.d/sallyport-test
refused "symbolic links that lead anywhere" 'add --safe-links' -a tree demo-web:drop/
refused "what is not to be read" 'rule=files.secret' -rt demo-web:secret/ got
refused "what is not to be read, through a link" 'rule=files.secret' -rt demo-web:drop/peek/ got
refused "what is not to be read, as a part of a tree" 'rule=files.secret' -rt demo-web: got
refused "following links out of the tree" 'not in its table' -rtL demo-web:drop/ got
refused "words that come where they cannot be seen" 'cannot be seen' -rts tree demo-web:drop/
refused "deletion where only writing is for a person" "sallyport: (denied|pending|waiting)" -rt --delete tree/ demo-web:release/
refused "a backup elsewhere" "$denied" -rt --backup --backup-dir="$home/other" tree/ demo-web:drop/tree/
refused "hard links to what is elsewhere" "$denied" -rt --link-dest="$home/.ssh" tree/ demo-web:drop/tree2/
[ ! -e got ] || fail "something got through"
for words in 'rsync --server --daemon .' 'rsync --server -re.iLsfxCIvu --rsh=id . drop' 'rsync --server -e id . drop' 'rsync --server --log-file=x . drop' 'rsync --server -re.LsfxCIvu . drop; id' \
	'sudo rsync --server -re.LsfxCIvu . drop' 'rsync --server --sender -re.LsfxCIvu --files-from=/etc/passwd . drop' 'rsync -e id a b:c' 'rsync --daemon --config=x'; do
	sp -o ControlPath="$sock" demo-web "$words" >out 2>err </dev/null
	is "not rsync's far end as it may be: $words" 126 $?
done

# For a person: the whole of it at once.
sync_ -rt tree/ demo-web:release/ &
pid=$!
id=$(pending_id)
[ -n "$id" ] || fail "nothing is pending"
has "a person is asked about the tree" "write all of '$home/release'" "$(operator GET "/v1/approvals/$id" | jq -r .command)"
operator POST "/v1/approvals/$id/approve" '{"reason":"release 7"}' >/dev/null
wait $pid
is "and then it runs" "0 $(cat tree/text | sha256sum)" "$? $(sha256sum <"$home/release/text")"
sp -o ControlPath="$sock" -O exit demo-web 2>/dev/null
exit 0

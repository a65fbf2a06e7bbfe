#!/bin/bash
# `scp -O`, which sends records and not sftp: content, trees, times; every file is decided by its own path before its content goes on.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/files.yaml"

home=$SALLYPORT_DEMO_DIR/home
d=$SALLYPORT_DEMO_DIR/here
mkdir "$d" "$home"/{drop,other,secret,release,.ssh} && cd "$d" || exit 1
echo "ssh-ed25519 AAAA the only key" >"$home/.ssh/authorized_keys"
echo hidden >"$home/secret/f"
head -c 10000000 /dev/urandom >big
want=$(sha256sum <big)
mkdir -p tree/deep/er tree/empty && cp big tree/deep/er/ && echo "a name" >'tree/with blanks' && : >tree/nothing && touch -d '2001-02-03 04:05:06' tree/nothing
sock=$SALLYPORT_DEMO_DIR/mux
sp -o ControlMaster=yes -o ControlPath="$sock" -fN demo-web </dev/null >/dev/null 2>&1
wait_for 10 "the connection" test -S "$sock"
old() { timeout 60 scp -O -F "$SALLYPORT_SSH_CONFIG" -o ControlPath="$sock" "$@" >out 2>err; }

old big demo-web:drop/ || fail "up: $(cat err)"
is "10 MB up, into a directory" "$want" "$(sha256sum <"$home/drop/big")"
old big demo-web:drop/named || fail "up, named: $(cat err)"
is "under another name" "$want" "$(sha256sum <"$home/drop/named")"
old demo-web:drop/named down || fail "down: $(cat err)"
is "10 MB down" "$want" "$(sha256sum <down)"
old -rp tree demo-web:drop/ || fail "a tree up: $(cat err)"
is "a tree up" "" "$(diff -r tree "$home/drop/tree")"
is "with its times" "2001-02-03" "$(stat -c %y "$home/drop/tree/nothing" | cut -c1-10)"
old -rp tree demo-web:drop/new || fail "a tree under a new name: $(cat err)"
is "a tree up under a new name" "" "$(diff -r tree "$home/drop/new")"
old -rp demo-web:drop/tree back || fail "a tree down: $(cat err)"
is "a tree down" "" "$(diff -r tree back)"
old big tree/nothing 'tree/with blanks' demo-web:drop || fail "several: $(cat err)"
is "several at once" "a name" "$(cat "$home/drop/with blanks")"

ln -s "$home/.ssh" "$home/drop/way"
ln -s "$home/.ssh/authorized_keys" "$home/drop/keys"
ln -s "$home/secret" "$home/drop/peek"
tree() { (cd "$home" && find . -printf '%p %l %s %m\n' | sort; cat .ssh/*) | sha256sum; }
before=$(tree)
echo "ssh-ed25519 AAAA mine" >authorized_keys
mkdir -p .ssh && cp authorized_keys .ssh/
refused() { # WHAT PATTERN ARGUMENT…
	local what=$1 pattern=$2
	shift 2
	if old "$@"; then fail "$what was not refused"; fi
	grep -qE "$pattern" err || fail "$what: $(cat err)"
	is "refused, and nothing changed: $what" "$before" "$(tree)"
}
denied='sallyport: denied rule='
refused "another directory" "$denied" big demo-web:other/
refused "login keys" "$denied" authorized_keys demo-web:.ssh/authorized_keys
refused "login keys, by the directory" "$denied" authorized_keys demo-web:.ssh
refused "login keys past dots" "$denied" authorized_keys demo-web:drop/../.ssh/
refused "a directory that is a link" "$denied" authorized_keys demo-web:drop/way/
refused "a file that is a link" "$denied" authorized_keys demo-web:drop/keys
refused "a tree with keys in it, into the home directory" "$denied" -r .ssh demo-web:
refused "cron" "$denied" big demo-web:/etc/cron.d/sallyport-test
refused "what is not to be read" 'rule=files.secret: Nobody reads it' demo-web:secret/f got
refused "through a link" 'rule=files.secret' demo-web:drop/peek/f got
refused "a pattern" 'rule=gate:transfer' 'demo-web:drop/*' "$d"
cp big setid && chmod 4755 setid
refused "set-user-ID" 'rule=gate:mode' -p setid demo-web:drop/
[ ! -e got ] && [ ! -e /etc/cron.d/sallyport-test ] || fail "something got through"

# One of several is refused: the others arrive.
mkdir mixed && cp big mixed/ && echo x >mixed/.bashrc && echo y >mixed/zz
if old -r mixed demo-web:drop/; then fail "a protected name was not refused"; fi
has "the client says which" '.*core.protected-paths.shell-rc' "$(cat err)"
is "of a tree only that file is missing" "big zz" "$(cd "$home/drop/mixed" && LC_ALL=C ls -A | xargs)"

# By hand: records that no client sends.
by_hand() { printf "$2" | timeout 20 ssh -F "$SALLYPORT_SSH_CONFIG" -o ControlPath="$sock" demo-web "$1" >out 2>err; }
for evil in 'C0644 3 ../other/x\nabc\0' 'C0644 3 /etc/x\nabc\0' 'C0644 3 ..\nabc\0' 'D0755 0 ..\n' 'E\n' 'C0644 -1 x\n' 'C0644 99999999999999999999 x\n' 'C99999 3 x\nabc\0' 'Z\n' '\0\0\0'; do
	by_hand "scp -r -t drop" "$evil"
	has "no record: $evil" 'broke the scp protocol' "$(cat err)"
done
by_hand "scp -t drop" 'D0755 0 sub\n'
has "a directory without -r" 'broke the scp protocol' "$(cat err)"
[ ! -e "$home/other/x" ] && [ ! -e /etc/x ] || fail "something got through"
for words in 'scp -t -S /bin/sh drop' 'scp -t drop other' 'scp -t -f drop' 'scp -t' 'scp -t drop; id' 'sudo scp -t drop' 'scp -t drop < /dev/null' 'X=1 scp -t drop' 'scp -o ProxyCommand=id -t drop'; do
	by_hand "$words" ''
	is "not the words of a transfer: $words" 126 $?
done

hex=${want%% *}
lines=$(audit_lines | jq -c 'select(.event == "file.done")')
is "what went up" "write 10000000 $hex 0" "$(jq -r --arg p "$home/drop/named" 'select(.path == $p and .op == "write") | "\(.op) \(.bytes_in) \(.sha256) \(.status)"' <<<"$lines" | head -n 1)"
is "what came down" "read 10000000 $hex 0" "$(jq -r --arg p "$home/drop/named" 'select(.path == $p and .op == "read") | "\(.op) \(.bytes_out) \(.sha256) \(.status)"' <<<"$lines" | head -n 1)"
has "every file of a tree" 'drop/new/deep/er/big' "$lines"
sp -o ControlPath="$sock" -O exit demo-web 2>/dev/null
exit 0

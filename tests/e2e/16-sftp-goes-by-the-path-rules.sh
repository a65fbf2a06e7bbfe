#!/bin/bash
# sftp and scp with OpenSSH's clients: content, resume, names, two thousand entries; every way around a path rule ends at "permission denied" with
# the file untouched; each file leaves a record with its size and SHA-256.
. "$(dirname "$0")/lib.sh"
in_demo --policy "$(dirname "$0")/policies/files.yaml"

home=$SALLYPORT_DEMO_DIR/home
d=$SALLYPORT_DEMO_DIR/here
mkdir "$d" "$home"/{drop,other,secret,release,.ssh} "$home/drop/many"
echo "ssh-ed25519 AAAA the only key" >"$home/.ssh/authorized_keys"
echo hidden >"$home/secret/f"
keys=$(sha256sum <"$home/.ssh/authorized_keys")
head -c 10000000 /dev/urandom >"$d/big"
want=$(sha256sum <"$d/big")
seq -f "$home/drop/many/entry-%.0f" 2000 | xargs touch
mkdir "$home/drop/some" && touch "$home/drop/some/file-"{1..100}
sock=$SALLYPORT_DEMO_DIR/mux # one connection for all, as agents that know better do
sp -o ControlMaster=yes -o ControlPath="$sock" -fN demo-web </dev/null >/dev/null 2>&1
wait_for 10 "the connection" test -S "$sock"
batch() { sftp -q -F "$SALLYPORT_SSH_CONFIG" -o ControlPath="$sock" -b - demo-web; }
cd "$d" || exit 1

batch >out 2>err <<-X || fail "sftp: $(cat err)"
	cd drop
	put big up
	get up down
	mkdir sub
	rename up sub/moved
	chmod 600 sub/moved
	ls -l sub
	ln -s sub/moved link
	get link through
	get -r some copied
	rm link
	df -h .
X
is "10 MB up" "$want" "$(sha256sum <"$home/drop/sub/moved")"
is "10 MB down" "$want" "$(sha256sum <down)"
is "through a link" "$want" "$(sha256sum <through)"
has "a listing" 'moved' "$(cat out)"
is "a directory of 100 files comes whole" 100 "$(ls copied | wc -l)"
is "2,000 entries are listed" 2000 "$(printf 'ls -1 drop/many\n' | batch 2>/dev/null | grep -c entry-)"

head -c 4000000 big >"$home/drop/part"
head -c 7000000 big >partial
batch >out 2>err <<-X || fail "resume: $(cat err)"
	cd drop
	reput big part
	reget sub/moved partial
X
is "an upload goes on where it ended" "$want" "$(sha256sum <"$home/drop/part")"
is "a download, too" "$want" "$(sha256sum <partial)"
printf 'cd drop\nrm sub/moved\nrmdir sub\nrm part\n' | batch >out 2>err || fail "removing: $(cat err)"
is "removed" "many some" "$(cd "$home/drop" && echo *)"

scp -q -F "$SALLYPORT_SSH_CONFIG" -pr copied demo-web:drop/again || fail "scp -r up"
scp -q -F "$SALLYPORT_SSH_CONFIG" big demo-web:drop/ && scp -q -F "$SALLYPORT_SSH_CONFIG" 'demo-web:drop/bi?' from-scp || fail "scp"
is "scp, up and down" "$want 100" "$(sha256sum <from-scp) $(ls "$home/drop/again" | wc -l)"

# What is not allowed stays as it is, whatever the way there.
touch "$home/other/f" "$home/drop/f"
ln -s "$home/.ssh" "$home/drop/way"
ln -s "$home/.ssh/authorized_keys" "$home/drop/keys"
ln -s "$home/.ssh/new" "$home/drop/new"
ln -s "$home/secret" "$home/drop/peek"
mkdir "$home/drop/dir"
tree() { (cd "$home" && find . -path ./drop/many -prune -o -path ./drop/again -prune -o -printf '%p %l %s %m\n' | sort; cat .ssh/*) | sha256sum; }
before=$(tree)
refused() { # WHAT SFTP-COMMAND
	if printf '%s\n' "$2" | batch >out 2>err; then fail "$1 was not refused"; fi
	grep -qE 'Permission denied|not found' err || fail "$1: $(cat err)"
	is "refused, and nothing changed: $1" "$before" "$(tree)"
}
refused "another directory" "put big other/f"
refused "login keys" "put big .ssh/authorized_keys"
refused "login keys by their whole path" "put big $home/.ssh/authorized_keys"
refused "login keys past dots" "put big drop/../.ssh/authorized_keys"
refused "a directory that is a link" "put big drop/way/authorized_keys"
refused "a file that is a link" "put big drop/keys"
refused "a link that leads nowhere yet" "put big drop/new"
refused "a link past dots" "put big drop/way/../.ssh/authorized_keys"
refused "cron" "put big /etc/cron.d/sallyport-test"
refused "renaming into place" "rename drop/f .ssh/authorized_keys2"
refused "renaming out of place" "rename .ssh/authorized_keys drop/stolen"
refused "renaming a directory into place" "rename drop/dir .ssh/x"
mkdir -p "$home/drop/dir/hooks"
before=$(tree)
refused "renaming a directory so that what is in it is protected" "rename drop/dir drop/.git"
refused "a hard link to what is protected" "ln .ssh/authorized_keys drop/hard"
refused "a hard link in a protected place" "ln drop/f .ssh/authorized_keys2"
refused "a symbolic link to what is protected" "ln -s $home/.ssh/authorized_keys drop/soft"
refused "a symbolic link that says it from where it lies" "ln -s ../.ssh/authorized_keys drop/soft"
refused "a symbolic link in a protected place" "ln -s ../drop/f .ssh/authorized_keys2"
refused "removing" "rm other/f"
refused "removing through a link" "rm drop/way/authorized_keys"
refused "removing a directory" "rmdir release"
refused "making a directory" "mkdir other/d"
refused "rights" "chmod 777 other/f"
refused "rights through a link" "chmod 777 drop/keys"
refused "set-user-ID" "chmod 4755 drop/f"
refused "reading what is denied" "get secret/f stolen"
refused "reading it through a link" "get drop/peek/f stolen"
[ ! -e stolen ] && [ ! -e /etc/cron.d/sallyport-test ] || fail "something got through"
has "with the rule's line on stderr" 'sallyport: denied rule=files.secret: Nobody reads it' "$(cat err)"
# What may be told from a name that is not to be read: nothing.
is "what is there and what is not look the same" "$(printf 'get secret/f x\n' | batch 2>&1 | sed 's/[^ ]*secret[^ ]*/F/' | sort)" \
	"$(printf 'get secret/no x\n' | batch 2>&1 | sed 's/[^ ]*secret[^ ]*/F/' | sort)"

# The records.
hex=${want%% *}
wait_for 5 "the records" eval "audit_lines | grep file.done | grep -q $hex"
lines=$(audit_lines | jq -c 'select(.event == "file.done")')
is "what went up" "write $home/drop/up 10000000 0" "$(jq -r 'select(.path | endswith("drop/up")) | select(.op == "write") | "\(.op) \(.path) \(.bytes_in) \(.status)"' <<<"$lines" | head -n 1)"
is "with its SHA-256" "$hex" "$(jq -r 'select(.path | endswith("drop/up")) | select(.op == "write") | .sha256' <<<"$lines" | head -n 1)"
is "what came down" "$hex" "$(jq -r 'select(.path | endswith("drop/up")) | select(.op == "read") | .sha256' <<<"$lines" | head -n 1)"
is "the rest of a resumed file, from where it began" "4000000 $(tail -c +4000001 big | sha256sum | cut -c1-64)" \
	"$(jq -r 'select(.path | endswith("drop/part")) | select(.offset != null) | "\(.offset) \(.sha256)"' <<<"$lines" | head -n 1)"
is "through a link: the path it leads to" "$home/drop/sub/moved" "$(jq -r 'select(.op == "read") | .path' <<<"$lines" | grep moved | head -n 1)"
has "a file of many" 'drop/some/file-99' "$lines"
denied=$(audit_lines | jq -c 'select(.event == "decision" and .kind == "file" and .verdict == "deny")')
has "each denial is a record with both paths" "drop/way/authorized_keys'; write '$home/.ssh/authorized_keys'" "$denied"
sp -o ControlPath="$sock" -O exit demo-web 2>/dev/null
exit 0

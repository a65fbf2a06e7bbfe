#!/bin/bash
# `sallyport vault`: what each verb promises, its exit codes, and that nothing secret is ever printed.
. "$(dirname "$0")/lib.sh"

[ -x "$SALLYPORT_BUILD/sallyport" ] || skip "sallyport is not built"
dir=$(mktemp -d "${TMPDIR:-/tmp}/vault-cli.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
sallyport() { "$SALLYPORT_BUILD/sallyport" "$@"; }
vault() { sallyport vault "$@" --store store --master-key master; }

# expect CODE WHAT STDERR-PATTERN COMMAND… (stdin is passed on)
expect() {
	local code=$1 what=$2 pattern=$3
	shift 3
	"$@" >out 2>err
	is "$what: exit code" "$code" $?
	has "$what: stderr" "$pattern" "$(cat err)"
}

expect 0 "init" '^$' vault init
first=$(vault list --json)
expect 0 "init again" '^$' vault init
is "init keeps what is there" "$first" "$(vault list --json)"
is "three keys" "audit.1 audit,target-ca target-ca,user-ca user-ca" \
	"$(jq -r '[.keys[] | "\(.name) \(.kind)"] | join(",")' <<<"$first")"
is "the store is its owner's" "700" "$(stat -c %a store)"
is "and so is each key" "600" "$(stat -c %a store/*.key | sort -u)"

# add
ssh-keygen -q -t ed25519 -N '' -C '' -f plain
ssh-keygen -q -t ed25519 -N secret -C '' -f locked
ssh-keygen -q -t rsa -b 2048 -N '' -C '' -f short
expect 0 "add" '^$' vault add web1 <plain
is "add prints the public line" "$(cut -d' ' -f1,2 plain.pub) web1" "$(cat out)"
cat >seed.py <<'END'
import base64, glob, sys
raw = base64.b64decode("".join(open("plain").read().split("\n")[1:-2]))
public = base64.b64decode(open("plain.pub").read().split()[1])[-32:]
at = raw.rindex(public)
seed = raw[at - 32:at]
text = b"".join(open(f, "rb").read() for f in glob.glob("store/*") + ["out", "err"])
sys.exit(0 if public in text and seed not in text and base64.b64encode(seed)[:40] not in text else 1)
END
/usr/bin/python3 seed.py || fail "the private key stands in the store or the output"
echo "ok: the public key stands in the store in the clear, the private one does not"
expect 1 "add of a name that is there" 'there is a key web1 already' vault add web1 <plain
expect 1 "add of an encrypted key" 'encrypted' vault add web2 <locked
expect 1 "add of a short RSA key" '3072' vault add web2 <short
expect 1 "add of nothing" 'no key' vault add web2 </dev/null
expect 1 "add of something else" 'no private key' vault add web2 </etc/passwd
expect 1 "add of a bad name" 'name is' vault add ../web2 <plain
expect 1 "add of a reserved name" 'cannot be called' vault add user-ca2 --kind user-ca --generate
expect 2 "add of an unknown kind" '--kind' vault add web2 --kind host --generate
expect 2 "add of an unknown type" '--type' vault add web2 --generate --type dsa
expect 2 "add without a name" 'usage' vault add
expect 2 "an unknown verb" 'usage' vault export web1
for t in ed25519 ecdsa rsa; do
	expect 0 "add --generate --type $t" '^$' vault add "made-$t" --generate --type $t
	ssh-keygen -l -f out >/dev/null || fail "ssh-keygen cannot read the line of made-$t"
done

# list, public
expect 0 "list" '^$' vault list
has "list has a heading" '^NAME +KIND +TYPE +FINGERPRINT +PUBKEY$' "$(head -n 1 out)"
is "list shows the fingerprint that ssh-keygen shows" "$(ssh-keygen -l -f plain.pub | cut -d' ' -f2)" \
	"$(awk '$1 == "web1" { print $4 }' out)"
is "list --json agrees" "$(awk '$1 == "web1" { print $2, $3, $4, $5, $6 }' out)" \
	"$(vault list --json | jq -r '.keys[] | select(.name == "web1") | "\(.kind) \(.type) \(.fingerprint) \(.public_key)"')"
expect 0 "public" '^$' vault public web1
expect 1 "public of an unknown key" 'there is no key' vault public web9

# rotate
expect 0 "rotate" '^$' vault rotate web1
[ "$(cut -d' ' -f2 out)" != "$(cut -d' ' -f2 plain.pub)" ] || fail "rotate made no new key"
is "the old key is kept" "$(cut -d' ' -f1,2 plain.pub) web1.previous" "$(vault public web1.previous)"
expect 1 "rotate during a rotation" 'finish it first' vault rotate web1
expect 1 "rotate of the old key" 'is an old key' vault rotate web1.previous
expect 0 "rotate --finish" '^$' vault rotate web1 --finish
expect 1 "rotate --finish without one" 'no rotation' vault rotate web1 --finish
expect 1 "rotate of the audit key" 'audit' vault rotate audit.1
expect 0 "rotate of the user CA" '^$' vault rotate user-ca
is "both CAs are listed until it is finished" "user-ca user-ca.previous" \
	"$(vault list --json | jq -r '[.keys[] | select(.kind == "user-ca") | .name] | join(" ")')"
# A rotation that was cut off after its first step goes on.
cp store/web1.key before
expect 0 "rotate" '^$' vault rotate web1
old=$(vault public web1.previous | cut -d' ' -f2)
cp before store/web1.key
expect 0 "rotate after a crash between its steps" '^$' vault rotate web1
is "still keeps the same old key" "$old" "$(vault public web1.previous | cut -d' ' -f2)"

# remove
expect 1 "remove of a CA" '--force' vault remove target-ca
expect 0 "remove" '^$' vault remove made-rsa
[ ! -e store/made-rsa.key ] || fail "the file is still there"
expect 1 "remove again" 'there is no key' vault remove made-rsa
expect 0 "remove --force" '^$' vault remove target-ca --force

# the master key
expect 0 "from a descriptor" '^$' sallyport vault list --store store --master-key-fd 7 7<master
expect 2 "from a descriptor that is not there" 'descriptor' sallyport vault list --store store --master-key-fd 99
mkdir credentials && cp master credentials/key && chmod 400 credentials/key
expect 0 "from a credential" '^$' env CREDENTIALS_DIRECTORY="$dir/credentials" "$SALLYPORT_BUILD/sallyport" vault list \
	--store store --credential key
expect 1 "from a credential where there are none" 'CREDENTIALS_DIRECTORY' sallyport vault list --store store --credential key
expect 2 "from two places" 'once' sallyport vault list --store store --master-key master --credential key
chmod 644 master
expect 1 "a master key that others can read" 'open to others' vault list
chmod 600 master
printf '%064d' 7 >wrong && chmod 600 wrong
expect 1 "a wrong master key" 'is this its master key' sallyport vault list --store store --master-key wrong
expect 1 "no master key" 'cannot open' sallyport vault list --store store --master-key nothing
chmod 770 store
expect 1 "a store that others can write" 'writable by nobody else' vault list
chmod 700 store

# one broken file does not hide the others
printf x >>store/web1.key
expect 1 "list with a broken file" 'web1.key: not a sealed key' vault list
has "lists the others" '^made-ecdsa ' "$(cat out)"

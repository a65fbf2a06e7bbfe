#!/bin/bash
# The vault logs in to a real sshd with a key and with a minted certificate, as the login that was granted, and signs for
# nothing else. OpenSSH's client is at the other end of the grant's socket, as a session worker would be.
. "$(dirname "$0")/lib.sh"

sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) || skip "no sshd here"
for p in sallyport sallyport-vault tests/e2e/vault_bridge; do
	[ -x "$SALLYPORT_BUILD/$p" ] || skip "$p is not built"
done
me=$(id -un)
case $(getent passwd "$me") in *nologin | *false) skip "$me has no login shell, so no sshd lets it in" ;; esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/vault-sshd.XXXXXX")
trap '[ -z "${daemon:-}" ] || kill "$daemon"; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir" || exit 1

vault() { "$SALLYPORT_BUILD/sallyport" vault "$@" --store "$dir/store" --master-key "$dir/master"; }

# A store with a key of each type, imported and generated.
vault init || fail "vault init"
is "the master key is for its owner only" 600 "$(stat -c %a master)"
ssh-keygen -q -t ed25519 -N '' -C '' -f k-ed
ssh-keygen -q -t ecdsa -b 256 -N '' -C '' -f k-ec
ssh-keygen -q -t rsa -b 3072 -N '' -C '' -f k-rsa
for t in ed ec rsa; do
	vault add "host-$t" <"k-$t" >"host-$t.pub" || fail "vault add host-$t"
	is "the line of host-$t is the key's own" "$(cut -d' ' -f1,2 "k-$t.pub")" "$(cut -d' ' -f1,2 "host-$t.pub")"
done
vault add made --generate >made.pub || fail "vault add --generate"
vault public target-ca >ca.pub || fail "vault public target-ca"

# The host: lets in these keys, and what the target CA certifies.
cat host-*.pub made.pub >authorized
ssh-keygen -q -t ed25519 -N '' -f host_key
port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >sshd_config <<END
ListenAddress 127.0.0.1:$port
HostKey $dir/host_key
PidFile none
AuthorizedKeysFile $dir/authorized
TrustedUserCAKeys $dir/ca.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
MaxAuthTries 20
END
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
"$sshd" -D -e -f sshd_config 2>sshd.log &
daemon=$!
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
wait_for 10 "sshd to listen" listens
echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 host_key.pub)" >known

# login GRANTED-LOGIN HOW NAME [MORE…] : logs in as $as (default: the granted login) and says hello.
as=$me
login() {
	"$SALLYPORT_BUILD/tests/e2e/vault_bridge" "$SALLYPORT_BUILD/sallyport-vault" "$dir/store" "$dir/master" "$@" -- \
		ssh -F none -o UserKnownHostsFile="$dir/known" -o StrictHostKeyChecking=yes -o BatchMode=yes \
		-o IdentityFile=none -o PreferredAuthentications=publickey -p "$port" "$as@127.0.0.1" echo hello 2>bridge.log
}

for t in ed ec rsa; do
	is "logs in with the key host-$t" hello "$(login "$me" key "host-$t")"
done
is "logs in with the key that the vault made" hello "$(login "$me" key made)"
has "the grant's answer is the key's line" "^granted: $(cut -d' ' -f1,2 made.pub | tr '+' .)" "$(cat bridge.log)"
is "logs in with a minted certificate" hello "$(login "$me" cert "$me")"
has "the host saw the certificate" "Accepted publickey for $me .*ED25519-CERT.*sallyport session=1 login=$me target=host" "$(cat sshd.log)"

# What is not granted is not signed, although the host would let it in.
refused() { # WHAT ARGS…
	local what=$1 said
	shift
	said=$(login "$@")
	[ $? -ne 0 ] && [ -z "$said" ] || fail "$what: the login worked"
	echo "ok: $what"
}
refused "a grant for another login signs nothing" nobody key made
has "and the vault said why" "refused to sign: the login is for another user than the grant's" "$(cat bridge.log)"
refused "a certificate for another principal does not let in" "$me" cert somebody
refused "a key the vault has not" "$me" key unknown
has "and the vault said why" "refused: the vault holds no target key unknown" "$(cat bridge.log)"
refused "the CA is no login key" "$me" key user-ca
grep -v ' made$' authorized >a2 && mv a2 authorized
refused "a key that the host does not know" "$me" key made

# Rotation: both keys log in until it is finished.
vault rotate host-ed >new.pub || fail "vault rotate"
is "during a rotation the old key still logs in" hello "$(login "$me" key host-ed)"
cat new.pub >>authorized
sed -i "\|$(cut -d' ' -f2 host-ed.pub)|d" authorized
is "and the new one does" hello "$(login "$me" key host-ed)"
vault rotate host-ed --finish >/dev/null || fail "vault rotate --finish"
is "the new one alone after it" hello "$(login "$me" key host-ed)"
cat host-ed.pub >authorized
refused "the old one is gone" "$me" key host-ed

# A changed store: the key that was touched is out, the others work.
cat made.pub host-ec.pub >authorized
vault add spare --generate >/dev/null
mv store/made.key store/spare.key
refused "a key file under another name does not open" "$me" key spare
has "and the vault said why" "spare.key: sealed under another name" "$(cat bridge.log)"
is "while the others log in" hello "$(login "$me" key host-ec)"

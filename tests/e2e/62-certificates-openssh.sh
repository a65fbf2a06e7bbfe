#!/bin/bash
# OpenSSH reads our certificates and its sshd logs them in; certificates made by ssh-keygen, good and bad, are judged here as
# OpenSSH's own cert-userkey.sh judges them, and stricter where this design says so.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${SALLYPORT_BUILD:-$here/../../build}
tool=$build/tests/e2e/identity_tool
[ -x "$tool" ] || { echo "tests/e2e/identity_tool is not built (cmocka is missing)"; exit 77; }
sshd=$(command -v sshd || echo /usr/sbin/sshd)
[ -x "$sshd" ] || { echo "sshd is not installed"; exit 77; }
work=$(mktemp -d)
chmod 700 "$work"
trap '[ ! -s "$work/sshd.pid" ] || kill "$(cat "$work/sshd.pid")"; rm -rf "$work"' EXIT
cd "$work"
fail() { echo "FAILED: $*"; exit 1; }
now=$(date +%s)
me=$(id -un)
id='{"issuer":"idp","iss":"https://idp.example.com","subject":"agent-7","groups":[],"exp":1800000000}'

openssl genpkey -algorithm ed25519 -out ca-ed25519.pem 2>/dev/null
for curve in 256 384 521; do
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-$curve -out ca-ecdsa$curve.pem 2>/dev/null
done
ssh-keygen -q -t ed25519 -N '' -f ca -C ca
ssh-keygen -q -t ed25519 -N '' -f host -C host
ssh-keygen -q -t ed25519 -N '' -f user-ed25519 -C u
ssh-keygen -q -t ecdsa -b 256 -N '' -f user-ecdsa256 -C u
ssh-keygen -q -t ecdsa -b 384 -N '' -f user-ecdsa384 -C u
ssh-keygen -q -t ecdsa -b 521 -N '' -f user-ecdsa521 -C u
ssh-keygen -q -t rsa -b 2048 -N '' -f user-rsa -C u

echo "== a private sshd that trusts our CAs"
for ca in ed25519 ecdsa256 ecdsa384 ecdsa521; do
	# The CA's public line comes out of a certificate of its own making, so that it is ssh-keygen that reads our blob.
	"$tool" cert ca-$ca.pem user-ed25519.pub x $((now - 60)) $((now + 600)) >probe.pub
	ssh-keygen -Lf probe.pub | sed -n 's/.*Signing CA: [^ ]* \(SHA256:[^ ]*\).*/\1/p' >ca-$ca.fp
	[ -s ca-$ca.fp ] || fail "ssh-keygen -L does not read the CA $ca"
	openssl pkey -in ca-$ca.pem -pubout -out ca-$ca.pub.pem
	case $ca in
	ed25519) { printf '\0\0\0\013ssh-ed25519\0\0\0\040'; openssl pkey -in ca-$ca.pem -pubout -outform DER | tail -c 32; } |
		base64 -w0 | sed 's/^/ssh-ed25519 /' >ca-$ca.pub ;;
	*) ssh-keygen -i -m PKCS8 -f ca-$ca.pub.pem >ca-$ca.pub ;;
	esac
	[ "$(ssh-keygen -lf ca-$ca.pub | cut -d' ' -f2)" = "$(cat ca-$ca.fp)" ] || fail "the CA key in the certificate is not $ca's"
done
cat ca-*.pub >trusted
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$tool" host ca-ed25519.pem host.pub bastion.test $((now - 60)) $((now + 600)) >host-cert.pub
mkdir -p principals
echo agent-principal >"principals/$me"
cat >sshd_config <<END
Port $port
ListenAddress 127.0.0.1
HostKey $work/host
HostCertificate $work/host-cert.pub
TrustedUserCAKeys $work/trusted
AuthorizedPrincipalsFile $work/principals/%u
AuthorizedKeysFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
PidFile $work/sshd.pid
END
mkdir -p /run/sshd 2>/dev/null || true
"$sshd" -f sshd_config -E sshd.log
for i in $(seq 50); do [ -s sshd.pid ] && break; sleep 0.1; done
echo "@cert-authority bastion.test $(cat ca-ed25519.pub)" >known_hosts
login() { # KEY: logs in with KEY and KEY-cert.pub, the host known by its certificate only
	ssh -F none -p "$port" -i "$1" -o CertificateFile="$1-cert.pub" -o IdentitiesOnly=yes -o BatchMode=yes \
		-o UserKnownHostsFile="$work/known_hosts" -o GlobalKnownHostsFile=/dev/null -o HostKeyAlias=bastion.test \
		-o StrictHostKeyChecking=yes "$me@127.0.0.1" 'echo in' 2>>ssh.log
}

echo "== ours are read and log in: 5 user keys under 4 CAs"
for ca in ed25519 ecdsa256 ecdsa384 ecdsa521; do
	for user in ed25519 ecdsa256 ecdsa384 ecdsa521 rsa; do
		"$tool" cert ca-$ca.pem user-$user.pub agent-principal $((now - 60)) $((now + 600)) 4 "$id" >user-$user-cert.pub
		ssh-keygen -Lf user-$user-cert.pub >listing || fail "ssh-keygen -L: $user under $ca"
		grep -q 'Key ID: "idp:agent-7"' listing && grep -q 'Serial: 7' listing && grep -q 'agent-principal' listing &&
			grep -q 'permit-pty' listing && grep -q 'identity@sallyport' listing || { cat listing; fail "listing"; }
		out=$(login user-$user) || { cat sshd.log ssh.log; fail "$user under $ca does not log in"; }
		[ "$out" = in ] || fail "$user under $ca"
		[ "$("$tool" check ca-$ca.pub user-$user-cert.pub agent-principal 127.0.0.1)" = "ok $id" ] || fail "our own check"
	done
done
"$tool" cert ca-ed25519.pem user-ed25519.pub another $((now - 60)) $((now + 600)) >user-ed25519-cert.pub
! login user-ed25519 >/dev/null || fail "another principal logs in"
"$tool" cert ca-ed25519.pem user-ed25519.pub agent-principal $((now - 600)) $((now - 1)) >user-ed25519-cert.pub
! login user-ed25519 >/dev/null || fail "an expired certificate logs in"

echo "== certificates made by ssh-keygen, judged here"
judge() { # WANTED CA KEYGEN-ARGUMENTS…
	local wanted=$1 ca=$2 got
	shift 2
	cp user-ed25519.pub subject.pub
	ssh-keygen -q -s "$ca" -I keyid "$@" subject.pub 2>keygen.log || { cat keygen.log; fail "ssh-keygen $*"; }
	got=$("$tool" check "$ca.pub" subject-cert.pub agent 192.0.2.9) || true
	case $got in "$wanted"*) echo "ok  ${*}: $got" ;; *) fail "$*: '$got', not '$wanted…'" ;; esac
}
judge "ok" ca -n agent
judge "ok" ca -n agent -V -1m:+5m -z 99
judge "ok" ca -n agent -V always:forever
judge "ok" ca -n agent -O source-address=192.0.2.0/24
judge "ok" ca -n agent -O clear
judge "ok" ca -n agent -O extension:x@example.com=y
judge "refused: refused" ca -n agent -O source-address=10.0.0.0/8
judge "refused: refused" ca -n agent -O force-command=true
judge "refused: refused" ca -n agent -O critical:x@example.com=y
judge "refused: refused" ca -n agent -O verify-required
judge "refused: refused" ca -n other
judge "refused: refused" ca -n agent,other
judge "refused: refused" ca -n '*'
judge "refused: refused" ca
judge "refused: refused" ca -h -n agent
judge "refused: expired" ca -n agent -V 20200101:20200102
judge "refused: expired" ca -n agent -V +1h:+2h
ssh-keygen -q -t rsa -b 2048 -N '' -f ca-rsa -C ca
for alg in ssh-rsa rsa-sha2-256 rsa-sha2-512; do
	judge "refused: refused" ca-rsa -n agent -t $alg
done
for bits in 256 384 521; do
	ssh-keygen -q -t ecdsa -b $bits -N '' -f ca-e$bits -C ca
	judge "ok" ca-e$bits -n agent
done
cp user-ed25519.pub subject.pub
ssh-keygen -q -s ca-e384 -I k -n agent subject.pub
got=$("$tool" check ca-e256.pub subject-cert.pub agent 192.0.2.9) || true
case $got in "refused: refused"*) ;; *) fail "p384 signs, p256 is listed: $got" ;; esac
echo "all of it holds"

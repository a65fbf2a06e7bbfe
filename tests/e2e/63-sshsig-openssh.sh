#!/bin/bash
# `ssh-keygen -Y` verifies our signatures of files, and we verify its.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${SALLYPORT_BUILD:-$here/../../build}
tool=$build/tests/e2e/identity_tool
[ -x "$tool" ] || { echo "tests/e2e/identity_tool is not built (cmocka is missing)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail() { echo "FAILED: $*"; exit 1; }
echo "size 7, root 9" >message
echo "size 8, root 9" >changed

echo "== ours, verified by ssh-keygen"
for curve in ed25519 256 384 521; do
	case $curve in
	ed25519) openssl genpkey -algorithm ed25519 -out k.pem 2>/dev/null ;;
	*) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-$curve -out k.pem 2>/dev/null ;;
	esac
	"$tool" sign k.pem sallyport-checkpoint message >ours.sig
	ssh-keygen -Y check-novalidate -n sallyport-checkpoint -s ours.sig <message >/dev/null || fail "$curve"
	! ssh-keygen -Y check-novalidate -n sallyport-checkpoint -s ours.sig <changed >/dev/null 2>&1 || fail "$curve, changed"
	! ssh-keygen -Y check-novalidate -n file -s ours.sig <message >/dev/null 2>&1 || fail "$curve, namespace"
done

echo "== ssh-keygen's, verified by us, against the same allowed_signers"
for type in ed25519 ecdsa rsa; do
	rm -f id id.pub message.sig
	ssh-keygen -q -t $type -N '' -f id -C op
	for hash in sha512 sha256; do
		rm -f message.sig
		ssh-keygen -q -Y sign -f id -n approval@sallyport -O hashalg=$hash message 2>/dev/null
		echo "op@example.com namespaces=\"approval@sallyport\" $(cat id.pub)" >allowed
		ssh-keygen -Y verify -f allowed -I op@example.com -n approval@sallyport -s message.sig <message >/dev/null || fail "ssh-keygen itself"
		[ "$("$tool" verify allowed approval@sallyport op@example.com message.sig message)" = "ok op@example.com" ] || fail "$type $hash"
		! "$tool" verify allowed approval@sallyport op@example.com message.sig changed >/dev/null || fail "$type, changed"
		! "$tool" verify allowed approval@sallyport eve@example.com message.sig message >/dev/null || fail "$type, another"
		! "$tool" verify allowed file op@example.com message.sig message >/dev/null || fail "$type, namespace"
		echo "op@example.com namespaces=\"file\" $(cat id.pub)" >allowed
		! "$tool" verify allowed approval@sallyport op@example.com message.sig message >/dev/null || fail "$type, not allowed"
	done
done
echo "all of it holds"

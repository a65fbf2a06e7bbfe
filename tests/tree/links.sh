#!/bin/sh
# The link list is the attack surface: each program needs exactly the libraries that its room is allowed (docs/design.md, section 3).
# Looks at NEEDED entries, which is what we link, not at what those libraries drag in.
set -eu
bad=0

allowed() {
	case $1 in
	sallyportd) echo "libyaml-0" ;;
	sallyport-vault) echo "libcrypto" ;;
	sallyport-control) echo "libcrypto libssl libjansson libjwt libcurl libsqlite3 libmicrohttpd libgnutls libyaml-0 libpcre2-8" ;;
	sallyport-session) echo "libssh libcrypto libpcre2-8 libyaml-0" ;;
	sallyport-recorder) echo "libz libisal libcrypto" ;;
	sallyport) echo "libcrypto libjansson libjwt libz libyaml-0 libpcre2-8" ;;
	esac
}

needed() { objdump -p "$1" | sed -n 's/^ *NEEDED *\(.*\)\.so.*/\1/p' | grep -vE '^(libc|libm|ld-linux.*|libseccomp|libasan|libubsan|libgcc_s|libpthread)$' || true; }

check() { # PROGRAM NAME
	for lib in $(needed "$1"); do
		case " $(allowed "$2") " in
		*" $lib "*) ;;
		*) echo "$2 links $lib: it may link only: $(allowed "$2")"; return 1 ;;
		esac
	done
}

for p in sallyportd sallyport-vault sallyport-control sallyport-session sallyport-recorder sallyport; do
	[ -x "./$p" ] || { echo "$p is not built"; bad=1; continue; }
	check "./$p" $p || bad=1
done
# The test tests itself: what control links is more than the vault may.
if check ./sallyport-control sallyport-vault >/dev/null; then echo "a forbidden library was not noticed"; bad=1; fi
exit $bad

#!/bin/sh
# Many bytes each way arrive as they left, also across key exchanges of either side, and a slow reader does not fill the worker's memory.
. "${srcdir:-.}/tests/server/lib.sh"
TARGET_OPTIONS="RekeyLimit 3M" start_target
start_bastion </dev/null
head -c 104857600 /dev/urandom >"$T/big"
head -c 20971520 "$T/big" >"$T/medium"
want=$(sha256sum <"$T/big")
medium=$(sha256sum <"$T/medium")

check "100 MiB from the target" same "$(b "cat $T/big" | sha256sum)" "$want"
check "100 MiB to the target" same "$(b sha256sum <"$T/big")" "$want"
check "20 MiB both ways at once" same "$(b cat <"$T/medium" | sha256sum)" "$medium"
check "20 MiB on stderr" same "$(b "cat $T/medium >&2" 2>&1 >/dev/null | sha256sum)" "$medium"
for limit in 128K 1M; do
	check "key exchange by the agent each $limit, both ways" same "$(b -o RekeyLimit=$limit cat <"$T/medium" | sha256sum)" "$medium"
done
check "each cipher and MAC" sh -c "for c in aes128-gcm@openssh.com aes256-gcm@openssh.com aes128-ctr aes256-ctr chacha20-poly1305@openssh.com; do
	[ \"\$(ssh -F $T/ssh_config -c \$c b cat <$T/medium | sha256sum)\" = '$medium' ] || exit 1; done"

# A reader that takes nothing: what waits must stay on the target's side.
b "cat $T/big" | { sleep 2; ps -o rss= -C sallyport-session | sort -n | tail -1 >"$T/rss"; sha256sum; } >"$T/slow"
check "a slow reader loses nothing" same "$(cat "$T/slow")" "$want"
rss=$(cat "$T/rss")
say "     worker of a stalled reader: $rss KiB resident"
check "a slow reader costs less than 24 MiB" costs_less "$rss" 24576
# One that takes little at a time, which makes libssh grant whole windows again.
b "cat $T/medium" | python3 -c '
import os, sys, time, hashlib
h = hashlib.sha256(); n = 0; most = 0
while True:
    d = os.read(0, 32768)
    if not d: break
    h.update(d); n += len(d)
    if n < 8 << 20: time.sleep(0.004)
print(h.hexdigest() + "  -")' >"$T/slow" &
slow=$!
most=0
while kill -0 $slow 2>/dev/null; do
	rss=$(ps -o rss= -C sallyport-session | sort -n | tail -1)
	[ "${rss:-0}" -gt $most ] && most=$rss
	sleep 0.05
done
check "a trickling reader loses nothing" same "$(cat "$T/slow")" "$medium"
say "     worker of a trickling reader: $most KiB resident at most"
check "a trickling reader costs less than 24 MiB" costs_less "$most" 24576

# Now the bastion begins, towards both: in the middle of bytes each way, also where the agent or the target begins at the same moment, and without any.
kill $DAEMON
wait $DAEMON 2>/dev/null || true
FIXTURE_REKEY_BYTES=1048576 FIXTURE_REKEY_SECONDS=3 start_bastion </dev/null
began() { # FILE: how often the other side sent its KEXINIT first, after the first keys
	awk '/SSH2_MSG_KEXINIT received/ { n += !mine; mine = 0 } /SSH2_MSG_KEXINIT sent/ { mine = 1 } /SSH2_MSG_NEWKEYS received/ { mine = 0 } END { print n + 0 }' "$1"
}
check "key exchange by the bastion, down" same "$(b -v "cat $T/medium" 2>"$T/v" | sha256sum)" "$medium"
check "begun by it $(began "$T/v") times" [ "$(began "$T/v")" -ge 10 ]
check "up" same "$(b -v sha256sum <"$T/medium" 2>"$T/v")" "$medium"
check "begun by it $(began "$T/v") times" [ "$(began "$T/v")" -ge 10 ]
check "by the agent, too, both ways" same "$(b -o RekeyLimit=900K cat <"$T/medium" | sha256sum)" "$medium"
check "nothing comes or goes for 7 s" same "$(b -v "sleep 7; echo still there" 2>"$T/v")" "still there"
check "begun by it $(began "$T/v") times" [ "$(began "$T/v")" -ge 2 ]
[ $fails -eq 0 ]

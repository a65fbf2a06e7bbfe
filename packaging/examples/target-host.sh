#!/bin/sh
# On a target host, once, as root: lets the bastion log in as one account with certificates of the target CA, minutes long each.
#   sallyport vault public target-ca          (on the bastion) prints the line that TARGET_CA takes
#   TARGET_CA='ssh-ed25519 AAAA…' ACCOUNT=deploy sh target-host.sh
# Prints the host key lines for `host_keys` of the bastion's configuration: read them here, on the host, not over the network.
set -eu
: "${TARGET_CA:?the target CA as a public line}" "${ACCOUNT:?the account that the bastion logs in as}"
dir=${SSHD_DIR:-/etc/ssh}
case $TARGET_CA in ssh-ed25519\ * | ecdsa-sha2-*\ * | ssh-rsa\ *) ;; *) echo "TARGET_CA is not a public key line" >&2; exit 1 ;; esac
mkdir -p "$dir/sshd_config.d" "$dir/sallyport-principals"
printf '%s\n' "$TARGET_CA" >"$dir/sallyport-target-ca.pub"
printf '%s\n' "$ACCOUNT" >"$dir/sallyport-principals/$ACCOUNT"
cat >"$dir/sshd_config.d/50-sallyport.conf" <<CONF
TrustedUserCAKeys $dir/sallyport-target-ca.pub
AuthorizedPrincipalsFile $dir/sallyport-principals/%u
Match User $ACCOUNT
	AllowTcpForwarding no
	X11Forwarding no
	PermitTunnel no
CONF
echo "check with: sshd -t && systemctl reload ssh"
for k in "$dir"/ssh_host_ed25519_key.pub; do
	[ -e "$k" ] && printf 'host_keys: ["%s"]\n' "$(cut -d ' ' -f 1,2 "$k")"
done

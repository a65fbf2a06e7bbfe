/* SSHSIG: OpenSSH's detached signatures (PROTOCOL.sshsig), as `ssh-keygen -Y sign` makes and `-Y verify` checks them; and the
 * allowed_signers file (ssh-keygen(1), ALLOWED SIGNERS) that says whose keys count. Pure. */
#ifndef AUDIT_SSHSIG_H
#define AUDIT_SSHSIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define SSHSIG_MAX (64 * 1024) /* bytes of a signature, armoured or not */

/* The fields of a binary SSHSIG; views point into it. */
struct sshsig {
	struct view key;       /* public key blob */
	struct view space;     /* namespace */
	struct view hash;      /* "sha256" or "sha512" */
	struct view signature; /* signature blob */
};

int sshsig_parse(struct view blob, struct sshsig *out, struct why *w);

/* Between the binary form and "-----BEGIN SSH SIGNATURE-----" text; appended to out. ERR_OK, ERR_MALFORMED, ERR_LIMIT. */
int sshsig_armor(struct view blob, struct buf *out);
int sshsig_dearmor(struct view text, struct buf *out);

/* Whether the signature (binary or armoured) is one over the message in the namespace, made by the key that it carries: Ed25519,
 * ECDSA P-256/384/521, RSA (≥ 2048 bits, SHA-2), and the FIDO kinds of the first two. The key's blob is appended to *key: that
 * it is a key to be believed is the caller's to find out. ERR_OK, ERR_SIGNATURE, ERR_MALFORMED, ERR_UNSUPPORTED, ERR_CRYPTO. */
int sshsig_verify(struct view sig, const char *space, struct view message, struct buf *key, struct why *w);

/* Reads "TYPE BASE64 [comment]" into a key blob, appended. ERR_OK or ERR_MALFORMED. */
int sshsig_key_line(struct view line, struct buf *blob);

/* "SHA256:…" as ssh-keygen -l prints it. out has room for 52 bytes. */
int sshsig_fingerprint(struct view key, char out[52]);

/* Looks a key up in the text of an allowed_signers file. space must be allowed by the line's namespaces option (if any), and
 * at_s (Unix seconds; 0: not checked) lie within valid-after and valid-before. cert-authority lines are passed over. The first
 * principals field that fits is appended to principals (may be NULL). ERR_OK or ERR_NOTFOUND. */
int allowed_signers_find(struct view file, struct view key, const char *space, uint64_t at_s, struct buf *principals);

#endif

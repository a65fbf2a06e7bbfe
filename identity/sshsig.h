/* SSH signatures of files (OpenSSH's PROTOCOL.sshsig) as `ssh-keygen -Y sign` makes and `-Y verify` checks them: for people's signed
 * approvals, and for checkpoints of the audit log. Plain keys only; a namespace always. */
#ifndef IDENTITY_SSHSIG_H
#define IDENTITY_SSHSIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "identity/sshkey.h"

enum {
	SSHSIG_NAMESPACE_MAX = 128, /* bytes, printable ASCII without a blank */
	SSHSIG_TEXT_MAX = 16384,    /* bytes of the armored form */
	SSHSIG_ALLOWED_MAX = 1 << 20 /* bytes of an allowed_signers file */
};

enum sshsig_hash { SSHSIG_SHA512, SSHSIG_SHA256 };

/* Appends the bytes that a key signs for this message in this namespace. */
int sshsig_tbs(const char *ns, enum sshsig_hash hash, struct view message, struct buf *out);

/* Appends the armored signature: public key blob, namespace, digest, and the key's SSH signature blob over sshsig_tbs(). */
int sshsig_armor(struct view key, const char *ns, enum sshsig_hash hash, struct view signature, struct buf *out);

/* A signature as read. The views point into raw. */
struct sshsig {
	struct buf raw;
	struct sshkey key;
	struct view ns;
	enum sshsig_hash hash;
	struct view signature;
};

/* Reads an armored signature, nothing before or behind it but blank lines. On failure *out is empty. */
int sshsig_parse(const char *text, size_t n, struct sshsig *out, struct why *why);
void sshsig_free(struct sshsig *sig);

/* Whether the signature is one of this message in exactly this namespace. Says nothing about whose the key is. */
int sshsig_verify(const struct sshsig *sig, const char *ns, struct view message, struct why *why);

/* Finds for whom the key may sign: the first line of an allowed_signers text (ssh-keygen(1), ALLOWED SIGNERS) that holds this
 * plain key, admits the namespace, and is valid at now. With a principal, its patterns must match it; with NULL, *principals is
 * the line's pattern list (free() it), and may be NULL too. Lines with cert-authority, an unknown option, or a time that does not
 * end in Z are passed over: half understood is not understood. ERR_NOTFOUND when no line fits. */
int sshsig_allowed(const char *allowed, size_t n, struct view key, const char *ns, const char *principal, int64_t now,
	char **principals, struct why *why);

#endif

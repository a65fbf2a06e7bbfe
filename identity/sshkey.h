/* SSH public keys and signatures as bytes of the wire: RFC 4253 section 6.6 (RSA), RFC 5656 (ECDSA), RFC 8709 (Ed25519),
 * RFC 8332 (rsa-sha2-*). Plain keys only; a certificate blob is refused here and read by sshcert.h. */
#ifndef IDENTITY_SSHKEY_H
#define IDENTITY_SSHKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "identity/pkey.h"

enum {
	SSHKEY_LINE_MAX = 16384, /* bytes of a public key line */
	SSHKEY_BLOB_MAX = 12288, /* bytes of a decoded key or certificate */
	SSHKEY_FINGERPRINT = 51  /* "SHA256:" and 43 characters, with the NUL */
};

/* A checked plain key. The views point into the blob that was parsed, which must live as long. */
struct sshkey {
	enum pkey_kind kind;
	const char *name; /* "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"…; static */
	struct view blob; /* the whole, byte for byte */
	struct view body; /* what follows the name: what a certificate repeats */
	struct view pk;   /* Ed25519: 32 bytes; ECDSA: the point */
	struct view e, n; /* RSA: magnitudes without a leading zero */
};

/* The SSH name of a kind of key; never NULL. */
const char *sshkey_name(enum pkey_kind kind);

/* The kind of an SSH key name, as an enum pkey_kind, or ERR_UNSUPPORTED. */
int sshkey_kind(struct view name);

/* Reads a plain key blob to its last byte. ERR_MALFORMED, ERR_UNSUPPORTED (type), ERR_LIMIT (size; RSA outside 2048 to
 * 8192 bits, told from the length before any arithmetic). Does no cryptography: whether a point lies on its curve shows
 * in sshkey_verify(). */
int sshkey_parse(struct view blob, struct sshkey *out, struct why *why);

/* Reads the fields of a key of this kind from the front of v: everything that follows the name in a key blob, or the
 * nonce in a certificate. Fills out but for blob. */
int sshkey_read_body(enum pkey_kind kind, struct view *v, struct sshkey *out, struct why *why);

/* Whether the key's numbers are a key at all (point on the curve, modulus odd); costs a curve check. */
int sshkey_sound(const struct sshkey *key, struct why *why);

/* Verifies an SSH signature blob (string algorithm, string signature) over data. The algorithm must be the key's own:
 * ssh-ed25519, ecdsa-sha2-nistp*, and for RSA rsa-sha2-256 or rsa-sha2-512; never ssh-rsa (SHA-1). */
int sshkey_verify(const struct sshkey *key, struct view sig, struct view data, struct why *why);

/* Reads one public key line, "TYPE BASE64[ COMMENT]" with at most one line break at its end. Options before the type, a
 * second line, control bytes, more than SSHKEY_LINE_MAX bytes, and a type that differs from the blob's refuse. The
 * decoded bytes are appended to blob (plain key or certificate; not parsed further than its name), the comment
 * (possibly empty, NUL-terminated, free() it) goes to *comment; comment may be NULL. */
int sshkey_parse_line(const char *line, size_t n, struct buf *blob, char **comment, struct why *why);

/* Appends "TYPE BASE64[ COMMENT]" without a line break; the type is taken from the blob. */
int sshkey_format_line(struct view blob, const char *comment, struct buf *out);

/* "SHA256:…" of a blob, as ssh-keygen -l prints it. */
void sshkey_fingerprint(struct view blob, char out[SSHKEY_FINGERPRINT]);

#endif

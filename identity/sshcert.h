/* OpenSSH certificates, version 01 (OpenSSH's PROTOCOL.certkeys): build, parse, check.
 *
 * Building is in two steps, because the CA key lives in another process: sshcert_tbs() makes the bytes to be signed, and
 * sshcert_finish() puts the signature behind them. Checking is all that libssh leaves out: CA, type, principal, validity,
 * critical options, revocation. Times are Unix seconds. */
#ifndef IDENTITY_SSHCERT_H
#define IDENTITY_SSHCERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "identity/cidr.h"
#include "identity/sshkey.h"

enum {
	SSHCERT_USER = 1,
	SSHCERT_HOST = 2,
	SSHCERT_NONCE = 32,         /* bytes */
	SSHCERT_PRINCIPAL_MAX = 64, /* bytes */
	SSHCERT_KEY_ID_MAX = 512,   /* bytes */
	SSHCERT_OPTIONS_MAX = 32,   /* options of one kind that a certificate may carry */
	SSHCERT_IDENTITY_MAX = 8192 /* bytes of the identity text */
};

/* Extensions that a certificate may grant at a target's sshd. The bastion's own login needs none of them. */
enum sshcert_permit {
	SSHCERT_AGENT_FORWARDING = 1 << 0,
	SSHCERT_PORT_FORWARDING = 1 << 1,
	SSHCERT_PTY = 1 << 2,
	SSHCERT_USER_RC = 1 << 3,
	SSHCERT_X11_FORWARDING = 1 << 4
};

/* The extension that carries the identity's canonical text (identity.h). */
#define SSHCERT_IDENTITY "identity@sallyport"

/* What a certificate is to say. Nothing is owned. */
struct sshcert_params {
	uint32_t type;               /* SSHCERT_USER or SSHCERT_HOST */
	uint64_t serial;
	const char *key_id;          /* 1 to SSHCERT_KEY_ID_MAX printable ASCII bytes */
	const char *const *principals;
	size_t n_principals;         /* user: exactly one; host: 1 to 16 names */
	int64_t valid_after, valid_before; /* first second valid, first second not */
	const char *force_command;   /* NULL: none */
	const char *source_address;  /* CIDR list; NULL: none */
	unsigned permits;            /* enum sshcert_permit */
	const char *identity;        /* text for SSHCERT_IDENTITY; NULL: none */
	uint8_t nonce[SSHCERT_NONCE];/* random, chosen by whoever builds: nothing here draws random numbers */
};

/* A principal is 1 to SSHCERT_PRINCIPAL_MAX bytes of [a-z0-9._-]: a comma would be two for somebody else. */
bool sshcert_principal_ok(struct view name);

/* When a certificate begins and ends: from a minute ago, for clocks that are behind, to the earliest of the token's end
 * and now + max seconds. ERR_EXPIRED when nothing would be left of it. */
int sshcert_window(int64_t now, int64_t token_exp, int64_t max, int64_t *valid_after, int64_t *valid_before);

/* Appends the bytes to be signed for the subject key (plain, any type of sshkey.h) under the CA key (plain Ed25519 or
 * ECDSA). ERR_REFUSED says what a certificate of ours may not say. */
int sshcert_tbs(const struct sshcert_params *p, struct view subject_key, struct view ca_key, struct buf *out,
	struct why *why);

/* Puts the signature blob (string algorithm, string signature) behind the bytes and appends the certificate's blob to
 * out. The signature is verified first: what leaves is a certificate or nothing. */
int sshcert_finish(struct view tbs, struct view signature, struct buf *out, struct why *why);

/* The certificate as parsed. The views point into the blob, which must live as long. */
struct sshcert {
	struct view blob;
	struct sshkey key;      /* the subject's; key.blob is empty (sshcert_plain_key() makes it) */
	struct view nonce;
	uint64_t serial;
	uint32_t type;
	struct view key_id;
	struct view principals; /* packed strings */
	size_t n_principals;
	struct view principal;  /* the first; empty when there is none */
	uint64_t valid_after, valid_before;
	struct view ca_key;
	struct view signature;
	struct view signed_part; /* everything before the signature */
	bool has_force_command, has_source_address;
	struct view force_command, source_address;
	bool unknown_critical;  /* an option that this program does not know */
	unsigned permits;
	struct view identity;   /* text of SSHCERT_IDENTITY; empty when absent */
};

/* Whether a key blob's type is one of the certificate types that are read here. */
bool sshcert_is(struct view blob);

/* Reads a certificate to its last byte: form only, nothing is verified. ERR_MALFORMED for anything that
 * PROTOCOL.certkeys does not say, options out of order or twice among it. */
int sshcert_parse(struct view blob, struct sshcert *out, struct why *why);

/* What a certificate is held against. */
struct sshcert_rules {
	const struct view *cas; /* plain CA key blobs */
	size_t n_cas;
	uint32_t type;          /* SSHCERT_USER, mostly */
	int64_t now;
	const char *principal;  /* the one that it must name; NULL: any that is well-formed. A host's may name others beside it */
	struct addr source;     /* where the client connects from; source.known false fails source-address */
	bool report_force_command; /* false: a certificate with force-command is refused. true: the caller enforces it */
	bool (*revoked)(void *arg, uint64_t serial); /* NULL: nothing is revoked */
	void *arg;
};

/* ERR_OK only for a certificate that is signed by one of the plain CA keys (byte-equal) with that key's own algorithm, is of
 * the type, names exactly one permitted principal, is valid now, is not revoked, and has no critical option that is
 * unknown or not met. ERR_SIGNATURE, ERR_EXPIRED, or ERR_REFUSED otherwise. */
int sshcert_check(const struct sshcert *c, const struct sshcert_rules *rules, struct why *why);

/* Appends the plain public key blob of the subject. */
int sshcert_plain_key(const struct sshcert *c, struct buf *out);

#endif

/* The bytes of an OpenSSH user certificate before it is signed (PROTOCOL.certkeys), parsed whole by the process that signs
 * them, and the rules by which it signs. Pure. A second reading, on purpose not the one that control builds with. */
#ifndef VAULT_CERTTBS_H
#define VAULT_CERTTBS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	CERTTBS_MAX = 32 * 1024,     /* bytes */
	CERTTBS_PRINCIPAL_MAX = 64,  /* bytes */
	CERTTBS_KEY_ID_MAX = 512,    /* bytes */
	CERTTBS_OPTIONS_MAX = 32,    /* options of one kind */
	CERTTBS_USER = 1,            /* the type field of a user certificate */
	CERTTBS_SKEW = 60            /* seconds that a start may lie before or after now, and an end past the maximum */
};

/* Views point into the bytes that were parsed. */
struct certtbs {
	struct view algorithm;  /* "ssh-ed25519-cert-v01@openssh.com"… */
	struct view nonce;
	uint64_t serial;
	uint32_t type;
	struct view key_id;
	struct view principal;  /* the first one */
	unsigned n_principals;
	uint64_t valid_after, valid_before; /* Unix seconds; the second is the first moment it is no longer valid */
	struct view critical, extensions;   /* pairs of strings, names growing, none twice */
	struct view ca_key;
};

/* Reads to the last byte. ERR_MALFORMED, ERR_UNSUPPORTED (type of the subject's key), ERR_LIMIT. */
int certtbs_parse(const uint8_t *p, size_t n, struct certtbs *c, struct why *w);

/* Whether the vault signs this: a user certificate with exactly one principal of [a-z0-9._-], a printable key id, valid now
 * and for at most max_lifetime seconds (and skew), under exactly the CA key whose blob is given, with no critical option but
 * force-command and source-address, no extension but permit-* and names with an @. ERR_REFUSED says which rule. */
int certtbs_check(const struct certtbs *c, const struct view *ca_blob, int64_t now, int64_t max_lifetime, struct why *w);

#endif

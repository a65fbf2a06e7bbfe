/* JSON Web Key Sets (RFC 7517, RFC 7518 section 6, RFC 8037): an issuer's public keys. */
#ifndef IDENTITY_JWKS_H
#define IDENTITY_JWKS_H

#include <stddef.h>

#include "base/err.h"
#include "identity/jws.h"

enum {
	JWKS_MAX = 256 * 1024, /* bytes of the JSON */
	JWKS_KEYS_MAX = 64     /* members of "keys" */
};

/* Opaque. Immutable once parsed; freed by jwks_free(). */
struct jwks;

/* Parses a key set. Keys of other types, for other uses, or out of the limits are left out, as RFC 7517 section 5 wants;
 * so are private and symmetric keys. ERR_MALFORMED, ERR_LIMIT, ERR_NOTFOUND when no key is left that could verify anything. */
int jwks_parse(const char *json, size_t n, struct jwks **out, struct why *why);

void jwks_free(struct jwks *set);

/* Keys that are usable, and members that were left out. */
size_t jwks_count(const struct jwks *set);
size_t jwks_skipped(const struct jwks *set);

/* The one key that may verify this algorithm under this kid (exact match), borrowed from the set. kid "" means that the
 * token has none: then exactly one suitable key must be in the set.
 * ERR_NOTFOUND: no key of that kid: the issuer may have a new one. ERR_REFUSED: the kid's key is for something else, or more than
 * one would do. */
int jwks_find(const struct jwks *set, const char *kid, enum jws_alg alg, struct evp_pkey_st **key, struct why *why);

#endif

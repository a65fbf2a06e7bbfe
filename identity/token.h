/* Verifies an OIDC token and says whose it is. */
#ifndef IDENTITY_TOKEN_H
#define IDENTITY_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "identity/identity.h"
#include "identity/issuer.h"
#include "identity/jwks.h"

/* The keys that are at hand for an issuer, borrowed; NULL when none were fetched yet. Keys belong to one issuer: those of
 * one never verify a token of another. */
typedef const struct jwks *(*token_keys_fn)(void *arg, const struct issuer *iss);

/* What the caller needs beside the identity. Filled as far as it was known, also on failure. */
struct token_facts {
	const struct issuer *issuer; /* the configured one that the token names; NULL when none does */
	char kid[JWS_KID_MAX + 1];   /* the key that it names; for the negative cache (jwks_cache.h) */
	/* For single use, set on ERR_OK: SHA-256 over the issuer and jti, or over the issuer and the signed part where there
	 * is no jti (not the signature: an ECDSA signature has a twin that verifies as well). To be inserted atomically,
	 * and kept until replay_until. */
	uint8_t replay_key[32];
	int64_t replay_until;        /* Unix seconds */
};

/* Verifies tok (len bytes) at time now (Unix seconds) against n issuers. ERR_OK: *out is the identity, freed by the
 * caller with identity_free(). Otherwise *out is NULL, and:
 *   ERR_NOTFOUND   no key of that name is at hand: fetch (once, jwks_cache.h) and ask again
 *   ERR_MALFORMED, ERR_LIMIT, ERR_REFUSED, ERR_EXPIRED, ERR_SIGNATURE   the token will not do
 *   ERR_NOMEM, ERR_CRYPTO
 * why never quotes the token. Single use is the caller's to enforce where facts->issuer->single_use. facts may be NULL. */
int token_verify(const struct issuer *const *issuers, size_t n, token_keys_fn keys, void *arg, const char *tok,
	size_t len, int64_t now, struct identity **out, struct token_facts *facts, struct why *why);

#endif

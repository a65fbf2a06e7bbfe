/* An issuer's keys: discovery (OpenID Connect Discovery 1.0), then the key set that it names, over http_fetch.h; or from a file.
 * One step follows the other without blocking anybody. */
#ifndef IDENTITY_FETCH_H
#define IDENTITY_FETCH_H

#include "base/err.h"
#include "identity/http_fetch.h"
#include "identity/issuer.h"
#include "identity/jwks.h"

/* Called once, in the thread that dispatches. On ERR_OK set is the callee's to free; otherwise it is NULL and why says what
 * went wrong. */
typedef void (*fetch_keys_fn)(void *arg, int err, struct jwks *set, const struct why *why);

/* Begins to fetch, with discovery or straight from the issuer's jwks_url. The issuer must live until done was called or f is freed. Both documents are at most JWKS_MAX bytes; each
 * request takes at most 5 s. The discovery document must name the configured issuer exactly, and a jwks_uri that is https.
 * ERR_OK: done will be called. ERR_LIMIT, ERR_NOMEM, ERR_REFUSED: it will not. For issuers without jwks_file. */
int fetch_keys(struct http_fetch *f, const struct issuer *iss, fetch_keys_fn done, void *arg, struct why *why);

/* What fetch_keys() does with a discovery document: finds the jwks_uri. *uri is free()d by the caller. Pure. */
int fetch_discovery(const char *json, size_t n, const char *issuer, char **uri, struct why *why);

/* Reads the key set of an issuer with jwks_file, at most JWKS_MAX bytes. Blocks as long as the file system does. */
int fetch_keys_file(const struct issuer *iss, struct jwks **out, struct why *why);

#endif

/* When to fetch an issuer's keys, and which to use meanwhile: a small state machine with no clock and no network of its own.
 *
 * Any token can name a key that nobody has: that must cost the issuer, and us, one request in JWKS_CACHE_INTERVAL seconds and
 * no more, and it must not cost the keys that are good. So: one fetch at a time; a kid that a fresh set did not hold is
 * remembered; a failed fetch leaves the set that was there. Times are Unix seconds or any clock that does not go back. */
#ifndef IDENTITY_JWKS_CACHE_H
#define IDENTITY_JWKS_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "identity/issuer.h"
#include "identity/jwks.h"

enum {
	JWKS_CACHE_INTERVAL = 30,       /* seconds between two fetches, whatever their outcome */
	JWKS_CACHE_REFRESH = 600,       /* seconds after which a set is fetched again while it is used */
	JWKS_CACHE_ABSENT = 64          /* kids remembered as absent */
};

enum jwks_want {
	JWKS_WANT_NOTHING, /* the answer is final: refuse */
	JWKS_WANT_FETCH,   /* start a fetch now (jwks_cache_started() was called for you), and hold the token until it ends */
	JWKS_WANT_WAIT     /* one is under way: hold the token until it ends */
};

struct jwks_absent {
	uint8_t hash[16]; /* of the kid: what a stranger sends is not kept */
	int64_t until;
};

struct jwks_cache {
	struct jwks *set;       /* owned; NULL until the first fetch succeeded */
	int64_t fetched;        /* when the set came */
	int64_t last;           /* when the last fetch began; 0: never */
	bool under_way;
	struct jwks_absent absent[JWKS_CACHE_ABSENT];
	unsigned next_absent;
};

void jwks_cache_init(struct jwks_cache *c);
void jwks_cache_free(struct jwks_cache *c);

/* What to do about a token whose kid ("" for none) token_verify() found no key for. */
enum jwks_want jwks_cache_missing(struct jwks_cache *c, const char *kid, int64_t now);

/* Whether to fetch though nothing is missing, since the set grows old: a key that the issuer withdrew must go. Marks the
 * fetch as begun when true. */
bool jwks_cache_should_refresh(struct jwks_cache *c, int64_t now);

/* A fetch ended. With a set, it replaces the old one (which is freed) and the cache owns it; with NULL, the old one stays. */
void jwks_cache_done(struct jwks_cache *c, struct jwks *set, int64_t now);

#endif

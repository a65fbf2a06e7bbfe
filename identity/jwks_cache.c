/* When to fetch keys; see jwks_cache.h. Distrusts whoever names kids. */
#include "identity/jwks_cache.h"

#include <string.h>

#include "identity/ossl.h"

void jwks_cache_init(struct jwks_cache *c)
{
	memset(c, 0, sizeof(*c));
}

void jwks_cache_free(struct jwks_cache *c)
{
	jwks_free(c->set);
	memset(c, 0, sizeof(*c));
}

static bool jwks_cache_hash(const char *kid, uint8_t out[16])
{
	uint8_t md[32];
	unsigned n = sizeof(md);

	if (EVP_Digest(kid, strlen(kid), md, &n, EVP_sha256(), NULL) != 1)
		return false;
	memcpy(out, md, 16);
	return true;
}

static bool jwks_cache_is_absent(const struct jwks_cache *c, const uint8_t hash[16], int64_t now)
{
	for (unsigned i = 0; i < JWKS_CACHE_ABSENT; i++) {
		if (c->absent[i].until > now && memcmp(c->absent[i].hash, hash, 16) == 0)
			return true;
	}
	return false;
}

/* The interval holds from the beginning of a fetch, whatever came of it. A clock that was set back must not lock us out
 * until it has caught up. */
static bool jwks_cache_may_fetch(const struct jwks_cache *c, int64_t now)
{
	return c->last == 0 || now < c->last || now - c->last >= JWKS_CACHE_INTERVAL;
}

static void jwks_cache_begin(struct jwks_cache *c, int64_t now)
{
	c->under_way = true;
	c->last = now;
}

enum jwks_want jwks_cache_missing(struct jwks_cache *c, const char *kid, int64_t now)
{
	uint8_t hash[16];
	struct jwks_absent *slot;

	if (!jwks_cache_hash(kid, hash) || jwks_cache_is_absent(c, hash, now))
		return JWKS_WANT_NOTHING;
	if (c->under_way)
		return JWKS_WANT_WAIT;
	if (!jwks_cache_may_fetch(c, now))
		return JWKS_WANT_NOTHING;
	/* Asked for once; if the set that comes does not hold it either, it is not asked for again until the interval is
	 * over. The ring forgets the oldest: what holds the fetches down is the interval. */
	slot = &c->absent[c->next_absent++ % JWKS_CACHE_ABSENT];
	memcpy(slot->hash, hash, 16);
	slot->until = now + JWKS_CACHE_INTERVAL;
	jwks_cache_begin(c, now);
	return JWKS_WANT_FETCH;
}

bool jwks_cache_should_refresh(struct jwks_cache *c, int64_t now)
{
	if (c->set == NULL || c->under_way || now - c->fetched < JWKS_CACHE_REFRESH || !jwks_cache_may_fetch(c, now))
		return false;
	jwks_cache_begin(c, now);
	return true;
}

void jwks_cache_done(struct jwks_cache *c, struct jwks *set, int64_t now)
{
	c->under_way = false;
	if (set == NULL)
		return;
	jwks_free(c->set);
	c->set = set;
	c->fetched = now;
}

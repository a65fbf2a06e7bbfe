/* Counts by identity; see rate.h. An open hash of digests: a probe looks at a few places and takes the best. */
#include "approve/rate.h"

#include <stdlib.h>
#include <string.h>

#include "audit/digest.h"
#include "base/buf.h"

enum { PROBE = 16 };

struct rate_entry {
	uint8_t who[DIGEST_SIZE]; /* SHA-256 of issuer, NUL, subject */
	int64_t from_ms;          /* 0: free */
	uint64_t n[RATE_KINDS];
};

static int name_of(const struct identity *who, uint8_t out[DIGEST_SIZE])
{
	char text[IDENTITY_ISSUER_MAX + IDENTITY_SUBJECT_MAX + 2];
	size_t i = strlen(who->issuer), s = strlen(who->subject);

	if (i + s + 1 > sizeof(text))
		return ERR_LIMIT;
	memcpy(text, who->issuer, i + 1);
	memcpy(text + i + 1, who->subject, s);
	return digest(text, i + 1 + s, out);
}

static struct rate_entry *place(struct rate *r, const uint8_t who[DIGEST_SIZE], int64_t now_ms)
{
	size_t at = ((size_t)who[0] << 8 | who[1]) % RATE_IDENTITIES;
	struct rate_entry *best = &r->entry[at];

	for (size_t i = 0; i < PROBE; i++) {
		struct rate_entry *e = &r->entry[(at + i) % RATE_IDENTITIES];

		if (e->from_ms != 0 && memcmp(e->who, who, DIGEST_SIZE) == 0) {
			best = e;
			break;
		}
		if (e->from_ms < best->from_ms)
			best = e;
	}
	if (best->from_ms == 0 || now_ms - best->from_ms >= RATE_WINDOW_MS || memcmp(best->who, who, DIGEST_SIZE) != 0) {
		memset(best, 0, sizeof(*best));
		memcpy(best->who, who, DIGEST_SIZE);
		best->from_ms = now_ms > 0 ? now_ms : 1;
	}
	return best;
}

uint64_t rate_count(struct rate *r, const struct identity *who, enum rate_kind kind, int64_t now_ms)
{
	uint8_t name[DIGEST_SIZE];

	if (r->entry == NULL)
		r->entry = calloc(RATE_IDENTITIES, sizeof(*r->entry));
	if (r->entry == NULL || name_of(who, name) < 0)
		return UINT64_MAX;
	return ++place(r, name, now_ms)->n[kind];
}

void rate_free(struct rate *r)
{
	free(r->entry);
	r->entry = NULL;
}

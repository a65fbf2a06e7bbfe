/* How many sessions and commands an identity had within the minute: it counts whoever comes back, on whatever connection. Bounded: of more
 * identities than the table holds, the one whose minute is nearest to its end is forgotten. */
#ifndef APPROVE_RATE_H
#define APPROVE_RATE_H

#include <stdint.h>

#include "identity/identity.h"

enum { RATE_IDENTITIES = 4096, RATE_WINDOW_MS = 60000 };

enum rate_kind { RATE_SESSIONS, RATE_COMMANDS, RATE_KINDS };

struct rate {
	struct rate_entry *entry; /* RATE_IDENTITIES, made at the first use */
};

/* Counts one more, at now_ms of the monotonic clock, and returns how many there were within the minute that began with the identity's first. UINT64_MAX:
 * it cannot be counted (no memory), which is too many. */
uint64_t rate_count(struct rate *r, const struct identity *who, enum rate_kind kind, int64_t now_ms);

void rate_free(struct rate *r);

#endif

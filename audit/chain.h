/* The hash chain: records as canonical JSON lines. Pure: bytes and a clock in, bytes out.
 *
 * A line is ASCII, compact, in this order:
 *   {"seq":N,"time":"2026-01-31T12:00:00.000Z","mono":MS,"session":"ID" or null,"event":"NAME",FIELDS,"prev":"HEX"}
 * seq counts from 1 without a gap; time is UTC; mono is milliseconds of the machine's monotonic clock; FIELDS are the
 * event's own, keys sorted; prev is the SHA-256 of the previous line's bytes without its newline (64 zeros in the first
 * line). The leaf of record N in the Merkle tree is its line's bytes without the newline. */
#ifndef AUDIT_CHAIN_H
#define AUDIT_CHAIN_H

#include <jansson.h>

#include "audit/merkle.h"
#include "base/buf.h"
#include "base/err.h"

#define CHAIN_MAX_LINE (4 * 1024 * 1024) /* bytes, without the newline */
#define CHAIN_MAX_SESSION 64
#define CHAIN_TIME_LEN 24

/* What has been chained so far: a value, copied and put back freely. */
struct chain {
	uint64_t seq;              /* of the last record; 0: none yet */
	uint8_t head[DIGEST_SIZE]; /* SHA-256 of the last line, zeros before the first */
	struct merkle tree;        /* tree.size == seq */
};

/* The fixed fields of a line; views point into it. */
struct chain_record {
	uint64_t seq;
	struct view time;
	uint64_t mono;
	struct view session; /* without quotes; p is NULL for null */
	struct view event;
	uint8_t prev[DIGEST_SIZE];
};

void chain_init(struct chain *c);

/* Appends one line with its newline to out and advances the chain. wall_ms: ms since 1970; session: NULL, or 1 to 64 of
 * [A-Za-z0-9._:-]; event: [a-z._]; fields: an object without the fixed names, may be NULL. Nothing changes on an error:
 * ERR_MALFORMED, ERR_LIMIT, ERR_NOMEM, ERR_CRYPTO. */
int chain_append(struct chain *c, struct buf *out, uint64_t wall_ms, uint64_t mono_ms, const char *session,
		 const char *event, const json_t *fields, struct why *w);

/* Reads the fixed fields of a line (no newline). Every byte must be printable ASCII. ERR_OK or ERR_MALFORMED. */
int chain_read(struct view line, struct chain_record *r, struct why *w);

/* Advances over a line that is there already, whatever it says. digest_out (may be NULL) gets the line's SHA-256. */
int chain_push(struct chain *c, struct view line, uint8_t *digest_out);

/* "2026-01-31T12:00:00.000Z" and back (strictly that form). */
void chain_time(uint64_t wall_ms, char out[CHAIN_TIME_LEN + 1]);
int chain_time_parse(const char *s, size_t n, uint64_t *wall_ms);

/* A JSON string of bytes from outside: what is not UTF-8 is written as \xNN. NULL on no memory. */
json_t *chain_text(const void *p, size_t n);

#endif

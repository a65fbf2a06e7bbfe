/* Which records are asked for: by who, where, what and when. What `sallyport audit query` and GET /v1/audit share. Pure.
 *
 * Patterns are shell patterns (fnmatch(3): * ? [..]); NULL: any. identity is matched against the subject, command against the
 * text asked. Times are the beginning of one as the log has it: 2026-01-31, 2026-01-31T12, 2026-01-31T12:00:00Z. */
#ifndef AUDIT_FILTER_H
#define AUDIT_FILTER_H

#include <stdbool.h>

#include <jansson.h>

struct audit_filter {
	const char *identity, *target, *verdict, *event, *session, *rule, *command;
	const char *from, *to; /* from is included, to is not */
	/* Who a session belongs to, for records that do not say so themselves: its session.start record or one with the same
	 * `identity` and `target`, NULL when it is not known. NULL: such records match no identity and no target. */
	const json_t *(*session_of)(void *ctx, const char *session);
	void *ctx;
};

/* Whether anything is asked for at all. */
bool audit_filter_any(const struct audit_filter *f);

/* Whether a record of this time (CHAIN_TIME_LEN bytes) can match: what saves reading the rest of it. */
bool audit_filter_time(const struct audit_filter *f, const char *time);

/* Whether the record matches. */
bool audit_filter_matches(const struct audit_filter *f, const json_t *record);

/* Whether text can be the beginning of a time. */
bool audit_filter_time_ok(const char *s);

/* A string field, "" when there is none; a dotted path goes into objects ("identity.subject"). */
const char *audit_text(const json_t *record, const char *path);

/* The same, or that of its session. */
const char *audit_filter_text(const struct audit_filter *f, const json_t *record, const char *path);

#endif

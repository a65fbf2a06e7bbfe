/* What the parts of `sallyport audit export` share. */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "audit/chain.h"
#include "cli/evidence.h"

struct export_filter {
	uint64_t from_ms, to_ms; /* records with from <= time < to */
	const char *session;     /* exact, NULL: all */
	const char *identity;    /* glob on the subject, NULL: all */
};

struct export_tables; /* the rows collected so far */

struct export_tables *export_tables_new(const struct export_filter *f);
void export_tables_free(struct export_tables *t);

/* Looks at one record of the window (time is checked by the caller). ERR_OK or ERR_NOMEM. */
int export_tables_take(struct export_tables *t, const json_t *record);

/* A record of before the window: keeps what was in force when it began. */
void export_tables_before(struct export_tables *t, const json_t *record);

/* A record of after the window: what it says of the window's recordings (that their content was deleted since). */
int export_tables_late(struct export_tables *t, const json_t *record);

/* Writes NAME.json and NAME.csv for each table below dirfd, and the policy texts into policies/. ERR_OK or ERR_SYS. */
int export_tables_write(struct export_tables *t, int dirfd);

/* Calls fn for each file of a recording that the window's sessions made. */
int export_tables_recordings(const struct export_tables *t, int (*fn)(void *ctx, const char *file), void *ctx);

/* One row of one table; how many there are. */
size_t export_tables_rows(const struct export_tables *t, const char *table);

/* VERIFY.md and SOC2.md, with what this bundle holds. */
struct export_facts {
	const char *from, *to;      /* as given */
	uint64_t first_seq, last_seq, sealed; /* of the log's cutting; records under the last checkpoint in it */
	const char *fingerprint;    /* of the key that signed that checkpoint */
	const char *principal;      /* in allowed_signers */
	bool with_recordings;
};
int export_write_verify(int dirfd, const struct export_facts *f);
int export_write_soc2(int dirfd);

/* Opens a new file below dirfd for writing; NULL with errno set. */
FILE *export_create(int dirfd, const char *name);

#endif

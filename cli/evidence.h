/* What the verbs that read evidence share: where it lies, files read whole, text shown safely. */
#ifndef CLI_EVIDENCE_H
#define CLI_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/* Opened directories of a bastion's state or of an exported bundle. */
struct evidence {
	int log;            /* directory of the log's segments */
	int recordings;     /* -1 when there is none */
	bool bundle;        /* an exported bundle: the log may be a cutting */
	char signers[4096]; /* path of an allowed_signers file that came along; empty when there is none */
};

/* dir: --dir, or NULL: SALLYPORT_AUDIT, else the installed place. A bundle's directory (log/, recordings/, allowed_signers) is
 * known by its shape. recordings: --recordings, or NULL: SALLYPORT_RECORDINGS where dir is NULL, else what lies beside the log.
 * Prints its own errors for `verb`; 0 or a CLI exit code. */
int evidence_open(struct evidence *e, const char *verb, const char *dir, const char *recordings);
void evidence_close(struct evidence *e);

/* Opens the directory of recordings: dir, or NULL for the installed place. -1 when there is none. */
int evidence_recordings(const char *dir);

/* Reads a whole file of at most 16 MiB ("-": standard input), replacing b. ERR_OK, ERR_SYS, ERR_LIMIT, ERR_NOMEM. */
int evidence_read_file(const char *path, struct buf *b);

/* Calls fn for every record of the log in order; fn returns 0 to go on. Lines that are no records are passed over: verifying is
 * another verb. ERR_OK, or what went wrong. */
struct chain_record;
typedef int evidence_record_fn(void *ctx, struct view line, const struct chain_record *rec);
int evidence_each(const struct evidence *e, evidence_record_fn *fn, void *ctx, struct why *w);

/* Prints text to a terminal or file with everything but printable characters as \xNN or \u{…}, at most max bytes of it. */
void evidence_print(FILE *to, const char *s, size_t n, size_t max);

/* A string field of a record, "" when it has none; a dotted path goes into objects ("identity.subject"). */
const char *evidence_field(const json_t *record, const char *path);

#endif

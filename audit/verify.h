/* Verification of a log, as a stream: records go in one by one, faults come out with their place. Pure; the reading of files is in
 * verify_dir.h. Says not only that something is wrong but which record and how, as far as that can be told.
 *
 * What is checked: every line's form; seq without a gap; prev; the Merkle root at every stored checkpoint; signatures by the key
 * in force (epochs: each key but the first is named by the closing record before it, and each closed epoch has a checkpoint by
 * its own key over its closing record); that one of the keys is trusted (allowed_signers); that the log holds what the outside
 * checkpoints say. */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "base/buf.h"
#include "base/err.h"

#define VERIFY_EPOCH_NAMESPACE "sallyport-epoch" /* of the operator's signature over the first epoch's key line (and a newline) */

enum verify_kind {
	VERIFY_MALFORMED,  /* a line is not a record */
	VERIFY_EDITED,     /* a record's bytes are not those that the next record names */
	VERIFY_REMOVED,    /* records are missing */
	VERIFY_SWAPPED,    /* two records changed places */
	VERIFY_INSERTED,   /* a record that does not belong there */
	VERIFY_TORN,       /* a file ends within a record */
	VERIFY_SEGMENT,    /* a segment is missing */
	VERIFY_REWRITTEN,  /* the chain is whole but not the one that was checkpointed */
	VERIFY_SIGNATURE,  /* a checkpoint's signature is not good, or not by the key in force */
	VERIFY_KEY,        /* keys: not trusted, or an epoch's change that breaks the rules */
	VERIFY_CUT,        /* shorter than a checkpoint says: the tail was cut off, or an old log put back */
	VERIFY_RECORDING   /* a recording is not what the chain says */
};

const char *verify_kind_name(enum verify_kind k); /* "edited" … */

struct verify_fault {
	enum verify_kind kind;
	uint64_t seq;      /* the record it is about, 0 for none */
	char text[256];    /* one sentence, printable ASCII */
};

/* Where stored checkpoints come from, in the order they were stored. */
struct verify_source {
	/* The next one: text and armoured signature into the buffers (replaced), *c as from checkpoint_read(). ERR_OK, ERR_EOF, or
	 * ERR_MALFORMED (a line that is none; reading goes on). */
	int (*next)(void *ctx, struct buf *text, struct buf *sig, struct checkpoint *c);
	void *ctx;
};

struct verify_options {
	struct verify_source checkpoints; /* next may be NULL: there are none */
	struct view allowed_signers;      /* text of the file; p NULL: keys are taken from the log itself */
	bool partial;                     /* the log is a cutting, from some record on: links and heads are checked, roots cannot be */
	bool every_signature;             /* else: the last of each epoch, and one in a thousand records */
	void (*fault)(void *ctx, const struct verify_fault *f); /* called for each, at most VERIFY_MAX_FAULTS times */
	void *ctx;
};

#define VERIFY_MAX_FAULTS 100

/* What was seen. */
struct verify_report {
	uint64_t records, checkpoints, signatures, faults;
	unsigned epochs;
	bool key_trusted;        /* a key in force was found in allowed_signers, or is certified by one that is */
	char key[52];            /* fingerprint of the key in force at the end; empty when there is none */
	uint64_t first_seq;      /* number of the first record: more than 1 in a cutting */
	uint64_t sealed;         /* records under the last good checkpoint */
	uint64_t sealed_ms;      /* its time, ms since 1970; 0 unknown */
	uint64_t first_ms, last_ms; /* times of the first and last record */
};

struct verify;

/* NULL on no memory. */
struct verify *verify_new(const struct verify_options *o);
void verify_free(struct verify *v);

/* An outside checkpoint that the log must hold: before the first record. Text, and (if sig.n > 0) a signature that must be by a key
 * of the log's epochs or of allowed_signers. ERR_OK, ERR_MALFORMED, ERR_NOMEM. */
int verify_outside(struct verify *v, struct view text, struct view sig, struct why *w);

/* The next line of the log, without its newline. Faults are reported, not returned: ERR_OK, ERR_NOMEM, ERR_CRYPTO. */
int verify_line(struct verify *v, struct view line);

/* What only the reader of the files can see. */
void verify_report_fault(struct verify *v, enum verify_kind kind, uint64_t seq, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* After the last line. ERR_OK: nothing was wrong; ERR_SIGNATURE: something was; ERR_NOMEM, ERR_CRYPTO. */
int verify_end(struct verify *v, struct verify_report *out);

#endif

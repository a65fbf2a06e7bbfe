/* Reading the log while it grows: from any record on, one after the other, across segments. */
#ifndef AUDIT_FOLLOW_H
#define AUDIT_FOLLOW_H

#include "audit/chain.h"
#include "audit/segments.h"

struct follow {
	int dirfd;        /* the caller's */
	unsigned segment; /* that is read; 0: look for it */
	struct lines lines;
	uint64_t last;    /* the record that was read last */
};

/* Nothing is opened yet; the first record will be the one after `last`. */
void follow_init(struct follow *f, int dirfd, uint64_t last);
void follow_close(struct follow *f);

/* The next record, if it is at most `durable` (what the writer says is on disk). line is valid until the next call, and rec points into
 * it. ERR_OK; ERR_EOF: none yet; ERR_MALFORMED: the log is not one; ERR_SYS, ERR_NOMEM. After an error the next call looks anew. */
int follow_next(struct follow *f, uint64_t durable, struct view *line, struct chain_record *rec);

/* Goes back: the next record will be the one after `last`. */
void follow_back(struct follow *f, uint64_t last);

#endif

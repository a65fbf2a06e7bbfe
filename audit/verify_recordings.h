/* What the chain says of recordings, collected record by record, then held against the files. */
#ifndef AUDIT_VERIFY_RECORDINGS_H
#define AUDIT_VERIFY_RECORDINGS_H

#include "audit/verify_dir.h"

struct recordings;

struct recordings *recordings_new(void); /* NULL on no memory */
void recordings_free(struct recordings *r);

/* Looks at a record; only recording.* events are parsed. ERR_OK or ERR_NOMEM. */
int recordings_take(struct recordings *r, struct view line, const struct chain_record *rec);

/* Reads every file once and reports what does not fit. */
int recordings_check(struct recordings *r, const struct verify_dir_options *o, struct verify *v, struct verify_dir_report *out);

#endif

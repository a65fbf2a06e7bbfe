/* Verification of a log's directory and of the recordings beside it. */
#ifndef AUDIT_VERIFY_DIR_H
#define AUDIT_VERIFY_DIR_H

#include "audit/verify.h"

/* What the chain said of recordings is collected while the log is read, and the files are looked at afterwards. */
struct verify_dir_options {
	int dirfd;
	int recordings_dirfd; /* -1: recordings are not looked at */
	bool recordings_may_lack; /* an export may hold some of them only */
	struct verify_options verify; /* checkpoints is filled in here */
	const struct view *outside, *outside_sigs; /* texts and signatures (empty for none) */
	size_t noutside;
};

struct verify_dir_report {
	struct verify_report log;
	unsigned segments;
	uint64_t recordings;   /* parts whose bytes are what the chain says */
	uint64_t deleted;      /* parts that retention deleted, on record */
	uint64_t absent;       /* parts that are not here, where that is allowed */
	uint64_t unknown;      /* files that look like recordings and of which the log says nothing (yet, or at all) */
	uint64_t open;         /* parts that are not closed yet; what is there fits their running digest */
};

/* ERR_OK: all is well; ERR_SIGNATURE: faults were reported; other errors: could not be verified, w says why. */
int verify_dir(const struct verify_dir_options *o, struct verify_dir_report *out, struct why *w);

#endif

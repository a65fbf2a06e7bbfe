/* What verify.c (the chain) and verify_keys.c (checkpoints, epochs, trust) share. */
#ifndef AUDIT_VERIFY_IMPL_H
#define AUDIT_VERIFY_IMPL_H

#include "audit/trust.h"
#include "audit/verify.h"

#define VERIFY_MAX_OUTSIDE 64
#define VERIFY_SIGNATURE_EVERY 1000 /* records between two signatures that are checked */

struct verify {
	struct verify_options o;
	struct verify_report report;
	struct chain chain;
	bool broken;           /* the chain is: its roots mean nothing any more */
	bool failed;

	uint64_t suspect;      /* record whose prev did not fit: the next line tells which of the two is wrong */
	uint64_t maybe_swapped; /* record that was passed over: missing, unless it comes next */
	bool resync;           /* the next line's prev is not looked at */
	uint8_t stray[DIGEST_SIZE]; /* digest of the last inserted line */

	/* the stored checkpoint that comes next */
	bool cp_there;
	struct buf cp_text, cp_sig;
	struct checkpoint cp;
	uint64_t last_stored;  /* records under the furthest of them */
	uint64_t last_good;    /* records under the last one whose root fitted */
	/* the last one of this epoch whose signature was not checked yet */
	struct buf late_text, late_sig;
	struct checkpoint late;
	uint64_t signed_size;  /* records under the last one whose signature was checked */

	/* keys */
	struct buf key, next_key; /* blobs; in force, and named by the last closing record */
	unsigned epoch_count;
	uint64_t close_seq;    /* of the last closing record; 0 for none since the epoch began */
	bool trusted;
	bool key_fault;        /* told already */

	struct outside {
		struct buf text, sig;
		struct checkpoint c;
		bool seen, sig_good;
	} outside[VERIFY_MAX_OUTSIDE];
	size_t noutside;
};

/* Reads the next stored checkpoint. */
void verify_next_checkpoint(struct verify *v);

/* A record that says something about keys. */
int verify_event(struct verify *v, struct view line, const struct chain_record *rec);

/* The chain has just reached chain.seq: checks every checkpoint of that size. */
int verify_at_size(struct verify *v);

/* The same while the chain is broken: only passes them over. */
void verify_skip_checkpoints(struct verify *v);

int verify_end_checkpoints(struct verify *v);

#endif

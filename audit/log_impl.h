/* What log.c (appending) and open.c (opening, repair, the state cache) share. Nobody else includes this. */
#ifndef AUDIT_LOG_IMPL_H
#define AUDIT_LOG_IMPL_H

#include "audit/log.h"

struct audit_log {
	int dirfd, lockfd;
	int fd;             /* the segment that is written, at its end */
	int cpfd;           /* its checkpoints, -1 before the first */
	unsigned segment;   /* its number */
	uint64_t size;      /* its durable bytes */
	uint64_t allocated; /* its blocks are there up to this offset */
	bool can_allocate;  /* the file system keeps blocks behind the end */
	char *origin;
	uint64_t segment_bytes, reserve_bytes;
	bool strict;
	void (*clock)(void *, uint64_t *, uint64_t *);
	void *clock_ctx;

	struct chain now;     /* with what is appended */
	struct chain durable; /* with what is on disk */
	struct buf pending;   /* lines between the two */
	enum audit_health health;
	uint64_t full_since;  /* mono ms of the last try to get the reserve back */
	uint64_t state_seq;   /* records in the state cache */

	uint64_t cp_size;     /* records in the last stored checkpoint */
	uint64_t cp_mono;     /* when it was stored; ms */
	uint64_t cp_synced;   /* when checkpoints were last made durable */
	uint64_t behind_since; /* mono ms of the first record that no checkpoint covers */
};

#define LOG_STATE_EVERY 20000 /* records between two writings of the state cache */

/* Opens segment `number`, creating it when asked, and makes the creation durable. */
int log_segment_open(struct audit_log *log, unsigned number, bool create);

/* Writes the state cache for what is durable. Failure costs time at the next start, nothing else. */
void log_state_save(struct audit_log *log);

/* Recovers everything from the directory; see audit_open(). */
int log_recover(struct audit_log *log, struct audit_opened *found, struct why *w);

/* Keeps the reserve allocated behind size + more. Sets and clears AUDIT_FULL. */
void log_reserve(struct audit_log *log, uint64_t more);

#endif

/* The audit log on disk: one writer, group commit, crash repair. Used by the control process only.
 *
 * A directory holds log-000001.jsonl, log-000002.jsonl … (the chain, cut into segments), checkpoints-00000N.jsonl (one
 * JSON line a checkpoint: size, text, signature), state (a cache that makes opening fast) and lock. Nothing ever deletes
 * or rewrites a line; a half-written last line after a crash is moved to a file torn-SEQ-TIME.
 *
 * audit_append() only writes to memory. audit_commit() makes everything appended durable with one write and one
 * fdatasync; call it once a round of the event loop and release answers only after it returned ERR_OK. When it fails,
 * nothing that was appended since the last commit counts: answer "no" to all of it.
 *
 * Disk full is seen before it hurts: a reserve is kept allocated behind the end of the segment. Once it cannot be kept,
 * audit_append() takes closing events only (events.h) and returns ERR_UNAVAILABLE for all others, until there is space
 * again. After an I/O error the log has failed for good: every call returns ERR_UNAVAILABLE until a restart reads back
 * what the disk really holds. */
#ifndef AUDIT_LOG_H
#define AUDIT_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "audit/chain.h"
#include "base/buf.h"
#include "base/err.h"

struct audit_log;

struct audit_options {
	int dirfd;              /* the log's directory; duplicated, the caller keeps its own */
	const char *origin;     /* first line of checkpoints: names this log for good; no newline; copied */
	uint64_t segment_bytes; /* a segment is left behind at this size; 0: 64 MiB */
	uint64_t reserve_bytes; /* kept allocated for closing events; 0: 1 MiB */
	bool strict;            /* fields that the catalogue lacks are refused, too (tests) */
	void (*clock)(void *ctx, uint64_t *wall_ms, uint64_t *mono_ms); /* NULL: the machine's */
	void *clock_ctx;
};

/* What opening found, for the control.start record. */
struct audit_opened {
	uint64_t records;    /* in the log */
	uint64_t torn_bytes; /* of a half-written line, set aside */
	uint64_t replayed;   /* records read to get there */
};

/* Opens (or begins) the log. ERR_EXISTS: another writer holds it. ERR_MALFORMED or ERR_SIGNATURE: what is there does not
 * verify, or is shorter than its own last checkpoint; nothing is appended to such a log. found may be NULL. */
int audit_open(const struct audit_options *o, struct audit_log **out, struct audit_opened *found, struct why *w);

/* Commits nothing: appended and uncommitted records are dropped. log may be NULL. */
void audit_close(struct audit_log *log);

/* Appends a record. Takes over the reference to fields, whatever it returns; NULL fields is ERR_NOMEM (so that a failed
 * json_pack() is one), pass json_object() for none. seq may be NULL. ERR_UNAVAILABLE: disk full or failed, see above;
 * ERR_UNSUPPORTED: no such event; ERR_MALFORMED, ERR_LIMIT, ERR_NOMEM. */
int audit_append(struct audit_log *log, const char *session, const char *event, json_t *fields, uint64_t *seq,
		 struct why *w);

/* Makes all appended records durable. ERR_OK at once when there are none. ERR_UNAVAILABLE: see above. */
int audit_commit(struct audit_log *log, struct why *w);

enum audit_health { AUDIT_HEALTHY, AUDIT_FULL, AUDIT_FAILED };
enum audit_health audit_health(const struct audit_log *log);

/* The last record that is on disk; 0 for none. */
uint64_t audit_durable(const struct audit_log *log);

/* Checkpoints. At most one is being signed at a time: when audit_checkpoint_wait() is 0, get the text, have the vault
 * sign it, and store it with its signature. */
struct audit_cadence {
	uint64_t records; /* so many that no checkpoint covers, or */
	uint64_t ms;      /* the first of them so old; but at most ten a second, and one a minute whatever happens */
};
#define AUDIT_CADENCE ((struct audit_cadence){ 10, 1000 })

/* ms until the next one is due; UINT64_MAX while the log is empty. mono_ms: CLOCK_MONOTONIC, or the clock that the log was opened with. */
uint64_t audit_checkpoint_wait(const struct audit_log *log, uint64_t mono_ms, struct audit_cadence cadence);

/* Appends the text to be signed now (audit/checkpoint.h) for everything durable. ERR_NOTFOUND while the log is empty. */
int audit_checkpoint_text(struct audit_log *log, struct buf *out, struct why *w);

/* Keeps a signed checkpoint: text as above, sshsig the armoured SSHSIG over it (with or without final newline). */
int audit_checkpoint_store(struct audit_log *log, struct view text, struct view sshsig, struct why *w);

#endif

/* Logs to verify: written by the real writer, checkpoints signed with keys made here. */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "audit/log.h"
#include "base/buf.h"

struct fixture_key {
	EVP_PKEY *key;
	char line[128]; /* "ssh-ed25519 AAAA… audit.N" */
};

struct fixture {
	char dir[128];
	int dirfd;
	struct audit_log *log;
	struct fixture_key keys[8];
	unsigned epoch; /* 1-based */
	uint64_t mono;  /* the log's clock, moved by fixture_fill() */
};

/* All of these abort the process on failure. */
void fixture_key_new(struct fixture_key *k, unsigned n);
void fixture_sign(const struct fixture_key *k, const char *space, struct view text, struct buf *armoured);

void fixture_begin(struct fixture *f, uint64_t segment_bytes); /* a new directory, the first epoch opened */
void fixture_fill(struct fixture *f, unsigned records);        /* appends, commits, checkpoints every ten or so */
void fixture_recording(struct fixture *f, unsigned n);         /* makes recordings/s1-N.cast.gz and its record */
void fixture_checkpoint(struct fixture *f);                    /* one now, by the key in force */
void fixture_turn(struct fixture *f);                          /* closes the epoch, opens the next, in good order */
void fixture_end(struct fixture *f);                           /* closes the log, keeps the directory */
void fixture_reopen(struct fixture *f, uint64_t segment_bytes);
void fixture_drop(struct fixture *f);                          /* removes everything */

/* The last stored checkpoint's text and signature, as one that left the host. */
void fixture_last_checkpoint(const struct fixture *f, struct buf *text, struct buf *sig);

/* Files below the directory, whole. fixture_read() gives bytes on the heap, NUL-terminated. */
char *fixture_read(const struct fixture *f, const char *name, size_t *n);
void fixture_write(const struct fixture *f, const char *name, const void *p, size_t n);

#endif

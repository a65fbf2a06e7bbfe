/* A channel that carries files: sftp or scp. Its owner reads what passes, packet by packet or record by record, puts each operation on a path
 * as a question to control, and lets on what was allowed. Both flows of the channel go through it from `raw` to `ready`; the pump delivers
 * them as it does everything else. What files hold is neither masked nor recorded: its size and SHA-256 are (docs/policy.md). */
#ifndef SERVER_FILES_H
#define SERVER_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/proto.h"
#include "policy/policy.h"

struct channel;
struct session;

struct files_kind {
	bool (*step)(struct channel *c);                                /* RUNNING: moves what can move; true when something did */
	void (*answer)(struct channel *c, const struct msg_answer *a);  /* to the question that stands; a wait is followed by another */
	void (*end)(struct channel *c);                                 /* the channel is over: what was under way is told */
	void (*free)(struct channel *c);
};

/* Stands at the beginning of what an owner keeps. */
struct files {
	const struct files_kind *kind;
	uint32_t question; /* stands with control; 0: none */
};

struct file_path {
	enum file_op op;
	bool tree; /* and all that lies below */
	const char *path;
};

/* Whether the answer is for a channel with files; then the channel has one. False: out of memory. */
bool files_begin(struct channel *c, const struct msg_answer *a);
bool files_step(struct channel *c);
void files_end(struct channel *c);
void files_free(struct channel *c);
bool files_answer(struct session *s, const struct msg_answer *a); /* whether it belonged to such a question */
void files_control_lost(struct session *s);

/* For owners. Puts the question whether all of paths is allowed, the first of them the one it is about; home is where relative paths
 * begin. c->files->question is 0 afterwards when control is gone. */
void files_ask(struct channel *c, const char *home, const struct file_path *paths, unsigned n);
/* What became of an operation that was allowed. */
void files_done(struct channel *c, const struct msg_file_done *m);
/* The bytes of one file one way, in the order of their offsets. */
struct span {
	void *sha;          /* EVP_MD_CTX */
	uint64_t begin, next, bytes;
	bool scattered;     /* not one piece, or not surely written: there is no digest of it */
};
void span_add(struct span *s, uint64_t offset, const void *p, size_t n);
void span_done(struct span *s, struct msg_file_done *m, uint8_t digest[32]); /* fills in sha256 and offset; ends it */

#endif

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
	bool (*step)(struct channel *c);                            /* RUNNING: moves what can move; true when something did */
	void (*refused)(struct channel *c, int code, const char *line); /* the operation at the head is not to be done */
	void (*end)(struct channel *c);                             /* the channel is over: what was under way is told */
	void (*free)(struct channel *c);
	bool (*ready)(struct channel *c);                           /* STARTING: the command may be sent; NULL: at once */
	bool stream;                                                /* passes as a whole, with a digest of each direction */
};

/* The operation whose turn it is. First it is found out where its paths lead; then control is asked with both names of each; when that took a person's
 * time, it is found out again, and it is refused if they lead elsewhere now. One at a time on a channel. */
enum head_stage { HEAD_NONE, HEAD_RESOLVE, HEAD_RESOLVING, HEAD_ASK, HEAD_ASKED, HEAD_GO };

struct head_name {
	char *clean, *real; /* as asked for, and where it leads; real NULL: nowhere, and status (enum sftp_status) says why */
	uint32_t status;
	bool is_dir;
	uint8_t how;        /* enum resolve_how */
};

struct head {
	enum head_stage stage;
	unsigned n, at;
	struct head_name *name, *before; /* before: when a person was asked */
	bool waited, again;
	uint32_t question; /* that allowed it; 0: none had to */
	uint8_t op;
};

/* Stands at the beginning of what an owner keeps. */
struct files {
	const struct files_kind *kind;
	uint32_t question; /* stands with control; 0: none */
	struct head head;
};

struct file_path {
	enum file_op op;
	bool tree; /* and all that lies below */
	const char *path;
};

/* Whether the answer is for a channel with files; then the channel has one. False: out of memory. */
bool files_begin(struct channel *c, const struct msg_answer *a);
bool files_step(struct channel *c);
bool files_ready(struct channel *c); /* STARTING: whether its command may be sent now; true where there are no files */
bool files_stream(const struct channel *c); /* whether what passes has a digest as a whole */
void files_end(struct channel *c);
void files_free(struct channel *c);
bool files_answer(struct session *s, const struct msg_answer *a); /* whether it belonged to such a question */
void files_control_lost(struct session *s);

/* For owners. head_begin(): n names, whose clean (given away) and how are then filled in. head_step() goes on until something is for the owner to do. */
enum head_turn { HEAD_WAITS, HEAD_ASKS /* call head_ask() or head_allow() */, HEAD_GOES /* do it, then head_clear() */, HEAD_FAILED /* refused() was called */ };
int head_begin(struct channel *c, unsigned n);
enum head_turn head_step(struct channel *c);
/* Whether all of paths is allowed, the first of them the one that it is about. */
void head_ask(struct channel *c, const struct file_path *paths, unsigned n);
void head_allow(struct channel *c);
void head_clear(struct channel *c);
/* Both names of one path, into paths; n grows by one or two. */
void head_paths(struct file_path *paths, unsigned *n, enum file_op op, bool tree, const struct head_name *name);
/* What was allowed comes to nothing. */
void head_not_done(struct channel *c, uint32_t status);
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

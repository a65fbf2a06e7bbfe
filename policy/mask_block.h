/* Inside masking: secrets of many lines. A block is read as it comes. Once it is a secret for sure its bytes are marked and
 * need not be kept; before that they are undecided, and few. */
#ifndef POLICY_MASK_BLOCK_H
#define POLICY_MASK_BLOCK_H

#include "policy/mask_int.h"

/* What manchor.arg says of an anchor of a block. */
enum { BLOCK_PEM = 0, BLOCK_YAML = 1, BLOCK_STRING_DATA = 2, BLOCK_JSON = 3, BLOCK_JSON_ESCAPED = 4 };

/* What mblock.state is; a new block is in S_START. */
enum { S_START = 0, S_BODY = 1, S_DECIDE = 2, S_LONG = 3, S_BEHIND = 4 };

/* A line of a block: [s, e) without its end, which is [e, after). */
struct bline {
	size_t s, e, after;
};

static inline int block_done(struct mblock *b, size_t next)
{
	b->next = next;
	return M_NO;
}

int mask_pem_step(struct mask_stream *st, const struct mtext *x, struct mblock *b);
void mask_pem_partial(struct mask_stream *st, const struct mtext *x, struct mblock *b);
int mask_k8s_step(struct mask_stream *st, const struct mtext *x, struct mblock *b);
void mask_k8s_partial(struct mask_stream *st, const struct mtext *x, struct mblock *b);

#endif

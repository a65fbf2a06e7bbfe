/* What a log sends to its witness, and what the witness makes of it. Pure.
 *
 * A submission is text: the checkpoint (audit/checkpoint.h), an empty line, its armoured SSHSIG, and then what shows that this log is the one that the witness
 * saw before, only longer: "extends N", the number of records that it knows of, and a line "LEVEL HEX" for each subtree root in between (merkle_range).
 * The witness keeps the tree of what it accepted last, grows it by these, and accepts a checkpoint only if that leads to its root. So a log that was rolled
 * back, or says something else about a record than before, is refused whatever key it signs with.
 *
 * Whose signature counts: a key of the operator's list, the key that signed last, or the one that the last checkpoint of its epoch named as the next. */
#ifndef AUDIT_WITNESS_H
#define AUDIT_WITNESS_H

#include "audit/checkpoint.h"
#include "audit/merkle.h"
#include "audit/trust.h"
#include "base/buf.h"

#define WITNESS_MAX (32 * 1024) /* bytes of a submission */

struct witness_submission {
	struct view text, sshsig; /* in the body */
	struct checkpoint checkpoint;
	struct merkle_range range; /* from, and the nodes; `to` is what they lead to */
};

/* What a witness knows of a log. Keys are blobs. */
struct witness_state {
	struct merkle tree;
	struct buf key, next; /* who signed last; who may sign next. Empty: nobody yet */
};

void witness_state_init(struct witness_state *s);
void witness_state_free(struct witness_state *s);

int witness_write(struct buf *out, struct view text, struct view sshsig, const struct merkle_range *range);

/* ERR_OK, ERR_MALFORMED, ERR_LIMIT. */
int witness_read(struct view body, struct witness_submission *out, struct why *w);

/* Checks a submission and, only if it is accepted, moves the state. signers: an allowed_signers text. now_s: Unix seconds. ERR_OK; ERR_SIGNATURE: not signed, or not
 * by whose signature counts; ERR_AGAIN: it does not begin at what is known (state->tree.size says where it must); ERR_REFUSED: it is not the log that was seen before. */
int witness_accept(struct witness_state *state, const struct witness_submission *s, struct view signers, uint64_t now_s, struct why *w);

/* The state as a line of JSON, and back. ERR_OK, ERR_MALFORMED, ERR_NOMEM. */
int witness_state_write(const struct witness_state *s, struct buf *out);
int witness_state_read(struct view text, struct witness_state *s);

#endif

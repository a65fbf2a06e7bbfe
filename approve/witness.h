/* Both sides of a witness: our checkpoints on their way to one, and those of other bastions that we keep. */
#ifndef APPROVE_WITNESS_H
#define APPROVE_WITNESS_H

#include "base/buf.h"

struct control;

/* ---- witness_send.c: to audit.witness, a Sallyport or any endpoint that answers a POST with 2xx ---- */

int witness_open(struct control *c);
void witness_close(struct control *c);
void witness_reload(struct control *c);

/* A checkpoint was signed. The newest is sent; the last one of an epoch is never passed over. */
void witness_offer(struct control *c, struct view text, struct view sshsig);
void witness_round(struct control *c);

/* ---- witness_keep.c: for the logs under `witness` in the configuration ---- */

/* A submission (audit/witness.h) of `log`'s. Keeps it durably before it returns ERR_OK: a line in audit/witness/LOG/DAY.jsonl. ERR_NOTFOUND: no log of ours; ERR_AGAIN with *size: what is
 * known; others as witness_read() and witness_accept(); ERR_SYS. */
struct witness_submission;
int witness_keep(struct control *c, const struct witness_submission *s, uint64_t *size, struct why *w);

/* The last checkpoint kept of a log, text and signature. ERR_NOTFOUND. */
int witness_last(struct control *c, const char *origin, struct buf *out);

#endif

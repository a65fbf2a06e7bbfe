/* Copies of the audit log for whoever watches: syslog, journald, signed webhooks.
 *
 * The log itself is the spool: each output remembers up to which record its receiver has everything, and goes on from there, after an outage, a
 * restart or a kill. So nothing is lost however long a receiver is away, memory stays bounded, and the worst is that the records of the last second
 * before a kill come twice (their seq tells). Only UDP gives no answer: what is handed to the network counts as delivered. */
#ifndef APPROVE_OUTPUTS_H
#define APPROVE_OUTPUTS_H

#include "base/buf.h"

struct control;

int outputs_open(struct control *c);
void outputs_close(struct control *c);

/* After a new configuration. */
void outputs_reload(struct control *c);

/* Once a round, after the commit: hands on what is durable. */
void outputs_round(struct control *c);

/* A signed checkpoint: told to each output once it has the records that it covers. Only the latest waits. */
void outputs_checkpoint(struct control *c, struct view text, struct view sshsig);

/* Prometheus lines: records that each output lags behind. */
void outputs_metrics(struct control *c, struct buf *b);

#endif

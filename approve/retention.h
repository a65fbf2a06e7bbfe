/* How long recordings are kept: their content is deleted after a time, or the oldest first above a size. The log keeps every line. */
#ifndef APPROVE_RETENTION_H
#define APPROVE_RETENTION_H

#include "base/proto.h"

struct control;

int retention_open(struct control *c);
void retention_close(struct control *c);

/* The recorder that deletes was started, or not. Takes over the descriptors. */
void retention_recorder(struct control *c, const struct msg_recorder_ready *m, int control_fd, int session_fd);

#endif

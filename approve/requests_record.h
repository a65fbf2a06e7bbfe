/* Inside requests.c: what is written of a request, one record a step. All return what control_record() does: ERR_OK, or why it cannot be
 * recorded now. */
#ifndef APPROVE_REQUESTS_RECORD_H
#define APPROVE_REQUESTS_RECORD_H

#include <stdint.h>

struct approval;
struct control;
struct question;
struct request_ask;

int request_record_requested(struct control *c, const struct approval *a, const struct question *q, const struct request_ask *ask);
/* The last of its votes. route: the method and the path it came by. */
int request_record_vote(struct control *c, const struct approval *a, const char *route);
/* One of its uses was taken by the question of this decision's record. */
int request_record_used(struct control *c, const struct approval *a, uint64_t decision);
int request_record_expired(struct control *c, const struct approval *a);
int request_record_withdrawn(struct control *c, const struct approval *a, const char *reason);

#endif

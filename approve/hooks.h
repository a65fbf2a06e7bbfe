/* Webhooks out: who is to be told of requests for approval. Standard Webhooks (signed) or Slack's format; sent by the fetching
 * thread, tried again with growing pauses, kept in a bounded queue that outlives the process. */
#ifndef APPROVE_HOOKS_H
#define APPROVE_HOOKS_H

struct control;
struct approval;

int hooks_open(struct control *c);
void hooks_close(struct control *c);

/* A request came to be or changed its state. */
void hooks_approval(struct control *c, const struct approval *a);

#endif

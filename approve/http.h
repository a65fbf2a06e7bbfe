/* The HTTP API: libmicrohttpd inside control's loop, on loopback or with TLS, and on a unix socket. */
#ifndef APPROVE_HTTP_H
#define APPROVE_HTTP_H

#include "approve/approval.h"

struct control;

/* Listens and writes the port to run/http.port. What listens, and its certificates, are read at a start, not at a reload. */
int http_open(struct control *c);
void http_close(struct control *c);

/* Lets libmicrohttpd work, at the end of a round before the commit; and lets answers go, after it. http_release() returns whether any
 * went: new calls may have come in with them, and the caller goes round again. */
void http_work(struct control *c);
bool http_release(struct control *c);

/* Whether an answer waits for the disk. */
bool http_waits(const struct control *c);

/* A request came to be or changed: wakes long polls and feeds event streams, at the end of the round. */
void http_approval_event(struct control *c, const struct approval *a);

#endif

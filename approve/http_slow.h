/* Callers that take their time: libmicrohttpd ends a connection on which nothing comes for a while, but a byte now and then keeps it for ever, and as many of them
 * as it takes at most would keep everybody out. So a request must be there whole within a time, the shorter the more connections there are. */
#ifndef APPROVE_HTTP_SLOW_H
#define APPROVE_HTTP_SLOW_H

#include <stdint.h>

#include <microhttpd.h>

#include "base/loop.h"

enum { SLOW_MS = 30000, SLOW_CROWDED_MS = 5000, SLOW_FULL_MS = 1000 };

struct slow;

struct slow_table {
	struct loop *loop;
	struct loop_timer *timer;
	struct slow *first;
	unsigned n, max; /* connections now, and at most */
};

/* For MHD_OPTION_NOTIFY_CONNECTION; cls: the table. */
void slow_connection(void *cls, struct MHD_Connection *conn, void **context, enum MHD_ConnectionNotificationCode code);

/* A request is there whole; its answer is out, and the next one may come. */
void slow_whole(struct MHD_Connection *conn);
void slow_next(struct MHD_Connection *conn);

/* After the daemons have ended. */
void slow_close(struct slow_table *t);

#endif

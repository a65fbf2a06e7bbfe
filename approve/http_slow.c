/* Callers that take their time; see http_slow.h. A connection is not closed behind the library's back: its socket is shut down, and the library sees the end. */
#include "approve/http_slow.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { LOOK_MS = 500 };

struct slow {
	struct slow *next, **self;
	int64_t since_ms; /* monotonic; when it began to be waited for */
	int fd;
	bool whole;
};

static void look(void *arg)
{
	struct slow_table *t = arg;
	int64_t now = clock_mono_ms(), most = t->n >= t->max / 8 * 7 ? SLOW_FULL_MS : t->n >= t->max / 2 ? SLOW_CROWDED_MS : SLOW_MS;

	t->timer = NULL;
	for (struct slow *s = t->first; s != NULL; s = s->next) {
		if (!s->whole && now - s->since_ms > most)
			(void)shutdown(s->fd, SHUT_RDWR);
	}
	if (t->first != NULL)
		t->timer = loop_timer(t->loop, LOOK_MS, look, t);
}

static void begin(struct slow_table *t, struct MHD_Connection *conn, void **context)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct slow *s = info != NULL ? calloc(1, sizeof(*s)) : NULL;

	*context = s;
	if (s == NULL)
		return;
	s->fd = info->connect_fd;
	s->since_ms = clock_mono_ms();
	s->next = t->first;
	s->self = &t->first;
	if (s->next != NULL)
		s->next->self = &s->next;
	t->first = s;
	t->n++;
	if (t->timer == NULL)
		t->timer = loop_timer(t->loop, LOOK_MS, look, t);
}

void slow_connection(void *cls, struct MHD_Connection *conn, void **context, enum MHD_ConnectionNotificationCode code)
{
	struct slow_table *t = cls;
	struct slow *s = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		begin(t, conn, context);
	} else if (s != NULL) {
		*s->self = s->next;
		if (s->next != NULL)
			s->next->self = s->self;
		t->n--;
		free(s);
		*context = NULL;
	}
}

static struct slow *of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

void slow_whole(struct MHD_Connection *conn)
{
	struct slow *s = of(conn);

	if (s != NULL)
		s->whole = true;
}

void slow_next(struct MHD_Connection *conn)
{
	struct slow *s = of(conn);

	if (s != NULL) {
		s->whole = false;
		s->since_ms = clock_mono_ms();
	}
}

void slow_close(struct slow_table *t)
{
	loop_timer_del(t->timer);
	t->timer = NULL;
}

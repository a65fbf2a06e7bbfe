/* Sockets to other processes; see peer.h. Distrusts whatever they send: one bad message and the peer is dropped, no more. */
#include "approve/peer.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/proto.h"

static void lose(struct peer *p, const char *why)
{
	peer_gone_fn *fn = p->on_gone;
	void *arg = p->arg;

	if (p->closed)
		return;
	peer_close(p, false);
	fn(arg, why);
}

static void on_ready(int fd, unsigned events, void *arg)
{
	struct peer *p = arg;
	struct ipc_msg m;
	int r;

	(void)fd;
	if (!(events & (LOOP_READ | LOOP_HANGUP)))
		return; /* writable: peer_round() sends */
	r = ipc_read(&p->ipc);
	if (r < 0 && r != ERR_AGAIN && r != ERR_EOF) {
		lose(p, err_text(r));
		return;
	}
	for (;;) {
		int n = ipc_next(&p->ipc, &m);

		if (n == ERR_AGAIN)
			break;
		if (n >= 0) {
			n = p->on_message(p->arg, &m);
			if (n < 0) {
				p->set->bad++;
				log_warn("dropping %s: message %s: %s", p->name, proto_name(m.type), err_text(n));
			}
			ipc_msg_close(&m);
		}
		if (p->closed)
			return;
		if (n < 0) {
			lose(p, "it sent what it may not");
			return;
		}
	}
	/* A thousand idle workers must not hold a read buffer each. */
	if (p->ipc.consumed >= p->ipc.in.len) {
		buf_free(&p->ipc.in);
		p->ipc.consumed = 0;
	}
	if (!ipc_pending(&p->ipc))
		buf_free(&p->ipc.out);
	if (r == ERR_EOF)
		lose(p, "it ended");
}

struct peer *peer_open(struct peer_set *set, int fd, bool hold, const char *name, peer_message_fn *on_message, peer_gone_fn *on_gone,
		       void *arg)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		close(fd);
		return NULL;
	}
	ipc_init(&p->ipc, fd, true);
	p->ipc.hold = hold;
	p->set = set;
	p->name = name;
	p->on_message = on_message;
	p->on_gone = on_gone;
	p->arg = arg;
	p->watch = loop_watch(set->loop, fd, LOOP_READ, on_ready, p);
	if (p->watch == NULL) {
		ipc_free(&p->ipc);
		free(p);
		return NULL;
	}
	p->next = set->first;
	p->self = &set->first;
	if (p->next != NULL)
		p->next->self = &p->next;
	set->first = p;
	return p;
}

bool peer_waits(const struct peer_set *set)
{
	for (const struct peer *p = set->first; p != NULL; p = p->next) {
		if (p->ipc.hold && ipc_pending(&p->ipc))
			return true;
	}
	return false;
}

void peer_close(struct peer *p, bool flush)
{
	if (p == NULL || p->closed)
		return;
	p->closed = true;
	*p->self = p->next;
	if (p->next != NULL)
		p->next->self = p->self;
	loop_watch_del(p->watch);
	if (!flush)
		ipc_free(&p->ipc);
	p->next = p->set->dead;
	p->set->dead = p;
}

void peer_round(struct peer_set *set)
{
	struct peer *p, *next;
	int r;

	for (p = set->first; p != NULL; p = next) {
		next = p->next;
		if (!ipc_pending(&p->ipc))
			continue;
		r = ipc_flush(&p->ipc);
		loop_watch_events(p->watch, r == ERR_AGAIN ? LOOP_READ | LOOP_WRITE : LOOP_READ);
		/* A peer that is gone shows as end of file on the next read, with what it still had to say before. */
	}
	while ((p = set->dead) != NULL) {
		set->dead = p->next;
		if (p->ipc.fd >= 0) {
			(void)ipc_flush(&p->ipc);
			ipc_free(&p->ipc);
		}
		free(p);
	}
}

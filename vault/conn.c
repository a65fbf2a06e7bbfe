/* Agent sockets on the loop; see conn.h. Distrusts: the worker at the other end. */
#include "vault/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

struct conn {
	struct conns *all;
	struct conn *next;
	struct vault_grant *grant;
	struct loop_watch *watch;
	struct loop_timer *end;
	int fd;
	struct buf in, out;
};

struct conns {
	struct loop *loop;
	struct conn *first;
	unsigned count;
};

struct conns *conns_new(struct loop *l)
{
	struct conns *c = calloc(1, sizeof(*c));

	if (c != NULL)
		c->loop = l;
	return c;
}

static void conn_end(struct conn *c)
{
	for (struct conn **p = &c->all->first; *p != NULL; p = &(*p)->next) {
		if (*p == c) {
			*p = c->next;
			c->all->count--;
			break;
		}
	}
	loop_watch_del(c->watch);
	loop_timer_del(c->end);
	close(c->fd);
	vault_grant_free(c->grant);
	buf_free(&c->in);
	buf_free(&c->out);
	free(c);
}

void conns_free(struct conns *c)
{
	if (c == NULL)
		return;
	while (c->first != NULL)
		conn_end(c->first);
	free(c);
}

unsigned conns_count(const struct conns *c)
{
	return c->count;
}

unsigned conns_revoke(struct conns *c, uint64_t sid)
{
	unsigned n = 0;

	for (struct conn *x = c->first, *next; x != NULL; x = next) {
		next = x->next;
		if (x->grant->sid == sid) {
			conn_end(x);
			n++;
		}
	}
	return n;
}

/* ERR_OK: all gone. ERR_AGAIN: wait. Else the connection is dead. */
static int conn_flush(struct conn *c)
{
	while (c->out.len > 0) {
		ssize_t n = send(c->fd, buf_ptr(&c->out), c->out.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? ERR_AGAIN : ERR_SYS;
		buf_consume(&c->out, (size_t)n);
	}
	return ERR_OK;
}

/* Answers the whole frames that have come, as long as the answers are taken. */
static int conn_serve(struct conn *c)
{
	struct grant *g = &c->grant->agent;
	struct why why = { "" };

	for (;;) {
		struct view v = { buf_ptr(&c->in), c->in.len };
		unsigned uses = g->uses;
		uint32_t n;
		int r = conn_flush(c);

		if (r < 0)
			return r == ERR_AGAIN ? ERR_OK : r;
		if (view_u32(&v, &n) < 0)
			return ERR_OK;
		if (n == 0 || n > AGENT_FRAME_MAX)
			return ERR_MALFORMED;
		if (v.n < n)
			return ERR_OK;
		r = agent_handle(g, v.p, n, clock_wall_ms() / 1000, &c->out, &why);
		buf_consume(&c->in, 4 + n);
		if (r == ERR_NOMEM)
			return r;
		if (r < 0 && r != ERR_UNSUPPORTED)
			log_warn("session %llu: refused to sign: %s", (unsigned long long)c->grant->sid, why.text);
		else if (r == ERR_OK && g->uses < uses)
			log_info("session %llu: signed a login as %s", (unsigned long long)c->grant->sid, g->login);
	}
}

static int conn_read(struct conn *c)
{
	uint8_t *p = buf_reserve(&c->in, c->in.max - c->in.len);
	ssize_t n;

	if (p == NULL)
		return ERR_NOMEM;
	do
		n = recv(c->fd, p, c->in.max - c->in.len, 0);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return ERR_EOF;
	if (n < 0)
		return errno == EAGAIN ? ERR_OK : ERR_SYS;
	buf_added(&c->in, (size_t)n);
	return ERR_OK;
}

static void conn_event(int fd, unsigned events, void *arg)
{
	struct conn *c = arg;
	int r = ERR_OK;

	(void)fd;
	/* An answer that waits is sent before anything more is read. */
	if (c->out.len == 0 && (events & (LOOP_READ | LOOP_HANGUP)) != 0)
		r = conn_read(c);
	else if ((events & LOOP_HANGUP) != 0)
		r = ERR_EOF;
	if (r == ERR_OK)
		r = conn_serve(c);
	if (r < 0) {
		if (r != ERR_EOF && r != ERR_SYS)
			log_warn("session %llu: agent connection dropped: %s", (unsigned long long)c->grant->sid, err_text(r));
		conn_end(c);
		return;
	}
	loop_watch_events(c->watch, c->out.len > 0 ? LOOP_WRITE : LOOP_READ);
}

static void conn_expired(void *arg)
{
	struct conn *c = arg;

	c->end = NULL; /* it is gone once it fired */
	conn_end(c);
}

int conns_add(struct conns *all, int fd, struct vault_grant *g)
{
	int kind = 0, flags = fcntl(fd, F_GETFL), r;
	socklen_t len = sizeof(kind);
	struct conn *c = NULL;
	int64_t left = g->agent.valid_to * 1000 - clock_wall_ms();

	r = ERR_REFUSED;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &len) < 0 || kind != SOCK_STREAM)
		goto fail;
	r = ERR_SYS;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		goto fail;
	r = ERR_LIMIT;
	if (all->count >= CONN_MAX)
		goto fail;
	r = ERR_NOMEM;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		goto fail;
	c->all = all;
	c->fd = fd;
	buf_init(&c->in, 4 + AGENT_FRAME_MAX);
	buf_init(&c->out, 2 * (4 + AGENT_REPLY_MAX));
	c->watch = loop_watch(all->loop, fd, LOOP_READ, conn_event, c);
	c->end = loop_timer(all->loop, left > 0 ? left : 0, conn_expired, c);
	if (c->watch == NULL || c->end == NULL) {
		loop_watch_del(c->watch);
		loop_timer_del(c->end);
		goto fail;
	}
	c->grant = g;
	c->next = all->first;
	all->first = c;
	all->count++;
	return ERR_OK;
fail:
	free(c);
	close(fd);
	vault_grant_free(g);
	return r;
}

/* Connections to targets, for control. A numeric address is connected to from the loop, without blocking; a name is looked up and
 * connected to by a short-lived child, since no resolver can be trusted to answer in time. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "server/supervisor.h"

enum { DIALS_MAX = 256, TIMEOUT_MAX_MS = 120 * 1000 };

struct dial {
	struct supervisor *s;
	uint32_t req, generation; /* of the control that asked */
	int fd;                   /* connecting; or the child's socket */
	pid_t child;              /* 0: none */
	struct ipc ipc;           /* to the child */
	struct loop_watch *watch;
	struct loop_timer *timer;
};

/* A peer that is gone without a word is noticed after two and a half minutes; a link that is down for less is ridden out. */
void dial_socket_options(int fd)
{
	static const struct {
		int level, option, value;
	} options[] = { { IPPROTO_TCP, TCP_NODELAY, 1 }, { SOL_SOCKET, SO_KEEPALIVE, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 60 },
			{ IPPROTO_TCP, TCP_KEEPINTVL, 15 }, { IPPROTO_TCP, TCP_KEEPCNT, 6 } };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, options[i].level, options[i].option, &options[i].value, sizeof(options[i].value));
}

/* Ends the dial and answers; fd is given away, -1 with the reason in why. */
static void finish(struct dial *d, int fd, const char *why)
{
	struct supervisor *s = d->s;
	struct msg_dialed m = { .req = d->req, .ok = fd >= 0, .why = proto_str(why) };

	loop_watch_del(d->watch);
	loop_timer_del(d->timer);
	if (fd >= 0)
		dial_socket_options(fd);
	if (s->control.ipc.fd >= 0 && s->control.generation == d->generation)
		(void)msg_dialed_send(&s->control.ipc, &m, &fd, fd >= 0 ? 1 : 0);
	else if (fd >= 0)
		close(fd);
	if (d->child > 0) {
		kill(d->child, SIGKILL); /* reaped by the loop; it has nothing to put in order */
		ipc_free(&d->ipc);
	} else if (d->fd >= 0) {
		close(d->fd);
	}
	s->ndials--;
	free(d);
}

static void timed_out(void *arg)
{
	struct dial *d = arg;

	d->timer = NULL;
	finish(d, -1, "the target did not answer in time");
}

static void connected(int fd, unsigned events, void *arg)
{
	struct dial *d = arg;
	int e = 0;
	socklen_t len = sizeof(e);

	(void)events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) < 0)
		e = errno;
	if (e == EINPROGRESS || e == EALREADY)
		return;
	if (e != 0) {
		finish(d, -1, strerror(e));
		return;
	}
	d->fd = -1;
	finish(d, fd, "");
}

/* In the child: one address after the other. The parent's timer ends us. */
static int child_connect(const char *host, const char *port, const char **why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV }, *list = NULL;
	int r = getaddrinfo(host, port, &hints, &list), fd = -1;

	*why = r == 0 ? "the name has no address" : gai_strerror(r);
	if (r != 0)
		return -1;
	for (struct addrinfo *ai = list; ai != NULL && fd < 0; ai = ai->ai_next) {
		fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, ai->ai_addr, ai->ai_addrlen) < 0) {
			*why = strerror(errno);
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	return fd;
}

static void child_main(int sock, const char *host, uint16_t port, uint32_t timeout_ms)
{
	struct msg_dialed m = { 0 };
	struct ipc ipc;
	const char *why = "";
	char text[16];
	int fd;

	alarm(timeout_ms / 1000 + 2);
	snprintf(text, sizeof(text), "%u", port);
	fd = child_connect(host, text, &why);
	m.ok = fd >= 0;
	m.why = proto_str(fd >= 0 ? "" : why);
	ipc_init(&ipc, sock, false);
	(void)msg_dialed_send(&ipc, &m, &fd, fd >= 0 ? 1 : 0);
	_exit(0);
}

static void child_event(int sock, unsigned events, void *arg)
{
	struct dial *d = arg;
	struct msg_dialed answer;
	struct ipc_msg m;
	char why[256];
	int r = ipc_read(&d->ipc), fd = -1;

	(void)sock;
	(void)events;
	if (r == ERR_AGAIN)
		return;
	r = r == ERR_OK ? ipc_next(&d->ipc, &m) : r;
	if (r == ERR_AGAIN)
		return;
	snprintf(why, sizeof(why), "the look-up failed");
	if (r == ERR_OK) {
		if (m.type == MSG_dialed && msg_dialed_read(&m, &answer) == ERR_OK) {
			snprintf(why, sizeof(why), "%.*s", (int)(answer.why.n > 200 ? 200 : answer.why.n), (const char *)answer.why.p);
			if (answer.ok && m.nfds == 1) {
				fd = m.fds[0];
				m.fds[0] = -1;
			}
		}
		ipc_msg_close(&m);
	}
	finish(d, fd, why);
}

static int start_child(struct dial *d, const char *host, uint16_t port, uint32_t timeout_ms)
{
	int pair[2];

	if (ipc_pair(pair) < 0)
		return -1;
	d->child = fork();
	if (d->child == 0) {
		/* Nothing but its socket: it talks to the resolver. */
		for (int fd = 3; fd < 65536; fd++) {
			if (fd != pair[1] && close(fd) < 0 && errno == EBADF && fd > 4096)
				break;
		}
		signal(SIGALRM, SIG_DFL);
		child_main(pair[1], host, port, timeout_ms);
	}
	close(pair[1]);
	if (d->child < 0) {
		d->child = 0;
		close(pair[0]);
		return -1;
	}
	ipc_init(&d->ipc, pair[0], false);
	d->watch = loop_watch(d->s->loop, pair[0], LOOP_READ, child_event, d);
	return d->watch == NULL ? -1 : 0;
}

static int start_numeric(struct dial *d, const struct addrinfo *ai)
{
	d->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0)
		return -1;
	if (connect(d->fd, ai->ai_addr, ai->ai_addrlen) < 0 && errno != EINPROGRESS)
		return -1;
	d->watch = loop_watch(d->s->loop, d->fd, LOOP_WRITE, connected, d);
	return d->watch == NULL ? -1 : 0;
}

void dial_start(struct supervisor *s, const struct msg_dial *m)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV }, *ai = NULL;
	struct dial *d = calloc(1, sizeof(*d));
	uint32_t timeout = m->timeout_ms == 0 || m->timeout_ms > TIMEOUT_MAX_MS ? TIMEOUT_MAX_MS : m->timeout_ms;
	char *host = NULL, port[16];
	int r;

	if (d == NULL)
		return;
	d->s = s;
	d->req = m->req;
	d->generation = s->control.generation;
	d->fd = -1;
	s->ndials++;
	if (s->ndials > DIALS_MAX || view_strdup(&m->host, &host) < 0 || *host == '\0') {
		finish(d, -1, s->ndials > DIALS_MAX ? "too many connections are being made" : "not a host name");
		free(host);
		return;
	}
	d->timer = loop_timer(s->loop, timeout, timed_out, d);
	snprintf(port, sizeof(port), "%u", m->port);
	if (getaddrinfo(host, port, &hints, &ai) == 0) {
		r = start_numeric(d, ai);
		freeaddrinfo(ai);
	} else {
		r = start_child(d, host, m->port, timeout);
	}
	if (r < 0)
		finish(d, -1, strerror(errno));
	free(host);
}

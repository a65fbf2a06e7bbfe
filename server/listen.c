/* Listening sockets. The listener never ends: out of descriptors it refuses one connection by its reserve and rests a moment. Whoever
 * connects is a stranger: it costs us an address comparison until the limits let it in. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "server/notify.h"
#include "server/supervisor.h"

enum { BACKLOG = 512, ACCEPT_BATCH = 32, REST_MS = 100, FIRST_SYSTEMD_FD = 3 };

static int add(struct supervisor *s, int fd)
{
	if (s->nlisteners == LISTENERS_MAX)
		return ERR_LIMIT;
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	s->listeners[s->nlisteners].watch = NULL;
	s->listeners[s->nlisteners++].fd = fd;
	return ERR_OK;
}

static int bind_one(struct supervisor *s, const struct addrinfo *ai)
{
	int on = 1, fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || add(s, fd) < 0) {
		int e = errno;

		close(fd);
		errno = e;
		return -1;
	}
	return 0;
}

static int bind_address(struct supervisor *s, const char *text)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *list = NULL;
	const char *colon = strrchr(text, ':');
	char host[256];
	size_t n = (size_t)(colon - text);
	int r, bound = 0;

	if (n >= sizeof(host))
		return ERR_MALFORMED;
	memcpy(host, text, n);
	host[n] = '\0';
	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		memmove(host, host + 1, n - 2);
		host[n - 2] = '\0';
	}
	r = getaddrinfo(*host == '\0' || strcmp(host, "*") == 0 ? NULL : host, colon + 1, &hints, &list);
	if (r != 0) {
		log_error("listen \"%s\": %s", text, gai_strerror(r));
		return ERR_SYS;
	}
	for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		if (bind_one(s, ai) == 0)
			bound++;
		else
			log_error("listen \"%s\": %s", text, strerror(errno));
	}
	freeaddrinfo(list);
	return bound > 0 ? ERR_OK : ERR_SYS;
}

int listen_open(struct supervisor *s)
{
	int r = ERR_OK;

	if (s->nsystemd > 0) {
		for (unsigned i = 0; i < s->nsystemd && r == ERR_OK; i++)
			r = add(s, FIRST_SYSTEMD_FD + (int)i);
		return r;
	}
	for (unsigned i = 0; i < s->config->nlisten && r == ERR_OK; i++)
		r = bind_address(s, s->config->listen[i]);
	return r;
}

/* One that cannot be accepted for want of descriptors would stay in the queue and wake us for ever. */
static void refuse_by_reserve(struct supervisor *s, int fd)
{
	int c;

	close(s->reserve_fd);
	c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (c >= 0)
		close(c);
	s->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void accept_some(int fd, unsigned events, void *arg)
{
	struct supervisor *s = arg;
	int c;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH && !s->stopping; i++) {
		struct sockaddr_storage peer = { 0 };
		socklen_t len = sizeof(peer);
		const char *why = NULL;

		c = accept4(fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
		if (c < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
				log_warn("a connection was refused: %s", strerror(errno));
				refuse_by_reserve(s, fd);
				listen_pause(s, REST_MS);
			}
			return; /* every other error is that connection's own */
		}
		if (workers_over_limit(s, &peer, &why)) {
			char text[64];

			workers_address(&peer, text, sizeof(text), NULL);
			log_info("connection from %s refused: %s", text, why);
			close(c);
			continue;
		}
		dial_socket_options(c);
		workers_new(s, c, &peer);
	}
}

static void watch_all(struct supervisor *s)
{
	for (unsigned i = 0; i < s->nlisteners; i++) {
		if (s->listeners[i].watch == NULL)
			s->listeners[i].watch = loop_watch(s->loop, s->listeners[i].fd, LOOP_READ, accept_some, s);
	}
}

static void write_port(struct supervisor *s)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	char text[64];
	uint16_t port = 0;
	int fd, n;

	if (s->nlisteners == 0 || getsockname(s->listeners[0].fd, (struct sockaddr *)&sa, &len) < 0)
		return;
	workers_address(&sa, text, sizeof(text), &port);
	log_info("listening on %s port %u", text, port);
	fd = openat(s->state_fd, "run/ssh.port.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return;
	n = snprintf(text, sizeof(text), "%u\n", port);
	if (write(fd, text, (size_t)n) == n)
		(void)renameat(s->state_fd, "run/ssh.port.new", s->state_fd, "run/ssh.port");
	close(fd);
}

int listen_start(struct supervisor *s)
{
	for (unsigned i = 0; i < s->nlisteners; i++) {
		if (listen(s->listeners[i].fd, BACKLOG) < 0) {
			log_error("listen: %s", strerror(errno));
			s->status = 1;
			return ERR_SYS;
		}
	}
	watch_all(s);
	write_port(s);
	return ERR_OK;
}

static void resume(void *arg)
{
	struct supervisor *s = arg;

	s->resume = NULL;
	listen_resume(s);
}

void listen_pause(struct supervisor *s, int64_t resume_ms)
{
	for (unsigned i = 0; i < s->nlisteners; i++) {
		loop_watch_del(s->listeners[i].watch);
		s->listeners[i].watch = NULL;
	}
	if (resume_ms > 0 && s->resume == NULL)
		s->resume = loop_timer(s->loop, resume_ms, resume, s);
}

void listen_resume(struct supervisor *s)
{
	if (!s->stopping && services_control_ready(s))
		watch_all(s);
}

void listen_close(struct supervisor *s)
{
	listen_pause(s, 0);
	for (unsigned i = 0; i < s->nlisteners; i++)
		close(s->listeners[i].fd);
	s->nlisteners = 0;
}

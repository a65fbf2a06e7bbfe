/* Looks at the host certificate that a target offers. libssh knows no host certificates, so a first connection is used to be shown one
 * (hostcert.h), and control checks it. It proves nothing here; the key that it names is pinned for the connection that follows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/hostcert.h"
#include "server/session.h"

enum { SCAN_BYTES_MAX = 64 * 1024 }; /* all that a target may send */

static void answer(struct session *s, bool ok, const char *why, struct view blob)
{
	struct msg_host_certificate m = { .ok = ok, .why = proto_str(why), .blob = blob };

	if (!s->control_lost && s->control.fd >= 0 && msg_host_certificate_send(&s->control, &m, NULL, 0) < 0)
		control_gone(s);
	hostscan_stop(s);
}

static int readable(socket_t fd, int revents, void *arg)
{
	(void)fd;
	(void)revents;
	((struct session *)arg)->scan_ready = true;
	return 0;
}

void hostscan_stop(struct session *s)
{
	if (s->scan_fd < 0)
		return;
	ssh_event_remove_fd(s->event, s->scan_fd);
	close(s->scan_fd);
	s->scan_fd = -1;
	s->scan_ready = false;
	buf_free(&s->scan);
}

void hostscan_start(struct session *s, int fd)
{
	struct view none = { NULL, 0 };
	uint8_t random[32];
	struct buf hello;

	hostscan_stop(s);
	buf_init(&s->scan, SCAN_BYTES_MAX);
	buf_init(&hello, 8192);
	s->scan_fd = fd;
	s->scan_deadline = session_now() + HANDSHAKE_MS;
	if (ssh_event_add_fd(s->event, fd, POLLIN, readable, s) != SSH_OK || getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random) ||
	    hostcert_hello(random, &hello) < 0 ||
	    send(fd, buf_ptr(&hello), hello.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)hello.len)
		answer(s, false, "the target closed the connection", none);
	buf_free(&hello);
}

void hostscan_step(struct session *s)
{
	struct view blob = { NULL, 0 };
	struct why why = { "it has none" }; /* a server without one closes the connection */
	uint8_t *p;
	ssize_t n;
	int r;

	if (s->scan_fd < 0)
		return;
	if (session_now() > s->scan_deadline) {
		answer(s, false, "the target did not answer in time", blob);
		return;
	}
	if (!s->scan_ready)
		return;
	s->scan_ready = false;
	p = buf_reserve(&s->scan, 4096);
	n = p == NULL ? 0 : recv(s->scan_fd, p, 4096, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		buf_added(&s->scan, (size_t)n);
	r = hostcert_read(&s->scan, &blob, &why);
	if (r == ERR_OK)
		answer(s, true, "", blob);
	else if (r != ERR_AGAIN || n <= 0)
		answer(s, false, why.text, blob);
}

/* Framed messages with descriptors over socketpairs. The peer may have been taken over: every length is checked before it is
 * believed, and nothing grows past its bound. */
#include "base/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

enum { READ_CHUNK = 64 * 1024 };

void ipc_init(struct ipc *c, int fd, bool secret)
{
	int flags;

	memset(c, 0, sizeof(*c));
	c->fd = fd;
	if (secret) {
		buf_init_secret(&c->in, IPC_PAYLOAD_MAX + IPC_HEADER + READ_CHUNK);
		buf_init_secret(&c->out, IPC_QUEUE_MAX);
	} else {
		buf_init(&c->in, IPC_PAYLOAD_MAX + IPC_HEADER + READ_CHUNK);
		buf_init(&c->out, IPC_QUEUE_MAX);
	}
	flags = fcntl(fd, F_GETFL);
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void ipc_free(struct ipc *c)
{
	if (c->fd < 0)
		return;
	for (unsigned i = 0; i < c->n_in_fds; i++)
		close(c->in_fds[i]);
	for (unsigned i = 0; i < c->n_out_fds; i++)
		close(c->out_fds[i].fd);
	c->n_in_fds = c->n_out_fds = 0;
	buf_free(&c->in);
	buf_free(&c->out);
	close(c->fd);
	c->fd = -1;
}

int ipc_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 ? ERR_SYS : ERR_OK;
}

static void close_all(const int *fds, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

int ipc_send(struct ipc *c, uint16_t type, const void *payload, size_t n, const int *fds, unsigned nfds)
{
	size_t at = c->out.len;
	int r;

	if (c->fd < 0 || n > IPC_PAYLOAD_MAX || nfds > IPC_FDS_MAX || c->n_out_fds + nfds > IPC_FDS_HELD ||
	    buf_reserve(&c->out, n + IPC_HEADER) == NULL) {
		close_all(fds, nfds);
		return c->fd < 0 ? ERR_EOF : ERR_LIMIT;
	}
	(void)buf_put_u32(&c->out, (uint32_t)n + 4);
	(void)buf_put_u16(&c->out, type);
	(void)buf_put_u8(&c->out, (uint8_t)nfds);
	(void)buf_put_u8(&c->out, 0);
	(void)buf_put(&c->out, payload, n);
	for (unsigned i = 0; i < nfds; i++) {
		c->out_fds[c->n_out_fds].fd = fds[i];
		c->out_fds[c->n_out_fds++].at = at;
	}
	if (c->hold)
		return ERR_OK;
	r = ipc_flush(c);
	return r == ERR_AGAIN ? ERR_OK : r;
}

static int queue_rest(struct ipc *c, const uint8_t *p, size_t n, size_t *sent)
{
	size_t skip = *sent < n ? *sent : n;

	*sent -= skip;
	return buf_put(&c->out, p + skip, n - skip);
}

int ipc_send_parts(struct ipc *c, uint16_t type, const void *head, size_t nhead, const void *data, size_t ndata)
{
	uint32_t len = (uint32_t)(nhead + ndata) + 4;
	uint8_t frame[IPC_HEADER] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)(type >> 8), (uint8_t)type, 0, 0 };
	struct iovec iov[3] = { { frame, sizeof(frame) }, { (void *)(uintptr_t)head, nhead }, { (void *)(uintptr_t)data, ndata } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 3 };
	size_t sent = 0;
	ssize_t n = 0;

	if (c->fd < 0)
		return ERR_EOF;
	if (nhead + ndata > IPC_PAYLOAD_MAX)
		return ERR_LIMIT;
	if (c->out.len == 0) {
		do {
			n = sendmsg(c->fd, &mh, MSG_NOSIGNAL);
		} while (n < 0 && errno == EINTR);
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			return errno == EPIPE || errno == ECONNRESET ? ERR_EOF : ERR_SYS;
		sent = n > 0 ? (size_t)n : 0;
	}
	if (sent == sizeof(frame) + nhead + ndata)
		return ERR_OK;
	/* Room for all or nothing: half a frame in the queue would be the end of the channel. */
	if (buf_reserve(&c->out, sizeof(frame) + nhead + ndata - sent) == NULL)
		return sent > 0 ? ERR_SYS : ERR_LIMIT;
	(void)queue_rest(c, frame, sizeof(frame), &sent);
	(void)queue_rest(c, head, nhead, &sent);
	(void)queue_rest(c, data, ndata, &sent);
	return ERR_OK;
}

/* One sendmsg(): up to where the next descriptors ride, and with those that ride at the front. */
static ssize_t send_some(struct ipc *c, unsigned *nsent)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(IPC_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = { c->out.data + c->out.off, c->out.len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[IPC_FDS_MAX];
	unsigned n = 0;

	while (n < c->n_out_fds && n < IPC_FDS_MAX && c->out_fds[n].at == 0) {
		fds[n] = c->out_fds[n].fd;
		n++;
	}
	if (n < c->n_out_fds)
		iov.iov_len = c->out_fds[n].at;
	if (n > 0) {
		memset(&control, 0, sizeof(control));
		mh.msg_control = control.space;
		mh.msg_controllen = CMSG_SPACE(n * sizeof(int));
		struct cmsghdr *h = CMSG_FIRSTHDR(&mh);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(h), fds, n * sizeof(int));
	}
	*nsent = n;
	return sendmsg(c->fd, &mh, MSG_NOSIGNAL);
}

int ipc_flush(struct ipc *c)
{
	unsigned nfds;
	ssize_t n;

	if (c->fd < 0)
		return ERR_EOF;
	while (c->out.len > 0) {
		n = send_some(c, &nfds);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return ERR_AGAIN;
		if (n < 0)
			return errno == EPIPE || errno == ECONNRESET ? ERR_EOF : ERR_SYS;
		/* The kernel took the descriptors with the first byte. */
		for (unsigned i = 0; i < nfds; i++)
			close(c->out_fds[i].fd);
		c->n_out_fds -= nfds;
		memmove(c->out_fds, c->out_fds + nfds, c->n_out_fds * sizeof(c->out_fds[0]));
		for (unsigned i = 0; i < c->n_out_fds; i++)
			c->out_fds[i].at -= (size_t)n;
		buf_consume(&c->out, (size_t)n);
	}
	return ERR_OK;
}

bool ipc_pending(const struct ipc *c)
{
	return c->fd >= 0 && c->out.len > 0;
}

static void drop_consumed(struct ipc *c)
{
	if (c->consumed > 0)
		buf_consume(&c->in, c->consumed);
	c->consumed = 0;
}

int ipc_read(struct ipc *c)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(IPC_FDS_HELD * sizeof(int))];
	} control;
	struct iovec iov;
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *h;
	ssize_t n;
	int fd;

	if (c->fd < 0)
		return ERR_EOF;
	drop_consumed(c);
	iov.iov_base = buf_reserve(&c->in, READ_CHUNK);
	iov.iov_len = READ_CHUNK;
	if (iov.iov_base == NULL)
		return ERR_LIMIT;
	mh.msg_control = control.space;
	mh.msg_controllen = sizeof(control.space);
	do {
		n = recvmsg(c->fd, &mh, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_AGAIN : errno == ECONNRESET ? ERR_EOF : ERR_SYS;
	for (h = CMSG_FIRSTHDR(&mh); h != NULL; h = CMSG_NXTHDR(&mh, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (h->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(int));
			if (c->n_in_fds < IPC_FDS_HELD)
				c->in_fds[c->n_in_fds++] = fd;
			else
				close(fd); /* ipc_next() then misses it and drops the peer */
		}
	}
	if (n == 0)
		return ERR_EOF;
	buf_added(&c->in, (size_t)n);
	return ERR_OK;
}

int ipc_next(struct ipc *c, struct ipc_msg *m)
{
	struct view v;
	uint32_t len;
	uint8_t nfds, zero;

	memset(m, 0, sizeof(*m));
	m->fds[0] = m->fds[1] = -1;
	drop_consumed(c);
	v.p = buf_ptr(&c->in);
	v.n = c->in.len;
	if (view_u32(&v, &len) < 0)
		return ERR_AGAIN;
	if (len < 4)
		return ERR_MALFORMED;
	if (len - 4 > IPC_PAYLOAD_MAX)
		return ERR_LIMIT;
	if (v.n < len)
		return ERR_AGAIN;
	if (view_u16(&v, &m->type) < 0 || view_u8(&v, &nfds) < 0 || view_u8(&v, &zero) < 0 || zero != 0 ||
	    nfds > IPC_FDS_MAX || nfds > c->n_in_fds)
		return ERR_MALFORMED;
	(void)view_bytes(&v, len - 4, &m->payload);
	for (unsigned i = 0; i < nfds; i++)
		m->fds[i] = c->in_fds[i];
	m->nfds = nfds;
	c->n_in_fds -= nfds;
	memmove(c->in_fds, c->in_fds + nfds, c->n_in_fds * sizeof(int));
	c->consumed = (size_t)len + 4;
	return ERR_OK;
}

void ipc_msg_close(struct ipc_msg *m)
{
	for (unsigned i = 0; i < IPC_FDS_MAX; i++) {
		if (i < m->nfds && m->fds[i] >= 0)
			close(m->fds[i]);
		m->fds[i] = -1;
	}
	m->nfds = 0;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int ipc_wait(struct ipc *c, struct ipc_msg *m, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms, left;
	struct pollfd p;
	int r;

	for (;;) {
		r = ipc_next(c, m);
		if (r != ERR_AGAIN)
			return r;
		left = timeout_ms < 0 ? -1 : end - now_ms();
		if (timeout_ms >= 0 && left <= 0)
			return ERR_EXPIRED;
		p.fd = c->fd;
		p.events = (short)(POLLIN | (ipc_pending(c) ? POLLOUT : 0));
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return ERR_SYS;
		if (p.revents & POLLOUT) {
			r = ipc_flush(c);
			if (r < 0 && r != ERR_AGAIN)
				return r;
		}
		if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
			r = ipc_read(c);
			if (r < 0 && r != ERR_AGAIN)
				return r;
		}
	}
}

/* Fuzzes what a process may find on its sockets: a stream of frames, with descriptors riding along, cut anywhere. Every message that comes
 * out is read as each of its possible types; what could be read is sent again as the same bytes. The first byte says how many descriptors
 * come, the second how the stream is cut. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STREAM_MAX = 64 * 1024 };

static int sent_with(int fd, const uint8_t *p, size_t n, unsigned nfds)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct iovec iov = { (void *)(uintptr_t)p, n };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[8];

	for (unsigned i = 0; i < nfds; i++)
		fds[i] = fd;
	if (nfds > 0) {
		struct cmsghdr *h;

		memset(&control, 0, sizeof(control));
		mh.msg_control = control.space;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		h = CMSG_FIRSTHDR(&mh);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(h), fds, nfds * sizeof(int));
	}
	return sendmsg(fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n ? 0 : -1;
}

/* A list inside a message is read to its end, or is malformed; it never goes on for ever. */
static void list(struct view v)
{
	struct view item;
	size_t n = 0;

	while (proto_list_next(&v, &item) == ERR_OK) {
		if (item.n > 0 && item.p == NULL)
			abort();
		if (++n > STREAM_MAX)
			abort();
	}
}

static void same(const struct ipc_msg *m, struct ipc *to, struct ipc *from)
{
	struct ipc_msg back;

	(void)to;
	if (ipc_wait(from, &back, 1000) != ERR_OK || back.type != m->type || back.payload.n != m->payload.n ||
	    (m->payload.n > 0 && memcmp(back.payload.p, m->payload.p, m->payload.n) != 0))
		abort();
	ipc_msg_close(&back);
}

#define FUZZ_ONE(name, number, carries)                                               \
	{                                                                             \
		struct msg_##name x;                                                  \
		if (msg_##name##_read(m, &x) == ERR_OK) {                             \
			if (m->type != number || m->nfds > carries)                   \
				abort();                                              \
			if (msg_##name##_send(to, &x, NULL, 0) != ERR_OK)             \
				abort();                                              \
			same(m, to, from);                                            \
		}                                                                     \
	}

static void each(const struct ipc_msg *m, struct ipc *to, struct ipc *from)
{
	PROTO_MESSAGES(FUZZ_ONE)
	list(m->payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipc to, from, in;
	struct ipc_msg m;
	int pair[2], echo[2], r;
	size_t cut;

	if (size < 2 || size > STREAM_MAX)
		return 0;
	if (ipc_pair(pair) < 0 || ipc_pair(echo) < 0)
		abort();
	ipc_init(&in, pair[0], size % 2 == 0);
	ipc_init(&to, echo[0], false);
	ipc_init(&from, echo[1], false);
	cut = data[1] == 0 ? size - 2 : (size - 2) * data[1] / 256;
	for (size_t at = 2, n; at < size; at += n) {
		n = at == 2 && cut > 0 && cut < size - 2 ? cut : size - at;
		if (sent_with(pair[1], data + at, n, at == 2 ? data[0] % 9 : 0) < 0)
			break;
		r = ipc_read(&in);
		while (r >= 0 && (r = ipc_next(&in, &m)) == ERR_OK) {
			if (m.nfds > IPC_FDS_MAX || m.payload.n > IPC_PAYLOAD_MAX)
				abort();
			for (unsigned i = 0; i < m.nfds; i++) {
				if (fcntl(m.fds[i], F_GETFD) != FD_CLOEXEC)
					abort(); /* not a descriptor, or one that a child would inherit */
			}
			each(&m, &to, &from);
			ipc_msg_close(&m);
		}
		if (r < 0 && r != ERR_AGAIN)
			break;
	}
	close(pair[1]);
	ipc_free(&in);
	ipc_free(&to);
	ipc_free(&from);
	return 0;
}

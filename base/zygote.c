/* A warmed parent; see zygote.h. It trusts the supervisor, who is at the other end of its only descriptor. */
#include "base/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(ZYGOTE_FDS_MAX * sizeof(int))];
};

/* One request: a byte, and descriptors. Their number, or -1 at the end. */
static int receive(int sock, int *fds)
{
	union control control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space) };
	struct cmsghdr *h;
	ssize_t n;
	int count;

	do {
		n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		return -1;
	h = CMSG_FIRSTHDR(&mh);
	if (h == NULL || h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS || (mh.msg_flags & MSG_CTRUNC))
		return -1;
	count = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(fds, CMSG_DATA(h), (size_t)count * sizeof(int));
	return count;
}

/* To 3, 4, …: first out of the way, since one may stand where another goes. */
static int place(const int *fds, unsigned n)
{
	int high[ZYGOTE_FDS_MAX];

	for (unsigned i = 0; i < n; i++) {
		high[i] = fcntl(fds[i], F_DUPFD, FIRST_FD + ZYGOTE_FDS_MAX + 1);
		if (high[i] < 0)
			return -1;
	}
	for (unsigned i = 0; i < n; i++) {
		if (dup2(high[i], FIRST_FD + (int)i) < 0)
			return -1;
	}
	return (int)syscall(SYS_close_range, FIRST_FD + n, ~0u, 0);
}

/* What ps and pgrep show, written over the arguments, which lie one behind the other. */
static void set_title(char **argv, const char *text)
{
	static size_t room; /* of the original arguments */
	const char *base = strrchr(text, '/');

	if (room == 0) {
		for (char **a = argv; *a != NULL && *a == argv[0] + room; a++)
			room += strlen(*a) + 1;
	}
	base = base == NULL ? text : base + 1;
	if (room > 0) {
		memset(argv[0], 0, room);
		strncpy(argv[0], text, room - 1);
	}
	(void)prctl(PR_SET_NAME, base, 0, 0, 0);
}

void zygote_serve(int sock, unsigned nfds, char **argv)
{
	static char *no_arguments[] = { NULL, NULL };
	int fds[ZYGOTE_FDS_MAX], n;
	char name[64];
	int32_t answer;
	long pid;

	snprintf(name, sizeof(name), "%s", argv[0]);
	set_title(argv, "sallyport-parent");
	no_arguments[0] = argv[0];
	for (;;) {
		n = receive(sock, fds);
		if (n < 0)
			_exit(0);
		/* Not fork(): the child is to be our parent's. There is one thread, and nothing that fork() would put in order. */
		pid = n == (int)nfds ? syscall(SYS_clone, (unsigned long)(CLONE_PARENT | SIGCHLD), NULL, NULL, NULL, NULL) : -1;
		if (pid == 0) {
			(void)setpgid(0, 0);
			if (place(fds, nfds) < 0)
				_exit(126);
			set_title(no_arguments, name);
			return;
		}
		for (int i = 0; i < n; i++)
			close(fds[i]);
		answer = (int32_t)pid;
		if (send(sock, &answer, sizeof(answer), MSG_NOSIGNAL) != (ssize_t)sizeof(answer))
			_exit(0);
	}
}

pid_t zygote_fork(int sock, const int *fds, unsigned nfds, int timeout_ms)
{
	union control control;
	char byte = 'f';
	struct iovec iov = { &byte, 1 };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = CMSG_SPACE(nfds * sizeof(int)) };
	struct cmsghdr *h;
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int32_t answer = -1;

	if (nfds == 0 || nfds > ZYGOTE_FDS_MAX)
		return -1;
	memset(&control, 0, sizeof(control));
	h = CMSG_FIRSTHDR(&mh);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(nfds * sizeof(int));
	memcpy(CMSG_DATA(h), fds, nfds * sizeof(int));
	if (sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		return -1;
	while (poll(&p, 1, timeout_ms) < 0) {
		if (errno != EINTR)
			return -1;
	}
	if (!(p.revents & POLLIN) || recv(sock, &answer, sizeof(answer), MSG_DONTWAIT) != (ssize_t)sizeof(answer))
		return -1;
	return answer;
}

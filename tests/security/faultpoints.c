/* Preloaded into a program: something goes wrong at a named point. The plan is a file, $FAULT_PLAN, with one line: CALL NTH ACTION. The first process that finds it takes it:
 * at its NTH call of CALL it does ACTION:
 *     before, after   ends itself with kill -9, before or after the call
 *     half            writes half of the bytes, then the same (write, pwrite)
 *     EIO, ENOSPC, EROFS   from this call on, every call of that name fails so
 * With FAULT_KEEP set the plan stays where it is: for every process that comes.
 * A program that only forks others (--parent) takes none; its children do. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { NONE, BEFORE, AFTER, HALF, FAIL };

static char call[32];
static long nth, count;
static int action, error, planned;
static pid_t parent, claimed_by;

static void die(void)
{
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGKILL);
	for (;;)
		;
}

static void claim(void)
{
	const char *plan = getenv("FAULT_PLAN");
	char mine[512], text[128], what[16] = "";
	ssize_t n;
	int fd;

	claimed_by = getpid();
	if (plan == NULL)
		return;
	if (getenv("FAULT_KEEP") != NULL) {
		snprintf(mine, sizeof(mine), "%s", plan);
	} else {
		snprintf(mine, sizeof(mine), "%s.%d", plan, (int)getpid());
		if (rename(plan, mine) < 0)
			return;
	}
	fd = open(mine, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? syscall(SYS_read, fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0)
		close(fd);
	if (getenv("FAULT_KEEP") == NULL)
		unlink(mine);
	if (n <= 0)
		return;
	text[n] = '\0';
	if (sscanf(text, "%31s %ld %15s", call, &nth, what) != 3)
		return;
	action = strcmp(what, "before") == 0 ? BEFORE : strcmp(what, "after") == 0 ? AFTER : strcmp(what, "half") == 0 ? HALF : FAIL;
	error = strcmp(what, "ENOSPC") == 0 ? ENOSPC : strcmp(what, "EROFS") == 0 ? EROFS : EIO;
	planned = 1;
}

__attribute__((constructor)) static void start(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--parent") == 0)
		parent = getpid();
	else if (argc <= 1 || (strcmp(argv[1], "--repair") != 0 && strcmp(argv[1], "--check") != 0))
		claim();
	else
		claimed_by = getpid();
}

/* What is to happen at this call. */
static int point(const char *name)
{
	if (parent != 0 && getpid() != parent && claimed_by != getpid())
		claim();
	if (!planned || claimed_by != getpid() || strcmp(name, call) != 0 || ++count < nth)
		return NONE;
	if (action == FAIL)
		errno = error;
	return action == FAIL || count == nth ? action : NONE;
}

#define REAL(name) static __typeof__(name) *real; if (real == NULL) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define GUARD(name, type, fails, ...) \
	int what = point(name); \
	type r; \
	if (what == BEFORE || what == HALF) \
		die(); \
	if (what == FAIL) \
		return fails; \
	r = real(__VA_ARGS__); \
	if (what == AFTER) \
		die(); \
	return r

ssize_t write(int fd, const void *p, size_t n)
{
	int what = point("write");
	ssize_t r;
	REAL(write);

	if (what == BEFORE)
		die();
	if (what == HALF) {
		(void)!real(fd, p, n / 2);
		die();
	}
	if (what == FAIL && fd > 2)
		return errno = error, -1;
	r = real(fd, p, n);
	if (what == AFTER)
		die();
	return r;
}

static ssize_t any_pwrite(ssize_t (*real)(int, const void *, size_t, off_t), int fd, const void *p, size_t n, off_t at)
{
	int what = point("pwrite");
	ssize_t r;

	if (what == BEFORE)
		die();
	if (what == HALF) {
		(void)!real(fd, p, n / 2, at);
		die();
	}
	if (what == FAIL)
		return -1;
	r = real(fd, p, n, at);
	if (what == AFTER)
		die();
	return r;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	REAL(pwrite);
	return any_pwrite(real, fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	static ssize_t (*real)(int, const void *, size_t, off_t);
	if (real == NULL)
		real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
	return any_pwrite(real, fd, p, n, at);
}

int fdatasync(int fd)
{
	REAL(fdatasync);
	GUARD("fdatasync", int, -1, fd);
}

int fsync(int fd)
{
	REAL(fsync);
	GUARD("fsync", int, -1, fd);
}

int fallocate(int fd, int mode, off_t from, off_t n)
{
	REAL(fallocate);
	GUARD("fallocate", int, -1, fd, mode, from, n);
}

int renameat(int a, const char *from, int b, const char *to)
{
	REAL(renameat);
	GUARD("renameat", int, -1, a, from, b, to);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	REAL(sendmsg);
	GUARD("sendmsg", ssize_t, -1, fd, m, flags);
}

int openat(int fd, const char *name, int flags, ...)
{
	mode_t mode;
	va_list ap;
	REAL(openat);

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	{
		GUARD("openat", int, -1, fd, name, flags, mode);
	}
}

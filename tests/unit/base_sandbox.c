/* Each kind of process is refused, or dies, when it tries what it should not. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"

static char own[] = "/tmp/sallyport-sandbox.XXXXXX";

enum attempt { TRY_NOTHING, TRY_OPEN, TRY_OPENAT_DIR, TRY_OPENAT_UP, TRY_WRITE, TRY_WRITE_UP, TRY_SOCKET, TRY_PAIR, TRY_EXEC };

/* What the child saw: 0 the attempt worked, 1 it was refused, 77 no seccomp here, -1 it was killed. It may reach what lies below a folder of its own,
 * and control reads everywhere. */
static int attempt(enum sandbox_kind kind, enum attempt what)
{
	int status, ok = 1, dir, root;
	pid_t pid = fork();

	if (pid == 0) {
		struct landlock_path paths[2];

		dir = open(own, O_RDONLY | O_DIRECTORY);
		root = open("/", O_PATH | O_DIRECTORY);
		paths[0] = (struct landlock_path){ dir, true };
		paths[1] = (struct landlock_path){ root, false };
		int r = sandbox_enter(kind, paths, kind == SANDBOX_SESSION ? 0 : kind == SANDBOX_CONTROL ? 2 : 1);

		if (r == ERR_UNSUPPORTED)
			_exit(77);
		if (r < 0)
			_exit(99);
		if (what == TRY_OPEN)
			ok = open("/etc/passwd", O_RDONLY) >= 0;
		else if (what == TRY_OPENAT_DIR)
			ok = openat(dir, "file", O_RDONLY) >= 0;
		else if (what == TRY_OPENAT_UP)
			ok = openat(dir, "../../../../../etc/passwd", O_RDONLY) >= 0;
		else if (what == TRY_WRITE)
			ok = openat(dir, "new", O_WRONLY | O_CREAT, 0600) >= 0;
		else if (what == TRY_WRITE_UP)
			ok = openat(dir, "../new", O_WRONLY | O_CREAT, 0600) >= 0;
		else if (what == TRY_SOCKET)
			ok = socket(AF_INET, SOCK_STREAM, 0) >= 0;
		else if (what == TRY_PAIR)
			ok = socketpair(AF_UNIX, SOCK_DGRAM, 0, (int[2]){ 0 }) == 0;
		else if (what == TRY_EXEC)
			execl("/bin/true", "true", NULL);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whether this kernel has Landlock at all: without it names are as the file system has them. */
static bool has_landlock(void)
{
	return syscall(444, NULL, 0, 1) >= 1;
}

static void each_kind_is_held(void **state)
{
	static const struct {
		enum sandbox_kind kind;
		enum attempt what;
		int expected;
		bool landlock; /* does that, not the filter */
	} rows[] = {
		{ SANDBOX_VAULT, TRY_NOTHING, 0, false },	{ SANDBOX_VAULT, TRY_OPEN, 1, false },
		{ SANDBOX_VAULT, TRY_OPENAT_DIR, 0, false },	{ SANDBOX_VAULT, TRY_OPENAT_UP, 1, true },
		{ SANDBOX_VAULT, TRY_WRITE, 0, false },		{ SANDBOX_VAULT, TRY_WRITE_UP, 1, true },
		{ SANDBOX_VAULT, TRY_SOCKET, 1, false },	{ SANDBOX_VAULT, TRY_PAIR, 1, false },
		{ SANDBOX_VAULT, TRY_EXEC, -1, false },		{ SANDBOX_CONTROL, TRY_OPEN, 0, false },
		{ SANDBOX_CONTROL, TRY_OPENAT_UP, 0, false },	{ SANDBOX_CONTROL, TRY_WRITE, 0, false },
		{ SANDBOX_CONTROL, TRY_WRITE_UP, 1, true },	{ SANDBOX_CONTROL, TRY_SOCKET, 0, false },
		{ SANDBOX_CONTROL, TRY_PAIR, 0, false },	{ SANDBOX_CONTROL, TRY_EXEC, -1, false },
		{ SANDBOX_SESSION, TRY_NOTHING, 0, false },	{ SANDBOX_SESSION, TRY_OPEN, 1, false },
		{ SANDBOX_SESSION, TRY_OPENAT_DIR, 1, false },	{ SANDBOX_SESSION, TRY_SOCKET, 1, false },
		{ SANDBOX_SESSION, TRY_PAIR, 1, false },	{ SANDBOX_SESSION, TRY_EXEC, -1, false },
		{ SANDBOX_RECORDER, TRY_OPEN, 1, false },	{ SANDBOX_RECORDER, TRY_OPENAT_DIR, 0, false },
		{ SANDBOX_RECORDER, TRY_OPENAT_UP, 1, true },	{ SANDBOX_RECORDER, TRY_WRITE, 0, false },
		{ SANDBOX_RECORDER, TRY_WRITE_UP, 1, true },	{ SANDBOX_RECORDER, TRY_SOCKET, 1, false },
		{ SANDBOX_RECORDER, TRY_PAIR, 1, false },	{ SANDBOX_RECORDER, TRY_EXEC, -1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int got;

		if (rows[i].landlock && !has_landlock())
			continue;
		got = attempt(rows[i].kind, rows[i].what);
		if (got == 77)
			skip();
		if (got != rows[i].expected)
			print_error("kind %d attempt %d: expected %d, got %d\n", rows[i].kind, rows[i].what, rows[i].expected, got);
		assert_int_equal(got, rows[i].expected);
	}
}

/* A thread that was there before is closed in with the rest. */
static void *late_thread(void *arg)
{
	char byte;

	if (read(*(int *)arg, &byte, 1) != 1)
		_exit(98);
	_exit(socket(AF_INET, SOCK_STREAM, 0) < 0 ? 0 : 1);
}

static void threads_are_held(void **state)
{
	int status, pipes[2];
	pthread_t t;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (pipe(pipes) < 0 || pthread_create(&t, NULL, late_thread, &pipes[0]) != 0)
			_exit(99);
		if (sandbox_enter(SANDBOX_SESSION, NULL, 0) == ERR_UNSUPPORTED)
			_exit(77);
		if (write(pipes[1], "x", 1) != 1)
			_exit(97);
		for (;;)
			pause();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int setup(void **state)
{
	char file[64];
	int fd;

	(void)state;
	if (mkdtemp(own) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/file", own);
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	close(fd);
	return fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	char file[64];

	(void)state;
	snprintf(file, sizeof(file), "%s/file", own);
	unlink(file);
	snprintf(file, sizeof(file), "%s/new", own);
	unlink(file);
	return rmdir(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_kind_is_held), cmocka_unit_test(threads_are_held) };

	return cmocka_run_group_tests(tests, setup, teardown);
}

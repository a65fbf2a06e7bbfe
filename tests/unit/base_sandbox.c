/* Each kind of process is refused, or dies, when it tries what it should not. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"

enum attempt { TRY_NOTHING, TRY_OPEN, TRY_OPENAT_DIR, TRY_SOCKET, TRY_EXEC };

/* What the child saw: 0 the attempt worked, 1 it was refused, 77 no seccomp here, -1 it was killed. */
static int attempt(enum sandbox_kind kind, enum attempt what)
{
	int status, ok = 1, dir;
	pid_t pid = fork();

	if (pid == 0) {
		dir = open("/etc", O_RDONLY | O_DIRECTORY);
		int r = sandbox_enter(kind);

		if (r == ERR_UNSUPPORTED)
			_exit(77);
		if (r < 0)
			_exit(99);
		if (what == TRY_OPEN)
			ok = open("/etc/passwd", O_RDONLY) >= 0;
		else if (what == TRY_OPENAT_DIR)
			ok = openat(dir, "passwd", O_RDONLY) >= 0;
		else if (what == TRY_SOCKET)
			ok = socket(AF_INET, SOCK_STREAM, 0) >= 0;
		else if (what == TRY_EXEC)
			execl("/bin/true", "true", NULL);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void each_kind_is_held(void **state)
{
	static const struct {
		enum sandbox_kind kind;
		enum attempt what;
		int expected;
	} rows[] = {
		{ SANDBOX_VAULT, TRY_NOTHING, 0 },	 { SANDBOX_VAULT, TRY_OPEN, 0 },
		{ SANDBOX_VAULT, TRY_SOCKET, 1 },	 { SANDBOX_VAULT, TRY_EXEC, -1 },
		{ SANDBOX_CONTROL, TRY_OPEN, 0 },	 { SANDBOX_CONTROL, TRY_SOCKET, 0 },
		{ SANDBOX_CONTROL, TRY_EXEC, -1 },	 { SANDBOX_SESSION, TRY_NOTHING, 0 },
		{ SANDBOX_SESSION, TRY_OPEN, 1 },	 { SANDBOX_SESSION, TRY_OPENAT_DIR, 1 },
		{ SANDBOX_SESSION, TRY_SOCKET, 1 },	 { SANDBOX_SESSION, TRY_EXEC, -1 },
		{ SANDBOX_RECORDER, TRY_OPEN, 1 },	 { SANDBOX_RECORDER, TRY_OPENAT_DIR, 0 },
		{ SANDBOX_RECORDER, TRY_SOCKET, 1 },	 { SANDBOX_RECORDER, TRY_EXEC, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int got = attempt(rows[i].kind, rows[i].what);

		if (got == 77)
			skip();
		if (got != rows[i].expected)
			print_error("kind %d attempt %d: expected %d, got %d\n", rows[i].kind, rows[i].what, rows[i].expected, got);
		assert_int_equal(got, rows[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_kind_is_held) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What journald gets: fields that were asked for, a message in which nothing that a peer chose can begin a field or move a cursor. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

static char path[108], got[8192];
static int journal;

static int setup(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/sallyport-log.XXXXXX";

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/socket", dir);
	memcpy(sa.sun_path, path, sizeof(path));
	journal = socket(AF_UNIX, SOCK_DGRAM, 0);
	setenv("JOURNAL_STREAM", "8:1", 1);
	log_init("sallyport-test");
	return bind(journal, (struct sockaddr *)&sa, sizeof(sa));
}

static int teardown(void **state)
{
	(void)state;
	close(journal);
	unlink(path);
	*strrchr(path, '/') = '\0';
	return rmdir(path);
}

static void receive(void)
{
	ssize_t n = recv(journal, got, sizeof(got) - 1, MSG_DONTWAIT);

	assert_true(n > 0);
	got[n] = '\0';
}

static void fields_arrive(void **state)
{
	const struct log_field f[] = { { "SESSION", "abc" }, { "IDENTITY", "agent\nPRIORITY=0\x1b[2J" }, { "TARGET", NULL }, { "RULE", "" } };

	(void)state;
	log_journal(path);
	log_fields(4, f, 4, "denied: %s", "a\nSESSION=other");
	receive();
	assert_string_equal(got, "PRIORITY=4\nSYSLOG_IDENTIFIER=sallyport-test\nMESSAGE=denied: a\\x0aSESSION=other\nSESSION=abc\n"
				 "IDENTITY=agent\\x0aPRIORITY=0\\x1b[2J\n");
}

static void long_ones_are_cut(void **state)
{
	struct log_field f[9];
	char value[5000];

	(void)state;
	memset(value, 0x01, sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 9; i++)
		f[i] = (struct log_field){ i == 8 ? "NINTH" : "NAME", value };
	log_fields(6, f, 9, "%s", value);
	while (recv(journal, got, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
		;
	ssize_t n = recv(journal, got, sizeof(got), MSG_TRUNC | MSG_DONTWAIT);

	assert_true(n > 8 * 511 * 4 && n < 8 * 513 * 4 + 4 * 1024 + 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(fields_arrive), cmocka_unit_test(long_ones_are_cut) };

	return cmocka_run_group_tests(tests, setup, teardown);
}

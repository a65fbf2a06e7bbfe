/* Sessions and commands of an identity within a minute: who comes back on another connection is counted on. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "approve/rate.h"

static struct identity agent(char *subject)
{
	return (struct identity){ .issuer = (char *)(uintptr_t)"demo", .subject = subject };
}

static void an_identity_is_counted_for_a_minute(void **state)
{
	char a[] = "a", b[] = "b";
	struct identity one = agent(a), two = agent(b);
	struct rate r = { NULL };

	(void)state;
	for (uint64_t i = 1; i <= 100; i++)
		assert_int_equal(rate_count(&r, &one, RATE_COMMANDS, 1000 + (int64_t)i), i);
	assert_int_equal(rate_count(&r, &two, RATE_COMMANDS, 1200), 1);
	assert_int_equal(rate_count(&r, &one, RATE_SESSIONS, 1200), 1); /* each kind for itself */
	assert_int_equal(rate_count(&r, &one, RATE_COMMANDS, 1001 + RATE_WINDOW_MS - 1), 101);
	assert_int_equal(rate_count(&r, &one, RATE_COMMANDS, 1001 + RATE_WINDOW_MS), 1);
	rate_free(&r);
}

static void issuer_and_subject_are_apart(void **state)
{
	char issuer[] = "demox", subject[] = "y", whole[] = "xy";
	struct identity one = { .issuer = issuer, .subject = subject }, two = agent(whole);
	struct rate r = { NULL };

	(void)state;
	assert_int_equal(rate_count(&r, &one, RATE_COMMANDS, 5), 1);
	assert_int_equal(rate_count(&r, &two, RATE_COMMANDS, 5), 1);
	rate_free(&r);
}

/* More identities than places: nothing grows, and who is counted now stays counted. */
static void it_is_bounded(void **state)
{
	char subject[32], a[] = "the one";
	struct identity one = agent(a);
	struct rate r = { NULL };
	uint64_t n = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct identity who = agent(subject);

		snprintf(subject, sizeof(subject), "agent-%d", i);
		assert_int_equal(rate_count(&r, &who, RATE_SESSIONS, 1000 + i), 1);
		if (i >= 15000)
			n = rate_count(&r, &one, RATE_SESSIONS, 1000 + i);
	}
	/* It may have been forgotten now and then among so many, never counted too often. */
	assert_true(n > 0 && n <= 5000);
	rate_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_identity_is_counted_for_a_minute),
		cmocka_unit_test(issuer_and_subject_are_apart),
		cmocka_unit_test(it_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

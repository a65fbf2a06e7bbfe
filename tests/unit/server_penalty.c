/* Penalties by source add up, end, grow for who comes back, and pardon nobody but the exempt. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>

#include "base/err.h"
#include "server/penalty.h"

static struct in6_addr addr(const char *text)
{
	struct penalty_net n;

	assert_int_equal(penalty_net_read(text, &n), ERR_OK);
	return n.addr;
}

static int exited(int code) { return code << 8; }

static void they_add_up_and_end(void **state)
{
	struct penalties *p = penalties_new();
	struct penalty_rules r;
	struct in6_addr a = addr("192.0.2.7"), b = addr("192.0.2.8");
	int64_t now = 1000;

	(void)state;
	penalty_defaults(&r);
	penalties_worker_ended(p, &r, &a, exited(WORKER_FAILED_LOGIN), now);
	penalties_worker_ended(p, &r, &a, exited(WORKER_FAILED_LOGIN), now);
	assert_false(penalties_refuse(p, &r, &a, now));
	penalties_worker_ended(p, &r, &a, exited(WORKER_FAILED_LOGIN), now);
	assert_true(penalties_refuse(p, &r, &a, now));
	assert_false(penalties_refuse(p, &r, &b, now));
	assert_true(penalties_refuse(p, &r, &a, now + 14999));
	assert_false(penalties_refuse(p, &r, &a, now + 15000));
	/* Again: twice as long. */
	now += 20000;
	for (int i = 0; i < 2; i++)
		penalties_worker_ended(p, &r, &a, exited(WORKER_FAILED_LOGIN), now);
	assert_true(penalties_refuse(p, &r, &a, now + 19999));
	assert_false(penalties_refuse(p, &r, &a, now + 20000));
	penalties_worker_ended(p, &r, &b, SIGSEGV, now);
	assert_true(penalties_refuse(p, &r, &b, now + 89999));
	assert_false(penalties_refuse(p, &r, &b, now + 90000));
	for (int i = 0; i < 10000; i++)
		penalties_worker_ended(p, &r, &b, exited(WORKER_GRACE_EXCEEDED), now);
	assert_true(penalties_refuse(p, &r, &b, now + 599999));
	assert_false(penalties_refuse(p, &r, &b, now + 600000));
	penalties_free(p);
}

static void what_is_no_fault_is_none(void **state)
{
	struct penalties *p = penalties_new();
	struct penalty_rules r;
	struct in6_addr a = addr("192.0.2.7"), lo = addr("127.0.0.1"), lo6 = addr("::1");

	(void)state;
	penalty_defaults(&r);
	memset(lo6.s6_addr + 8, 0, 8); /* as a source is kept: its /64 */
	for (int i = 0; i < 100; i++) {
		penalties_worker_ended(p, &r, &a, exited(WORKER_SERVED), 5);
		penalties_worker_ended(p, &r, &a, SIGTERM, 5);
		penalties_worker_ended(p, &r, &a, SIGKILL, 5);
		penalties_worker_ended(p, &r, &lo, SIGSEGV, 5);
		penalties_worker_ended(p, &r, &lo6, SIGSEGV, 5);
	}
	assert_false(penalties_refuse(p, &r, &a, 5));
	assert_false(penalties_refuse(p, &r, &lo, 5));
	assert_false(penalties_refuse(p, &r, &lo6, 5));
	/* A pardon by reload counts at once. */
	penalties_worker_ended(p, &r, &a, SIGSEGV, 5);
	assert_true(penalties_refuse(p, &r, &a, 5));
	assert_int_equal(penalty_net_read("192.0.2.0/24", &r.exempt[r.nexempt++]), ERR_OK);
	assert_false(penalties_refuse(p, &r, &a, 5));
	penalties_free(p);
}

static void networks_are_read_and_compared(void **state)
{
	static const char *const bad[] = { "", "x", "1.2.3", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/ 8", "1.2.3.4/8x", "::/129", "1.2.3.4/", "::1/+1" };
	static const struct {
		const char *net, *in, *out;
	} cases[] = { { "10.0.0.0/8", "10.255.1.2", "11.0.0.1" }, { "192.0.2.128/25", "192.0.2.200", "192.0.2.100" },
		      { "2001:db8::/32", "2001:db8:1::", "2001:db9::" }, { "2001:db8:1:2:3::/80", "2001:db8:1:2::", "2001:db8:1:3::" } };
	struct penalty_rules r = { .crash = 100, .min = 1, .max = 600, .nexempt = 1 };
	struct penalty_net n;
	struct penalties *p;
	struct in6_addr a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(penalty_net_read(bad[i], &n), ERR_MALFORMED);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p = penalties_new();
		assert_int_equal(penalty_net_read(cases[i].net, &r.exempt[0]), ERR_OK);
		a = addr(cases[i].in);
		b = addr(cases[i].out);
		penalties_worker_ended(p, &r, &a, SIGSEGV, 5);
		penalties_worker_ended(p, &r, &b, SIGSEGV, 5);
		assert_false(penalties_refuse(p, &r, &a, 5));
		assert_true(penalties_refuse(p, &r, &b, 5));
		penalties_free(p);
	}
}

/* A million sources: bounded, and the one that was worst is not forgotten for those that were little. */
static void the_table_is_bounded(void **state)
{
	struct penalties *p = penalties_new();
	struct penalty_rules r;
	struct in6_addr a = addr("198.51.100.1"), many;
	uint32_t v;

	(void)state;
	penalty_defaults(&r);
	for (int i = 0; i < 10; i++)
		penalties_worker_ended(p, &r, &a, SIGSEGV, 5);
	memset(&many, 0, sizeof(many));
	many.s6_addr[0] = 0x20;
	for (uint32_t i = 0; i < 1000000; i++) {
		v = htonl(i);
		memcpy(many.s6_addr + 4, &v, 4);
		penalties_worker_ended(p, &r, &many, exited(WORKER_NO_LOGIN), 5);
	}
	assert_true(penalties_refuse(p, &r, &a, 5));
	penalties_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_add_up_and_end),
		cmocka_unit_test(what_is_no_fault_is_none),
		cmocka_unit_test(networks_are_read_and_compared),
		cmocka_unit_test(the_table_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

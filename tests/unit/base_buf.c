/* Buffers keep their bound, and readers never pass the end. */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"

static void buf_keeps_its_bound(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_int_equal(buf_put(&b, "0123456789", 10), ERR_OK);
	assert_int_equal(buf_put_u8(&b, 1), ERR_LIMIT);
	assert_int_equal(b.len, 10);
	buf_consume(&b, 4);
	assert_int_equal(buf_put_u32(&b, 7), ERR_OK);
	assert_memory_equal(buf_ptr(&b), "456789\0\0\0\7", 10);
	buf_free(&b);
}

static void string_that_does_not_fit_leaves_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 6);
	assert_int_equal(buf_put_string(&b, "abc", 3), ERR_LIMIT);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_put_string(&b, "ab", 2), ERR_OK);
	buf_free(&b);
}

static void many_cycles_stay_small(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(buf_put(&b, "hello", 5), ERR_OK);
		if (b.len > 500)
			buf_consume(&b, 495);
	}
	assert_true(b.cap <= 2048);
	buf_free(&b);
}

static void views_never_pass_the_end(void **state)
{
	const uint8_t bytes[] = { 0, 0, 0, 5, 'a', 'b' };
	struct view v = { bytes, sizeof(bytes) }, s;
	uint64_t u;

	(void)state;
	assert_int_equal(view_string(&v, &s), ERR_MALFORMED);
	assert_int_equal(v.n, sizeof(bytes));
	assert_int_equal(view_u64(&v, &u), ERR_MALFORMED);
	assert_int_equal(v.n, sizeof(bytes));
	assert_int_equal(view_end(&v), ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_keeps_its_bound),
		cmocka_unit_test(string_that_does_not_fit_leaves_nothing),
		cmocka_unit_test(many_cycles_stay_small),
		cmocka_unit_test(views_never_pass_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A destination has one text: what is spelled in another way, or is none, never matches a rule, and what is recorded of it is what was sent. */
#include "tests/unit/unit.h"

#include <string.h>

#include "policy/destination.h"

static void text_of(const char *host, size_t n, uint32_t port, bool listen, int want, const char *text)
{
	struct destination d;
	struct buf b;
	int r;

	buf_init(&b, 2048);
	r = destination_text((struct view){ (const uint8_t *)host, n }, port, listen, &b);
	if (r != want || (text != NULL && (b.len != strlen(text) || memcmp(buf_ptr(&b), text, b.len) != 0)))
		fail_msg("%.60s port %u: %d '%.*s', wanted %d '%s'", host, port, r, (int)b.len, (const char *)buf_ptr(&b), want, text == NULL ? "" : text);
	assert_int_equal(destination_parse((const char *)buf_ptr(&b), b.len, listen, &d), want);
	if (r == ERR_OK)
		assert_int_equal(d.port, port);
	buf_free(&b);
}

static void good(const char *host, uint32_t port, const char *text)
{
	text_of(host, strlen(host), port, false, ERR_OK, text);
}

static void bad(const char *host, uint32_t port)
{
	text_of(host, strlen(host), port, false, ERR_MALFORMED, NULL);
}

static void one_text_a_destination(void **state)
{
	(void)state;
	good("db1", 5432, "db1:5432");
	good("DB1.Example.COM", 1, "db1.example.com:1");
	good("127.0.0.1", 65535, "127.0.0.1:65535");
	good("localhost", 22, "localhost:22");
	good("::1", 22, "[::1]:22");
	good("[::1]", 22, "[::1]:22");
	good("2001:DB8:0:0::1", 443, "[2001:db8::1]:443");
	good("my_host-2", 80, "my_host-2:80");
	good("1password.example", 443, "1password.example:443");
}

static void what_is_none_is_refused(void **state)
{
	static const char *const hosts[] = { "", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "127.0.0.01", "1.2.3.4.5", "256.1.1.1",
		"::ffff:127.0.0.1", "::127.0.0.1", "fe80::1%eth0", "[[::1]]", "[db1]", "a..b", ".a", "a.", "127.0.0.1.", "-oProxyCommand", "a b", "a\tb", "a\nb", "a\x1b[2J", "a/b",
		"\xc3\xa9.example", "*", "a:b", "::1::", "a%00" };
	char longer[300];

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		bad(hosts[i], 80);
	bad("db1", 0);
	bad("db1", 65536);
	bad("db1", 70000);
	bad("db1", 0xffffffff);
	memset(longer, 'a', sizeof(longer));
	text_of(longer, 253, 80, false, ERR_OK, NULL);
	text_of(longer, 254, 80, false, ERR_MALFORMED, NULL);
	text_of("db1\0.evil", 9, 80, false, ERR_MALFORMED, NULL);
}

static void what_comes_is_kept_for_the_record(void **state)
{
	static uint8_t huge[70000];
	struct buf b;

	(void)state;
	text_of("a\x1b[2J", 5, 70000, false, ERR_MALFORMED, "a\x1b[2J:70000");
	memset(huge, 'x', sizeof(huge));
	buf_init(&b, 2048);
	assert_int_equal(destination_text((struct view){ huge, sizeof(huge) }, 1, false, &b), ERR_MALFORMED);
	assert_int_equal(b.len, DESTINATION_SHOWN_MAX + 2);
	buf_free(&b);
}

static void listening(void **state)
{
	(void)state;
	text_of("", 0, 8080, true, ERR_OK, "*:8080");
	text_of("*", 1, 8080, true, ERR_OK, "*:8080");
	text_of("localhost", 9, 0, true, ERR_OK, "localhost:0");
	text_of("0.0.0.0", 7, 1, true, ERR_OK, "0.0.0.0:1");
	text_of("::", 2, 1, true, ERR_OK, "[::]:1");
	text_of("localhost", 9, 65536, true, ERR_MALFORMED, NULL);
}

static void sockets(void **state)
{
	static const char *const good_paths[] = { "/run/app.sock", "/a", "/run/.hidden/x", "/a/..b", "/a/b." };
	static const char *const bad_paths[] = { "", "/", "run/app", "/run/", "/run//x", "/run/./x", "/run/../x", "/run/..", "/.", "/a b", "/a:80", "/a\x01", "/\xc3\xa9" };
	struct destination d;
	char longer[120];

	(void)state;
	for (size_t i = 0; i < sizeof(good_paths) / sizeof(good_paths[0]); i++) {
		assert_int_equal(destination_parse(good_paths[i], strlen(good_paths[i]), false, &d), ERR_OK);
		assert_true(d.is_path);
		assert_string_equal(d.path, good_paths[i]);
	}
	for (size_t i = 0; i < sizeof(bad_paths) / sizeof(bad_paths[0]); i++) {
		struct buf b;

		buf_init(&b, 2048);
		if (destination_path_text((struct view){ (const uint8_t *)bad_paths[i], strlen(bad_paths[i]) }, &b) != ERR_MALFORMED)
			fail_msg("'%s' is a path", bad_paths[i]);
		if (destination_parse(bad_paths[i], strlen(bad_paths[i]), false, &d) != ERR_MALFORMED)
			fail_msg("'%s' is a destination", bad_paths[i]);
		buf_free(&b);
	}
	memset(longer, 'a', sizeof(longer));
	longer[0] = '/';
	assert_int_equal(destination_parse(longer, 107, false, &d), ERR_OK);
	assert_int_equal(destination_parse(longer, 108, false, &d), ERR_MALFORMED);
}

static void texts_that_nobody_makes(void **state)
{
	static const char *const texts[] = { "db1", "db1:", ":80", "db1:080", "db1:+80", "db1: 80", "DB1:80", "[::1]", "[::1]:0", "::1:80", "[0::1]:80", "db1:80:80",
		"[db1]:80", "db1:99999", "db1:4294967376" };
	struct destination d;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (destination_parse(texts[i], strlen(texts[i]), false, &d) != ERR_MALFORMED)
			fail_msg("'%s' is a destination", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_text_a_destination),  cmocka_unit_test(what_is_none_is_refused), cmocka_unit_test(what_comes_is_kept_for_the_record),
		cmocka_unit_test(listening),		   cmocka_unit_test(sockets),		      cmocka_unit_test(texts_that_nobody_makes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

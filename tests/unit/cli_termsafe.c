/* Of everything that a recording could do to a person's terminal only what shows text comes through. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/termsafe.h"

#define S(a, b) { a, sizeof(a) - 1, b }

static const struct {
	const char *in;
	size_t n;
	const char *out;
} cases[] = {
	/* what may pass */
	S("plain\r\n\ttext\b", "plain\r\n\ttext\b"),
	S("\033[1;31mred\033[0m", "\033[1;31mred\033[0m"),
	S("\033[38;2;1;2;3mx\033[4:3m", "\033[38;2;1;2;3mx\033[4:3m"),
	S("\033[2J\033[H\033[10;20Hx\033[K", "\033[2J\033[H\033[10;20Hx\033[K"),
	S("\033[?25l\033[?1049h\033[?25;7h", "\033[?25l\033[?1049h\033[?25;7h"),
	S("\033(0lqk\033(B\0337\0338\033M\033D", "\033(0lqk\033(B\0337\0338\033M\033D"),
	S("\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80"),
	S("\033[4h\033[4l\033[1;24r", "\033[4h\033[4l\033[1;24r"),
	/* titles, clipboard, links, palettes, notifications, files */
	S("a\033]0;title\007b", "ab"),
	S("a\033]2;title\033\\b", "ab"),
	S("a\033]52;c;ZXZpbA==\007b", "ab"),
	S("a\033]8;;http://x\033\\link\033]8;;\033\\b", "alinkb"),
	S("a\033]4;1;?\007b", "ab"),
	S("a\033]9;notify\007b", "ab"),
	S("a\033]777;notify;x;y\007b", "ab"),
	S("a\033]1337;File=name=eA==:AAAA\007b", "ab"),
	S("a\033]50;?\007b", "ab"),
	S("a\033]133;A\007b", "ab"),
	/* device control, application, privacy, start of string */
	S("a\033P$q\"p\033\\b", "ab"),
	S("a\033P+q544e\033\\b", "ab"),
	S("a\033P1000p%begin\033\\b", "ab"),
	S("a\033_Gf=100;AAAA\033\\b", "ab"),
	S("a\033^privacy\033\\b", "ab"),
	S("a\033Xstring\033\\b", "ab"),
	S("a\033ktmux title\033\\b", "atmux titleb"), /* a title to some terminals: here the text shows, and nothing else */
	/* sequences that make a terminal answer */
	S("a\033[cb", "ab"),
	S("a\033[>cb", "ab"),
	S("a\033[=cb", "ab"),
	S("a\033[6nb", "ab"),
	S("a\033[?6nb", "ab"),
	S("a\033[5nb", "ab"),
	S("a\033[21tb", "ab"),
	S("a\033[18tb", "ab"),
	S("a\033[?1$pb", "ab"),
	S("a\033[>qb", "ab"),
	S("a\033Zb", "ab"),
	S("a\005b", "ab"),
	S("a\033[xb", "ab"),
	/* modes that make it report, and resets */
	S("a\033[?1000hb", "ab"),
	S("a\033[?1003;1006hb", "ab"),
	S("a\033[?25;1000hb", "ab"),
	S("a\033[?1004hb", "ab"),
	S("a\033[?2004hb", "ab"),
	S("a\033cb", "ab"),
	S("a\033[!pb", "ab"),
	S("a\033[?5ib", "ab"),
	S("a\033[5ib", "ab"),
	S("a\033[20hb", "ab"),
	S("a\033>b\033=c", "abc"),
	S("a\007b", "ab"),
	/* C1 controls, as bytes and as UTF-8 */
	S("a\x9b" "6nb", "a6nb"),
	S("a\x9d" "0;title\x07" "b", "a0;titleb"),
	S("a\xc2\x9b" "6nb", "a6nb"),
	S("a\xc2\x90$q\xc2\x9c" "b", "a$qb"),
	/* bytes that are no text */
	S("a\xff\xfe\xc0\xaf" "b", "ab"),
	S("a\xe2\x82" "b", "ab"),
	S("a\x7f" "b\0c", "abc"),
	S("a\xe2\033]0;x\007b", "ab"),
	/* cut and nested sequences */
	S("a\033[1\033]0;x\007b", "ab"),
	S("a\033]0;x\033[31mb", "a\033[31mb"),
	S("a\033]0;x\030b", "ab"),
	S("a\033\033\033[31mb", "a\033[31mb"),
	S("a\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23;24;25mb", "ab"),
};

static void only_what_shows_text_passes(void **state)
{
	struct termsafe t;
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* in one piece, and byte by byte */
		for (size_t step = cases[i].n; step > 0; step = step > 1 ? 1 : 0) {
			buf_init(&out, 1 << 16);
			termsafe_init(&t);
			for (size_t k = 0; k < cases[i].n; k += step)
				assert_int_equal(termsafe_put(&t, &out, cases[i].in + k, step), ERR_OK);
			if (strcmp(buf_cstr(&out), cases[i].out) != 0)
				print_message("case %zu\n", i);
			assert_string_equal(buf_cstr(&out), cases[i].out);
			buf_free(&out);
		}
	}
}

/* Whatever comes in, what goes out goes through a second filter unchanged. */
static void the_output_is_safe_itself(void **state)
{
	static const char alphabet[] = "\033\033\033[]P_^X;?0123456789mhlJHcn\007\\\x9b\xc2\x9d\xe2\x82\xac abc\030";
	struct termsafe t;
	struct buf one, two;
	char in[200];

	(void)state;
	srandom(11);
	for (int round = 0; round < 20000; round++) {
		size_t n = (size_t)random() % sizeof(in);

		for (size_t i = 0; i < n; i++)
			in[i] = alphabet[(size_t)random() % (sizeof(alphabet) - 1)];
		buf_init(&one, 1 << 16);
		buf_init(&two, 1 << 16);
		termsafe_init(&t);
		assert_int_equal(termsafe_put(&t, &one, in, n), ERR_OK);
		termsafe_init(&t);
		assert_int_equal(termsafe_put(&t, &two, buf_ptr(&one), one.len), ERR_OK);
		assert_int_equal(one.len, two.len);
		if (one.len > 0)
			assert_memory_equal(buf_ptr(&one), buf_ptr(&two), one.len);
		buf_free(&one);
		buf_free(&two);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_shows_text_passes),
		cmocka_unit_test(the_output_is_safe_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

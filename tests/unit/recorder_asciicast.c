/* Whatever bytes go into an asciicast, in whatever pieces, come out again, and every line is a JSON array of three. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "recorder/asciicast.h"

static uint32_t seed = 1;

static uint32_t rnd(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/* Reads all events of `cast` and joins each stream's bytes. */
static void decode(struct buf *cast, struct buf streams[3], unsigned *events)
{
	struct asciicast_reader reader;
	struct asciicast_event e;
	const uint8_t *p = buf_ptr(cast), *end = p + cast->len, *nl;
	uint64_t last = 0;

	asciicast_reader_init(&reader);
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		assert_non_null(nl);
		assert_int_equal(asciicast_read(&reader, (struct view){ p, (size_t)(nl - p) }, &e), ERR_OK);
		assert_true(e.time_us >= last);
		last = e.time_us;
		for (const uint8_t *q = p; q < nl; q++)
			assert_true(*q >= 0x20 && *q != 0x7f);
		if (e.code == 'o' || e.code == 'i')
			assert_int_equal(buf_put(&streams[e.stream], e.data.p, e.data.n), ERR_OK);
		if (events != NULL)
			(*events)++;
	}
	asciicast_reader_free(&reader);
}

static const char *const pieces[] = {
	"plain text ", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc3\xa9", "\x1b[1;31m", "\"quoted\\\"", "\r\n", "\t", "\x7f", "\xc2\x9b", "\xff",
	"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xf0\x9f", "\x80", "caf\xe9 au lait", "0123456789abcdef", "\xc2",
};

static void random_bytes_in_random_chunks_come_back(void **state)
{
	struct buf in[3], out[3], cast;
	struct asciicast a;

	(void)state;
	for (int round = 0; round < 400; round++) {
		uint64_t now = 5000000;

		buf_init(&cast, 1 << 24);
		for (int s = 0; s < 3; s++) {
			buf_init(&in[s], 1 << 20);
			buf_init(&out[s], 1 << 20);
		}
		asciicast_init(&a, now);
		for (int i = 0; i < 40; i++) {
			uint8_t chunk[256];
			size_t n = 0;
			int s = (int)(rnd() % 3);

			if (round % 3 == 0) {
				n = 1 + rnd() % 60;
				for (size_t k = 0; k < n; k++)
					chunk[k] = (uint8_t)rnd();
			} else {
				for (unsigned k = 1 + rnd() % 5; k > 0; k--) {
					const char *p = pieces[rnd() % (sizeof(pieces) / sizeof(pieces[0]))];

					memcpy(chunk + n, p, strlen(p));
					n += strlen(p);
				}
				n -= n > 1 ? rnd() % 2 : 0;
			}
			assert_int_equal(buf_put(&in[s], chunk, n), ERR_OK);
			size_t before = cast.len;
			assert_int_equal(asciicast_data(&a, &cast, (enum asciicast_stream)s, now, chunk, n), ERR_OK);
			assert_true(cast.len - before <= ASCIICAST_WORST(n));
			now += rnd() % 1000;
			if (rnd() % 8 == 0)
				assert_int_equal(asciicast_marker(&a, &cast, now, (struct view){ chunk, n }), ERR_OK);
			if (rnd() % 16 == 0)
				assert_int_equal(asciicast_flush(&a, &cast, now), ERR_OK);
		}
		assert_int_equal(asciicast_flush(&a, &cast, now), ERR_OK);
		decode(&cast, out, NULL);
		for (int s = 0; s < 3; s++) {
			assert_int_equal(in[s].len, out[s].len);
			if (in[s].len > 0)
				assert_memory_equal(buf_ptr(&in[s]), buf_ptr(&out[s]), in[s].len);
			buf_free(&in[s]);
			buf_free(&out[s]);
		}
		buf_free(&cast);
	}
}

static void a_character_cut_between_chunks_is_one_character(void **state)
{
	struct asciicast a;
	struct buf cast;

	(void)state;
	buf_init(&cast, 1 << 16);
	asciicast_init(&a, 0);
	assert_int_equal(asciicast_data(&a, &cast, ASCIICAST_OUT, 1, "x\xf0\x9f", 3), ERR_OK);
	assert_int_equal(asciicast_data(&a, &cast, ASCIICAST_OUT, 2, "\x98", 1), ERR_OK);
	assert_int_equal(asciicast_data(&a, &cast, ASCIICAST_OUT, 3, "\x80y", 2), ERR_OK);
	assert_string_equal(buf_cstr(&cast), "[0.000001, \"o\", \"x\"]\n[0.000003, \"o\", \"\xf0\x9f\x98\x80\"]\n[0.000003, \"o\", \"y\"]\n");
	buf_free(&cast);
}

static void binary_does_not_become_an_event_a_byte(void **state)
{
	struct buf cast, out[3];
	struct asciicast a;
	unsigned events = 0;
	uint8_t chunk[4096];

	(void)state;
	buf_init(&cast, 1 << 24);
	for (int s = 0; s < 3; s++)
		buf_init(&out[s], 1 << 24);
	asciicast_init(&a, 0);
	for (size_t i = 0; i < sizeof(chunk); i++)
		chunk[i] = (uint8_t)rnd();
	for (int i = 0; i < 100; i++)
		assert_int_equal(asciicast_data(&a, &cast, ASCIICAST_OUT, 1, chunk, sizeof(chunk)), ERR_OK);
	decode(&cast, out, &events);
	assert_true(cast.len < 100 * sizeof(chunk) * 7 / 4);
	assert_true(events < 100 * 80);
	for (int s = 0; s < 3; s++)
		buf_free(&out[s]);
	buf_free(&cast);
}

static void the_header_holds_hostile_names(void **state)
{
	static const struct asciicast_header h = {
		.width = 80, .height = 24, .timestamp = 1700000000, .term = { (const uint8_t *)"xterm\"\n", 7 },
		.title = { (const uint8_t *)"a\xff\x1b]0;", 6 }, .target = { (const uint8_t *)"../../x", 7 }, .channel = 3, .part = 1,
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	assert_int_equal(asciicast_header(&b, &h), ERR_OK);
	assert_string_equal(buf_cstr(&b),
		"{\"version\": 2, \"width\": 80, \"height\": 24, \"timestamp\": 1700000000, \"title\": \"a\\\\xff\\u001b]0;\", "
		"\"env\": {\"TERM\": \"xterm\\\"\\n\"}, \"sallyport\": {\"channel\": 3, \"part\": 1, \"mode\": \"content\", "
		"\"target\": \"../../x\"}}\n");
	buf_free(&b);
}

static void malformed_lines_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "[", "[]", "[1]", "[1, \"o\"]", "[1, \"o\", \"x\"", "[1, \"o\", \"x\"]x", "[1, \"o\", \"x\", 2]", "[1, \"oo\", \"x\"]", "[1, \"O\", \"x\"]",
		"[-1, \"o\", \"x\"]", "[1e3, \"o\", \"x\"]", "[1, \"o\", 2]", "[1, \"o\", \"\\ud800\"]", "[1, \"o\", \"\\udc00\"]", "[1, \"o\", \"\\x41\"]",
		"[1, \"o\", \"\\u12\"]", "[1, \"o\", \"a\nb\"]", "[1, \"o\", \"\xff\"]", "[1, \"x\", \"out:\"]", "[1, \"x\", \"out:abc\"]",
		"[1, \"x\", \"out:ab=c\"]", "[99999999999999999999, \"o\", \"x\"]",
	};
	struct asciicast_reader r;
	struct asciicast_event e;

	(void)state;
	asciicast_reader_init(&r);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(asciicast_read(&r, (struct view){ (const uint8_t *)bad[i], strlen(bad[i]) }, &e), ERR_MALFORMED);
	asciicast_reader_free(&r);
}

static void events_of_other_writers_are_read(void **state)
{
	static const char line[] = "[ 1.5 ,\"o\",\"\\u00e9\\ud83d\\ude00\\/\\b\"]";
	struct asciicast_reader r;
	struct asciicast_event e;

	(void)state;
	asciicast_reader_init(&r);
	assert_int_equal(asciicast_read(&r, (struct view){ (const uint8_t *)line, sizeof(line) - 1 }, &e), ERR_OK);
	assert_int_equal(e.time_us, 1500000);
	assert_int_equal(e.data.n, 8);
	assert_memory_equal(e.data.p, "\xc3\xa9\xf0\x9f\x98\x80/\b", 8);
	asciicast_reader_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_bytes_in_random_chunks_come_back),
		cmocka_unit_test(a_character_cut_between_chunks_is_one_character),
		cmocka_unit_test(binary_does_not_become_an_event_a_byte),
		cmocka_unit_test(the_header_holds_hostile_names),
		cmocka_unit_test(malformed_lines_are_refused),
		cmocka_unit_test(events_of_other_writers_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* However a stream is cut, what is secret stays in: each secret, at each cut, in pieces of 1, 2, 3, 7 bytes and random
 * ones; and the output is that of the whole. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mask.h"
#include "policy/mask_int.h"
#include "tests/unit/mask_cases.h"

static const uint8_t key[MASK_KEY_LEN] = "0123456789abcdef0123456789abcde";
static struct mask_set *set;

#define NCASES (sizeof(mask_cases) / sizeof(mask_cases[0]))

struct events {
	unsigned n;
	struct mask_event last;
	char rules[512];
	uint64_t offsets[64];
};

static void on_event(void *ctx, const struct mask_event *e)
{
	struct events *ev = ctx;

	if (ev == NULL)
		return;
	if (ev->n < 64)
		ev->offsets[ev->n] = e->offset;
	ev->n++;
	ev->last = *e;
	if (strlen(ev->rules) + strlen(e->rule) + 2 < sizeof(ev->rules)) {
		strcat(ev->rules, e->rule);
		strcat(ev->rules, " ");
	}
}

/* Pieces: 0 whole, n > 0 of n bytes, -1 random; cut > 0: two pieces, parted there. */
static void run_mode(enum mask_mode mode, const void *in, size_t n, long piece, size_t cut, struct buf *out, struct events *ev)
{
	struct mask_stream *st;
	unsigned seed = (unsigned)n * 31 + (unsigned)cut;

	buf_clear(out);
	assert_int_equal(mask_stream_new(set, key, mode, on_event, ev, &st), ERR_OK);
	if (mode == MASK_PTY)
		mask_stream_columns(st, 40);
	for (size_t i = 0; i < n;) {
		size_t k = piece > 0 ? (size_t)piece : piece < 0 ? 1 + (size_t)rand_r(&seed) % 17 : n;

		if (cut > 0 && i < cut)
			k = cut - i;
		if (k > n - i)
			k = n - i;
		assert_int_equal(mask_feed(st, (const uint8_t *)in + i, k, out), ERR_OK);
		i += k;
	}
	assert_int_equal(mask_finish(st, out), ERR_OK);
	assert_int_equal(mask_held(st), 0);
	mask_stream_free(st);
}

static void run(const void *in, size_t n, long piece, size_t cut, struct buf *out, struct events *ev)
{
	run_mode(MASK_PLAIN, in, n, piece, cut, out, ev);
}

static bool holds(const struct buf *b, const char *s)
{
	return b->len >= strlen(s) && memmem(buf_ptr(b), b->len, s, strlen(s)) != NULL;
}

static int setup(void **state)
{
	struct buf errors;

	(void)state;
	buf_init(&errors, 1 << 16);
	if (mask_load("mask", mask_policy, strlen(mask_policy), &set, &errors) < 0) {
		print_error("%s", buf_cstr(&errors));
		return -1;
	}
	buf_free(&errors);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mask_set_free(set);
	return 0;
}

static void same(const struct buf *a, const struct buf *b, const char *in, long piece, size_t cut)
{
	if (a->len == b->len && (a->len == 0 || memcmp(buf_ptr(a), buf_ptr(b), a->len) == 0))
		return;
	print_error("in pieces of %ld, cut at %zu:\n%s\nwhole: %.*s\ncut:   %.*s\n", piece, cut, in, (int)a->len,
		(const char *)buf_ptr(a), (int)b->len, (const char *)buf_ptr(b));
	fail();
}

/* The text in all pieces gives what the whole gives. */
static void all_pieces(enum mask_mode mode, const char *in, size_t n, struct buf *whole)
{
	static const long pieces[] = { 1, 2, 3, 7, -1 };
	struct buf out;

	buf_init(&out, 1 << 20);
	run_mode(mode, in, n, 0, 0, whole, NULL);
	for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
		run_mode(mode, in, n, pieces[k], 0, &out, NULL);
		same(whole, &out, in, pieces[k], 0);
	}
	for (size_t cut = 1; cut < n; cut++) {
		run_mode(mode, in, n, 0, cut, &out, NULL);
		same(whole, &out, in, 0, cut);
		run_mode(mode, in, n, -1, cut, &out, NULL);
		same(whole, &out, in, -1, cut);
	}
	buf_free(&out);
}

static void each_secret_at_each_cut(void **state)
{
	struct buf whole;

	(void)state;
	buf_init(&whole, 1 << 20);
	for (size_t i = 0; i < NCASES; i++) {
		const struct mask_case *c = &mask_cases[i];
		struct events ev = { 0 };
		char in[4096], want[128];
		int n = snprintf(in, sizeof(in), "%s%s%s", c->before, c->secret, c->after);

		all_pieces(MASK_PLAIN, in, (size_t)n, &whole);
		if (holds(&whole, c->secret)) {
			print_error("case %zu, %s: %s\n  gave %.*s\n", i, c->rule, in, (int)whole.len, (const char *)buf_ptr(&whole));
			fail();
		}
		run(in, (size_t)n, 0, 0, &whole, &ev);
		snprintf(want, sizeof(want), "%s ", c->rule);
		if (ev.n != 1 || strcmp(ev.rules, want) != 0) {
			print_error("case %zu: %s\n  wanted %s, got %u: %s\n  %.*s\n", i, in, c->rule, ev.n, ev.rules, (int)whole.len,
				(const char *)buf_ptr(&whole));
			fail();
		}
		/* What stands around it stays, and the event says where it was. */
		if (memcmp(buf_ptr(&whole), c->before, strlen(c->before)) != 0 ||
		    memcmp(buf_ptr(&whole) + whole.len - strlen(c->after), c->after, strlen(c->after)) != 0) {
			print_error("case %zu: %s\n  gave %.*s\n", i, in, (int)whole.len, (const char *)buf_ptr(&whole));
			fail();
		}
		assert_int_equal(ev.last.offset, strlen(c->before));
		assert_int_equal(ev.last.length, strlen(c->secret));
		assert_int_equal(ev.last.end_session, strcmp(c->rule, "canary") == 0);
	}
	buf_free(&whole);
}

/* At the very end of a stream, nothing behind it. */
static void a_secret_at_the_very_end(void **state)
{
	struct buf whole;

	(void)state;
	buf_init(&whole, 1 << 20);
	for (size_t i = 0; i < NCASES; i++) {
		const struct mask_case *c = &mask_cases[i];
		char in[4096];
		int n = snprintf(in, sizeof(in), "%s%s", c->before, c->secret);

		/* Without what follows it a Secret is no Secret's, as far as anybody can know. */
		all_pieces(MASK_PLAIN, in, (size_t)n, &whole);
		if (holds(&whole, c->secret)) {
			print_error("case %zu: %s\n  gave %.*s\n", i, in, (int)whole.len, (const char *)buf_ptr(&whole));
			fail();
		}
	}
	buf_free(&whole);
}

/* Each secret behind each other, with and without a blank between. */
static void neighbours(void **state)
{
	struct buf whole, out;

	(void)state;
	buf_init(&whole, 1 << 20);
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < NCASES; i++) {
		for (size_t j = 0; j < NCASES; j++) {
			const struct mask_case *a = &mask_cases[i], *b = &mask_cases[j];
			char in[8192];
			const char *gap = (i + j) % 2 == 0 ? "" : "\n";
			int n = snprintf(in, sizeof(in), "%s%s%s%s%s%s%s", a->before, a->secret, a->after, gap, b->before, b->secret,
				b->after);

			run(in, (size_t)n, 0, 0, &whole, NULL);
			/* Some are known by standing at the beginning of a line. */
			if (*gap != '\0' && holds(&whole, a->secret)) {
				print_error("cases %zu, %zu: %s\n  gave %.*s\n", i, j, in, (int)whole.len, (const char *)buf_ptr(&whole));
				fail();
			}
			run(in, (size_t)n, 1, 0, &out, NULL);
			same(&whole, &out, in, 1, 0);
			run(in, (size_t)n, -1, 0, &out, NULL);
			same(&whole, &out, in, -1, 0);
		}
	}
	buf_free(&whole);
	buf_free(&out);
}

static void what_is_no_secret_stays(void **state)
{
	struct buf whole;

	(void)state;
	buf_init(&whole, 1 << 20);
	for (size_t i = 0; i < sizeof(mask_not) / sizeof(mask_not[0]); i++) {
		size_t n = strlen(mask_not[i]);

		all_pieces(MASK_PLAIN, mask_not[i], n, &whole);
		if (whole.len != n || memcmp(buf_ptr(&whole), mask_not[i], n) != 0) {
			print_error("%s\n  became\n%.*s\n", mask_not[i], (int)whole.len, (const char *)buf_ptr(&whole));
			fail();
		}
	}
	buf_free(&whole);
}

/* Overlapping secrets become one, and nothing of either is left. */
static void overlaps_become_one(void **state)
{
	struct events ev = { 0 };
	struct buf out;
	static const char in[] = "password=abcW&w=W;x";

	(void)state;
	buf_init(&out, 1 << 16);
	run(in, strlen(in), 0, 0, &out, &ev);
	assert_int_equal(ev.n, 1);
	assert_int_equal(ev.last.length, strlen("abcW&w=W"));
	assert_memory_equal(ev.rules, "password-field ", 15);
	assert_memory_equal(buf_ptr(&out) + out.len - 3, "];x", 3);
	all_pieces(MASK_PLAIN, in, strlen(in), &out);
	buf_free(&out);
}

/* A honeytoken raises its alarm though a built-in found it too, before it or around it. */
static void a_honeytoken_inside_another_find_raises_the_alarm(void **state)
{
	static const char *const in[] = { "password=xHONEY-abc-HONEY\n", "HONEY-abc-HONEY@example.com\n", "x HONEY-abc-HONEY\n" };
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < 3; i++) {
		struct events ev = { 0 };

		run(in[i], strlen(in[i]), (long)i, 0, &out, &ev);
		assert_int_equal(ev.n, 1);
		assert_true(ev.last.end_session);
		assert_string_equal(ev.last.rule, i == 0 ? "password-field" : "canary");
	}
	buf_free(&out);
}

/* Pauses inside a honeytoken: its beginning alone raises no alarm, its end does, whatever is out by then. */
static void a_honeytoken_with_pauses_raises_the_alarm_at_its_end(void **state)
{
	static const char in[] = "x HONEY-abc-HONE";
	struct mask_stream *st;
	struct events ev = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	assert_int_equal(mask_stream_new(set, key, MASK_PTY, on_event, &ev, &st), ERR_OK);
	for (const char *p = in; *p != '\0'; p++) {
		assert_int_equal(mask_feed(st, (const uint8_t *)p, 1, &out), ERR_OK);
		assert_int_equal(mask_flush_idle(st, &out), ERR_OK);
		assert_false(ev.last.end_session);
	}
	assert_int_equal(mask_feed(st, (const uint8_t *)"Y", 1, &out), ERR_OK);
	assert_int_equal(mask_flush_idle(st, &out), ERR_OK);
	assert_true(ev.last.end_session);
	assert_string_equal(ev.last.rule, "canary");
	assert_false(holds(&out, "Y-abc"));
	assert_int_equal(mask_count(st), 1);
	mask_stream_free(st);
	buf_free(&out);
}

static void equal_values_have_equal_names(void **state)
{
	struct buf out;
	char *a, *b, *c;

	(void)state;
	buf_init(&out, 1 << 16);
	run("A_TOKEN=one\nB_TOKEN=one\nC_TOKEN=two\n", 36, 0, 0, &out, NULL);
	a = strstr((char *)(uintptr_t)buf_cstr(&out), "[masked:");
	b = strstr(a + 1, "[masked:");
	c = strstr(b + 1, "[masked:");
	assert_memory_equal(a, b, strlen("[masked:password-field:1234]"));
	assert_memory_not_equal(a, c, strlen("[masked:password-field:1234]"));
	/* [masked:RULE:hhhh], hhhh hexadecimal */
	assert_int_equal(strspn(a + strlen("[masked:password-field:"), "0123456789abcdef"), 4);
	assert_int_equal(a[strlen("[masked:password-field:") + 4], ']');
	buf_free(&out);
}

/* Without the session's key nothing can be tried out. */
static void another_key_gives_another_name(void **state)
{
	static const uint8_t other[MASK_KEY_LEN] = "another key";
	struct buf a, b;

	(void)state;
	buf_init(&a, 1000);
	buf_init(&b, 1000);
	assert_int_equal(mask_text(set, key, "token=hunter2", 13, &a, NULL, NULL, NULL), ERR_OK);
	assert_int_equal(mask_text(set, other, "token=hunter2", 13, &b, NULL, NULL, NULL), ERR_OK);
	assert_int_equal(a.len, b.len);
	assert_memory_not_equal(buf_ptr(&a), buf_ptr(&b), a.len);
	buf_free(&a);
	buf_free(&b);
}

static void same_length_keeps_the_table(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	run("|TBL0123456789abcdef01234567|", 29, 3, 0, &out, NULL);
	assert_int_equal(out.len, 29);
	assert_memory_equal(buf_ptr(&out), "|TBL[masked:table:", 18);
	assert_memory_equal(buf_ptr(&out) + 27, "]|", 2);
	buf_free(&out);
}

/* A pause longer than the hold-back: what has been recognised is masked, and the rest of it does not come out either. */
static void a_pause_leaks_nothing_recognised(void **state)
{
	static const struct {
		const char *first, *second, *not_in, *want_after;
	} pauses[] = {
		{ "key AKIAIOSF", "ODNN7EXAMPLE end", "ODNN7", " end" },
		{ "DB_PASSWORD=hun", "ter2\nnext", "ter2", "\nnext" },
		{ "x -----BEGIN " "RSA PRIVATE KEY-----\n" LINE64 "\nMIIE", "pAIB\n-----END " "RSA PRIVATE KEY-----\nend", "pAIB", "\nend" },
		{ "card 4111 1111 11", "11 1111 end", "11 1111", " end" },
		{ "mail john.doe@example.co", "m end", "m end", " end" },
		{ "apiVersion: v1\ndata:\n  pw: aHVu", "dGVyMg==\nkind: Secret\n", "dGVyMg", "\nkind: Secret\n" },
		{ "no S123", "4567 end", "4567", " end" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		struct mask_stream *st;
		struct events ev = { 0 };

		buf_clear(&out);
		assert_int_equal(mask_stream_new(set, key, MASK_PLAIN, on_event, &ev, &st), ERR_OK);
		assert_int_equal(mask_feed(st, (const uint8_t *)pauses[i].first, strlen(pauses[i].first), &out), ERR_OK);
		assert_int_equal(mask_wait_ms(st), MASK_IDLE_MS);
		assert_int_equal(mask_flush_idle(st, &out), ERR_OK);
		assert_int_equal(mask_held(st), 0);
		assert_int_equal(mask_wait_ms(st), 0);
		if (ev.n != 1)
			print_error("pause %zu: %.*s\n", i, (int)out.len, (const char *)buf_ptr(&out));
		assert_int_equal(ev.n, 1);
		assert_true(ev.last.cut);
		assert_int_equal(mask_feed(st, (const uint8_t *)pauses[i].second, strlen(pauses[i].second), &out), ERR_OK);
		assert_int_equal(mask_finish(st, &out), ERR_OK);
		if (holds(&out, pauses[i].not_in) || ev.n != 1) {
			print_error("pause %zu: %.*s\n", i, (int)out.len, (const char *)buf_ptr(&out));
			fail();
		}
		assert_memory_equal(buf_ptr(&out) + out.len - strlen(pauses[i].want_after), pauses[i].want_after,
			strlen(pauses[i].want_after));
		mask_stream_free(st);
	}
	buf_free(&out);
}

/* What was released because nobody could know it yet is not forgotten: the rest of it is masked. */
static void the_rest_of_what_was_released_is_masked(void **state)
{
	struct mask_stream *st;
	struct buf out, whole;
	static const char typed[] = "AKIAIOSFODNN7EXAMPLE\nuser jane";

	(void)state;
	buf_init(&out, 1 << 16);
	assert_int_equal(mask_stream_new(set, key, MASK_PTY, NULL, NULL, &st), ERR_OK);
	for (const char *p = typed; *p != '\0'; p++) {
		assert_int_equal(mask_feed(st, (const uint8_t *)p, 1, &out), ERR_OK);
		assert_int_equal(mask_flush_idle(st, &out), ERR_OK);
		assert_int_equal(mask_held(st), 0);
	}
	assert_int_equal(mask_feed(st, (const uint8_t *)"@example.com\n", 13, &out), ERR_OK);
	assert_false(holds(&out, "AKIAIO"));
	assert_false(holds(&out, "EXAMPLE"));
	assert_false(holds(&out, "example.com"));
	assert_true(holds(&out, "user jane[masked:email:"));
	mask_stream_free(st);
	/* The tag is that of the whole value. */
	buf_init(&whole, 1 << 16);
	run("jane@example.com", 16, 0, 0, &whole, NULL);
	assert_true(holds(&out, buf_cstr(&whole)));
	buf_free(&whole);
	buf_free(&out);
}

/* A released place must not let go of a secret behind it. */
static void a_pause_masks_what_stands_behind_the_undecided(void **state)
{
	struct mask_stream *st;
	struct buf out;
	static const char in[] = "https://AKIAIOSFODNN7EXAMPLE_DB_PASSWORD=hunter2";

	(void)state;
	buf_init(&out, 1 << 16);
	assert_int_equal(mask_stream_new(set, key, MASK_PLAIN, NULL, NULL, &st), ERR_OK);
	assert_int_equal(mask_feed(st, (const uint8_t *)in, strlen(in), &out), ERR_OK);
	assert_int_equal(mask_flush_idle(st, &out), ERR_OK);
	assert_false(holds(&out, "hunter2"));
	assert_int_equal(mask_finish(st, &out), ERR_OK);
	assert_false(holds(&out, "hunter2"));
	mask_stream_free(st);
	buf_free(&out);
}

static void an_echo_waits_a_moment_only(void **state)
{
	struct mask_stream *st;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 16);
	assert_int_equal(mask_stream_new(set, key, MASK_PTY, NULL, NULL, &st), ERR_OK);
	assert_int_equal(mask_feed(st, (const uint8_t *)"l", 1, &out), ERR_OK);
	assert_true(mask_wait_ms(st) <= MASK_ECHO_MS);
	assert_int_equal(mask_feed(st, (const uint8_t *)"s\n", 2, &out), ERR_OK);
	assert_int_equal(mask_wait_ms(st), 0);
	assert_int_equal(out.len, 3);
	mask_stream_free(st);
	assert_int_equal(mask_stream_new(set, key, MASK_PLAIN, NULL, NULL, &st), ERR_OK);
	assert_int_equal(mask_feed(st, (const uint8_t *)"a word", 6, &out), ERR_OK);
	assert_int_equal(mask_wait_ms(st), MASK_WEAK_MS);
	assert_int_equal(mask_feed(st, (const uint8_t *)" pass", 5, &out), ERR_OK);
	assert_int_equal(mask_wait_ms(st), MASK_WEAK_MS);
	assert_int_equal(mask_feed(st, (const uint8_t *)"word=ab", 7, &out), ERR_OK);
	assert_int_equal(mask_wait_ms(st), MASK_IDLE_MS);
	mask_stream_free(st);
	buf_free(&out);
}

/* Colours, erasures and the terminal's own line breaks do not hide a value, and stay. */
static void a_terminal_hides_nothing(void **state)
{
	struct buf whole;
	static const struct {
		const char *in, *not_in, *in_out;
	} cases[] = {
		{ "key \x1b[01;31m\x1b[KAKIA\x1b[m\x1b[KIOSFODNN7\x1b[1mEXAMPLE\x1b[0m end", "IOSFO", "\x1b[01;31m\x1b[K" },
		{ "\x1b[0mAKIAIOSFODNN7EXAMPLE\x1b[0m\r\n", "IOSFO", "\x1b[0m\r\n" },
		{ "0123456789012345678901234567890123 AKIAI\r\nOSFODNN7EXAMPLE\r\n", "OSFO", "\r\n" },
		{ "0123456789012345678901234567890123 AKIAI \rOSFODNN7EXAMPLE\r\n", "OSFO", " \r" },
		{ "0123456789 0123456789 AKIAIOSFODNN7EXAMPLE\r\nnext line", "OSFO", "\r\nnext line" },
		{ "01234567890123456789AKIAIOSFODNN7EXAMPLE\r\n", NULL, "AKIAIOSFODNN7EXAMPLE\r\n" },
		{ "0123456789012345678 AKIAIOSFODNN7EXAMPLE\r\nNEXT", "OSFO", "NEXT" },
		{ "\x1b]0;title\x07" "AKIAIOSFODNN7EXAMPLE\x1b[2;5Hx", "OSFO", "\x1b[2;5Hx" },
		{ "\x1b[1mpass\x1b[0mword=\x1b[32mhun\x1b[0mter2\x1b[0m ok", "ter2", "\x1b[0m ok" },
		{ "\x1b[38;5;1m4111\x1b[0m 1111 \x1b[1m1111 1111\x1b[0m", "1111", "\x1b[38;5;1m" },
	};

	(void)state;
	buf_init(&whole, 1 << 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		all_pieces(MASK_PTY, cases[i].in, strlen(cases[i].in), &whole);
		if ((cases[i].not_in != NULL && holds(&whole, cases[i].not_in)) || !holds(&whole, cases[i].in_out)) {
			print_error("terminal case %zu: %.*s\n", i, (int)whole.len, (const char *)buf_ptr(&whole));
			fail();
		}
		all_pieces(MASK_PLAIN, cases[i].in, strlen(cases[i].in), &whole);
	}
	buf_free(&whole);
}

/* Bytes that no terminal makes sense of come out as they went in. */
static void broken_sequences_stay(void **state)
{
	static const char *const in[] = {
		"\x1b", "\x1b[", "\x1b[1;2", "a\x1b[31", "\x1b\x1b\x1b[m", "\x1b[12345678901234567890123456789012345678901234567890123456789012345678901m",
		"\x1b]0;never ends", "\x1b(B\x1b)0\x1b#8", "\x1b[1\n2m", "x\x1b[?25l\x1b[?2004hy", "\x1b[\xc3\xa4m", "\r", "\r\r\n", ("a\x08\x08" "b"),
	};
	struct buf whole;

	(void)state;
	buf_init(&whole, 1 << 16);
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		for (int mode = MASK_PLAIN; mode <= MASK_PTY; mode++) {
			all_pieces((enum mask_mode)mode, in[i], strlen(in[i]), &whole);
			assert_int_equal(whole.len, strlen(in[i]));
			assert_memory_equal(buf_ptr(&whole), in[i], whole.len);
		}
	}
	buf_free(&whole);
}

/* Both scanners stop at the same places, so both give the same; with each rule alone, since one may stop for another. */
static void the_portable_scanner_gives_the_same(void **state)
{
	struct mask_set *full = set;
	struct buf a, b;

	(void)state;
	buf_init(&a, 1 << 20);
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < NCASES; i++) {
		char in[8192], yaml[64];
		const struct mask_case *c = &mask_cases[i];
		int n = snprintf(in, sizeof(in), "%0100d%s%s%s%0100d", 0, c->before, c->secret, c->after, 0);

		snprintf(yaml, sizeof(yaml), "use: [%s]", c->rule);
		if (mask_load("one", yaml, strlen(yaml), &set, NULL) < 0)
			set = full;
		run(in, (size_t)n, 0, 0, &a, NULL);
		mask_scan_portable(true);
		run(in, (size_t)n, 0, 0, &b, NULL);
		mask_scan_portable(false);
		same(&a, &b, in, 0, 0);
		if (set != full) {
			mask_set_free(set);
			set = full;
		}
	}
	buf_free(&a);
	buf_free(&b);
}

/* Long ones: a key of 16384 bits, a Helm release of a megabyte, a token past every bound. Held back is little. */
static void long_secrets_are_not_held(void **state)
{
	size_t cap = 2u << 20, n = 0;
	char *in = malloc(cap);
	struct mask_stream *st;
	struct buf out;

	(void)state;
	assert_non_null(in);
	buf_init(&out, 4u << 20);
	n = (size_t)sprintf(in, "apiVersion: v1\ndata:\n  release: ");
	memset(in + n, 'Q', 1 << 20);
	n += 1 << 20;
	n += (size_t)sprintf(in + n, "\n  other: aHVudGVyMg==\nkind: Secret\n-----BEGIN " "PRIVATE KEY-----\n");
	for (int i = 0; i < 200; i++)
		n += (size_t)sprintf(in + n, "%s\n", LINE64);
	n += (size_t)sprintf(in + n, "-----END " "PRIVATE KEY-----\nend\n");
	assert_int_equal(mask_stream_new(set, key, MASK_PLAIN, NULL, NULL, &st), ERR_OK);
	for (size_t i = 0; i < n; i += 1000) {
		assert_int_equal(mask_feed(st, (const uint8_t *)in + i, n - i < 1000 ? n - i : 1000, &out), ERR_OK);
		assert_true(mask_held(st) < 80000);
	}
	assert_int_equal(mask_finish(st, &out), ERR_OK);
	assert_false(holds(&out, "QQQQ"));
	assert_false(holds(&out, "aHVud"));
	assert_false(holds(&out, "MIIE"));
	assert_true(holds(&out, "]\nend\n"));
	assert_int_equal(mask_count(st), 3);
	mask_stream_free(st);
	run(in, n, 0, 0, &out, NULL);
	assert_false(holds(&out, "QQQQ"));
	buf_free(&out);
	free(in);
}

/* No input makes the stream keep more than its bound, and none stops it. */
static void hostile_input_is_bounded(void **state)
{
	static const char *const units[] = {
		("-----BEGIN " "PRIVATE KEY-----\n"), "eyJ", "password=", "data:\n  a: ", "\"data\"", "\"data\":{\"a\":\"", "://a:", "@", "4111 ",
		"\x1b[", "\x1b[m", "a@b.", "AKIA", "stringData:\n a: b\n", ("-----BEGIN " "PRIVATE KEY-----\nA: b\n"), "password: \"", "HONEY-", "\x1b]",
		"data:\n  aaaa: QUJDRA==\n", "&password=a", " ",
	};
	struct buf out;

	(void)state;
	buf_init(&out, 64u << 20);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct mask_stream *st;
		size_t n = strlen(units[i]), cap = 400000 / n * n;
		char *in = malloc(cap);

		assert_non_null(in);
		for (size_t k = 0; k < cap; k++)
			in[k] = units[i][k % n];
		for (int mode = MASK_PLAIN; mode <= MASK_PTY; mode++) {
			buf_clear(&out);
			assert_int_equal(mask_stream_new(set, key, (enum mask_mode)mode, NULL, NULL, &st), ERR_OK);
			for (size_t k = 0; k < cap; k += 777) {
				size_t m = cap - k < 777 ? cap - k : 777, most = mask_out_max(st, m), before = out.len;
				int r = mask_feed(st, (const uint8_t *)in + k, m, &out);

				if (r < 0)
					print_error("unit %s: %s\n", units[i], err_text(r));
				assert_int_equal(r, ERR_OK);
				assert_true(mask_held(st) < 150000);
				assert_true(out.len - before <= most);
			}
			assert_int_equal(mask_finish(st, &out), ERR_OK);
			mask_stream_free(st);
		}
		free(in);
	}
	buf_free(&out);
}

/* A whole line is never waited behind: what ends in a newline comes out at once. */
static void a_line_comes_out_at_once(void **state)
{
	struct mask_stream *st;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < NCASES; i++) {
		const struct mask_case *c = &mask_cases[i];
		char in[4096];
		int n = snprintf(in, sizeof(in), "%s%s\n", c->before, c->secret);

		/* Of these the next line says what they are. */
		if (strcmp(c->rule, "k8s-secret") == 0 || strstr(c->before, "|\n") != NULL || strstr(c->before, ">-\n") != NULL)
			continue;
		assert_int_equal(mask_stream_new(set, key, MASK_PLAIN, NULL, NULL, &st), ERR_OK);
		assert_int_equal(mask_feed(st, (const uint8_t *)in, (size_t)n, &out), ERR_OK);
		if (mask_held(st) != 0)
			print_error("case %zu: %zu bytes are held of %s", i, mask_held(st), in);
		assert_int_equal(mask_held(st), 0);
		assert_int_equal(mask_wait_ms(st), 0);
		mask_stream_free(st);
	}
	buf_free(&out);
}

static void an_error_is_final(void **state)
{
	struct mask_stream *st;
	struct buf out;

	(void)state;
	buf_init(&out, 8);
	assert_int_equal(mask_stream_new(set, key, MASK_PLAIN, NULL, NULL, &st), ERR_OK);
	assert_int_equal(mask_feed(st, (const uint8_t *)"a line of text\n", 15, &out), ERR_LIMIT);
	buf_free(&out);
	buf_init(&out, 1000);
	assert_int_equal(mask_feed(st, (const uint8_t *)"a", 1, &out), ERR_LIMIT);
	assert_int_equal(mask_finish(st, &out), ERR_LIMIT);
	assert_int_equal(out.len, 0);
	mask_stream_free(st);
	buf_free(&out);
}

static void a_whole_text(void **state)
{
	struct buf out;
	size_t count = 0;
	static const char in[] = "mysql -u root --password=hunter2 -h db";

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(mask_text(set, key, in, strlen(in), &out, NULL, NULL, &count), ERR_OK);
	assert_int_equal(count, 1);
	assert_false(holds(&out, "hunter2"));
	assert_true(holds(&out, "mysql -u root --password=[masked:password-field:"));
	assert_true(holds(&out, "] -h db"));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_secret_at_each_cut),
		cmocka_unit_test(a_secret_at_the_very_end),
		cmocka_unit_test(neighbours),
		cmocka_unit_test(what_is_no_secret_stays),
		cmocka_unit_test(overlaps_become_one),
		cmocka_unit_test(a_honeytoken_inside_another_find_raises_the_alarm),
		cmocka_unit_test(a_honeytoken_with_pauses_raises_the_alarm_at_its_end),
		cmocka_unit_test(equal_values_have_equal_names),
		cmocka_unit_test(another_key_gives_another_name),
		cmocka_unit_test(same_length_keeps_the_table),
		cmocka_unit_test(a_pause_leaks_nothing_recognised),
		cmocka_unit_test(the_rest_of_what_was_released_is_masked),
		cmocka_unit_test(a_pause_masks_what_stands_behind_the_undecided),
		cmocka_unit_test(an_echo_waits_a_moment_only),
		cmocka_unit_test(a_terminal_hides_nothing),
		cmocka_unit_test(broken_sequences_stay),
		cmocka_unit_test(the_portable_scanner_gives_the_same),
		cmocka_unit_test(long_secrets_are_not_held),
		cmocka_unit_test(hostile_input_is_bounded),
		cmocka_unit_test(a_line_comes_out_at_once),
		cmocka_unit_test(an_error_is_final),
		cmocka_unit_test(a_whole_text),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* The line editor: keys in, line and screen out. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/shell_edit.h"

struct screen {
	char cell[40][100][5];
	unsigned row, col, cols;
};

/* A small terminal: what the editor may send, and nothing else. */
static void screen_put(struct screen *s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint8_t c = p[i];

		assert_true(s->row < 40);
		if (c == '\r') {
			s->col = 0;
			i++;
		} else if (c == '\n') {
			s->row++;
			i++;
		} else if (c == '\a') {
			i++;
		} else if (c == 0x1b) {
			unsigned arg = 0;

			assert_int_equal(p[i + 1], '[');
			i += 2;
			if (p[i] == '?')
				i++;
			while (p[i] >= '0' && p[i] <= '9')
				arg = arg * 10 + p[i++] - '0';
			if (p[i] == 'A')
				s->row -= arg;
			else if (p[i] == 'B')
				s->row += arg;
			else if (p[i] == 'C')
				s->col += arg;
			else if (p[i] == 'J') {
				for (unsigned r = s->row; r < 40; r++) {
					for (unsigned k = r == s->row ? s->col : 0; k < 100; k++)
						memcpy(s->cell[r][k], " \0\0\0", 5);
				}
			} else if (p[i] == 'H') {
				s->row = s->col = 0;
			} else {
				assert_true(p[i] == 'h' || p[i] == 'l');
			}
			i++;
		} else {
			size_t len = 1;

			assert_true(c >= 0x20 && c != 0x7f);
			while (i + len < n && (p[i + len] & 0xc0) == 0x80)
				len++;
			assert_true(s->col < s->cols);
			memset(s->cell[s->row][s->col], 0, 5);
			memcpy(s->cell[s->row][s->col], p + i, len);
			s->cell[s->row][s->col][len] = '\0';
			s->col += len > 2 ? 2 : 1; /* the tests' wide characters are those of three bytes */
			if (s->col > s->cols)
				s->col = s->cols;
			i += len;
		}
	}
}

static void clear(struct screen *s, unsigned cols)
{
	memset(s, 0, sizeof(*s));
	s->cols = cols;
	for (unsigned r = 0; r < 40; r++) {
		for (unsigned k = 0; k < 100; k++)
			memcpy(s->cell[r][k], " \0\0\0", 5);
	}
}

static enum edit_event feed(struct edit *e, const char *keys, size_t n, struct buf *out, size_t piece)
{
	enum edit_event event = EDIT_MORE;
	size_t used;

	for (size_t i = 0; i < n && event == EDIT_MORE; i += used) {
		size_t k = n - i < piece ? n - i : piece;

		event = edit_input(e, (const uint8_t *)keys + i, k, &used, out);
	}
	return event;
}

struct line_case {
	const char *keys, *line;
	enum edit_event event;
};

#define UP "\033[A"
#define DOWN "\033[B"
#define RIGHT "\033[C"
#define LEFT "\033[D"

static const struct line_case lines[] = {
	{ "echo hi\r", "echo hi", EDIT_LINE },
	{ "echo hi\n", "echo hi", EDIT_LINE },
	{ "bc\001a\r", "abc", EDIT_LINE },
	{ "ab\001\005c\r", "abc", EDIT_LINE },
	{ "abX\177c\r", "abc", EDIT_LINE },
	{ "ac" LEFT "b\r", "abc", EDIT_LINE },
	{ "bc\033[Ha\033[Fd\033OH0\r", "0abcd", EDIT_LINE },
	{ "xabc\001\033[3~\r", "abc", EDIT_LINE },
	{ "one two\027three\r", "one three", EDIT_LINE },
	{ "one two\025three\r", "three", EDIT_LINE },
	{ "one two\001\013three\r", "three", EDIT_LINE },
	{ "one two\027\027\031\r", "one two", EDIT_LINE },
	{ "one two\033b\033bX\033fY\r", "XoneY two", EDIT_LINE },
	{ "one two\001\033d\005\031\r", " twoone", EDIT_LINE },
	{ "one two\033\177x\r", "one x", EDIT_LINE },
	{ "ba\024\r", "ab", EDIT_LINE },
	{ "\303\244b\002\002x\r", "x\303\244b", EDIT_LINE },
	{ "\344\270\255\177a\r", "a", EDIT_LINE },
	{ "\344\270a\r", "a", EDIT_LINE },       /* cut short: no character */
	{ "\377\300\257b\r", "b", EDIT_LINE },   /* never UTF-8 */
	{ "\302\205b\r", "b", EDIT_LINE },       /* a C1 control character */
	{ "rm x\030\005\r", "rm x", EDIT_LINE }, /* Ctrl-X Ctrl-E opens no editor */
	{ "rm x\017\r", "rm x", EDIT_LINE },     /* Ctrl-O runs nothing */
	{ "rm x\003", "rm x", EDIT_CANCEL },
	{ "\004", "", EDIT_EOF },
	{ "ab\002\004\r", "a", EDIT_LINE },
	{ "ab\032", "ab", EDIT_STOP },
	{ "\033]52;c;cm0geA==\007ls\r", "ls", EDIT_LINE }, /* a terminal's answer is not typed text */
	{ "\033P1$r0m\033\\ls\r", "ls", EDIT_LINE },
	{ "\033[200~a\nb\r\nc\033[201~\r", "a\nb\nc", EDIT_LINE },
	{ "\033[200~a\001\003\033[Ab\033[201~\r", "ab", EDIT_LINE },
	{ "\033[200~rm x\033[201~\003", "rm x", EDIT_CANCEL },
	{ "\ta\r", "\ta", EDIT_LINE },
};

static void every_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		for (size_t piece = 1; piece < 32; piece = piece * 3 + 1) {
			struct edit *e = edit_new(40);
			struct buf out;
			enum edit_event event;

			buf_init(&out, 1 << 20);
			edit_prompt(e, "$ ", &out);
			event = feed(e, lines[i].keys, strlen(lines[i].keys), &out, piece);
			if (event != lines[i].event || edit_text(e).n != strlen(lines[i].line) || memcmp(edit_text(e).p, lines[i].line, edit_text(e).n) != 0)
				fail_msg("case %zu, pieces of %zu: event %d, line '%.*s'", i, piece, (int)event, (int)edit_text(e).n, edit_text(e).p);
			edit_free(e);
			buf_free(&out);
		}
	}
}

static void line(struct edit *e, struct buf *out, const char *keys, const char *want)
{
	edit_prompt(e, "$ ", out);
	assert_int_equal(feed(e, keys, strlen(keys), out, 1000), EDIT_LINE);
	assert_int_equal(edit_text(e).n, strlen(want));
	assert_memory_equal(edit_text(e).p, want, strlen(want));
	edit_remember(e, edit_text(e));
	buf_clear(out);
}

static void past_lines(void **state)
{
	struct edit *e = edit_new(80);
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	line(e, &out, "echo one\r", "echo one");
	line(e, &out, "echo two\r", "echo two");
	line(e, &out, "echo two\r", "echo two");
	line(e, &out, UP "\r", "echo two");
	line(e, &out, UP UP "\r", "echo one");
	line(e, &out, "dra" UP UP DOWN DOWN "ft\r", "draft");
	line(e, &out, "\022one\r", "echo one");
	line(e, &out, "\022echo\022\022\r", "echo two");
	line(e, &out, "\022two\033[D\005!\r", "echo two!");
	line(e, &out, "abc\022zzz\007d\r", "abcd");
	line(e, &out, UP UP UP UP UP UP UP UP UP UP "\r", "echo one");
	edit_free(e);
	buf_free(&out);
}

/* The screen after any keys is what a fresh painting of prompt and line would be, with the cursor at its place. */
static void screen_is_true(void **state)
{
	static const char *const keys[] = { "a", "b", " ", "\344\270\255", "\303\244", LEFT, RIGHT, "\001", "\005", "\177", "\033[3~", "\027", "\031", "\013",
					    "\033b", "\033f", "\024", "word ", "\t" };
	unsigned seed = 12345;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		unsigned cols = 8 + round % 23;
		struct edit *e = edit_new(cols);
		static struct screen got, want;
		struct buf out;

		clear(&got, cols);
		clear(&want, cols);
		buf_init(&out, 1 << 20);
		edit_prompt(e, "p$ ", &out);
		for (unsigned i = 0; i < 40; i++) {
			const char *k = keys[(seed = seed * 1103515245 + 12345) / 65536 % (sizeof(keys) / sizeof(*keys))];

			(void)feed(e, k, strlen(k), &out, 3);
		}
		screen_put(&got, buf_ptr(&out), out.len);
		buf_clear(&out);
		edit_again(e, &out);
		screen_put(&want, buf_ptr(&out), out.len);
		assert_memory_equal(got.cell, want.cell, sizeof(got.cell));
		assert_int_equal(got.row, want.row);
		assert_int_equal(got.col, want.col);
		edit_free(e);
		buf_free(&out);
	}
}

static void bounds(void **state)
{
	struct edit *e = edit_new(80);
	struct buf out;

	(void)state;
	buf_init(&out, 8 << 20);
	edit_prompt(e, "$ ", &out);
	(void)feed(e, "\033[200~", 6, &out, 6);
	for (unsigned i = 0; i < EDIT_LINE_MAX + 100; i++)
		(void)feed(e, "x", 1, &out, 1);
	assert_int_equal(edit_text(e).n, EDIT_LINE_MAX);
	edit_free(e);
	e = edit_new(80);
	for (unsigned i = 0; i < 3 * EDIT_HISTORY_MAX; i++) {
		char text[32];

		snprintf(text, sizeof(text), "line %u", i);
		edit_remember(e, (struct view){ (const uint8_t *)text, strlen(text) });
	}
	edit_prompt(e, "$ ", &out);
	for (unsigned i = 0; i < 2 * EDIT_HISTORY_MAX; i++)
		(void)feed(e, UP, 3, &out, 3);
	assert_memory_equal(edit_text(e).p, "line 1000", 9);
	edit_free(e);
	buf_free(&out);
}

static void widths(void **state)
{
	(void)state;
	assert_int_equal(edit_width('a'), 1);
	assert_int_equal(edit_width(0xe4), 1);
	assert_int_equal(edit_width(0x301), 0);
	assert_int_equal(edit_width(0x4e2d), 2);
	assert_int_equal(edit_width(0x1f600), 2);
	assert_int_equal(edit_width(0x202e), 0);
	assert_int_equal(edit_width(0xac00), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key), cmocka_unit_test(past_lines), cmocka_unit_test(screen_is_true), cmocka_unit_test(bounds), cmocka_unit_test(widths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

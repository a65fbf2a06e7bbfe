/* The shell parser and the rendering: whatever parses renders to a text that reads as an equal tree, renders to the
 * same bytes again, and passes the gate; a stream of statements reads as the whole text does. The first byte is the
 * dialect. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/shell/gate.h"
#include "policy/shell/parse.h"
#include "policy/shell/render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena a, b;

static void fail(const char *what, const char *text, size_t n)
{
	fprintf(stderr, "%s\n%.*s\n", what, (int)n, text);
	abort();
}

static void round_trip(const struct sh_ast *ast, enum dialect d, struct buf *x, struct buf *y)
{
	struct sh_ast *again;
	struct sh_error e;
	int r = shell_render(ast, x);
	if (r != ERR_OK) {
		if (r != ERR_UNSUPPORTED && r != ERR_LIMIT)
			fail("rendering fails", "", 0);
		return;
	}
	const char *s = x->len > 0 ? (const char *)buf_ptr(x) : "";
	if (!gate_clean(s, x->len))
		fail("rendering is not clean", s, x->len);
	r = shell_parse(s, x->len, d, &b, &again, &e);
	if (r == ERR_LIMIT)
		return; /* quoting made it longer than a text may be */
	if (r != ERR_OK) {
		fprintf(stderr, "%s\n", e.text);
		fail("rendering is refused", s, x->len);
	}
	if (!ast_equal(ast, again))
		fail("rendering reads differently", s, x->len);
	if (shell_render(again, y) != ERR_OK || x->len != y->len || (x->len > 0 && memcmp(s, buf_ptr(y), x->len) != 0))
		fail("rendering is not stable", s, x->len);
}

/* Statement by statement: every piece must be taken, and nothing refused that the whole text had. */
static void stream(const char *text, size_t n, enum dialect d)
{
	struct sh_ast *ast;
	struct sh_error e;
	for (size_t at = 0, taken; at < n; at += taken) {
		arena_reset(&b);
		if (shell_parse_statement(text + at, n - at, true, d, &b, &ast, &taken, &e) != ERR_OK)
			fail("a statement of a good text is refused", text + at, n - at);
		if (taken == 0 || taken > n - at)
			fail("a statement takes nothing", text + at, n - at);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sh_ast *ast;
	struct sh_error e;
	struct buf x, y;
	if (size < 1 || size > 8192)
		return 0;
	if (a.max == 0) {
		arena_init(&a, ARENA_MAX_DEFAULT);
		arena_init(&b, ARENA_MAX_DEFAULT);
	}
	enum dialect d = (enum dialect)(data[0] % 7);
	/* An exact copy, so that a sanitizer sees a read past its end. */
	size_t n = size - 1;
	char *text = malloc(n > 0 ? n : 1);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, n);
	buf_init(&x, (size_t)1 << 20);
	buf_init(&y, (size_t)1 << 20);
	int r = shell_parse(text, n, d, &a, &ast, &e);
	if (r == ERR_OK) {
		if (ast == NULL)
			abort();
		round_trip(ast, d, &x, &y);
		if (memmem(text, n, "extglob", 7) == NULL)
			stream(text, n, d);
	} else if (ast != NULL || e.code != r || e.text[0] == '\0' || e.at.off > n || e.at.line == 0 || e.at.col == 0) {
		fail("a refusal without a place", e.text, strlen(e.text));
	}
	size_t taken;
	r = shell_parse_statement(text, n, false, d, &b, &ast, &taken, &e);
	if ((r == ERR_OK) != (ast != NULL) || taken > n || (r == ERR_OK && (taken == 0 || text[taken - 1] != '\n')))
		fail("a stream's statement", text, n);
	buf_free(&x);
	buf_free(&y);
	arena_reset(&a);
	arena_reset(&b);
	free(text);
	return 0;
}

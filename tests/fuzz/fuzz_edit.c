/* The line editor: any bytes leave a line within its bound that is UTF-8 without NUL, and a screen without a byte that was not chosen. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/shell_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void need(int ok)
{
	if (!ok)
		abort();
}

static void look(const struct edit *e)
{
	struct view v = edit_text(e);

	need(v.n <= EDIT_LINE_MAX);
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];
		size_t more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;

		need(c != 0 && (c >= 0x20 || c == '\n' || c == '\t') && c != 0x7f && (c < 0x80 || (c >= 0xc2 && c < 0xf5)) && i + more < v.n);
		while (more-- > 0)
			need((v.p[++i] & 0xc0) == 0x80);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	unsigned cols = n > 0 ? 4 + p[0] % 100 : 80;
	struct edit *e = edit_new(cols);
	struct buf out;
	size_t used;

	if (e == NULL || n > 4096) {
		edit_free(e);
		return 0;
	}
	buf_init(&out, 1 << 24);
	edit_prompt(e, "login@target:~$ ", &out);
	for (size_t i = n > 0; i < n; i += used) {
		size_t piece = 1 + (p[i] & 15);
		enum edit_event event = edit_input(e, p + i, piece < n - i ? piece : n - i, &used, &out);

		need(used > 0);
		look(e);
		if (event == EDIT_LINE)
			edit_remember(e, edit_text(e));
		if (event == EDIT_STOP)
			edit_again(e, &out);
		else if (event != EDIT_MORE)
			edit_prompt(e, "$ ", &out);
		if (p[i] == 0xff)
			edit_columns(e, 4 + (unsigned)i % 60, &out);
		for (size_t k = 0; k < out.len; k++)
			need(buf_ptr(&out)[k] >= 0x20 || strchr("\a\r\n\033", buf_ptr(&out)[k]) != NULL);
		buf_clear(&out);
	}
	edit_free(e);
	buf_free(&out);
	return 0;
}

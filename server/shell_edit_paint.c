/* The line editor's screen: after each change the line is painted anew from the prompt on, but for a character typed at its end, which is
 * only echoed. What it shows of a line is printable. */
#include "server/shell_edit_int.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { TAB_CELLS = 8 };

struct pen {
	unsigned row, col, cols;
	struct buf *out; /* NULL: only counts */
};

static void put(struct buf *out, const char *p, size_t n)
{
	if (out != NULL)
		(void)buf_put(out, p, n);
}

static void put_str(struct buf *out, const char *s)
{
	put(out, s, strlen(s));
}

static void move_pen(struct pen *k, unsigned cells)
{
	if (k->col + cells > k->cols) { /* a wide character does not stand on two rows */
		k->row++;
		k->col = 0;
	}
	k->col += cells;
	if (k->col == k->cols) {
		put_str(k->out, "\r\n"); /* leaves the terminal's last-column state */
		k->row++;
		k->col = 0;
	}
}

static void draw(struct pen *k, const char *p, size_t n)
{
	char caret[2] = "^";

	for (size_t i = 0, len; i < n; i += len) {
		unsigned char c = (unsigned char)p[i];

		for (len = 1; i + len < n && ((unsigned char)p[i + len] & 0xc0) == 0x80; len++)
			;
		if (c == '\n') {
			put_str(k->out, "\r\n");
			k->row++;
			k->col = 0;
		} else if (c == '\t') {
			unsigned cells = TAB_CELLS - k->col % TAB_CELLS;

			for (; cells > 0; cells--) {
				put_str(k->out, " ");
				move_pen(k, 1);
			}
		} else if (c < 0x20 || c == 0x7f) {
			caret[1] = (char)(c ^ 0x40);
			put(k->out, caret, 1);
			move_pen(k, 1);
			put(k->out, caret + 1, 1);
			move_pen(k, 1);
		} else {
			unsigned cells = edit_width(edit_decode(p + i, len));

			if (k->col + cells > k->cols)
				put_str(k->out, "\r\n");
			put(k->out, p + i, len);
			move_pen(k, cells);
		}
	}
}

static void to_row(struct buf *out, unsigned from, unsigned to)
{
	if (from > to)
		(void)buf_printf(out, "\033[%uA", from - to);
	else if (to > from)
		(void)buf_printf(out, "\033[%uB", to - from);
}

static void draw_prompt(const struct edit *e, struct pen *k)
{
	if (e->searching) {
		draw(k, e->failing ? "(failed reverse-i-search)`" : "(reverse-i-search)`", e->failing ? 26 : 19);
		draw(k, e->wanted, e->nwanted);
		draw(k, "': ", 3);
	} else {
		draw(k, e->prompt, strlen(e->prompt));
	}
}

/* Paints everything anew, from the row on which the prompt stands; at: where the cursor ends up. */
void edit_paint(struct edit *e, struct buf *out, size_t at)
{
	struct pen k = { .cols = e->cols, .out = out }, cursor = { .cols = e->cols };

	to_row(out, e->row, 0);
	put_str(out, "\r\033[J");
	draw_prompt(e, &k);
	draw(&k, e->line, e->n);
	e->row = k.row;
	if (at == e->n)
		return;
	draw_prompt(e, &cursor);
	draw(&cursor, e->line, at);
	to_row(out, k.row, cursor.row);
	put_str(out, "\r");
	if (cursor.col > 0)
		(void)buf_printf(out, "\033[%uC", cursor.col);
	e->row = cursor.row;
}

void edit_repaint(struct edit *e, struct buf *out)
{
	edit_paint(e, out, e->at);
}

void edit_bell(struct buf *out)
{
	put_str(out, "\a");
}

void edit_prompt(struct edit *e, const char *prompt, struct buf *out)
{
	struct pen k = { .cols = e->cols, .out = out };

	snprintf(e->prompt, sizeof(e->prompt), "%s", prompt);
	e->n = e->at = e->row = 0;
	e->look = e->npast;
	e->searching = e->killing = false;
	e->active = true;
	put_str(out, "\033[?2004h");
	draw_prompt(e, &k);
	e->row = k.row;
}

void edit_again(struct edit *e, struct buf *out)
{
	e->row = 0;
	edit_repaint(e, out);
}

void edit_columns(struct edit *e, unsigned columns, struct buf *out)
{
	e->cols = columns < 4 ? 4 : columns;
	if (e->active)
		edit_repaint(e, out);
}

/* The line is done: the cursor goes below it. */
void edit_finish(struct edit *e, struct buf *out, const char *mark)
{
	bool as_it_is = !e->searching && e->at == e->n && !e->paste;

	e->searching = false;
	if (!as_it_is)
		edit_paint(e, out, e->n);
	put_str(out, mark);
	put_str(out, "\033[?2004l\r\n");
	e->active = false;
	e->row = 0;
}

void edit_clear(struct edit *e, struct buf *out)
{
	put_str(out, "\033[H\033[2J");
	e->row = 0;
}

/* Whether a character that was just put at the line's end could be shown by itself. */
bool edit_echo(const struct edit *e, const char *p, size_t n, struct buf *out)
{
	struct pen before = { .cols = e->cols };
	unsigned cells = (unsigned char)*p >= 0x20 ? edit_width(edit_decode(p, n)) : 0;

	if (cells == 0 || e->n >= 256)
		return false;
	draw_prompt(e, &before);
	draw(&before, e->line, e->n - n);
	if (before.col + cells >= e->cols)
		return false;
	put(out, p, n);
	return true;
}

/* The line editor: keys in; see shell_edit.h. The line is shell_edit_line.c's, the screen shell_edit_paint.c's. */
#include "server/shell_edit_int.h"

#include <stdlib.h>
#include <string.h>

enum { ESC = 0x1b };

struct edit *edit_new(unsigned columns)
{
	struct edit *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->cols = columns < 4 ? 80 : columns;
	e->line = malloc(EDIT_LINE_MAX + 1);
	e->killed = malloc(EDIT_LINE_MAX + 1);
	e->saved = malloc(EDIT_LINE_MAX + 1);
	e->past = calloc(EDIT_HISTORY_MAX, sizeof(*e->past));
	if (e->line == NULL || e->killed == NULL || e->saved == NULL || e->past == NULL) {
		edit_free(e);
		return NULL;
	}
	return e;
}

void edit_free(struct edit *e)
{
	if (e == NULL)
		return;
	for (unsigned i = 0; i < e->npast; i++)
		free(e->past[i]);
	free(e->past);
	free(e->line);
	free(e->killed);
	free(e->saved);
	free(e);
}

struct view edit_text(const struct edit *e)
{
	return (struct view){ (const uint8_t *)e->line, e->n };
}

/* ---- keys ---- */

static void typed(struct edit *e, const char *p, size_t n, struct buf *out)
{
	bool end = e->at == e->n;

	e->killing = false;
	if (e->searching) {
		edit_search_typed(e, p, n, out);
		return;
	}
	if (!edit_insert(e, p, n)) {
		edit_bell(out);
		return;
	}
	if (e->paste)
		return; /* painted when it is complete */
	if (!end || !edit_echo(e, p, n, out))
		edit_repaint(e, out);
}

static void transpose(struct edit *e)
{
	size_t b = e->at == e->n ? edit_prev(e, e->at) : e->at, a = edit_prev(e, b), c = edit_next(e, b);
	char t[4];

	if (b == 0 || b - a > 4)
		return;
	memcpy(t, e->line + a, b - a);
	memmove(e->line + a, e->line + b, c - b);
	memcpy(e->line + a + (c - b), t, b - a);
	e->at = c;
}

/* A control key outside of a paste. Sets *event when the line is done. */
static void control(struct edit *e, unsigned char c, struct buf *out, enum edit_event *event)
{
	bool killing = false;
	size_t i;

	if (e->searching && edit_search_key(e, c, out))
		return;
	switch (c) {
	case '\r':
	case '\n':
		edit_finish(e, out, "");
		*event = EDIT_LINE;
		return;
	case 'C' - 64:
		edit_finish(e, out, "^C");
		*event = EDIT_CANCEL;
		return;
	case 'D' - 64:
		if (e->n == 0) {
			edit_finish(e, out, "exit");
			*event = EDIT_EOF;
			return;
		}
		edit_cut(e, e->at, edit_next_cluster(e, e->at));
		break;
	case 'Z' - 64:
		*event = EDIT_STOP;
		return;
	case 'A' - 64:
		e->at = 0;
		break;
	case 'E' - 64:
		e->at = e->n;
		break;
	case 'B' - 64:
		e->at = edit_prev_cluster(e, e->at);
		break;
	case 'F' - 64:
		e->at = edit_next_cluster(e, e->at);
		break;
	case 'H' - 64:
	case 0x7f:
		i = edit_prev(e, e->at);
		edit_cut(e, i, e->at);
		break;
	case 'K' - 64:
		killing = true;
		edit_kill(e, e->at, e->n, false);
		break;
	case 'U' - 64:
		killing = true;
		edit_kill(e, 0, e->at, true);
		break;
	case 'W' - 64:
		for (i = e->at; i > 0 && e->line[i - 1] == ' '; i--)
			;
		for (; i > 0 && e->line[i - 1] != ' ' && e->line[i - 1] != '\n'; i--)
			;
		killing = true;
		edit_kill(e, i, e->at, true);
		break;
	case 'Y' - 64:
		if (!edit_insert(e, e->killed, e->nkilled))
			edit_bell(out);
		break;
	case 'T' - 64:
		transpose(e);
		break;
	case 'L' - 64:
		edit_clear(e, out);
		break;
	case 'P' - 64:
		edit_history(e, -1, out);
		break;
	case 'N' - 64:
		edit_history(e, 1, out);
		break;
	case 'R' - 64:
		edit_search_begin(e);
		break;
	case '\t': /* no completion: it would have to ask the target */
		e->killing = false;
		if (!edit_insert(e, "\t", 1))
			edit_bell(out);
		break;
	default: /* Ctrl-O, Ctrl-V, Ctrl-X …: nothing here has a macro, an external editor, or a next line from history */
		edit_bell(out);
		return;
	}
	e->killing = killing;
	edit_repaint(e, out);
}

static void alt(struct edit *e, unsigned char c, struct buf *out)
{
	bool killing = false;

	switch (c) {
	case 'b':
		e->at = edit_word_left(e);
		break;
	case 'f':
		e->at = edit_word_right(e);
		break;
	case 'd':
		killing = true;
		edit_kill(e, e->at, edit_word_right(e), false);
		break;
	case 0x7f:
	case 'H' - 64:
		killing = true;
		edit_kill(e, edit_word_left(e), e->at, true);
		break;
	default:
		edit_bell(out);
		return;
	}
	e->killing = killing;
	edit_repaint(e, out);
}

/* A complete escape sequence: seq holds what stands behind ESC [ or ESC O. */
static void sequence(struct edit *e, struct buf *out)
{
	static const struct { const char *seq; unsigned char key; bool meta; } keys[] = {
		{ "A", 'P' - 64, false }, { "B", 'N' - 64, false }, { "C", 'F' - 64, false }, { "D", 'B' - 64, false }, { "H", 'A' - 64, false },
		{ "F", 'E' - 64, false }, { "1~", 'A' - 64, false }, { "7~", 'A' - 64, false }, { "4~", 'E' - 64, false }, { "8~", 'E' - 64, false },
		{ "1;5C", 'f', true }, { "1;5D", 'b', true }, { "1;3C", 'f', true }, { "1;3D", 'b', true }, { "3;5~", 'd', true } };
	enum edit_event unused = EDIT_MORE;

	e->seq[e->nseq] = '\0';
	if (strcmp(e->seq, "200~") == 0) {
		if (e->searching)
			edit_search_end(e, true);
		e->paste = true;
		return;
	}
	if (e->searching)
		edit_search_end(e, true);
	if (strcmp(e->seq, "3~") == 0) {
		edit_cut(e, e->at, edit_next_cluster(e, e->at));
		e->killing = false;
		edit_repaint(e, out);
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (strcmp(e->seq, keys[i].seq) != 0)
			continue;
		if (keys[i].meta)
			alt(e, keys[i].key, out);
		else
			control(e, keys[i].key, out, &unused);
		return;
	}
	edit_bell(out);
	edit_repaint(e, out);
}

static bool utf8_ok(const uint8_t *p, unsigned n)
{
	uint32_t c = edit_decode((const char *)p, n);
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	return c >= least[n] && c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff) && c >= 0xa0;
}

/* A byte of 0x80 and more. Characters that are none, and control characters among them, ring the bell and are left out. */
static void wide(struct edit *e, uint8_t c, struct buf *out)
{
	if ((c & 0xc0) == 0x80 && e->nutf > 0) {
		e->utf[e->nutf++] = c;
		if (e->nutf < e->want)
			return;
		if (utf8_ok(e->utf, e->nutf))
			typed(e, (const char *)e->utf, e->nutf, out);
		else
			edit_bell(out);
		e->nutf = 0;
		return;
	}
	if (e->nutf > 0)
		edit_bell(out);
	e->nutf = 0;
	e->want = c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc2 && c < 0xe0 ? 2 : 0;
	if (e->want == 0)
		edit_bell(out);
	else
		e->utf[e->nutf++] = c;
}

static void plain(struct edit *e, uint8_t c, struct buf *out, enum edit_event *event)
{
	char one = (char)c;

	if (c != ESC && c >= 0x80) {
		wide(e, c, out);
		return;
	}
	if (e->nutf > 0) {
		e->nutf = 0;
		edit_bell(out);
	}
	if (c == ESC) {
		e->in = IN_ESC;
	} else if (e->paste && c < 0x20) {
		if (c == '\r' || (c == '\n' && !e->cr) || c == '\t')
			typed(e, c == '\t' ? "\t" : "\n", 1, out);
		else if (c != '\n')
			edit_bell(out);
		e->cr = c == '\r';
	} else if (c < 0x20 || c == 0x7f) {
		control(e, c, out, event);
	} else {
		e->cr = false;
		typed(e, &one, 1, out);
	}
}

static void escape(struct edit *e, uint8_t c, struct buf *out, enum edit_event *event)
{
	switch (e->in) {
	case IN_ESC:
		e->nseq = 0;
		e->in = IN_PLAIN;
		if (c == '[')
			e->in = IN_CSI;
		else if (c == 'O' && !e->paste)
			e->in = IN_SS3;
		else if ((c == ']' || c == 'P' || c == '_' || c == '^' || c == 'X') && !e->paste)
			e->in = IN_STRING; /* an answer of the terminal to something that a program asked */
		else if (c == ESC)
			e->in = IN_ESC;
		else if (e->paste)
			plain(e, c, out, event);
		else if (c == '\r' || c == '\n' || c == 3)
			control(e, c, out, event);
		else
			alt(e, c, out);
		return;
	case IN_SS3:
		e->seq[e->nseq++] = (char)c;
		e->in = IN_PLAIN;
		sequence(e, out);
		return;
	case IN_CSI:
		if (c >= 0x20 && c < 0x7f && e->nseq < sizeof(e->seq) - 1)
			e->seq[e->nseq++] = (char)c;
		if (c >= 0x20 && c < 0x40)
			return;
		e->in = IN_PLAIN;
		if (c < 0x20 || c > 0x7e) {
			plain(e, c, out, event);
		} else if (e->paste) {
			e->seq[e->nseq] = '\0';
			if (strcmp(e->seq, "201~") == 0) {
				e->paste = e->cr = false;
				edit_repaint(e, out);
			}
		} else {
			sequence(e, out);
		}
		return;
	case IN_STRING:
		if (c == '\a' || c == '\r' || c == '\n' || c == 3) {
			e->in = IN_PLAIN;
			if (c != '\a')
				plain(e, c, out, event);
		} else if (c == ESC) {
			e->in = IN_ESC;
		}
		return;
	case IN_PLAIN:
		return;
	}
}

enum edit_event edit_input(struct edit *e, const uint8_t *p, size_t n, size_t *used, struct buf *out)
{
	enum edit_event event = EDIT_MORE;
	size_t i = 0;

	while (i < n && event == EDIT_MORE) {
		uint8_t c = p[i++];

		if (c == '\n' && e->cr && e->in == IN_PLAIN && !e->paste) { /* Return and line feed are one key */
			e->cr = false;
			continue;
		}
		if (e->in == IN_PLAIN)
			plain(e, c, out, &event);
		else
			escape(e, c, out, &event);
		if (!e->paste)
			e->cr = c == '\r' && event == EDIT_LINE;
	}
	*used = i;
	return event;
}

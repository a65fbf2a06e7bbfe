/* The line editor; see shell_edit.h. The line is kept as UTF-8, the cursor as a byte offset on a character's border. After each change the
 * line is painted anew from the prompt on, but for a character typed at its end, which is only echoed. */
#include "server/shell_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { PROMPT_MAX = 640, SEARCH_MAX = 256, ESC = 0x1b, TAB_CELLS = 8 };

enum input { IN_PLAIN, IN_ESC, IN_CSI, IN_SS3, IN_STRING };

struct edit {
	unsigned cols;
	bool active;
	char prompt[PROMPT_MAX];
	char *line;   /* EDIT_LINE_MAX bytes */
	size_t n, at; /* bytes; the cursor */
	unsigned row; /* of the cursor on the screen, below the prompt's first */
	/* input */
	enum input in;
	char seq[32];
	unsigned nseq;
	uint8_t utf[4];
	unsigned nutf, want;
	bool paste, cr; /* cr: the last byte was a Return; a line feed behind it is no second one */
	/* kill and yank */
	char *killed;
	size_t nkilled;
	bool killing; /* the last key killed: the next kill adds to it */
	/* history, oldest first */
	char **past;
	unsigned npast, look; /* look: shown now; npast: the line itself */
	size_t past_bytes;
	char *saved; /* the line while an older one is shown */
	size_t nsaved;
	/* Ctrl-R */
	bool searching, failing;
	char wanted[SEARCH_MAX];
	size_t nwanted;
	unsigned hit;
};

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

/* ---- characters ---- */

static size_t next_at(const struct edit *e, size_t i)
{
	if (i < e->n)
		i++;
	while (i < e->n && ((unsigned char)e->line[i] & 0xc0) == 0x80)
		i++;
	return i;
}

static size_t prev_at(const struct edit *e, size_t i)
{
	if (i > 0)
		i--;
	while (i > 0 && ((unsigned char)e->line[i] & 0xc0) == 0x80)
		i--;
	return i;
}

static uint32_t decode(const char *p, size_t n)
{
	uint32_t c = (unsigned char)p[0];

	if (c < 0x80)
		return c;
	c &= n == 2 ? 0x1f : n == 3 ? 0x0f : 0x07;
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

/* A character together with what stands upon it. */
static size_t next_cluster(const struct edit *e, size_t i)
{
	size_t k = next_at(e, i);

	while (k < e->n && edit_width(decode(e->line + k, next_at(e, k) - k)) == 0)
		k = next_at(e, k);
	return k;
}

static size_t prev_cluster(const struct edit *e, size_t i)
{
	size_t k = prev_at(e, i);

	while (k > 0 && edit_width(decode(e->line + k, next_at(e, k) - k)) == 0)
		k = prev_at(e, k);
	return k;
}

static bool word_char(const struct edit *e, size_t i)
{
	unsigned char c = (unsigned char)e->line[i];

	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static size_t word_left(const struct edit *e)
{
	size_t i = e->at;

	while (i > 0 && !word_char(e, i - 1))
		i--;
	while (i > 0 && word_char(e, i - 1))
		i--;
	return i;
}

static size_t word_right(const struct edit *e)
{
	size_t i = e->at;

	while (i < e->n && !word_char(e, i))
		i++;
	while (i < e->n && word_char(e, i))
		i++;
	return i;
}

/* ---- the screen ---- */

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
			unsigned cells = edit_width(decode(p + i, len));

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

static void draw_prompt(struct edit *e, struct pen *k)
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
static void paint(struct edit *e, struct buf *out, size_t at)
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

static void repaint(struct edit *e, struct buf *out)
{
	paint(e, out, e->at);
}

static void bell(struct buf *out)
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
	repaint(e, out);
}

void edit_columns(struct edit *e, unsigned columns, struct buf *out)
{
	e->cols = columns < 4 ? 4 : columns;
	if (e->active)
		repaint(e, out);
}

/* The line is done: the cursor goes below it. */
static void finish(struct edit *e, struct buf *out, const char *mark)
{
	bool as_it_is = !e->searching && e->at == e->n && !e->paste;

	e->searching = false;
	if (!as_it_is)
		paint(e, out, e->n);
	put_str(out, mark);
	put_str(out, "\033[?2004l\r\n");
	e->active = false;
	e->row = 0;
}

/* ---- changes ---- */

static bool insert(struct edit *e, const char *p, size_t n)
{
	if (e->n + n > EDIT_LINE_MAX)
		return false;
	memmove(e->line + e->at + n, e->line + e->at, e->n - e->at);
	memcpy(e->line + e->at, p, n);
	e->n += n;
	e->at += n;
	return true;
}

static void cut(struct edit *e, size_t from, size_t to)
{
	memmove(e->line + from, e->line + to, e->n - to);
	e->n -= to - from;
	e->at = from;
}

static void kill_text(struct edit *e, size_t from, size_t to, bool before)
{
	size_t n = to - from, kept = e->killing ? e->nkilled : 0;

	if (kept + n > EDIT_LINE_MAX)
		kept = 0;
	if (before) {
		memmove(e->killed + n, e->killed, kept);
		memcpy(e->killed, e->line + from, n);
	} else {
		memcpy(e->killed + kept, e->line + from, n);
	}
	e->nkilled = kept + n;
	cut(e, from, to);
	e->killing = true;
}

static void show(struct edit *e, const char *p, size_t n)
{
	memcpy(e->line, p, n);
	e->n = e->at = n;
}

static void history(struct edit *e, int step, struct buf *out)
{
	if ((step < 0 && e->look == 0) || (step > 0 && e->look == e->npast)) {
		bell(out);
		return;
	}
	if (e->look == e->npast) {
		memcpy(e->saved, e->line, e->n);
		e->nsaved = e->n;
	}
	e->look = step < 0 ? e->look - 1 : e->look + 1;
	if (e->look == e->npast)
		show(e, e->saved, e->nsaved);
	else
		show(e, e->past[e->look], strlen(e->past[e->look]));
}

void edit_remember(struct edit *e, struct view line)
{
	char *text;

	if (line.n == 0 || line.n > EDIT_LINE_MAX || memchr(line.p, 0, line.n) != NULL)
		return;
	if (e->npast > 0 && strlen(e->past[e->npast - 1]) == line.n && memcmp(e->past[e->npast - 1], line.p, line.n) == 0)
		return;
	text = malloc(line.n + 1);
	if (text == NULL)
		return;
	memcpy(text, line.p, line.n);
	text[line.n] = '\0';
	while (e->npast > 0 && (e->npast == EDIT_HISTORY_MAX || e->past_bytes + line.n > EDIT_HISTORY_BYTES)) {
		e->past_bytes -= strlen(e->past[0]);
		free(e->past[0]);
		memmove(e->past, e->past + 1, --e->npast * sizeof(*e->past));
	}
	e->past[e->npast++] = text;
	e->past_bytes += line.n;
	e->look = e->npast;
}

/* ---- Ctrl-R ---- */

static void search(struct edit *e, unsigned below)
{
	char *at;

	e->wanted[e->nwanted] = '\0';
	for (unsigned i = below; i > 0; i--) {
		at = strstr(e->past[i - 1], e->wanted);
		if (at == NULL)
			continue;
		e->hit = i - 1;
		e->failing = false;
		show(e, e->past[i - 1], strlen(e->past[i - 1]));
		e->at = (size_t)(at - e->past[i - 1]);
		return;
	}
	e->failing = true;
}

static void search_begin(struct edit *e)
{
	memcpy(e->saved, e->line, e->n);
	e->nsaved = e->n;
	e->searching = true;
	e->failing = false;
	e->nwanted = 0;
	e->hit = e->npast;
}

static void search_end(struct edit *e, bool keep)
{
	e->searching = false;
	if (!keep)
		show(e, e->saved, e->nsaved);
	e->look = e->npast;
}

/* Whether the key was the search's own. */
static bool search_key(struct edit *e, unsigned char c, struct buf *out)
{
	switch (c) {
	case 'R' - 64:
		search(e, e->hit);
		break;
	case 'G' - 64:
		search_end(e, false);
		break;
	case 'H' - 64:
	case 0x7f:
		while (e->nwanted > 0 && ((unsigned char)e->wanted[e->nwanted - 1] & 0xc0) == 0x80)
			e->nwanted--;
		if (e->nwanted > 0)
			e->nwanted--;
		if (e->nwanted > 0)
			search(e, e->npast);
		break;
	default:
		search_end(e, true); /* the key then does what it does on a line */
		return false;
	}
	repaint(e, out);
	return true;
}

/* ---- keys ---- */

static void typed(struct edit *e, const char *p, size_t n, struct buf *out)
{
	bool end = e->at == e->n;
	struct pen before = { .cols = e->cols };
	unsigned cells;

	e->killing = false;
	if (e->searching) {
		if (e->nwanted + n >= SEARCH_MAX) {
			bell(out);
			return;
		}
		memcpy(e->wanted + e->nwanted, p, n);
		e->nwanted += n;
		search(e, e->hit < e->npast ? e->hit + 1 : e->npast);
		repaint(e, out);
		return;
	}
	if (!insert(e, p, n)) {
		bell(out);
		return;
	}
	if (e->paste)
		return; /* painted when it is complete */
	cells = (unsigned char)*p >= 0x20 ? edit_width(decode(p, n)) : 0;
	if (end && cells > 0 && e->n < 256) {
		draw_prompt(e, &before);
		draw(&before, e->line, e->n - n);
		if (before.col + cells < e->cols) {
			put(out, p, n);
			return;
		}
	}
	repaint(e, out);
}

static void transpose(struct edit *e)
{
	size_t b = e->at == e->n ? prev_at(e, e->at) : e->at, a = prev_at(e, b), c = next_at(e, b);
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

	if (e->searching && search_key(e, c, out))
		return;
	switch (c) {
	case '\r':
	case '\n':
		finish(e, out, "");
		*event = EDIT_LINE;
		return;
	case 'C' - 64:
		finish(e, out, "^C");
		*event = EDIT_CANCEL;
		return;
	case 'D' - 64:
		if (e->n == 0) {
			finish(e, out, "exit");
			*event = EDIT_EOF;
			return;
		}
		cut(e, e->at, next_cluster(e, e->at));
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
		e->at = prev_cluster(e, e->at);
		break;
	case 'F' - 64:
		e->at = next_cluster(e, e->at);
		break;
	case 'H' - 64:
	case 0x7f:
		i = prev_at(e, e->at);
		cut(e, i, e->at);
		break;
	case 'K' - 64:
		killing = true;
		kill_text(e, e->at, e->n, false);
		break;
	case 'U' - 64:
		killing = true;
		kill_text(e, 0, e->at, true);
		break;
	case 'W' - 64:
		for (i = e->at; i > 0 && e->line[i - 1] == ' '; i--)
			;
		for (; i > 0 && e->line[i - 1] != ' ' && e->line[i - 1] != '\n'; i--)
			;
		killing = true;
		kill_text(e, i, e->at, true);
		break;
	case 'Y' - 64:
		if (!insert(e, e->killed, e->nkilled))
			bell(out);
		break;
	case 'T' - 64:
		transpose(e);
		break;
	case 'L' - 64:
		put_str(out, "\033[H\033[2J");
		e->row = 0;
		break;
	case 'P' - 64:
		history(e, -1, out);
		break;
	case 'N' - 64:
		history(e, 1, out);
		break;
	case 'R' - 64:
		search_begin(e);
		break;
	case '\t': /* no completion: it would have to ask the target */
		e->killing = false;
		if (!insert(e, "\t", 1))
			bell(out);
		break;
	default: /* Ctrl-O, Ctrl-V, Ctrl-X …: nothing here has a macro, an external editor, or a next line from history */
		bell(out);
		return;
	}
	e->killing = killing;
	repaint(e, out);
}

static void alt(struct edit *e, unsigned char c, struct buf *out)
{
	bool killing = false;

	switch (c) {
	case 'b':
		e->at = word_left(e);
		break;
	case 'f':
		e->at = word_right(e);
		break;
	case 'd':
		killing = true;
		kill_text(e, e->at, word_right(e), false);
		break;
	case 0x7f:
	case 'H' - 64:
		killing = true;
		kill_text(e, word_left(e), e->at, true);
		break;
	default:
		bell(out);
		return;
	}
	e->killing = killing;
	repaint(e, out);
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
			search_end(e, true);
		e->paste = true;
		return;
	}
	if (e->searching)
		search_end(e, true);
	if (strcmp(e->seq, "3~") == 0) {
		cut(e, e->at, next_cluster(e, e->at));
		e->killing = false;
		repaint(e, out);
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
	bell(out);
	repaint(e, out);
}

static bool utf8_ok(const uint8_t *p, unsigned n)
{
	uint32_t c = decode((const char *)p, n);
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
			bell(out);
		e->nutf = 0;
		return;
	}
	if (e->nutf > 0)
		bell(out);
	e->nutf = 0;
	e->want = c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc2 && c < 0xe0 ? 2 : 0;
	if (e->want == 0)
		bell(out);
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
		bell(out);
	}
	if (c == ESC) {
		e->in = IN_ESC;
	} else if (e->paste && c < 0x20) {
		if (c == '\r' || (c == '\n' && !e->cr) || c == '\t')
			typed(e, c == '\t' ? "\t" : "\n", 1, out);
		else if (c != '\n')
			bell(out);
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
				repaint(e, out);
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

/* The line editor's line: characters and words in it, what changes it, the lines before it. The line is kept as UTF-8, the cursor as a
 * byte offset on a character's border. */
#include "server/shell_edit_int.h"

#include <stdlib.h>
#include <string.h>

/* ---- characters ---- */

size_t edit_next(const struct edit *e, size_t i)
{
	if (i < e->n)
		i++;
	while (i < e->n && ((unsigned char)e->line[i] & 0xc0) == 0x80)
		i++;
	return i;
}

size_t edit_prev(const struct edit *e, size_t i)
{
	if (i > 0)
		i--;
	while (i > 0 && ((unsigned char)e->line[i] & 0xc0) == 0x80)
		i--;
	return i;
}

uint32_t edit_decode(const char *p, size_t n)
{
	uint32_t c = (unsigned char)p[0];

	if (c < 0x80)
		return c;
	c &= n == 2 ? 0x1f : n == 3 ? 0x0f : 0x07;
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

size_t edit_shown(const char *p, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c = n == 0 ? 0 : (unsigned char)p[0];
	size_t len = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
	uint32_t u;

	if (len == 0 || len > n || (len == 1 && (c < 0x20 || c == 0x7f)))
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 0;
	}
	u = edit_decode(p, len);
	if (len > 1 && (u < 0xa0 || u < least[len] || u > 0x10ffff || (u >= 0xd800 && u <= 0xdfff) || u == 0x2028 || u == 0x2029 || edit_width(u) == 0))
		return 0;
	return len;
}

/* A character together with what stands upon it. */
size_t edit_next_cluster(const struct edit *e, size_t i)
{
	size_t k = edit_next(e, i);

	while (k < e->n && edit_width(edit_decode(e->line + k, edit_next(e, k) - k)) == 0)
		k = edit_next(e, k);
	return k;
}

size_t edit_prev_cluster(const struct edit *e, size_t i)
{
	size_t k = edit_prev(e, i);

	while (k > 0 && edit_width(edit_decode(e->line + k, edit_next(e, k) - k)) == 0)
		k = edit_prev(e, k);
	return k;
}

static bool word_char(const struct edit *e, size_t i)
{
	unsigned char c = (unsigned char)e->line[i];

	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

size_t edit_word_left(const struct edit *e)
{
	size_t i = e->at;

	while (i > 0 && !word_char(e, i - 1))
		i--;
	while (i > 0 && word_char(e, i - 1))
		i--;
	return i;
}

size_t edit_word_right(const struct edit *e)
{
	size_t i = e->at;

	while (i < e->n && !word_char(e, i))
		i++;
	while (i < e->n && word_char(e, i))
		i++;
	return i;
}

/* ---- changes ---- */

bool edit_insert(struct edit *e, const char *p, size_t n)
{
	if (e->n + n > EDIT_LINE_MAX)
		return false;
	memmove(e->line + e->at + n, e->line + e->at, e->n - e->at);
	memcpy(e->line + e->at, p, n);
	e->n += n;
	e->at += n;
	return true;
}

void edit_cut(struct edit *e, size_t from, size_t to)
{
	memmove(e->line + from, e->line + to, e->n - to);
	e->n -= to - from;
	e->at = from;
}

void edit_kill(struct edit *e, size_t from, size_t to, bool before)
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
	edit_cut(e, from, to);
	e->killing = true;
}

static void show(struct edit *e, const char *p, size_t n)
{
	memcpy(e->line, p, n);
	e->n = e->at = n;
}

void edit_history(struct edit *e, int step, struct buf *out)
{
	if ((step < 0 && e->look == 0) || (step > 0 && e->look == e->npast)) {
		edit_bell(out);
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

void edit_search_begin(struct edit *e)
{
	memcpy(e->saved, e->line, e->n);
	e->nsaved = e->n;
	e->searching = true;
	e->failing = false;
	e->nwanted = 0;
	e->hit = e->npast;
}

void edit_search_end(struct edit *e, bool keep)
{
	e->searching = false;
	if (!keep)
		show(e, e->saved, e->nsaved);
	e->look = e->npast;
}

/* Whether the key was the search's own. */
bool edit_search_key(struct edit *e, unsigned char c, struct buf *out)
{
	switch (c) {
	case 'R' - 64:
		search(e, e->hit);
		break;
	case 'G' - 64:
		edit_search_end(e, false);
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
		edit_search_end(e, true); /* the key then does what it does on a line */
		return false;
	}
	edit_repaint(e, out);
	return true;
}

void edit_search_typed(struct edit *e, const char *p, size_t n, struct buf *out)
{
	if (e->nwanted + n >= EDIT_SEARCH_MAX) {
		edit_bell(out);
		return;
	}
	memcpy(e->wanted + e->nwanted, p, n);
	e->nwanted += n;
	search(e, e->hit < e->npast ? e->hit + 1 : e->npast);
	edit_repaint(e, out);
}

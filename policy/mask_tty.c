/* Masking, the reader: parts what comes in into text and terminal sequences. Distrusts all of it: an unknown, long or
 * broken sequence is text.
 *
 * A sequence that moves nothing (colours, erase to the end of the line, modes) is looked through: a value with colours in it is
 * the same value. Any other sequence stands in the text as one byte that is part of no value. What lies inside OSC and DCS
 * strings is text, since an agent reads it. On a terminal whose width is known, a line break at the right margin is
 * looked through; matchers may take it for the end of a value as well as not (MARK_SOFT). */
#include "policy/mask_stream.h"

#define ESC 0x1b

enum { T_TEXT = 0, T_ESC = 1, T_BREAK = 2, T_NEUTRAL = 3, T_BEL = 4, T_BS = 5, T_TAB = 6 };

/* What bytes begin; a plain stream minds ESC only. */
static const uint8_t tty_plain[256] = { [ESC] = T_ESC, [0x07] = T_BEL };
static const uint8_t tty_pty[256] = {
	[ESC] = T_ESC, ['\r'] = T_BREAK, ['\n'] = T_BREAK, [0x0e] = T_NEUTRAL, [0x0f] = T_NEUTRAL, [0x00] = T_NEUTRAL,
	[0x07] = T_BEL, [0x08] = T_BS, ['\t'] = T_TAB,
};

/* A byte of text that was not taken in a run. */
static void tty_text(struct mask_stream *st, uint8_t c)
{
	if (st->mark != NULL)
		st->mark[st->len] = 0;
	st->text[st->len++] = c;
	st->tty.soft = false;
}

static int tty_stand(struct mask_stream *st, const uint8_t *p, size_t n)
{
	int r = mask_stream_skip(st, p, n, true);

	if (r >= 0)
		tty_text(st, ESC);
	return r;
}

static unsigned tty_param(const uint8_t *p, size_t n, unsigned which)
{
	unsigned v = 0, k = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == ';')
			k++;
		else if (k == which && p[i] >= '0' && p[i] <= '9' && v < 100000)
			v = v * 10 + p[i] - '0';
	}
	return v > 0 ? v : 1;
}

/* seq is ESC [ parameters intermediates final. */
static bool tty_csi_neutral(struct mtty *t, const uint8_t *seq, size_t n)
{
	uint8_t final = seq[n - 1], private = seq[2];

	switch (final) {
	case 'm': case 'K': case 'J': case 'h': case 'l': case 'n': case 'c': case 'q': case 't': case 's':
		return true;
	case 'u':
		return private == '>' || private == '<' || private == '=' || private == '?';
	case 'G':
		t->column = tty_param(seq + 2, n - 3, 0) - 1;
		return false;
	case 'H': case 'f':
		t->column = tty_param(seq + 2, n - 3, 1) - 1;
		return false;
	case 'C':
		t->column += tty_param(seq + 2, n - 3, 0);
		return false;
	case 'D':
		t->column -= t->column < tty_param(seq + 2, n - 3, 0) ? t->column : tty_param(seq + 2, n - 3, 0);
		return false;
	default:
		return false;
	}
}

/* Ends the sequence in t->seq. What a pause has put out already is not put out again. */
static int tty_end(struct mask_stream *st, bool neutral)
{
	struct mtty *t = &st->tty;
	size_t n = t->n, gone = t->released;

	t->n = 0;
	t->released = 0;
	if (neutral)
		return mask_stream_skip(st, t->seq + gone, n - gone, false);
	return tty_stand(st, t->seq + gone, n - gone);
}

/* Not a sequence after all: its ESC stands, the rest is text, read again from its second byte on. */
static int tty_broken(struct mask_stream *st)
{
	struct mtty *t = &st->tty;
	uint8_t rest[MASK_SEQ_MAX];
	size_t n = t->n, gone = t->released;
	int r;

	memcpy(rest, t->seq, n);
	t->n = 0;
	t->released = 0;
	r = tty_stand(st, rest + (gone > 0), gone > 0 ? 0 : 1);
	for (size_t i = 1; r >= 0 && i < n; i++) {
		/* A released byte is out: as text it would come out a second time. */
		if (i < gone)
			r = tty_stand(st, rest, 0);
		else
			tty_text(st, rest[i]);
	}
	return r;
}

/* One more byte of a sequence. 1: taken; 0: the byte is not part of it, and the sequence is over. */
static int tty_sequence(struct mask_stream *st, uint8_t c)
{
	struct mtty *t = &st->tty;
	int r;

	if (c < 0x20 || c > 0x7e) {
		r = tty_broken(st);
		return r < 0 ? r : 0;
	}
	t->seq[t->n++] = c;
	if (t->n == 2) {
		if (c == '[' || (c >= 0x20 && c <= 0x2f))
			return 1;
		t->string = c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_' || (c != '\\' && t->string);
		if (c == '\\')
			t->string = false;
		r = tty_end(st, c == '=' || c == '>' || c == '7');
		return r < 0 ? r : 1;
	}
	if (t->seq[1] == '[') {
		if (c < 0x40) {
			r = t->n == MASK_SEQ_MAX ? tty_broken(st) : 0;
			return r < 0 ? r : 1;
		}
		r = tty_end(st, tty_csi_neutral(t, t->seq, t->n));
		return r < 0 ? r : 1;
	}
	/* ESC, intermediates, final: character sets and the like. */
	if (c <= 0x2f) {
		r = t->n == MASK_SEQ_MAX ? tty_broken(st) : 0;
		return r < 0 ? r : 1;
	}
	r = tty_end(st, true);
	return r < 0 ? r : 1;
}

/* A CR at the right margin, or a space: does a line wrap follow? The same returns as tty_sequence(). */
static int tty_margin(struct mask_stream *st, uint8_t c)
{
	struct mtty *t = &st->tty;
	uint8_t first = t->seq[0];
	size_t gone = t->released;
	int r;

	if (c == (first == '\r' ? '\n' : '\r')) {
		t->seq[t->n++] = c;
		r = tty_end(st, true);
		if (r >= 0)
			r = mask_stream_marks(st);
		t->column = 0;
		if (r < 0)
			return r;
		t->soft = true;
		return 1;
	}
	t->n = 0;
	t->released = 0;
	if (gone > 0)
		r = tty_stand(st, NULL, 0);
	else
		tty_text(st, first), r = 0;
	t->column = first == '\r' ? 0 : 1;
	return r < 0 ? r : 0;
}

static unsigned tty_width(const uint8_t *p, size_t n)
{
	unsigned w = 0;

	for (size_t i = 0; i < n; i++)
		w += (p[i] & 0xc0) != 0x80;
	return w;
}

/* A byte that is no plain character. */
static int tty_special(struct mask_stream *st, uint8_t c, uint8_t kind)
{
	struct mtty *t = &st->tty;

	switch (kind) {
	case T_ESC:
		t->seq[0] = c;
		t->n = 1;
		return 0;
	case T_NEUTRAL:
		return mask_stream_skip(st, &c, 1, false);
	case T_BEL:
		if (st->mode == MASK_PTY && !t->string)
			return mask_stream_skip(st, &c, 1, false);
		t->string = false;
		break;
	case T_BREAK:
		if (c == '\r' && t->columns > 0 && t->column == t->columns) {
			t->seq[0] = c;
			t->n = 1;
			return 0;
		}
		t->column = 0;
		break;
	case T_BS:
		t->column -= t->column > 0;
		break;
	case T_TAB:
		t->column = (t->column / 8 + 1) * 8;
		if (t->columns > 0 && t->column >= t->columns)
			t->column = t->columns - 1;
		break;
	}
	tty_text(st, c);
	return 0;
}

/* A run of characters: up to the margin on a terminal of known width. */
static size_t tty_run(struct mask_stream *st, const uint8_t *p, size_t n, const uint8_t *kinds)
{
	struct mtty *t = &st->tty;
	size_t k = 0;

	if (st->mode == MASK_PLAIN && !t->string) {
		const uint8_t *esc = memchr(p, ESC, n);

		k = esc == NULL ? n : (size_t)(esc - p);
	} else {
		while (k < n && kinds[p[k]] == T_TEXT)
			k++;
	}
	if (st->mode == MASK_PTY && t->columns > 0 && k > 0 && t->column < t->columns && k <= t->columns - t->column) {
		t->column += tty_width(p, k);
	} else if (st->mode == MASK_PTY && t->columns > 0 && k > 0) {
		/* The terminal itself wraps when a character comes at the margin; a space there may be readline's. */
		for (size_t i = 0; i < k; i++) {
			unsigned w = tty_width(p + i, 1);

			if (w > 0 && t->column == t->columns) {
				if (p[i] == ' ' && i == 0) {
					t->seq[0] = ' ';
					t->n = 1;
					return 0;
				}
				if (p[i] == ' ') {
					k = i;
					break;
				}
				t->column = 0;
			}
			t->column += w;
		}
	}
	memcpy(st->text + st->len, p, k);
	if (st->mark != NULL) {
		memset(st->mark + st->len, 0, k * sizeof(*st->mark));
		if (t->soft && k > 0)
			st->mark[st->len] = MARK_SOFT;
	}
	t->soft = t->soft && k == 0;
	st->len += k;
	return k;
}

long mask_tty_take(struct mask_stream *st, const uint8_t *p, size_t n)
{
	const uint8_t *kinds = st->mode == MASK_PTY ? tty_pty : tty_plain;
	struct mtty *t = &st->tty;
	size_t i = 0;
	int r;

	while (i < n) {
		/* A broken sequence may put MASK_SEQ_MAX skips and bytes at once. */
		if (st->nskips - st->skip0 + MASK_SEQ_MAX >= MASK_SKIPS_MAX || st->len + MASK_SEQ_MAX >= st->cap)
			break;
		if (t->n > 0) {
			r = t->seq[0] == ESC ? tty_sequence(st, p[i]) : tty_margin(st, p[i]);
			if (r < 0)
				return r;
			i += (size_t)r;
			continue;
		}
		if (kinds[p[i]] != T_TEXT) {
			r = tty_special(st, p[i], kinds[p[i]]);
			if (r < 0)
				return r;
			i++;
			continue;
		}
		{
			size_t room = st->cap - MASK_SEQ_MAX - st->len, want = n - i < room ? n - i : room;
			size_t k = tty_run(st, p + i, want, kinds);

			i += k > 0 ? k : 1; /* 0: one byte went into t->seq */
		}
	}
	return (long)i;
}

int mask_tty_release(struct mask_stream *st)
{
	struct mtty *t = &st->tty;
	int r = ERR_OK;

	if (t->n > t->released)
		r = mask_stream_skip(st, t->seq + t->released, t->n - t->released, false);
	t->released = t->n;
	return r;
}

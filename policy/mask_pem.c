/* Masking: private keys between BEGIN and END (RFC 7468, RFC 4716, OpenSSH), as files, in JSON, in source text, behind the
 * names and numbers that grep and cat -n put before lines. Ends without an END where the lines stop looking like a key. */
#include "policy/mask_block.h"

/* Finds the line at cur. Lines end at LF, CR, or `\n` written out (a key inside JSON). M_MORE: its end
 * has not come. M_NO: it is too long. */
static int block_line(const struct mtext *x, size_t cur, struct bline *l)
{
	size_t i = cur;

	l->s = cur;
	for (; i < x->len && i - cur <= MASK_LINE_MAX; i++) {
		uint8_t c = x->t[i];

		if (c == '\n' || c == '\r')
			break;
		if (c == '\\') {
			if (i + 1 == x->len && !x->end)
				return M_MORE;
			if (i + 1 < x->len && (x->t[i + 1] == 'n' || x->t[i + 1] == 'r')) {
				l->e = i;
				l->after = i + 2;
				return M_YES;
			}
		}
	}
	if (i - cur > MASK_LINE_MAX)
		return M_NO;
	if (i == x->len && !x->end)
		return M_MORE;
	l->e = i;
	l->after = i < x->len && (x->t[i] == '\n' || x->t[i] == '\r') ? i + 1 : i;
	return M_YES;
}

/* What may stand around the base64 of a line and means nothing: indents, quotes, `" +`, diff and quote marks. */
static bool pem_dressing(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '"' || c == '\'' || c == ',' || c == '+' || c == '>' || c == '|' || c == '#' ||
		c == ';' || c == '*' || c == '-' || c == '\\';
}

/* What may stand behind the base64 besides: the marks of cat -A, a line break of HTML. */
static size_t pem_tail(const uint8_t *s, size_t n)
{
	static const char *const tails[] = { "^M$", "$", "<br>", "<br/>", "<br />" };

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		size_t k = strlen(tails[i]);

		if (n >= k && memcmp(s + n - k, tails[i], k) == 0)
			return k;
	}
	return 0;
}

static bool pem_header(const struct mtext *x, const struct bline *l)
{
	size_t i = l->s;

	while (i < l->e && (mask_alpha(x->t[i]) || x->t[i] == '-'))
		i++;
	return i > l->s + 2 && i + 1 < l->e && x->t[i] == ':' && x->t[i + 1] == ' ';
}

static size_t pem_find(const struct mtext *x, size_t s, size_t e, const char *what)
{
	size_t n = strlen(what);

	for (; s + n <= e; s++) {
		if (memcmp(x->t + s, what, n) == 0)
			return s;
	}
	return SIZE_MAX;
}

enum { PEM_NONE, PEM_BLANK, PEM_KEY, PEM_END };

/* What a line is. *e is where its part of the block ends. */
static int pem_line(const struct mtext *x, struct mblock *b, const struct bline *l, size_t *e)
{
	size_t s = l->s, run, l_e, end = pem_find(x, l->s, l->e, "-----END ");

	*e = l->e;
	if (end != SIZE_MAX) {
		size_t close = pem_find(x, end + 9, l->e, "-----");

		*e = close == SIZE_MAX ? l->e : close + 5;
		return PEM_END;
	}
	l_e = l->e - pem_tail(x->t + l->s, l->e - l->s);
	while (s < l_e && pem_dressing(x->t[s]))
		s++;
	if (s == l_e)
		return PEM_BLANK;
	/* The rest of a line of a log in JSON, behind the \n that ended the key's: ","stream":"stdout"} */
	if (l->s >= 2 && x->t[l->s - 2] == '\\' && x->t[l->s] == '"' && l->e - l->s < 160 && x->t[l->e - 1] == '}')
		return PEM_BLANK;
	*e = l_e;
	if (b->lines < 8 && pem_header(x, l))
		return PEM_BLANK;
	while (*e > s && pem_dressing(x->t[*e - 1]) && x->t[*e - 1] != '+')
		(*e)--;
	run = *e;
	while (run > s && mask_is(x->t[run - 1], CLS_B64))
		run--;
	if (run == s) {
		/* Only the last line is short, and a key has more than a few bytes. */
		if (*e - run < 48 && (b->indent > 0 || (!b->committed && *e - run < 16)))
			return PEM_NONE;
		b->indent += *e - run < 48;
		return PEM_KEY;
	}
	/* Something before the base64: a file's name and a line's number, as grep and cat -n put there. */
	if (run - l->s <= 160 && (*e - run >= 32 || (b->prefixed && *e > run))) {
		b->prefixed = true;
		return PEM_KEY;
	}
	return PEM_NONE;
}

static void pem_commit(struct mask_stream *st, struct mblock *b, size_t e)
{
	mask_mark(st, b->a->rule, b->committed ? b->commit : b->at, e, b->committed);
	b->committed = true;
	b->commit = e;
}

/* The label between BEGIN and its dashes. M_YES: of a private key; b->cur is behind it. */
static int pem_begin(const struct mtext *x, struct mblock *b)
{
	size_t i = b->at + b->a->len, from = i;
	static const char key[] = "PRIVATE KEY";

	while (i < x->len && i - from < 48 && ((x->t[i] >= 'A' && x->t[i] <= 'Z') || x->t[i] == ' ' || mask_digit(x->t[i])))
		i++;
	if (i == x->len)
		return x->end ? M_NO : M_MORE;
	if (pem_find(x, from, i, key) == SIZE_MAX)
		return M_NO;
	b->strong = true;
	for (unsigned k = 0; k < 5; k++, i++) {
		if (i == x->len)
			return x->end ? M_NO : M_MORE;
		if (x->t[i] != '-')
			return M_NO;
	}
	b->cur = i;
	return M_YES;
}

int mask_pem_step(struct mask_stream *st, const struct mtext *x, struct mblock *b)
{
	if (b->state == S_START) {
		int r = pem_begin(x, b);

		if (r == M_MORE)
			return r;
		if (r == M_NO)
			return block_done(b, b->at + 1);
		b->state = S_BODY;
	}
	while (b->cur < x->len) {
		struct bline l;
		size_t e;
		int r = block_line(x, b->cur, &l), kind;

		if (r == M_MORE)
			return r;
		kind = r == M_YES ? pem_line(x, b, &l, &e) : PEM_NONE;
		if (r == M_NO && mask_is(x->t[b->cur], CLS_B64)) {
			/* All on one line: what is base64 of it is the key. */
			for (e = b->cur; e - b->cur < MASK_LINE_MAX && mask_is(x->t[e], CLS_B64); e++)
				;
			kind = PEM_KEY;
			l.after = e;
		}
		b->blanks = kind == PEM_BLANK ? b->blanks + 1 : 0;
		if (kind == PEM_NONE || b->blanks > 4)
			break;
		b->taken += l.after - b->cur;
		if (kind == PEM_END || kind == PEM_KEY)
			pem_commit(st, b, e);
		if (kind == PEM_END)
			return block_done(b, e);
		b->cur = l.after;
		b->lines++;
		if (b->taken > MASK_BLOCK_MAX)
			break;
	}
	if (b->cur == x->len && !x->end && b->blanks <= 4 && b->taken <= MASK_BLOCK_MAX)
		return M_MORE;
	return block_done(b, b->committed ? b->commit : b->at + 1);
}

void mask_pem_partial(struct mask_stream *st, const struct mtext *x, struct mblock *b)
{
	mask_mark(st, b->a->rule, b->committed ? b->commit : b->at, x->len, b->committed);
}

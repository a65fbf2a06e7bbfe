/* Quotes: '…', $'…', "…", a backslash, and the bodies that are read as double quotes are. Distrusts every byte. */
#include <string.h>

#include "policy/shell/state.h"

void quote_single(struct ps *p, struct parts *b)
{
	uint32_t at = p->i, from = p->i + 1;
	struct sh_part *x = parts_add(p, b, SH_SQUOTE, at, true);
	const char *end = memchr(p->s.p + from, '\'', p->s.n - from);
	if (end == NULL) {
		p->i = p->s.n;
		ps_fail(p, ERR_MALFORMED, at, "expected ' to close this quote");
	}
	uint32_t n = (uint32_t)(end - (p->s.p + from));
	x->text = ps_text(p, p->s.p + from, n);
	p->i = from + n + 1;
	x->end = ps_orig(p, p->i);
	ps_cook(p);
}

static int hex(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Up to max digits of a base at the cursor; how many there were. */
static unsigned digits(struct ps *p, unsigned base, unsigned max, uint32_t *value)
{
	unsigned n = 0;
	*value = 0;
	for (; n < max && p->i < p->s.n; n++, p->i++) {
		int h = hex((unsigned char)p->s.p[p->i]);
		if (h < 0 || (unsigned)h >= base)
			break;
		*value = *value * base + (uint32_t)h;
	}
	return n;
}

static size_t utf8_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* One escape of $'…', the cursor behind its backslash. Only what all shells with $'…' decode alike is taken. */
static size_t c_escape(struct ps *p, char *out)
{
	static const char from[] = "abeEfnrtv\\'\"?", to[] = "\a\b\033\033\f\n\r\t\v\\'\"?";
	uint32_t at = p->i - 1, v = 0;
	int c = ps_at(p, p->i);
	if (c == END)
		return 0; /* the caller finds the end */
	const char *f = strchr(from, c);
	if (f != NULL) {
		p->i++;
		out[0] = to[f - from];
		return 1;
	}
	if (c >= '0' && c <= '7') {
		digits(p, 8, 3, &v);
		v &= 0xff;
	} else if (c == 'x') {
		p->i++;
		if (digits(p, 16, 2, &v) == 0)
			ps_left_out(p, at, "\\x without digits in $'...'");
		if (p->dialect == DIALECT_MKSH && hex(ps_at(p, p->i)) >= 0)
			ps_left_out(p, at, "more than two digits behind \\x in $'...'");
	} else if (c == 'u' || c == 'U') {
		if (p->dialect == DIALECT_BUSYBOX)
			ps_left_out(p, at, "\\u in $'...'");
		p->i++;
		unsigned n = digits(p, 16, c == 'u' ? 4 : 8, &v);
		if (n == 0 || v == 0 || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
			ps_left_out(p, at, "\\u without a character's number in $'...'");
		return utf8_put(out, v);
	} else {
		ps_left_out(p, at, "an escape in $'...' that shells decode in different ways");
	}
	if (v == 0)
		ps_left_out(p, at, "a NUL byte in $'...'");
	out[0] = (char)v;
	return 1;
}

void quote_c(struct ps *p, struct parts *b)
{
	uint32_t at = p->i;
	struct sh_part *x = parts_add(p, b, SH_CQUOTE, at, true);
	p->i = ps_after(p, p->i) + 1; /* raw from here */
	/* No escape grows: \uXXXX gives at most four bytes for three or more. */
	uint32_t end = p->i;
	while (end < p->s.n && p->s.p[end] != '\'')
		end += p->s.p[end] == '\\' ? 2 : 1;
	if (end >= p->s.n) {
		p->i = p->s.n;
		ps_fail(p, ERR_MALFORMED, at, "expected ' to close this quote");
	}
	char *out = ps_new(p, (size_t)(end - p->i) * 2 + 8);
	size_t n = 0;
	while (p->i < end) {
		if (p->s.p[p->i] == '\\') {
			p->i++;
			n += c_escape(p, out + n);
		} else {
			if (p->hidden)
				ps_hidden(p);
			out[n++] = p->s.p[p->i++];
		}
	}
	x->text = (struct sh_text){out, (uint32_t)n};
	p->i++;
	x->end = ps_orig(p, p->i);
	ps_cook(p);
}

void quote_escape(struct ps *p, struct parts *b)
{
	uint32_t at = p->i;
	struct sh_part *x = parts_add(p, b, SH_ESCAPED, at, true);
	if (p->i + 1 >= p->s.n) { /* nothing behind it: every shell keeps it */
		if (p->streaming && !p->nested) {
			p->i = p->s.n;
			ps_fail(p, ERR_MALFORMED, at, "expected a character behind the backslash");
		}
		x->text = ps_text(p, "\\", 1);
		p->i++;
		x->end = ps_orig(p, p->i);
		return;
	}
	p->i++;
	if (p->hidden)
		ps_hidden(p);
	uint32_t n = 1;
	if ((unsigned char)p->s.p[p->i] >= 0xc0)
		while (p->i + n < p->s.n && ((unsigned char)p->s.p[p->i + n] & 0xc0) == 0x80)
			n++;
	x->text = ps_text(p, p->s.p + p->i, n);
	p->i += n;
	x->end = ps_orig(p, p->i);
	ps_cook(p);
}

/* A backslash in a body read as double quotes are: quotes the byte behind it, or is ordinary. */
static void dq_escape(struct ps *p, struct parts *b, enum dq mode)
{
	int c = ps_at(p, p->i + 1);
	bool special = c == '$' || c == '`' || c == '\\' || (c == '"' && mode != DQ_HEREDOC) || (c == '}' && mode == DQ_ARG);
	if (!special) {
		parts_byte(p, b);
		return;
	}
	struct sh_part *x = parts_add(p, b, SH_ESCAPED, p->i, true);
	x->text = ps_text(p, p->s.p + p->i + 1, 1);
	p->i += 2;
	x->end = ps_orig(p, p->i);
	ps_cook(p);
}

/* Single quotes in the argument of ${x-…} inside double quotes are ordinary bytes, but bash's parser pairs them first. */
static void dq_apostrophe(struct ps *p, struct parts *b)
{
	if (!p->t->squote_in_dq) {
		parts_byte(p, b);
		return;
	}
	uint32_t at = p->i;
	parts_byte(p, b);
	for (;;) {
		int c = ps_cur(p);
		if (c == END)
			ps_fail(p, ERR_MALFORMED, at, "expected ' to pair with this one");
		if (c == '$' || c == '`' || c == '\\' || c == '"' || c == '{' || c == '}')
			ps_left_out(p, p->i, "a special character between single quotes in \"${...}\"");
		parts_byte(p, b);
		if (c == '\'')
			return;
	}
}

void quote_body(struct ps *p, struct parts *b, enum dq mode)
{
	for (;;) {
		int c = ps_cur(p);
		switch (c) {
		case END:
			parts_flush(p, b);
			return;
		case '"':
			if (mode == DQ_HEREDOC) {
				parts_byte(p, b);
				break;
			}
			if (mode == DQ_ARG) {
				quote_double(p, b);
				break;
			}
			parts_flush(p, b);
			return;
		case '}':
			if (mode == DQ_ARG) {
				parts_flush(p, b);
				return;
			}
			parts_byte(p, b);
			break;
		case '\'':
			if (mode == DQ_ARG)
				dq_apostrophe(p, b);
			else
				parts_byte(p, b);
			break;
		case '\\':
			dq_escape(p, b, mode);
			break;
		case '$':
			if (!dollar_parse(p, b, true))
				parts_text(p, b, SH_ESCAPED, p->i, 1, true), ps_adv(p);
			break;
		case '`':
			dollar_backquote(p, b, true, mode == DQ_HEREDOC);
			break;
		default:
			parts_byte(p, b);
		}
	}
}

void quote_double(struct ps *p, struct parts *b)
{
	uint32_t at = p->i;
	struct sh_part *x = parts_add(p, b, SH_DQUOTE, at, true);
	struct parts inner;
	parts_init(&inner, true);
	ps_enter(p);
	ps_adv(p);
	quote_body(p, &inner, DQ_STRING);
	if (ps_cur(p) != '"')
		ps_fail(p, ERR_MALFORMED, at, "expected \" to close this quote");
	x->parts = inner.first;
	ps_adv(p);
	ps_leave(p);
	x->end = ps_orig(p, p->i);
}

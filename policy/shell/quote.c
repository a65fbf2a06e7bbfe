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

/* What a shell makes of an escape that it does not know: bash and busybox keep the backslash, zsh and mksh drop it. */
static size_t unknown_escape(struct ps *p, char *out)
{
	size_t n = 0;
	uint32_t at = p->i - 1;
	if ((unsigned char)p->s.p[p->i] >= 0x80 || (p->t->zsh && (p->s.p[p->i] == 'M' || p->s.p[p->i] == 'C')))
		ps_left_out(p, at, "an escape in $'...' that shells decode in different ways");
	if (p->dialect == DIALECT_BASH || p->dialect == DIALECT_BUSYBOX)
		out[n++] = '\\';
	out[n++] = p->s.p[p->i++];
	return n;
}

static size_t unicode_escape(struct ps *p, char *out, bool *nul)
{
	uint32_t at = p->i - 1, v, back = p->i;
	unsigned max = p->s.p[p->i] == 'u' ? 4 : 8;
	if (p->dialect == DIALECT_BUSYBOX)
		return unknown_escape(p, out);
	p->i++;
	if (digits(p, 16, max, &v) == 0 && !p->t->zsh) {
		p->i = back;
		return unknown_escape(p, out);
	}
	if (v == 0 && p->dialect == DIALECT_BASH) {
		*nul = true;
		return 0;
	}
	if (v == 0 || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		ps_left_out(p, at, "\\u without a character's number in $'...'");
	return utf8_put(out, v);
}

/* \cX in bash and mksh. */
static size_t control_escape(struct ps *p, char *out, bool *nul)
{
	if (p->t->zsh || p->dialect == DIALECT_BUSYBOX)
		return unknown_escape(p, out);
	int c = ps_at(p, p->i + 1);
	bool plain = ps_is_name(c, false) || c == '?' || c == '[';
	if (!plain && !(p->dialect == DIALECT_BASH && c >= 0x20 && c < 0x7f && c != '\\' && c != '\''))
		ps_left_out(p, p->i - 1, "an escape in $'...' that shells decode in different ways");
	p->i += 2;
	out[0] = c == '?' ? 0x7f : (char)(c & 0x1f);
	*nul = out[0] == 0;
	return out[0] != 0;
}

/* One escape of $'…', the cursor behind its backslash. *nul: it gave a NUL byte, which no argument can hold. */
static size_t c_escape(struct ps *p, char *out, bool *nul)
{
	static const char from[] = "abeEfnrtv\\'\"?", to[] = "\a\b\033\033\f\n\r\t\v\\'\"?";
	uint32_t at = p->i - 1, v = 0;
	int c = ps_at(p, p->i);
	const char *f = c == 0 ? NULL : strchr(from, c);
	if (f != NULL && !(p->dialect == DIALECT_BUSYBOX && (c == 'e' || c == 'E' || c == '?'))) {
		p->i++;
		out[0] = to[f - from];
		return 1;
	}
	if (c >= '0' && c <= '7') {
		digits(p, 8, 3, &v);
		if (v > 0xff && p->dialect != DIALECT_BASH)
			ps_left_out(p, at, "an octal escape over \\377 in $'...'");
		v &= 0xff;
	} else if (c == 'x') {
		uint32_t back = p->i++;
		if (p->dialect == DIALECT_BASH && ps_at(p, p->i) == '{')
			ps_left_out(p, at, "a brace behind \\x in $'...'"); /* digits in it count, whether it closes or not */
		if (digits(p, 16, 2, &v) == 0 && !p->t->zsh) {
			p->i = back;
			return unknown_escape(p, out);
		}
		if (p->dialect == DIALECT_MKSH && hex(ps_at(p, p->i)) >= 0)
			ps_left_out(p, at, "more than two digits behind \\x in $'...'");
	} else if (c == 'u' || c == 'U') {
		return unicode_escape(p, out, nul);
	} else if (c == 'c') {
		return control_escape(p, out, nul);
	} else {
		return unknown_escape(p, out);
	}
	*nul = v == 0;
	if (v == 0 && p->t->zsh)
		ps_left_out(p, at, "a NUL byte in $'...'");
	out[0] = (char)v;
	return v != 0;
}

void quote_c(struct ps *p, struct parts *b)
{
	uint32_t at = p->i;
	struct sh_part *x = parts_add(p, b, SH_CQUOTE, at, true);
	p->i = ps_after(p, p->i) + 1; /* raw from here */
	uint32_t end = p->i;
	while (end < p->s.n && p->s.p[end] != '\'')
		end += p->s.p[end] == '\\' ? 2 : 1;
	if (end >= p->s.n) {
		p->i = p->s.n;
		ps_fail(p, ERR_MALFORMED, at, "expected ' to close this quote");
	}
	char *out = ps_new(p, (size_t)(end - p->i) * 2 + 8); /* \uXX: at most four bytes for four */
	size_t n = 0;
	bool cut = false; /* behind a NUL: bash and mksh drop the rest of the quote, busybox only the NUL */
	while (p->i < end) {
		if (p->s.p[p->i] == '\\') {
			bool nul = false;
			p->i++;
			size_t k = c_escape(p, out + n, &nul);
			n += cut ? 0 : k;
			cut = cut || (nul && p->dialect != DIALECT_BUSYBOX);
		} else {
			if (p->hidden)
				ps_hidden(p);
			out[n] = p->s.p[p->i++];
			n += !cut;
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
	if (p->i + 1 >= p->s.n) { /* nothing behind it */
		if (p->streaming && !p->nested) {
			p->i = p->s.n;
			ps_fail(p, ERR_MALFORMED, at, "expected a character behind the backslash");
		}
		if (p->t->zsh || p->dialect == DIALECT_MKSH)
			ps_left_out(p, at, "a backslash at the end of the text"); /* they drop it, others keep it */
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
	if (mode == DQ_ARG && c == '\'' && p->t->squote_in_dq)
		ps_left_out(p, p->i, "a backslash before ' in \"${...}\""); /* it pairs with another, or not */
	/* bash takes the backslash away before it reads what it was to quote: \( makes $\( a substitution. Others take it from before a brace. */
	if (p->arg_strings > 0 && (c == '}' || (p->quoted_args > 0 && p->dialect == DIALECT_BASH && c != '$' && c != '`' && c != '"' && c != '\\')))
		ps_left_out(p, p->i, "a backslash in quotes in the argument of a ${...}");
	bool special =
		c == '$' || c == '`' || c == '\\' || (c == '"' && mode != DQ_HEREDOC) || (c == '}' && mode == DQ_ARG);
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

/* $name or ${name} at the cursor. */
static bool simple_name(const struct ps *p)
{
	int d = ps_peek(p, 1);
	if (d != '{')
		return ps_is_name(d, false) || (d > 0 && strchr("@*?", d) != NULL);
	uint32_t i = ps_after(p, ps_after(p, p->i));
	while (ps_is_name(ps_at(p, i), false))
		i = ps_after(p, i);
	return ps_at(p, i) == '}';
}

/* Single quotes in the argument of ${x-…} inside double quotes are ordinary bytes, but bash's parser pairs them first.
 * Between a pair, names expand; whatever else the pairing might hide is left out. */
static void dq_apostrophe(struct ps *p, struct parts *b)
{
	uint32_t at = p->i;
	parts_byte(p, b);
	if (!p->t->squote_in_dq)
		return;
	for (;;) {
		int c = ps_cur(p);
		if (c == END)
			ps_fail(p, ERR_MALFORMED, at, "expected ' to pair with this one");
		if (c == '$' && simple_name(p)) {
			dollar_parse(p, b, true);
			continue;
		}
		if (c == '$' || c == '`' || c == '\\' || c == '"' || c == '{' || c == '}')
			ps_left_out(p, p->i, "a special character between single quotes in \"${...}\"");
		parts_byte(p, b);
		if (c == '\'')
			return;
	}
}

void quote_arg_string(struct ps *p, struct parts *b)
{
	p->arg_strings++;
	quote_double(p, b);
	p->arg_strings--;
}

void quote_body(struct ps *p, struct parts *b, enum dq mode)
{
	/* There mksh reads as if it were unquoted; the others do not. */
	bool unquotes = mode == DQ_ARG && p->in_heredoc && p->dialect == DIALECT_MKSH;
	for (;;) {
		int c = ps_cur(p);
		if (mode == DQ_ARG && p->dialect == DIALECT_BASH && (c == '<' || c == '>') && ps_peek(p, 1) == '(')
			ps_left_out(p, p->i, "process substitution in the argument of ${...}"); /* bash looks for its end, quoted or not */
		if (unquotes && (c == '\\' || c == '"' || c == '\''))
			ps_left_out(p, p->i, "a quote in ${...} in a here-document");
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
				quote_arg_string(p, b);
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
			if (p->quoted_args > 0 && ps_peek(p, 1) == '\'')
				ps_left_out(p, p->i, "$' in the argument of a ${...} in quotes"); /* to some it begins a quote */
			if (dollar_parse(p, b, true))
				break;
			if (unquotes) /* as a text it would have to be quoted */
				ps_left_out(p, p->i, "a $ that expands nothing in ${...} in a here-document");
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

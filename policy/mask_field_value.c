/* Masking: where the value behind a name begins and ends: quoted, bare, the rest of a line, a block of YAML, behind a scheme. */
#include "policy/mask_field.h"

/* Whether the key stands first on its line: after an indent, a list's dash, a quote. */
static bool field_first(const struct mtext *x, size_t key)
{
	size_t i = key;

	if (i > 0 && (x->t[i - 1] == '"' || x->t[i - 1] == '\''))
		i--;
	while (i > 0 && key - i < 64 && (mask_space(x->t[i - 1]) || x->t[i - 1] == '-'))
		i--;
	return i == 0 || x->t[i - 1] == '\n' || x->t[i - 1] == '\r';
}

bool mask_field_ends(uint8_t c)
{
	return c <= 0x20 || c == 0x7f || c == '"' || c == '\'' || c == '`';
}

/* Whether `name=` follows, as after the & of a query: M_NO, M_YES, M_MORE. */
static int field_next_pair(const struct mtext *x, size_t i)
{
	size_t from = i;

	while (i < x->len && i - from < 40 && (mask_field_key(x->t[i]) || (i == from && mask_space(x->t[i]))))
		i++;
	if (i == x->len)
		return x->end ? M_NO : M_MORE;
	return i > from && x->t[i] == '=' ? M_YES : M_NO;
}

/* A quoted value: up to the same quote, behind as many backslashes, or the end of the line. */
int mask_field_quoted(const struct mtext *x, struct field *f)
{
	size_t i = f->v;

	for (;; i++) {
		size_t b = i;

		if (i - f->v >= MASK_VALUE_MAX)
			break;
		while (b < x->len && x->t[b] == '\\')
			b++;
		if (b == x->len && !x->end)
			return M_MORE;
		if (b == x->len || x->t[b] == '\n' || x->t[b] == '\r')
			break;
		if (x->t[b] == f->quote && (f->slashes > 0 ? b - i <= f->slashes : (b - i) % 2 == 0))
			break;
		i = b;
	}
	f->e = i;
	f->after = i < x->len ? x->t[i] : 0;
	return M_YES;
}

/* Whether the last byte of v belongs to the text around it: a comma, a bracket that was not opened inside. */
static bool field_closes(const uint8_t *v, size_t n)
{
	uint8_t c = v[n - 1];

	if (c == ',' || c == ';' || (c == ':' && n > 1 && v[n - 2] == ')'))
		return true;
	if (c != ')' && c != ']' && c != '}')
		return false;
	return memchr(v, c == ')' ? '(' : c - 2, n - 1) == NULL;
}

/* `<your token>`: words between angles, which a blank does not end. */
static int field_angles(const struct mtext *x, struct field *f)
{
	size_t i = f->v + 1;

	while (i < x->len && i - f->v < 48 && (mask_is(x->t[i], CLS_WORD) || x->t[i] == ' ' || x->t[i] == '-' || x->t[i] == '.'))
		i++;
	if (i == x->len && !x->end)
		return M_MORE;
	if (i == x->len || x->t[i] != '>')
		return M_NO;
	f->e = i + 1;
	return M_YES;
}

/* A value without quotes: up to a blank, a quote, or what begins the next pair. */
int mask_field_bare(const struct mtext *x, struct field *f)
{
	size_t i = f->v;

	if (x->t[i] == '<') {
		int r = field_angles(x, f);

		if (r != M_NO)
			return r;
	}
	for (; i - f->v < MASK_VALUE_MAX; i++) {
		uint8_t c;

		if (i == x->len) {
			if (!x->end)
				return M_MORE;
			break;
		}
		c = x->t[i];
		if (mask_field_ends(c) || (c == '\\' && i + 1 < x->len && (x->t[i + 1] == '"' || x->t[i + 1] == '\'')))
			break;
		if (c == '\\' && i + 1 == x->len && !x->end)
			return M_MORE;
		if ((c == '&' || c == ',' || c == ';') && i > f->v) {
			int r = field_next_pair(x, i + 1);

			if (r == M_MORE)
				return M_MORE;
			if (r == M_YES)
				break;
		}
		if (c == '<' && i > f->v) {
			if (i + 1 == x->len && !x->end)
				return M_MORE;
			if (i + 1 < x->len && x->t[i + 1] == '/')
				break;
		}
	}
	f->e = i;
	f->after = i < x->len ? x->t[i] : 0;
	while (f->e > f->v && field_closes(x->t + f->v, f->e - f->v)) {
		f->e--;
		f->after = x->t[f->e];
	}
	return M_YES;
}

/* A value that is the rest of the line (YAML, headers), less a comment and blanks at its end. */
static int field_line(const struct mtext *x, struct field *f)
{
	size_t i = f->v, e;

	while (i < x->len && i - f->v < MASK_VALUE_MAX && x->t[i] != '\n' && x->t[i] != '\r' && x->t[i] != '"' &&
	       x->t[i] != '\'' && x->t[i] != 0x1b)
		i++;
	if (i == x->len && !x->end)
		return M_MORE;
	e = i;
	for (size_t k = f->v + 1; k < i; k++) {
		if (x->t[k] == '#' && mask_space(x->t[k - 1])) {
			e = k;
			break;
		}
	}
	while (e > f->v && mask_space(x->t[e - 1]))
		e--;
	f->e = e;
	f->after = e < x->len ? x->t[e] : 0;
	return M_YES;
}

static const char *const field_schemes[] = { "basic ", "bearer ", "token ", "digest ", "negotiate ", "ntlm ", "apikey ",
	"aws4-hmac-sha256 ", NULL };

/* Passes the scheme of an Authorization header. */
static int field_scheme(const struct mtext *x, struct field *f, bool *line)
{
	for (size_t k = 0; field_schemes[k] != NULL; k++) {
		size_t n = strlen(field_schemes[k]);
		int r = mask_lit(x, f->v, field_schemes[k], n, true);

		if (r == M_MORE)
			return r;
		if (r == M_YES) {
			f->v += n;
			*line = k == 3 || k == 7;
			return M_YES;
		}
	}
	return M_YES;
}

/* The blanks that the key's line begins with. */
static size_t field_indent(const struct mtext *x, size_t key)
{
	size_t i = key, n = 0;

	while (i > 0 && key - i < MASK_LOOKBACK && x->t[i - 1] != '\n' && x->t[i - 1] != '\r')
		i--;
	while (i + n < key && x->t[i + n] == ' ')
		n++;
	return n;
}

/* `password: |`, and the lines below it that stand deeper: M_YES. M_NO: no such block. */
static int field_block(const struct mtext *x, struct field *f)
{
	size_t i = f->v + 1, outer = field_indent(x, f->key), deep = 0, end;

	while (i < x->len && i - f->v < 4 && (x->t[i] == '-' || x->t[i] == '+' || mask_digit(x->t[i])))
		i++;
	while (i < x->len && i - f->v < 16 && (mask_space(x->t[i]) || x->t[i] == '\r'))
		i++;
	if (i == x->len)
		return x->end ? M_NO : M_MORE;
	if (x->t[i] != '\n')
		return M_NO;
	f->v = f->e = end = i + 1;
	while (end < x->len || !x->end) {
		size_t line = end;

		for (i = line; i < x->len && x->t[i] == ' ' && i - line < 256; i++)
			;
		if (i == x->len && !x->end)
			return M_MORE;
		if (i == x->len)
			break;
		if (x->t[i] != '\n' && x->t[i] != '\r') {
			if (i - line < (deep > 0 ? deep : outer + 1))
				break;
			if (deep == 0) {
				deep = i - line;
				f->v = i;
			}
		}
		while (i < x->len && x->t[i] != '\n' && i - f->v < MASK_VALUE_MAX)
			i++;
		if (i == x->len && !x->end)
			return M_MORE;
		f->e = deep > 0 ? i : f->e;
		if (i == x->len || x->t[i] != '\n')
			break;
		end = i + 1;
	}
	if (deep == 0)
		f->e = f->v;
	while (f->e > f->v && (x->t[f->e - 1] == '\r' || x->t[f->e - 1] == '\n'))
		f->e--;
	f->quote = '|'; /* text, whatever it looks like */
	f->after = '\n';
	return M_YES;
}

int mask_field_value(const struct mtext *x, unsigned flags, struct field *f)
{
	size_t k = f->v;
	bool line = (flags & F_LINE) != 0;
	int r;

	while (k < x->len && k - f->v < 4 && x->t[k] == '\\')
		k++;
	if (k == x->len)
		return x->end ? M_NO : M_MORE;
	if (x->t[k] == '"' || x->t[k] == '\'' || x->t[k] == '`') {
		f->slashes = (unsigned)(k - f->v);
		f->quote = x->t[k];
		f->v = k + 1;
	} else if ((flags & F_JSON) != 0) {
		return M_NO;
	}
	if ((flags & F_AUTH) != 0) {
		r = field_scheme(x, f, &line);
		if (r != M_YES)
			return r;
	}
	if (f->quote != 0)
		return mask_field_quoted(x, f);
	if (f->colon && f->spaced && (x->t[f->v] == '|' || x->t[f->v] == '>') && field_first(x, f->key)) {
		r = field_block(x, f);
		if (r != M_NO)
			return r;
	}
	if ((line && f->colon) || (f->colon && f->spaced && (flags & F_AUTH) == 0 && field_first(x, f->key)))
		return field_line(x, f);
	return mask_field_bare(x, f);
}

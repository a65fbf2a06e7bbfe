/* Masking: values that are secret because of the name before them: KEY=value, `key: value` of YAML, JSON and HTTP headers,
 * `--key value`, <key>value</key>, netrc. The name stays, the value goes.
 *
 * A name counts when a key ends in it: DB_PASSWORD, spring.datasource.password, x-api-key, refreshToken. What stands where
 * a value should be but says that it is none (null, ****, ${VAR}, <your token>) stays readable. */
#include "policy/mask_field.h"

#include <stdlib.h>

#define F_WORD 1u   /* the name is short: a word must begin there (DB_PASS, dbPass, not bypass) */
#define F_CUT 2u    /* the literal's last byte is what follows a name of three letters */
#define F_AUTH 4u   /* the value has a scheme before it */
#define F_LINE 8u   /* the value goes to the end of the line */
#define F_JSON 16u  /* only as a quoted key with a quoted value */
#define F_BEARER 32u /* no key: a scheme with a token */

static const struct {
	const char *name;
	uint8_t flags;
} field_names[] = {
	{ "password", 0 }, { "passwd", 0 }, { "passphrase", 0 }, { "passcode", 0 }, { "secret", 0 }, { "token", 0 },
	{ "api_key", 0 }, { "api-key", 0 }, { "apikey", 0 }, { "access_key", 0 }, { "access-key", 0 }, { "accesskey", 0 },
	{ "secret_key", 0 }, { "secret-key", 0 }, { "secretkey", 0 }, { "private_key", 0 }, { "private-key", 0 },
	{ "privatekey", 0 }, { "encryption_key", 0 }, { "encryption-key", 0 }, { "encryptionkey", 0 },
	{ "signing_key", 0 }, { "signing-key", 0 }, { "signingkey", 0 }, { "master_key", 0 }, { "master-key", 0 },
	{ "masterkey", 0 }, { "account_key", 0 }, { "accountkey", 0 }, { "shared_key", 0 }, { "sharedkey", 0 },
	{ "auth_key", 0 }, { "auth-key", 0 }, { "authkey", 0 }, { "storage_key", 0 }, { "storagekey", 0 },
	{ "secret_base", 0 }, { "credential", 0 }, { "credentials", 0 }, { "requirepass", 0 }, { "masterauth", 0 },
	{ "authorization", F_AUTH }, { "cookie", F_LINE | F_WORD }, { "pass", F_WORD }, { "pwd", F_WORD },
	{ "auth\"", F_JSON | F_CUT }, { "bearer ", F_BEARER | F_WORD },
};

static bool field_key(uint8_t c)
{
	return mask_is(c, CLS_B64URL) || c == '.';
}

/* Where the key that ends in the name begins; it may be cut by how far matchers look back. */
static size_t field_key_start(const struct mtext *x, size_t at)
{
	size_t i = at;

	while (i > 0 && at - i < 48 && field_key(x->t[i - 1]))
		i--;
	return i;
}

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

	while (i < x->len && i - from < 40 && (field_key(x->t[i]) || (i == from && mask_space(x->t[i]))))
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

/* Passes up to n blanks. M_MORE when the text ends there. */
static int field_blanks(const struct mtext *x, size_t *i, size_t n)
{
	size_t from = *i;

	while (*i < x->len && *i - from < n && mask_space(x->t[*i]))
		(*i)++;
	return *i == x->len ? (x->end ? M_NO : M_MORE) : M_YES;
}

/* `--key value` and netrc's `login x password y`: blanks are all that parts name and value. */
static bool field_by_blank(const struct mtext *x, size_t key, size_t at)
{
	static const char login[] = "login ";
	size_t from = key > MASK_LOOKBACK ? key - MASK_LOOKBACK : 0;

	if (key + 2 < at && x->t[key] == '-' && x->t[key + 1] == '-')
		return true;
	if (key != at)
		return key + 2 == at && x->t[key] == '-' && x->t[key + 1] == '-';
	for (size_t i = key; i > from && x->t[i - 1] != '\n'; i--) {
		if (i >= 6 && memcmp(x->t + i - 6, login, 6) == 0)
			return true;
	}
	return false;
}

/* Passes the quote that closes a key and the delimiter. M_YES: *i is where the value may begin. */
static int field_delimiter(const struct mtext *x, size_t at, size_t *i, struct field *f)
{
	const uint8_t *t = x->t;
	size_t k = *i, from;
	int r;

	while (k < x->len && k - *i < 2 && mask_digit(t[k]))
		k++;
	from = k;
	while (k < x->len && k - from < 4 && t[k] == '\\')
		k++;
	if (k < x->len && (t[k] == '"' || t[k] == '\''))
		k++;
	else if (k > from && k < x->len)
		return M_NO;
	from = k;
	r = field_blanks(x, &k, 8);
	if (r != M_YES)
		return r;
	f->spaced = f->gap = k > from;
	if (t[k] == '>' && f->key > 0 && t[f->key - 1] == '<') {
		f->tag = true;
		*i = k + 1;
		return M_YES;
	}
	if (t[k] != '=' && t[k] != ':') {
		*i = k;
		return f->spaced && t[k] != '-' && field_by_blank(x, f->key, at) ? M_YES : M_NO;
	}
	f->colon = t[k] == ':';
	if (k + 1 == x->len)
		return x->end ? M_NO : M_MORE;
	if (t[k + 1] == '=' && !f->colon)
		return M_NO; /* a comparison */
	if (t[k + 1] == ':' || t[k + 1] == '~')
		return M_NO; /* a scope; a match */
	if (t[k + 1] == '=' || t[k + 1] == '>') {
		/* := and => part like = does. */
		f->colon = false;
		k++;
	}
	k++;
	from = k;
	r = field_blanks(x, &k, 32);
	if (r != M_YES)
		return r;
	f->spaced = f->spaced || k > from;
	*i = k;
	return M_YES;
}

/* Passes quotes and the backslashes before them. */
static void field_quote(const struct mtext *x, size_t *i)
{
	size_t from = *i;

	while (*i < x->len && *i - from < 4 && x->t[*i] == '\\')
		(*i)++;
	if (*i < x->len && (x->t[*i] == '"' || x->t[*i] == '\''))
		(*i)++;
}

/* Whether the key is the value of a `name:`, as in the environment of a container: {"name": "DB_PASSWORD", "value": "…"}. */
static bool field_named(const struct mtext *x, size_t key)
{
	size_t i = key, to = key > MASK_LOOKBACK ? key - MASK_LOOKBACK : 0;

	while (i > to && (x->t[i - 1] == '"' || x->t[i - 1] == '\'' || x->t[i - 1] == '\\'))
		i--;
	while (i > to && mask_space(x->t[i - 1]))
		i--;
	if (i == to || x->t[i - 1] != ':')
		return false;
	for (i--; i > to && (x->t[i - 1] == '"' || x->t[i - 1] == '\'' || x->t[i - 1] == '\\'); i--)
		;
	return i >= 4 && (x->t[i - 4] | 0x20) == 'n' && memcmp(x->t + i - 3, "ame", 3) == 0;
}

/* The `value:` that follows such a name: M_YES, *i is where the value may begin. */
static int field_pair(const struct mtext *x, size_t *i, struct field *f)
{
	static const char word[] = "value";
	size_t k = *i, from;
	int r;

	if (!field_named(x, f->key))
		return M_NO;
	while (k < x->len && k - *i < 2 && mask_digit(x->t[k]))
		k++;
	field_quote(x, &k);
	if (k < x->len && x->t[k] == ',')
		k++;
	from = k;
	while (k < x->len && k - from < 64 && (x->t[k] <= ' ' || (x->t[k] == '\\' && k + 1 < x->len && x->t[k + 1] == 'n')))
		k += x->t[k] == '\\' ? 2 : 1;
	if (k == from && k < x->len && x->t[k - 1] != ',')
		return M_NO;
	field_quote(x, &k);
	f->key = k;
	r = mask_lit(x, k, word, sizeof(word) - 1, true);
	if (r != M_YES)
		goto out;
	k += sizeof(word) - 1;
	field_quote(x, &k);
	while (k < x->len && mask_space(x->t[k]) && k - f->key < 32)
		k++;
	if (k == x->len || x->t[k] != ':') {
		r = k == x->len && !x->end ? M_MORE : M_NO;
		goto out;
	}
	for (k++; k < x->len && mask_space(x->t[k]) && k - f->key < 48; k++)
		;
	f->colon = f->spaced = f->pair = true;
	r = k < x->len ? M_YES : x->end ? M_NO : M_MORE;
out:
	*i = k < x->len ? k : x->len;
	return r;
}

/* define('DB_PASSWORD', '…'): the name is an argument, and the value the next. */
static int field_define(const struct mtext *x, size_t *i, const struct field *f)
{
	static const char define[] = "define(";
	size_t k = *i, n = sizeof(define) - 1;
	uint8_t q;

	if (f->key < n + 1 || memcmp(x->t + f->key - n - 1, define, n) != 0)
		return M_NO;
	q = x->t[f->key - 1];
	if (k < x->len && x->t[k] == q)
		k++;
	for (size_t from = k; k < x->len && k - from < 8 && (mask_space(x->t[k]) || (x->t[k] == ',' && k == from)); k++)
		;
	if (k == x->len)
		return x->end ? M_NO : M_MORE;
	if (x->t[k] != q || x->t[k - 1] == q)
		return M_NO;
	*i = k;
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

/* A token behind `Bearer `, wherever it stands. */
static int field_bearer(const struct mtext *x, struct mhit *h)
{
	size_t i = h->s;
	bool digit = false;

	while (i < x->len && i - h->s < MASK_VALUE_MAX && mask_is(x->t[i], CLS_TILDE | CLS_B64)) {
		digit = digit || mask_digit(x->t[i]);
		i++;
	}
	if (i == x->len && !x->end) {
		h->strong = digit && i - h->s >= 4;
		return M_MORE;
	}
	h->e = i;
	return digit && i - h->s >= 16 ? M_YES : M_NO;
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

static int field_value(const struct mtext *x, const struct manchor *a, struct field *f)
{
	size_t k = f->v;
	bool line = (a->arg & F_LINE) != 0;
	int r;

	while (k < x->len && k - f->v < 4 && x->t[k] == '\\')
		k++;
	if (k == x->len)
		return x->end ? M_NO : M_MORE;
	if (x->t[k] == '"' || x->t[k] == '\'' || x->t[k] == '`') {
		f->slashes = (unsigned)(k - f->v);
		f->quote = x->t[k];
		f->v = k + 1;
	} else if ((a->arg & F_JSON) != 0) {
		return M_NO;
	}
	if ((a->arg & F_AUTH) != 0) {
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
	if ((line && f->colon) || (f->colon && f->spaced && (a->arg & F_AUTH) == 0 && field_first(x, f->key)))
		return field_line(x, f);
	return mask_field_bare(x, f);
}

static bool field_same(const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t i = 0;

	while (i < n && (a[i] == b[i] || (mask_alpha(a[i]) && (a[i] ^ b[i]) == 0x20)))
		i++;
	return i == n;
}

/* Whether the key is no key: a parameter in a comment (@param token: …), part of ${NAME:-…}. */
static bool field_no_key(const struct mtext *x, size_t key)
{
	const uint8_t *k = x->t + key;

	if (key >= 1 && k[-1] == '@')
		return true;
	if (key >= 2 && k[-1] == '{' && k[-2] == '$')
		return true;
	return (key >= 7 && memcmp(k - 6, "param ", 6) == 0 && strchr(":@\\", k[-7]) != NULL) ||
		(key >= 6 && memcmp(k - 5, "type ", 5) == 0 && strchr(":@\\", k[-6]) != NULL);
}

/* Whether what stands there is a value to hide. */
static bool field_secret(const struct mtext *x, const struct manchor *a, const struct field *f, size_t at)
{
	const uint8_t *v = x->t + f->v;
	size_t n = f->e - f->v;

	if (n == 0 || mask_value_none(v, n))
		return false;
	if (f->tag && f->after != '<' && f->after != 0)
		return false;
	if (f->quote == 0 && f->colon && field_no_key(x, f->key))
		return false;
	if (f->quote == 0 && (!f->colon || (a->arg & (F_LINE | F_AUTH)) == 0) && mask_value_code(v, n, f->spaced, f->colon, f->after))
		return false;
	if ((a->arg & F_JSON) != 0 && n < 8)
		return false;
	/* PWD=/home/x is the working directory; `pass: 12` is a count. */
	if (a->len == 4 && (a->arg & F_CUT) != 0 && v[0] == '/')
		return false;
	/* Three letters and a colon come up by chance in every few hundred megabytes of an archive. */
	if ((a->arg & F_CUT) != 0 && mask_in_binary(x->t, at))
		return false;
	/* class AliasPass : public Pass */
	if ((a->arg & F_WORD) != 0 && f->colon && f->gap && f->quote == 0)
		return false;
	if ((a->arg & F_WORD) != 0 && f->colon && n <= 4 && mask_value_digits(v, n))
		return false;
	/* password=password, authkey=authkey: program text, or a form. */
	if ((n == at + a->len - f->key && field_same(v, x->t + f->key, n)) || (n == a->len && field_same(v, x->t + at, n)))
		return false;
	return true;
}

static int field_match(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	struct field f = { .key = at };
	size_t end = at + a->len - ((a->arg & F_CUT) != 0), i = end;
	int r;

	h->s = end;
	if ((a->arg & F_WORD) != 0 && at > 0 && mask_alpha(x->t[at - 1]) && !mask_left(x, at, CLS_ALNUM)) {
		/* dbPass begins a word at its capital. */
		if (!(x->t[at] >= 'A' && x->t[at] <= 'Z' && x->t[at - 1] >= 'a'))
			return M_NO;
	}
	if ((a->arg & F_BEARER) != 0)
		return field_bearer(x, h);
	f.key = field_key_start(x, at);
	r = field_pair(x, &i, &f);
	if (r == M_NO) {
		f = (struct field){ .key = field_key_start(x, at) };
		i = end;
		r = field_define(x, &i, &f);
	}
	if (r == M_NO) {
		i = end;
		r = field_delimiter(x, at, &i, &f);
	}
	if (r != M_YES)
		return r;
	f.v = f.e = h->s = i;
	if (f.spaced && i + 1 < x->len && x->t[i] == '#' && x->t[i + 1] == ' ')
		return M_NO;
	if (i >= x->len)
		return x->end ? M_NO : M_MORE;
	r = field_value(x, a, &f);
	h->s = f.v < x->len ? f.v : x->len;
	if (r == M_MORE) {
		h->strong = f.v < x->len && (f.quote != 0 || strchr("$<{%*[&(", x->t[f.v]) == NULL);
		return r;
	}
	h->e = f.e;
	return r == M_YES && field_secret(x, a, &f, at) ? M_YES : M_NO;
}

static int field_add(struct mask_set *set, const char *lit, unsigned flags)
{
	return mask_anchor_add(set, B_PASSWORD_FIELD, lit, true, 0, 0, 0, (uint8_t)flags, field_match);
}

/* A name of three letters, with each byte that may follow it: literals have four bytes. */
static int field_short(struct mask_set *set, const char *name, unsigned flags)
{
	static const char after[] = "=:\"' \\0123456789>\t";
	int r = ERR_OK;

	for (size_t i = 0; i < sizeof(after) - 1 && r >= 0; i++) {
		char **names = realloc(set->names, (set->nnames + 1) * sizeof(*names)), *lit = malloc(5);

		if (names != NULL)
			set->names = names;
		if (names == NULL || lit == NULL) {
			free(lit);
			return ERR_NOMEM;
		}
		memcpy(lit, name, 3);
		lit[3] = after[i];
		lit[4] = '\0';
		set->names[set->nnames++] = lit;
		r = field_add(set, lit, flags | F_CUT);
	}
	return r;
}

int mask_field_name(struct mask_set *set, const char *name)
{
	size_t n = strlen(name);
	char **names, *copy;

	if (n < 3 || n > 60)
		return ERR_MALFORMED;
	for (size_t i = 0; i < n; i++) {
		if (!field_key((uint8_t)name[i]))
			return ERR_MALFORMED;
	}
	copy = strdup(name);
	names = realloc(set->names, (set->nnames + 1) * sizeof(*names));
	if (names != NULL)
		set->names = names;
	if (copy == NULL || names == NULL) {
		free(copy);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] |= 0x20;
	}
	set->names[set->nnames++] = copy;
	return n == 3 ? field_short(set, copy, F_WORD) : field_add(set, copy, n < 5 ? F_WORD : 0);
}

int mask_field_anchors(struct mask_set *set)
{
	int r = ERR_OK;

	for (size_t i = 0; i < sizeof(field_names) / sizeof(field_names[0]) && r >= 0; i++) {
		const char *name = field_names[i].name;

		r = strlen(name) == 3 ? field_short(set, name, field_names[i].flags) : field_add(set, name, field_names[i].flags);
	}
	return r < 0 ? r : mask_program_anchors(set);
}

/* Masking: values that are secret because of the name before them: KEY=value, `key: value` of YAML, JSON and HTTP headers,
 * `--key value`, <key>value</key>, netrc. The name stays, the value goes.
 *
 * A name counts when a key ends in it: DB_PASSWORD, spring.datasource.password, x-api-key, refreshToken. What stands where
 * a value should be but says that it is none (null, ****, ${VAR}, <your token>) stays readable. */
#include "policy/mask_field.h"

#include <stdlib.h>

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

/* Where the key that ends in the name begins; it may be cut by how far matchers look back. */
static size_t field_key_start(const struct mtext *x, size_t at)
{
	size_t i = at;

	while (i > 0 && at - i < 48 && mask_field_key(x->t[i - 1]))
		i--;
	return i;
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
	r = mask_field_value(x, a->arg, &f);
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
		if (!mask_field_key((uint8_t)name[i]))
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

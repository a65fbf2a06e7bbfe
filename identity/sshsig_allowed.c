/* allowed_signers; see sshsig.h. Trusts the file's author for what a line says, not for its being one: a line that is not
 * wholly understood admits nobody. */
#include "identity/sshsig.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ALLOWED_LINE_MAX = SSHKEY_LINE_MAX, ALLOWED_FIELD_MAX = 1024 };

struct allowed_line {
	char principals[ALLOWED_FIELD_MAX];
	char namespaces[ALLOWED_FIELD_MAX];
	bool has_namespaces;
	int64_t after, before; /* before 0: no end */
};

/* OpenSSH's wildcard: '*' any run, '?' one byte. Both are configuration and an argument of ours, so that no bytes of a
 * stranger decide how long it takes. */
static bool allowed_wild(const char *p, size_t pn, const char *s)
{
	size_t star = SIZE_MAX, i = 0;
	const char *mark = NULL;

	while (*s != '\0') {
		if (i < pn && p[i] == '*') {
			star = ++i;
			mark = s;
		} else if (i < pn && (p[i] == '?' || p[i] == *s)) {
			i++;
			s++;
		} else if (star != SIZE_MAX) {
			i = star;
			s = ++mark;
		} else {
			return false;
		}
	}
	while (i < pn && p[i] == '*')
		i++;
	return i == pn;
}

/* A pattern list (ssh_config(5), PATTERNS): commas between, '!' forbids whatever else matches. */
static bool allowed_list(const char *list, const char *s)
{
	bool hit = false;

	for (;;) {
		size_t n = strcspn(list, ",");

		if (n > 1 && list[0] == '!') {
			if (allowed_wild(list + 1, n - 1, s))
				return false;
		} else if (n > 0 && allowed_wild(list, n, s)) {
			hit = true;
		}
		if (list[n] == '\0')
			return hit;
		list += n + 1;
	}
}

/* YYYYMMDDZ, YYYYMMDDHHMMZ or YYYYMMDDHHMMSSZ: UTC only, a verdict does not depend on where it is made. */
static int allowed_time(const char *s, size_t n, int64_t *out)
{
	struct tm tm = { 0 };
	int f[14];

	if ((n != 9 && n != 13 && n != 15) || s[n - 1] != 'Z')
		return ERR_MALFORMED;
	memset(f, 0, sizeof(f));
	for (size_t i = 0; i < n - 1; i++) {
		if (s[i] < '0' || s[i] > '9')
			return ERR_MALFORMED;
		f[i] = s[i] - '0';
	}
	tm.tm_year = f[0] * 1000 + f[1] * 100 + f[2] * 10 + f[3] - 1900;
	tm.tm_mon = f[4] * 10 + f[5] - 1;
	tm.tm_mday = f[6] * 10 + f[7];
	tm.tm_hour = f[8] * 10 + f[9];
	tm.tm_min = f[10] * 10 + f[11];
	tm.tm_sec = f[12] * 10 + f[13];
	if (tm.tm_year < 70 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 60)
		return ERR_MALFORMED;
	*out = (int64_t)timegm(&tm);
	return ERR_OK;
}

/* One word, which may hold quoted parts with blanks; *p moves behind it and the blanks that follow. */
static size_t allowed_word(const char **p, const char *end)
{
	const char *start = *p;
	bool quoted = false;
	size_t n;

	while (*p < end && (quoted || (**p != ' ' && **p != '\t'))) {
		if (**p == '"')
			quoted = !quoted;
		(*p)++;
	}
	n = quoted ? 0 : (size_t)(*p - start);
	while (*p < end && (**p == ' ' || **p == '\t'))
		(*p)++;
	return n;
}

static int allowed_copy(char to[ALLOWED_FIELD_MAX], const char *s, size_t n)
{
	if (n >= 2 && s[0] == '"' && s[n - 1] == '"')
		s++, n -= 2;
	if (n == 0 || n >= ALLOWED_FIELD_MAX || memchr(s, '"', n) != NULL || memchr(s, '\0', n) != NULL)
		return ERR_MALFORMED;
	memcpy(to, s, n);
	to[n] = '\0';
	return ERR_OK;
}

static int allowed_option(struct allowed_line *l, const char *s, size_t n)
{
	char value[ALLOWED_FIELD_MAX];
	const char *eq = memchr(s, '=', n);
	size_t key = eq == NULL ? n : (size_t)(eq - s);

	if (eq == NULL || allowed_copy(value, eq + 1, n - key - 1) < 0)
		return ERR_UNSUPPORTED; /* cert-authority is among them */
	if (key == 10 && memcmp(s, "namespaces", 10) == 0 && !l->has_namespaces) {
		l->has_namespaces = true;
		return allowed_copy(l->namespaces, value, strlen(value));
	}
	if (key == 11 && memcmp(s, "valid-after", 11) == 0 && l->after == 0)
		return allowed_time(value, strlen(value), &l->after);
	if (key == 12 && memcmp(s, "valid-before", 12) == 0 && l->before == 0)
		return allowed_time(value, strlen(value), &l->before);
	return ERR_UNSUPPORTED;
}

static int allowed_options(struct allowed_line *l, const char *s, size_t n)
{
	const char *end = s + n;

	while (s < end) {
		const char *start = s;
		bool quoted = false;
		int r;

		for (; s < end && (quoted || *s != ','); s++) {
			if (*s == '"')
				quoted = !quoted;
		}
		r = allowed_option(l, start, (size_t)(s - start));
		if (r < 0)
			return r;
		if (s < end)
			s++;
	}
	return ERR_OK;
}

/* Reads a line as far as it fits this key: ERR_NOTFOUND when it is another's. */
static int allowed_read(const char *line, size_t n, struct view key, struct allowed_line *l)
{
	const char *p = line, *end = line + n, *word;
	struct buf blob;
	size_t wn;
	int r;

	memset(l, 0, sizeof(*l));
	word = p;
	wn = allowed_word(&p, end);
	r = allowed_copy(l->principals, word, wn);
	if (r < 0)
		return r;
	word = p;
	wn = allowed_word(&p, end);
	if (wn == 0)
		return ERR_MALFORMED;
	if (sshkey_kind((struct view){ (const uint8_t *)word, wn }) < 0) {
		r = allowed_options(l, word, wn);
		if (r < 0)
			return r;
		word = p;
	}
	buf_init(&blob, SSHKEY_BLOB_MAX);
	r = sshkey_parse_line(word, (size_t)(end - word), &blob, NULL, NULL);
	if (r == ERR_OK && (blob.len != key.n || memcmp(buf_ptr(&blob), key.p, key.n) != 0))
		r = ERR_NOTFOUND;
	buf_free(&blob);
	return r;
}

static bool allowed_fits(const struct allowed_line *l, const char *ns, const char *principal, int64_t now)
{
	return (!l->has_namespaces || allowed_list(l->namespaces, ns)) &&
		(principal == NULL || allowed_list(l->principals, principal)) &&
		(l->after == 0 || now >= l->after) && (l->before == 0 || now < l->before);
}

int sshsig_allowed(const char *allowed, size_t n, struct view key, const char *ns, const char *principal, int64_t now,
	char **principals, struct why *why)
{
	const char *end = allowed + n;
	struct allowed_line l;

	if (principals != NULL)
		*principals = NULL;
	if (n > SSHSIG_ALLOWED_MAX)
		return why_fail(why, ERR_LIMIT, "the list of allowed signers has more than %d bytes", SSHSIG_ALLOWED_MAX);
	while (allowed < end) {
		const char *eol = memchr(allowed, '\n', (size_t)(end - allowed));
		size_t len = (size_t)((eol == NULL ? end : eol) - allowed);

		if (len > 0 && len <= ALLOWED_LINE_MAX && allowed[0] != '#' && allowed_read(allowed, len, key, &l) == ERR_OK &&
		    allowed_fits(&l, ns, principal, now)) {
			if (principals != NULL && (*principals = strdup(l.principals)) == NULL)
				return why_fail(why, ERR_NOMEM, "no memory");
			return ERR_OK;
		}
		allowed = eol == NULL ? end : eol + 1;
	}
	return why_fail(why, ERR_NOTFOUND, "no line of the allowed signers admits this key for %s here and now", ns);
}

/* The allowed_signers file: "PRINCIPALS [OPTIONS] TYPE BASE64 [comment]" lines (ssh-keygen(1)); see sshsig.h. */
#include <string.h>
#include <time.h>

#include "audit/sshsig.h"

/* A word that may hold quoted blanks. */
static struct view field(struct view *v)
{
	struct view out;
	bool quoted = false;

	while (v->n > 0 && (v->p[0] == ' ' || v->p[0] == '\t')) {
		v->p++;
		v->n--;
	}
	out.p = v->p;
	out.n = 0;
	while (v->n > 0 && (quoted || (v->p[0] != ' ' && v->p[0] != '\t'))) {
		if (v->p[0] == '"')
			quoted = !quoted;
		v->p++;
		v->n--;
		out.n++;
	}
	return out;
}

/* The value of NAME="VALUE" in an options field; an empty view with p NULL when it is not there. */
static struct view option(struct view options, const char *name)
{
	size_t n = strlen(name);
	bool quoted = false;

	for (size_t i = 0; i < options.n; i++) {
		if (options.p[i] == '"')
			quoted = !quoted;
		if (quoted || (i > 0 && options.p[i - 1] != ','))
			continue;
		if (options.n - i > n + 1 && strncasecmp((const char *)options.p + i, name, n) == 0 && options.p[i + n] == '=' &&
		    options.p[i + n + 1] == '"') {
			struct view v = { options.p + i + n + 2, 0 };

			while (v.p + v.n < options.p + options.n && v.p[v.n] != '"')
				v.n++;
			return v;
		}
	}
	return (struct view){ NULL, 0 };
}

static bool has_flag(struct view options, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i + n <= options.n; i++)
		if ((i == 0 || options.p[i - 1] == ',') && strncasecmp((const char *)options.p + i, name, n) == 0 &&
		    (i + n == options.n || options.p[i + n] == ','))
			return true;
	return false;
}

static bool listed(struct view list, const char *name)
{
	size_t n = strlen(name);

	while (list.n > 0) {
		const uint8_t *comma = memchr(list.p, ',', list.n);
		size_t k = comma == NULL ? list.n : (size_t)(comma - list.p);

		if ((k == n && memcmp(list.p, name, n) == 0) || (k == 1 && list.p[0] == '*'))
			return true;
		list.p += k < list.n ? k + 1 : k;
		list.n -= k < list.n ? k + 1 : k;
	}
	return false;
}

/* YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, local time unless it ends in Z. False when it is none. */
static bool stamp(struct view v, int64_t *out)
{
	struct tm tm = { .tm_isdst = -1 };
	bool utc = v.n > 0 && v.p[v.n - 1] == 'Z';
	int d[14] = { 0 };

	if (utc)
		v.n--;
	if (v.n != 8 && v.n != 12 && v.n != 14)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
		d[i] = v.p[i] - '0';
	}
	tm.tm_year = d[0] * 1000 + d[1] * 100 + d[2] * 10 + d[3] - 1900;
	tm.tm_mon = d[4] * 10 + d[5] - 1;
	tm.tm_mday = d[6] * 10 + d[7];
	tm.tm_hour = d[8] * 10 + d[9];
	tm.tm_min = d[10] * 10 + d[11];
	tm.tm_sec = d[12] * 10 + d[13];
	*out = utc ? timegm(&tm) : mktime(&tm);
	return true;
}

static bool in_force(struct view options, const char *space, uint64_t at_s)
{
	struct view v = option(options, "namespaces");
	int64_t t;

	if (has_flag(options, "cert-authority") || (v.p != NULL && !listed(v, space)))
		return false;
	v = option(options, "valid-after");
	if (v.p != NULL && (!stamp(v, &t) || (at_s > 0 && (int64_t)at_s < t)))
		return false;
	v = option(options, "valid-before");
	return v.p == NULL || (stamp(v, &t) && (at_s == 0 || (int64_t)at_s < t));
}

static bool line_fits(struct view line, struct view key, const char *space, uint64_t at_s, struct view *principals)
{
	struct view options = { NULL, 0 }, rest;
	struct buf blob;
	bool fits;

	*principals = field(&line);
	if (principals->n == 0 || principals->p[0] == '#')
		return false;
	buf_init(&blob, SSHSIG_MAX);
	rest = line;
	if (sshsig_key_line(rest, &blob) < 0) {
		options = field(&line);
		rest = line;
		if (sshsig_key_line(rest, &blob) < 0)
			blob.len = 0;
	}
	fits = blob.len == key.n && key.n > 0 && memcmp(buf_ptr(&blob), key.p, key.n) == 0 && in_force(options, space, at_s);
	buf_free(&blob);
	return fits;
}

int allowed_signers_find(struct view file, struct view key, const char *space, uint64_t at_s, struct buf *principals)
{
	struct view line, who;

	while (file.n > 0) {
		const uint8_t *nl = memchr(file.p, '\n', file.n);

		line.p = file.p;
		line.n = nl == NULL ? file.n : (size_t)(nl - file.p);
		file.p += line.n + (nl != NULL);
		file.n -= line.n + (nl != NULL);
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (line_fits(line, key, space, at_s, &who))
			return principals == NULL ? ERR_OK : buf_put(principals, who.p, who.n);
	}
	return ERR_NOTFOUND;
}

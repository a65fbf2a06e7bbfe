/* Command patterns of rules: what a word of a restriction may stand for by a part of it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "policy/path.h"
#include "policy/pattern_fit.h"

/* NAME=VALUE for make, by any of its signs: NAME:=VALUE, NAME += VALUE. */
static bool make_assigns(const struct fit *q, const struct pword *w, const struct field *f)
{
	const struct tool *t = q->a->tool;
	const char *rule = strchr(w->plain, '='), *act = rule != NULL ? strchr(f->p, '=') : NULL, *value;
	size_t n, k;

	if (act == NULL || t == NULL || t->kind != TOOL_RUNNER || (strcmp(t->name, "make") != 0 && strcmp(t->name, "gmake") != 0))
		return false;
	n = strcspn(w->plain, " \t:+?=");
	k = strcspn(f->p, " \t:+?=");
	value = act + 1 + strspn(act + 1, " \t");
	return n == k && memcmp(w->plain, f->p, n) == 0 && f->p + k + strspn(f->p + k, " \t:+?") == act && glob_match(strchr(w->text, '=') + 1, value, strlen(value));
}

/* SCHEME://USER@HOST:PORT/PATH as HOST:PATH, which is how the pattern writes it. */
static bool address_match(const struct fit *q, const struct pword *w, const struct field *f, const char *host)
{
	size_t n = strcspn(host, "/");
	const char *path = host + n, *at = memchr(host, '@', n);
	char text[PATH_MAX_LEN];
	struct field made = *f;

	if (strchr(w->text, ':') == NULL || strstr(w->text, "://") != NULL)
		return false;
	host = at != NULL ? at + 1 : host;
	made.p = text;
	for (unsigned slash = 0; slash < 2; slash++) {
		int k = snprintf(text, sizeof(text), "%.*s:%s", (int)strcspn(host, ":/"), host, path + (*path != '\0' ? 1 - slash : 0));

		if (k < 0 || (size_t)k >= sizeof(text))
			return true;
		made.n = (uint32_t)k;
		if (word_match(q, w, &made, 0))
			return true;
	}
	return false;
}

/* [HOST]:PATH without the brackets, which begin at s. */
static bool bracket_match(const struct fit *q, const struct pword *w, const struct field *f, const char *s)
{
	const char *end = s[0] == '[' ? strchr(s, ']') : NULL;
	char text[PATH_MAX_LEN];
	struct field made = *f;
	int k;

	if (end == NULL)
		return false;
	k = snprintf(text, sizeof(text), "%.*s%s", (int)(end - s) - 1, s + 1, end + 1);
	if (k < 0 || (size_t)k >= sizeof(text))
		return true;
	made.p = text;
	made.n = (uint32_t)k;
	return word_match(q, w, &made, 0);
}

/* What stands behind a scheme or a user, or in brackets. */
static bool behind_sign(const struct fit *q, const struct pword *w, const struct field *f)
{
	const char *scheme = strstr(f->p, "://"), *at = strrchr(f->p, '@');

	if (scheme != NULL && (word_match(q, w, f, (size_t)(scheme - f->p) + 3) || address_match(q, w, f, scheme + 3)))
		return true;
	if (bracket_match(q, w, f, at != NULL ? at + 1 : f->p))
		return true;
	return at != NULL && word_match(q, w, f, (size_t)(at - f->p) + 1);
}

bool host_within(const struct fit *q, const struct pword *w, const struct field *f)
{
	return !q->sure && (q->a->effects & EFFECT_NET) != 0 && f->kind != CONFIDENCE_OPAQUE && f->n >= 3 && f->p[0] != '-' && behind_sign(q, w, f);
}

/* Where case says nothing: the commands of redis. */
static bool caseless(const struct fit *q, const struct pword *w, const struct field *f)
{
	static const char *const programs[] = { "redis-cli", "valkey-cli", NULL };
	char rule[128], text[128];
	size_t n = strlen(w->text);

	/* Nearly always: it begins with another letter. */
	if (f->kind != CONFIDENCE_EXACT || ((w->text[0] ^ f->p[0]) & ~('a' - 'A')) != 0 || n >= sizeof(rule) || f->n >= sizeof(text) || !act_is(q->a, programs))
		return false;
	for (size_t i = 0; i <= n; i++)
		rule[i] = (char)tolower((unsigned char)w->text[i]);
	for (size_t i = 0; i <= f->n; i++)
		text[i] = (char)tolower((unsigned char)f->p[i]);
	return glob_match(rule, text, f->n);
}

bool argument_within(const struct fit *q, const struct pword *w, char letter, const struct field *f)
{
	static const char *const colons[] = { "ansible", "ansible-playbook", NULL };
	const char *s = f->p, *sign = ",";

	if (f->kind != CONFIDENCE_EXACT || w->many)
		return false;
	if (s[0] == '-') {
		s = s[1] == '-' ? strchr(s, '=') : letter != '\0' ? strchr(s + 1, letter) : NULL;
		if (s == NULL)
			return false;
		s += s[1] == '=' ? 2 : 1;
		if (word_match(q, w, f, (size_t)(s - f->p)))
			return true;
	}
	if (w->path || strchr(w->plain, ',') != NULL)
		return false;
	if (strpbrk(s, ",:") != NULL && act_is(q->a, colons))
		sign = ",:";
	for (; *s != '\0'; s += *s != '\0') {
		size_t n = strcspn(s, sign), both = sign[1] != '\0' && s[0] == '&'; /* those of both */

		if (glob_match(w->text, s + both, n - both))
			return true;
		s += n;
	}
	return false;
}

bool word_within(const struct fit *q, const struct pword *w, const struct field *f)
{
	const char *s;

	if (word_match(q, w, f, 0) || caseless(q, w, f))
		return true;
	if (f->n < 3 || f->kind == CONFIDENCE_OPAQUE)
		return false;
	if (f->p[0] != '-')
		return behind_sign(q, w, f) || make_assigns(q, w, f);
	s = strchr(f->p, '=');
	return (s != NULL && word_match(q, w, f, (size_t)(s - f->p) + 1)) || (f->p[1] != '-' && word_match(q, w, f, 2));
}

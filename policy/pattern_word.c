/* Command patterns of rules: what one word of a pattern stands for. */
#include <stdio.h>
#include <string.h>

#include "policy/path.h"
#include "policy/pattern_fit.h"
#include "policy/walk.h"

bool path_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static bool field_absolute(const struct field *f, size_t off)
{
	return f->p[off] == '/' || (off == 0 && (f->flags & FIELD_HOME) != 0);
}

/* Whether a relative word is surely a path to the tool: an option, a host, an address or a setting would be joined to the working directory
 * like one. What the tables do not know, and what runs code, may take any word for something else. */
static bool word_is_path(const struct fit *q, const struct pword *w, const struct field *f, size_t off)
{
	const char *s = f->p + off;

	if (field_absolute(f, off))
		return true;
	if (w->plain[0] != '*' && (q->a->tool == NULL || q->a->tool->kind != TOOL_PLAIN))
		return false;
	return path_byte(*s) && strchr(s, '=') == NULL && s[strcspn(s, ":/")] != ':';
}

/* Whether a part of the word is "..", where a path in it may begin behind any sign that stands between names. */
static bool word_climbs(const char *s)
{
	while (*s != '\0') {
		size_t n = strcspn(s, "/=:,");

		if (n == 2 && s[0] == '.' && s[1] == '.')
			return true;
		s += n + (s[n] != '\0');
	}
	return false;
}

const struct tool *tool_root(const struct tool *t)
{
	while (t != NULL && t->parent != NULL)
		t = t->parent;
	return t;
}

static bool tool_is(const struct tool *t, const char *name)
{
	t = tool_root(t);
	return t != NULL && strcmp(t->name, name) == 0;
}

/* curl puts what it took from the address in the place of #1. */
static bool word_is_template(const struct act *a, const char *s)
{
	if (!tool_is(a->tool, "curl"))
		return false;
	while ((s = strchr(s, '#')) != NULL) {
		if (*++s >= '0' && *s <= '9')
			return true;
	}
	return false;
}

/* What a word must be besides for a permission: a star stands for a name, not for the way out of a directory or for shell syntax. */
static bool word_allowed(const struct fit *q, const struct pword *w, const struct field *f, size_t off)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
	const char *s = f->p + off;

	if (w->many)
		return true;
	if (w->path && (!word_is_path(q, w, f, off) || word_is_template(q->a, s)))
		return false;
	if (w->literal)
		return true;
	if (q->spelled && q->a->tool != NULL && q->a->tool->then == THEN_SHELL && s[strspn(s, plain)] != '\0')
		return false;
	return !word_climbs(s);
}

/* systemctl reads an operand as a glob over the units that there are, and one without an extension as a service. */
static bool units_meet(const struct pword *w, const char *s)
{
	char rule[2][PATH_MAX_LEN], word[2][PATH_MAX_LEN];

	for (unsigned i = 0; i < 2; i++) {
		const char *end = i == 0 ? "" : ".service";
		int r = snprintf(rule[i], sizeof(rule[i]), "%s%s", w->text, end), k = snprintf(word[i], sizeof(word[i]), "%s%s", s, end);

		if (r < 0 || (size_t)r >= sizeof(rule[i]) || k < 0 || (size_t)k >= sizeof(word[i]))
			return true;
	}
	for (unsigned i = 0; i < 4; i++) {
		if (globs_meet(rule[i / 2], strlen(rule[i / 2]), word[i % 2], strlen(word[i % 2])))
			return true;
	}
	return false;
}

bool word_match(const struct fit *q, const struct pword *w, const struct field *f, size_t off)
{
	const struct act *a = q->a;
	bool sure = q->sure;
	char out[PATH_BUF];
	struct path_use u;

	if (off > f->n)
		off = f->n;
	if (f->kind == CONFIDENCE_OPAQUE) {
		if (w->many)
			return true;
		if (sure || !q->opaque)
			return false;
		if (w->literal && f->n > off && !w->path) {
			/* What is known of it must at least not speak against it. */
			size_t n = strlen(w->plain), k = f->n - off;

			return memcmp(w->plain, f->p + off, n < k ? n : k) == 0;
		}
		return true;
	}
	if (sure && !word_allowed(q, w, f, off))
		return false;
	if (w->any || w->many) {
		/* One word each: a pattern that may be several is not surely one. */
		return !(sure && !w->many && (f->flags & FIELD_MULTI) != 0);
	}
	if (!sure && f->kind == CONFIDENCE_EXACT && !w->path && tool_is(a->tool, "systemctl") && units_meet(w, f->p + off))
		return true;
	if (f->kind == CONFIDENCE_EXACT && w->literal && strcmp(w->plain, f->p + off) == 0)
		return !(sure && w->path && strstr(f->p + off, "..") != NULL);
	if (w->path) {
		path_resolve(&a->cwd, f, off, &u, out);
		if (u.path.kind == CONFIDENCE_OPAQUE)
			return !sure && q->opaque && u.dots;
		/* The shell's own `..` is resolved by looking at the host: for an allow rule it never is below anything. */
		if (u.dots && sure)
			return false;
		/* A relative word below an unknown home directory is not what an absolute rule means. */
		if (!sure && u.path.p[0] == '~' && w->plain[0] == '/' && !(f->flags & FIELD_HOME))
			return false;
		return path_match(w->plain, &u, sure);
	}
	if (f->kind == CONFIDENCE_PATTERN)
		return !sure;
	return w->literal ? strcmp(w->plain, f->p + off) == 0 : glob_match(w->text, f->p + off, f->n - off);
}

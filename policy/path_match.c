/* Path rules and globs. Lexical only: a symbolic link on the host can make any path another, which docs/threat-model.md says. */
#include "policy/path.h"

#include <string.h>

#include "policy/rules.h"
#include "policy/walk.h"

static bool glob_fits(const char *pattern, size_t len, const char *text, size_t n)
{
	const char *end = pattern + len, *star = NULL;
	size_t i = 0, mark = 0;

	while (i < n) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			mark = i;
		} else if (end - pattern > 1 && *pattern == '\\' && pattern[1] == text[i]) {
			pattern += 2;
			i++;
		} else if (pattern < end && (*pattern == '?' || (*pattern != '\\' && *pattern == text[i]))) {
			pattern++;
			i++;
		} else if (star != NULL) {
			pattern = star;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool glob_match(const char *pattern, const char *text, size_t n)
{
	return glob_fits(pattern, strlen(pattern), text, n);
}

/* What a path is made of: bytes; a glob whose * and ? no leading dot matches; one where they may. */
enum path_kind { PATH_PLAIN, PATH_GLOB, PATH_GLOB_DOTS };

static enum path_kind path_kind(const struct field *f)
{
	return f->kind != CONFIDENCE_PATTERN ? PATH_PLAIN : (f->flags & FIELD_DOTS) != 0 ? PATH_GLOB_DOTS : PATH_GLOB;
}

enum { GLOB_ANY = 256, GLOB_STAR, GLOB_MAX = 256 };

/* A glob as tokens: a byte, any byte, any bytes. Where a bracket ends, shells do not agree: from there on anything. -1: too long. */
static int glob_tokens(const char *p, size_t n, bool brackets, uint16_t *out)
{
	int count = 0;

	for (size_t i = 0; i < n; i++) {
		if (count == GLOB_MAX)
			return -1;
		if (brackets && p[i] == '[') {
			out[count++] = GLOB_STAR;
			return count;
		} else if (p[i] == '*') {
			out[count++] = GLOB_STAR;
		} else if (p[i] == '?') {
			out[count++] = GLOB_ANY;
		} else {
			if (p[i] == '\\' && i + 1 < n)
				i++;
			out[count++] = (uint8_t)p[i];
		}
	}
	return count;
}

bool globs_meet(const char *r, size_t rn, const char *c, size_t cn)
{
	uint16_t a[GLOB_MAX], b[GLOB_MAX];
	int na = glob_tokens(r, rn, false, a), nb = glob_tokens(c, cn, true, b);
	bool now[GLOB_MAX + 1], next[GLOB_MAX + 1];
	int from = 0;

	if (na < 0 || nb < 0)
		return true;
	/* What both begin with, byte for byte, tells most of them apart. */
	while (na > from && nb > from && a[from] < GLOB_ANY && b[from] < GLOB_ANY) {
		if (a[from] != b[from])
			return false;
		from++;
	}
	while (na > from && nb > from && a[na - 1] < GLOB_ANY && b[nb - 1] < GLOB_ANY) {
		if (a[--na] != b[--nb])
			return false;
	}
	/* now[k]: a from i on and b from k on have one in common. */
	for (int i = na; i >= from; i--) {
		for (int k = nb; k >= from; k--) {
			if (i == na && k == nb)
				now[k] = true;
			else if (i < na && a[i] == GLOB_STAR)
				now[k] = next[k] || (k < nb && now[k + 1]);
			else if (k < nb && b[k] == GLOB_STAR)
				now[k] = now[k + 1] || (i < na && next[k]);
			else
				now[k] = i < na && k < nb && (a[i] == b[k] || a[i] == GLOB_ANY || b[k] == GLOB_ANY) && next[k + 1];
		}
		memcpy(next, now, (size_t)nb + 1);
	}
	return next[from];
}

/* One component of a rule against one of a path that is itself a glob (literals escaped). sure: the rule covers all that the
 * component can become; else: they may have one in common (said yes to when in doubt). */
static bool component_match(const char *r, size_t rn, const char *c, size_t cn, enum path_kind glob, bool sure)
{
	if (glob == PATH_PLAIN)
		return glob_fits(r, rn, c, cn);
	if (rn == 1 && r[0] == '*')
		return true;
	if (sure || (glob == PATH_GLOB && rn > 0 && r[0] == '.' && (c[0] == '*' || c[0] == '?')))
		return false;
	return globs_meet(r, rn, c, cn);
}

static bool component_glob(const char *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (c[i] == '\\')
			i++;
		else if (c[i] == '*' || c[i] == '?' || c[i] == '[')
			return true;
	}
	return false;
}

/* An escaped component without active metacharacters, plain. */
static size_t component_plain(const char *c, size_t n, char *out)
{
	size_t o = 0;

	for (size_t i = 0; i < n; i++) {
		if (c[i] == '\\' && i + 1 < n)
			i++;
		out[o++] = c[i];
	}
	return o;
}

enum { COMPS_MAX = 256 };

struct comps {
	const char *p[COMPS_MAX + 1]; /* one more than is read: comps_home() */
	size_t n[COMPS_MAX + 1];
	unsigned count;
};

/* A rule's **: any number of components. */
static bool comp_is_any(const struct comps *r, unsigned i)
{
	return r->n[i] == 2 && memcmp(r->p[i], "**", 2) == 0;
}

static bool comps_split(const char *s, size_t n, struct comps *c)
{
	c->count = 0;
	for (size_t i = 0; i < n;) {
		size_t b;

		while (i < n && s[i] == '/')
			i++;
		b = i;
		while (i < n && s[i] != '/')
			i++;
		if (i == b)
			continue;
		if (c->count == COMPS_MAX)
			return false;
		c->p[c->count] = s + b;
		c->n[c->count++] = i - b;
	}
	return true;
}

static void comps_copy(struct comps *to, const struct comps *from)
{
	to->count = from->count;
	memcpy(to->p, from->p, from->count * sizeof(from->p[0]));
	memcpy(to->n, from->n, from->count * sizeof(from->n[0]));
}

/* The same for a path of any kind: a component of a glob may be plain. */
static bool component_fits(const char *r, size_t rn, const char *c, size_t cn, enum path_kind kind, bool sure)
{
	char plain[PATH_MAX_LEN];

	if (kind == PATH_PLAIN || component_glob(c, cn))
		return component_match(r, rn, c, cn, kind, sure);
	if (cn >= sizeof(plain))
		return !sure;
	return component_match(r, rn, plain, component_plain(c, cn, plain), PATH_PLAIN, sure);
}

static bool component_meets(const char *r, size_t rn, const char *c, size_t cn, enum path_kind kind)
{
	return component_fits(r, rn, c, cn, kind, false);
}

static bool comps_match(const struct comps *r, const struct comps *c, enum path_kind kind, bool sure)
{
	unsigned i = 0, k = 0, star = ~0u, mark = 0;

	while (k < c->count) {
		if (i < r->count && comp_is_any(r, i)) {
			star = ++i;
			mark = k;
			continue;
		}
		if (i < r->count && component_fits(r->p[i], r->n[i], c->p[k], c->n[k], kind, sure)) {
			i++;
			k++;
			continue;
		}
		if (star == ~0u)
			return false;
		i = star;
		k = ++mark;
	}
	while (i < r->count && comp_is_any(r, i))
		i++;
	return i == r->count;
}

/* One of the two begins with ~, the other does not: the usual places of a home directory, written out. */
enum home { HOME_ROOT, HOME_NAME, HOME_END };

static void comps_home(struct comps *with, struct comps *other, enum home home)
{
	if (home == HOME_ROOT) {
		with->p[0] = "root";
		with->n[0] = 4;
		return;
	}
	memmove(with->p + 1, with->p, with->count * sizeof(with->p[0]));
	memmove(with->n + 1, with->n, with->count * sizeof(with->n[0]));
	with->count++;
	with->p[0] = "home";
	with->n[0] = 4;
	with->p[1] = "*";
	with->n[1] = 1;
	/* Whose home it is is not known, so any name that the other has there is it. */
	if (other->count > 1 && !comp_is_any(other, 0) && !comp_is_any(other, 1)) {
		other->p[1] = "*";
		other->n[1] = 1;
	}
}

/* Most of the rules, at the price of a few bytes: the path is of the host's, not only its root, and its first component surely is another than
 * the pattern's. */
static bool heads_differ(const char *pattern, const char *p, size_t n, enum path_kind kind)
{
	size_t i = 1;

	if (kind != PATH_PLAIN || n < 2 || p[0] != '/' || p[1] == '/')
		return false;
	if (pattern[0] == '~') /* a home directory: /root, or /home/NAME */
		return p[1] != 'h' && p[1] != 'r';
	if (pattern[0] != '/' || pattern[1] == '/' || pattern[1] == '\0')
		return false;
	while (i < n && pattern[i] == p[i] && p[i] != '/')
		i++;
	if (pattern[i] == '*' || pattern[i] == '?' || pattern[i] == '[' || pattern[i] == '\\')
		return false;
	return (pattern[i] != '/' && pattern[i] != '\0') || (i < n && p[i] != '/');
}

static bool path_match_parts(const char *pattern, const char *p, size_t n, enum path_kind kind, bool sure)
{
	struct comps r, c;

	if (heads_differ(pattern, p, n, kind))
		return false;
	if (!comps_split(pattern, strlen(pattern), &r) || !comps_split(p, n, &c))
		return !sure;
	if (n == 0 || (p[0] == '~') == (pattern[0] == '~') || (r.count > 0 && comp_is_any(&r, 0)))
		return comps_match(&r, &c, kind, sure);
	for (enum home h = HOME_ROOT; h < HOME_END && !sure; h++) {
		struct comps rule, path;

		comps_copy(&rule, &r);
		comps_copy(&path, &c);
		comps_home(p[0] == '~' ? &path : &rule, p[0] == '~' ? &rule : &path, h);
		if (comps_match(&rule, &path, kind, false))
			return true;
	}
	return false;
}

bool path_match(const char *pattern, const struct path_use *u, bool sure)
{
	if (u->path.kind == CONFIDENCE_OPAQUE || (u->maybe && sure))
		return !sure || strcmp(pattern, "/**") == 0;
	if (u->dots && sure && strcmp(pattern, "/**") != 0)
		return false;
	return path_match_parts(pattern, u->path.p, u->path.n, path_kind(&u->path), sure);
}

/* The pattern with ~ as what it stands for. NULL: that cannot be written as a pattern, or is too long. */
static const char *path_home(const char *pattern, const char *home, char *out, size_t n)
{
	size_t k = strlen(home);

	if (pattern[0] != '~' || (pattern[1] != '/' && pattern[1] != '\0'))
		return pattern;
	if (k + strlen(pattern) >= n || strpbrk(home, "*?[\\") != NULL)
		return NULL;
	memcpy(out, home, k);
	strcpy(out + k, pattern + 1);
	return out;
}

/* A path as bytes, normalised; false: it is too long to be known. */
static bool path_text(const char *path, char *clean, size_t *len)
{
	char joined[PATH_MAX_LEN + 4];
	size_t n = strlen(path);
	bool dots;

	if (n >= PATH_MAX_LEN)
		return false;
	if (path[0] == '/' || (path[0] == '~' && (path[1] == '/' || path[1] == '\0'))) {
		memcpy(joined, path, n + 1);
	} else {
		joined[0] = '~';
		joined[1] = '/';
		memcpy(joined + 2, path, n + 1);
		n += 2;
	}
	*len = path_clean(joined, n, clean, &dots);
	return *len > 0;
}

bool path_match_text(const char *pattern, const char *path, const char *home)
{
	char clean[PATH_MAX_LEN + 4], expanded[2 * PATH_MAX_LEN];
	const char *p = pattern;
	size_t n;

	if (!path_text(path, clean, &n))
		return false;
	if (home != NULL && clean[0] == '/' && (p = path_home(pattern, home, expanded, sizeof(expanded))) == NULL)
		p = pattern;
	return path_match_parts(p, clean, n, PATH_PLAIN, false);
}

bool path_covers(const char *pattern, const char *path, const char *home)
{
	size_t n = strlen(pattern);

	return n >= 3 && strcmp(pattern + n - 3, "/**") == 0 && path_match_text(pattern, path, home);
}

/* Whether a path is a home directory, or one may lie below it. */
static bool path_homely(const struct comps *c, const char *clean, size_t n, const char *home, enum path_kind kind)
{
	if (clean[0] == '~' || c->count == 0)
		return c->count <= 1;
	if (home != NULL && strncmp(home, clean, n) == 0 && (home[n] == '\0' || home[n] == '/'))
		return true;
	return (c->count == 1 && (component_meets("root", 4, c->p[0], c->n[0], kind) || component_meets("home", 4, c->p[0], c->n[0], kind))) ||
	       (c->count == 2 && component_meets("home", 4, c->p[0], c->n[0], kind));
}

/* Whether the path's end is the beginning of a name that the pattern looks for anywhere: a/.git, where .git/hooks is looked for. */
static bool path_begins(const struct comps *r, const struct comps *c, enum path_kind kind)
{
	for (unsigned m = 1; m + 1 < r->count && m <= c->count; m++) {
		unsigned i = 0;

		while (i < m && component_meets(r->p[1 + i], r->n[1 + i], c->p[c->count - m + i], c->n[c->count - m + i], kind))
			i++;
		if (i == m)
			return true;
	}
	return false;
}

/* Whether the path may be one of the rule's or lie above one. */
static bool comps_touch(const struct comps *r, const struct comps *c, enum path_kind kind)
{
	for (unsigned i = 0; i < c->count; i++) {
		if (i == r->count)
			return false;
		if (comp_is_any(r, i))
			return true;
		if (!component_meets(r->p[i], r->n[i], c->p[i], c->n[i], kind))
			return false;
	}
	return true;
}

/* p: the pattern with its ~ as it is meant. */
static bool path_touches_below(const char *p, const char *clean, size_t n, const char *home, enum path_kind kind)
{
	struct comps r, c;

	if ((home == NULL || p[0] != '~') && heads_differ(p, clean, n, kind))
		return false;
	if (!comps_split(p, strlen(p), &r) || !comps_split(clean, n, &c))
		return true;
	if (r.count > 0 && comp_is_any(&r, 0))
		return path_begins(&r, &c, kind) || path_homely(&c, clean, n, home, kind);
	if ((p[0] == '~') == (clean[0] == '~'))
		return comps_touch(&r, &c, kind);
	for (enum home h = HOME_ROOT; h < HOME_END; h++) {
		struct comps rule, path;

		comps_copy(&rule, &r);
		comps_copy(&path, &c);
		comps_home(p[0] == '~' ? &rule : &path, p[0] == '~' ? &path : &rule, h);
		if (comps_touch(&rule, &path, kind))
			return true;
	}
	return path_homely(&c, clean, n, home, kind);
}

bool path_touches(const char *pattern, const char *path, const char *home)
{
	char clean[PATH_MAX_LEN + 4], expanded[2 * PATH_MAX_LEN];
	const char *p = pattern;
	size_t n;

	if (path_match_text(pattern, path, home))
		return true;
	if (!path_text(path, clean, &n) || (home != NULL && (p = path_home(pattern, home, expanded, sizeof(expanded))) == NULL))
		return true;
	return path_touches_below(p, clean, n, home, PATH_PLAIN);
}

uint64_t path_needs(const char *pattern)
{
	const char *name = pattern[0] == '/' ? pattern + 1 : pattern + 3;
	size_t n;

	if (pattern[0] != '/' && strncmp(pattern, "**/", 3) != 0)
		return 0;
	n = strcspn(name, "/*?[\\");
	return n > 0 && (name[n] == '/' || name[n] == '\0') ? words_bits(name, n) : 0;
}

uint64_t path_words(const struct path_use *u)
{
	struct comps c;
	uint64_t bits = 0;

	/* A home directory may hold any name, and a path that is not known be any. */
	if (u->path.kind == CONFIDENCE_OPAQUE || path_kind(&u->path) != PATH_PLAIN || !comps_split(u->path.p, u->path.n, &c) || c.count == 0 ||
	    u->path.p[0] != '/' || (u->tree && (u->path.p[1] == 'h' || u->path.p[1] == 'r')))
		return ~(uint64_t)0;
	for (unsigned i = 0; i < c.count; i++)
		bits |= words_bits(c.p[i], c.n[i]);
	return bits;
}

bool path_match_tree(const char *pattern, const struct path_use *u, bool sure)
{
	size_t n = strlen(pattern);

	if (sure)
		return n >= 3 && strcmp(pattern + n - 3, "/**") == 0 && path_match(pattern, u, true);
	return path_match(pattern, u, false) || path_touches_below(pattern, u->path.p, u->path.n, NULL, path_kind(&u->path));
}

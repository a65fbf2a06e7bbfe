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

const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

bool act_at_login(const struct act *a)
{
	return (a->cwd.flags & FIELD_HOME) != 0 && a->cwd.n == 1;
}

bool relative_clean(const char *path, char *out)
{
	char in[PATH_MAX_LEN];
	int n = snprintf(in, sizeof(in), "/%s", path);
	bool dots;

	return n > 0 && (size_t)n < sizeof(in) && path_clean(in, (size_t)n, out, &dots) > 0;
}

bool relative_same(const char *rule, const char *path)
{
	char r[PATH_MAX_LEN], p[PATH_MAX_LEN];

	if (path[0] == '/' || strstr(path, "://") != NULL || !relative_clean(rule, r) || !relative_clean(path, p))
		return false;
	return glob_match(r, p, strlen(p));
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

/* Whether the act runs something else, which the pattern names as well. */
bool act_runs(const struct fit *q)
{
	return q->spelled || (q->a->tool != NULL && q->a->tool->kind != TOOL_PLAIN);
}

/* A relative path: no option, address, host, or setting. */
static bool pword_relative(const struct pword *w)
{
	const char *slash = strchr(w->plain, '/');

	return !w->path && slash != NULL && slash > w->plain && w->plain[0] != '-' && strchr(":=", slash[-1]) == NULL;
}

/* Whether the program, by its name in a pattern, runs the file that its first operand names. */
bool pword_interprets(const struct pword *w)
{
	static const char *const clients[] = { "psql", "mysql", "mariadb", "mysqldump", "mysqladmin", "mysqlimport", "pg_dump", "pg_dumpall", "pg_restore", "mongo", "mongosh",
		"redis-cli", "cqlsh", "ldapsearch", "ldapmodify", NULL };
	const char *slash = strrchr(w->plain, '/'), *name = slash != NULL ? slash + 1 : w->plain;
	const struct tool *t = w->literal ? table_find(name, strlen(name)) : NULL;

	for (unsigned i = 0; t != NULL && clients[i] != NULL; i++) {
		if (strcmp(clients[i], name) == 0)
			return false;
	}
	return t != NULL && t->kind == TOOL_RUNNER && (t->flags & (TOOL_SHELL | TOOL_STDIN_SHELL | TOOL_STDIN_CODE)) != 0;
}

/* Whether the word names a script by a star or an extension: the first behind an interpreter's options. */
static bool pword_script(const struct fit *q, const struct pword *w)
{
	const struct pattern *p = q->p;
	const struct pword *at = w;

	if (w <= p->words || w >= p->words + p->n || w->path || w->plain[0] == '-' || (w->literal && strchr(w->plain, '.') == NULL))
		return false;
	while (--at > p->words && at->plain[0] == '-' && !at->many)
		;
	return pword_interprets(at);
}

/* The same relative path is another file where the text has gone elsewhere. */
static bool elsewhere(const struct fit *q, const struct pword *w)
{
	return act_runs(q) && !act_at_login(q->a) && (pword_relative(w) || pword_script(q, w));
}

/* What a word must be besides for a permission: a star stands for a name, not for the way out of a directory or for shell syntax. */
static bool word_allowed(const struct fit *q, const struct pword *w, const struct field *f, size_t off)
{
	const char *s = f->p + off;

	if (w->many)
		return true;
	if (w->path && (!word_is_path(q, w, f, off) || word_is_template(q->a, s)))
		return false;
	if (elsewhere(q, w))
		return false;
	if (w->literal)
		return true;
	if (star_strays(q, w, s))
		return false;
	if (q->a->tool != NULL && q->a->tool->kind == TOOL_PLAIN && q->a->tool->prog == PROG_SED && !w->path && (q->a->effects & EFFECT_EXEC) != 0)
		return false;
	if (q->spelled && q->a->tool != NULL && q->a->tool->then == THEN_SHELL && s[strspn(s, name_bytes)] != '\0')
		return false;
	return !word_climbs(s);
}

/* systemctl reads an operand as a glob over the units that there are, and one without an extension as a service. */
static bool units_meet(const struct pword *w, const char *s)
{
	static const char service[] = ".service";
	char rule[PATH_MAX_LEN + sizeof(service)], word[PATH_MAX_LEN + sizeof(service)];
	const char *file = (s[0] == '/' || s[0] == '.') && strchr(w->text, '/') == NULL ? strrchr(s, '/') : NULL;
	size_t end = sizeof(service) - 1, n, k = strlen(w->text);

	/* A unit's file; without an extension it is where something is mounted. */
	if (file != NULL && strchr(file, '.') != NULL)
		s = file + 1;
	n = strlen(s);
	/* Nearly always: they begin with other letters. */
	if (w->literal && k > 0 && n > 0 && w->plain[0] != s[0] && strchr("*?[\\", s[0]) == NULL)
		return false;
	if (n >= PATH_MAX_LEN || k >= PATH_MAX_LEN)
		return true;
	memcpy(word, s, n);
	memcpy(word + n, service, sizeof(service));
	if (strpbrk(s, "*?[\\") == NULL)
		return glob_match(w->text, s, n) || glob_match(w->text, word, n + end) || (n > end && strcmp(s + n - end, service) == 0 && glob_match(w->text, s, n - end));
	memcpy(rule, w->text, k);
	memcpy(rule + k, service, sizeof(service));
	return globs_meet(w->text, k, s, n) || globs_meet(w->text, k, word, n + end) || globs_meet(rule, k + end, s, n);
}

/* Programs that take the beginning of a name for it. */
static bool abbreviated(const struct act *a, const char *rule, const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	size_t n, k;

	if (a->tool == NULL || (tool_root(a->tool)->flags & TOOL_SHORT) == 0)
		return false;
	n = strspn(s, letters);
	k = strspn(rule, letters);
	if (n == 0 || s[n] != '\0' || k == 0 || rule[k] != '\0')
		return false;
	return strncmp(rule, s, n < k ? n : k) == 0;
}

/* A relative path of a restriction however it is written; a script also by its whole path, or from another directory. */
static bool path_same(const struct fit *q, const struct pword *w, const struct field *f, size_t off)
{
	char rule[PATH_MAX_LEN], out[PATH_BUF];
	struct path_use u;
	size_t n;

	if (strchr(f->p + off, '/') != NULL && f->p[off] != '-' && relative_same(w->text, f->p + off))
		return true;
	if (q->a->tool == NULL || q->a->tool->kind != TOOL_RUNNER || !w->literal || strpbrk(w->plain, "./") == NULL || w->plain[0] == '-')
		return false;
	act_resolve(q->a, f, off, false, &u, out);
	if (u.path.kind != CONFIDENCE_EXACT || !relative_clean(w->plain, rule))
		return false;
	n = strlen(rule);
	return u.path.n >= n && strcmp(u.path.p + u.path.n - n, rule) == 0;
}

/* A path of a restriction behind a name: if=/x where the rule has that name too, and name=/x, name:/x, name,/x for a path alone. */
static bool value_match(const struct fit *q, const struct pword *w, const struct field *f, size_t off)
{
	const char *s = f->p + off, *eq = strchr(w->plain, '='), *sign;
	bool known = q->a->tool != NULL && q->a->tool->kind == TOOL_PLAIN;
	struct pword value = *w;

	if (f->kind != CONFIDENCE_EXACT)
		return false;
	if (!w->path) {
		if (eq == NULL || eq[1] != '/' || strncmp(w->plain, s, (size_t)(eq + 1 - w->plain)) != 0)
			return false;
		value.text = strchr(w->text, '=') + 1;
		value.plain = eq + 1;
		value.path = true;
		return word_match(q, &value, f, off + (size_t)(eq + 1 - w->plain));
	}
	for (sign = s; (sign = strpbrk(sign, known ? "=," : "=:,")) != NULL; sign++) {
		if (sign[1] == '/' && sign[2] != '/')
			return word_match(q, w, f, off + (size_t)(sign + 1 - s));
	}
	return false;
}

/* Whether the words of the act are paths to the tool, as far as the tables say. */
static bool tool_places(const struct act *a)
{
	const struct tool *t = a->tool;

	if (t == NULL || t->kind != TOOL_PLAIN || ((t->flags & TOOL_SUB) != 0 && act_is_cut(a)))
		return false;
	if (t->rest != 0 || (t->has_last && t->last != 0))
		return true;
	for (unsigned i = 0; i < t->nplaces; i++) {
		if (t->place[i] != 0)
			return true;
	}
	return false;
}

/* A path of a restriction where words need be none: as text, in which a star is any bytes, or with a path before its first colon (/:*). */
static bool text_match(const struct fit *q, const struct pword *w, const struct field *f, size_t off)
{
	const char *s = f->p + off, *rule = strchr(w->text, ':'), *colon;
	char text[PATH_MAX_LEN], path[PATH_MAX_LEN];
	struct pword head = { .text = text, .plain = text, .path = true };
	struct field first = *f;

	if (w->literal && rule == NULL)
		return false;
	if (glob_match(w->text, s, f->n - off))
		return true;
	colon = strchr(s, ':');
	if (rule == NULL || colon == NULL || (size_t)(rule - w->text) >= sizeof(text) || (size_t)(colon - s) >= sizeof(path) || !glob_match(rule, colon, strlen(colon)))
		return false;
	memcpy(text, w->text, (size_t)(rule - w->text));
	text[rule - w->text] = '\0';
	memcpy(path, s, (size_t)(colon - s));
	path[colon - s] = '\0';
	first.p = path;
	first.n = (uint32_t)(colon - s);
	if (off > 0)
		first.flags &= (uint16_t)~FIELD_HOME;
	return word_match(q, &head, &first, 0);
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
	if (!sure && f->kind == CONFIDENCE_EXACT && !w->path && a->tool != NULL && (tool_root(a->tool)->flags & TOOL_UNITS) != 0 && units_meet(w, f->p + off))
		return true;
	if (!sure && f->kind == CONFIDENCE_EXACT && !w->path && ref_match(q, w, f->p + off))
		return true;
	if (f->kind == CONFIDENCE_EXACT && w->literal && strcmp(w->plain, f->p + off) == 0)
		return !(sure && w->path && strstr(f->p + off, "..") != NULL);
	/* Options are the same or they are not. */
	if (!sure && f->kind == CONFIDENCE_EXACT && w->literal && w->plain[0] == '-' && f->p[off] == '-' && strchr(w->plain, '=') == NULL)
		return false;
	if (!sure && value_match(q, w, f, off))
		return true;
	if (!sure && w->path && f->kind == CONFIDENCE_EXACT && !tool_places(a) && text_match(q, w, f, off))
		return true;
	if (w->path) {
		act_resolve(a, f, off, sure, &u, out);
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
	if (!sure && (path_same(q, w, f, off) || (w->literal && abbreviated(a, w->plain, f->p + off))))
		return true;
	return w->literal ? strcmp(w->plain, f->p + off) == 0 : glob_match(w->text, f->p + off, f->n - off);
}

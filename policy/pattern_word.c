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

/* Active * and ? of a glob up to byte n. */
static bool glob_active(const char *glob, size_t n)
{
	for (size_t i = 0; i < n && glob[i] != '\0'; i++) {
		if (glob[i] == '*' || glob[i] == '?')
			return true;
		i += glob[i] == '\\' && glob[i + 1] != '\0';
	}
	return false;
}

/* More of one of the bytes in the word than in the pattern, whose stars are no bytes. */
static bool has_more(const struct pword *w, const char *s, const char *bytes)
{
	for (; *bytes != '\0'; bytes++) {
		int more = 0;

		for (const char *c = s; *c != '\0'; c++)
			more += *c == *bytes;
		for (const char *c = w->text; *c != '\0'; c++) {
			bool active = *c == '*' || *c == '?';

			if (*c == '\\' && c[1] != '\0')
				c++;
			more -= !active && *c == *bytes;
		}
		if (more > 0)
			return true;
	}
	return false;
}

/* An argument that names a file behind a name: name=@FILE, name=<FILE, and for --data-urlencode name@FILE. */
static bool curl_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	const struct pword *before = w > q->p->words && w < q->p->words + q->p->n ? w - 1 : NULL;
	bool encoded = strncmp(w->plain, "--data-urlencode", 16) == 0 || (before != NULL && strcmp(before->plain, "--data-urlencode") == 0);

	return (encoded && has_more(w, s, "@")) || (strstr(w->plain, "=@") == NULL && strstr(s, "=@") != NULL) || (strstr(w->plain, "=<") == NULL && strstr(s, "=<") != NULL);
}

/* A slash but the one of @SCOPE/NAME names a directory or another's repository. */
static bool npm_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	const char *slash = strchr(s, '/');

	(void)q;
	return has_more(w, s, "/") && (s[0] != '@' || strchr(slash + 1, '/') != NULL);
}

/* The working directory: all that is in it. */
static bool git_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	(void)q;
	(void)w;
	return strcmp(s, ".") == 0 || strcmp(s, "./") == 0;
}

/* What a wrapper makes sed do is not looked at again: a star stands in what is replaced, or in the name of a file in a directory. */
static bool sed_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	bool replaces = w->text[0] == 's' && strchr("/|,#:@%!+~", w->text[1]) != NULL;
	const char sign[] = { replaces ? w->text[1] : '/', '\0' };
	const char *last = strrchr(w->text, sign[0]);

	if (!q->spelled)
		return false;
	if (replaces)
		return glob_active(last, strlen(last)) || has_more(w, s, sign);
	return last == NULL || glob_active(w->text, (size_t)(last - w->text));
}

/* What a star does not stand for in an argument of these programs: bytes that it does not begin with, that are not in it, and that it does not
 * end with, unless the pattern itself has them. Their languages, lists, files and signs are another thing than the name that an author means. */
static const struct star {
	const char *program, *first, *any, *last;
	bool (*refuses)(const struct fit *q, const struct pword *w, const char *s);
} stars[] = {
	{ "ansible", "@", "{=, ", "", NULL }, { "ansible-playbook", "@", "{=, ", "", NULL }, { "apt", "./~", "/*?^$[", "+-", NULL }, { "apt-get", "./~", "/*?^$[", "+-", NULL },
	{ "aptitude", "./~", "/*?^$[", "+-_=&", NULL }, { "aws", "", ":", "", NULL }, { "az", "@", "", "", NULL }, { "curl", "@<", "", "", curl_refuses },
	{ "dnf", "./~@", "/", "", NULL }, { "docker", "", ",", "", NULL }, { "git", ":+", "*?[", "", git_refuses }, { "gmake", "", "=$", "", NULL }, { "helm", "", ",", "", NULL },
	{ "http", "@", "@", "", NULL }, { "https", "@", "@", "", NULL }, { "java", "", ":", "", NULL }, { "kill", "0+ \t\n", "", "", NULL }, { "kubectl", "", ",", "", NULL },
	{ "make", "", "=$", "", NULL }, { "nerdctl", "", ",", "", NULL }, { "npm", "./~", ":", "", npm_refuses }, { "oc", "", ",", "", NULL }, { "pg_dump", "", "=,/:", "", NULL },
	{ "pg_dumpall", "", "=,/:", "", NULL }, { "pg_restore", "", "=,/:", "", NULL }, { "pip", "./~", "@:", "", NULL }, { "pip3", "./~", "@:", "", NULL },
	{ "podman", "", ",", "", NULL }, { "psql", "", ",/=", "", NULL }, { "sed", "", "/; \n{}", "", sed_refuses }, { "snap", "./~", "", "", NULL },
	{ "systemctl", "./~", "/", "", NULL }, { "yum", "./~@", "/", "", NULL }, { "zypper", "./~", "/", "+-", NULL },
};

/* Whether the argument of this program is more than a name. */
static bool program_refuses(const struct fit *q, const char *name, const struct pword *w, const char *s)
{
	const char *slash = strrchr(name, '/');
	size_t n = strlen(s), head = strcspn(w->plain, "*?");

	name = slash != NULL ? slash + 1 : name;
	for (unsigned i = 0; i < sizeof(stars) / sizeof(stars[0]); i++) {
		const struct star *r = &stars[i];

		if (strcmp(r->program, name) == 0 && n > 0)
			return (head < n && strchr(r->first, s[head]) != NULL) || has_more(w, s, r->any) || strchr(r->last, s[n - 1]) != NULL ||
			       (r->refuses != NULL && r->refuses(q, w, s));
	}
	return false;
}

/* Whether the act runs something else, which the pattern names as well. */
static bool act_runs(const struct fit *q)
{
	return q->spelled || (q->a->tool != NULL && q->a->tool->kind != TOOL_PLAIN);
}

static bool star_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	const struct pattern *p = q->p;

	if (program_refuses(q, q->a->argv[0].p, w, s))
		return true;
	for (unsigned i = 1; i < p->n && &p->words[i] != w && act_runs(q); i++) {
		if (p->words[i].literal && program_refuses(q, p->words[i].plain, w, s))
			return true;
	}
	return false;
}

/* A path is one: where the tool may read a list, nothing but what the pattern says divides it. */
static bool path_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	const struct tool *t = q->a->tool;

	if (t != NULL && t->kind == TOOL_PLAIN && (tool_root(t)->flags & TOOL_SUB) == 0)
		return false;
	return has_more(w, s, t != NULL && t->kind != TOOL_PLAIN ? ",:" : ",");
}

/* A star before the first slash is a part of what stands there, the host of an address above all. */
static bool host_refuses(const struct pword *w, const char *s)
{
	const char *scheme = strstr(w->text, "://"), *given = strstr(s, "://");
	const char *from = scheme != NULL ? scheme + 3 : w->text, *at = scheme != NULL && given != NULL ? given + 3 : s;
	size_t rule = (size_t)(from - w->text) + strcspn(from, "/"), word = (size_t)(at - s) + strcspn(at, "/");
	char head[PATH_MAX_LEN], host[PATH_MAX_LEN];

	if ((scheme == NULL && w->text[rule] == '\0') || !glob_active(w->text, rule))
		return false;
	if (rule >= sizeof(head) || word >= sizeof(host))
		return true;
	memcpy(head, w->text, rule);
	head[rule] = '\0';
	memcpy(host, s, word);
	host[word] = '\0';
	return !glob_match(head, s, word) || (scheme == NULL && has_more(&(struct pword){ .text = head }, host, ":")) || (scheme != NULL && strcspn(at, "#?@\\{}[],%") < word - (size_t)(at - s));
}

/* A relative path: no option, address, host, or setting. */
static bool pword_relative(const struct pword *w)
{
	const char *slash = strchr(w->plain, '/');

	return !w->path && slash != NULL && slash > w->plain && w->plain[0] != '-' && strchr(":=", slash[-1]) == NULL;
}

/* Whether the program, by its name in a pattern, runs the file that its first operand names. */
static bool pword_interprets(const struct pword *w)
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
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
	const char *s = f->p + off;

	if (w->many)
		return true;
	if (w->path && (!word_is_path(q, w, f, off) || word_is_template(q->a, s)))
		return false;
	if (elsewhere(q, w))
		return false;
	if (w->literal)
		return true;
	if (w->path ? path_refuses(q, w, s) : (star_refuses(q, w, s) || host_refuses(w, s)))
		return false;
	if (q->a->tool != NULL && q->a->tool->kind == TOOL_PLAIN && q->a->tool->prog == PROG_SED && !w->path && (q->a->effects & EFFECT_EXEC) != 0)
		return false;
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

/* Programs that take the beginning of a name for it. */
static bool abbreviated(const struct act *a, const char *rule, const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	size_t n = strspn(s, letters), k = strspn(rule, letters);

	if (n == 0 || s[n] != '\0' || k == 0 || rule[k] != '\0' || (!tool_is(a->tool, "ip") && !tool_is(a->tool, "nmcli")))
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
	path_resolve(&q->a->cwd, f, off, &u, out);
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
	if (!sure && value_match(q, w, f, off))
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

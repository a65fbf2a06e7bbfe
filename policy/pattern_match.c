/* Command patterns of rules, matched against an argv. Where the tables know the tool, options match by meaning: -fr is --force --recursive,
 * in any place. */
#include <stdio.h>
#include <string.h>

#include "policy/path.h"
#include "policy/rules.h"
#include "policy/walk.h"

/* What is asked: sure, the act surely is of the pattern (allow); else it may be, and opaque tells whether words that are not known count. */
struct fit {
	const struct pattern *p;
	const struct act *a;
	bool sure, opaque;
	bool spelled; /* the pattern is to hold for what a wrapper runs as well */
};

static bool path_byte(char c)
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

static const struct tool *tool_root(const struct tool *t)
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

/* One pattern word against one word of the act, from byte off on. */
static bool word_match(const struct fit *q, const struct pword *w, const struct field *f, size_t off)
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

static bool name_match(const struct pword *w, const struct act *a, bool sure)
{
	const struct field *f = &a->argv[0];
	const char *slash;

	if (w->many)
		return true;
	/* A command that is not known is never allowed; by name it is not denied either, so that a person can be asked. */
	if (f->kind != CONFIDENCE_EXACT)
		return false;
	if (w->any)
		return true;
	slash = strrchr(f->p, '/');
	if (strchr(w->plain, '/') != NULL)
		return w->literal ? strcmp(w->plain, f->p) == 0 : path_match_text(w->plain, f->p, NULL);
	/* A bare name is the program in the usual directories; a deny rule means it wherever it lies. */
	if (slash != NULL && sure && a->tool == NULL)
		return false;
	if (slash != NULL)
		slash++;
	else
		slash = f->p;
	return w->literal ? strcmp(w->plain, slash) == 0 : glob_match(w->text, slash, strlen(slash));
}

static bool double_dash(const struct field *f)
{
	return f->kind == CONFIDENCE_EXACT && strcmp(f->p, "--") == 0;
}

/* Whether a -- stands before the word in both: what comes behind it is no option. */
static bool behind_dashes(const struct fit *q, const struct pword *w, unsigned at)
{
	bool rule = false, act = false;

	for (const struct pword *p = q->p->words; p < w && !rule; p++)
		rule = p->literal && strcmp(p->plain, "--") == 0;
	for (unsigned i = 1; i < at && !act; i++)
		act = double_dash(&q->a->argv[i]);
	return rule && act;
}

/* Whether the word may be an option where the pattern has a star for an operand. "-" alone is none to a tool of the tables. */
static bool word_may_be_option(const struct fit *q, const struct pword *w, unsigned at)
{
	const struct field *f = &q->a->argv[at];

	if (w->many || (w->text[0] != '*' && w->text[0] != '?'))
		return false;
	if (f->kind == CONFIDENCE_EXACT ? f->p[0] != '-' : ((f->flags & FIELD_NODASH) != 0 || path_byte(f->p[0]) || f->p[0] == '/'))
		return false;
	if (f->kind == CONFIDENCE_EXACT && f->n == 1 && q->a->tool != NULL && q->a->tool->kind == TOOL_PLAIN)
		return false;
	return !behind_dashes(q, w, at);
}

#define NO_SKIP (~0u)

/* A sequence of pattern words against a sequence of words: ** takes any number, idx gives the act's words. From pattern word number skip on,
 * words of the act may stand between (restricting rules: what is done to one operand is done to each). */
static bool sequence_match(const struct fit *q, const struct pword *const *pw, unsigned np, const uint16_t *idx, unsigned n, unsigned skip)
{
	unsigned i = 0, k = 0, star = ~0u, mark = 0;
	bool sure = q->sure;

	while (k < n) {
		unsigned at = idx != NULL ? idx[k] : k;
		const struct field *f = &q->a->argv[at];

		/* Any number of words that are not known: whatever comes after may be among them. */
		if (!sure && q->opaque && f->kind == CONFIDENCE_OPAQUE && (f->flags & FIELD_MULTI) != 0)
			return true;
		if (i < np && pw[i]->many) {
			star = ++i;
			mark = k;
			continue;
		}
		if (i < np && !(sure && (f->kind == CONFIDENCE_OPAQUE || word_may_be_option(q, pw[i], at))) && word_match(q, pw[i], f, 0)) {
			i++;
			k++;
			continue;
		}
		if (i >= skip) {
			k++;
			continue;
		}
		if (star == ~0u)
			return false;
		i = star;
		k = ++mark;
	}
	while (i < np && pw[i]->many)
		i++;
	return i == np;
}

static bool act_has_unknown(const struct act *a)
{
	for (unsigned i = 1; i < a->argc; i++) {
		if (a->argv[i].kind != CONFIDENCE_EXACT && (a->argv[i].flags & FIELD_NODASH) == 0)
			return true;
	}
	return false;
}

/* Of some tools an option stands before the subcommand, and the same letters behind it are the subcommand's. For a restriction it is either. */
static bool option_is(const struct fit *q, const struct popt *o, const struct act_opt *have)
{
	bool early = q->a->nops == 0 || have->at < q->a->ops[0];

	if (o->group != have->group || o->group == 0)
		return false;
	return !q->sure || (tool_root(q->p->tool)->flags & TOOL_FRONT) == 0 || o->early == early;
}

static bool option_arg_match(const struct fit *q, const struct popt *o, const struct act_opt *have)
{
	if (o->arg == NULL)
		return true;
	return have->arg >= 0 ? word_match(q, o->arg, &q->a->argv[have->arg], have->arg_off) : !q->sure;
}

/* Whether the act has the option. */
static bool option_match(const struct fit *q, const struct popt *o)
{
	for (unsigned k = 0; k < q->a->nopts; k++) {
		if (option_is(q, o, &q->a->opts[k]) && option_arg_match(q, o, &q->a->opts[k]))
			return true;
	}
	return !q->sure && q->opaque && act_has_unknown(q->a);
}

/* Whether the pattern names the option, with this argument or surely without one. */
static bool option_named(const struct fit *q, const struct act_opt *have)
{
	for (unsigned i = 0; i < q->p->nopts; i++) {
		const struct popt *o = &q->p->opts[i];

		if (option_is(q, o, have))
			return o->arg != NULL || have->arg < 0 ? option_arg_match(q, o, have) : false;
	}
	return false;
}

/* The act's tool is the pattern's, or a subcommand of it, or the pattern's is one of its. */
static bool tools_related(const struct tool *a, const struct tool *p)
{
	for (const struct tool *t = a; t != NULL; t = t->parent) {
		if (t == p)
			return true;
	}
	for (const struct tool *t = p; t != NULL; t = t->parent) {
		if (t == a)
			return true;
	}
	return false;
}

/* Whether an option stands in the act that the tables do not know: the word behind it may be its argument, or an operand. */
static bool act_has_foreign(const struct act *a)
{
	for (unsigned k = 0; k < a->nopts; k++) {
		if (a->opts[k].group == 0)
			return true;
	}
	return false;
}

/* Whether the reading ended at a word that is no subcommand of the tables, perhaps as it is an option's argument: what stands behind it was
 * not read for options and operands. */
static bool act_is_cut(const struct act *a)
{
	return (a->tool->flags & TOOL_SUB) != 0 && a->nops > 0;
}

/* The pattern's words against all of the act's from word number from on. */
static bool words_match(const struct fit *q, const struct pword *const *pw, unsigned np, unsigned from, unsigned skip)
{
	uint16_t idx[512];
	unsigned n = 0;

	if (q->a->argc - 1 > 512)
		return !q->sure;
	for (unsigned i = from; i < q->a->argc; i++)
		idx[n++] = (uint16_t)i;
	return sequence_match(q, pw, np, idx, n, skip);
}

/* What the tool does to what operand number i of the pattern names; 0: anything. */
static unsigned operand_effects(const struct pattern *p, unsigned i)
{
	if (!p->tool->has_last || p->nops < 2)
		return 0;
	return i + 1 == p->nops ? p->tool->last : p->tool->rest;
}

/* Whether one of the paths that the act uses may be what operand number i of the pattern means. */
static bool path_used(const struct fit *q, unsigned i)
{
	const char *glob = q->p->ops[i]->plain;
	unsigned effects = operand_effects(q->p, i);

	for (const struct path_use *u = q->a->paths; u != NULL; u = u->next) {
		if (u->path.kind == CONFIDENCE_OPAQUE || (effects != 0 && (u->effects & effects) == 0) || (u->path.p[0] == '~' && glob[0] == '/'))
			continue;
		if (u->tree ? path_match_tree(glob, u, false) : path_match(glob, u, false))
			return true;
	}
	return false;
}

/* Operands of a restriction: what is done to one of several is done to it, and a path is the same whether an operand, an option or the
 * directory above it names it. */
static bool operands_touch(const struct fit *q)
{
	const struct pattern *p = q->p;
	const struct act *a = q->a;
	const struct pword *left[PATTERN_WORDS];
	unsigned skip = p->nops == 0 ? NO_SKIP : p->nsubs, n = 0;

	if (sequence_match(q, p->ops, p->nops, a->ops, a->nops, skip))
		return true;
	if (p->nops > 0 && act_has_foreign(a) && words_match(q, p->ops, p->nops, 1, 0))
		return true;
	if (p->nops > 0 && act_is_cut(a) && words_match(q, p->ops, p->nops, a->ops[0], skip))
		return true;
	for (unsigned i = 0; i < p->nops; i++) {
		if (!(p->ops[i]->path && path_used(q, i)))
			left[n++] = p->ops[i];
	}
	return n < p->nops && sequence_match(q, left, n, a->ops, a->nops, skip);
}

static bool meaning_match(const struct fit *q)
{
	const struct pattern *p = q->p;
	const struct act *a = q->a;

	if (!tools_related(a->tool, p->tool) && (q->sure || !act_has_foreign(a) || tool_root(a->tool) != tool_root(p->tool)))
		return false;
	for (unsigned i = 0; i < p->nopts; i++) {
		if (!option_match(q, &p->opts[i]) && (q->sure || !act_is_cut(a)))
			return false;
	}
	if (!q->sure)
		return operands_touch(q);
	if (!p->open) {
		for (unsigned k = 0; k < a->nopts; k++) {
			if (!option_named(q, &a->opts[k]))
				return false;
		}
		/* A word that is not known may be an option that the rule does not name. */
		if (act_has_unknown(a))
			return false;
	}
	return sequence_match(q, p->ops, p->nops, a->ops, a->nops, NO_SKIP);
}

static bool fit_match(const struct fit *q)
{
	const struct pattern *p = q->p;
	const struct act *a = q->a;
	const struct pword *list[PATTERN_WORDS];

	if (a->kind != ACT_COMMAND || a->argc == 0)
		return p->n == 1 && p->words[0].many;
	if (p->n == 1 && p->words[0].many)
		return true;
	if (a->opaque && q->sure)
		return false;
	if (!name_match(&p->words[0], a, q->sure))
		return false;
	for (unsigned i = 0; i < p->n; i++)
		list[i] = &p->words[i];
	if (p->words[0].many && p->n > 1)
		return sequence_match(q, list, p->n, NULL, a->argc, NO_SKIP);
	if (p->semantic && a->tool != NULL && a->ops != NULL && a->tool->kind == TOOL_PLAIN)
		return meaning_match(q);
	if (words_match(q, list + 1, p->n - 1, 1, NO_SKIP))
		return true;
	/* An option that the tables do not know is the subcommand's wherever it stands behind that, and options of the tool come before. */
	return !q->sure && p->tool != NULL && (p->tool->flags & TOOL_SUB) != 0 && p->n > 1 && p->words[1].plain[0] != '-' && a->tool != NULL && a->nops > 0 &&
	       words_match(q, list + 1, p->n - 1, a->ops[0], 1);
}

bool pattern_match(const struct pattern *p, const struct act *a, bool sure, bool opaque)
{
	const struct fit q = { .p = p, .a = a, .sure = sure, .opaque = opaque };

	return fit_match(&q);
}

bool pattern_spells(const struct pattern *p, const struct act *a)
{
	const struct fit q = { .p = p, .a = a, .sure = true, .opaque = true, .spelled = true };

	return fit_match(&q);
}

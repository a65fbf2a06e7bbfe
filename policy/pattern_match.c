/* Command patterns of rules, matched against an argv. Where the tables know the tool, options match by meaning: -fr is --force --recursive,
 * in any place. */
#include <string.h>

#include "policy/path.h"
#include "policy/pattern_fit.h"
#include "policy/walk.h"

/* A program in one of the directories that have them is the same in another of them, and so is its bare name. */
static const char *usual_name(const char *path)
{
	static const char *const dirs[] = { "/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/", "/snap/bin/", NULL };
	const char *slash = strrchr(path, '/');

	for (unsigned i = 0; slash != NULL && dirs[i] != NULL; i++) {
		if (strlen(dirs[i]) == (size_t)(slash + 1 - path) && strncmp(dirs[i], path, strlen(dirs[i])) == 0)
			return slash + 1;
	}
	return NULL;
}

/* A relative program for a restriction: however its path is written, from the working directory or from the login's. */
static bool relative_match(const struct pword *w, const struct act *a)
{
	const struct field *f = &a->argv[0];
	char rule[PATH_MAX_LEN + 1] = "~", out[PATH_BUF];
	struct path_use u;

	if (!relative_clean(w->text, rule + 1) || relative_same(w->text, f->p))
		return true;
	path_resolve(&a->cwd, f, 0, &u, out);
	return u.path.kind != CONFIDENCE_OPAQUE && u.path.p[0] == '~' && path_match(rule, &u, false);
}

/* A program by its path. A relative one is surely the rule's only where the login stands. */
static bool program_match(const struct pword *w, const struct act *a, bool sure)
{
	const struct field *f = &a->argv[0];
	struct path_use u;
	char out[PATH_BUF];
	const char *rule = usual_name(w->text), *name;

	if (!w->path && sure) {
		rule = strncmp(w->text, "./", 2) == 0 ? w->text + 2 : w->text;
		name = strncmp(f->p, "./", 2) == 0 ? f->p + 2 : f->p;
		return act_at_login(a) && glob_match(rule, name, strlen(name));
	}
	if (!w->path)
		return relative_match(w, a);
	path_resolve(&a->cwd, f, 0, &u, out);
	if (u.path.kind == CONFIDENCE_OPAQUE)
		return !sure && glob_match(strrchr(w->text, '/') + 1, strrchr(f->p, '/') + 1, strlen(strrchr(f->p, '/') + 1));
	name = !sure && rule != NULL ? usual_name(u.path.p) : NULL;
	return path_match(w->plain, &u, sure) || (name != NULL && glob_match(rule, name, strlen(name)));
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
		return slash != NULL ? program_match(w, a, sure) : !sure && usual_name(w->text) != NULL && glob_match(usual_name(w->text), f->p, f->n);
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

/* Whether word number at is -- that surely ends the options: no option before it, that may have taken it for an argument. */
static bool options_end(const struct act *a, unsigned at)
{
	if (!double_dash(&a->argv[at]))
		return false;
	for (unsigned k = 0; k < a->nopts; k++) {
		if (a->opts[k].at < at && (a->opts[k].group == 0 || a->opts[k].arg >= 0))
			return false;
	}
	return true;
}

/* Whether a word may be an option that is not known. */
static bool act_has_unknown(const struct act *a)
{
	for (unsigned i = 1; i < a->argc && !options_end(a, i); i++) {
		if (a->argv[i].kind != CONFIDENCE_EXACT && (a->argv[i].flags & FIELD_NODASH) == 0)
			return true;
	}
	return false;
}

/* Whether a name of the one's option is one of the other's: the same option may stand before the subcommand and behind it. */
static bool option_shared(const struct tool *t, uint16_t group, const struct tool *other, uint16_t other_group)
{
	for (; t != NULL; t = t->parent) {
		for (unsigned i = 0; i < t->nopts; i++) {
			const struct opt *o = t->opts[i].group == group ? options_find(other, t->opts[i].name, t->opts[i].len) : NULL;

			if (o != NULL && o->group == other_group)
				return true;
		}
	}
	return false;
}

/* Of some tools an option stands before the subcommand, and the same letters behind it are the subcommand's. For a restriction it is either. */
static bool option_is(const struct fit *q, const struct popt *o, const struct act_opt *have)
{
	bool early = q->a->nops == 0 || have->at < q->a->ops[0], front = (tool_root(q->p->tool)->flags & TOOL_FRONT) != 0;

	if (o->group == 0 || have->group == 0)
		return false;
	if (o->group != have->group)
		return !q->sure && !front && (option_shared(q->p->tool, o->group, q->a->tool, have->group) || option_shared(q->a->tool, have->group, q->p->tool, o->group));
	return !q->sure || !front || o->early == early;
}

static bool path_used(const struct fit *q, const char *glob, unsigned effects);

static bool option_arg_match(const struct fit *q, const struct popt *o, const struct act_opt *have)
{
	if (o->arg == NULL || (!q->sure && o->arg->path && path_used(q, o->arg->plain, EFFECT_WRITE)))
		return true;
	return have->arg >= 0 ? word_match(q, o->arg, &q->a->argv[have->arg], have->arg_off) : !q->sure;
}

/* Whether the word may be written for an option of this group: a name of it, the beginning of a long one, or a letter among others. */
static bool tool_option_is(const struct tool *t, uint16_t group, const struct field *f)
{
	size_t n = strcspn(f->p, "=");

	for (; t != NULL; t = t->parent) {
		for (unsigned i = 0; i < t->nopts; i++) {
			const struct opt *o = &t->opts[i];

			if (o->group != group)
				continue;
			if (o->len == 2 && f->p[1] != '-' ? strchr(f->p + 1, o->name[1]) != NULL : n > 2 && n <= o->len && memcmp(o->name, f->p, n) == 0)
				return true;
		}
	}
	return false;
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

/* Whether a word that was not read may be the option, by one of its names. */
static bool option_behind(const struct fit *q, const struct popt *o)
{
	const struct act *a = q->a;

	if (!act_is_cut(a))
		return false;
	for (unsigned i = act_has_foreign(a) ? 1 : a->ops[0]; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		if (f->kind != CONFIDENCE_EXACT && (f->flags & FIELD_NODASH) == 0 && q->opaque)
			return true;
		if (f->n > 1 && f->p[0] == '-' && tool_option_is(q->p->tool, o->group, f))
			return true;
	}
	return false;
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

/* Whether one of the paths that the act uses, for one of the effects, may be what the pattern means. */
static bool path_used(const struct fit *q, const char *glob, unsigned effects)
{
	for (const struct path_use *u = q->a->paths; u != NULL; u = u->next) {
		if (u->path.kind == CONFIDENCE_OPAQUE || (effects != 0 && (u->effects & effects) == 0) || (u->path.p[0] == '~' && glob[0] == '/'))
			continue;
		if (u->tree ? path_match_tree(glob, u, false) : path_match(glob, u, false))
			return true;
	}
	return false;
}

/* Whether an option of a tool that fetches names the address. */
static bool address_given(const struct fit *q, const struct pword *w)
{
	const struct act *a = q->a;

	if ((tool_root(a->tool)->flags & TOOL_URLS) == 0 || w->any || w->many)
		return false;
	for (unsigned k = 0; k < a->nopts; k++) {
		if (a->opts[k].arg >= 0 && word_match(q, w, &a->argv[a->opts[k].arg], a->opts[k].arg_off))
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
	/* Where the last operand is another thing than the rest, and all are known, each has its place. */
	bool placed = p->tool->has_last && p->nops > 1 && a->confidence == CONFIDENCE_EXACT && !act_has_foreign(a);

	if (sequence_match(q, p->ops, p->nops, a->ops, a->nops, placed ? NO_SKIP : skip))
		return true;
	if (p->nops > 0 && act_has_foreign(a) && words_match(q, p->ops, p->nops, 1, 0))
		return true;
	if (p->nops > 0 && act_is_cut(a) && words_match(q, p->ops, p->nops, a->ops[0], skip))
		return true;
	for (unsigned i = 0; i < p->nops; i++) {
		if (!(p->ops[i]->path && path_used(q, p->ops[i]->plain, operand_effects(p, i))) && !address_given(q, p->ops[i]))
			left[n++] = p->ops[i];
	}
	return n < p->nops && sequence_match(q, left, n, a->ops, a->nops, skip);
}

/* docker's `container` may stand before a subcommand or not, and of some programs the subcommands may be abbreviated. */
static bool subcommands_vary(const struct act *a)
{
	static const char *const programs[] = { "docker", "podman", "nerdctl", "ip", "nmcli", NULL };
	unsigned i = 0;

	while (programs[i] != NULL && strcmp(programs[i], tool_root(a->tool)->name) != 0)
		i++;
	return programs[i] != NULL;
}

static bool meaning_match(const struct fit *q)
{
	const struct pattern *p = q->p;
	const struct act *a = q->a;

	if (!q->sure && subcommands_vary(a) && (!tools_related(a->tool, p->tool) || act_is_cut(a)) && loose_match(q))
		return true;
	if (!tools_related(a->tool, p->tool) && (q->sure || !act_has_foreign(a) || tool_root(a->tool) != tool_root(p->tool)))
		return false;
	for (unsigned i = 0; i < p->nopts; i++) {
		if (!option_match(q, &p->opts[i]) && (q->sure || !option_behind(q, &p->opts[i])))
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

static bool fit_match(const struct fit *q);

static bool act_inside(const struct act *a, const struct act *outer)
{
	while (a != NULL && a != outer)
		a = a->outer;
	return a != NULL;
}

/* Whether something that the act runs may be of the pattern. It comes behind the act, before any other command. */
static bool inner_match(const struct fit *q)
{
	for (const struct act *a = q->a->next; a != NULL; a = a->next) {
		const struct fit inner = { .p = q->p, .a = a, .opaque = q->opaque };

		if (a->kind != ACT_COMMAND)
			continue;
		if (!act_inside(a, q->a))
			return false;
		if (a->argc > 0 && fit_match(&inner))
			return true;
	}
	return false;
}

/* How many words of a wrapper come before the command that it runs, at least. */
static unsigned wrapper_words(const struct tool *t)
{
	unsigned n = 1;

	if (t == NULL || t->kind != TOOL_WRAP)
		return n;
	for (unsigned i = 0; i < t->len; i++)
		n += t->name[i] == ' ';
	return n + t->skip;
}

/* A restriction of what a wrapper runs, however that is run: its first words are the wrapper's, the others a command's that it runs, by its path,
 * behind another wrapper or in a shell's text. */
static bool wrapped_match(const struct fit *q)
{
	static const struct pword many = { .text = "**", .plain = "**", .many = true };
	const struct pattern *p = q->p;
	struct pword head[PATTERN_WORDS + 1];

	if (q->a->next == NULL || q->a->next->outer == NULL)
		return false;
	for (unsigned i = 1; i < p->n; i++) {
		const struct pword *w = &p->words[i];
		struct pattern outer = { .words = head, .n = i + 1, .open = true }, rest = { .words = p->words + i, .n = p->n - i, .open = p->open };
		struct fit wrapper = { .p = &outer, .a = q->a, .opaque = q->opaque }, inner = { .p = &rest, .a = q->a, .opaque = q->opaque };

		head[i - 1] = p->words[i - 1];
		head[i] = many;
		if (i >= wrapper_words(q->a->tool) && !w->any && !w->many && w->plain[0] != '-' && inner_match(&inner) && fit_match(&wrapper))
			return true;
	}
	return false;
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
		return sequence_match(q, list, p->n, NULL, a->argc, NO_SKIP) || (!q->sure && p->words[1].plain[0] == '-' && loose_match(q));
	if (p->semantic && a->tool != NULL && a->ops != NULL && a->tool->kind == TOOL_PLAIN)
		return meaning_match(q);
	return words_match(q, list + 1, p->n - 1, 1, NO_SKIP) || (!q->sure && (loose_match(q) || (p->source != NULL && wrapped_match(q))));
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

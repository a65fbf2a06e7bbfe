/* Command patterns of rules, matched against an argv. Where the tables know the tool, options match by meaning: -fr is --force --recursive,
 * in any place. */
#include <string.h>

#include "policy/path.h"
#include "policy/pattern_fit.h"
#include "policy/walk.h"

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
		if (i < np && !(sure && (f->kind == CONFIDENCE_OPAQUE || word_may_be_option(q, pw[i], at))) && (word_match(q, pw[i], f, 0) || host_within(q, pw[i], f))) {
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

/* Where the last operand is another thing than the rest, and all are known and asked for by their paths, each has its place. */
static bool operands_placed(const struct fit *q)
{
	const struct pattern *p = q->p;
	bool paths = p->tool->has_last && p->nops > 1 && q->a->confidence == CONFIDENCE_EXACT && q->a->cwd.kind != CONFIDENCE_OPAQUE && !act_has_foreign(q->a);

	for (unsigned i = 0; i < p->nops && paths; i++)
		paths = p->ops[i]->path || p->ops[i]->any || p->ops[i]->many;
	return paths;
}

/* Operands of a restriction: what is done to one of several is done to it, and a path is the same whether an operand, an option or the
 * directory above it names it. */
static bool operands_touch(const struct fit *q)
{
	const struct pattern *p = q->p;
	const struct act *a = q->a;
	const struct pword *left[PATTERN_WORDS];
	unsigned skip = p->nops == 0 ? NO_SKIP : p->nsubs, n = 0;

	if (sequence_match(q, p->ops, p->nops, a->ops, a->nops, operands_placed(q) ? NO_SKIP : skip))
		return true;
	if (p->nops > 0 && act_has_foreign(a) && words_match(q, p->ops, p->nops, 1, 0))
		return true;
	if (p->nops > 0 && act_is_cut(a) && words_match(q, p->ops, p->nops, a->ops[0], skip))
		return true;
	for (unsigned i = 0; i < p->nops; i++) {
		/* git push REMOTE REF, of all refs */
		if (i > 1 && refs_all(a))
			continue;
		if (!(p->ops[i]->path && path_used(q, p->ops[i]->plain, operand_effects(p, i))) && !address_given(q, p->ops[i]))
			left[n++] = p->ops[i];
	}
	return n < p->nops && sequence_match(q, left, n, a->ops, a->nops, skip);
}

/* Whether a subcommand may be written otherwise than the tables have it. */
static bool subcommands_vary(const struct act *a)
{
	return (tool_root(a->tool)->flags & (TOOL_SHORT | TOOL_CONTAINER)) != 0;
}

static bool meaning_match(const struct fit *q)
{
	const struct pattern *p = q->p;
	const struct act *a = q->a;
	bool related = tools_related(a->tool, p->tool);

	if (!q->sure && (!related || act_is_cut(a)) && subcommands_vary(a) && loose_match(q))
		return true;
	if (!related && (q->sure || !act_has_foreign(a) || tool_root(a->tool) != tool_root(p->tool)))
		return false;
	for (unsigned i = 0; i < p->nopts; i++) {
		if (!option_match(q, &p->opts[i]) && (q->sure || !option_behind(q, &p->opts[i])))
			return false;
	}
	if (!q->sure)
		return operands_touch(q);
	if (p->open && !many_allowed(q))
		return false;
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
		if (i >= wrapper_words(q->a->tool) && !w->any && !w->many && w->plain[0] != '-' && fit_match(&wrapper) && inner_match(&inner))
			return true;
	}
	return false;
}

static bool fit_match(const struct fit *q)
{
	const struct pattern *p = q->p;
	const struct act *a = q->a;
	const struct pword *list[PATTERN_WORDS];
	bool by_meaning;

	if (a->kind != ACT_COMMAND || a->argc == 0)
		return p->n == 1 && p->words[0].many;
	if (p->n == 1 && p->words[0].many)
		return true;
	if (a->opaque && q->sure)
		return false;
	by_meaning = p->semantic && a->tool != NULL && a->ops != NULL && a->tool->kind == TOOL_PLAIN;
	if (!name_match(&p->words[0], a, q->sure))
		return false;
	if (by_meaning)
		return meaning_match(q) || (!q->sure && object_match(q));
	for (unsigned i = 0; i < p->n; i++)
		list[i] = &p->words[i];
	if (p->words[0].many)
		return sequence_match(q, list, p->n, NULL, a->argc, NO_SKIP) || (!q->sure && p->words[1].plain[0] == '-' && loose_match(q));
	if (q->sure && p->open && !many_words_allowed(q))
		return false;
	return words_match(q, list + 1, p->n - 1, 1, NO_SKIP) || (!q->sure && (loose_match(q) || object_match(q) || (p->source != NULL && wrapped_match(q))));
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

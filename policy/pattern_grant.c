/* Command patterns of rules: what ** of a permission does not stand for. */
#include <string.h>

#include "policy/pattern_fit.h"
#include "policy/walk.h"

static const struct opt *group_option(const struct tool *t, uint16_t group)
{
	for (; t != NULL && group != 0; t = t->parent) {
		for (unsigned i = 0; i < t->nopts; i++) {
			if (t->opts[i].group == group)
				return &t->opts[i];
		}
	}
	return NULL;
}

/* How many operands of the pattern name the subcommand before any **. Where the tables know none that it has, it is the next; where it runs
 * something, all name that: behind an image's name come its own words, before it what it may do. */
static unsigned subcommands_named(const struct pattern *p)
{
	bool runs = p->nsubs > 0 && (p->tool->does & EFFECT_EXEC) != 0;
	unsigned n = runs ? p->nops : p->nsubs > 0 && p->nsubs < p->nops && (p->tool->flags & TOOL_SUB) != 0 ? p->nsubs + 1 : p->nsubs;

	for (unsigned i = 0; i < n; i++) {
		if (p->ops[i]->many)
			return i;
	}
	return n;
}

/* An option before the subcommand is the tool's own: it says which host, which files or what else runs. Behind the subcommand ** stands for it,
 * before it the pattern names it, or it does nothing. */
static bool fronts_named(const struct fit *q)
{
	const struct act *a = q->a;
	unsigned n = subcommands_named(q->p);

	for (unsigned k = 0; n > 0 && n <= a->nops && k < a->nopts && a->opts[k].at < a->ops[n - 1]; k++) {
		const struct opt *o = group_option(a->tool, a->opts[k].group);

		if (!option_named(q, &a->opts[k]) && (o == NULL || ((o->mods & OPT_DRY) == 0 && option_acts(o))))
			return false;
	}
	return true;
}

/* Where the last operand is the place that is written to, an option may name another. */
static bool place_named(const struct fit *q)
{
	const struct pattern *p = q->p;

	for (unsigned k = 0; p->tool->has_last && p->nops > 0 && !p->ops[p->nops - 1]->many && k < q->a->nopts; k++) {
		const struct opt *o = group_option(q->a->tool, q->a->opts[k].group);

		if (o != NULL && (o->mods & OPT_INTO) != 0 && !option_named(q, &q->a->opts[k]))
			return false;
	}
	return true;
}

/* An option of the pattern that surely or probably has an argument: its name, and that. */
struct given {
	const char *name;
	size_t n;
	const struct pword *value;
	struct pword own; /* where it is a part of the option's word */
};

static void given_own(struct given *g, const struct pword *w, size_t from)
{
	const char *value = from > g->n ? strchr(w->text, '=') + 1 : w->text + g->n;

	g->own = (struct pword){ .text = value, .plain = w->plain + from, .literal = w->literal, .any = strcmp(value, "*") == 0, .path = w->plain[from] == '/' };
	g->value = &g->own;
}

/* --name=value, -name value; where the letter is known to have an argument, -xVALUE. */
static bool given_read(const struct fit *q, unsigned i, struct given *g)
{
	const struct pattern *p = q->p;
	const struct pword *w = &p->words[i], *next = i + 1 < p->n ? w + 1 : NULL;
	const struct opt *o;

	g->name = w->plain;
	g->n = strcspn(w->plain, "=");
	if (w->plain[0] != '-' || w->plain[1] == '\0' || strcspn(w->text, "*?\\") < g->n)
		return false;
	o = q->a->tool != NULL ? options_find(q->a->tool, g->name, g->n) : NULL;
	if (w->plain[g->n] == '=') {
		given_own(g, w, g->n + 1);
		return true;
	}
	if (o == NULL && w->plain[1] != '-' && g->n > 2 && letter_takes(q->a, w->plain[1])) {
		g->n = 2;
		given_own(g, w, 2);
		return true;
	}
	g->value = next;
	/* Behind what an interpreter runs, letters are that one's. */
	if (o == NULL && g->n == 2 && pword_interprets(p->words))
		return false;
	return (o == NULL || o->arg == OPT_TAKES) && next != NULL && !next->many && next->plain[0] != '-';
}

/* Whether the word may be the option of this name; off: behind what of it its argument begins. */
static bool word_gives(const struct field *f, const char *name, size_t n, size_t *off)
{
	size_t rule = strspn(name, "-"), act = strspn(f->p, "-");

	if (n == 2 && rule == 1) {
		for (size_t i = 1; act == 1 && i < f->n && path_byte(f->p[i]); i++) {
			*off = i + 1 + (f->p[i + 1] == '=');
			if (f->p[i] == name[1])
				return true;
		}
		return false;
	}
	*off = strcspn(f->p, "=");
	if (act == 0 || act > 2 || *off < act + 2 || *off - act > n - rule || memcmp(f->p + act, name + rule, *off - act) != 0 || (act == 1 && *off - act != n - rule))
		return false;
	*off += f->p[*off] == '=';
	return true;
}

/* The same by the option's other name. */
static bool word_gives_option(const struct fit *q, const struct field *f, const struct given *g, size_t *off)
{
	const char *slash = strrchr(q->a->argv[0].p, '/'), *other = option_synonym(slash != NULL ? slash + 1 : q->a->argv[0].p, g->name, g->n);
	const struct tool *t = q->a->tool;
	const struct opt *o = t != NULL ? options_find(t, g->name, g->n) : NULL;

	if (word_gives(f, g->name, g->n, off) || (other != NULL && word_gives(f, other, strlen(other), off)))
		return true;
	for (; o != NULL && t != NULL; t = t->parent) {
		for (unsigned i = 0; i < t->nopts; i++) {
			if (t->opts[i].group == o->group && word_gives(f, t->opts[i].name, t->opts[i].len, off))
				return true;
		}
	}
	return false;
}

/* Whether the word is an option that the pattern gives an argument, and has another. */
static bool word_disagrees(const struct fit *q, const struct given *list, unsigned n, unsigned at)
{
	const struct act *a = q->a;
	const struct field *f = &a->argv[at];
	bool again = false;

	for (unsigned i = 0; i < n; i++) {
		size_t off;

		if (!word_gives_option(q, f, &list[i], &off))
			continue;
		if (off < f->n ? word_match(q, list[i].value, f, off) : at + 1 < a->argc && word_match(q, list[i].value, &a->argv[at + 1], 0))
			return false;
		again = true;
	}
	return again;
}

/* Of an option that is given twice the last counts, or both. Words are the act's from number from on; what is not known may be one. */
static bool words_agree(const struct fit *q, unsigned from)
{
	const struct pattern *p = q->p;
	struct given list[PATTERN_WORDS];
	unsigned n = 0, end = words_end(q->a);

	for (unsigned i = 1; i < p->n && strcmp(p->words[i].plain, "--") != 0; i++)
		n += given_read(q, i, &list[n]);
	for (unsigned i = from; n > 0 && i < end; i++) {
		const struct field *f = &q->a->argv[i];

		if (f->kind != CONFIDENCE_EXACT ? (f->flags & FIELD_NODASH) == 0 : f->n > 1 && f->p[0] == '-' && word_disagrees(q, list, n, i))
			return false;
	}
	return true;
}

/* Whether the word is -- and surely ends the options: no option takes it, nor may the one before it. */
static bool ends_options(const struct act *a, unsigned at)
{
	bool ends = double_dash(&a->argv[at]);

	for (unsigned k = 0; ends && k < a->nopts; k++)
		ends = a->opts[k].arg != (int)at && (a->opts[k].arg >= 0 || a->opts[k].at + 1u != at);
	return ends;
}

/* A word that is not known may be an option. */
static bool words_known(const struct act *a)
{
	for (unsigned i = 1; i < a->argc && !ends_options(a, i); i++) {
		if (a->argv[i].kind != CONFIDENCE_EXACT && (a->argv[i].flags & FIELD_NODASH) == 0)
			return false;
	}
	return true;
}

bool many_words_allowed(const struct fit *q)
{
	return words_agree(q, 1);
}

bool many_allowed(const struct fit *q)
{
	const struct act *a = q->a;
	bool asked = false;

	for (unsigned i = 0; i < q->p->nopts; i++)
		asked = asked || q->p->opts[i].arg != NULL;
	if (!fronts_named(q) || !place_named(q) || (asked && !words_known(a)))
		return false;
	for (unsigned k = 0; k < a->nopts && asked; k++) {
		if (!option_agrees(q, &a->opts[k]))
			return false;
	}
	return !asked || !act_is_cut(a) || (tool_root(a->tool)->flags & TOOL_FRONT) != 0 || words_agree(q, a->ops[0]);
}

/* Command patterns of rules: options by their meaning, where the tables know the tool. */
#include <string.h>

#include "policy/path.h"
#include "policy/pattern_fit.h"
#include "policy/walk.h"

bool double_dash(const struct field *f)
{
	return f->kind == CONFIDENCE_EXACT && strcmp(f->p, "--") == 0;
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
bool act_has_unknown(const struct act *a)
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

/* Whether one of the paths that the act uses, for one of the effects, may be what the pattern means. */
bool path_used(const struct fit *q, const char *glob, unsigned effects)
{
	for (const struct path_use *u = q->a->paths; u != NULL; u = u->next) {
		if (u->path.kind == CONFIDENCE_OPAQUE || (effects != 0 && (u->effects & effects) == 0) || (u->path.p[0] == '~' && glob[0] == '/'))
			continue;
		if (u->tree ? path_match_tree(glob, u, false) : path_match(glob, u, false))
			return true;
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

static bool option_arg_match(const struct fit *q, const struct popt *o, const struct act_opt *have)
{
	if (o->arg == NULL || (!q->sure && o->arg->path && path_used(q, o->arg->plain, EFFECT_WRITE)))
		return true;
	if (have->arg < 0)
		return !q->sure;
	/* -n=VALUE, where a program leaves the sign out */
	if (!q->sure && have->arg_off > 0 && q->a->argv[have->arg].p[have->arg_off] == '=' && word_match(q, o->arg, &q->a->argv[have->arg], have->arg_off + 1u))
		return true;
	return word_match(q, o->arg, &q->a->argv[have->arg], have->arg_off);
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
bool option_match(const struct fit *q, const struct popt *o)
{
	for (unsigned k = 0; k < q->a->nopts; k++) {
		if (option_is(q, o, &q->a->opts[k]) && option_arg_match(q, o, &q->a->opts[k]))
			return true;
	}
	return !q->sure && q->opaque && act_has_unknown(q->a);
}

/* Whether the pattern names the option, with this argument or surely without one. */
bool option_named(const struct fit *q, const struct act_opt *have)
{
	for (unsigned i = 0; i < q->p->nopts; i++) {
		const struct popt *o = &q->p->opts[i];

		if (option_is(q, o, have))
			return o->arg != NULL || have->arg < 0 ? option_arg_match(q, o, have) : false;
	}
	return false;
}

/* Whether the option may be the pattern's given again, perhaps behind the subcommand, or in a word that the tables do not read. */
static bool option_again(const struct fit *q, const struct popt *o, const struct act_opt *have)
{
	const struct act *a = q->a;
	bool front = (tool_root(q->p->tool)->flags & TOOL_FRONT) != 0;

	if (have->group != 0)
		return option_is(q, o, have) || (!front && (option_shared(q->p->tool, o->group, a->tool, have->group) || option_shared(a->tool, have->group, q->p->tool, o->group)));
	for (unsigned k = 0; k < a->nopts; k++) {
		if (a->opts[k].at == have->at && a->opts[k].group == o->group)
			return false;
	}
	return (!front || (a->nops > 0 && have->at > a->ops[0]) != o->early) && tool_option_is(q->p->tool, o->group, &a->argv[have->at]);
}

bool option_agrees(const struct fit *q, const struct act_opt *have)
{
	bool again = false;

	for (unsigned i = 0; i < q->p->nopts; i++) {
		const struct popt *o = &q->p->opts[i];

		if (!option_again(q, o, have))
			continue;
		if (o->arg == NULL || (have->group != 0 && option_arg_match(q, o, have)))
			return true;
		again = true;
	}
	return !again;
}

/* The act's tool is the pattern's, or a subcommand of it, or the pattern's is one of its. */
bool tools_related(const struct tool *a, const struct tool *p)
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
bool act_has_foreign(const struct act *a)
{
	for (unsigned k = 0; k < a->nopts; k++) {
		if (a->opts[k].group == 0)
			return true;
	}
	return false;
}

/* Whether the reading ended at a word that is no subcommand of the tables, perhaps as it is an option's argument: what stands behind it was
 * not read for options and operands. */
bool act_is_cut(const struct act *a)
{
	return (a->tool->flags & TOOL_SUB) != 0 && a->nops > 0;
}

/* Whether a word that was not read may be the option, by one of its names. */
bool option_behind(const struct fit *q, const struct popt *o)
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

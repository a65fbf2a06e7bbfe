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

/* How many operands of the pattern name the subcommand before any **. Where the tables know none that it has, it is the next. */
static unsigned subcommands_named(const struct pattern *p)
{
	unsigned n = p->nsubs > 0 && p->nsubs < p->nops && (p->tool->flags & TOOL_SUB) != 0 ? p->nsubs + 1 : p->nsubs;

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

bool many_allowed(const struct fit *q)
{
	return fronts_named(q);
}

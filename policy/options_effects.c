/* What the words of an argv that was read come to: the effects of the run and of its operands, and what a terminal adds. */
#include <string.h>

#include "policy/options_scan.h"

static unsigned scan_place(const struct tool *t, unsigned k, bool last, bool unsure)
{
	unsigned all = t->rest | (t->has_last ? t->last : 0);

	if (unsure) {
		for (unsigned i = 0; i < t->nplaces; i++)
			all |= t->place[i];
		return all;
	}
	if (last && t->has_last)
		return t->last;
	return k < t->nplaces ? t->place[k] : t->rest;
}

/* fuser PORT,HOST,PORT/tcp: a name is looked up, and one that is not known may be the content of a file. A rooted path holds its first slash
 * before any comma; where an option says that operands are no paths (OPT_HOST) that means nothing. */
static void scan_operand_host(struct scan *s, const struct field *f)
{
	bool path = (f->flags & FIELD_ROOTED) != 0 && (s->p->mods & OPT_HOST) == 0;

	if (f->kind == CONFIDENCE_OPAQUE && !path)
		s->a->effects |= EFFECT_NET;
	else if (f->kind != CONFIDENCE_OPAQUE && strchr(f->p, ',') != NULL)
		s->a->effects |= EFFECT_QUERY;
}

static void scan_operand_effects(struct scan *s, unsigned from)
{
	const struct tool *t = s->tool;
	bool unsure = false;

	if (t->kind != TOOL_PLAIN || ((t->flags & TOOL_ANY) != 0 && t->rest == 0))
		return;
	for (unsigned i = from; i < s->nops; i++) {
		const struct field *f = &s->a->argv[s->a->ops[i]];
		unsigned e, path;

		if (t->ops_none) {
			scan_unknown(s, f->kind == CONFIDENCE_EXACT ? f->p : "an operand");
			return;
		}
		/* One that may be an option after all takes no place. */
		if ((f->flags & FIELD_MULTI) != 0 || ((t->flags & TOOL_ANY) != 0 && f->kind != CONFIDENCE_EXACT && !scan_plain(s, f)))
			unsure = true;
		if (t->equals != 0 && (f->kind != CONFIDENCE_EXACT || strchr(f->p, '=') != NULL))
			s->a->effects |= t->equals;
		/* Where an option names the directory, no operand does. */
		e = scan_place(t, i - from + s->p->first, i + 1 == s->nops && !((t->flags & TOOL_INTO) != 0 && s->p->into_at >= 0), unsure);
		if (s->p->has_ops_set)
			e = s->p->ops_set;
		if (e != 0 && !s->p->ops_final)
			e |= s->p->ops_add;
		if (e == EFFECT_READ && (t->flags & TOOL_LINKS) != 0 && (s->p->mods & OPT_NAMED) == 0)
			e |= EFFECT_WRITE;
		path = e & (EFFECT_READ | EFFECT_WRITE | EFFECT_DELETE);
		s->a->effects |= (uint16_t)(e & ~path);
		if (tool_has(t, TOOL_HOSTS))
			scan_operand_host(s, f);
		if (path == EFFECT_READ && f->kind == CONFIDENCE_EXACT && strcmp(f->p, "-") == 0)
			continue;
		if (path != 0) {
			bool tree = ((s->p->mods & (OPT_TREE | OPT_BELOW)) | (t->flags & (TOOL_TREE | TOOL_BELOW))) != 0;
			struct field under = *f;
			/* tar -c -C DIR NAME: what stands behind it. */
			bool told = (path & ~(unsigned)EFFECT_READ) != 0 || ((s->p->mods & OPT_TREE) != 0 && s->a->ops[i] > s->p->into_at);

			if (told && s->p->into_at >= 0 && (t->flags & TOOL_INTO) == 0 && !(f->n > 0 && f->p[0] == '/') && (f->flags & FIELD_HOME) == 0 &&
			    !places_under(s, f, 0, &under))
				under = field_opaque(0);
			path_add_tree(s->w, s->a, path, &under, 0, tree && !((t->flags & TOOL_INTO) != 0 && path == EFFECT_WRITE));
		}
	}
}

/* apt-get reads a word behind a flag as its value: -s no does it after all. */
static bool dry_undone(const struct act *a)
{
	static const char *const words[] = { "no", "false", "without", "off", "disable", NULL };

	for (unsigned i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		if (f->kind != CONFIDENCE_EXACT || (f->n > 0 && strspn(f->p, "0123456789") == f->n))
			return true;
		for (unsigned k = 0; words[k] != NULL; k++) {
			if (strcmp(words[k], f->p) == 0)
				return true;
		}
	}
	return false;
}

/* A number that an option takes says how, not what is asked; an operand that is one is an address. */
static bool scan_count(const struct scan *s, unsigned i)
{
	for (unsigned k = 0; k < s->nops; k++) {
		if (s->a->ops[k] == i)
			return false;
	}
	return field_number(&s->a->argv[i]);
}

void scan_effects(struct scan *s, const struct tool *tool, unsigned from, const struct place *here)
{
	struct act *a = s->a;
	const struct parsed *p = s->p;

	a->effects |= (uint16_t)s->does;
	/* A wrapper's is for command_wrapper(). */
	if (tool->kind == TOOL_PLAIN && s->nops == 0 && !p->stop)
		a->effects |= tool->bare;
	for (unsigned i = 1; tool_has(s->tool, TOOL_ATFILE) && i < a->argc; i++) {
		if (a->argv[i].n > 0 && a->argv[i].p[0] == '@')
			scan_unknown(s, "a word @FILE, whose options are not known");
	}
	scan_operand_effects(s, from);
	places_add(s, from);
	if (tool->kind == TOOL_PLAIN && p->cwd_at >= 0)
		state_set_place(s->w, here);
	/* Tools where every query leaves the host: what is not known may be the content of a file, what a pattern becomes are their names. */
	for (unsigned i = 1; (s->tool->does & EFFECT_QUERY) != 0 && i < a->argc; i++) {
		if (a->argv[i].kind != CONFIDENCE_EXACT && !scan_count(s, i))
			a->effects |= EFFECT_NET;
	}
	if (p->dry && !dry_undone(a))
		a->effects = (uint16_t)((a->effects & ~(unsigned)(EFFECT_CHANGE | EFFECT_WRITE | EFFECT_DELETE)) | EFFECT_READ);
	/* On a terminal, what the tool may start there; and where there is one, what keys may tell it, wherever its output goes;
	 * a wrapper takes none. */
	if ((s->w->stdout_tty || s->w->r->q->has_pty) && !p->local) {
		for (const struct tool *t = s->tool; t != NULL; t = t->parent) {
			if ((t->flags & TOOL_PAGER) != 0 && s->w->stdout_tty)
				a->effects |= EFFECT_EXEC;
			if (s->w->stdout_tty || t->kind == TOOL_PLAIN)
				a->effects |= t->tty;
		}
		if ((a->effects & EFFECT_EXEC) != 0 && a->why == NULL)
			a->why = "on a terminal it starts a pager or takes keys that can run commands";
	}
}

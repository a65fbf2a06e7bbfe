/* Loops of a walk: before the body is walked, whatever it may assign is not known. */
#include <string.h>

#include "base/err.h"
#include "policy/walk.h"

#define MAX_UNROLL 16 /* rounds of a for loop over known words that are walked one by one */

/* Before a loop: whatever its body may assign is not known at its start. */
struct loop_scan {
	struct walk *w;
};

static int loop_assign(void *ctx, const struct sh_assign *a, unsigned depth)
{
	struct walk *w = ((struct loop_scan *)ctx)->w;
	const struct var_slot *v = state_get(&w->state, a->name.p, a->name.n);
	struct field f = field_opaque(0);

	(void)depth;
	if (v != NULL && (v->value.flags & FIELD_NUMERIC) != 0 && !a->append && !a->is_array && a->subscript == NULL && a->value != NULL &&
	    a->value->parts != NULL && a->value->parts->next == NULL &&
	    (a->value->parts->kind == SH_ARITH ||
	     (a->value->parts->kind == SH_DQUOTE && a->value->parts->parts != NULL && a->value->parts->parts->next == NULL &&
	      a->value->parts->parts->kind == SH_ARITH)))
		f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);
	state_set(w, a->name.p, a->name.n, &f, false);
	return 0;
}

static int loop_command(void *ctx, const struct sh_command *c, unsigned depth)
{
	struct walk *w = ((struct loop_scan *)ctx)->w;
	struct field f = field_opaque(0);
	static const char *const changes[] = { "cd", "pushd", "popd", "read", "mapfile", "readarray", "getopts", "unset", "export", "declare",
		"typeset", "local", "readonly", "printf", "set", "shift", "let", "integer", "float", "wait", NULL };

	(void)depth;
	if (c->kind == SH_FOR || c->kind == SH_SELECT)
		state_set(w, c->for_->name.p, c->for_->name.n, &f, false);
	if (c->kind == SH_FUNCTION)
		state_lose(&w->state);
	if (c->kind != SH_SIMPLE)
		return 0;
	if (c->simple->words == NULL)
		return 0;
	for (unsigned i = 0; changes[i] != NULL; i++) {
		if (!ast_word_is(c->simple->words, changes[i]))
			continue;
		if (i < 3) {
			state_set_cwd(w, &f);
		} else if (i == 14 || i == 15) {
			w->state.params_known = false;
		} else {
			for (const struct sh_word *word = c->simple->words->next; word != NULL; word = word->next) {
				char name[256];
				size_t n = ast_word_bytes(word, name, sizeof(name));

				if (n == (size_t)-1 || n > sizeof(name))
					continue;
				state_set(w, arena_copy(w->r->arena, name, n), n, &f, false);
			}
		}
	}
	if (!ast_word_exact(c->simple->words) || w->functions != NULL)
		state_lose(&w->state);
	return 0;
}

static int loop_arith_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	struct walk *w = ((struct loop_scan *)ctx)->w;

	(void)depth;
	/* ${x:=…} assigns; arithmetic only ever makes numbers of numbers, but which is not known. */
	if (p->kind == SH_PARAM && p->param->op == SH_OP_ASSIGN) {
		struct field f = field_opaque(0);

		state_set(w, p->param->name.p, p->param->name.n, &f, false);
	}
	if (p->kind == SH_ARITH) {
		for (unsigned i = 1; i < w->state.nvars; i++) {
			struct var_slot *v = &w->state.vars[i];
			struct field f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);

			if (v->set && (v->value.flags & FIELD_NUMERIC) != 0 && v->value.kind == CONFIDENCE_EXACT)
				state_set(w, v->name, v->n, &f, false);
		}
	}
	return 0;
}

static int loop_any_arith(void *ctx, const struct sh_command *c, unsigned depth)
{
	if (c->kind == SH_ARITHCMD || c->kind == SH_CFOR) {
		struct sh_part p = { .kind = SH_ARITH };

		loop_arith_part(ctx, &p, depth);
	}
	return loop_command(ctx, c, depth);
}

void walk_loop_start(struct walk *w, const struct sh_list *cond, const struct sh_list *body)
{
	struct loop_scan scan = { w };
	struct sh_visitor v = { .command = loop_any_arith, .assign = loop_assign, .part = loop_arith_part, .ctx = &scan };

	if (cond != NULL)
		ast_walk_list(cond, &v);
	ast_walk_list(body, &v);
}

/* Every walk into a loop scans its body first, so loops in loops cost their depth times their size: bounded by the parser's
 * depth, and by the budget. */
void walk_for(struct walk *w, const struct sh_command *c)
{
	const struct sh_for *f = c->for_;
	struct field fields[64], each[MAX_UNROLL], value = field_opaque(0);
	unsigned flags = FIELD_NODASH | FIELD_ROOTED | FIELD_NOSPLIT | FIELD_NUMERIC, total = 0;
	bool all_exact = true, many = false;

	if (!f->has_in) {
		flags = 0;
		all_exact = false;
	}
	for (const struct sh_word *word = f->words; word != NULL; word = word->next) {
		int n = word_fields(w, word, fields, 64);

		if (n < 0) {
			/* Too many to keep: only that each is a word. */
			flags = 0;
			all_exact = false;
			many = true;
			continue;
		}
		for (int i = 0; i < n; i++) {
			const struct field *x = &fields[i];

			total++;
			if (x->kind != CONFIDENCE_EXACT)
				all_exact = false;
			if ((x->flags & FIELD_NODASH) == 0)
				flags &= ~(unsigned)FIELD_NODASH;
			if ((x->flags & FIELD_ROOTED) == 0)
				flags &= ~(unsigned)FIELD_ROOTED;
			if ((x->flags & FIELD_NUMERIC) == 0)
				flags &= ~(unsigned)FIELD_NUMERIC;
			if (x->kind == CONFIDENCE_EXACT ? x->n == 0 || strpbrk(x->p, " \t\n*?[]\\") != NULL : (x->flags & FIELD_NOSPLIT) == 0)
				flags &= ~(unsigned)FIELD_NOSPLIT;
			value = *x;
			if (total <= MAX_UNROLL)
				each[total - 1] = *x;
		}
	}
	value.flags &= (uint8_t)~FIELD_MULTI;
	if (many || total != 1 || (value.kind != CONFIDENCE_EXACT && value.kind != CONFIDENCE_PATTERN))
		value = field_opaque(total > 0 || many ? flags : 0);
	for (const struct sh_redir *r = c->redirs; r != NULL; r = r->next)
		walk_redir(w, r);
	{
		unsigned mark = state_mark(&w->state);

		w->branch++;
		walk_loop_start(w, NULL, f->body);
		if (c->kind == SH_SELECT) {
			struct field reply = field_opaque(0);

			state_set(w, "REPLY", 5, &reply, false);
			walk_eval(w, c->at, "select asks on the terminal");
		}
		/* A few known values: each round is known by itself. */
		if (all_exact && total >= 2 && total <= MAX_UNROLL && c->kind == SH_FOR && w->unrolled < 2) {
			w->unrolled++;
			for (unsigned i = 0; i + 1 < total; i++) {
				state_again(&w->state, f->name.p, f->name.n);
				walk_assigned(w, f->name.p, f->name.n, &each[i], false, f->name_at);
				walk_list(w, f->body);
			}
			value = each[total - 1];
			state_again(&w->state, f->name.p, f->name.n);
			walk_assigned(w, f->name.p, f->name.n, &value, false, f->name_at);
			walk_list(w, f->body);
			w->unrolled--;
		} else {
			walk_assigned(w, f->name.p, f->name.n, &value, false, f->name_at);
			walk_list(w, f->body);
		}
		w->branch--;
		state_join(&w->state, mark);
		if (all_exact && total >= 2) {
			value = field_opaque(flags);
			state_set(w, f->name.p, f->name.n, &value, false);
		}
	}
}

void walk_cfor(struct walk *w, const struct sh_cfor *f)
{
	struct sh_part p = { .kind = SH_ARITH };
	struct loop_scan scan = { w };
	unsigned mark;

	word_arith(w, f->init);
	mark = state_mark(&w->state);
	walk_loop_start(w, NULL, f->body);
	loop_arith_part(&scan, &p, 0);
	word_arith(w, f->test);
	w->branch++;
	walk_list(w, f->body);
	word_arith(w, f->step);
	w->branch--;
	state_join(&w->state, mark);
}

/* Arithmetic in words: safe only where every name in it is known to hold a number. A name whose value is `a[$(cmd)]` runs cmd in
 * bash, mksh and zsh.
 *
 * The shells expand an expression first and read it afterwards: a name can grow by the value behind it, and an operator by the
 * quotes behind it. So the source is put together first, with a mark for each thing that is not its own text, and read as a whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/word_build.h"

#define MARK_NUMBER '\1' /* an integer */
#define MARK_MAYBE '\2'  /* digits and blanks, perhaps nothing */
#define MARK_QUOTE '\3'  /* where quotes begin or end: nothing */

struct source {
	struct walk *w;
	char *p;
	size_t n, room;
	bool safe;
};

static bool arith_ident(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool arith_mark(char c)
{
	return c == MARK_NUMBER || c == MARK_MAYBE || c == MARK_QUOTE;
}

/* ---- Names ----------------------------------------------------------------------------------------------------------------- */

/* Whether the variable held, at some time, what is no number: what was assigned since may have failed, for the name may be
 * readonly, and an error in a value ends the assignment but not the text. */
bool word_was_text(struct walk *w, const char *name, size_t n)
{
	const struct state *s = &w->state;
	const struct var_slot *v = state_get(s, name, n);

	if (v == NULL)
		return false;
	if (!walk_spend(w, 1 + s->ntrail / 256))
		return true;
	for (unsigned i = s->ntrail; i > 0; i--) {
		const struct var_slot *old = &s->trail[i - 1].old;

		if (s->trail[i - 1].slot == (uint32_t)(v - s->vars) && old->set && !field_number(&old->value) &&
		    (old->value.kind != CONFIDENCE_EXACT || old->value.n > 0))
			return true;
	}
	return false;
}

static bool arith_known(struct walk *w, const char *p, size_t n)
{
	const struct var_slot *v = state_get(&w->state, p, n);

	return v != NULL && field_number(&v->value) && !word_was_text(w, p, n);
}

/* simple: it is certain that the assignment takes place. Else a name that held no number before may be empty still. */
static void arith_assigned(struct walk *w, const char *p, size_t n, bool simple)
{
	const struct var_slot *v = state_get(&w->state, p, n);
	struct field f = field_opaque(FIELD_DIGITS);

	if (v != NULL && (!field_number(&v->value) || word_was_text(w, p, n)))
		f = field_opaque(0);
	else if (simple || (v != NULL && (v->value.flags & FIELD_NUMERIC) != 0))
		f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);
	state_set(w, arena_copy(w->r->arena, p, n), n, &f, false);
}

/* ++x: whichever it is, numbers stay numbers; but their values are not known. */
static void arith_changed(struct walk *w)
{
	for (unsigned i = 1; i < w->state.nvars; i++) {
		struct var_slot *v = &w->state.vars[i];

		if (v->set && (v->value.flags & FIELD_NUMERIC) != 0 && v->value.kind == CONFIDENCE_EXACT) {
			struct field f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);

			state_set(w, v->name, v->n, &f, false);
		}
	}
}

/* ---- The source as a whole ---------------------------------------------------------------------------------------------------- */

static size_t arith_blanks(const char *p, size_t n, size_t i)
{
	while (i < n && (p[i] == ' ' || p[i] == '\t' || p[i] == '\n'))
		i++;
	return i;
}

/* =5 and then the end or a comma: nothing in it can fail. */
static bool arith_plain_value(const char *p, size_t n, size_t i)
{
	size_t s;

	s = i = arith_blanks(p, n, i);
	while (i < n && word_digit(p[i]))
		i++;
	if (i == s || i - s > 9 || (p[s] == '0' && i - s > 1))
		return false;
	i = arith_blanks(p, n, i);
	return i == n || p[i] == ',';
}

/* A name at s…e. Returns false when evaluating it could run code. simple: nothing before it can fail, or skip it. */
static bool arith_name(struct walk *w, const char *p, size_t n, size_t s, size_t e, bool *simple)
{
	size_t k = arith_blanks(p, n, e);

	/* What stands next to it may become a part of it. */
	if ((s > 0 && arith_mark(p[s - 1])) || (k < n && (arith_mark(p[k]) || p[k] == '[')))
		return false;
	if (table_var(p + s, e - s) == VAR_DANGEROUS)
		return false;
	if (k < n && p[k] == '=' && (k + 1 == n || p[k + 1] != '=')) {
		*simple = *simple && arith_plain_value(p, n, k + 1);
		arith_assigned(w, p + s, e - s, *simple);
		return true;
	}
	*simple = false;
	if (!arith_known(w, p + s, e - s))
		return false;
	if (k + 1 < n && strchr("+-*/%&|^<>", p[k]) != NULL && (p[k + 1] == '=' || p[k + 1] == p[k] || arith_mark(p[k + 1])))
		arith_assigned(w, p + s, e - s, false);
	return true;
}

/* Behind **: a number without a sign. */
static bool arith_power_plain(const char *p, size_t n, size_t i)
{
	i = arith_blanks(p, n, i);
	return i < n && word_digit(p[i]);
}

/* One byte of an operator. before: the one before it, with something that may be nothing between them when gap is set. */
static bool arith_operator(char c, char before, bool gap)
{
	if (c == '\0' || strchr("+-*/%<>=!&|^~?:(), \t\n", c) == NULL)
		return false;
	return !gap || strchr("+-*/%<>=!&|^", before) == NULL || (c != '=' && c != before);
}

/* Names must be known to hold integers, or be assigned here. In zsh 1e999 and 2**-1 are no integers, and what is given 0xFF or 36#Z is
 * written with its base from then on. */
static bool arith_source(struct walk *w, const char *p, size_t n)
{
	bool simple = true, gap = false, safe = true;
	char before = ' ';

	for (size_t i = 0; i < n && safe;) {
		size_t s = i;

		if (word_digit(p[i])) {
			while (i < n && (word_digit(p[i]) || arith_ident(p[i]) || p[i] == '#' || p[i] == MARK_NUMBER || p[i] == MARK_MAYBE))
				i++;
			for (size_t k = s; k + 1 < i; k++)
				safe = safe && !(arith_mark(p[k]) && (arith_ident(p[k + 1]) || p[k + 1] == '#'));
			for (size_t k = s; k < i && w->dialect == DIALECT_ZSH; k++)
				safe = safe && (word_digit(p[k]) || arith_mark(p[k]));
		} else if (arith_ident(p[i])) {
			while (i < n && (arith_ident(p[i]) || word_digit(p[i])))
				i++;
			safe = arith_name(w, p, n, s, i, &simple);
		} else if (arith_mark(p[i])) {
			i++;
			if (p[s] != MARK_NUMBER) {
				gap = true;
				continue;
			}
		} else {
			i++;
			safe = arith_operator(p[s], before, gap) && !(w->dialect == DIALECT_ZSH && p[s] == '*' && before == '*' && !arith_power_plain(p, n, i));
			if (strchr(", \t\n=", p[s]) == NULL)
				simple = false;
			if ((p[s] == '+' || p[s] == '-') && i < n && p[i] == p[s])
				arith_changed(w);
		}
		before = p[i - 1];
		gap = false;
	}
	return safe;
}

/* ---- Putting it together -------------------------------------------------------------------------------------------------------- */

static void source_add(struct source *s, const char *p, size_t n)
{
	if (s->n + n + 1 > s->room) {
		size_t room = (s->n + n + 1) * 2;
		char *t = arena_alloc(s->w->r->arena, room);

		if (t == NULL) {
			s->w->r->failed = true;
			s->safe = false;
			return;
		}
		if (s->n > 0)
			memcpy(t, s->p, s->n);
		s->p = t;
		s->room = room;
	}
	memcpy(s->p + s->n, p, n);
	s->n += n;
}

static void source_mark(struct source *s, char mark)
{
	source_add(s, &mark, 1);
}

static void source_text(struct source *s, const struct sh_part *p)
{
	for (uint32_t i = 0; i < p->text.n; i++) {
		if (arith_mark(p->text.p[i]))
			s->safe = false;
	}
	source_add(s, p->text.p, p->text.n);
}

static void source_param(struct source *s, const struct sh_word *expr, const struct sh_part *p)
{
	struct sh_part one = *p;
	struct sh_word word = *expr;
	struct field f;

	one.next = NULL;
	one.quoted = true;
	word.parts = &one;
	word.kind = SH_WORD_VALUE;
	f = word_single(s->w, &word, WORD_VALUE);
	if (!field_number(&f) || (p->param->op == SH_OP_NONE && word_was_text(s->w, p->param->name.p, p->param->name.n)))
		s->safe = false;
	source_mark(s, (f.flags & FIELD_NUMERIC) != 0 ? MARK_NUMBER : MARK_MAYBE);
}

static void source_comsub(struct source *s, const struct sh_part *p)
{
	struct walk *w = s->w;

	if (p->kind == SH_COMSUB && (p->comsub->kind == SH_COMSUB_FUNSUB || p->comsub->kind == SH_COMSUB_VALSUB)) {
		/* It runs in this shell. */
		w->branch++;
		walk_list(w, p->comsub->body);
		w->branch--;
		state_lose(&w->state);
		w->state.params_known = false;
		s->safe = false;
		return;
	}
	walk_subshell(w, p->comsub->body, w->stdin_kind, false);
	if (p->kind == SH_PROCSUB || !word_number(w, p->comsub->body))
		s->safe = false;
	source_mark(s, MARK_MAYBE);
}

static void source_parts(struct source *s, const struct sh_word *expr, const struct sh_part *p)
{
	for (; p != NULL; p = p->next) {
		if (!walk_spend(s->w, 1)) {
			s->safe = false;
			return;
		}
		switch (p->kind) {
		case SH_LITERAL:
			source_text(s, p);
			break;
		case SH_PARAM:
			source_param(s, expr, p);
			break;
		case SH_ARITH:
			if (!word_arith(s->w, p->arith->expr))
				s->safe = false;
			source_mark(s, MARK_NUMBER);
			break;
		case SH_DQUOTE:
			source_mark(s, MARK_QUOTE);
			source_parts(s, expr, p->parts);
			source_mark(s, MARK_QUOTE);
			break;
		case SH_COMSUB:
		case SH_PROCSUB:
			source_comsub(s, p);
			break;
		default:
			s->safe = false;
			break;
		}
	}
}

bool word_arith(struct walk *w, const struct sh_word *expr)
{
	struct source s = { .w = w, .safe = true };

	if (expr == NULL)
		return true;
	source_parts(&s, expr, expr->parts);
	if (!s.safe || !arith_source(w, s.p, s.n)) {
		walk_eval(w, expr->at, "arithmetic on something that is not known to be a number can run code");
		return false;
	}
	return true;
}

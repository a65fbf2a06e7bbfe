/* Parameter expansions: a value where it is known, and an opaque act where expanding evaluates one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/word_build.h"

bool param_is(const struct sh_param *p, char c)
{
	return p->name.n == 1 && p->name.p[0] == c;
}

/* A subscript that is evaluated without being able to run code: a number, @ or *. */
static bool param_subscript_safe(const struct sh_word *s)
{
	const struct sh_part *p = s->parts;

	if (p == NULL || p->next != NULL)
		return false;
	if (p->kind == SH_GLOB)
		return p->text.n == 1 && p->text.p[0] == '*';
	if (p->kind != SH_LITERAL || p->text.n == 0)
		return false;
	if (p->text.n == 1 && (p->text.p[0] == '@' || p->text.p[0] == '*'))
		return true;
	for (uint32_t i = 0; i < p->text.n; i++) {
		if (!word_digit(p->text.p[i]))
			return false;
	}
	return true;
}

/* $x as it is now: EXACT, PATTERN or OPAQUE. known is false when it is not even known to be set. */
static struct field param_value(struct walk *w, const struct sh_param *p, bool *known)
{
	const struct var_slot *v;
	char c = p->name.n == 1 ? p->name.p[0] : 0;

	*known = false;
	if (p->name.n > 0 && word_digit(p->name.p[0])) {
		unsigned long i = strtoul(p->name.p, NULL, 10);

		if (i == 0) {
			*known = true;
			return field_opaque(0);
		}
		if (!w->state.params_known)
			return field_opaque(0);
		*known = i <= w->state.nparams;
		return *known ? w->state.params[i - 1] : field_exact(w, "", 0);
	}
	switch (c) {
	case '#':
		*known = true;
		return field_opaque(FIELD_COUNT);
	case '?':
		/* In zsh a function returns any number. */
		*known = true;
		return field_opaque(w->dialect == DIALECT_ZSH ? FIELD_NUMERIC | FIELD_NOSPLIT : FIELD_COUNT);
	case '$':
		*known = true;
		return field_opaque(FIELD_COUNT);
	case '!':
	case '-':
	case '_':
		return field_opaque(0);
	}
	v = state_get(&w->state, p->name.p, p->name.n);
	if (v != NULL) {
		*known = true;
		/* An error in the arithmetic that was to make it a number leaves it as it was. */
		if (v->value.kind == CONFIDENCE_OPAQUE && field_number(&v->value) && word_was_text(w, p->name.p, p->name.n))
			return field_opaque(0);
		return v->value;
	}
	if (p->name.n == 4 && memcmp(p->name.p, "HOME", 4) == 0) {
		struct field f = { .p = "~", .n = 1, .kind = CONFIDENCE_PATTERN, .flags = FIELD_HOME | FIELD_NODASH };

		*known = true;
		return f;
	}
	if (p->name.n == 3 && memcmp(p->name.p, "PWD", 3) == 0) {
		/* Where the way there leads through a link, it may be the directory's other name. */
		*known = true;
		return field_opaque(FIELD_NODASH);
	}
	if (p->name.n == 3 && memcmp(p->name.p, "UID", 3) == 0 && (w->dialect == DIALECT_BASH || w->dialect == DIALECT_ZSH)) {
		*known = true;
		return field_opaque(FIELD_COUNT);
	}
	return field_opaque(0);
}

static void param_positional_all(struct build *b, const struct sh_param *p, bool quoted)
{
	struct walk *w = b->w;

	if (!w->state.params_known) {
		build_unknown(b, b->mode == WORD_ARGUMENT, 0);
		return;
	}
	if (b->mode != WORD_ARGUMENT || (quoted && p->name.p[0] == '*')) {
		if (w->state.nparams == 0)
			return;
		if (w->state.nparams == 1)
			build_value(b, &w->state.params[0], true);
		else
			build_unknown(b, false, 0);
		return;
	}
	for (unsigned i = 0; i < w->state.nparams; i++) {
		if (i > 0 && b->started)
			build_finish(b);
		build_value(b, &w->state.params[i], quoted);
	}
}

/* The parser keeps parentheses of such a word as text; to zsh they may be glob qualifiers. */
static void param_scan_standing(struct walk *w, const struct sh_word *word)
{
	for (const struct sh_part *p = word->parts; p != NULL; p = p->next) {
		if (p->kind == SH_LITERAL && !p->quoted && memchr(p->text.p, '(', p->text.n) != NULL) {
			walk_eval(w, p->at, "a pattern with parentheses, which can hold qualifiers that run code");
			break;
		}
	}
	word_scan_fields(w, word);
}

/* Whether "$@" or the like stands in it, not in a substitution of its own: in quotes too it becomes any number of words. As deep as the parser
 * lets things stand in each other. */
bool param_parts_many(const struct sh_part *p)
{
	for (; p != NULL; p = p->next) {
		const struct sh_param *x = p->kind == SH_PARAM ? p->param : NULL;
		const struct sh_part *s = x != NULL && x->subscript != NULL ? x->subscript->parts : NULL;

		if (p->kind == SH_DQUOTE && param_parts_many(p->parts))
			return true;
		if (x == NULL)
			continue;
		if (param_is(x, '@') || x->op == SH_OP_OTHER || x->flags.n > 0 || (s != NULL && s->next == NULL && s->text.n == 1 && s->text.p[0] == '@'))
			return true;
		if ((x->arg != NULL && param_parts_many(x->arg->parts)) || (x->arg2 != NULL && param_parts_many(x->arg2->parts)))
			return true;
	}
	return false;
}

static void param_scan_args_now(struct walk *w, const struct sh_param *p, bool quoted)
{
	/* zsh globs the word of ${x:-word} as if it stood in place of the whole. */
	bool stands = !quoted && w->dialect == DIALECT_ZSH && (p->op == SH_OP_DEFAULT || p->op == SH_OP_ALT || p->op == SH_OP_ASSIGN);

	if (p->arg != NULL) {
		if (p->op == SH_OP_SUBSTRING)
			word_arith(w, p->arg);
		else if (stands)
			param_scan_standing(w, p->arg);
		else
			word_scan(w, p->arg);
	}
	if (p->arg2 != NULL) {
		if (p->op == SH_OP_SUBSTRING)
			word_arith(w, p->arg2);
		else
			word_scan(w, p->arg2);
	}
}

/* What stands behind the operator is expanded only when it comes to that. */
static void param_scan_args(struct walk *w, const struct sh_param *p, bool quoted)
{
	struct doubt d = walk_doubt(w);

	param_scan_args_now(w, p, quoted);
	walk_doubt_end(w, &d);
}

/* zsh assigns positional parameters in ${1:=word} and ${@::=word}; which there are then is not followed. */
static void param_scan_assigns(struct walk *w, const struct sh_param *p)
{
	if (p->op == SH_OP_ASSIGN && (param_is(p, '@') || param_is(p, '*') || (p->name.n > 0 && word_digit(p->name.p[0]))))
		w->state.params_known = false;
}

void param_build(struct build *b, const struct sh_part *part, bool quoted)
{
	struct walk *w = b->w;
	const struct sh_param *p = part->param;
	bool splits = !quoted && b->mode == WORD_ARGUMENT, known; /* or vanishes, in zsh too */
	struct field v;

	param_scan_assigns(w, p);
	splits = splits || (b->mode == WORD_ARGUMENT && ((p->arg != NULL && param_parts_many(p->arg->parts)) || (p->arg2 != NULL && param_parts_many(p->arg2->parts))));
	if (p->flags.n > 0 || p->indirect || p->op == SH_OP_OTHER) {
		param_scan_args(w, p, quoted);
		if (p->subscript != NULL)
			word_scan(w, p->subscript);
		walk_eval(w, part->at, "an expansion that evaluates the value of a variable");
		build_unknown(b, true, 0);
		return;
	}
	if (p->subscript != NULL) {
		bool safe = param_subscript_safe(p->subscript);

		if (!safe) {
			struct doubt d = walk_doubt(w);

			safe = word_arith(w, p->subscript);
			walk_doubt_end(w, &d);
		}
		param_scan_args(w, p, quoted);
		if (p->op == SH_OP_ASSIGN)
			walk_eval(w, part->at, "an expansion that assigns an element of an array");
		if (p->op == SH_OP_LENGTH && safe) {
			build_unknown(b, false, FIELD_COUNT);
			return;
		}
		if (p->op == SH_OP_TRANSFORM)
			walk_eval(w, part->at, "an expansion that evaluates the value of a variable");
		build_unknown(b, b->mode == WORD_ARGUMENT, 0);
		return;
	}
	if (param_is(p, '@') || param_is(p, '*')) {
		param_scan_args(w, p, quoted);
		if (p->op == SH_OP_NONE)
			param_positional_all(b, p, quoted);
		else if (p->op == SH_OP_LENGTH)
			build_unknown(b, false, FIELD_COUNT);
		else if (p->op == SH_OP_TRANSFORM)
			walk_eval(w, part->at, "an expansion that evaluates the value of a variable"), build_unknown(b, true, 0);
		else
			build_unknown(b, b->mode == WORD_ARGUMENT, 0);
		return;
	}
	v = param_value(w, p, &known);
	switch (p->op) {
	case SH_OP_NONE:
		build_value(b, &v, quoted);
		return;
	case SH_OP_LENGTH:
		build_unknown(b, false, FIELD_COUNT);
		return;
	case SH_OP_DEFAULT:
		if (known && v.kind == CONFIDENCE_EXACT && v.n > 0) {
			param_scan_args(w, p, quoted);
			build_value(b, &v, quoted);
			return;
		}
		/* ${count:-0} */
		if (known && field_number(&v) && p->arg != NULL && p->arg->parts != NULL && p->arg->parts->next == NULL && p->arg->parts->kind == SH_LITERAL &&
		    strspn(p->arg->parts->text.p, "0123456789") == p->arg->parts->text.n) {
			build_unknown(b, splits, FIELD_DIGITS);
			return;
		}
		break;
	case SH_OP_ASSIGN: {
		struct field f = field_opaque(0);

		param_scan_args(w, p, quoted);
		walk_assigned(w, p->name.p, p->name.n, &f, false, part->at);
		build_unknown(b, splits, 0);
		return;
	}
	case SH_OP_TRANSFORM:
		if (p->op_text.n != 2 || strchr("QUuL", p->op_text.p[1]) == NULL)
			walk_eval(w, part->at, "an expansion that evaluates the value of a variable");
		break;
	default:
		break;
	}
	param_scan_args(w, p, quoted);
	build_unknown(b, splits, 0);
}

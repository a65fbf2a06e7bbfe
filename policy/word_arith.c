/* Arithmetic in words: safe only where every name in it is known to hold a number. A name whose value is `a[$(cmd)]` runs cmd in
 * bash, mksh and zsh. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/word_build.h"

static bool arith_ident(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool arith_known(struct walk *w, const char *p, size_t n)
{
	const struct var_slot *v = state_get(&w->state, p, n);

	return v != NULL && field_number(&v->value);
}

/* Literal source of an expression. Names must be known to hold integers, or be assigned here. */
static bool arith_literal(struct walk *w, const char *p, size_t n, bool *name_open)
{
	*name_open = false;
	for (size_t i = 0; i < n;) {
		size_t s = i;

		if (word_digit(p[i])) {
			while (i < n && (word_digit(p[i]) || arith_ident(p[i]) || p[i] == '#'))
				i++;
			continue;
		}
		if (!arith_ident(p[i])) {
			if (strchr("+-*/%<>=!&|^~?:(), \t\n", p[i]) == NULL)
				return false;
			i++;
			continue;
		}
		while (i < n && (arith_ident(p[i]) || word_digit(p[i])))
			i++;
		*name_open = i == n;
		{
			size_t e = i, k = i;

			while (k < n && (p[k] == ' ' || p[k] == '\t'))
				k++;
			if (k < n && p[k] == '[')
				return false;
			if (table_var(p + s, e - s) == VAR_DANGEROUS)
				return false;
			if (k < n && p[k] == '=' && (k + 1 == n || p[k + 1] != '=')) {
				struct field f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);

				state_set(w, arena_copy(w->r->arena, p + s, e - s), e - s, &f, false);
				continue;
			}
			if (!arith_known(w, p + s, e - s))
				return false;
			if (k + 1 < n && ((p[k] == '+' && p[k + 1] == '+') || (p[k] == '-' && p[k + 1] == '-') || memchr("+-*/%&|^<>", p[k], 10)) &&
			    (p[k + 1] == '=' || p[k + 1] == p[k])) {
				struct field f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);

				state_set(w, arena_copy(w->r->arena, p + s, e - s), e - s, &f, false);
			}
		}
	}
	return true;
}

static bool arith_prefix_changes(const char *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		if ((p[i] == '+' && p[i + 1] == '+') || (p[i] == '-' && p[i + 1] == '-'))
			return true;
	}
	return false;
}

bool word_arith(struct walk *w, const struct sh_word *expr)
{
	bool safe = true, open = false;

	if (expr == NULL)
		return true;
	for (const struct sh_part *p = expr->parts; p != NULL; p = p->next) {
		switch (p->kind) {
		case SH_LITERAL:
			if (open && p->text.n > 0 && (arith_ident(p->text.p[0]) || word_digit(p->text.p[0])))
				safe = false;
			if (!arith_literal(w, p->text.p, p->text.n, &open))
				safe = false;
			if (arith_prefix_changes(p->text.p, p->text.n)) {
				/* ++x: whichever it is, numbers stay numbers; but their values are not known. */
				for (unsigned i = 1; i < w->state.nvars; i++) {
					struct var_slot *v = &w->state.vars[i];

					if (v->set && (v->value.flags & FIELD_NUMERIC) != 0 && v->value.kind == CONFIDENCE_EXACT) {
						struct field f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);

						state_set(w, v->name, v->n, &f, false);
					}
				}
			}
			break;
		case SH_PARAM: {
			struct sh_part one = *p;
			struct sh_word word = *expr;
			struct field f;

			one.next = NULL;
			one.quoted = true;
			word.parts = &one;
			word.kind = SH_WORD_VALUE;
			f = word_single(w, &word, WORD_VALUE);
			if (!field_number(&f))
				safe = false;
			open = true;
			break;
		}
		case SH_ARITH:
			if (!word_arith(w, p->arith->expr))
				safe = false;
			open = true;
			break;
		case SH_DQUOTE: {
			struct sh_word word = *expr;

			word.parts = p->parts;
			if (!word_arith(w, &word))
				safe = false;
			open = true;
			break;
		}
		case SH_COMSUB:
		case SH_PROCSUB:
			walk_subshell(w, p->comsub->body, w->stdin_kind, false);
			if (p->kind == SH_PROCSUB || !word_number(w, p->comsub->body))
				safe = false;
			open = true;
			break;
		default:
			safe = false;
			break;
		}
	}
	if (!safe)
		walk_eval(w, expr->at, "arithmetic on something that is not known to be a number can run code");
	return safe;
}

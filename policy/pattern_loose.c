/* Command patterns of rules: restrictions of tools that are not read by meaning, as the tables do not know them or an option of the pattern,
 * or as they run something else. Said yes to when in doubt. */
#include <string.h>

#include "policy/path.h"
#include "policy/pattern_fit.h"
#include "policy/walk.h"

/* A number may be an operand. */
static bool pword_option(const struct pword *w)
{
	return w->plain[0] == '-' && w->plain[1] != '\0' && strcmp(w->plain, "--") != 0 && w->plain[1 + strspn(w->plain + 1, "0123456789")] != '\0';
}

/* Programs to which all operands are alike. */
static bool operands_alike(const struct tool *t)
{
	static const char *const alike[] = { "make", "gmake", "ninja", "just", "rake", "ansible-playbook", NULL };

	for (unsigned k = 0; t != NULL && t->kind == TOOL_RUNNER && alike[k] != NULL; k++) {
		if (strcmp(t->name, alike[k]) == 0)
			return true;
	}
	return false;
}

/* Whether more operands may stand before word number i of the pattern's: behind the first, which may be a subcommand, or before it where all
 * are alike. What a wrapper runs is another command. */
static bool operands_between(const struct fit *q, unsigned i)
{
	const struct tool *t = q->a->tool;

	if (t != NULL && t->kind == TOOL_WRAP)
		return false;
	if (i > 0)
		return true;
	if (t != NULL && t->kind == TOOL_PLAIN)
		return (tool_root(t)->flags & TOOL_SUB) == 0;
	return operands_alike(t);
}

/* Whether word number at may stand between two that the pattern names: an option, or what may be its argument, or docker's `container`. */
static bool may_stand(const struct fit *q, unsigned at, unsigned i)
{
	const struct field *f = &q->a->argv[at];

	if (operands_between(q, i) || field_option(q, f) || (at > 1 && field_option(q, &q->a->argv[at - 1])))
		return true;
	return at == 1 && f->kind == CONFIDENCE_EXACT && strcmp(f->p, "container") == 0;
}

/* Whether word number at may hold the argument of the option with this letter: it holds the option, or stands behind it. */
static bool argument_at(const struct act *a, char letter, unsigned at)
{
	const char *before = a->argv[at - 1].p;

	if (a->argv[at].p[0] == '-')
		return true;
	return at > 1 && before[0] == '-' && (before[1] == '-' || (letter != '\0' && strchr(before, letter) != NULL));
}

/* The word anywhere. option: which it may be the argument of; NULL: none. */
static bool given_anywhere(const struct fit *q, const struct pword *w, const struct pword *option)
{
	const struct act *a = q->a;
	unsigned end = words_inner(a);
	char letter = option != NULL ? option_letter(a, option) : '\0';

	for (unsigned i = 1; i < end; i++) {
		if (word_within(q, w, &a->argv[i]) || (option != NULL && argument_at(a, letter, i) && argument_within(q, w, letter, &a->argv[i])))
			return true;
	}
	return false;
}

/* The words in their order, from the first on; behind the last there may be more, where the pattern does not say how many. */
static bool order_match(const struct fit *q, const struct pword *const *pw, unsigned np)
{
	bool row[514], next[514]; /* whether the words from k on are those of the pattern from i on */
	unsigned n = q->a->argc - 1;

	for (unsigned k = n + 1; k-- > 0;)
		next[k] = !q->p->open || k == n || (next[k + 1] && field_option(q, &q->a->argv[k + 1]));
	for (unsigned i = np; i-- > 0; memcpy(next, row, sizeof(next))) {
		row[n] = pw[i]->many && next[n];
		for (unsigned k = n; k-- > 0;) {
			const struct field *f = &q->a->argv[k + 1];

			if (q->opaque && f->kind == CONFIDENCE_OPAQUE && (f->flags & FIELD_MULTI) != 0)
				row[k] = true; /* whatever comes after may be among them */
			else if (pw[i]->many)
				row[k] = next[k] || row[k + 1];
			else
				row[k] = (next[k + 1] && word_within(q, pw[i], f)) || (row[k + 1] && may_stand(q, k + 1, i));
		}
	}
	return next[0];
}

/* Each of the words somewhere, where their order says nothing. */
static bool set_match(const struct fit *q, const struct pword *const *pw, unsigned np)
{
	unsigned n = 0;

	if (!operands_alike(q->a->tool))
		return false;
	for (unsigned i = 0; i < np; i++) {
		if (!pw[i]->many && (++n >= q->a->argc || !given_anywhere(q, pw[i], NULL)))
			return false;
	}
	return true;
}

bool loose_match(const struct fit *q)
{
	const struct pattern *p = q->p;
	const struct pword *order[PATTERN_WORDS];
	unsigned n = 0, operands = 0;
	bool ended = false, behind = false;

	if (p->n < 2)
		return false;
	if (q->a->argc > 513)
		return true;
	if (p->words[0].many)
		order[n++] = &p->words[0];
	for (unsigned i = 1 + signal_sent(q); i < p->n; i++) {
		const struct pword *w = &p->words[i];

		if (!ended && strcmp(w->plain, "--") == 0) {
			ended = true;
		} else if (!ended && (pword_option(w) || (strcmp(w->plain, "-") == 0 && q->a->tool != NULL && options_find(q->a->tool, "-", 1) != NULL))) {
			if (!option_given(q, w))
				return false;
			behind = true;
			continue;
		} else if (++operands > 2 && !w->many && refs_all(q->a)) {
			/* git push REMOTE REF, of all refs */
		} else if (behind && !w->many) {
			/* It may be the option's argument, which stands where that does. */
			if (!given_anywhere(q, w, w - 1))
				return false;
		} else if (i > 1 || strcmp(w->plain, "container") != 0) {
			order[n++] = w;
		}
		behind = false;
	}
	return order_match(q, order, n) || set_match(q, order, n);
}

/* Brace expansion: every alternative of a word, built like a word of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/word_build.h"

struct chain {
	const struct sh_part *part; /* one part … */
	struct chain *next;
};

static struct chain *chain_add(struct walk *w, struct chain **tail, const struct sh_part *p)
{
	struct chain *c = arena_alloc(w->r->arena, sizeof(*c));

	if (c == NULL) {
		w->r->failed = true;
		return NULL;
	}
	c->part = p;
	if (*tail != NULL)
		(*tail)->next = c;
	*tail = c;
	return c;
}

bool brace_any(const struct sh_part *p)
{
	for (; p != NULL; p = p->next) {
		if (p->kind == SH_BRACE && p->brace->kind != SH_BRACE_MAYBE)
			return true;
	}
	return false;
}

bool brace_splits(const struct sh_part *p, bool quoted)
{
	for (; p != NULL; p = p->next) {
		/* "$@" and "${a[@]}" are several words in quotes too. */
		if (p->kind == SH_PARAM && (!quoted || p->param->subscript != NULL || (p->param->name.n == 1 && strchr("@*", p->param->name.p[0]) != NULL)))
			return true;
		if ((p->kind == SH_COMSUB || p->kind == SH_ARITH) && !quoted)
			return true;
		if (p->kind == SH_DQUOTE && brace_splits(p->parts, true))
			return true;
		if (p->kind != SH_BRACE || p->brace->kind != SH_BRACE_LIST)
			continue;
		for (const struct sh_word *alt = p->brace->alts; alt != NULL; alt = alt->next) {
			if (brace_splits(alt->parts, quoted))
				return true;
		}
	}
	return false;
}

static struct sh_part *part_literal(struct walk *w, const struct sh_part *like, const char *s, size_t n)
{
	struct sh_part *p = arena_alloc(w->r->arena, sizeof(*p));

	if (p == NULL) {
		w->r->failed = true;
		return NULL;
	}
	p->kind = SH_LITERAL;
	p->at = like->at;
	p->text.p = arena_copy(w->r->arena, s, n);
	p->text.n = (uint32_t)n;
	if (p->text.p == NULL) {
		w->r->failed = true;
		return NULL;
	}
	return p;
}

static bool brace_case(char c, char from, char to)
{
	return c >= from && c <= to;
}

/* A range that leads over the signs between the capitals and the others: in bash a backslash or a backquote of it counts as if it were written. */
bool brace_live(const struct sh_part *p)
{
	const char *s = p->brace->text.p, *dots = p->brace->kind == SH_BRACE_RANGE ? strstr(s, "..") : NULL;
	char from = s[0], to;

	if (dots == NULL || strspn(s, "+-0123456789.") == strlen(s))
		return false;
	to = dots[2];
	return dots != s + 1 || (dots[3] != '\0' && dots[3] != '.') ||
	       !((brace_case(from, 'a', 'z') && brace_case(to, 'a', 'z')) || (brace_case(from, 'A', 'Z') && brace_case(to, 'A', 'Z')));
}

/* {1..9} {a..f}: the values, or NULL when it is a form that is left opaque (steps, padding, mixed). */
static struct sh_word *brace_range(struct walk *w, const struct sh_part *part)
{
	const char *s = part->brace->text.p, *dots = strstr(s, "..");
	struct sh_word *first = NULL, **tail = &first;
	long from, to, step;
	bool letters;
	char *end;

	if (dots == NULL || strstr(dots + 2, "..") != NULL)
		return NULL;
	letters = dots == s + 1 && ((s[0] >= 'a' && s[0] <= 'z') || (s[0] >= 'A' && s[0] <= 'Z')) && dots[2] != '\0' && dots[3] == '\0' &&
		  ((s[0] >= 'a') == (dots[2] >= 'a')) && ((dots[2] >= 'a' && dots[2] <= 'z') || (dots[2] >= 'A' && dots[2] <= 'Z'));
	if (letters) {
		from = s[0];
		to = dots[2];
	} else {
		if (s[0] == '0' && dots != s + 1)
			return NULL;
		if (dots[2] == '0' && dots[3] != '\0')
			return NULL;
		from = strtol(s, &end, 10);
		if (end != dots || end == s || s[0] == '+')
			return NULL;
		to = strtol(dots + 2, &end, 10);
		if (*end != '\0' || end == dots + 2 || dots[2] == '+')
			return NULL;
		if ((s[0] == '-' && s[1] == '0') || (dots[2] == '-' && dots[3] == '0'))
			return NULL;
	}
	if (labs(from) > 1000000 || labs(to) > 1000000 || labs(to - from) >= MAX_ALTS)
		return NULL;
	step = from <= to ? 1 : -1;
	for (long v = from;; v += step) {
		struct sh_word *word = arena_alloc(w->r->arena, sizeof(*word));
		char text[24];
		int n = letters ? (text[0] = (char)v, 1) : snprintf(text, sizeof(text), "%ld", v);

		if (word == NULL) {
			w->r->failed = true;
			return NULL;
		}
		word->at = part->at;
		word->parts = part_literal(w, part, text, (size_t)n);
		*tail = word;
		tail = &word->next;
		if (v == to)
			break;
	}
	return first;
}

static void brace_alternatives(struct build *b, const struct chain *done, const struct sh_part *rest, unsigned depth, unsigned *count);

/* The parts after one alternative was chosen: alternative, then the rest of the word. */
static const struct sh_part *brace_splice(struct walk *w, const struct sh_part *alt, const struct sh_part *rest)
{
	struct sh_part *first = NULL, **tail = &first;

	for (; alt != NULL && walk_spend(w, 1); alt = alt->next) {
		struct sh_part *p = arena_alloc(w->r->arena, sizeof(*p));

		if (p == NULL) {
			w->r->failed = true;
			return NULL;
		}
		*p = *alt;
		p->next = NULL;
		*tail = p;
		tail = &p->next;
	}
	*tail = (struct sh_part *)rest; /* only read */
	return first;
}

static void brace_alternatives(struct build *b, const struct chain *done, const struct sh_part *rest, unsigned depth, unsigned *count)
{
	struct walk *w = b->w;
	struct chain *mine = NULL, *tail = NULL;

	if (*count > MAX_ALTS + 1 || !walk_spend(w, 1)) {
		b->overflow = true;
		return;
	}
	if (depth > 64 || *count > MAX_ALTS) {
		/* What is not built is not walked either, and could hold a substitution: whoever asked must not go on without it. */
		walk_eval(w, rest != NULL ? rest->at : (struct sh_pos){ 0, 0, 0 }, "braces that make more words than the limit");
		b->overflow = true;
		*count = MAX_ALTS + 2;
		return;
	}
	for (const struct chain *c = done; c != NULL; c = c->next) {
		struct chain *n;

		if (!walk_spend(w, 1)) {
			b->overflow = true;
			return;
		}
		n = chain_add(w, &tail, c->part);

		if (mine == NULL)
			mine = n;
	}
	for (; rest != NULL; rest = rest->next) {
		const struct sh_word *alts = NULL;

		if (w->r->failed || !walk_spend(w, 1)) {
			b->overflow = true;
			return;
		}
		if (rest->kind == SH_BRACE && rest->brace->kind == SH_BRACE_LIST)
			alts = rest->brace->alts;
		else if (rest->kind == SH_BRACE && rest->brace->kind == SH_BRACE_RANGE)
			alts = brace_range(w, rest);
		if (alts == NULL) {
			struct chain *n = chain_add(w, &tail, rest);

			if (mine == NULL)
				mine = n;
			continue;
		}
		for (; alts != NULL; alts = alts->next)
			brace_alternatives(b, mine, brace_splice(w, alts->parts, rest->next), depth + 1, count);
		return;
	}
	(*count)++;
	for (const struct chain *c = mine; c != NULL; c = c->next) {
		if (!walk_spend(w, 1)) {
			build_unknown(b, true, 0);
			break;
		}
		build_part(b, c->part, false);
	}
	/* In zsh and mksh an alternative without a byte is an empty word, and one whose parts come to nothing may be. */
	if (!b->started && (w->dialect == DIALECT_ZSH || w->dialect == DIALECT_MKSH)) {
		if (mine == NULL)
			b->started = true;
		else
			build_unknown(b, true, 0);
	}
	if (b->started)
		build_finish(b);
}

void brace_build(struct build *b, const struct sh_part *parts)
{
	unsigned count = 0;

	brace_alternatives(b, NULL, parts, 0, &count);
}

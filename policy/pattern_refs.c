/* Command patterns of rules: what git push takes for a ref, [+]SRC:DST, in a restriction. */
#include <string.h>

#include "policy/path.h"
#include "policy/pattern_fit.h"

static bool act_pushes(const struct act *a)
{
	return a->tool != NULL && a->tool->len == 8 && memcmp(a->tool->name, "git push", 8) == 0;
}

/* A branch without what may stand before its name. */
static const char *branch_name(const char *ref)
{
	ref += strncmp(ref, "refs/", 5) == 0 && strncmp(ref + 5, "heads/", 6) == 0 ? 5 : 0;
	return ref + (strncmp(ref, "heads/", 6) == 0 ? 6 : 0);
}

/* Where it is pushed to; NULL: to nowhere that it says. */
static const char *ref_target(const char *ref)
{
	const char *colon = strchr(ref, ':');

	return branch_name(colon != NULL ? colon + 1 : ref);
}

bool ref_match(const struct fit *q, const struct pword *w, const char *s)
{
	const char *rule;
	size_t n;

	/* A pattern of +SRC or of :DST is about the sign. */
	if (!act_pushes(q->a) || strchr("+:-", w->text[0]) != NULL || s[0] == '-')
		return false;
	s += s[0] == '+';
	if (strcmp(s, ":") == 0)
		return true; /* all that there are at both ends */
	s = ref_target(s);
	rule = ref_target(w->text);
	n = strlen(s);
	return n > 0 && (strchr(s, '*') != NULL ? globs_meet(rule, strlen(rule), s, n) : glob_match(rule, s, n));
}

/* Whether the word is the option, or the beginning of its name. */
static bool says(const struct field *f, const char *option)
{
	return f->kind == CONFIDENCE_EXACT && f->n > 3 && f->n <= strlen(option) && memcmp(f->p, option, f->n) == 0;
}

bool refs_all(const struct act *a)
{
	if (!act_pushes(a))
		return false;
	for (unsigned i = 1; i < a->argc; i++) {
		if (says(&a->argv[i], "--all") || says(&a->argv[i], "--branches") || says(&a->argv[i], "--mirror"))
			return true;
	}
	return false;
}

/* A plus before a ref is --force for it, a colon --delete. */
bool refs_signed(const struct act *a, const struct pword *w)
{
	char sign = strcmp(w->plain, "-f") == 0 || strcmp(w->plain, "--force") == 0 ? '+' : ':';

	if (!act_pushes(a) || (sign == ':' && strcmp(w->plain, "-d") != 0 && strcmp(w->plain, "--delete") != 0))
		return false;
	for (unsigned i = 2; i < a->argc; i++) {
		const struct field *f = &a->argv[i];
		const char *s = f->p + (sign == ':' && f->p[0] == '+' ? 1 : 0);

		if (says(f, "--mirror") || (f->kind == CONFIDENCE_EXACT && s[0] == sign && s[1] != '\0'))
			return true;
	}
	return false;
}

/* Filling an answer: words for a person, the terms of the rule that decided, the commands that would run. */
#include "policy/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

/* Printable ASCII, for a person. */
const char *answer_text(struct arena *a, const char *s)
{
	char *t = s != NULL ? arena_copy(a, s, strlen(s)) : NULL;

	for (char *c = t; c != NULL && *c != '\0'; c++) {
		if (*c < 32 || *c > 126)
			*c = '?';
	}
	return t;
}

const char *answer_printf(struct arena *a, const char *fmt, ...)
{
	char made[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(made, sizeof(made), fmt, ap);
	va_end(ap);
	return answer_text(a, made);
}

void answer_rule(struct policy_answer *a, const struct rule *r)
{
	if (r == NULL)
		return;
	a->rule = r->id;
	a->instead = r->instead;
	a->approvers = r->approvers;
	a->napprovers = r->napprovers;
	a->approvals = r->approvals;
	a->grant_uses = r->uses;
	a->grant_ttl = r->ttl;
	a->signed_required = r->signed_required;
	a->risk = r->risk;
	a->record_digest = r->digest;
	a->end_session = r->end;
}

void answer_start(struct policy_answer *a, struct pooled *p)
{
	memset(a, 0, sizeof(*a));
	a->arena = p;
	a->verdict = a->would_be = VERDICT_DENY;
	a->confidence = CONFIDENCE_EXACT;
	a->rule = "default";
	a->reason = "no rule allows it";
	a->approvals = 1;
	a->grant_uses = 1;
	a->grant_ttl = 900;
	a->risk = "medium";
	a->enforced = true;
}

/* The word as the answer shows it. */
static const char *field_show(const struct field *f)
{
	return f->kind == CONFIDENCE_OPAQUE ? "?" : f->p;
}

/* Whether an act is a command of its own: not a wrapper that only runs another, which stands in the list by itself, and not
 * one that was there already when the text was read as another shell's. */
bool answer_shows(const struct reading *r, const struct act *x)
{
	if (x->kind != ACT_COMMAND)
		return false;
	if (x->neutral && !x->opaque && !x->covered) {
		for (const struct act *y = x->next; y != NULL; y = y->next) {
			if (y->outer == x)
				return false;
		}
	}
	for (const struct act *y = r->acts; x->again && y != x; y = y->next) {
		unsigned i = 0;

		if (y->again || y->kind != ACT_COMMAND || y->argc != x->argc)
			continue;
		while (i < x->argc && y->argv[i].kind == x->argv[i].kind && y->argv[i].n == x->argv[i].n && memcmp(y->argv[i].p, x->argv[i].p, x->argv[i].n) == 0)
			i++;
		if (i == x->argc)
			return false;
	}
	return true;
}

bool answer_commands(struct policy_answer *a, const struct reading *r, struct arena *arena)
{
	size_t n = 0;

	for (const struct act *x = r->acts; x != NULL; x = x->next) {
		if (x->kind == ACT_COMMAND)
			n++;
	}
	a->commands = arena_alloc(arena, (n + 1) * sizeof(*a->commands));
	if (a->commands == NULL)
		return false;
	for (const struct act *x = r->acts; x != NULL; x = x->next) {
		struct policy_argv *c;

		if (!answer_shows(r, x))
			continue;
		c = &a->commands[a->ncommands++];
		c->argc = x->argc;
		c->argv = arena_alloc(arena, (x->argc + 1) * sizeof(*c->argv));
		if (c->argv == NULL)
			return false;
		c->confidence = x->opaque ? CONFIDENCE_OPAQUE : (enum confidence)x->confidence;
		for (unsigned i = 0; i < x->argc; i++)
			c->argv[i] = field_show(&x->argv[i]);
	}
	return true;
}

enum confidence answer_confidence(const struct reading *r)
{
	enum confidence c = CONFIDENCE_EXACT;

	for (const struct act *x = r->acts; x != NULL; x = x->next) {
		if (x->opaque)
			return CONFIDENCE_OPAQUE;
		if (x->confidence > c)
			c = (enum confidence)x->confidence;
	}
	return c;
}

static const char *act_name(const struct act *x)
{
	if (x->kind == ACT_COMMAND && x->argc > 0)
		return x->argv[0].kind == CONFIDENCE_EXACT ? x->argv[0].p : "a command";
	return x->kind == ACT_REDIRECT ? "a redirection" : "it";
}

const char *answer_reason(struct arena *arena, const struct judgement *j, const struct act *x)
{
	char effects[96] = "";

	if (j->rule != NULL && j->rule->reason != NULL)
		return answer_text(arena, j->rule->reason);
	if (j->verdict == VERDICT_ALLOW)
		return j->rule != NULL ? "a rule allows it" : "nothing in it needs a rule";
	if (j->rule != NULL)
		return answer_printf(arena, "rule %s says %s", j->rule->id, verdict_name((enum verdict)j->verdict));
	if (x == NULL)
		return "no rule allows it";
	if (x->why != NULL)
		return answer_printf(arena, "%.80s: %.200s", act_name(x), x->why);
	{
		unsigned e = x->effects;

		for (const struct path_use *u = x->paths; u != NULL; u = u->next)
			e |= u->effects;
		table_effect_names(e & ~(unsigned)EFFECT_READ, effects, sizeof(effects));
	}
	if (x->kind == ACT_REDIRECT)
		return answer_printf(arena, "no rule allows this redirection to %s %.200s", effects[0] ? effects : "read",
				     x->paths != NULL && x->paths->path.kind != CONFIDENCE_OPAQUE && !x->paths->maybe ? x->paths->path.p : "a path that is not known");
	if (effects[0] != '\0')
		return answer_printf(arena, "no rule allows %.80s (its effects: %s)", act_name(x), effects);
	return answer_printf(arena, "no rule allows %.80s", act_name(x));
}

/* Profile and shadow rules: what is really enforced. */
void answer_verdict(const struct policy *p, struct policy_answer *a, int verdict, int shadow)
{
	a->verdict = (enum verdict)verdict;
	a->would_be = a->verdict;
	if (shadow > verdict) {
		a->would_be = (enum verdict)shadow;
		a->enforced = false;
	}
	if (p->profile == PROFILE_OBSERVE && a->verdict != VERDICT_ALLOW) {
		a->verdict = VERDICT_ALLOW;
		a->enforced = false;
	}
}

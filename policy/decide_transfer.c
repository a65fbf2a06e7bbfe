/* Whether the far end of a file transfer may run (`scp -t`, `scp -f`, `rsync --server`): a rule must name scp or rsync as it names a subsystem, what is
 * done must be known to the last word, and path rules must not stand against it. Where its paths lead on the host is not known here: the session worker
 * asks about that before the command runs (rsync) or before each file (scp), as QUESTION_FILE. */
#include <string.h>

#include "base/err.h"
#include "policy/answer.h"
#include "policy/path.h"
#include "policy/rules.h"
#include "policy/transfer.h"

/* The statement is one simple command and nothing else: nothing before it, behind it or around it touches its streams. */
static bool alone(const struct sh_ast *ast)
{
	const struct sh_andor *i = ast->list->items;
	const struct sh_pipeline *p = i != NULL ? i->pipelines : NULL;

	return p != NULL && i->next == NULL && i->sep == SH_SEQ && p->next == NULL && !p->negated && p->timed == SH_TIME_NO && p->commands->next == NULL &&
	       p->commands->kind == SH_SIMPLE && p->commands->redirs == NULL && p->commands->simple->assigns == NULL;
}

/* A word as bytes: exact, or below the home directory without a glob. NULL: it is neither. */
static const char *word(struct arena *arena, const struct field *f)
{
	char *s, *to;

	if (f->kind == CONFIDENCE_EXACT)
		return f->p[0] == '~' ? NULL : f->p; /* a name that begins with a tilde, which is not the home directory */
	if (f->kind != CONFIDENCE_PATTERN || (f->flags & FIELD_HOME) == 0 || f->p[0] != '~' || (f->p[1] != '/' && f->p[1] != '\0'))
		return NULL;
	s = to = arena_copy(arena, f->p, f->n);
	for (const char *c = f->p; s != NULL && *c != '\0'; c++) {
		if (strchr("*?[", *c) != NULL)
			return NULL;
		if (*c == '\\' && c[1] != '\0')
			c++;
		*to++ = *c;
	}
	if (s != NULL)
		*to = '\0';
	return s;
}

/* By their names alone; who only asks a person is asked later, when it is known where they lead. */
static void judge_paths(const struct scope *s, const struct transfer_plan *t, struct judgement *worst, const struct policy_path **which)
{
	static const uint16_t does[] = { EFFECT_READ, EFFECT_WRITE, EFFECT_DELETE, EFFECT_READ, EFFECT_WRITE };

	for (size_t i = 0; i < t->npaths; i++) {
		const struct policy_path *p = &t->paths[i];
		struct judgement j = judge_path(s, does[p->op], p->path, NULL, p->tree);

		if (j.verdict < 0 && s->policy->profile == PROFILE_GUARD)
			j.verdict = VERDICT_ALLOW;
		if (j.verdict < 0)
			j.verdict = VERDICT_DENY;
		if (*which == NULL || j.verdict > worst->verdict) {
			*worst = j;
			*which = p;
		}
	}
}

static bool deny(struct policy_answer *a, const struct policy *p, const char *rule, const char *reason)
{
	a->rule = rule;
	a->reason = reason;
	answer_verdict(p, a, VERDICT_DENY, VERDICT_DENY);
	return true;
}

static const char *why(struct arena *arena, const struct transfer_plan *t)
{
	return t->word == NULL ? t->why : answer_printf(arena, "%s: %.100s", t->why, t->word);
}

bool decide_transfer(const struct policy *p, const struct policy_question *q, struct policy_answer *a, struct pooled *mem, const struct sh_ast *ast,
		     struct reading *r)
{
	struct scope scope = { p, q, NULL, false };
	const size_t most = TRANSFER_PATHS_MAX + 64;
	const char **argv = arena_alloc(&mem->arena, most * sizeof(*argv));
	const struct policy_path *which = NULL;
	struct act *act = r->acts;
	struct judgement j, command, paths = { -1, NULL };
	struct transfer_plan t;
	unsigned n = 0;

	if (q->kind != QUESTION_EXEC || q->has_pty || act == NULL || act->next != NULL || act->kind != ACT_COMMAND || act->opaque || !alone(ast) ||
	    act->tool == NULL || act->argv[0].kind != CONFIDENCE_EXACT || argv == NULL)
		return false;
	for (; n < act->argc && n < most; n++) {
		argv[n] = word(&mem->arena, &act->argv[n]);
		if (argv[n] == NULL) /* not an option, so what follows is no less known */
			argv[n] = "?";
	}
	if (!transfer_is(argv, n))
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(argv[i], "?") == 0)
			return deny(a, p, "gate:transfer", "a path that is a pattern, or not known: name the file or directory (scp without -O looks for names itself)");
	}
	if (act->argc > n || transfer_read(argv, n, &t) < 0)
		return deny(a, p, "gate:transfer", act->argc > n ? "more words than a transfer has" : why(&mem->arena, &t));
	/* Command rules restrict it as they restrict any command; the effects of its near end are not its. */
	act->effects = 0;
	act->paths = NULL;
	act->why = NULL;
	command = judge_act(&scope, act);
	j = judge_other(&scope, MATCH_SUBSYSTEM, transfer_name(t.kind), strlen(transfer_name(t.kind)));
	if (j.verdict < 0)
		j.verdict = p->profile == PROFILE_GUARD ? VERDICT_ALLOW : p->otherwise;
	if (t.kind == TRANSFER_RSYNC)
		judge_paths(&scope, &t, &paths, &which);
	answer_rule(a, j.rule);
	a->reason = answer_printf(&mem->arena, j.rule != NULL ? "rule %s lets %s transfer files; each path is decided by the path rules" : "no rule lets %s%s transfer files",
				  j.rule != NULL ? j.rule->id : "", transfer_name(t.kind));
	if (command.rule != NULL && command.verdict > j.verdict) {
		j = command;
		answer_rule(a, j.rule);
		a->reason = j.rule->reason != NULL ? answer_text(&mem->arena, j.rule->reason) : answer_printf(&mem->arena, "rule %s says so", j.rule->id);
	}
	if (paths.verdict == VERDICT_DENY && j.verdict != VERDICT_DENY) {
		j = paths;
		if (j.rule == NULL)
			a->rule = "default";
		answer_rule(a, j.rule);
		a->reason = j.rule != NULL && j.rule->reason != NULL ? answer_text(&mem->arena, j.rule->reason) :
			    answer_printf(&mem->arena, j.rule != NULL ? "rule %s denies a part of it: %s" : "no rule allows the transfer to %s %s",
					  j.rule != NULL ? j.rule->id : which->op == FILE_READ ? "read" : which->op == FILE_WRITE ? "write all of" : "delete all of",
					  which->path);
	}
	answer_verdict(p, a, j.verdict, j.verdict);
	a->transfer = t.kind;
	a->transfer_argv = argv;
	a->transfer_argc = n;
	a->record_digest = true;
	return true;
}

/* One act against the rules: which apply to this identity and target, which match, and what is the strictest of them. */
#include <string.h>

#include "policy/path.h"
#include "policy/rules.h"
#include "policy/walk.h"

static bool who_is(const struct who *w, const struct policy_question *q)
{
	if (w->issuer != NULL && (q->issuer == NULL || strcmp(w->issuer, q->issuer) != 0))
		return false;
	if (w->subject != NULL && (q->subject == NULL || !glob_match(w->subject, q->subject, strlen(q->subject))))
		return false;
	if (w->ngroups == 0)
		return true;
	for (size_t i = 0; i < w->ngroups; i++) {
		for (size_t k = 0; k < q->ngroups; k++) {
			if (q->groups[k] != NULL && glob_match(w->groups[i], q->groups[k], strlen(q->groups[k])))
				return true;
		}
	}
	return false;
}

static bool on_is(const struct tag *t, const struct policy_question *q)
{
	if (strcmp(t->name, "target") == 0)
		return q->target != NULL && glob_match(t->value, q->target, strlen(q->target));
	if (strcmp(t->name, "login") == 0)
		return q->login != NULL && glob_match(t->value, q->login, strlen(q->login));
	for (size_t i = 0; i < q->ntags; i++) {
		if (strcmp(q->tags[i].name, t->name) == 0 && q->tags[i].value != NULL && glob_match(t->value, q->tags[i].value, strlen(q->tags[i].value)))
			return true;
	}
	return false;
}

bool rule_applies(const struct scope *s, const struct rule *r)
{
	bool who = r->nwho == 0;

	if (s->only != NULL)
		return r == s->only;
	if (r->shadow && !s->shadow)
		return false;
	for (size_t i = 0; i < r->nwho && !who; i++)
		who = who_is(r->who[i], s->q);
	if (!who)
		return false;
	for (size_t i = 0; i < r->non; i++) {
		if (!on_is(&r->on[i], s->q))
			return false;
	}
	return true;
}

/* What was found so far: permission (allow or approve that surely match) and restriction (approve or deny that may). */
struct found {
	const struct rule *permit[2];  /* by verdict: VERDICT_ALLOW, VERDICT_APPROVE */
	const struct rule *restrict_[3]; /* VERDICT_APPROVE, VERDICT_DENY */
};

/* Whether the act may be of the pattern, by its words or by another name of its subcommand, which then is one of the act's or not known. */
static bool restricts(const struct pattern *p, const struct act *a, uint64_t words, uint64_t none, bool opaque)
{
	bool known = a->confidence == CONFIDENCE_EXACT && (a->tool == NULL || a->tool->kind != TOOL_WRAP);

	if ((p->sub & none) == 0 && pattern_match(p, a, false, opaque))
		return true;
	for (p = p->also; p != NULL; p = p->also) {
		if ((!known || (p->needs & ~words) == 0) && (p->sub & none) == 0 && pattern_match(p, a, false, opaque))
			return true;
	}
	return false;
}

static void found_commands(const struct scope *s, const struct match *list, const struct act *a, uint64_t words, struct found *f)
{
	/* In guard a word that is not known is not taken for the worst: that profile only prevents accidents. */
	bool opaque = s->policy->profile != PROFILE_GUARD;

	uint64_t none = subcommand_plain(a) ? ~words : 0;
	const struct rule *asked = NULL;
	bool applies = false;

	for (const struct match *m = list; m != NULL; m = m->next) {
		enum verdict v;
		bool may;

		if ((m->pattern.sub & none) != 0 && m->pattern.also == NULL)
			continue; /* nearly all */
		v = (enum verdict)m->verdict;
		may = (m->pattern.needs & ~words) == 0;
		if (v == VERDICT_ALLOW ? (!may || a->opaque || f->permit[v] != NULL) : f->restrict_[v] != NULL && (v == VERDICT_DENY || f->permit[v] != NULL))
			continue;
		if (m->rule != asked) {
			/* The patterns of one rule stand together. */
			asked = m->rule;
			applies = rule_applies(s, asked);
		}
		if (!applies)
			continue;
		if (v != VERDICT_DENY && may && f->permit[v] == NULL && pattern_match(&m->pattern, a, true, opaque))
			f->permit[v] = m->rule;
		if (v != VERDICT_ALLOW && f->restrict_[v] == NULL && restricts(&m->pattern, a, words, none, opaque))
			f->restrict_[v] = m->rule;
	}
}

/* Permission by effects: every effect, and every effect on every path, must be permitted by some rule. */
struct coverage {
	const struct rule *by[2][9]; /* [ALLOW or APPROVE][bit] */
	unsigned mask[2];
};

static void coverage_read(const struct scope *s, struct coverage *c, struct found *f, unsigned effects)
{
	for (const struct match *m = s->policy->effects; m != NULL; m = m->next) {
		if (!rule_applies(s, m->rule))
			continue;
		if (m->verdict == VERDICT_DENY || m->verdict == VERDICT_APPROVE) {
			if ((m->effects & effects) != 0 && f->restrict_[m->verdict] == NULL)
				f->restrict_[m->verdict] = m->rule;
		}
		if (m->verdict == VERDICT_DENY)
			continue;
		for (unsigned bit = 0; bit < 9; bit++) {
			if ((m->effects & 1u << bit) != 0 && c->by[m->verdict][bit] == NULL)
				c->by[m->verdict][bit] = m->rule;
		}
		c->mask[m->verdict] |= m->effects;
	}
}

static const struct rule *path_rule(const struct scope *s, const struct path_use *u, unsigned bit, enum verdict v, bool sure)
{
	bool guard = s->policy->profile == PROFILE_GUARD;
	/* In the other profiles a path that is only known if a cd came through may be any. */
	bool any = u->maybe && !sure && !guard;
	uint64_t words = any ? ~(uint64_t)0 : path_words(u);

	if (!sure && (u->path.kind == CONFIDENCE_OPAQUE || u->some) && guard)
		return NULL;
	for (const struct match *m = s->policy->paths[v][bit]; m != NULL; m = m->next) {
		if ((m->needs & ~words) == 0 && (any || (u->tree ? path_match_tree(m->glob, u, sure) : path_match(m->glob, u, sure))) && rule_applies(s, m->rule))
			return m->rule;
	}
	return NULL;
}

static unsigned all_effects(const struct act *a)
{
	unsigned e = a->effects;

	for (const struct path_use *u = a->paths; u != NULL; u = u->next)
		e |= u->effects;
	return e;
}

/* Finds the permission, if there is one, and its rule. */
static void coverage_apply(const struct scope *s, const struct act *a, const struct coverage *c, struct found *f)
{
	enum verdict worst = VERDICT_ALLOW;
	const struct rule *rule[2] = { NULL, NULL };

	if (a->opaque || (a->effects & EFFECT_UNKNOWN) != 0)
		return;
	for (unsigned bit = 0; bit < 8; bit++) {
		const struct rule *r;

		if ((a->effects & 1u << bit) == 0)
			continue;
		r = c->by[VERDICT_ALLOW][bit];
		if (r != NULL) {
			if (rule[0] == NULL)
				rule[0] = r;
			continue;
		}
		r = c->by[VERDICT_APPROVE][bit];
		if (r == NULL)
			return;
		worst = VERDICT_APPROVE;
		rule[1] = r;
	}
	for (const struct path_use *u = a->paths; u != NULL; u = u->next) {
		for (unsigned bit = 0; bit < 3; bit++) {
			const struct rule *r = NULL;

			if ((u->effects & 1u << bit) == 0)
				continue;
			r = c->by[VERDICT_ALLOW][bit];
			if (r == NULL)
				r = path_rule(s, u, bit, VERDICT_ALLOW, true);
			if (r != NULL) {
				/* Name the rule about the greatest effect. */
				if (rule[0] == NULL || bit > 0)
					rule[0] = r;
				continue;
			}
			r = c->by[VERDICT_APPROVE][bit];
			if (r == NULL)
				r = path_rule(s, u, bit, VERDICT_APPROVE, true);
			if (r == NULL)
				return;
			worst = VERDICT_APPROVE;
			rule[1] = r;
		}
	}
	/* A run without any effect (`true` has read): permitted where anything is read. */
	if (rule[worst] == NULL)
		rule[worst] = c->by[VERDICT_ALLOW][0];
	if (rule[worst] != NULL && f->permit[worst] == NULL)
		f->permit[worst] = rule[worst];
}

unsigned rules_hash(const char *p)
{
	uint32_t h = 2166136261u;

	for (; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	return (h ^ h >> 13) % RULES_HASH;
}

static struct judgement found_judgement(const struct found *f)
{
	struct judgement j = { -1, NULL };

	if (f->restrict_[VERDICT_DENY] != NULL) {
		j.verdict = VERDICT_DENY;
		j.rule = f->restrict_[VERDICT_DENY];
	} else if (f->permit[VERDICT_APPROVE] != NULL) {
		j.verdict = VERDICT_APPROVE;
		j.rule = f->permit[VERDICT_APPROVE];
	} else if (f->permit[VERDICT_ALLOW] != NULL) {
		j.verdict = f->restrict_[VERDICT_APPROVE] != NULL ? VERDICT_APPROVE : VERDICT_ALLOW;
		j.rule = j.verdict == VERDICT_APPROVE ? f->restrict_[VERDICT_APPROVE] : f->permit[VERDICT_ALLOW];
	}
	return j;
}

/* What writes or deletes without a place that the tables could tell may do so anywhere, in a place that a rule restricts as well. */
static void found_anywhere(const struct scope *s, const struct act *a, struct found *f)
{
	unsigned effects = a->effects & (EFFECT_WRITE | EFFECT_DELETE);

	if (effects == 0 || s->policy->profile == PROFILE_GUARD || (a->tool != NULL && (a->tool->flags & TOOL_OWN) != 0))
		return;
	for (enum verdict v = VERDICT_APPROVE; v <= VERDICT_DENY; v++) {
		for (unsigned bit = 0; bit < 3; bit++) {
			for (const struct match *m = (effects & 1u << bit) != 0 ? s->policy->paths[v][bit] : NULL; m != NULL && f->restrict_[v] == NULL; m = m->next) {
				if (rule_applies(s, m->rule))
					f->restrict_[v] = m->rule;
			}
		}
	}
}

struct judgement judge_act(const struct scope *s, const struct act *a)
{
	struct found f;
	struct coverage c;
	uint64_t words = act_words(a);
	bool named;

	memset(&f, 0, sizeof(f));
	memset(&c, 0, sizeof(c));
	if (a->kind == ACT_COMMAND && a->argc > 0) {
		const char *name = a->argv[0].kind == CONFIDENCE_EXACT || field_home(&a->argv[0]) ? a->argv[0].p : NULL;

		if (name != NULL && strrchr(name, '/') != NULL)
			name = strrchr(name, '/') + 1;
		if (name != NULL)
			found_commands(s, s->policy->by_name[rules_hash(name)], a, words, &f);
	}
	if (a->kind != ACT_REDIRECT)
		found_commands(s, s->policy->by_any, a, words, &f);
	/* A rule that names the command knows better than the tables where it writes. */
	named = f.permit[VERDICT_ALLOW] != NULL || f.permit[VERDICT_APPROVE] != NULL;
	coverage_read(s, &c, &f, all_effects(a));
	if (!(a->neutral && a->kind == ACT_COMMAND))
		coverage_apply(s, a, &c, &f);
	if (!named && (f.permit[VERDICT_ALLOW] != NULL || f.permit[VERDICT_APPROVE] != NULL))
		found_anywhere(s, a, &f);
	for (const struct path_use *u = a->paths; u != NULL; u = u->next) {
		for (unsigned bit = 0; bit < 3; bit++) {
			if ((u->effects & 1u << bit) == 0)
				continue;
			for (enum verdict v = VERDICT_APPROVE; v <= VERDICT_DENY; v++) {
				if (f.restrict_[v] == NULL)
					f.restrict_[v] = path_rule(s, u, bit, v, false);
			}
		}
	}
	return found_judgement(&f);
}

/* Whether a component is "..". */
static bool path_climbs(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")) != NULL; p++) {
		if ((p == path || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
			return true;
	}
	return false;
}

struct judgement judge_path(const struct scope *s, unsigned effects, const char *path, const char *home, bool tree)
{
	struct found f;
	struct coverage c;
	bool covered = true;
	enum verdict worst = VERDICT_ALLOW;
	const struct rule *by[2] = { NULL, NULL };

	memset(&f, 0, sizeof(f));
	memset(&c, 0, sizeof(c));
	coverage_read(s, &c, &f, effects);
	for (unsigned bit = 0; bit < 3; bit++) {
		const struct rule *r[3] = { c.by[0][bit], c.by[1][bit], NULL };
		bool dots = path_climbs(path);

		if ((effects & 1u << bit) == 0)
			continue;
		for (enum verdict v = dots ? VERDICT_APPROVE : VERDICT_ALLOW; v <= VERDICT_DENY; v++) {
			for (const struct match *m = s->policy->paths[v][bit]; m != NULL && r[v] == NULL; m = m->next) {
				/* A rule for a tree must permit all of it; one that restricts a part of it restricts it all. */
				bool permits = tree ? path_covers(m->glob, path, home) : path_match_text(m->glob, path, home);
				bool forbids = v != VERDICT_ALLOW && (tree ? path_touches(m->glob, path, home) : permits);

				if ((v == VERDICT_DENY ? !forbids : !permits && !forbids) || !rule_applies(s, m->rule))
					continue;
				if (v == VERDICT_APPROVE && !permits)
					f.restrict_[VERDICT_APPROVE] = m->rule;
				else
					r[v] = m->rule;
			}
		}
		if (r[VERDICT_DENY] != NULL)
			f.restrict_[VERDICT_DENY] = r[VERDICT_DENY];
		if (r[VERDICT_APPROVE] != NULL) {
			worst = VERDICT_APPROVE;
			by[1] = r[VERDICT_APPROVE];
		} else if (r[VERDICT_ALLOW] != NULL) {
			by[0] = r[VERDICT_ALLOW];
		} else {
			covered = false;
		}
	}
	if (covered && by[worst] != NULL)
		f.permit[worst] = by[worst];
	return found_judgement(&f);
}

struct judgement judge_other(const struct scope *s, enum match_kind kind, const char *text, size_t len)
{
	struct found f;

	memset(&f, 0, sizeof(f));
	for (const struct match *m = s->policy->others; m != NULL; m = m->next) {
		if (m->kind != kind || !glob_match(m->glob, text, len) || !rule_applies(s, m->rule))
			continue;
		if (m->verdict == VERDICT_DENY)
			f.restrict_[VERDICT_DENY] = m->rule;
		else if (f.permit[m->verdict] == NULL)
			f.permit[m->verdict] = m->rule;
	}
	return found_judgement(&f);
}

/* Permission for a wrapper by a rule that names every word: with ** in it a rule speaks of the wrapper's words, not of any
 * command that may stand behind it. */
static struct judgement judge_spelled(const struct scope *s, const struct act *a)
{
	struct found f;

	memset(&f, 0, sizeof(f));
	if (a->kind == ACT_COMMAND && a->argc > 0 && a->argv[0].kind == CONFIDENCE_EXACT && !a->opaque) {
		const char *name = strrchr(a->argv[0].p, '/') != NULL ? strrchr(a->argv[0].p, '/') + 1 : a->argv[0].p;

		for (const struct match *m = s->policy->by_name[rules_hash(name)]; m != NULL; m = m->next) {
			if (m->verdict == VERDICT_DENY || m->pattern.open || f.permit[m->verdict] != NULL)
				continue;
			if (pattern_spells(&m->pattern, a) && rule_applies(s, m->rule))
				f.permit[m->verdict] = m->rule;
		}
	}
	return found_judgement(&f);
}

/* What a rule, or the profile, says of one act; verdict -1 with *silent true: the act has no say. */
static struct judgement judge_one(const struct scope *s, const struct act *a, bool *silent)
{
	struct judgement j = judge_act(s, a);

	*silent = false;
	/* A wrapper, or a call of a function of this text, has a say only where a rule restricts it. */
	if (a->neutral && !a->opaque && j.verdict <= VERDICT_ALLOW) {
		*silent = true;
		return j;
	}
	/* A rule that spells out the whole of a wrapper's words holds for what it runs, where no rule speaks of that. */
	for (const struct act *o = a->outer; o != NULL && j.verdict < 0 && !a->opaque; o = o->outer)
		j = judge_spelled(s, o);
	if (s->only != NULL)
		return j;
	if (j.verdict < 0)
		j.verdict = s->policy->profile == PROFILE_GUARD ? VERDICT_ALLOW : s->policy->otherwise;
	/* Code that comes on standard input is at best for a person to decide. */
	if (a->code_stdin && j.verdict == VERDICT_ALLOW && s->policy->profile == PROFILE_ENFORCE)
		j.verdict = VERDICT_APPROVE;
	return j;
}

struct judgement judge_acts(const struct scope *s, const struct reading *r, const struct act **which)
{
	struct judgement worst = { -1, NULL };
	bool all = true, any = false;

	*which = NULL;
	for (const struct act *a = r->acts; a != NULL && worst.verdict < VERDICT_DENY; a = a->next) {
		struct judgement j;
		bool silent;

		if (a->kind == ACT_REDIRECT && a->paths == NULL)
			continue; /* to a harmless device */
		j = judge_one(s, a, &silent);
		if (silent)
			continue;
		any = true;
		if (j.verdict < 0)
			all = false;
		if (*which == NULL || j.verdict > worst.verdict) {
			worst = j;
			*which = a;
		}
	}
	if (!any) {
		/* Nothing runs: assignments, harmless redirections, an empty text. */
		worst.verdict = s->only != NULL ? -1 : VERDICT_ALLOW;
	} else if (s->only != NULL && !all && worst.verdict <= VERDICT_ALLOW) {
		worst.verdict = -1; /* a rule alone allows a statement only when it allows all of it */
	}
	return worst;
}

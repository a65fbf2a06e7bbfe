/* The schema of rules: who, where, what they match, and their terms. Every mistake is a line with its place and the fix. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/destination.h"
#include "policy/load.h"
#include "policy/path.h"

void *load_alloc(struct load *l, size_t n)
{
	void *p = arena_alloc(&l->p->arena, n);

	if (p == NULL)
		l->nomem = true;
	return p;
}

const char **load_strs(struct load *l, const struct yaml_node *m, const char *key, bool required, size_t *n)
{
	const char **from = NULL, **to;

	*n = 0;
	if (!yaml_strs(l->d, m, key, required, &from, n))
		return NULL;
	to = load_alloc(l, (*n + 1) * sizeof(*to));
	if (to != NULL && *n > 0)
		memcpy(to, from, *n * sizeof(*to));
	free(from);
	if (to == NULL)
		*n = 0;
	return to;
}

/* ---- who ------------------------------------------------------------------------------------------------------------ */

void load_who(struct load *l, const struct yaml_node *root)
{
	static const char *const keys[] = { "issuer", "subject", "groups", NULL };
	const struct yaml_node *m = yaml_map(l->d, root, "who", false);

	if (m == NULL)
		return;
	l->p->who = load_alloc(l, (m->n + 1) * sizeof(*l->p->who));
	if (l->p->who == NULL)
		return;
	for (size_t i = 0; i < m->n; i++) {
		struct who *w = &l->p->who[l->p->nwho++];

		w->name = m->keys[i];
		if (!yaml_known_keys(l->d, m->items[i], "a who entry", keys))
			continue;
		yaml_str(l->d, m->items[i], "issuer", false, &w->issuer);
		yaml_str(l->d, m->items[i], "subject", false, &w->subject);
		w->groups = load_strs(l, m->items[i], "groups", false, &w->ngroups);
		if (w->issuer == NULL && w->subject == NULL && w->ngroups == 0)
			yaml_error(l->d, m->items[i], "'%s' names nobody; give issuer, subject or groups", w->name);
		else if (w->subject != NULL && w->issuer == NULL)
			yaml_error(l->d, m->items[i], "'%s' has a subject without an issuer; two issuers may know the same subject, so name it", w->name);
	}
}

static void load_rule_who(struct load *l, const struct yaml_node *m, struct rule *r)
{
	size_t n;
	const char **names = load_strs(l, m, "who", false, &n);

	if (names == NULL)
		return;
	r->who = load_alloc(l, (n + 1) * sizeof(*r->who));
	for (size_t i = 0; r->who != NULL && i < n; i++) {
		size_t k = 0;

		while (k < l->p->nwho && strcmp(l->p->who[k].name, names[i]) != 0)
			k++;
		if (k == l->p->nwho)
			yaml_error(l->d, yaml_get(m, "who"), "'%s' is not in the file's who section; add it there", names[i]);
		else
			r->who[r->nwho++] = &l->p->who[k];
	}
}

static void load_rule_on(struct load *l, const struct yaml_node *m, struct rule *r)
{
	const struct yaml_node *on = yaml_map(l->d, m, "on", false);

	if (on == NULL)
		return;
	r->on = load_alloc(l, (on->n + 1) * sizeof(*r->on));
	for (size_t i = 0; r->on != NULL && i < on->n; i++) {
		if (on->items[i]->kind != YAML_SCALAR) {
			yaml_error(l->d, on->items[i], "a target condition is one glob, like  role: web");
			continue;
		}
		r->on[r->non].name = on->keys[i];
		r->on[r->non++].value = on->items[i]->text;
	}
}

/* ---- what a rule matches ----------------------------------------------------------------------------------------------- */

static void load_index(struct policy *p, struct match *m)
{
	struct match **at;

	switch (m->kind) {
	case MATCH_COMMAND:
		if (m->pattern.words[0].literal) {
			const char *name = m->pattern.words[0].plain, *slash = strrchr(name, '/');

			at = &p->by_name[rules_hash(slash != NULL ? slash + 1 : name)];
		} else {
			at = &p->by_any;
		}
		break;
	case MATCH_EFFECTS:
		at = &p->effects;
		break;
	case MATCH_PATH:
		at = &p->paths[m->verdict][m->effects == EFFECT_READ ? 0 : m->effects == EFFECT_WRITE ? 1 : 2];
		break;
	default:
		at = &p->others;
		break;
	}
	/* In the file's order, so that the first rule of several is the one that is named. */
	while (*at != NULL)
		at = &(*at)->next;
	*at = m;
}

static struct match *load_match(struct load *l, struct rule *r, enum verdict v, enum match_kind kind)
{
	struct match *m = load_alloc(l, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->kind = kind;
	m->verdict = v;
	m->rule = r;
	r->nmatches++;
	return m;
}

static void load_command(struct load *l, struct rule *r, enum verdict v, const struct yaml_node *at)
{
	struct pattern made[256];
	unsigned n;
	const char *why;

	if (pattern_compile(&l->p->arena, at->text, made, 256, &n, &why) != ERR_OK) {
		yaml_error(l->d, at, "pattern \"%s\": %s", at->text, why != NULL ? why : "no memory");
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		struct match *m;

		if (v == VERDICT_ALLOW && made[i].words[0].many && made[i].n == 1 && l->p->profile == PROFILE_ENFORCE) {
			yaml_error(l->d, at, "allow \"**\" allows every command; write the commands, or use profile: guard");
			return;
		}
		if (v != VERDICT_ALLOW && !pattern_alias(&l->p->arena, &made[i])) {
			yaml_error(l->d, at, "pattern \"%s\": no memory", at->text);
			return;
		}
		m = load_match(l, r, v, MATCH_COMMAND);
		if (m == NULL)
			return;
		m->pattern = made[i];
		load_index(l->p, m);
	}
}

/* A pattern of destinations: names are matched in lower case. NULL: it can match none, which has been said. */
static const char *load_destination(struct load *l, const struct yaml_node *at, const char *glob)
{
	struct why why = { "" };
	size_t n = strlen(glob);
	char *low;

	if (destination_pattern(glob, &why) < 0) {
		yaml_error(l->d, at, "'%s' %s", glob, why.text);
		return NULL;
	}
	low = load_alloc(l, n + 1);
	for (size_t i = 0; low != NULL && i <= n; i++)
		low[i] = (char)(glob[0] != '/' && glob[i] >= 'A' && glob[i] <= 'Z' ? glob[i] + ('a' - 'A') : glob[i]);
	return low;
}

static void load_special(struct load *l, struct rule *r, enum verdict v, const struct yaml_node *at)
{
	static const char *const keys[] = { "effects", "read", "write", "delete", "env", "forward", "subsystem", "request", "shell", "listen", NULL };
	static const uint8_t kinds[] = { MATCH_EFFECTS, MATCH_PATH, MATCH_PATH, MATCH_PATH, MATCH_ENV, MATCH_FORWARD, MATCH_SUBSYSTEM, MATCH_REQUEST, MATCH_SHELL, MATCH_LISTEN };
	static const uint16_t does[] = { 0, EFFECT_READ, EFFECT_WRITE, EFFECT_DELETE, 0, 0, 0, 0, 0, 0 };

	if (!yaml_known_keys(l->d, at, "an entry that is not a command pattern", keys))
		return;
	if (at->n == 0)
		yaml_error(l->d, at, "an empty entry; write a command pattern, or one of effects, read, write, delete, env, forward, subsystem, request, shell, listen");
	for (unsigned k = 0; keys[k] != NULL; k++) {
		size_t n;
		const char **list;
		unsigned bits = 0;

		if (yaml_get(at, keys[k]) == NULL)
			continue;
		list = load_strs(l, at, keys[k], true, &n);
		for (size_t i = 0; list != NULL && i < n; i++) {
			struct match *m;

			if (kinds[k] == MATCH_EFFECTS) {
				int b = table_effects(list[i], strlen(list[i]));

				if (b <= 0)
					yaml_error(l->d, yaml_get(at, keys[k]), "'%s' is not an effect; they are read, write, delete, exec, net, priv, change, query", list[i]);
				else
					bits |= (unsigned)b;
				continue;
			}
			if (kinds[k] == MATCH_PATH && list[i][0] != '/' && list[i][0] != '~' && strncmp(list[i], "**/", 3) != 0) {
				yaml_error(l->d, yaml_get(at, keys[k]), "path '%s' must begin with /, ~/ or **/", list[i]);
				continue;
			}
			if (kinds[k] == MATCH_PATH && strstr(list[i], "..") != NULL) {
				yaml_error(l->d, yaml_get(at, keys[k]), "path '%s' holds '..', which never matches; write the path without it", list[i]);
				continue;
			}
			if ((kinds[k] == MATCH_FORWARD || kinds[k] == MATCH_LISTEN) && (list[i] = load_destination(l, yaml_get(at, keys[k]), list[i])) == NULL)
				continue;
			m = load_match(l, r, v, (enum match_kind)kinds[k]);
			if (m == NULL)
				return;
			m->glob = list[i];
			m->effects = does[k];
			m->needs = kinds[k] == MATCH_PATH ? path_needs(list[i]) : 0;
			load_index(l->p, m);
		}
		if (kinds[k] == MATCH_EFFECTS && bits != 0) {
			struct match *m = load_match(l, r, v, MATCH_EFFECTS);

			if (m == NULL)
				return;
			m->effects = (uint16_t)bits;
			load_index(l->p, m);
		}
	}
}

static void load_verdict(struct load *l, const struct yaml_node *rule, struct rule *r, const char *key, enum verdict v)
{
	const struct yaml_node *list = yaml_get(rule, key);

	if (list == NULL)
		return;
	if (list->kind != YAML_LIST) {
		yaml_error(l->d, list, "%s is a list, like  %s: [\"systemctl status *\"]", key, key);
		return;
	}
	for (size_t i = 0; i < list->n; i++) {
		const struct yaml_node *at = list->items[i];

		if (at->kind == YAML_SCALAR)
			load_command(l, r, v, at);
		else if (at->kind == YAML_MAP)
			load_special(l, r, v, at);
		else
			yaml_error(l->d, at, "a list inside of %s; write its entries into it", key);
	}
}

/* ---- rules ---------------------------------------------------------------------------------------------------------------- */

static void load_rule_tests(struct load *l, const struct yaml_node *m, struct rule *r)
{
	static const char *const keys[] = { "allow", "approve", "deny", "not", NULL };

	r->tests = yaml_map(l->d, m, "tests", false);
	if (r->tests == NULL || !yaml_known_keys(l->d, r->tests, "tests", keys))
		return;
	for (unsigned k = 0; keys[k] != NULL; k++) {
		size_t n;

		if (yaml_get(r->tests, keys[k]) != NULL)
			load_strs(l, r->tests, keys[k], true, &n);
	}
}

static bool load_id(const char *s)
{
	for (const char *c = s; *c != '\0'; c++) {
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("._-", *c) != NULL))
			return false;
	}
	return *s != '\0' && strlen(s) <= 64;
}

static void load_rule(struct load *l, const struct yaml_node *m)
{
	static const char *const keys[] = { "id", "who", "on", "allow", "approve", "deny", "approvers", "approvals", "grant", "reason", "instead",
		"risk", "tests", "shadow", "pty", "record", "on_denial", "signed", NULL };
	static const char *const grant_keys[] = { "uses", "ttl", NULL };
	static const char *const risks[] = { "low", "medium", "high", NULL };
	static const char *const raw[] = { "raw", NULL };
	static const char *const digest[] = { "full", "digest", NULL };
	static const char *const ends[] = { "keep", "end", NULL };
	static const char *const required[] = { "optional", "required", NULL };
	struct rule *r;
	const struct yaml_node *grant;
	const char *id = NULL;
	uint64_t v;
	unsigned c;

	if (!yaml_known_keys(l->d, m, "a rule", keys) && m->kind != YAML_MAP)
		return;
	r = load_alloc(l, sizeof(*r));
	if (r == NULL)
		return;
	r->line = m->line;
	r->from_pack = l->pack != NULL;
	r->approvals = 1;
	r->uses = 1;
	r->ttl = 900;
	r->risk = "medium";
	if (!yaml_str(l->d, m, "id", true, &id))
		id = "?";
	else if (!load_id(id))
		yaml_error(l->d, yaml_get(m, "id"), "id '%s' may hold letters, digits, . _ and -, at most 64", id);
	else if (l->pack == NULL && strncmp(id, "core.", 5) == 0)
		yaml_error(l->d, yaml_get(m, "id"), "ids that begin with core. belong to the packs; choose another");
	r->id = id;
	for (const struct rule *o = l->p->rules; o != NULL; o = o->next) {
		if (strcmp(o->id, r->id) == 0 && strcmp(id, "?") != 0)
			yaml_error(l->d, yaml_get(m, "id"), "rule '%s' is there twice (line %u); ids name one rule", r->id, o->line);
	}
	load_rule_who(l, m, r);
	load_rule_on(l, m, r);
	load_verdict(l, m, r, "allow", VERDICT_ALLOW);
	load_verdict(l, m, r, "approve", VERDICT_APPROVE);
	load_verdict(l, m, r, "deny", VERDICT_DENY);
	r->approvers = load_strs(l, m, "approvers", false, &r->napprovers);
	if (yaml_uint(l->d, m, "approvals", 1, 16, &v))
		r->approvals = (unsigned)v;
	if (yaml_get(m, "approve") == NULL) {
		static const char *const only[] = { "approvers", "approvals", "grant", "signed", NULL };

		for (unsigned i = 0; only[i] != NULL; i++) {
			if (yaml_get(m, only[i]) != NULL)
				yaml_error(l->d, yaml_get(m, only[i]), "%s means nothing in a rule without approve; remove it, or say what is to be approved", only[i]);
		}
	}
	grant = yaml_map(l->d, m, "grant", false);
	if (grant != NULL && yaml_known_keys(l->d, grant, "grant", grant_keys)) {
		if (yaml_uint(l->d, grant, "uses", 1, 10000, &v))
			r->uses = (unsigned)v;
		if (yaml_seconds(l->d, grant, "ttl", 1, 30 * 86400, &v))
			r->ttl = (unsigned)v;
	}
	yaml_str(l->d, m, "reason", false, &r->reason);
	yaml_str(l->d, m, "instead", false, &r->instead);
	if (yaml_choice(l->d, m, "risk", risks, &c))
		r->risk = risks[c];
	yaml_bool(l->d, m, "shadow", &r->shadow);
	l->p->any_shadow = l->p->any_shadow || r->shadow;
	if (yaml_choice(l->d, m, "pty", raw, &c))
		r->pty_raw = true;
	if (yaml_choice(l->d, m, "record", digest, &c))
		r->digest = c == 1;
	if (yaml_choice(l->d, m, "on_denial", ends, &c))
		r->end = c == 1;
	if (yaml_choice(l->d, m, "signed", required, &c))
		r->signed_required = c == 1;
	if (r->nmatches == 0 && !r->pty_raw && l->d->mistakes == 0)
		yaml_error(l->d, m, "rule '%s' matches nothing; give allow, approve or deny", r->id);
	load_rule_tests(l, m, r);
	*l->p->tail = r;
	l->p->tail = &r->next;
	l->p->nrules++;
}

void load_rules(struct load *l, const struct yaml_node *root)
{
	const struct yaml_node *rules = yaml_list(l->d, root, "rules", false);

	for (size_t i = 0; rules != NULL && i < rules->n && !l->nomem; i++) {
		if (l->p->nrules == MAX_RULES) {
			yaml_error(l->d, rules->items[i], "more than %d rules", MAX_RULES);
			return;
		}
		load_rule(l, rules->items[i]);
	}
}

/* The part of the configuration that says who may speak: issuers of tokens, and the roles on the API. */
#include <stdlib.h>
#include <string.h>

#include "approve/config_internal.h"

static const char *const algorithms[] = { "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", NULL };
static const char *const types[] = { "absent", "JWT", "at+jwt", "", NULL }; /* "" is absent, too */
static const char *const formats[] = { "array", "space", "comma", NULL };

static void check_words(struct config *c, const struct yaml_node *at, const char *what, const struct config_strings *s,
			const char *const *words)
{
	size_t k;

	for (size_t i = 0; i < s->n; i++) {
		for (k = 0; words[k] != NULL && strcmp(words[k], s->v[i]) != 0; k++)
			;
		if (words[k] == NULL)
			yaml_error(&c->doc, at, "\"%.32s\" is no %s that is known here: use %s, %s, %s…", s->v[i], what,
				   words[0], words[1], words[2]);
	}
}

static void check_pointer(struct config *c, const struct yaml_node *m, const char *key, const char *text)
{
	if (text[0] != '/')
		yaml_error(&c->doc, yaml_get(m, key), "\"%s\" must be a JSON Pointer, such as /sub or /realm_access/roles", key);
}

static void load_claims(struct config *c, const struct yaml_node *m, struct config_issuer *is)
{
	const struct yaml_node *claims = yaml_map(&c->doc, m, "required_claims", false);

	if (claims == NULL || claims->n == 0)
		return;
	is->required = config_take(c, claims->n * sizeof(*is->required));
	for (size_t i = 0; is->required != NULL && i < claims->n; i++) {
		if (claims->items[i]->kind != YAML_SCALAR) {
			yaml_error(&c->doc, claims->items[i], "a required claim is NAME: GLOB");
			continue;
		}
		is->required[is->n_required].name = claims->keys[i];
		is->required[is->n_required++].glob = claims->items[i]->text;
	}
}

static void load_issuer(struct config *c, const struct yaml_node *m, struct config_issuer *is)
{
	static const char *const keys[] = { "name", "issuer", "audiences", "algorithms", "types", "jwks_file", "jwks_url", "ca_file",
					    "subject", "groups", "groups_format", "required_claims", "max_age", "clock_skew", "single_use",
					    "lifetime", NULL };
	static const char *default_types[] = { "", "JWT", "at+jwt" }, *default_algorithms[] = { "RS256" };
	unsigned format = 0;

	is->node = m;
	if (!yaml_known_keys(&c->doc, m, "an issuer", keys) && m->kind != YAML_MAP)
		return;
	config_name(c, m, "name", 32, &is->name);
	if (is->name != NULL && (strcmp(is->name, "local") == 0 || strcmp(is->name, "mtls") == 0))
		yaml_error(&c->doc, yaml_get(m, "name"), "the name \"%s\" is taken: choose another", is->name);
	config_url(c, m, "issuer", true, &is->issuer);
	config_strs(c, m, "audiences", true, &is->audiences);
	if (yaml_get(m, "audiences") != NULL && is->audiences.n == 0)
		yaml_error(&c->doc, yaml_get(m, "audiences"), "at least one audience is needed: what the token's `aud` must say");
	is->algorithms = (struct config_strings){ default_algorithms, 1 };
	is->types = (struct config_strings){ default_types, 3 };
	config_strs(c, m, "algorithms", false, &is->algorithms);
	config_strs(c, m, "types", false, &is->types);
	check_words(c, yaml_get(m, "algorithms"), "algorithm", &is->algorithms, algorithms);
	check_words(c, yaml_get(m, "types"), "token type", &is->types, types);
	config_path(c, m, "jwks_file", false, &is->jwks_file);
	config_url(c, m, "jwks_url", false, &is->jwks_url);
	config_path(c, m, "ca_file", false, &is->ca_file);
	if (is->jwks_file != NULL && is->jwks_url != NULL)
		yaml_error(&c->doc, yaml_get(m, "jwks_url"), "jwks_file and jwks_url exclude each other: keep one");
	is->subject = "/sub";
	is->groups = "/groups";
	yaml_str(&c->doc, m, "subject", false, &is->subject);
	yaml_str(&c->doc, m, "groups", false, &is->groups);
	check_pointer(c, m, "subject", is->subject);
	check_pointer(c, m, "groups", is->groups);
	yaml_choice(&c->doc, m, "groups_format", formats, &format);
	is->groups_format = formats[format];
	load_claims(c, m, is);
	is->max_age = 3600;
	is->clock_skew = 60;
	is->lifetime = c->certificates.lifetime;
	is->single_use = true;
	yaml_seconds(&c->doc, m, "max_age", 1, 30 * 86400, &is->max_age);
	yaml_seconds(&c->doc, m, "clock_skew", 0, 60, &is->clock_skew);
	yaml_seconds(&c->doc, m, "lifetime", 60, 86400, &is->lifetime);
	yaml_bool(&c->doc, m, "single_use", &is->single_use);
}

void config_issuers(struct config *c, const struct yaml_node *root)
{
	const struct yaml_node *list = yaml_list(&c->doc, root, "issuers", true);

	if (list == NULL)
		return;
	if (list->n == 0 || list->n > 64) {
		yaml_error(&c->doc, list, "1 to 64 issuers are needed: nobody could log in");
		return;
	}
	c->issuers = config_take(c, list->n * sizeof(*c->issuers));
	for (size_t i = 0; c->issuers != NULL && i < list->n; i++) {
		load_issuer(c, list->items[i], &c->issuers[c->n_issuers++]);
		for (size_t j = 0; j < i; j++) {
			const struct config_issuer *a = &c->issuers[i], *b = &c->issuers[j];

			if (a->name != NULL && b->name != NULL && strcmp(a->name, b->name) == 0)
				yaml_error(&c->doc, yaml_get(list->items[i], "name"), "issuer \"%s\" stands twice", a->name);
			if (a->issuer != NULL && b->issuer != NULL && strcmp(a->issuer, b->issuer) == 0)
				yaml_error(&c->doc, yaml_get(list->items[i], "issuer"), "two issuers have this URL: a token could be either's");
		}
	}
}

static unsigned role_of(const char *name)
{
	return strcmp(name, "approver") == 0 ? ROLE_APPROVER : strcmp(name, "auditor") == 0 ? ROLE_AUDITOR
		: strcmp(name, "admin") == 0					     ? ROLE_ADMIN
										     : 0;
}

static void load_role(struct config *c, const struct yaml_node *roles, const char *name)
{
	static const char *const keys[] = { "groups", "subjects", NULL };
	const struct yaml_node *m = yaml_map(&c->doc, roles, name, false);
	struct config_role_rule *r;

	if (m == NULL)
		return;
	yaml_known_keys(&c->doc, m, "a role", keys);
	r = &c->roles[c->n_roles++];
	r->role = role_of(name);
	config_strs(c, m, "groups", false, &r->groups);
	config_strs(c, m, "subjects", false, &r->subjects);
	for (size_t i = 0; i < r->subjects.n; i++) {
		if (strchr(r->subjects.v[i], '|') == NULL)
			yaml_error(&c->doc, yaml_get(m, "subjects"), "\"%.64s\" must be written \"issuer|subject\", such as \"github|repo:acme/*\"",
				   r->subjects.v[i]);
	}
	if (r->groups.n + r->subjects.n == 0)
		yaml_error(&c->doc, m, "this role has nobody: give groups or subjects");
}

static void load_local(struct config *c, const struct yaml_node *roles)
{
	static const char *const keys[] = { "uids", NULL };
	const struct yaml_node *m = yaml_map(&c->doc, roles, "local", false), *uids;
	struct config_local *l;
	char *end;

	if (m == NULL)
		return;
	yaml_known_keys(&c->doc, m, "roles.local", keys);
	uids = yaml_map(&c->doc, m, "uids", true);
	if (uids == NULL || uids->n == 0)
		return;
	c->locals = config_take(c, uids->n * sizeof(*c->locals));
	for (size_t i = 0; c->locals != NULL && i < uids->n; i++) {
		unsigned long uid = strtoul(uids->keys[i], &end, 10);

		if (uids->keys[i][0] < '0' || uids->keys[i][0] > '9' || *end != '\0' || uid > 0xfffffffeUL) {
			yaml_error(&c->doc, uids->items[i], "\"%.32s\" is not a numeric user id", uids->keys[i]);
			continue;
		}
		l = &c->locals[c->n_locals++];
		l->uid = (uint32_t)uid;
		config_strs(c, uids, uids->keys[i], true, &l->groups);
		for (size_t k = 0; k < l->groups.n; k++)
			l->roles |= role_of(l->groups.v[k]);
	}
}

void config_roles(struct config *c, const struct yaml_node *root)
{
	static const char *const keys[] = { "approver", "auditor", "admin", "local", NULL };
	const struct yaml_node *m = yaml_map(&c->doc, root, "roles", false);

	if (m == NULL)
		return;
	yaml_known_keys(&c->doc, m, "roles", keys);
	load_role(c, m, "approver");
	load_role(c, m, "auditor");
	load_role(c, m, "admin");
	load_local(c, m);
}

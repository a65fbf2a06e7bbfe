/* Issuers in YAML; see issuer_conf.h. Trusts the file's author, not their typing. */
#include "identity/issuer_conf.h"

#include <string.h>

enum { ISSUER_CONF_KEYS = 32 };

static void issuer_conf_value(struct yaml_doc *doc, struct issuer *iss, const char *key, enum issuer_kind kind,
	const struct yaml_node *v)
{
	struct why why;

	if (v->kind == YAML_SCALAR && kind == ISSUER_DURATION && strcmp(v->text, "0") != 0 &&
	    strspn(v->text, "0123456789") == v->len) {
		yaml_error(doc, v, "%s needs a unit: 90s, 15m, 8h or 30d", key);
	} else if (v->kind == YAML_SCALAR) {
		if (issuer_set(iss, key, v->text, &why) < 0)
			yaml_error(doc, v, "%s", why.text);
	} else if (v->kind == YAML_LIST && kind == ISSUER_MANY) {
		for (size_t i = 0; i < v->n; i++)
			issuer_conf_value(doc, iss, key, ISSUER_ONE, v->items[i]);
	} else {
		yaml_error(doc, v, "%s must be %s", key, kind == ISSUER_MANY ? "a value or a list of values" : "one value");
	}
}

static void issuer_conf_require(struct yaml_doc *doc, struct issuer *iss, const struct yaml_node *m)
{
	struct why why;

	if (m->kind != YAML_MAP) {
		yaml_error(doc, m, "required_claims must be a map of claims to patterns");
		return;
	}
	for (size_t i = 0; i < m->n; i++) {
		if (m->items[i]->kind != YAML_SCALAR)
			yaml_error(doc, m->items[i], "a required claim has one pattern");
		else if (issuer_require(iss, m->keys[i], m->items[i]->text, &why) < 0)
			yaml_error(doc, m->items[i], "%s", why.text);
	}
}

int issuer_conf(struct yaml_doc *doc, const struct yaml_node *node, struct issuer **out)
{
	const char *known[ISSUER_CONF_KEYS + 1] = { "required_claims" };
	unsigned before = doc->mistakes;
	struct issuer *iss;
	struct why why;
	enum issuer_kind kind;

	*out = NULL;
	for (unsigned i = 0; i + 1 < ISSUER_CONF_KEYS && (known[i + 1] = issuer_key(i, &kind)) != NULL; i++)
		;
	if (!yaml_known_keys(doc, node, "an issuer", known))
		return ERR_MALFORMED;
	iss = issuer_new();
	if (iss == NULL)
		return ERR_NOMEM;
	for (unsigned i = 0; issuer_key(i, &kind) != NULL; i++) {
		const struct yaml_node *v = yaml_get(node, issuer_key(i, &kind));

		if (v != NULL)
			issuer_conf_value(doc, iss, issuer_key(i, &kind), kind, v);
	}
	if (yaml_get(node, "required_claims") != NULL)
		issuer_conf_require(doc, iss, yaml_get(node, "required_claims"));
	if (doc->mistakes == before && issuer_finish(iss, &why) < 0)
		yaml_error(doc, node, "%s", why.text);
	if (doc->mistakes != before) {
		issuer_free(iss);
		return ERR_MALFORMED;
	}
	*out = iss;
	return ERR_OK;
}

/* Loads a policy file: strict YAML against a schema, packs, indices, rule tests. Distrusts the file: every mistake is a line
 * with its place and what to write instead, and a file with one mistake is not loaded at all. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/embed.h"
#include "policy/load.h"

#define POLICY_MAX (1u << 20)

static const struct {
	const char *name, *text;
} packs[] = {
	{ "core.readonly", embed_core_readonly_yaml },
	{ "core.protected-paths", embed_core_protected_paths_yaml },
	{ "core.destructive", embed_core_destructive_yaml },
};
#define NPACKS (sizeof(packs) / sizeof(packs[0]))

static void load_packs(struct load *l, const struct yaml_node *root, struct buf *errors)
{
	size_t n;
	const char **names = load_strs(l, root, "packs", false, &n);

	for (size_t i = 0; names != NULL && i < n; i++) {
		struct load pack = *l;
		size_t k = 0;
		static const char *const keys[] = { "version", "rules", NULL };

		while (k < NPACKS && strcmp(packs[k].name, names[i]) != 0)
			k++;
		if (k == NPACKS) {
			yaml_error(l->d, yaml_get(root, "packs"), "there is no pack '%s'; there are core.readonly, core.protected-paths and core.destructive", names[i]);
			continue;
		}
		for (size_t j = 0; j < i; j++) {
			if (strcmp(names[j], names[i]) == 0)
				yaml_error(l->d, yaml_get(root, "packs"), "pack '%s' is named twice", names[i]);
		}
		if (l->p->ndocs == sizeof(l->p->docs) / sizeof(l->p->docs[0]))
			return;
		pack.d = &l->p->docs[l->p->ndocs++];
		pack.pack = names[i];
		if (yaml_parse(pack.d, names[i], packs[k].text, strlen(packs[k].text), errors) != ERR_OK) {
			yaml_error(l->d, NULL, "pack '%s' is broken", names[i]);
			continue;
		}
		yaml_known_keys(pack.d, pack.d->root, "a pack", keys);
		load_rules(&pack, pack.d->root);
		l->d->mistakes += pack.d->mistakes;
		l->nomem = l->nomem || pack.nomem;
	}
}

/* ---- rule tests ------------------------------------------------------------------------------------------------------------- */

static void load_run_test(struct load *l, const struct rule *r, const char *kind, const struct yaml_node *at)
{
	int verdict = -1, want = -1, rc;

	rc = decide_statement(l->p, r, at->text, DIALECT_BASH, &verdict);
	if (rc != ERR_OK) {
		yaml_error(l->d, at, "test of rule '%s': \"%s\" is not a statement that can be read", r->id, at->text);
		return;
	}
	if (strcmp(kind, "allow") == 0)
		want = VERDICT_ALLOW;
	else if (strcmp(kind, "approve") == 0)
		want = VERDICT_APPROVE;
	else if (strcmp(kind, "deny") == 0)
		want = VERDICT_DENY;
	if (verdict != want)
		yaml_error(l->d, at, "test of rule '%s' fails: \"%s\" should %s%s, and the rule %s%s; change the rule or the test", r->id, at->text,
			   want < 0 ? "not match" : "be ", want < 0 ? "" : (want == VERDICT_ALLOW ? "allowed" : want == VERDICT_APPROVE ? "approved" : "denied"),
			   verdict < 0 ? "does not match it" : "says ", verdict < 0 ? "" : verdict_name((enum verdict)verdict));
}

static void load_run_tests(struct load *l)
{
	static const char *const keys[] = { "allow", "approve", "deny", "not", NULL };

	for (const struct rule *r = l->p->rules; r != NULL; r = r->next) {
		if (r->tests == NULL)
			continue;
		for (unsigned k = 0; keys[k] != NULL; k++) {
			const struct yaml_node *list = yaml_get(r->tests, keys[k]);

			if (list == NULL)
				continue;
			if (list->kind == YAML_SCALAR)
				load_run_test(l, r, keys[k], list);
			for (size_t i = 0; list->kind == YAML_LIST && i < list->n; i++)
				load_run_test(l, r, keys[k], list->items[i]);
		}
	}
}

/* ---- the file ---------------------------------------------------------------------------------------------------------------- */

/* The mask section as written: from its line to the line where the next key begins. */
static void load_mask(struct load *l, const struct yaml_node *root)
{
	const char *from, *to, *end = (const char *)l->p->source + l->p->source_len;
	unsigned line = 1, first = 0, last = 0;

	for (size_t i = 0; i < root->n; i++) {
		if (strcmp(root->keys[i], "mask") != 0)
			continue;
		first = root->key_lines[i];
		last = ~0u;
		for (size_t k = 0; k < root->n; k++) {
			if (root->key_lines[k] > first && root->key_lines[k] < last)
				last = root->key_lines[k];
		}
	}
	if (first == 0)
		return;
	from = (const char *)l->p->source;
	while (line < first && from < end) {
		if (*from++ == '\n')
			line++;
	}
	to = from;
	while (line < last && to < end) {
		if (*to++ == '\n')
			line++;
	}
	l->p->mask = strndup(from, (size_t)(to - from));
	if (l->p->mask == NULL)
		l->nomem = true;
}

static void load_version(struct policy *p)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_Digest(p->source, p->source_len, sum, &n, EVP_sha256(), NULL) != 1)
		n = 0;
	for (unsigned i = 0; i < n && i < 32; i++)
		snprintf(p->version + 2 * i, 3, "%02x", sum[i]);
}

static void load_root(struct load *l, struct buf *errors)
{
	static const char *const keys[] = { "version", "profile", "default", "packs", "who", "rules", "mask", NULL };
	static const char *const profiles[] = { "enforce", "guard", "observe", NULL };
	static const char *const otherwise[] = { "deny", "approve", NULL };
	const struct yaml_node *root = l->d->root;
	uint64_t version = 0;
	unsigned c;

	yaml_known_keys(l->d, root, "a policy", keys);
	if (root->kind != YAML_MAP)
		return;
	if (yaml_uint(l->d, root, "version", 1, 1, &version), version == 0 && yaml_get(root, "version") == NULL)
		yaml_error(l->d, NULL, "the file needs  version: 1");
	l->p->otherwise = VERDICT_DENY;
	if (yaml_choice(l->d, root, "profile", profiles, &c))
		l->p->profile = (enum profile)c;
	if (yaml_choice(l->d, root, "default", otherwise, &c)) {
		l->p->otherwise = c == 1 ? VERDICT_APPROVE : VERDICT_DENY;
		if (l->p->profile == PROFILE_GUARD)
			yaml_error(l->d, yaml_get(root, "default"), "default means nothing in profile guard, where what no rule matches is allowed");
	}
	load_who(l, root);
	load_packs(l, root, errors);
	load_rules(l, root);
	load_mask(l, root);
}

int policy_load(const char *name, const void *text, size_t len, struct policy **out, struct buf *errors)
{
	struct policy *p;
	struct load l;
	int r;

	*out = NULL;
	if (len > POLICY_MAX)
		return ERR_LIMIT;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_NOMEM;
	arena_init(&p->arena, (size_t)256 << 20);
	p->tail = &p->rules;
	p->source = malloc(len + 1);
	if (p->source == NULL) {
		policy_free(p);
		return ERR_NOMEM;
	}
	if (len > 0)
		memcpy(p->source, text, len);
	p->source[len] = '\0';
	p->source_len = len;
	load_version(p);
	memset(&l, 0, sizeof(l));
	l.p = p;
	l.d = &p->docs[p->ndocs++];
	r = yaml_parse(l.d, name, p->source, len, errors);
	if (r == ERR_OK) {
		load_root(&l, errors);
		if (l.nomem)
			r = ERR_NOMEM;
		else if (l.d->mistakes == 0)
			load_run_tests(&l);
		if (r == ERR_OK && l.d->mistakes > 0)
			r = ERR_MALFORMED;
	}
	if (r != ERR_OK) {
		policy_free(p);
		return r;
	}
	*out = p;
	return ERR_OK;
}

void policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	for (unsigned i = 0; i < p->ndocs; i++)
		yaml_free(&p->docs[i]);
	arena_free(&p->arena);
	free(p->source);
	free(p->mask);
	free(p);
}

const char *policy_version(const struct policy *p)
{
	return p->version;
}

void policy_source(const struct policy *p, struct view *out)
{
	out->p = p->source;
	out->n = p->source_len;
}

const char *policy_mask_section(const struct policy *p)
{
	return p->mask;
}

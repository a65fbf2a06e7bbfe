/* Masking: reads the `mask:` section of a policy file. Distrusts the file: what it does not know is an error, with its
 * place and the fix. */
#include "policy/mask_int.h"

#include <stdlib.h>

#include "base/yaml.h"

#define LOAD_MAX (1u << 20)
#define LOAD_LINES_MAX 65536u

struct load {
	struct yaml_doc doc;
	struct mask_set *set;
};

static bool load_id(const char *id)
{
	size_t n = strlen(id);

	if (n == 0 || n > MASK_RULE_ID_MAX || id[0] == '-' || id[0] == '.')
		return false;
	return strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n;
}

static void load_default(struct load *l)
{
	for (int b = 0; b < B_COUNT; b++) {
		if (mask_builtin_default((enum builtin)b))
			(void)mask_set_add(l->set, mask_builtin_name((enum builtin)b), b);
	}
}

static void load_use(struct load *l, const struct yaml_node *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct yaml_node *item = list->items[i];
		int b = item->kind == YAML_SCALAR ? mask_builtin_find(item->text) : -1;

		if (item->kind == YAML_SCALAR && strcmp(item->text, "default") == 0)
			load_default(l);
		else if (b >= 0)
			(void)mask_set_add(l->set, item->text, b);
		else
			yaml_error(&l->doc, item, "there is no built-in `%s`; built-ins are private-key, credit-card, aws-key, gcp-key, "
				"azure-key, github-token, gitlab-token, slack-token, stripe-key, vendor-token, jwt, url-password, password-field, "
				"password-hash, k8s-secret, iban, us-ssn, email; `default` is all but us-ssn; your own go under `rules`",
				item->kind == YAML_SCALAR ? item->text : "(not a name)");
	}
}

/* The place inside a pattern can be told where the pattern is plain or in single quotes on one line. */
static void load_regex(struct load *l, const struct yaml_node *rule, const struct yaml_node *n, struct mrule *r)
{
	struct why w = { "" };
	size_t at = 0;

	(void)rule;
	if (mask_regex_new(n->text, n->len, &r->re, &at, &w) < 0)
		yaml_error(&l->doc, n, "this regex is refused at its character %zu: %s", at + 1, w.text);
}

static void load_rule(struct load *l, const struct yaml_node *n)
{
	static const char *const known[] = { "id", "regex", "same_length", "on_match", "tests", NULL };
	static const char *const matches[] = { "mask", "end_session", NULL };
	const struct yaml_node *regex;
	const char *id = NULL, *text = NULL;
	struct mrule *r;
	unsigned on = 0;
	int k, b;

	if (!yaml_known_keys(&l->doc, n, "a masking rule", known) || !yaml_str(&l->doc, n, "id", true, &id))
		return;
	if (!load_id(id)) {
		yaml_error(&l->doc, yaml_get(n, "id"), "a rule's id is made of a-z, 0-9, dash and dot, and is at most 32 long");
		return;
	}
	b = mask_builtin_find(id);
	regex = yaml_get(n, "regex");
	if (regex != NULL && !yaml_str(&l->doc, n, "regex", true, &text))
		return;
	if (regex == NULL && b < 0) {
		yaml_error(&l->doc, n, "rule `%s` needs a `regex`: it is no built-in", id);
		return;
	}
	if (regex != NULL && b >= 0) {
		yaml_error(&l->doc, yaml_get(n, "id"), "`%s` is the name of a built-in; give your rule another id", id);
		return;
	}
	for (size_t i = 0; i < l->set->nrules && b < 0; i++) {
		if (strcmp(l->set->rules[i].id, id) == 0) {
			yaml_error(&l->doc, yaml_get(n, "id"), "there are two rules `%s`; rename one", id);
			return;
		}
	}
	k = mask_set_add(l->set, id, b);
	if (k < 0) {
		yaml_error(&l->doc, n, "more than %d rules; join some with | in one regex", MASK_CUSTOM_MAX);
		return;
	}
	r = &l->set->rules[k];
	(void)yaml_bool(&l->doc, n, "same_length", &r->same_length);
	if (yaml_choice(&l->doc, n, "on_match", matches, &on))
		r->end_session = on == 1;
	if (regex != NULL)
		load_regex(l, n, regex, r);
}

static void load_fields(struct load *l, const struct yaml_node *list)
{
	if (l->set->rule_of[B_PASSWORD_FIELD] < 0) {
		yaml_error(&l->doc, list, "`fields` adds names to password-field, which is not in `use`; add it there");
		return;
	}
	for (size_t i = 0; i < list->n; i++) {
		const struct yaml_node *item = list->items[i];

		if (item->kind != YAML_SCALAR || mask_field_name(l->set, item->text) < 0)
			yaml_error(&l->doc, item, "`%s` is no field's name: 3 to 60 of letters, digits, dash, dot, underscore",
				item->kind == YAML_SCALAR ? item->text : "(not a name)");
	}
}

/* One test: the rule itself must have masked something of the text, or nothing. */
struct load_test {
	const char *id;
	bool hit;
};

static void load_test_event(void *ctx, const struct mask_event *e)
{
	struct load_test *t = ctx;

	t->hit = t->hit || strcmp(t->id, e->rule) == 0;
}

static void load_test_list(struct load *l, const char *id, const struct yaml_node *tests, const char *which)
{
	static const uint8_t key[MASK_KEY_LEN];
	const struct yaml_node *list = yaml_get(tests, which) != NULL ? yaml_list(&l->doc, tests, which, false) : NULL;
	bool want = strcmp(which, "mask") == 0;

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const struct yaml_node *item = list->items[i];
		struct load_test t = { .id = id };
		struct buf out;

		if (item->kind != YAML_SCALAR) {
			yaml_error(&l->doc, item, "a test is a text");
			continue;
		}
		buf_init(&out, item->len * MASK_TAG_MAX + 4096);
		if (mask_text(l->set, key, item->text, item->len, &out, load_test_event, &t, NULL) < 0)
			yaml_error(&l->doc, item, "the test of rule `%s` could not be run", id);
		else if (t.hit != want)
			yaml_error(&l->doc, item, "rule `%s` %s this text, and its test says it should%s; change one of them", id,
				want ? "does not mask" : "masks", want ? "" : " not");
		buf_free(&out);
	}
}

static void load_tests(struct load *l, const struct yaml_node *rules)
{
	static const char *const known[] = { "mask", "not", NULL };

	for (size_t i = 0; i < rules->n; i++) {
		const struct yaml_node *rule = rules->items[i], *tests = yaml_get(rule, "tests"), *id = yaml_get(rule, "id");

		if (tests == NULL || id == NULL || !yaml_known_keys(&l->doc, tests, "tests of a masking rule", known))
			continue;
		load_test_list(l, id->text, tests, "mask");
		load_test_list(l, id->text, tests, "not");
	}
}

static void load_section(struct load *l)
{
	static const char *const known[] = { "use", "fields", "rules", NULL };
	const struct yaml_node *root = l->doc.root, *use, *fields, *rules;

	if (root->kind == YAML_MAP && root->n == 1 && yaml_get(root, "mask") != NULL)
		root = yaml_get(root, "mask");
	if (root->kind == YAML_SCALAR && root->len == 0) {
		load_default(l);
		return;
	}
	if (!yaml_known_keys(&l->doc, root, "mask", known))
		return;
	use = yaml_get(root, "use") != NULL ? yaml_list(&l->doc, root, "use", false) : NULL;
	fields = yaml_get(root, "fields") != NULL ? yaml_list(&l->doc, root, "fields", false) : NULL;
	rules = yaml_get(root, "rules") != NULL ? yaml_list(&l->doc, root, "rules", false) : NULL;
	if (use != NULL)
		load_use(l, use);
	else
		load_default(l);
	for (size_t i = 0; rules != NULL && i < rules->n; i++)
		load_rule(l, rules->items[i]);
	if (fields != NULL)
		load_fields(l, fields);
	if (l->doc.mistakes == 0 && mask_set_seal(l->set) >= 0 && rules != NULL)
		load_tests(l, rules);
}

/* The text with as many empty lines before it as it had in its file, so that places are told right. */
static int load_parse(struct load *l, const char *name, unsigned line, const char *text, size_t n, struct buf *errors)
{
	struct buf padded;
	int r = ERR_OK;

	if (line <= 1)
		return yaml_parse(&l->doc, name, text, n, errors);
	buf_init(&padded, n + line);
	for (unsigned i = 1; i < line && r >= 0; i++)
		r = buf_put_u8(&padded, '\n');
	if (r >= 0)
		r = buf_put(&padded, text, n);
	if (r >= 0)
		r = yaml_parse(&l->doc, name, buf_ptr(&padded), padded.len, errors);
	buf_free(&padded);
	return r;
}

int mask_load_at(const char *name, unsigned line, const char *yaml_text, size_t n, struct mask_set **out,
	struct buf *errors)
{
	struct load l;
	int r;

	*out = NULL;
	memset(&l, 0, sizeof(l));
	if (n > LOAD_MAX || line > LOAD_LINES_MAX)
		return ERR_LIMIT;
	r = mask_set_new(&l.set);
	if (r < 0)
		return r;
	if (yaml_text == NULL) {
		load_default(&l);
	} else {
		r = load_parse(&l, name, line, yaml_text, n, errors);
		if (r >= 0)
			load_section(&l);
		if (r >= 0 && l.doc.mistakes > 0)
			r = ERR_MALFORMED;
		yaml_free(&l.doc);
	}
	if (r >= 0 && l.set->scan == NULL)
		r = mask_set_seal(l.set);
	if (r < 0) {
		mask_set_free(l.set);
		return r;
	}
	*out = l.set;
	return ERR_OK;
}

int mask_load(const char *name, const char *yaml_text, size_t n, struct mask_set **out, struct buf *errors)
{
	return mask_load_at(name, 1, yaml_text, n, out, errors);
}

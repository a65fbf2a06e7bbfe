/* Masking: reads the `mask:` section of a policy file. Distrusts the file: what it does not know is an error, with its
 * place and the fix. */
#include "policy/mask_int.h"

#include <stdlib.h>

#include <yaml.h>

#define LOAD_MAX (1u << 20)

struct load {
	const char *name;
	unsigned line;
	yaml_document_t doc;
	struct mask_set *set;
	struct buf *errors;
	bool bad;
};

static void load_say(struct load *l, size_t line, size_t column, const char *what, const char *arg)
{
	l->bad = true;
	if (l->errors == NULL)
		return;
	(void)buf_printf(l->errors, "%s:%zu:%zu: ", l->name, line + l->line, column + 1);
	/* what holds one %s at most, and arg may come from the file: printable bytes only. */
	for (const char *p = what; *p != '\0'; p++) {
		if (p[0] == '%' && p[1] == 's') {
			for (const char *a = arg; a != NULL && *a != '\0' && a - arg < 120; a++)
				(void)buf_put_u8(l->errors, *a >= 0x20 && *a < 0x7f ? (uint8_t)*a : '?');
			p++;
		} else {
			(void)buf_put_u8(l->errors, (uint8_t)*p);
		}
	}
	(void)buf_put_u8(l->errors, '\n');
}

static void load_fail(struct load *l, const yaml_node_t *n, const char *what, const char *arg)
{
	load_say(l, n->start_mark.line, n->start_mark.column, what, arg);
}

static const char *load_scalar(const yaml_node_t *n)
{
	if (n == NULL || n->type != YAML_SCALAR_NODE || strlen((const char *)n->data.scalar.value) != n->data.scalar.length)
		return NULL;
	return (const char *)n->data.scalar.value;
}

static yaml_node_t *load_node(struct load *l, int id)
{
	return yaml_document_get_node(&l->doc, id);
}

/* The value of a key of a mapping, NULL: absent. */
static yaml_node_t *load_get(struct load *l, yaml_node_t *map, const char *key)
{
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
		const char *k = load_scalar(load_node(l, p->key));

		if (k != NULL && strcmp(k, key) == 0)
			return load_node(l, p->value);
	}
	return NULL;
}

/* Every key known, none twice. */
static bool load_keys(struct load *l, yaml_node_t *map, const char *const *known, const char *list)
{
	bool ok = true;

	if (map->type != YAML_MAPPING_NODE) {
		load_fail(l, map, "expected a mapping with %s", list);
		return false;
	}
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
		yaml_node_t *n = load_node(l, p->key);
		const char *k = load_scalar(n);
		size_t i = 0;

		while (k != NULL && known[i] != NULL && strcmp(known[i], k) != 0)
			i++;
		if (k == NULL || known[i] == NULL) {
			load_fail(l, n, "unknown key `%s`", k == NULL ? "(not text)" : k);
			if (l->errors != NULL && l->errors->len > 0) {
				/* The fix goes on the same line. */
				l->errors->len--;
				(void)buf_printf(l->errors, "; known here: %s\n", list);
			}
			ok = false;
			continue;
		}
		for (yaml_node_pair_t *q = map->data.mapping.pairs.start; q < p; q++) {
			const char *o = load_scalar(load_node(l, q->key));

			if (o != NULL && strcmp(o, k) == 0) {
				load_fail(l, n, "`%s` stands here for the second time; keep one", k);
				ok = false;
			}
		}
	}
	return ok;
}

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

static bool load_list(struct load *l, yaml_node_t *n, const char *what)
{
	if (n->type == YAML_SEQUENCE_NODE)
		return true;
	load_fail(l, n, "`%s` is a list; write [a, b]", what);
	return false;
}

static void load_use(struct load *l, yaml_node_t *n)
{
	if (!load_list(l, n, "use"))
		return;
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
		yaml_node_t *item = load_node(l, *i);
		const char *name = load_scalar(item);
		int b = name == NULL ? -1 : mask_builtin_find(name);

		if (name != NULL && strcmp(name, "default") == 0)
			load_default(l);
		else if (b >= 0)
			(void)mask_set_add(l->set, name, b);
		else
			load_fail(l, item, "there is no built-in `%s`; built-ins are private-key, credit-card, aws-key, gcp-key, azure-key, "
				"github-token, gitlab-token, slack-token, stripe-key, jwt, url-password, password-field, password-hash, "
				"k8s-secret, iban, us-ssn, email; `default` is all but us-ssn; your own go under rules", name);
	}
}

static bool load_flag(struct load *l, yaml_node_t *map, const char *key, bool *out)
{
	yaml_node_t *n = load_get(l, map, key);
	const char *v = load_scalar(n);

	if (n == NULL)
		return true;
	if (v != NULL && strcmp(v, "true") == 0)
		*out = true;
	else if (v != NULL && strcmp(v, "false") == 0)
		*out = false;
	else {
		load_fail(l, n, "`%s` is true or false", key);
		return false;
	}
	return true;
}

/* Places inside a pattern are told where the pattern is plain and on one line; else the value's place has to do. */
static void load_bad_regex(struct load *l, yaml_node_t *n, size_t at, const struct why *w)
{
	size_t quote = n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? 0 : 1;

	if (n->start_mark.line != n->end_mark.line || n->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
		at = quote = 0;
	load_say(l, n->start_mark.line, n->start_mark.column + quote + at, "this regex is refused: %s", w->text);
}

static void load_rule(struct load *l, yaml_node_t *n)
{
	static const char *const known[] = { "id", "regex", "same_length", "on_match", "tests", NULL };
	yaml_node_t *id_node, *regex, *on;
	const char *id, *v;
	struct mrule *r;
	int k, b;

	if (!load_keys(l, n, known, "id, regex, same_length, on_match, tests"))
		return;
	id_node = load_get(l, n, "id");
	id = load_scalar(id_node);
	if (id == NULL || !load_id(id)) {
		load_fail(l, id_node == NULL ? n : id_node, "a rule needs an `id` of a-z, 0-9, dash and dot, 32 at most", NULL);
		return;
	}
	b = mask_builtin_find(id);
	regex = load_get(l, n, "regex");
	if (regex == NULL && b < 0) {
		load_fail(l, n, "rule `%s` needs a `regex`: it is no built-in", id);
		return;
	}
	if (regex != NULL && b >= 0) {
		load_fail(l, id_node, "`%s` is a built-in's name; give your rule another id", id);
		return;
	}
	for (size_t i = 0; i < l->set->nrules && b < 0; i++) {
		if (strcmp(l->set->rules[i].id, id) == 0) {
			load_fail(l, id_node, "there are two rules `%s`; rename one", id);
			return;
		}
	}
	k = mask_set_add(l->set, id, b);
	if (k < 0) {
		load_fail(l, n, "there are more than 64 rules", NULL);
		return;
	}
	r = &l->set->rules[k];
	(void)load_flag(l, n, "same_length", &r->same_length);
	on = load_get(l, n, "on_match");
	v = load_scalar(on);
	if (on != NULL) {
		if (v != NULL && strcmp(v, "end_session") == 0)
			r->end_session = true;
		else if (v == NULL || strcmp(v, "mask") != 0)
			load_fail(l, on, "`on_match` is mask or end_session", NULL);
	}
	if (regex != NULL) {
		struct why w = { "" };
		size_t at = 0;
		const char *pattern = load_scalar(regex);

		if (pattern == NULL || *pattern == '\0')
			load_fail(l, regex, "`regex` is a text that is not empty; quote it with single quotes", NULL);
		else if (mask_regex_new(pattern, strlen(pattern), &r->re, &at, &w) < 0)
			load_bad_regex(l, regex, at, &w);
	}
}

static void load_fields(struct load *l, yaml_node_t *n)
{
	if (!load_list(l, n, "fields"))
		return;
	if (l->set->rule_of[B_PASSWORD_FIELD] < 0) {
		load_fail(l, n, "`fields` adds names to password-field, which is not in `use`; add it there", NULL);
		return;
	}
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
		yaml_node_t *item = load_node(l, *i);
		const char *name = load_scalar(item);

		if (name == NULL || mask_field_name(l->set, name) < 0)
			load_fail(l, item, "`%s` is no field's name: 3 to 60 of letters, digits, dash, dot, underscore", name);
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

static void load_test_list(struct load *l, const char *id, yaml_node_t *list, bool want)
{
	static const uint8_t key[MASK_KEY_LEN];

	if (list == NULL || !load_list(l, list, want ? "mask" : "not"))
		return;
	for (yaml_node_item_t *i = list->data.sequence.items.start; i < list->data.sequence.items.top; i++) {
		yaml_node_t *item = load_node(l, *i);
		const char *text = load_scalar(item);
		struct load_test t = { .id = id };
		struct buf out;

		if (text == NULL) {
			load_fail(l, item, "a test is a text", NULL);
			continue;
		}
		buf_init(&out, 1u << 24);
		if (mask_text(l->set, key, text, strlen(text), &out, load_test_event, &t, NULL) < 0)
			load_fail(l, item, "the test of rule `%s` could not be run", id);
		else if (t.hit != want)
			load_fail(l, item, want ? "rule `%s` does not mask this text, and its test says it should; change one" :
				"rule `%s` masks this text, and its test says it should not; change one", id);
		buf_free(&out);
	}
}

static void load_tests(struct load *l, yaml_node_t *rules)
{
	static const char *const known[] = { "mask", "not", NULL };

	for (yaml_node_item_t *i = rules->data.sequence.items.start; i < rules->data.sequence.items.top; i++) {
		yaml_node_t *rule = load_node(l, *i), *tests = load_get(l, rule, "tests");
		const char *id = load_scalar(load_get(l, rule, "id"));

		if (tests == NULL || !load_keys(l, tests, known, "mask, not"))
			continue;
		load_test_list(l, id, load_get(l, tests, "mask"), true);
		load_test_list(l, id, load_get(l, tests, "not"), false);
	}
}

static void load_section(struct load *l, yaml_node_t *root)
{
	static const char *const known[] = { "use", "fields", "rules", NULL };
	yaml_node_t *use, *fields, *rules, *inner;

	if (root->type == YAML_MAPPING_NODE && root->data.mapping.pairs.top - root->data.mapping.pairs.start == 1) {
		inner = load_get(l, root, "mask");
		root = inner != NULL ? inner : root;
	}
	if (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0) {
		load_default(l);
		return;
	}
	if (!load_keys(l, root, known, "use, fields, rules"))
		return;
	use = load_get(l, root, "use");
	fields = load_get(l, root, "fields");
	rules = load_get(l, root, "rules");
	if (use != NULL)
		load_use(l, use);
	else
		load_default(l);
	if (rules != NULL && load_list(l, rules, "rules")) {
		for (yaml_node_item_t *i = rules->data.sequence.items.start; i < rules->data.sequence.items.top; i++)
			load_rule(l, load_node(l, *i));
	} else {
		rules = NULL;
	}
	if (fields != NULL)
		load_fields(l, fields);
	if (!l->bad && mask_set_seal(l->set) < 0)
		load_fail(l, root, "out of memory", NULL);
	if (!l->bad && rules != NULL)
		load_tests(l, rules);
}

static void load_parse(struct load *l, const char *text, size_t n)
{
	yaml_parser_t parser;
	yaml_document_t more;
	yaml_node_t *root;

	if (yaml_parser_initialize(&parser) == 0) {
		l->bad = true;
		return;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
	if (yaml_parser_load(&parser, &l->doc) == 0) {
		load_say(l, parser.problem_mark.line, parser.problem_mark.column, "not YAML: %s",
			parser.problem != NULL ? parser.problem : "unreadable");
		yaml_parser_delete(&parser);
		return;
	}
	root = yaml_document_get_root_node(&l->doc);
	if (root == NULL)
		load_default(l);
	else
		load_section(l, root);
	yaml_document_delete(&l->doc);
	if (!l->bad && yaml_parser_load(&parser, &more) != 0) {
		if (yaml_document_get_root_node(&more) != NULL)
			load_say(l, parser.mark.line, 0, "a second document; only one is read", NULL);
		yaml_document_delete(&more);
	}
	yaml_parser_delete(&parser);
}

int mask_load_at(const char *name, unsigned line, const char *yaml_text, size_t n, struct mask_set **out,
	struct buf *errors)
{
	struct load l = { .name = name, .line = line, .errors = errors };
	int r;

	*out = NULL;
	if (n > LOAD_MAX)
		return ERR_LIMIT;
	r = mask_set_new(&l.set);
	if (r < 0)
		return r;
	if (yaml_text == NULL)
		load_default(&l);
	else
		load_parse(&l, yaml_text, n);
	if (!l.bad && l.set->scan == NULL)
		r = mask_set_seal(l.set);
	if (l.bad || r < 0) {
		mask_set_free(l.set);
		return l.bad ? ERR_MALFORMED : r;
	}
	*out = l.set;
	return ERR_OK;
}

int mask_load(const char *name, const char *yaml_text, size_t n, struct mask_set **out, struct buf *errors)
{
	return mask_load_at(name, 1, yaml_text, n, out, errors);
}

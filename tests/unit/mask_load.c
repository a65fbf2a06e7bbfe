/* The mask: section: what is understood, what is refused, and that the refusal says where and how to mend it. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "policy/mask.h"
#include "policy/mask_int.h"

static const uint8_t key[MASK_KEY_LEN];

static struct mask_set *load(const char *yaml)
{
	struct mask_set *set;
	struct buf errors;
	int r;

	buf_init(&errors, 1 << 16);
	r = mask_load("p.yaml", yaml, yaml == NULL ? 0 : strlen(yaml), &set, &errors);
	if (r < 0)
		print_error("%s", buf_cstr(&errors));
	assert_int_equal(r, ERR_OK);
	buf_free(&errors);
	return set;
}

static void masks(struct mask_set *set, const char *in, const char *want)
{
	struct buf out;
	char *p;

	buf_init(&out, 1 << 16);
	assert_int_equal(mask_text(set, key, in, strlen(in), &out, NULL, NULL, NULL), ERR_OK);
	/* The hash does not matter here. */
	p = (char *)(uintptr_t)buf_cstr(&out);
	for (char *m = strstr(p, "[masked:"); m != NULL; m = strstr(m + 1, "[masked:")) {
		char *colon = strchr(m + 8, ':');

		if (colon != NULL && strlen(colon) > 5 && colon[5] == ']')
			memcpy(colon + 1, "----", 4);
	}
	assert_string_equal(p, want);
	buf_free(&out);
}

static void nothing_said_means_the_defaults(void **state)
{
	static const char *const texts[] = { NULL, "", "{}", "mask: {}", "mask:", "use: [default]" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct mask_set *set = load(texts[i]);

		assert_int_equal(mask_set_count(set), B_COUNT - 1);
		masks(set, "AKIAIOSFODNN7EXAMPLE 078-05-1120", "[masked:aws-key:----] 078-05-1120");
		mask_set_free(set);
	}
}

static void use_chooses(void **state)
{
	struct mask_set *set = load("use: [us-ssn, jwt]");
	struct mask_rule_info info;

	(void)state;
	assert_int_equal(mask_set_count(set), 2);
	mask_set_info(set, 0, &info);
	assert_string_equal(info.id, "us-ssn");
	assert_true(info.builtin);
	assert_null(info.regex);
	masks(set, "AKIAIOSFODNN7EXAMPLE 078-05-1120 a@b.de", "AKIAIOSFODNN7EXAMPLE [masked:us-ssn:----] a@b.de");
	mask_set_free(set);
	set = load("use: []");
	masks(set, "AKIAIOSFODNN7EXAMPLE 4111111111111111 password=x", "AKIAIOSFODNN7EXAMPLE 4111111111111111 password=x");
	mask_set_free(set);
}

static void a_rule_may_set_a_built_in(void **state)
{
	struct mask_set *set = load("use: []\nrules: [{ id: aws-key, same_length: true, on_match: end_session }]");
	struct mask_rule_info info;
	struct buf out;

	(void)state;
	mask_set_info(set, 0, &info);
	assert_true(info.same_length && info.end_session && info.builtin);
	buf_init(&out, 1000);
	assert_int_equal(mask_text(set, key, "AKIAIOSFODNN7EXAMPLE", 20, &out, NULL, NULL, NULL), ERR_OK);
	/* 20 columns hold no whole placeholder of that name. */
	assert_int_equal(out.len, 20);
	assert_memory_equal(buf_ptr(&out) + 5, "**************]", 15);
	buf_free(&out);
	mask_set_free(set);
}

static void fields_add_names(void **state)
{
	struct mask_set *set = load("fields: [x-internal-pin, PIN, door_code]");

	(void)state;
	masks(set, "X-Internal-Pin: 1234\nPIN=99\ndoor_code: 55\nspin=3", "X-Internal-Pin: [masked:password-field:----]\n"
		"PIN=[masked:password-field:----]\ndoor_code: [masked:password-field:----]\nspin=3");
	mask_set_free(set);
}

static void only_the_value_group(void **state)
{
	struct mask_set *set = load("use: []\nrules: [{ id: k, regex: 'key (?<value>\\d{4,8});' }, { id: b, regex: '(?<=no )\\w{3}' }]");

	(void)state;
	masks(set, "key 12345; key 123; no abcd", "key [masked:k:----]; key 123; no [masked:b:----]d");
	mask_set_free(set);
}

struct refused {
	const char *yaml, *says;
};

static void what_is_refused(void **state)
{
	static const struct refused cases[] = {
		{ "use: [credit-cards]", "p.yaml:1:7: there is no built-in `credit-cards`" },
		{ "usee: []", "p.yaml:1:" },
		{ "use: credit-card", "p.yaml:1:" },
		{ "use: []\nuse: []", "p.yaml:2:" },
		{ "rules: [{ id: a }]", "p.yaml:1:9: rule `a` needs a `regex`" },
		{ "rules: [{ id: A B, regex: x }]", "p.yaml:1:15: a rule's id is made of" },
		{ "rules: [{ id: jwt, regex: x }]", "p.yaml:1:15: `jwt` is the name of a built-in" },
		{ "rules:\n- { id: a, regex: x }\n- { id: a, regex: y }", "p.yaml:3:9: there are two rules `a`" },
		{ "rules: [{ id: a, regex: 'x', on_match: stop }]", "p.yaml:1:" },
		{ "rules: [{ id: a, regex: 'x', same_length: maybe }]", "p.yaml:1:" },
		{ "rules: [{ id: a, regex: 'a+b' }]", "p.yaml:1:25: this regex is refused at its character 2: * and + have no bound" },
		{ "rules: [{ id: a, regex: '[ab]*c' }]", "* and + have no bound" },
		{ "rules: [{ id: a, regex: 'a{3,}' }]", "{n,} has no bound" },
		{ "rules: [{ id: a, regex: '(a|b{2,}c)' }]", "{n,} has no bound" },
		{ "rules: [{ id: a, regex: '(?=a*)b' }]", "* and + have no bound" },
		{ "rules: [{ id: a, regex: '(a)\\1' }]", "back reference" },
		{ "rules: [{ id: a, regex: '(?<n>a)\\k<n>' }]", "this escape is not supported" },
		{ "rules: [{ id: a, regex: '(a(?1)?b)' }]", "recursion" },
		{ "rules: [{ id: a, regex: '(?x)a b' }]", "x option" },
		{ "rules: [{ id: a, regex: '(*UTF)a' }]", "refused" },
		{ "rules: [{ id: a, regex: '(a{1,1000}){1,1000}' }]", "it could match" },
		{ "rules: [{ id: a, regex: '.{1,5000}' }]", "it could match 5000 bytes or more; the most is 4096" },
		{ "rules: [{ id: a, regex: 'a?' }]", "it can match nothing at all" },
		{ "rules: [{ id: a, regex: '(ab' }]", "p.yaml:1:25: this regex is refused at its character 4: missing closing parenthesis" },
		{ "rules: [{ id: a, regex: '[a' }]", "refused at its character" },
		{ "rules:\n- id: a\n  regex: 'S\\d{3}'\n  tests: { mask: [S12] }", "p.yaml:4:19: rule `a` does not mask this text" },
		{ "rules:\n- id: a\n  regex: 'S\\d{3}'\n  tests: { not: [xS123] }", "p.yaml:4:18: rule `a` masks this text" },
		{ "rules:\n- id: a\n  regex: 'x'\n  tests: { maks: [x] }", "p.yaml:4:" },
		{ "fields: [ab]", "p.yaml:1:10: `ab` is no field's name" },
		{ "use: []\nfields: [abc]", "p.yaml:2:9: `fields` adds names to password-field" },
		{ "use: [", "not YAML" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mask_set *set;
		struct buf errors;
		int r;

		buf_init(&errors, 1 << 16);
		r = mask_load("p.yaml", cases[i].yaml, strlen(cases[i].yaml), &set, &errors);
		if (r != ERR_MALFORMED || set != NULL || strstr(buf_cstr(&errors), cases[i].says) == NULL) {
			print_error("%s\n  wanted %s\n  got %d %s\n", cases[i].yaml, cases[i].says, r, buf_cstr(&errors));
			fail();
		}
		buf_free(&errors);
	}
}

static void places_are_those_of_the_file(void **state)
{
	struct mask_set *set;
	struct buf errors;
	static const char yaml[] = "mask:\n  use: [nix]\n";

	(void)state;
	buf_init(&errors, 1 << 16);
	assert_int_equal(mask_load_at("p.yaml", 40, yaml, strlen(yaml), &set, &errors), ERR_MALFORMED);
	assert_non_null(strstr(buf_cstr(&errors), "p.yaml:41:9: there is no built-in"));
	buf_free(&errors);
}

/* How far a pattern reaches, and what it can begin with. */
static void bounds(void **state)
{
	static const struct {
		const char *p;
		size_t max;
		unsigned nprefix;
		const char *begins, *begins_not; /* bytes of the first set */
	} cases[] = {
		{ "abc", 3, 3, "a", "bA" }, { "\\bS\\d{7}\\b", 10, 4, "S", "s0" }, { "(?i)ab|cd", 2, 2, "aAcC", "bd" }, { "a?b", 2, 0, "", "" },
		{ "[^a-c]{2,3}x", 4, 2, "d\xff", "abc" }, { "(?:ab|c)d{0,5}", 7, 1, "ac", "b" }, { "a{2}b{3}", 5, 4, "a", "b" },
		{ "[[:digit:]_]\\.x", 3, 3, "0_", "a." }, { "\\x41\\x{42}", 2, 2, "A", "B" }, { "(?<n>x)(?#y*)z", 2, 2, "x", "y" },
		{ "(?=abc)\\w{3}", 6, 3, "a_", "-" }, { "a\\Rb", 4, 2, "a", "\n" }, { "x{,3}", 5, 4, "x", "{" }, { "[]a]b", 2, 2, "]a", "b" },
		{ "[a\\-z]", 1, 1, "a-z", "b" }, { "[\\w-]", 1, 1, "a-", "." }, { "\\D\\S", 2, 2, "a ", "1" }, { "a{1,3}?b++", 0, 0, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mbound b;
		struct why w;
		size_t at;
		int r = mask_bound(cases[i].p, strlen(cases[i].p), &b, &at, &w);

		if (cases[i].begins == NULL) {
			assert_int_equal(r, ERR_REFUSED);
			continue;
		}
		if (r < 0)
			print_error("%s: %s\n", cases[i].p, w.text);
		assert_int_equal(r, ERR_OK);
		if (b.max != cases[i].max || b.nprefix != cases[i].nprefix)
			print_error("%s: %zu %u\n", cases[i].p, b.max, b.nprefix);
		assert_int_equal(b.max, cases[i].max);
		assert_int_equal(b.nprefix, cases[i].nprefix);
		for (const char *c = cases[i].begins; *c != '\0'; c++)
			assert_true(b.prefix[0][(uint8_t)*c / 8] >> (uint8_t)*c % 8 & 1);
		for (const char *c = cases[i].begins_not; *c != '\0' && b.nprefix > 0; c++)
			assert_false(b.prefix[0][(uint8_t)*c / 8] >> (uint8_t)*c % 8 & 1);
	}
}

/* A rule that runs out of its steps masks rather than lets go. */
static void a_rule_out_of_budget_masks(void **state)
{
	struct mask_set *set = load("use: []\nrules: [{ id: slow, regex: '(a{1,20}){1,20}b' }]");
	struct buf out;
	static const char in[] = "x aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac\nnext";

	(void)state;
	buf_init(&out, 1 << 16);
	assert_int_equal(mask_text(set, key, in, strlen(in), &out, NULL, NULL, NULL), ERR_OK);
	assert_null(strstr(buf_cstr(&out), "aaa"));
	assert_non_null(strstr(buf_cstr(&out), "]\nnext"));
	buf_free(&out);
	mask_set_free(set);
}

static void length_classes(void **state)
{
	(void)state;
	assert_string_equal(mask_length_class(1), "1-8");
	assert_string_equal(mask_length_class(8), "1-8");
	assert_string_equal(mask_length_class(9), "9-16");
	assert_string_equal(mask_length_class(4096), "1025-4096");
	assert_string_equal(mask_length_class(4097), "4097+");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_means_the_defaults),
		cmocka_unit_test(use_chooses),
		cmocka_unit_test(a_rule_may_set_a_built_in),
		cmocka_unit_test(fields_add_names),
		cmocka_unit_test(only_the_value_group),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(places_are_those_of_the_file),
		cmocka_unit_test(bounds),
		cmocka_unit_test(a_rule_out_of_budget_masks),
		cmocka_unit_test(length_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Issuers as configured: six well-known ones are expressible, their tokens give the identity, and a token that differs in what is
 * required is refused. Mistakes in the configuration are named. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "identity/issuer_conf.h"
#include "identity/token.h"
#include "tests/unit/identity_mint.h"

#define NOW 1800000000

static struct mint_key rsa;
static struct jwks *set;

static const struct jwks *keys(void *arg, const struct issuer *iss)
{
	(void)arg;
	(void)iss;
	return set;
}

static int setup(void **state)
{
	char *jwk, *doc;

	(void)state;
	rsa = mint_key(PKEY_RSA, 2048);
	jwk = mint_jwk(&rsa, "test", "");
	assert_true(asprintf(&doc, "{\"keys\":[%s]}", jwk) > 0);
	assert_int_equal(jwks_parse(doc, strlen(doc), &set, NULL), ERR_OK);
	free(jwk);
	free(doc);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mint_key_free(&rsa);
	jwks_free(set);
	return 0;
}

static struct issuer *from_yaml(const char *name, const char *text, size_t n, struct buf *errors)
{
	struct yaml_doc doc;
	struct issuer *iss = NULL;

	buf_init(errors, 1 << 16);
	if (yaml_parse(&doc, name, text, n, errors) == ERR_OK)
		issuer_conf(&doc, doc.root, &iss);
	yaml_free(&doc);
	return iss;
}

static int verify(const struct issuer *iss, json_t *header, json_t *claims, struct identity **id, struct why *why)
{
	const struct issuer *const issuers[] = { iss };
	char *h = json_dumps(header, JSON_COMPACT), *c = json_dumps(claims, JSON_COMPACT);
	char *tok = mint_token(&rsa, JWS_RS256, h, c);
	int r = token_verify(issuers, 1, keys, NULL, tok, strlen(tok), NOW, id, NULL, why);

	free(h);
	free(c);
	free(tok);
	return r;
}

static void expect(const char *name, const struct identity *id, json_t *want)
{
	json_t *groups = json_object_get(want, "groups");
	const char *email = json_string_value(json_object_get(want, "email"));
	struct identity *again;
	char *text;

	assert_string_equal(id->subject, json_string_value(json_object_get(want, "subject")));
	if (id->n_groups != json_array_size(groups))
		fail_msg("%s: %zu groups", name, id->n_groups);
	for (size_t i = 0; i < id->n_groups; i++)
		assert_string_equal(id->groups[i], json_string_value(json_array_get(groups, i)));
	if (email != NULL)
		assert_string_equal(id->email, email);
	assert_int_equal(identity_text(id, &text, NULL), ERR_OK);
	assert_int_equal(identity_parse(text, strlen(text), &again, NULL), ERR_OK);
	assert_string_equal(again->subject, id->subject);
	identity_free(again);
	free(text);
}

static void one_issuer(const char *dir, const char *name)
{
	char path[PATH_MAX + 64], text[8192];
	struct buf errors;
	struct issuer *iss;
	struct identity *id;
	struct why why;
	json_t *fixture, *claims, *refused;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.yaml", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	iss = from_yaml(path, text, fread(text, 1, sizeof(text), f), &errors);
	fclose(f);
	if (iss == NULL)
		fail_msg("%s", buf_cstr(&errors));
	buf_free(&errors);
	snprintf(path, sizeof(path), "%s/%s.json", dir, name);
	fixture = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(fixture);
	claims = json_object_get(fixture, "claims");
	if (verify(iss, json_object_get(fixture, "header"), claims, &id, &why) < 0)
		fail_msg("%s: %s", name, why.text);
	expect(name, id, json_object_get(fixture, "expect"));
	identity_free(id);
	refused = json_object_get(fixture, "refused");
	assert_true(json_array_size(refused) > 2);
	for (size_t i = 0; i < json_array_size(refused); i++) {
		json_t *changed = json_deep_copy(claims);

		json_object_update(changed, json_array_get(refused, i));
		if (verify(iss, json_object_get(fixture, "header"), changed, &id, &why) == ERR_OK)
			fail_msg("%s: change %zu was not noticed", name, i);
		json_decref(changed);
	}
	json_decref(fixture);
	issuer_free(iss);
}

static void six_issuers_are_expressible(void **state)
{
	static const char *const names[] = { "github", "gitlab", "kubernetes", "entra", "okta", "google" };
	const char *top = getenv("srcdir");
	char dir[PATH_MAX];

	(void)state;
	snprintf(dir, sizeof(dir), "%s/tests/fixtures/issuers", top != NULL ? top : ".");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		one_issuer(dir, names[i]);
}

#define BASE "name: a\nissuer: https://a.example\naudiences: [x]\n"

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "issuer: https://a.example\naudiences: [x]\n", "needs a name" },
		{ "name: a\nissuer: https://a.example\n", "needs an audience" },
		{ "name: a\naudiences: [x]\n", "issuer URL" },
		{ "name: A\nissuer: https://a.example\naudiences: [x]\n", "1:7" },
		{ "name: a\nissuer: http://a.example\naudiences: [x]\n", "https" },
		{ "name: a\nissuer: https://u@a.example\naudiences: [x]\n", "without user" },
		{ "name: a\nissuer: https://a.example/?x\naudiences: [x]\n", "query" },
		{ "name: a\nissuer: https://a.example:x\naudiences: [x]\n", "https" },
		{ BASE "audience: [y]\n", "audience" },
		{ BASE "algorithms: [none]\n", "4:14" },
		{ BASE "algorithms: [HS256]\n", "RS256" },
		{ BASE "types: [JWS]\n", "types" },
		{ BASE "subject: sub\n", "Pointer" },
		{ BASE "groups: /a~2b\n", "Pointer" },
		{ BASE "groups: [/a, /b]\n", "one value" },
		{ BASE "groups_format: list\n", "array, space or comma" },
		{ BASE "max_age: 600\n", "unit" },
		{ BASE "max_age: -1s\n", "10m" },
		{ BASE "max_age: 1w\n", "10m" },
		{ BASE "max_age: 999999999d\n", "10m" },
		{ BASE "clock_skew: 61s\n", "60s" },
		{ BASE "clock_skew: 2m\n", "60s" },
		{ BASE "lifetime: 25h\n", "24h" },
		{ BASE "lifetime: 0\n", "24h" },
		{ BASE "single_use: yes\n", "true or false" },
		{ BASE "jwks_file: keys.json\n", "absolute" },
		{ BASE "jwks_file: /k\nca_file: /c\n", "no use" },
		{ BASE "jwks_file: /k\ndiscovery: https://a.example/.well-known/openid-configuration\n", "one of" },
		{ BASE "jwks_file: /k\njwks_url: https://a.example/k\n", "one of" },
		{ BASE "jwks_url: http://a.example/k\n", "https" },
		{ BASE "discovery: https://a.example/keys\n", "well-known" },
		{ BASE "required_claims: [a]\n", "map" },
		{ BASE "required_claims: { a: [b] }\n", "one pattern" },
		{ BASE "required_claims: { /a~: b }\n", "Pointer" },
		{ BASE "required_claims: { a: \"\" }\n", "empty" },
		{ "name: a\nname: b\nissuer: https://a.example\naudiences: [x]\n", "name" },
		{ "name: a\nissuer: https://a.example\naudiences: [x, x]\n", "each once" },
		{ "name: a\nissuer: https://a.example\naudiences: []\n", "needs an audience" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf errors;
		struct issuer *iss = from_yaml("f", rows[i].text, strlen(rows[i].text), &errors);

		if (iss != NULL || strstr(buf_cstr(&errors), rows[i].says) == NULL)
			fail_msg("row %zu: %s", i, iss != NULL ? "was taken" : buf_cstr(&errors));
		buf_free(&errors);
	}
}

static void defaults_are_as_documented(void **state)
{
	struct buf errors;
	struct issuer *iss = from_yaml("f", BASE, strlen(BASE), &errors), *two;
	const struct issuer *pair[2];

	(void)state;
	assert_non_null(iss);
	assert_string_equal(iss->discovery, "https://a.example/.well-known/openid-configuration");
	assert_string_equal(iss->subject, "/sub");
	assert_string_equal(iss->groups, "/groups");
	assert_int_equal(iss->skew, 60);
	assert_int_equal(iss->lifetime, 900);
	assert_int_equal(iss->max_age, 0);
	assert_true(iss->single_use);
	assert_int_equal(iss->algs, JWS_ALGS_ALL);
	assert_int_equal(iss->typs, JWS_TYPS_ALL);
	buf_free(&errors);
	two = from_yaml("f", "name: b\nissuer: https://a.example/\naudiences: x\n", 48, &errors);
	assert_non_null(two);
	/* The slash at the end belongs to the issuer, and not to the address. */
	assert_string_equal(two->discovery, iss->discovery);
	pair[0] = iss;
	pair[1] = two;
	assert_int_equal(issuer_check_set(pair, 2, NULL), ERR_OK);
	pair[1] = iss;
	assert_int_equal(issuer_check_set(pair, 2, NULL), ERR_EXISTS);
	buf_free(&errors);
	issuer_free(iss);
	issuer_free(two);
}

/* What a program sets one by one: other names, seconds without a unit, an empty word for an absent typ. */
static void programs_set_words(void **state)
{
	static const char *const rows[][2] = { { "name", "a" }, { "issuer", "https://a.example" }, { "audience", "x" },
		{ "audience", "y" }, { "algorithms", "ES256" }, { "typ", "" }, { "typ", "at+jwt" }, { "max_age", "3600" }, { "skew", "30" },
		{ "lifetime", "600" }, { "single_use", "false" }, { "jwks_url", "https://a.example/keys?v=1" } };
	struct issuer *iss = issuer_new();
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (issuer_set(iss, rows[i][0], rows[i][1], &why) < 0)
			fail_msg("%s: %s", rows[i][0], why.text);
	}
	assert_int_equal(issuer_finish(iss, &why), ERR_OK);
	assert_int_equal(iss->n_audiences, 2);
	assert_int_equal(iss->typs, 1 << JWS_TYP_ABSENT | 1 << JWS_TYP_AT);
	assert_int_equal(iss->algs, 1 << JWS_ES256);
	assert_int_equal(iss->max_age, 3600);
	assert_int_equal(iss->skew, 30);
	assert_int_equal(iss->lifetime, 600);
	assert_false(iss->single_use);
	assert_null(iss->discovery);
	assert_int_equal(issuer_set(iss, "skew", "1", &why), ERR_EXISTS);
	assert_int_equal(issuer_set(iss, "nonsense", "1", &why), ERR_NOTFOUND);
	issuer_free(iss);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(six_issuers_are_expressible),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(defaults_are_as_documented),
		cmocka_unit_test(programs_set_words),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

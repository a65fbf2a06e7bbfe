/* Tokens made by another program (tests/fixtures/tokens/make) and frozen: what is good gives the identity, each bad one is refused for
 * its own reason. identity_token mints its own, and would not notice if we wrote and read them wrong in the same way. */
#include "tests/unit/unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "identity/token.h"

#define NOW 1800000000

static struct issuer *issuer;
static struct jwks *set;

static const struct jwks *keys(void *arg, const struct issuer *iss)
{
	(void)arg;
	(void)iss;
	return set;
}

static FILE *fixture(const char *name)
{
	const char *top = getenv("srcdir");
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/fixtures/tokens/%s", top != NULL ? top : ".", name);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s is not there", path);
	return f;
}

static int setup(void **state)
{
	char doc[8192];
	FILE *f = fixture("jwks.json");
	size_t n = fread(doc, 1, sizeof(doc), f);

	(void)state;
	fclose(f);
	assert_int_equal(jwks_parse(doc, n, &set, NULL), ERR_OK);
	assert_int_equal(jwks_count(set), 4);
	issuer = issuer_new();
	assert_int_equal(issuer_set(issuer, "name", "idp", NULL), ERR_OK);
	assert_int_equal(issuer_set(issuer, "issuer", "https://idp.example.com", NULL), ERR_OK);
	assert_int_equal(issuer_set(issuer, "audiences", "https://bastion.example.com", NULL), ERR_OK);
	assert_int_equal(issuer_finish(issuer, NULL), ERR_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	jwks_free(set);
	issuer_free(issuer);
	return 0;
}

static int code_named(const char *name)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = { { "ok", ERR_OK }, { "malformed", ERR_MALFORMED }, { "limit", ERR_LIMIT }, { "refused", ERR_REFUSED },
		{ "notfound", ERR_NOTFOUND }, { "expired", ERR_EXPIRED }, { "signature", ERR_SIGNATURE } };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(codes[i].name, name) == 0)
			return codes[i].code;
	fail_msg("no code is called %s", name);
	return 0;
}

/* Reads every line of a file; returns how many there are. */
static unsigned each_token(const char *file)
{
	const struct issuer *const issuers[] = { issuer };
	FILE *f = fixture(file);
	char line[32768];
	unsigned n = 0;

	for (; fgets(line, sizeof(line), f) != NULL; n++) {
		json_t *row = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		const char *name = json_string_value(json_object_get(row, "name"));
		const char *expect = json_string_value(json_object_get(row, "expect"));
		const char *token = json_string_value(json_object_get(row, "token"));
		struct identity *id;
		struct why why = { .text = "" };
		int r;

		assert_true(name != NULL && expect != NULL && token != NULL);
		r = token_verify(issuers, 1, keys, NULL, token, strlen(token), NOW, &id, NULL, &why);
		if (r != code_named(expect))
			fail_msg("%s: %s (%s), not %s", name, err_text(r), why.text, expect);
		if (r < 0) {
			assert_null(id);
			assert_true(why.text[0] != '\0');
		} else {
			assert_string_equal(id->subject, "agent-7");
			identity_free(id);
		}
		json_decref(row);
	}
	fclose(f);
	return n;
}

static void good_ones_pass(void **state)
{
	(void)state;
	assert_true(each_token("good.jsonl") >= 10);
}

static void bad_ones_are_refused(void **state)
{
	(void)state;
	assert_true(each_token("bad.jsonl") >= 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones_pass),
		cmocka_unit_test(bad_ones_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

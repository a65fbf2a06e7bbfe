/* Fuzzes tokens. The first byte chooses: 0, the whole token as it comes; else the claims, as if the signature had been right, for
 * no fuzzer makes signatures. What comes out as an identity must keep its own promises. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "identity/claims.h"
#include "identity/token.h"

#define NOW 1800000000

static struct issuer *issuers[3];
static struct jwks *set;

static struct issuer *make(const char *name, const char *iss, const char *format, const char *groups)
{
	struct issuer *x = issuer_new();

	if (issuer_set(x, "name", name, NULL) < 0 || issuer_set(x, "issuer", iss, NULL) < 0 ||
	    issuer_set(x, "audiences", "a", NULL) < 0 || issuer_set(x, "groups_format", format, NULL) < 0 ||
	    issuer_set(x, "groups", groups, NULL) < 0 || issuer_finish(x, NULL) < 0)
		abort();
	return x;
}

static void setup(void)
{
	static const char keys[] = "{\"keys\":[{\"kid\":\"k\",\"kty\":\"OKP\",\"crv\":\"Ed25519\","
		"\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},{\"kid\":\"e\",\"kty\":\"EC\",\"crv\":\"P-256\","
		"\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}]}";

	if (set != NULL)
		return;
	issuers[0] = make("a", "https://a", "array", "/groups");
	issuers[1] = make("b", "https://b", "space", "/x/0/~0");
	issuers[2] = make("c", "https://c", "comma", "/groups");
	if (issuer_set(issuers[1], "max_age", "1h", NULL) < 0 || issuer_require(issuers[1], "/r", "a*b?", NULL) < 0 ||
	    jwks_parse(keys, strlen(keys), &set, NULL) < 0)
		abort();
}

static const struct jwks *lookup(void *arg, const struct issuer *iss)
{
	(void)arg;
	(void)iss;
	return set;
}

/* An identity that came out has one text, which reads back to the same. */
static void promise(const struct identity *id)
{
	struct identity *again = NULL;
	char *text = NULL, *text2 = NULL;
	struct why why;

	if (identity_check(id, &why) < 0)
		return;
	/* Only its length may keep it from having a text. */
	if (identity_text(id, &text, &why) == ERR_OK) {
		if (strlen(text) > IDENTITY_TEXT_MAX || identity_parse(text, strlen(text), &again, &why) < 0 ||
		    identity_text(again, &text2, &why) < 0 || strcmp(text, text2) != 0)
			abort();
		for (const char *p = text; *p != '\0'; p++) {
			if (*p < 0x20 || *p > 0x7e)
				abort();
		}
	}
	identity_free(again);
	free(text);
	free(text2);
}

static void claims(const struct issuer *iss, const char *json, size_t n)
{
	json_t *o = json_loadb(json, n, JSON_REJECT_DUPLICATES, NULL);
	struct identity *id = calloc(1, sizeof(*id));
	struct why why;

	if (id == NULL)
		abort();
	id->issuer = strdup(iss->name);
	id->iss = strdup(iss->issuer);
	if (json_is_object(o)) {
		claims_audience(o, iss, &why);
		claims_required(o, iss, &why);
		if (claims_times(o, iss, NOW, &id->iat, &id->exp, &why) == ERR_OK &&
		    (id->exp + iss->skew <= NOW || id->iat > NOW + iss->skew))
			abort();
		if (claims_identity(o, iss, id, &why) == ERR_OK)
			promise(id);
	}
	json_decref(o);
	identity_free(id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct token_facts facts;
	struct identity *id;
	struct why why;

	setup();
	if (size == 0)
		return 0;
	if (data[0] == '0' || data[0] == 0) {
		if (token_verify((const struct issuer *const *)issuers, 3, lookup, NULL, (const char *)data + 1, size - 1, NOW, &id,
		    &facts, &why) == ERR_OK)
			promise(id);
		identity_free(id);
	} else {
		claims(issuers[data[0] % 3], (const char *)data + 1, size - 1);
		identity_parse((const char *)data + 1, size - 1, &id, &why);
		identity_free(id);
	}
	return 0;
}

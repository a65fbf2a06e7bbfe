/* The configuration of an issuer; see issuer.h. Trusts the file's author, not their typing. */
#include "identity/issuer.h"

#include <stdlib.h>
#include <string.h>

#include "identity/jsonptr.h"
#include "identity/text.h"

static const char issuer_well_known[] = "/.well-known/openid-configuration";

bool issuer_url_ok(const char *url, bool query)
{
	const char *host, *end, *colon;
	size_t n = strnlen(url, IDENTITY_URL_MAX + 1);

	if (n > IDENTITY_URL_MAX || strncmp(url, "https://", 8) != 0)
		return false;
	for (const char *p = url; *p != '\0'; p++) {
		if (*p <= 0x20 || *p > 0x7e || strchr("\"<>\\^`{|}#", *p) != NULL || (*p == '?' && !query))
			return false;
	}
	host = url + 8;
	end = host + strcspn(host, "/?");
	if (end == host || memchr(host, '@', (size_t)(end - host)) != NULL)
		return false;
	/* A port is digits; an IPv6 host stands in brackets. */
	colon = *host == '[' ? memchr(host, ']', (size_t)(end - host)) : host + strcspn(host, ":/?");
	if (colon == NULL || colon == host)
		return false;
	if (*host == '[')
		colon++;
	if (colon == end)
		return true;
	return *colon == ':' && end - colon >= 2 && end - colon <= 6 &&
		strspn(colon + 1, "0123456789") == (size_t)(end - colon - 1);
}

struct issuer *issuer_new(void)
{
	struct issuer *iss = calloc(1, sizeof(*iss));

	if (iss == NULL)
		return NULL;
	iss->skew = ISSUER_SKEW_MAX;
	iss->single_use = true;
	iss->lifetime = ISSUER_LIFETIME_DEFAULT;
	iss->groups_format = ISSUER_GROUPS_ARRAY;
	return iss;
}

void issuer_free(struct issuer *iss)
{
	if (iss == NULL)
		return;
	free(iss->name);
	free(iss->issuer);
	for (size_t i = 0; i < iss->n_audiences; i++)
		free(iss->audiences[i]);
	free(iss->discovery);
	free(iss->jwks_url);
	free(iss->jwks_file);
	free(iss->ca_file);
	free(iss->subject);
	free(iss->groups);
	for (size_t i = 0; i < iss->n_require; i++) {
		free(iss->require[i].claim);
		free(iss->require[i].glob);
	}
	free(iss);
}

static int issuer_copy(char **to, const char *value)
{
	free(*to);
	*to = strdup(value);
	return *to == NULL ? ERR_NOMEM : ERR_OK;
}

static int issuer_set_name(struct issuer *iss, const char *value)
{
	size_t n = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	if (n == 0 || n > IDENTITY_ISSUER_MAX || value[n] != '\0' || strchr("._-", value[0]) != NULL)
		return ERR_MALFORMED;
	return issuer_copy(&iss->name, value);
}

static int issuer_set_issuer(struct issuer *iss, const char *value)
{
	return text_ok(value, strlen(value), IDENTITY_URL_MAX) ? issuer_copy(&iss->issuer, value) : ERR_MALFORMED;
}

static int issuer_set_audience(struct issuer *iss, const char *value)
{
	int r;

	if (iss->n_audiences == ISSUER_AUDIENCES_MAX)
		return ERR_LIMIT;
	if (!text_ok(value, strlen(value), IDENTITY_URL_MAX))
		return ERR_MALFORMED;
	for (size_t i = 0; i < iss->n_audiences; i++) {
		if (strcmp(iss->audiences[i], value) == 0)
			return ERR_EXISTS;
	}
	r = issuer_copy(&iss->audiences[iss->n_audiences], value);
	if (r == ERR_OK)
		iss->n_audiences++;
	return r;
}

static int issuer_set_algorithm(struct issuer *iss, const char *value)
{
	int alg = jws_alg(value);

	if (alg < 0)
		return ERR_MALFORMED;
	iss->algs |= 1u << alg;
	return ERR_OK;
}

static int issuer_set_typ(struct issuer *iss, const char *value)
{
	static const char *const names[] = { [JWS_TYP_ABSENT] = "absent", [JWS_TYP_JWT] = "JWT", [JWS_TYP_AT] = "at+jwt" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], value) == 0 || (i == JWS_TYP_ABSENT && value[0] == '\0')) {
			iss->typs |= 1u << i;
			return ERR_OK;
		}
	}
	return ERR_MALFORMED;
}

static int issuer_set_discovery(struct issuer *iss, const char *value)
{
	size_t n = strlen(value), tail = sizeof(issuer_well_known) - 1;

	if (!issuer_url_ok(value, false) || n <= tail || strcmp(value + n - tail, issuer_well_known) != 0)
		return ERR_MALFORMED;
	return issuer_copy(&iss->discovery, value);
}

static int issuer_set_jwks_url(struct issuer *iss, const char *value)
{
	return issuer_url_ok(value, true) ? issuer_copy(&iss->jwks_url, value) : ERR_MALFORMED;
}

static int issuer_set_jwks_file(struct issuer *iss, const char *value)
{
	return value[0] == '/' ? issuer_copy(&iss->jwks_file, value) : ERR_MALFORMED;
}

static int issuer_set_ca_file(struct issuer *iss, const char *value)
{
	return value[0] == '/' ? issuer_copy(&iss->ca_file, value) : ERR_MALFORMED;
}

static int issuer_set_subject(struct issuer *iss, const char *value)
{
	return value[0] == '/' && jsonptr_ok(value) ? issuer_copy(&iss->subject, value) : ERR_MALFORMED;
}

static int issuer_set_groups(struct issuer *iss, const char *value)
{
	return value[0] == '/' && jsonptr_ok(value) ? issuer_copy(&iss->groups, value) : ERR_MALFORMED;
}

static int issuer_set_groups_format(struct issuer *iss, const char *value)
{
	if (strcmp(value, "array") == 0)
		iss->groups_format = ISSUER_GROUPS_ARRAY;
	else if (strcmp(value, "space") == 0)
		iss->groups_format = ISSUER_GROUPS_SPACE;
	else if (strcmp(value, "comma") == 0)
		iss->groups_format = ISSUER_GROUPS_COMMA;
	else
		return ERR_MALFORMED;
	return ERR_OK;
}

/* Digits and one unit; seconds without. */
static int issuer_duration(const char *value, int64_t min, int64_t max, int64_t *out)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t n = strspn(value, "0123456789");
	int64_t v = 0;

	if (n == 0 || n > 9)
		return ERR_MALFORMED;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (value[i] - '0');
	for (size_t i = 0; value[n] != '\0' && i < 4; i++) {
		if (value[n] == units[i].unit && value[n + 1] == '\0') {
			v *= units[i].seconds;
			n++;
		}
	}
	if (value[n] != '\0')
		return ERR_MALFORMED;
	if (v < min || v > max)
		return ERR_LIMIT;
	*out = v;
	return ERR_OK;
}

static int issuer_set_max_age(struct issuer *iss, const char *value)
{
	return issuer_duration(value, 0, ISSUER_AGE_MAX, &iss->max_age);
}

static int issuer_set_skew(struct issuer *iss, const char *value)
{
	return issuer_duration(value, 0, ISSUER_SKEW_MAX, &iss->skew);
}

static int issuer_set_lifetime(struct issuer *iss, const char *value)
{
	return issuer_duration(value, ISSUER_LIFETIME_MIN, ISSUER_LIFETIME_MAX, &iss->lifetime);
}

static int issuer_set_single_use(struct issuer *iss, const char *value)
{
	if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return ERR_MALFORMED;
	iss->single_use = value[0] == 't';
	return ERR_OK;
}

static const struct {
	const char *key;
	int (*set)(struct issuer *iss, const char *value);
	enum issuer_kind kind;
	const char *wanted;
} issuer_keys[] = {
	{ "name", issuer_set_name, ISSUER_ONE, "1 to 32 of a-z 0-9 . _ -, beginning with a letter or digit" },
	{ "issuer", issuer_set_issuer, ISSUER_ONE, "the exact issuer of its tokens: an https URL without user, query or fragment" },
	{ "audiences", issuer_set_audience, ISSUER_MANY, "readable text, each once, at most 16" },
	{ "algorithms", issuer_set_algorithm, ISSUER_MANY, "RS256, RS384, RS512, PS256, ES256, ES384 or EdDSA" },
	{ "types", issuer_set_typ, ISSUER_MANY, "absent, JWT or at+jwt" },
	{ "discovery", issuer_set_discovery, ISSUER_ONE, "an https URL ending in /.well-known/openid-configuration" },
	{ "jwks_url", issuer_set_jwks_url, ISSUER_ONE, "an https URL without user or fragment" },
	{ "jwks_file", issuer_set_jwks_file, ISSUER_ONE, "an absolute path" },
	{ "ca_file", issuer_set_ca_file, ISSUER_ONE, "an absolute path" },
	{ "subject", issuer_set_subject, ISSUER_ONE, "a JSON Pointer such as /sub" },
	{ "groups", issuer_set_groups, ISSUER_ONE, "a JSON Pointer such as /realm_access/roles" },
	{ "groups_format", issuer_set_groups_format, ISSUER_ONE, "array, space or comma" },
	{ "max_age", issuer_set_max_age, ISSUER_DURATION, "a duration such as 10m, at most 366d; 0 is no limit" },
	{ "clock_skew", issuer_set_skew, ISSUER_DURATION, "a duration of 0 to 60s" },
	{ "single_use", issuer_set_single_use, ISSUER_ONE, "true or false" },
	{ "lifetime", issuer_set_lifetime, ISSUER_DURATION, "a duration of 30s to 24h" },
};

const char *issuer_key(unsigned i, enum issuer_kind *kind)
{
	if (i >= sizeof(issuer_keys) / sizeof(issuer_keys[0]))
		return NULL;
	*kind = issuer_keys[i].kind;
	return issuer_keys[i].key;
}

int issuer_set(struct issuer *iss, const char *key, const char *value, struct why *why)
{
	static const char *const other[][2] = { { "audience", "audiences" }, { "typ", "types" }, { "skew", "clock_skew" } };

	for (unsigned i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		if (strcmp(key, other[i][0]) == 0)
			key = other[i][1];
	}
	for (unsigned i = 0; i < sizeof(issuer_keys) / sizeof(issuer_keys[0]); i++) {
		int r;

		if (strcmp(issuer_keys[i].key, key) != 0)
			continue;
		if (issuer_keys[i].kind != ISSUER_MANY && (iss->set >> i & 1) != 0)
			return why_fail(why, ERR_EXISTS, "%s is given twice", key);
		r = issuer_keys[i].set(iss, value);
		if (r < 0)
			return why_fail(why, r, "%s must be %s", key, issuer_keys[i].wanted);
		iss->set |= 1u << i;
		return ERR_OK;
	}
	return why_fail(why, ERR_NOTFOUND, "an issuer has no setting \"%s\"", key);
}

int issuer_require(struct issuer *iss, const char *claim, const char *glob, struct why *why)
{
	struct issuer_require *req = &iss->require[iss->n_require];

	if (iss->n_require == ISSUER_REQUIRE_MAX)
		return why_fail(why, ERR_LIMIT, "more than %d required claims", ISSUER_REQUIRE_MAX);
	if (claim[0] == '\0' || strlen(claim) > JSONPTR_MAX || (claim[0] == '/' && !jsonptr_ok(claim)))
		return why_fail(why, ERR_MALFORMED, "a required claim is a claim's name or a JSON Pointer");
	if (!text_ok(glob, strlen(glob), IDENTITY_SUBJECT_MAX))
		return why_fail(why, ERR_MALFORMED, "the pattern of a required claim is empty, too long or not readable");
	for (size_t i = 0; i < iss->n_require; i++) {
		if (strcmp(iss->require[i].claim, claim) == 0)
			return why_fail(why, ERR_EXISTS, "a claim is required twice");
	}
	if (issuer_copy(&req->claim, claim) < 0 || issuer_copy(&req->glob, glob) < 0) {
		free(req->claim);
		req->claim = NULL;
		return why_fail(why, ERR_NOMEM, "no memory for the issuer");
	}
	iss->n_require++;
	return ERR_OK;
}

/* OpenID Connect Discovery section 4.1: the issuer without its trailing slash, and the well-known path. */
static int issuer_make_discovery(struct issuer *iss, struct why *why)
{
	size_t n = strlen(iss->issuer), tail = sizeof(issuer_well_known);

	if (iss->issuer[n - 1] == '/')
		n--;
	iss->discovery = malloc(n + tail);
	if (iss->discovery == NULL)
		return why_fail(why, ERR_NOMEM, "no memory for the issuer");
	memcpy(iss->discovery, iss->issuer, n);
	memcpy(iss->discovery + n, issuer_well_known, tail);
	return ERR_OK;
}

int issuer_finish(struct issuer *iss, struct why *why)
{
	if (iss->name == NULL || iss->issuer == NULL)
		return why_fail(why, ERR_MALFORMED, "an issuer needs a name and its issuer URL");
	if (iss->n_audiences == 0)
		return why_fail(why, ERR_MALFORMED, "an issuer needs an audience: tokens for others must not open this door");
	if ((iss->jwks_file != NULL) + (iss->jwks_url != NULL) + (iss->discovery != NULL) > 1)
		return why_fail(why, ERR_MALFORMED, "keys come from one of jwks_file, jwks_url and discovery");
	if (iss->jwks_file != NULL && iss->ca_file != NULL)
		return why_fail(why, ERR_MALFORMED, "ca_file has no use beside jwks_file");
	/* Only where nothing is fetched may an issuer be no URL: "kubernetes/serviceaccount", "accounts.google.com". */
	if (iss->jwks_file == NULL && !issuer_url_ok(iss->issuer, false))
		return why_fail(why, ERR_MALFORMED, "the issuer must be an https URL without user, query or fragment");
	if (iss->algs == 0)
		iss->algs = JWS_ALGS_ALL;
	if (iss->typs == 0)
		iss->typs = JWS_TYPS_ALL;
	if (iss->subject == NULL && issuer_copy(&iss->subject, "/sub") < 0)
		return why_fail(why, ERR_NOMEM, "no memory for the issuer");
	if (iss->groups == NULL && issuer_copy(&iss->groups, "/groups") < 0)
		return why_fail(why, ERR_NOMEM, "no memory for the issuer");
	if (iss->jwks_file == NULL && iss->jwks_url == NULL && iss->discovery == NULL)
		return issuer_make_discovery(iss, why);
	return ERR_OK;
}

int issuer_check_set(const struct issuer *const *issuers, size_t n, struct why *why)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(issuers[i]->name, issuers[j]->name) == 0)
				return why_fail(why, ERR_EXISTS, "two issuers are named %s", issuers[i]->name);
			if (strcmp(issuers[i]->issuer, issuers[j]->issuer) == 0)
				return why_fail(why, ERR_EXISTS, "%s and %s have the same issuer URL", issuers[j]->name,
					issuers[i]->name);
		}
	}
	return ERR_OK;
}

/* Claims; see claims.h. The issuer vouches for them, which does not make them well-formed: types are exact, and text is
 * bounded and readable. */
#include "identity/claims.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "identity/jsonptr.h"
#include "identity/text.h"

enum { CLAIMS_AUD_MAX = 64 };

static const int64_t claims_time_max = 253402300799; /* the end of year 9999 */

static bool claims_expected(const json_t *v, const struct issuer *iss)
{
	const char *s = json_string_value(v);

	for (size_t i = 0; s != NULL && i < iss->n_audiences; i++) {
		if (strcmp(iss->audiences[i], s) == 0)
			return true;
	}
	return false;
}

static bool claims_requires_azp(const struct issuer *iss)
{
	for (size_t i = 0; i < iss->n_require; i++) {
		if (strcmp(iss->require[i].claim, "azp") == 0 || strcmp(iss->require[i].claim, "/azp") == 0)
			return true;
	}
	return false;
}

int claims_audience(json_t *claims, const struct issuer *iss, struct why *why)
{
	json_t *aud = json_object_get(claims, "aud");
	size_t n = json_array_size(aud);
	bool hit = false;

	if (json_is_string(aud)) {
		if (claims_expected(aud, iss))
			return ERR_OK;
		return why_fail(why, ERR_REFUSED, "the token is for another audience");
	}
	if (!json_is_array(aud) || n == 0 || n > CLAIMS_AUD_MAX)
		return why_fail(why, ERR_MALFORMED, "the token has no audience that can be read");
	for (size_t i = 0; i < n; i++) {
		if (!json_is_string(json_array_get(aud, i)))
			return why_fail(why, ERR_MALFORMED, "an audience of the token is not a string");
		if (claims_expected(json_array_get(aud, i), iss))
			hit = true;
	}
	if (!hit)
		return why_fail(why, ERR_REFUSED, "the token is for another audience");
	if (n > 1 && !claims_requires_azp(iss) && !claims_expected(json_object_get(claims, "azp"), iss))
		return why_fail(why, ERR_REFUSED, "the token is for several audiences, and its azp is none that is expected");
	return ERR_OK;
}

/* A NumericDate that is an integer: "1e3", 1.5, strings, and what does not fit are refused. *out stays when absent. */
static int claims_time(json_t *claims, const char *name, int64_t *out, struct why *why)
{
	json_t *v = json_object_get(claims, name);

	if (v == NULL)
		return ERR_NOTFOUND;
	if (!json_is_integer(v) || json_integer_value(v) <= 0 || json_integer_value(v) > claims_time_max)
		return why_fail(why, ERR_MALFORMED, "the token's %s is not an integer time", name);
	*out = json_integer_value(v);
	return ERR_OK;
}

int claims_times(json_t *claims, const struct issuer *iss, int64_t now, int64_t *iat, int64_t *exp, struct why *why)
{
	int64_t nbf = 0;
	int has_iat, has_nbf, r;

	*iat = *exp = 0;
	r = claims_time(claims, "exp", exp, why);
	if (r == ERR_NOTFOUND)
		return why_fail(why, ERR_MALFORMED, "the token has no exp: it would be valid for ever");
	has_nbf = claims_time(claims, "nbf", &nbf, why);
	has_iat = claims_time(claims, "iat", iat, why);
	if (r < 0 || has_nbf == ERR_MALFORMED || has_iat == ERR_MALFORMED)
		return ERR_MALFORMED;
	if (now >= *exp + iss->skew)
		return why_fail(why, ERR_EXPIRED, "the token expired %" PRId64 " s ago", now - *exp);
	if (has_nbf == ERR_OK && nbf > now + iss->skew)
		return why_fail(why, ERR_EXPIRED, "the token is not valid before %" PRId64 " s from now", nbf - now);
	if (has_iat == ERR_OK && *iat > now + iss->skew)
		return why_fail(why, ERR_EXPIRED, "the token was issued %" PRId64 " s in the future", *iat - now);
	if (iss->max_age > 0) {
		if (has_iat != ERR_OK)
			return why_fail(why, ERR_MALFORMED, "the token has no iat, and its age is limited");
		if (now - *iat > iss->max_age + iss->skew)
			return why_fail(why, ERR_EXPIRED, "the token is older than %" PRId64 " s", iss->max_age);
	}
	return ERR_OK;
}

static bool claims_match(const json_t *v, const char *glob)
{
	char number[32];

	if (json_is_string(v))
		return text_glob(glob, json_string_value(v));
	if (json_is_boolean(v))
		return text_glob(glob, json_is_true(v) ? "true" : "false");
	if (json_is_integer(v)) {
		snprintf(number, sizeof(number), "%" PRId64, (int64_t)json_integer_value(v));
		return text_glob(glob, number);
	}
	return false;
}

int claims_required(json_t *claims, const struct issuer *iss, struct why *why)
{
	for (size_t i = 0; i < iss->n_require; i++) {
		const struct issuer_require *req = &iss->require[i];
		json_t *v = req->claim[0] == '/' ? jsonptr_get(claims, req->claim) : json_object_get(claims, req->claim);
		bool ok = claims_match(v, req->glob);

		for (size_t j = 0; !ok && j < json_array_size(v); j++)
			ok = claims_match(json_array_get(v, j), req->glob);
		if (!ok)
			return why_fail(why, ERR_REFUSED, "the token's claim %s is not what is required", req->claim);
	}
	return ERR_OK;
}

static int claims_copy(const json_t *v, char **out)
{
	*out = strdup(json_string_value(v));
	return *out == NULL ? ERR_NOMEM : ERR_OK;
}

/* Optional text for display: what is not fit for display is left out. */
static int claims_display(json_t *claims, const char *name, char **out)
{
	json_t *v = json_object_get(claims, name);

	if (!json_is_string(v) || !text_ok(json_string_value(v), json_string_length(v), IDENTITY_NAME_MAX))
		return ERR_OK;
	return claims_copy(v, out);
}

static int claims_add_group(struct identity *id, const char *s, size_t n, struct why *why)
{
	char **groups;

	if (!text_ok(s, n, IDENTITY_GROUP_MAX))
		return why_fail(why, ERR_MALFORMED, "a group in the token is empty, over %d bytes, or not readable text",
			IDENTITY_GROUP_MAX);
	if (id->n_groups == IDENTITY_GROUPS_MAX)
		return why_fail(why, ERR_LIMIT, "the token has more than %d groups", IDENTITY_GROUPS_MAX);
	groups = reallocarray(id->groups, id->n_groups + 1, sizeof(*groups));
	if (groups == NULL)
		return ERR_NOMEM;
	id->groups = groups;
	id->groups[id->n_groups] = strndup(s, n);
	if (id->groups[id->n_groups] == NULL)
		return ERR_NOMEM;
	id->n_groups++;
	return ERR_OK;
}

static int claims_groups(json_t *claims, const struct issuer *iss, struct identity *id, struct why *why)
{
	json_t *v = jsonptr_get(claims, iss->groups);
	const char *separators = iss->groups_format == ISSUER_GROUPS_SPACE ? " " : ",";
	int r = ERR_OK;

	if (v == NULL || json_is_null(v))
		return ERR_OK;
	if (iss->groups_format == ISSUER_GROUPS_ARRAY) {
		if (!json_is_array(v))
			return why_fail(why, ERR_MALFORMED, "the groups in the token are not an array, as configured");
		for (size_t i = 0; r == ERR_OK && i < json_array_size(v); i++) {
			const json_t *g = json_array_get(v, i);

			r = json_is_string(g) ? claims_add_group(id, json_string_value(g), json_string_length(g), why) :
				why_fail(why, ERR_MALFORMED, "a group in the token is not a string");
		}
	} else {
		const char *s = json_string_value(v);

		if (s == NULL)
			return why_fail(why, ERR_MALFORMED, "the groups in the token are not a string, as configured");
		while (r == ERR_OK && *s != '\0') {
			const char *next;
			size_t n;

			s += strspn(s, separators);
			s += strspn(s, " ");
			n = strcspn(s, separators);
			next = s + n;
			while (n > 0 && s[n - 1] == ' ')
				n--;
			if (n > 0)
				r = claims_add_group(id, s, n, why);
			s = next;
		}
	}
	identity_sort_groups(id);
	return r;
}

/* RFC 8693 section 4.1. The outermost actor becomes the subject; what was the subject is for whom it acts. */
static int claims_delegation(json_t *claims, struct identity *id, struct why *why)
{
	json_t *act = json_object_get(claims, "act");

	if (act == NULL)
		return ERR_OK;
	for (int depth = 0; act != NULL; act = json_object_get(act, "act"), depth++) {
		json_t *sub = json_object_get(act, "sub"), *iss = json_object_get(act, "iss");
		char *copy = NULL;

		if (depth > IDENTITY_VIA_MAX)
			return why_fail(why, ERR_LIMIT, "the token's chain of actors is too long");
		if (!json_is_string(sub) || !text_ok(json_string_value(sub), json_string_length(sub), IDENTITY_SUBJECT_MAX))
			return why_fail(why, ERR_MALFORMED, "an actor in the token has no readable subject");
		/* Another issuer's subject must not pass for one of this issuer's. */
		if (iss != NULL && (!json_is_string(iss) || strcmp(json_string_value(iss), id->iss) != 0))
			return why_fail(why, ERR_REFUSED, "an actor in the token belongs to another issuer");
		if (claims_copy(sub, &copy) < 0)
			return ERR_NOMEM;
		if (depth == 0) {
			id->on_behalf_of = id->subject;
			id->subject = copy;
			id->via = calloc(IDENTITY_VIA_MAX, sizeof(id->via[0]));
			if (id->via == NULL)
				return ERR_NOMEM;
		} else {
			id->via[id->n_via++] = copy;
		}
	}
	return ERR_OK;
}

int claims_identity(json_t *claims, const struct issuer *iss, struct identity *id, struct why *why)
{
	json_t *sub = jsonptr_get(claims, iss->subject), *jti = json_object_get(claims, "jti");
	int r;

	if (!json_is_string(sub) || !text_ok(json_string_value(sub), json_string_length(sub), IDENTITY_SUBJECT_MAX))
		return why_fail(why, ERR_MALFORMED, "the token has no subject at %s that is readable text of at most %d bytes",
			iss->subject, IDENTITY_SUBJECT_MAX);
	if (jti != NULL && (!json_is_string(jti) ||
	    !text_ok(json_string_value(jti), json_string_length(jti), IDENTITY_JTI_MAX)))
		return why_fail(why, ERR_MALFORMED, "the token's jti is not readable text of at most %d bytes", IDENTITY_JTI_MAX);
	if ((r = claims_copy(sub, &id->subject)) < 0 || (jti != NULL && (r = claims_copy(jti, &id->jti)) < 0) ||
	    (r = claims_delegation(claims, id, why)) < 0 || (r = claims_groups(claims, iss, id, why)) < 0 ||
	    (r = claims_display(claims, "name", &id->name)) < 0)
		return r;
	/* Absent is common and says nothing; false says that anybody may have typed it. */
	if (!json_is_false(json_object_get(claims, "email_verified")))
		r = claims_display(claims, "email", &id->email);
	return r;
}

/* The identity and its text; see identity.h. Distrusts the text it reads: whatever is not exactly what identity_text() writes
 * is refused. */
#include "identity/identity.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "identity/text.h"

static void identity_free_list(char **list, size_t n)
{
	for (size_t i = 0; i < n && list != NULL; i++)
		free(list[i]);
	free(list);
}

void identity_free(struct identity *id)
{
	if (id == NULL)
		return;
	free(id->issuer);
	free(id->iss);
	free(id->subject);
	identity_free_list(id->groups, id->n_groups);
	free(id->on_behalf_of);
	identity_free_list(id->via, id->n_via);
	free(id->email);
	free(id->name);
	free(id->jti);
	free(id);
}

static bool identity_str_ok(const char *s, size_t max, bool required)
{
	if (s == NULL)
		return !required;
	return text_ok(s, strnlen(s, max + 1), max);
}

static bool identity_short_ok(const char *s)
{
	size_t n;

	if (s == NULL)
		return false;
	n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-");
	return n > 0 && n <= IDENTITY_ISSUER_MAX && s[n] == '\0' && strchr("._-", s[0]) == NULL;
}

int identity_check(const struct identity *id, struct why *why)
{
	if (!identity_short_ok(id->issuer))
		return why_fail(why, ERR_MALFORMED, "the issuer's short name is not of its form");
	if (!identity_str_ok(id->iss, IDENTITY_URL_MAX, true))
		return why_fail(why, ERR_MALFORMED, "the issuer is missing, too long or not readable text");
	if (!identity_str_ok(id->subject, IDENTITY_SUBJECT_MAX, true))
		return why_fail(why, ERR_MALFORMED, "the subject is empty, over %d bytes, or not readable text",
			IDENTITY_SUBJECT_MAX);
	if (!identity_str_ok(id->on_behalf_of, IDENTITY_SUBJECT_MAX, false))
		return why_fail(why, ERR_MALFORMED, "the delegating subject is too long or not readable text");
	if (id->n_groups > IDENTITY_GROUPS_MAX)
		return why_fail(why, ERR_LIMIT, "more than %d groups", IDENTITY_GROUPS_MAX);
	for (size_t i = 0; i < id->n_groups; i++) {
		if (!identity_str_ok(id->groups[i], IDENTITY_GROUP_MAX, true))
			return why_fail(why, ERR_MALFORMED, "a group is empty, over %d bytes, or not readable text", IDENTITY_GROUP_MAX);
		if (i > 0 && strcmp(id->groups[i - 1], id->groups[i]) >= 0)
			return why_fail(why, ERR_MALFORMED, "the groups are not in order");
	}
	if (id->n_via > IDENTITY_VIA_MAX || (id->n_via > 0 && id->on_behalf_of == NULL))
		return why_fail(why, ERR_LIMIT, "the chain of actors is too long");
	for (size_t i = 0; i < id->n_via; i++) {
		if (!identity_str_ok(id->via[i], IDENTITY_SUBJECT_MAX, true))
			return why_fail(why, ERR_MALFORMED, "an actor is too long or not readable text");
	}
	if (!identity_str_ok(id->email, IDENTITY_NAME_MAX, false) || !identity_str_ok(id->name, IDENTITY_NAME_MAX, false) ||
	    !identity_str_ok(id->jti, IDENTITY_JTI_MAX, false))
		return why_fail(why, ERR_MALFORMED, "the e-mail, name or token id is too long or not readable text");
	if (id->exp <= 0 || id->iat < 0)
		return why_fail(why, ERR_MALFORMED, "the times are not times");
	return ERR_OK;
}

static int identity_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void identity_sort_groups(struct identity *id)
{
	size_t kept = 0;

	if (id->n_groups == 0)
		return;
	qsort(id->groups, id->n_groups, sizeof(id->groups[0]), identity_cmp);
	for (size_t i = 0; i < id->n_groups; i++) {
		if (kept > 0 && strcmp(id->groups[kept - 1], id->groups[i]) == 0)
			free(id->groups[i]);
		else
			id->groups[kept++] = id->groups[i];
	}
	id->n_groups = kept;
}

bool identity_in_group(const struct identity *id, const char *group)
{
	return id->n_groups > 0 &&
		bsearch(&group, id->groups, id->n_groups, sizeof(id->groups[0]), identity_cmp) != NULL;
}

static bool identity_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool identity_may_be_same(const struct identity *a, const struct identity *b)
{
	if (a->email != NULL && b->email != NULL && strcasecmp(a->email, b->email) == 0)
		return true;
	if (!identity_same(a->iss, b->iss))
		return false;
	return identity_same(a->subject, b->subject) || identity_same(a->on_behalf_of, b->subject) ||
		identity_same(a->subject, b->on_behalf_of) || identity_same(a->on_behalf_of, b->on_behalf_of);
}

static json_t *identity_json_list(char *const *list, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n && a != NULL; i++) {
		if (json_array_append_new(a, json_string(list[i])) < 0) {
			json_decref(a);
			return NULL;
		}
	}
	return a;
}

/* jansson keeps the order in which members were set. */
static int identity_set(json_t *o, const char *key, json_t *value, bool want)
{
	if (!want) {
		json_decref(value);
		return 0;
	}
	return json_object_set_new(o, key, value);
}

int identity_text(const struct identity *id, char **out, struct why *why)
{
	json_t *o;
	char *s = NULL;
	int bad = 0, r;

	*out = NULL;
	r = identity_check(id, why);
	if (r < 0)
		return r;
	o = json_object();
	bad |= identity_set(o, "issuer", json_string(id->issuer), true);
	bad |= identity_set(o, "iss", json_string(id->iss), true);
	bad |= identity_set(o, "subject", json_string(id->subject), true);
	bad |= identity_set(o, "groups", identity_json_list(id->groups, id->n_groups), true);
	bad |= identity_set(o, "on_behalf_of", json_string(id->on_behalf_of), id->on_behalf_of != NULL);
	bad |= identity_set(o, "via", identity_json_list(id->via, id->n_via), id->n_via > 0);
	bad |= identity_set(o, "email", json_string(id->email), id->email != NULL);
	bad |= identity_set(o, "name", json_string(id->name), id->name != NULL);
	bad |= identity_set(o, "jti", json_string(id->jti), id->jti != NULL);
	bad |= identity_set(o, "iat", json_integer(id->iat), id->iat > 0);
	bad |= identity_set(o, "exp", json_integer(id->exp), true);
	if (bad == 0)
		s = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(o);
	if (s == NULL)
		return why_fail(why, ERR_NOMEM, "no memory for the identity");
	if (strlen(s) > IDENTITY_TEXT_MAX) {
		free(s);
		return why_fail(why, ERR_LIMIT, "the identity has more than %d bytes; fewer groups are needed", IDENTITY_TEXT_MAX);
	}
	*out = s;
	return ERR_OK;
}

static int identity_get(const json_t *o, const char *key, char **out)
{
	const json_t *v = json_object_get(o, key);

	if (v == NULL)
		return ERR_OK;
	if (!json_is_string(v))
		return ERR_MALFORMED;
	*out = strdup(json_string_value(v));
	return *out == NULL ? ERR_NOMEM : ERR_OK;
}

static int identity_get_list(const json_t *o, const char *key, size_t max, char ***out, size_t *n)
{
	const json_t *a = json_object_get(o, key);
	size_t len = json_array_size(a);

	if (a == NULL)
		return ERR_OK;
	if (!json_is_array(a) || len > max)
		return ERR_MALFORMED;
	*out = calloc(len + 1, sizeof(**out));
	if (*out == NULL)
		return ERR_NOMEM;
	for (; *n < len; (*n)++) {
		const json_t *v = json_array_get(a, *n);

		if (!json_is_string(v))
			return ERR_MALFORMED;
		(*out)[*n] = strdup(json_string_value(v));
		if ((*out)[*n] == NULL)
			return ERR_NOMEM;
	}
	return ERR_OK;
}

int identity_parse(const char *text, size_t n, struct identity **out, struct why *why)
{
	struct identity *id = NULL;
	char *again = NULL;
	json_t *o;
	int r;

	*out = NULL;
	if (n > IDENTITY_TEXT_MAX)
		return why_fail(why, ERR_LIMIT, "the identity has more than %d bytes", IDENTITY_TEXT_MAX);
	o = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	id = calloc(1, sizeof(*id));
	if (id == NULL || !json_is_object(o)) {
		r = id == NULL ? ERR_NOMEM : why_fail(why, ERR_MALFORMED, "the identity is not a JSON object");
		goto out;
	}
	if ((r = identity_get(o, "issuer", &id->issuer)) < 0 || (r = identity_get(o, "iss", &id->iss)) < 0 ||
	    (r = identity_get(o, "subject", &id->subject)) < 0 ||
	    (r = identity_get_list(o, "groups", IDENTITY_GROUPS_MAX, &id->groups, &id->n_groups)) < 0 ||
	    (r = identity_get(o, "on_behalf_of", &id->on_behalf_of)) < 0 ||
	    (r = identity_get_list(o, "via", IDENTITY_VIA_MAX, &id->via, &id->n_via)) < 0 ||
	    (r = identity_get(o, "email", &id->email)) < 0 || (r = identity_get(o, "name", &id->name)) < 0 ||
	    (r = identity_get(o, "jti", &id->jti)) < 0) {
		why_set(why, "a member of the identity is not of its type");
		goto out;
	}
	id->iat = json_integer_value(json_object_get(o, "iat"));
	id->exp = json_integer_value(json_object_get(o, "exp"));
	/* Unknown members, other orders and other spellings all show here. */
	r = identity_text(id, &again, why);
	if (r == ERR_OK && (strlen(again) != n || memcmp(again, text, n) != 0))
		r = why_fail(why, ERR_MALFORMED, "the identity is not in its canonical form");
out:
	free(again);
	json_decref(o);
	if (r < 0)
		identity_free(id);
	else
		*out = id;
	return r;
}

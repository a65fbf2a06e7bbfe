/* The event catalogue; see events.tbl. */
#include "audit/events.h"

#include <stdio.h>
#include <string.h>

const struct event events[] = {
#define EVENT(name, closing, class, activity, required, optional, meaning) \
	{ name, closing, class, activity, required, optional, meaning },
#define FIELD(name, type, ocsf, meaning)
#include "audit/events.tbl"
#undef EVENT
#undef FIELD
};
const size_t nevents = sizeof(events) / sizeof(events[0]);

const struct event_field event_fields[] = {
#define EVENT(name, closing, class, activity, required, optional, meaning)
#define FIELD(name, type, ocsf, meaning) { name, type, ocsf, meaning },
#include "audit/events.tbl"
#undef EVENT
#undef FIELD
};
const size_t nevent_fields = sizeof(event_fields) / sizeof(event_fields[0]);

const struct event *events_find(const char *name, size_t len)
{
	for (size_t i = 0; i < nevents; i++)
		if (strlen(events[i].name) == len && memcmp(events[i].name, name, len) == 0)
			return &events[i];
	return NULL;
}

const struct event_field *events_field(const char *name)
{
	for (size_t i = 0; i < nevent_fields; i++)
		if (strcmp(event_fields[i].name, name) == 0)
			return &event_fields[i];
	return NULL;
}

/* Whether `name` is one of the words of `list`. */
static bool listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; *p != '\0'; p += *p == ' ') {
		size_t k = strcspn(p, " ");

		if (k == n && memcmp(p, name, n) == 0)
			return true;
		p += k;
	}
	return false;
}

static bool type_fits(const struct event_field *f, const json_t *v)
{
	if (f == NULL || json_is_null(v))
		return true;
	switch (f->type[0]) {
	case 's': return json_is_string(v);
	case 'i': return json_is_integer(v);
	case 'b': return json_is_boolean(v);
	case 'o': return json_is_object(v);
	default: return json_is_array(v);
	}
}

int events_check(const struct event *e, const json_t *fields, struct why *w)
{
	const char *key;
	json_t *value;
	char name[64];

	for (const char *p = e->required; *p != '\0'; p += *p == ' ') {
		size_t k = strcspn(p, " ");

		snprintf(name, sizeof(name), "%.*s", (int)k, p);
		if (json_object_get(fields, name) == NULL)
			return why_fail(w, ERR_MALFORMED, "event %s needs the field %s", e->name, name);
		p += k;
	}
	json_object_foreach((json_t *)fields, key, value) {
		if (!listed(e->required, key) && !listed(e->optional, key))
			return why_fail(w, ERR_MALFORMED, "event %s has no field %s in the catalogue", e->name, key);
		if (!type_fits(events_field(key), value))
			return why_fail(w, ERR_MALFORMED, "field %s of event %s is not of type %s", key, e->name,
					events_field(key)->type);
	}
	return ERR_OK;
}

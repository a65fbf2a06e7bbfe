/* The event catalogue of events.tbl as data. Pure. */
#ifndef AUDIT_EVENTS_H
#define AUDIT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/err.h"

struct event {
	const char *name;
	bool closing;          /* may use the reserve of a full disk */
	int ocsf_class;
	int ocsf_activity;
	const char *required;  /* field names, one space between */
	const char *optional;
	const char *meaning;
};

struct event_field {
	const char *name;
	const char *type; /* string, int, bool, list, object */
	const char *ocsf; /* path in an OCSF event, "" for unmapped */
	const char *meaning;
};

extern const struct event events[];
extern const size_t nevents;
extern const struct event_field event_fields[];
extern const size_t nevent_fields;

/* NULL when the catalogue has none of that name. */
const struct event *events_find(const char *name, size_t len);
const struct event_field *events_field(const char *name);

/* Whether fields (an object) are those of the event: every required one there, no other than documented, none that the
 * chain itself writes. ERR_OK or ERR_MALFORMED. */
int events_check(const struct event *e, const json_t *fields, struct why *w);

#endif

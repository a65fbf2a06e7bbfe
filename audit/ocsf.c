/* See ocsf.h. A record as an event of the Open Cybersecurity Schema Framework (1.3): class and activity from the event catalogue, fields to the
 * paths that the catalogue names; what has no place there goes to `unmapped`, so that nothing is lost. */
#include "audit/ocsf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/chain.h"
#include "audit/events.h"
#include "audit/filter.h"

/* Puts a value at a dotted path; "name[0]" is the first element of a list. Takes over the reference. */
static void put(json_t *to, const char *path, json_t *value)
{
	char name[64];
	const char *dot;
	json_t *next;
	size_t n;

	while ((dot = strchr(path, '.')) != NULL) {
		n = (size_t)(dot - path);
		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		path = dot + 1;
		if (n > 3 && strcmp(name + n - 3, "[0]") == 0) {
			name[n - 3] = '\0';
			next = json_array_get(json_object_get(to, name), 0);
			if (next == NULL) {
				next = json_object();
				json_object_set_new(to, name, json_pack("[o]", next));
			}
		} else {
			next = json_object_get(to, name);
			if (!json_is_object(next)) {
				next = json_object();
				json_object_set_new(to, name, next);
			}
		}
		to = next;
	}
	json_object_set_new(to, path, value);
}

static const struct {
	int class, category;
	const char *name, *category_name;
} classes[] = {
	{ 1001, 1, "File System Activity", "System Activity" },
	{ 1007, 1, "Process Activity", "System Activity" },
	{ 2006, 2, "Data Security Finding", "Findings" },
	{ 3002, 3, "Authentication", "Identity & Access Management" },
	{ 4007, 4, "SSH Activity", "Network Activity" },
	{ 6002, 6, "Application Lifecycle", "Application Activity" },
	{ 6003, 6, "API Activity", "Application Activity" },
};

/* action_id 1 allowed, 2 denied; status_id 1 success, 2 failure; severity_id 1 informational, 3 medium. */
static void put_outcome(json_t *o, const json_t *record, const char *event)
{
	const char *verdict = audit_text(record, "verdict");
	bool refused = strstr(event, ".refused") != NULL || strstr(event, ".rejected") != NULL || strcmp(event, "approval.denied") == 0 ||
		       strcmp(event, "process.lost") == 0 || strcmp(verdict, "deny") == 0;

	json_object_set_new(o, "status_id", json_integer(refused ? 2 : 1));
	json_object_set_new(o, "severity_id", json_integer(refused ? 3 : 1));
	if (verdict[0] != '\0') {
		json_object_set_new(o, "action_id", json_integer(strcmp(verdict, "allow") == 0 ? 1 : strcmp(verdict, "deny") == 0 ? 2 : 99));
		json_object_set_new(o, "action", json_string(verdict));
	}
}

static void put_user(json_t *o, const char *path, const json_t *who)
{
	char at[96];

	snprintf(at, sizeof(at), "%s.uid", path);
	put(o, at, json_string(audit_text(who, "subject")));
	snprintf(at, sizeof(at), "%s.domain", path);
	put(o, at, json_string(audit_text(who, "issuer")));
	if (audit_text(who, "on_behalf_of")[0] != '\0')
		put(o, "unmapped.on_behalf_of", json_string(audit_text(who, "on_behalf_of")));
	if (json_object_get(who, "groups") != NULL)
		put(o, "unmapped.groups", json_incref(json_object_get(who, "groups")));
}

static void put_field(json_t *o, const char *name, json_t *value)
{
	const struct event_field *f = events_field(name);
	char at[128];

	if (strcmp(name, "identity") == 0 || strcmp(name, "by") == 0) {
		put_user(o, "actor.user", value);
		return;
	}
	if (f != NULL && f->ocsf[0] != '\0' && strcmp(name, "verdict") != 0) {
		put(o, f->ocsf, json_incref(value));
		return;
	}
	snprintf(at, sizeof(at), "unmapped.%s", name);
	put(o, at, json_incref(value));
}

json_t *ocsf_event(const json_t *record)
{
	const char *event = audit_text(record, "event"), *key;
	const struct event *e = events_find(event, strlen(event));
	int class = e != NULL ? e->ocsf_class : 0, activity = e != NULL ? e->ocsf_activity : 99;
	uint64_t ms = 0;
	json_t *o = json_object(), *value;

	(void)chain_time_parse(audit_text(record, "time"), strlen(audit_text(record, "time")), &ms);
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (classes[i].class != class)
			continue;
		json_object_set_new(o, "category_uid", json_integer(classes[i].category));
		json_object_set_new(o, "category_name", json_string(classes[i].category_name));
		json_object_set_new(o, "class_name", json_string(classes[i].name));
	}
	json_object_set_new(o, "class_uid", json_integer(class));
	json_object_set_new(o, "activity_id", json_integer(activity));
	json_object_set_new(o, "type_uid", json_integer(class * 100 + activity));
	json_object_set_new(o, "time", json_integer((json_int_t)ms));
	json_object_set_new(o, "message", json_string(event));
	put(o, "metadata.version", json_string("1.3.0"));
	put(o, "metadata.product.name", json_string("Sallyport"));
	put(o, "metadata.product.vendor_name", json_string("Sallyport"));
	put(o, "metadata.event_code", json_string(event));
	put(o, "metadata.sequence", json_incref(json_object_get(record, "seq")));
	put_outcome(o, record, event);
	json_object_foreach((json_t *)record, key, value) {
		if (strcmp(key, "seq") == 0 || strcmp(key, "time") == 0 || strcmp(key, "event") == 0)
			continue;
		if (strcmp(key, "session") == 0) {
			if (json_is_string(value))
				put(o, "actor.session.uid", json_incref(value));
			continue;
		}
		put_field(o, key, value);
	}
	return o;
}

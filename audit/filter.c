/* Records by who, where, what and when; see filter.h. Distrusts records: any field may be missing or of another type. */
#include "audit/filter.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "audit/chain.h"

bool audit_filter_any(const struct audit_filter *f)
{
	return f->identity != NULL || f->target != NULL || f->verdict != NULL || f->event != NULL || f->session != NULL || f->rule != NULL ||
	       f->command != NULL || f->from != NULL || f->to != NULL;
}

bool audit_filter_time_ok(const char *s)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.ddd";
	size_t i;

	for (i = 0; s[i] != '\0' && i < sizeof(form) - 1; i++) {
		if (s[i] == 'Z' && i >= 10 && s[i + 1] == '\0')
			return true;
		if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
			return false;
	}
	return i >= 4 && (s[i] == '\0' || (s[i] == 'Z' && s[i + 1] == '\0'));
}

bool audit_filter_time(const struct audit_filter *f, const char *time)
{
	return (f->from == NULL || strncmp(time, f->from, strcspn(f->from, "Z")) >= 0) &&
	       (f->to == NULL || strncmp(time, f->to, strcspn(f->to, "Z")) < 0);
}

const char *audit_text(const json_t *record, const char *path)
{
	char name[64];
	const char *dot, *s;

	while ((dot = strchr(path, '.')) != NULL) {
		snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
		record = json_object_get(record, name);
		path = dot + 1;
	}
	s = json_string_value(json_object_get(record, path));
	return s != NULL ? s : "";
}

const char *audit_filter_text(const struct audit_filter *f, const json_t *record, const char *path)
{
	const char *s = audit_text(record, path), *session = audit_text(record, "session");

	if (s[0] != '\0' || session[0] == '\0' || f->session_of == NULL)
		return s;
	return audit_text(f->session_of(f->ctx, session), path);
}

static bool fits(const char *pattern, const char *s)
{
	return pattern == NULL || fnmatch(pattern, s, 0) == 0;
}

bool audit_filter_matches(const struct audit_filter *f, const json_t *r)
{
	return audit_filter_time(f, audit_text(r, "time")) && fits(f->event, audit_text(r, "event")) && fits(f->verdict, audit_text(r, "verdict")) &&
	       fits(f->session, audit_text(r, "session")) && fits(f->rule, audit_text(r, "rule")) &&
	       fits(f->command, audit_text(r, "command")) &&
	       (f->identity == NULL || fits(f->identity, audit_filter_text(f, r, "identity.subject"))) &&
	       (f->target == NULL || fits(f->target, audit_filter_text(f, r, "target")));
}

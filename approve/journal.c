/* What an operator's journal says of sessions: a line for the records that a person would want to follow live, with fields to ask for
 * (`journalctl SESSION=…`, IDENTITY=, TARGET=, RULE=, EVENT=). The audit log stays the truth; this is a window on it, and a record that could not be
 * appended makes no line. */
#include <stdio.h>
#include <string.h>

#include "approve/control.h"
#include "base/log.h"

enum { INFO = 6, WARNING = 4 };

static const struct {
	const char *event;
	int priority;
	const char *verdict; /* only where this is it; NULL: always */
	const char *says;    /* then the text of the fields named, where they are there */
	const char *fields[4];
} lines[] = {
	{ "certificate.issued", INFO, NULL, "a certificate is issued", { NULL } },
	{ "certificate.refused", INFO, NULL, "no certificate", { "reason", NULL } },
	{ "login.refused", INFO, NULL, "a login is refused", { "reason", NULL } },
	{ "session.start", INFO, NULL, "the session begins", { "login", "source", NULL } },
	{ "session.stopped", WARNING, NULL, "a person stops the session", { "reason", NULL } },
	{ "session.end", INFO, NULL, "the session is over", { "reason", NULL } },
	{ "target.refused", WARNING, NULL, "no way to the target", { "reason", NULL } },
	{ "decision", INFO, "deny", "denied", { "rule", "reason", NULL } },
	{ "approval.requested", INFO, NULL, "waits for a person", { "approval", "rule", NULL } },
	{ "approval.approved", INFO, NULL, "a person said yes", { "approval", "reason", NULL } },
	{ "approval.denied", INFO, NULL, "a person said no", { "approval", "reason", NULL } },
	{ "approval.expired", INFO, NULL, "nobody answered in time", { "approval", NULL } },
	{ "approval.withdrawn", INFO, NULL, "the request is void", { "approval", "reason", NULL } },
};

static const char *string_of(const json_t *fields, const char *name)
{
	return json_string_value(json_object_get(fields, name));
}

void journal_note(struct control *c, const char *session, const char *event, const json_t *fields)
{
	const struct session *s = session != NULL ? session_by_id(c, session) : NULL;
	const json_t *who = json_object_get(fields, "identity");
	const char *subject = string_of(who, "subject"), *issuer = string_of(who, "issuer"), *target = string_of(fields, "target");
	struct log_field known[] = { { "EVENT", NULL }, { "SESSION", NULL }, { "IDENTITY", NULL }, { "ISSUER", NULL },
				     { "TARGET", NULL }, { "RULE", NULL }, { "APPROVAL", NULL }, { "SOURCE", NULL } };
	char text[400] = "", about[300] = "", prefix[60] = "";
	size_t i, used = 0;

	for (i = 0; i < sizeof(lines) / sizeof(*lines) && strcmp(lines[i].event, event) != 0; i++)
		;
	if (i == sizeof(lines) / sizeof(*lines))
		return;
	if (lines[i].verdict != NULL && (string_of(fields, "verdict") == NULL || strcmp(string_of(fields, "verdict"), lines[i].verdict) != 0))
		return;
	if (subject == NULL && s != NULL && s->who != NULL) {
		subject = s->who->subject;
		issuer = s->who->issuer;
	}
	if (target == NULL && s != NULL)
		target = s->target;
	for (const char *const *f = lines[i].fields; *f != NULL && used < sizeof(text); f++) {
		if (string_of(fields, *f) != NULL)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s=%.200s", used > 0 ? " " : ": ", *f, string_of(fields, *f));
	}
	if (session != NULL)
		snprintf(prefix, sizeof(prefix), "session %.40s: ", session);
	if (subject != NULL)
		snprintf(about, sizeof(about), "%.100s of %.100s%s%.64s: ", subject, issuer != NULL ? issuer : "?", target != NULL ? " at " : "",
			 target != NULL ? target : "");
	known[0].value = event;
	known[1].value = session;
	known[2].value = subject;
	known[3].value = issuer;
	known[4].value = target;
	known[5].value = string_of(fields, "rule");
	known[6].value = string_of(fields, "approval");
	known[7].value = string_of(fields, "source");
	log_fields(lines[i].priority, known, 8, "%s%s%s%s", prefix, about, lines[i].says, text);
}

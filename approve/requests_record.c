/* The records of a request for approval: asked, answered, used, expired, withdrawn. */
#include <string.h>

#include "approve/control.h"
#include "approve/requests_record.h"
#include "audit/chain.h"
#include "audit/digest.h"

static json_t *brief(const struct approval *a)
{
	char hex[DIGEST_HEX + 1];
	json_t *j;

	digest_hex(a->digest, hex);
	j = json_pack("{s:s,s:s,s:o,s:O*,s:O*}", "approval", a->id, "digest", hex, "identity", control_who(a->asker), "command",
		      json_object_get(a->ask, "command"), "target", json_object_get(json_object_get(a->ask, "target"), "name"));
	return j;
}

static const char *session_of(const struct approval *a)
{
	return json_string_value(json_object_get(a->ask, "session"));
}

int request_record_requested(struct control *c, const struct approval *a, const struct question *q, const struct request_ask *ask)
{
	json_t *j = brief(a);

	json_object_set(j, "rule", json_object_get(a->ask, "rule"));
	json_object_set(j, "command_sha256", json_object_get(a->ask, "sha256"));
	json_object_set(j, "login", json_object_get(json_object_get(a->ask, "target"), "login"));
	if (ask->question->cwd.n > 0)
		json_object_set(j, "cwd", json_object_get(a->ask, "cwd"));
	json_object_set(j, "pty", json_object_get(a->ask, "pty"));
	json_object_set(j, "policy", json_object_get(a->ask, "policy"));
	json_object_set(j, "approvers", json_object_get(a->ask, "approvers"));
	json_object_set(j, "risk", json_object_get(a->ask, "risk"));
	json_object_set(j, "exact", json_object_get(a->ask, "exact"));
	json_object_set_new(j, "identity", approval_asker_json(a->asker));
	json_object_set_new(j, "approvals", json_integer(a->needed));
	json_object_set_new(j, "uses", json_integer(a->uses_max));
	json_object_set_new(j, "ttl", json_integer(a->ttl_max));
	json_object_set_new(j, "expires", control_time(a->expires_ms));
	json_object_set_new(j, "signed", json_boolean(a->signed_required));
	json_object_set_new(j, "decision", json_integer((json_int_t)q->decision));
	json_object_set_new(j, "channel", json_integer((json_int_t)q->channel));
	return control_record(c, session_of(a), "approval.requested", j, NULL);
}

int request_record_vote(struct control *c, const struct approval *a, const char *route)
{
	const struct approval_vote *v = &a->votes[a->n_votes - 1];
	bool yes = a->state != APPROVAL_DENIED;
	json_t *j = brief(a);

	json_object_set_new(j, "by", json_pack("{s:s,s:s}", "issuer", v->issuer, "subject", v->subject));
	json_object_set_new(j, "reason", chain_text(v->reason, strlen(v->reason)));
	json_object_set_new(j, "route", json_string(route));
	if (v->signature != NULL) {
		json_object_set_new(j, "signature", json_string(v->signature));
		json_object_set_new(j, "signer", json_string(v->signer));
	}
	if (yes) {
		if (v->role != NULL)
			json_object_set_new(j, "role", json_string(v->role));
		json_object_set_new(j, "uses", json_integer((json_int_t)v->uses));
		json_object_set_new(j, "ttl", json_integer((json_int_t)v->ttl));
		json_object_set_new(j, "remaining", json_integer(a->state == APPROVAL_APPROVED ? 0 : (json_int_t)(a->needed - a->n_votes)));
		if (a->state == APPROVAL_APPROVED)
			json_object_set_new(j, "expires", control_time(a->grant_until_ms));
	}
	return control_record(c, session_of(a), yes ? "approval.approved" : "approval.denied", j, NULL);
}

int request_record_used(struct control *c, const struct approval *a, uint64_t decision)
{
	json_t *j = brief(a);

	json_object_set_new(j, "uses_left", json_integer((json_int_t)a->uses_left));
	json_object_set_new(j, "decision", json_integer((json_int_t)decision));
	return control_record(c, session_of(a), "approval.used", j, NULL);
}

int request_record_expired(struct control *c, const struct approval *a)
{
	return control_record(c, session_of(a), "approval.expired", brief(a), NULL);
}

int request_record_withdrawn(struct control *c, const struct approval *a, const char *reason)
{
	json_t *j = brief(a);

	json_object_set_new(j, "reason", json_string(reason));
	return control_record(c, session_of(a), "approval.withdrawn", j, NULL);
}

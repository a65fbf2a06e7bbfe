/* Requests for approval over HTTP: list, look, say yes or no, have a receipt, watch. */
#include <stdlib.h>
#include <string.h>

#include "approve/http_call.h"
#include "approve/receipt.h"
#include "audit/digest.h"

enum { LIST_MAX = 500 };

/* ---- who may ---- */

/* The role in which somebody may answer a request; NULL: none. The groups that the rule names, or else the approver role. */
static const char *may_answer(const struct call *call, const struct approval *a)
{
	json_t *groups = json_object_get(a->ask, "approvers"), *g;
	size_t i;

	if (json_array_size(groups) == 0)
		return call->roles & ROLE_APPROVER ? "approver" : NULL;
	json_array_foreach(groups, i, g) {
		if (json_string_value(g) != NULL && identity_in_group(call->who, json_string_value(g)))
			return json_string_value(g);
	}
	return NULL;
}

static bool own(const struct call *call, const struct approval *a)
{
	return identity_may_be_same(call->who, a->asker);
}

static bool may_see(const struct call *call, const struct approval *a)
{
	return call->roles != 0 || may_answer(call, a) != NULL || own(call, a);
}

/* From memory where it lives, else from the store. *owned says whether it is to be freed. */
static struct approval *find(struct call *call, bool *owned)
{
	struct approval *a = requests_find(call->ctl, call->id);

	*owned = a == NULL;
	if (a == NULL && store_approval_get(call->ctl->store, call->id, &a) < 0)
		a = NULL;
	if (a != NULL && may_see(call, a))
		return a;
	/* Ids cannot be guessed: who knows one may know that it is there. */
	if (a == NULL)
		call_problem(call, 404, "there is no such request");
	else
		call_problem(call, 403, "you have not the role that the rule names");
	if (*owned)
		approval_free(a);
	return NULL;
}

/* ---- GET /v1/approvals ---- */

struct listing {
	struct call *call;
	json_t *list;
	size_t limit;
};

static bool list_one(void *arg, struct approval *a)
{
	struct listing *l = arg;

	if (may_see(l->call, a))
		json_array_append_new(l->list, ask_json(l->call->ctl, a, true));
	approval_free(a);
	return json_array_size(l->list) < l->limit;
}

void api_approvals(struct call *call)
{
	const char *state = call_query(call, "state");
	struct listing l = { .call = call };
	enum approval_state s = APPROVAL_PENDING;
	int64_t wait, limit;

	if (state != NULL && approval_state_parse(state, &s) < 0) {
		call_problem(call, 400, "state is one of pending, approved, denied, expired, withdrawn");
		return;
	}
	if (call_query_number(call, "wait", 86400, 0, &wait) < 0 || call_query_number(call, "limit", LIST_MAX, 100, &limit) < 0 || limit == 0) {
		call_problem(call, 400, "wait and limit are numbers (seconds; at most %d)", LIST_MAX);
		return;
	}
	l.limit = (size_t)limit;
	l.list = json_array();
	(void)store_approvals(call->ctl->store, state != NULL ? (int)s : -1, false, 0, 10000, list_one, &l);
	if (json_array_size(l.list) == 0 && wait > 0 && !call->woken) {
		json_decref(l.list);
		call_poll(call, (wait > CALL_WAIT_MAX ? CALL_WAIT_MAX : wait) * 1000);
		return;
	}
	call_reply_json(call, 200, json_pack("{s:o}", "approvals", l.list));
}

/* ---- one ---- */

void api_approval(struct call *call)
{
	bool owned;
	struct approval *a = find(call, &owned);

	if (a == NULL)
		return;
	call_reply_json(call, 200, ask_json(call->ctl, a, false));
	if (owned)
		approval_free(a);
}

void api_receipt(struct call *call)
{
	bool owned;
	struct approval *a = find(call, &owned);
	char *jwt = NULL;
	int r;

	if (a == NULL)
		return;
	r = receipt_make(call->ctl, a, &jwt);
	if (r == ERR_WRONGSTATE)
		call_problem(call, 409, "nobody has answered this request yet");
	else if (r < 0)
		call_problem(call, 503, "the receipt cannot be signed");
	else
		call_reply(call, 200, "application/jwt", jwt, strlen(jwt));
	free(jwt);
	if (owned)
		approval_free(a);
}

/* ---- yes and no ---- */

/* {"reason", "uses", "ttl", "signature"}; anything else is a mistake. ttl: "15m", or seconds. */
static bool read_wish(struct call *call, bool yes, struct approval_wish *w)
{
	const char *key, *text;
	json_t *v;
	uint64_t seconds;

	json_object_foreach(call->json, key, v) {
		if (strcmp(key, "reason") == 0 && json_is_string(v)) {
			w->reason = json_string_value(v);
		} else if (yes && strcmp(key, "uses") == 0 && json_is_integer(v) && json_integer_value(v) > 0 && json_integer_value(v) <= 1000000) {
			w->uses = (unsigned)json_integer_value(v);
		} else if (yes && strcmp(key, "ttl") == 0 && json_is_integer(v) && json_integer_value(v) > 0 &&
			   json_integer_value(v) <= 366 * 86400) {
			w->ttl = (unsigned)json_integer_value(v);
		} else if (yes && strcmp(key, "ttl") == 0 && (text = json_string_value(v)) != NULL && yaml_parse_seconds(text, &seconds) &&
			   seconds > 0 && seconds <= 366 * 86400) {
			w->ttl = (unsigned)seconds;
		} else if (strcmp(key, "signature") == 0 && json_is_string(v)) {
			w->signature = json_string_value(v);
		} else {
			call_problem(call, 422, "\"%.32s\" is not understood; send {\"reason\":\"...\"%s}", key,
				     yes ? ",\"uses\":1,\"ttl\":\"15m\"" : "");
			return false;
		}
	}
	return true;
}

static int status_of(int r)
{
	switch (r) {
	case ERR_REFUSED:
	case ERR_SIGNATURE:
		return 403;
	case ERR_WRONGSTATE:
	case ERR_EXPIRED:
	case ERR_EXISTS:
		return 409;
	case ERR_LIMIT:
	case ERR_MALFORMED:
		return 422;
	default:
		return 503;
	}
}

static void refused(struct call *call, const char *why, int status)
{
	json_t *j = json_pack("{s:s,s:{s:s,s:s},s:s,s:s}", "approval", call->id, "by", "issuer", call->who->issuer, "subject", call->who->subject,
			      "reason", why, "route", call->route->path);

	(void)control_record(call->ctl, NULL, "approval.refused", j, NULL);
	call_problem(call, status, "%s", why);
}

static void vote(struct call *call, bool yes)
{
	struct approval *a = requests_find(call->ctl, call->id), *after = NULL;
	struct approval_wish w = { .who = call->who, .yes = yes };
	struct why why = { "" };
	bool owned;
	int r;

	if (!read_wish(call, yes, &w))
		return;
	if (a == NULL || !may_see(call, a)) {
		a = find(call, &owned);
		if (a != NULL)
			call_problem(call, 409, "this request is %s already", approval_state_name(a->state));
		if (a != NULL && owned)
			approval_free(a);
		return;
	}
	w.role = may_answer(call, a);
	if (w.role == NULL && (yes || !own(call, a))) {
		refused(call, own(call, a) ? "nobody approves their own request" : "you have not the role that the rule names", 403);
		return;
	}
	if (w.signature != NULL) {
		r = approver_signature(call->ctl, a, call->who, yes, w.signature, &w.signer, &why);
		if (r < 0) {
			refused(call, why.text, 403);
			return;
		}
	}
	r = requests_vote(call->ctl, a, &w, yes ? "POST /v1/approvals/{id}/approve" : "POST /v1/approvals/{id}/deny", &why);
	if (r < 0) {
		refused(call, why.text[0] != '\0' ? why.text : err_text(r), status_of(r));
		return;
	}
	/* The request may be gone from memory by now: used up at once. */
	if (store_approval_get(call->ctl->store, call->id, &after) < 0) {
		call_problem(call, 503, "the answer is recorded; the request cannot be read again");
		return;
	}
	call_reply_json(call, 200, ask_json(call->ctl, after, false));
	approval_free(after);
}

void api_approve(struct call *call)
{
	vote(call, true);
}

void api_deny(struct call *call)
{
	vote(call, false);
}

void api_events(struct call *call)
{
	call_stream(call);
}

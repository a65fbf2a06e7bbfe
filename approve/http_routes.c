/* Every route of the API in one table; openapi.json says the same to the world, and a test holds the two against each other. */
#include <string.h>
#include <strings.h>

#include "approve/http_call.h"
#include "audit/chain.h"

enum { ANY_ROLE = ROLE_APPROVER | ROLE_AUDITOR | ROLE_ADMIN };

/* clang-format off */
const struct route routes[] = {
	{ "POST",   "/v1/ssh/certificates",       NEEDS_TOKEN,    0, BODY_TEXT, false, api_certificate, "issueCertificate" },
	{ "POST",   "/v1/token",                  NEEDS_TOKEN,    0, BODY_FORM, false, api_token, "exchangeToken" },
	{ "GET",    "/v1/ssh/config",             NEEDS_NOBODY,   0, BODY_NONE, false, api_ssh_config, "sshConfig" },
	{ "GET",    "/v1/approvals",              NEEDS_SOMEBODY, 0, BODY_NONE, false, api_approvals, "listApprovals" },
	{ "GET",    "/v1/approvals/{id}",         NEEDS_SOMEBODY, 0, BODY_NONE, false, api_approval, "getApproval" },
	{ "POST",   "/v1/approvals/{id}/approve", NEEDS_SOMEBODY, 0, BODY_JSON, false, api_approve, "approve" },
	{ "POST",   "/v1/approvals/{id}/deny",    NEEDS_SOMEBODY, 0, BODY_JSON, false, api_deny, "deny" },
	{ "GET",    "/v1/approvals/{id}/receipt", NEEDS_SOMEBODY, 0, BODY_NONE, false, api_receipt, "getReceipt" },
	{ "GET",    "/v1/events",                 NEEDS_SOMEBODY, 0, BODY_NONE, false, api_events, "events" },
	{ "GET",    "/v1/sessions",               NEEDS_ROLE, ANY_ROLE, BODY_NONE, true, api_sessions, "listSessions" },
	{ "DELETE", "/v1/sessions/{id}",          NEEDS_ROLE, ROLE_APPROVER | ROLE_ADMIN, BODY_NONE, false, api_session_stop, "stopSession" },
	{ "GET",    "/v1/recordings",             NEEDS_ROLE, ROLE_AUDITOR | ROLE_ADMIN, BODY_NONE, true, api_recordings, "listRecordings" },
	{ "GET",    "/v1/recordings/{id}",        NEEDS_ROLE, ROLE_AUDITOR | ROLE_ADMIN, BODY_NONE, true, api_recording, "getRecording" },
	{ "GET",    "/v1/audit",                  NEEDS_ROLE, ROLE_AUDITOR | ROLE_ADMIN, BODY_NONE, true, api_audit, "listAuditRecords" },
	{ "GET",    "/v1/audit/key",              NEEDS_NOBODY,   0, BODY_NONE, false, api_audit_key, "auditKey" },
	{ "POST",   "/v1/audit/key",              NEEDS_ROLE, ROLE_ADMIN, BODY_TEXT, false, api_audit_certify, "certifyAuditKey" },
	{ "POST",   "/v1/witness",                NEEDS_NOBODY,   0, BODY_TEXT, false, api_witness_add, "addCheckpoint" },
	{ "GET",    "/v1/witness",                NEEDS_ROLE, ROLE_AUDITOR | ROLE_ADMIN, BODY_NONE, true, api_witness_last, "getCheckpoint" },
	{ "DELETE", "/v1/certificates/{id}",      NEEDS_ROLE, ROLE_ADMIN, BODY_NONE, false, api_revoke, "revokeCertificate" },
	{ "GET",    "/healthz",                   NEEDS_NOBODY,   0, BODY_NONE, false, api_health, "health" },
	{ "GET",    "/readyz",                    NEEDS_NOBODY,   0, BODY_NONE, false, api_ready, "ready" },
	{ "GET",    "/metrics",                   NEEDS_NOBODY,   0, BODY_NONE, false, api_metrics, "metrics" },
	{ "GET",    "/openapi.json",              NEEDS_NOBODY,   0, BODY_NONE, false, api_openapi, "openapi" },
	{ "GET",    "/.well-known/jwks.json",     NEEDS_NOBODY,   0, BODY_NONE, false, api_jwks, "jwks" },
};
/* clang-format on */
const size_t n_routes = sizeof(routes) / sizeof(*routes);

/* Matches a path against a pattern; the one segment that "{id}" stands for goes to id. */
static bool path_matches(const char *pattern, const char *path, char *id, size_t n)
{
	size_t len;

	while (*pattern != '\0') {
		if (*pattern == '{') {
			len = strcspn(path, "/");
			if (len == 0 || len >= n || strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") < len)
				return false;
			memcpy(id, path, len);
			id[len] = '\0';
			path += len;
			pattern += strcspn(pattern, "}") + 1;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

const struct route *route_find(const char *method, const char *path, char *id, size_t n, bool *path_known)
{
	const struct route *head = NULL;

	*path_known = false;
	for (size_t i = 0; i < n_routes; i++) {
		if (!path_matches(routes[i].path, path, id, n))
			continue;
		*path_known = true;
		if (strcmp(routes[i].method, method) == 0)
			return &routes[i];
		if (strcmp(method, "HEAD") == 0 && strcmp(routes[i].method, "GET") == 0)
			head = &routes[i];
	}
	return head;
}

static bool content_type(const struct call *call, const char *wanted)
{
	const char *type = MHD_lookup_connection_value(call->conn, MHD_HEADER_KIND, "Content-Type");
	size_t n = strlen(wanted);

	return type != NULL && strncasecmp(type, wanted, n) == 0 && (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

static bool check_body(struct call *call)
{
	json_error_t error;

	switch (call->route->body) {
	case BODY_NONE:
		if (call->body.len > 0)
			call_problem(call, 400, "this call has no body");
		return call->body.len == 0;
	case BODY_TEXT:
		return true;
	case BODY_FORM:
		if (!content_type(call, "application/x-www-form-urlencoded"))
			call_problem(call, 415, "the body must be application/x-www-form-urlencoded");
		return call->state != CALL_DONE;
	case BODY_JSON:
		break;
	}
	if (!content_type(call, "application/json")) {
		call_problem(call, 415, "the body must be application/json");
		return false;
	}
	call->json = json_loadb((const char *)buf_ptr(&call->body), call->body.len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(call->json))
		call_problem(call, 400, "the body is not a JSON object");
	return call->state != CALL_DONE;
}

static void record_refused(struct call *call, const char *reason, int status)
{
	json_t *j = json_pack("{s:s,s:s,s:s,s:i}", "route", call->route->path, "reason", reason, "source", call->source, "status", status);

	if (call->who != NULL)
		json_object_set_new(j, "by", json_pack("{s:s,s:s}", "issuer", call->who->issuer, "subject", call->who->subject));
	(void)control_record(call->ctl, NULL, "api.refused", j, NULL);
}

/* What was asked for, as given. */
static enum MHD_Result put_argument(void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct buf *b = arg;

	(void)kind;
	(void)buf_printf(b, "%s%s%s%s", b->len > 0 ? "&" : "", key, value != NULL ? "=" : "", value != NULL ? value : "");
	return MHD_YES;
}

static bool record_read(struct call *call)
{
	char route[CALL_PATH_MAX + 16];
	struct buf query;
	json_t *j;

	snprintf(route, sizeof(route), "%s %s", call->method, call->route->path);
	j = json_pack("{s:{s:s,s:s},s:s,s:s,s:s*}", "by", "issuer", call->who->issuer, "subject", call->who->subject, "route", route,
		      "source", call->source, "object", call->id[0] != '\0' ? call->id : NULL);
	buf_init(&query, CALL_HEADER_BYTES);
	(void)MHD_get_connection_values(call->conn, MHD_GET_ARGUMENT_KIND, put_argument, &query);
	if (query.len > 0)
		json_object_set_new(j, "query", chain_text(buf_ptr(&query), query.len));
	buf_free(&query);
	if (control_record(call->ctl, NULL, "read", j, NULL) >= 0)
		return true;
	call_problem(call, 503, "reading is recorded, and nothing can be recorded now");
	return false;
}

void call_dispatch(struct call *call)
{
	if (call->route->needs == NEEDS_ROLE && (call->roles & call->route->roles) == 0) {
		record_refused(call, "the caller has not the role", 403);
		call_problem(call, 403, "you have not the role for this");
		return;
	}
	if (!check_body(call))
		return;
	if (call->route->read && !record_read(call))
		return;
	call->route->fn(call);
}

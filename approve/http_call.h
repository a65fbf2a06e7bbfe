/* One call of the API, as the files that serve it share it. */
#ifndef APPROVE_HTTP_CALL_H
#define APPROVE_HTTP_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <microhttpd.h>

#include "approve/control.h"
#include "approve/http.h"

enum {
	CALL_BODY_MAX = 64 << 10,   /* bytes of a request's body */
	CALL_HEADERS_MAX = 64,
	CALL_HEADER_BYTES = 8 << 10, /* without the bearer token */
	CALL_TOKEN_MAX = 16 << 10,
	CALL_WAIT_MAX = 60,         /* seconds of a long poll */
	CALL_PATH_MAX = 256
};

enum call_state { CALL_READING, CALL_WAITING, CALL_DONE };

/* Who may make a call. */
enum call_needs {
	NEEDS_NOBODY,    /* anybody */
	NEEDS_TOKEN,     /* the route looks at the token itself */
	NEEDS_SOMEBODY,  /* a known caller; the route decides */
	NEEDS_ROLE       /* one of the route's roles */
};

enum call_body { BODY_NONE, BODY_JSON, BODY_TEXT, BODY_FORM };

struct call;
typedef void call_fn(struct call *call);

struct route {
	const char *method, *path; /* "{id}" stands for one segment */
	enum call_needs needs;
	unsigned roles;            /* any of these */
	enum call_body body;
	bool read;                 /* evidence is read: the call is recorded */
	call_fn *fn;
	const char *operation;     /* operationId in openapi.json */
};

extern const struct route routes[];
extern const size_t n_routes;

struct call {
	struct call *next, **self;
	struct control *ctl;
	struct MHD_Connection *conn;
	const struct route *route;
	char method[16], path[CALL_PATH_MAX], id[64], source[64];
	bool local;               /* came by the unix socket */
	uint32_t uid;
	struct addr addr;
	struct buf body, token;
	json_t *json;             /* the body, for BODY_JSON */
	struct identity *who;     /* NULL: unknown */
	unsigned roles;
	enum call_state state;
	bool suspended, polling, woken;
	bool auth_failed;
	struct loop_timer *deadline;
	/* the answer */
	int status;
	struct MHD_Response *response;
	/* an event stream */
	bool stream, stream_suspended, stream_over;
	struct buf staged, out;
};

/* ---- http.c ---- */

/* The answer; once a call. body is copied. extra: NULL or "Name: value" headers, NULL-terminated. */
void call_reply(struct call *call, int status, const char *type, const void *body, size_t n);
void call_reply_json(struct call *call, int status, json_t *j); /* takes j over */
void call_reply_text(struct call *call, int status, const char *text);
/* RFC 9457 problem+json. */
void call_problem(struct call *call, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void call_header(struct call *call, const char *name, const char *value); /* after the reply was made */
/* A response made by hand; taken over. */
void call_reply_response(struct call *call, int status, struct MHD_Response *response);
/* A query parameter, NULL when absent. */
const char *call_query(const struct call *call, const char *name);
/* The same as a number; ERR_MALFORMED when it is none or larger than max. fallback when absent. */
int call_query_number(const struct call *call, const char *name, int64_t max, int64_t fallback, int64_t *out);
/* Holds the call until an approval changes or ms have passed; the route's function is then called again with call->woken. */
void call_poll(struct call *call, int64_t ms);
/* Makes the call an event stream. */
void call_stream(struct call *call);

/* ---- http_auth.c ---- */

/* Finds out who calls and goes on with call_dispatch(), now or later. */
void auth_start(struct call *call);
/* The roles of an identity by its groups and subject. */
unsigned auth_roles(const struct config *cfg, const struct identity *who);
/* Host, Origin, doubled headers. false: the answer is made. */
bool auth_headers(struct call *call);

/* ---- http_tls.c ---- */

/* Who the client certificate of the connection names, verified against client_ca: issuer "mtls", subject the one DNS or e-mail name
 * of the certificate, or its common name; expires with it. NULL: none was shown, or none that is good. Freed by the caller. */
struct identity *tls_caller(struct call *call);

/* ---- http_routes.c ---- */
const struct route *route_find(const char *method, const char *path, char *id, size_t n, bool *path_known);
void call_dispatch(struct call *call);

/* ---- api_*.c ---- */

/* The value of a field of an urlencoded form, decoded and appended to out. ERR_NOTFOUND; ERR_MALFORMED also when it stands twice;
 * ERR_LIMIT. */
int api_form_field(struct view form, const char *name, struct buf *out);

call_fn api_certificate, api_token, api_ssh_config;
call_fn api_approvals, api_approval, api_approve, api_deny, api_receipt, api_events;
call_fn api_audit_key, api_audit_certify;
call_fn api_witness_add, api_witness_last;
call_fn api_sessions, api_session_stop, api_recordings, api_recording, api_audit, api_revoke;
call_fn api_health, api_ready, api_metrics, api_openapi, api_jwks;

#endif

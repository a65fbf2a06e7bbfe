/* Answers of the API: made once, kept until the records of their round are on disk; and calls that wait for something to happen. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approve/http_call.h"

void call_reply_response(struct call *call, int status, struct MHD_Response *response)
{
	if (call->state == CALL_DONE || response == NULL) {
		if (response != NULL)
			MHD_destroy_response(response);
		return;
	}
	loop_timer_del(call->deadline);
	call->deadline = NULL;
	call->polling = false;
	call->status = status;
	call->response = response;
	call->state = CALL_DONE;
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
}

void call_reply(struct call *call, int status, const char *type, const void *body, size_t n)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(n, (void *)(uintptr_t)(n > 0 ? body : ""), MHD_RESPMEM_MUST_COPY);

	if (r != NULL)
		MHD_add_response_header(r, "Content-Type", type);
	call_reply_response(call, status, r);
}

void call_header(struct call *call, const char *name, const char *value)
{
	if (call->response != NULL)
		MHD_add_response_header(call->response, name, value);
}

void call_reply_json(struct call *call, int status, json_t *j)
{
	char *text = j != NULL ? json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(j);
	if (text == NULL) {
		call_problem(call, 503, "no memory");
		return;
	}
	call_reply(call, status, "application/json", text, strlen(text));
	free(text);
}

void call_reply_text(struct call *call, int status, const char *text)
{
	call_reply(call, status, "text/plain; charset=utf-8", text, strlen(text));
}

static const char *title(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = { { 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
		       { 405, "Method Not Allowed" }, { 409, "Conflict" }, { 410, "Gone" }, { 413, "Content Too Large" },
		       { 415, "Unsupported Media Type" }, { 421, "Misdirected Request" }, { 422, "Unprocessable Content" },
		       { 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" }, { 503, "Service Unavailable" } };

	for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++) {
		if (titles[i].status == status)
			return titles[i].title;
	}
	return "Error";
}

void call_problem(struct call *call, int status, const char *fmt, ...)
{
	char detail[512];
	va_list ap;
	json_t *j;
	char *text;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	for (char *p = detail; *p != '\0'; p++) {
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	}
	j = json_pack("{s:s,s:s,s:i,s:s}", "type", "about:blank", "title", title(status), "status", status, "detail", detail);
	text = j != NULL ? json_dumps(j, JSON_COMPACT) : NULL;
	json_decref(j);
	call_reply(call, status, "application/problem+json", text != NULL ? text : "{}", text != NULL ? strlen(text) : 2);
	free(text);
	if (status == 401)
		call_header(call, "WWW-Authenticate", "Bearer realm=\"sallyport\"");
}

const char *call_query(const struct call *call, const char *name)
{
	return MHD_lookup_connection_value(call->conn, MHD_GET_ARGUMENT_KIND, name);
}

int call_query_number(const struct call *call, const char *name, int64_t max, int64_t fallback, int64_t *out)
{
	const char *s = call_query(call, name);
	char *end;
	long long v;

	*out = fallback;
	if (s == NULL)
		return ERR_OK;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (*s < '0' || *s > '9' || *end != '\0' || errno != 0 || v > max)
		return ERR_MALFORMED;
	*out = v;
	return ERR_OK;
}

/* ---- long polls ---- */

static void poll_over(void *arg)
{
	struct call *call = arg;

	call->deadline = NULL;
	call->polling = false;
	call->woken = true;
	call->route->fn(call);
}

void call_poll(struct call *call, int64_t ms)
{
	call->polling = true;
	if (call->deadline == NULL)
		call->deadline = loop_timer(call->ctl->loop, ms, poll_over, call);
}

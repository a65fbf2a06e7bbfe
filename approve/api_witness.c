/* The witness's side of the API: checkpoints of other bastions. The signature is the only pass: whoever holds the key may send, whoever does not is refused. */
#include <string.h>

#include "approve/http_call.h"
#include "approve/witness.h"
#include "audit/witness.h"

void api_witness_add(struct call *call)
{
	struct view body = { buf_ptr(&call->body), call->body.len };
	struct witness_submission s;
	struct why why = { "" };
	uint64_t size = 0;
	json_t *j;
	int r = witness_read(body, &s, &why);

	if (r >= 0)
		r = witness_keep(call->ctl, &s, &size, &why);
	switch (r) {
	case ERR_OK:
		call_reply_json(call, 200, json_pack("{s:I,s:o}", "size", (json_int_t)size, "received", control_time(clock_wall_ms())));
		return;
	case ERR_AGAIN:
		j = json_pack("{s:s,s:s,s:i,s:s,s:I}", "type", "about:blank", "title", "Conflict", "status", 409, "detail", why.text, "size", (json_int_t)size);
		call_reply_json(call, 409, j);
		return;
	case ERR_NOTFOUND: call_problem(call, 404, "%s", why.text); return;
	case ERR_SIGNATURE: call_problem(call, 403, "%s", why.text); return;
	case ERR_REFUSED: call_problem(call, 422, "%s", why.text); return;
	case ERR_MALFORMED:
	case ERR_LIMIT: call_problem(call, 400, "%s", why.text); return;
	default: call_problem(call, 503, "%s", why.text[0] != '\0' ? why.text : "it cannot be kept now"); return;
	}
}

/* ?log=NAME: the last checkpoint kept of it, as `sallyport audit verify --checkpoint` takes it. */
void api_witness_last(struct call *call)
{
	const char *log = call_query(call, "log");
	struct buf out;

	if (log == NULL) {
		call_problem(call, 400, "log=NAME says of which log");
		return;
	}
	buf_init(&out, 1 << 18);
	if (witness_last(call->ctl, log, &out) < 0)
		call_problem(call, 404, "no checkpoint of that log is kept here");
	else
		call_reply(call, 200, "text/plain; charset=utf-8", buf_ptr(&out), out.len);
	buf_free(&out);
}

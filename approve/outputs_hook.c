/* Records to a webhook, in batches, signed as Standard Webhooks says; see outputs.h. */
#include <string.h>

#include "approve/issue.h"
#include "approve/outputs_impl.h"
#include "approve/webhook.h"
#include "audit/ocsf.h"

enum { BATCH_RECORDS = 100, BATCH_BYTES = 160 << 10, RECORD_BYTES = 64 << 10 };

static void done(void *arg, struct http_result *res)
{
	struct output *o = arg;
	char why[64];

	o->under_way = false;
	if (o->dead) {
		output_free(o);
		return;
	}
	if (res->err < 0) {
		output_failed(o, res->why.text);
	} else if (res->status < 200 || res->status > 299) {
		snprintf(why, sizeof(why), "it answered %ld", res->status);
		output_failed(o, why);
	} else {
		if (o->batch_checkpoint)
			buf_clear(&o->text);
		output_delivered(o, o->batch_last);
	}
}

static int put_record(struct output *o, struct buf *body, struct view line, const struct chain_record *rec, bool first)
{
	json_t *record, *event;
	char *text = NULL;
	size_t from;
	int r = first ? ERR_OK : buf_put_u8(body, ',');

	from = body->len;
	if (r >= 0 && o->style.ocsf) {
		record = json_loadb((const char *)line.p, line.n, 0, NULL);
		event = record != NULL ? ocsf_event(record) : NULL;
		text = event != NULL ? json_dumps(event, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
		json_decref(event);
		json_decref(record);
		r = text != NULL ? buf_put_str(body, text) : ERR_NOMEM;
		free(text);
	} else if (r >= 0) {
		r = buf_put(body, line.p, line.n);
	}
	if (r >= 0 && body->len - from > RECORD_BYTES) {
		body->len = from;
		r = syslog_short(body, line, rec);
	}
	return r;
}

/* A batch into the body. *n: records in it. */
static int fill(struct output *o, struct buf *body, unsigned *n, uint64_t *first)
{
	char time[CHAIN_TIME_LEN + 1];
	struct chain_record rec;
	struct view line;
	json_t *quoted;
	char *text;
	int r;

	*n = 0;
	*first = 0;
	chain_time((uint64_t)clock_wall_ms(), time);
	r = buf_printf(body, "{\"type\":\"audit.records\",\"timestamp\":\"%s\",\"data\":{\"log\":\"%s\",\"format\":\"%s\",\"records\":[", time,
		       o->ctl->config->audit.origin, o->style.ocsf ? "ocsf" : "json");
	while (r >= 0 && *n < BATCH_RECORDS && body->len < BATCH_BYTES && (r = output_next(o, &line, &rec)) == ERR_OK) {
		r = put_record(o, body, line, &rec, *n == 0);
		*first = *n == 0 ? rec.seq : *first;
		(*n)++;
	}
	r = r == ERR_EOF ? ERR_OK : r;
	o->batch_last = o->sent;
	o->batch_checkpoint = r >= 0 && output_checkpoint_due(o);
	if (r >= 0)
		r = buf_put_u8(body, ']');
	if (r >= 0 && o->batch_checkpoint) {
		quoted = json_pack("{s:s%,s:s%}", "checkpoint", buf_ptr(&o->text), o->text.len, "signature", buf_ptr(&o->sig), o->sig.len);
		text = json_dumps(quoted, JSON_COMPACT | JSON_ENSURE_ASCII);
		json_decref(quoted);
		r = text != NULL ? buf_printf(body, ",%.*s", (int)strlen(text) - 2, text + 1) : ERR_NOMEM;
		free(text);
	}
	return r >= 0 ? buf_put_str(body, "}}") : r;
}

void output_hook_step(struct output *o)
{
	struct http_request req = { .method = "POST", .url = o->url, .ca_file = o->ca_file, .loopback_http = true, .done = done, .arg = o };
	struct webhook_headers headers = { .list = { NULL } };
	struct why why = { "it cannot be sent" };
	char id[96];
	uint64_t first;
	struct buf body;
	unsigned n;
	int r;

	if (o->under_way)
		return;
	buf_init(&body, HTTP_FETCH_BODY);
	r = fill(o, &body, &n, &first);
	if (r >= 0 && n == 0 && !o->batch_checkpoint) {
		buf_free(&body);
		return;
	}
	/* The same records again have the same id. */
	snprintf(id, sizeof(id), "aud_%llu_%llu_%llu", (unsigned long long)first, (unsigned long long)o->batch_last,
		 (unsigned long long)(o->batch_checkpoint ? o->checkpoint_size : 0));
	if (r >= 0 && (r = webhook_headers(&headers, o->secret_file, id, clock_wall_ms() / 1000, buf_ptr(&body), body.len)) < 0)
		why_set(&why, "its secret cannot be read");
	req.headers = headers.list;
	req.body = buf_ptr(&body);
	req.body_len = body.len;
	if (r >= 0)
		r = http_fetch_submit(issue_fetcher(o->ctl), &req, &why);
	if (r < 0)
		output_failed(o, why.text);
	else
		o->under_way = true;
	webhook_headers_free(&headers);
	buf_free(&body);
}

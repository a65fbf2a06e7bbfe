/* The audit log, for auditors: a page of records, filtered. Control has other things to do: a call looks at a bounded number of records and
 * says where the next one goes on. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "approve/http_call.h"
#include "audit/chain.h"
#include "audit/filter.h"
#include "audit/ocsf.h"
#include "audit/segments.h"

/* Reading a record as JSON costs as much as passing over some forty. */
enum { LIMIT = 1000, PAGE_BYTES = 8 << 20, EFFORT_MAX = 200000, EFFORT_READ = 40 };

enum form { FORM_JSON, FORM_LINES, FORM_OCSF };

struct page {
	struct control *ctl;
	struct audit_filter filter;
	json_t *who;          /* session → whose it is, as far as it was needed */
	struct buf out;
	uint64_t after, last; /* last: looked at */
	int64_t limit, n, effort;
	enum form form;
	bool full;
};

static void take_owner(void *arg, const struct store_recording *v)
{
	*(json_t **)arg = json_pack("{s:{s:s},s:s}", "identity", "subject", v->subject, "target", v->target);
}

/* Out of the session's own first record where it was looked at, else of what is known of its recordings. */
static const json_t *session_of(void *ctx, const char *session)
{
	struct page *p = ctx;
	const json_t *known = json_object_get(p->who, session);
	json_t *owner = NULL;

	if (known != NULL)
		return known;
	(void)store_recordings(p->ctl->store, NULL, session, 0, 1, take_owner, &owner);
	json_object_set_new(p->who, session, owner != NULL ? owner : json_object());
	return json_object_get(p->who, session);
}

static int put(struct page *p, struct view line, const json_t *record)
{
	json_t *event = p->form == FORM_OCSF ? ocsf_event(record) : NULL;
	char *text = p->form == FORM_OCSF ? json_dumps(event, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	int r = p->form == FORM_OCSF && text == NULL ? ERR_NOMEM : ERR_OK;

	if (r >= 0 && p->form == FORM_JSON && p->n > 0)
		r = buf_put_u8(&p->out, ',');
	if (r >= 0)
		r = text != NULL ? buf_put_str(&p->out, text) : buf_put(&p->out, line.p, line.n);
	if (r >= 0 && p->form != FORM_JSON)
		r = buf_put_u8(&p->out, '\n');
	free(text);
	json_decref(event);
	return r;
}

static int take(struct page *p, struct view line, const struct chain_record *cr)
{
	bool read = audit_filter_any(&p->filter) || p->form == FORM_OCSF;
	char time[CHAIN_TIME_LEN + 1];
	json_t *record = NULL;
	int r = ERR_OK;

	if (p->n == p->limit || p->out.len + line.n > PAGE_BYTES || p->effort >= EFFORT_MAX) {
		p->full = true;
		return ERR_OK;
	}
	memcpy(time, cr->time.p, CHAIN_TIME_LEN);
	time[CHAIN_TIME_LEN] = '\0';
	p->last = cr->seq;
	p->effort++;
	if (read && (audit_filter_time(&p->filter, time) || view_is(&cr->event, "session.start"))) {
		p->effort += EFFORT_READ;
		record = json_loadb((const char *)line.p, line.n, 0, NULL);
		if (view_is(&cr->event, "session.start"))
			json_object_set(p->who, audit_text(record, "session"), record);
	}
	if (!read || (record != NULL && audit_filter_matches(&p->filter, record))) {
		r = put(p, line, record);
		p->n++;
	}
	json_decref(record);
	return r;
}

static int read_segment(struct page *p, int dirfd, unsigned number, uint64_t offset)
{
	char name[SEGMENT_NAME_MAX];
	struct chain_record cr;
	struct lines l;
	struct view line;
	int r;

	segment_name(SEGMENT_LOG, number, name);
	r = lines_open(&l, dirfd, name, offset);
	if (r < 0)
		return r;
	while (!p->full && (r = lines_next(&l, &line, NULL)) == ERR_OK) {
		if (chain_read(line, &cr, NULL) < 0)
			break;
		if (cr.seq > p->after)
			r = take(p, line, &cr);
		if (r < 0)
			break;
	}
	lines_close(&l);
	return r == ERR_EOF || r == ERR_MALFORMED ? ERR_OK : r;
}

/* The call's query as a filter. false: the answer is made. */
static bool read_query(struct call *call, struct page *p)
{
	const char *format = call_query(call, "format");
	struct audit_filter *f = &p->filter;
	int64_t after;

	if (call_query_number(call, "after", INT64_MAX, 0, &after) < 0 || call_query_number(call, "limit", LIMIT, 100, &p->limit) < 0 ||
	    p->limit == 0) {
		call_problem(call, 400, "after and limit are numbers (limit at most %d)", LIMIT);
		return false;
	}
	p->after = p->last = (uint64_t)after;
	f->identity = call_query(call, "identity");
	f->target = call_query(call, "target");
	f->verdict = call_query(call, "verdict");
	f->event = call_query(call, "event");
	f->session = call_query(call, "session");
	f->rule = call_query(call, "rule");
	f->command = call_query(call, "command");
	f->from = call_query(call, "from");
	f->to = call_query(call, "to");
	f->session_of = session_of;
	f->ctx = p;
	if ((f->from != NULL && !audit_filter_time_ok(f->from)) || (f->to != NULL && !audit_filter_time_ok(f->to))) {
		call_problem(call, 400, "from and to are times such as 2026-01-31T12:00:00Z or the beginning of one");
		return false;
	}
	if (format == NULL || strcmp(format, "json") == 0)
		p->form = FORM_JSON;
	else if (strcmp(format, "jsonl") == 0)
		p->form = FORM_LINES;
	else if (strcmp(format, "ocsf") == 0)
		p->form = FORM_OCSF;
	else {
		call_problem(call, 400, "format is json, jsonl or ocsf");
		return false;
	}
	return true;
}

void api_audit(struct call *call)
{
	struct page p = { .ctl = call->ctl };
	unsigned *numbers = NULL;
	uint64_t offset = 0;
	char next[32];
	size_t n = 0, i;
	int dirfd, r;

	if (!read_query(call, &p))
		return;
	p.who = json_object();
	buf_init(&p.out, PAGE_BYTES * 2 + (1 << 20));
	dirfd = open("audit", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dirfd < 0 ? ERR_SYS : segments_list(dirfd, SEGMENT_LOG, &numbers, &n);
	if (r >= 0 && p.form == FORM_JSON)
		r = buf_put_str(&p.out, "{\"records\":[");
	i = r >= 0 ? segments_seek(dirfd, numbers, n, p.after + 1, &offset) : 0;
	for (; r >= 0 && i < n && !p.full; i++, offset = 0)
		r = read_segment(&p, dirfd, numbers[i], offset);
	if (r >= 0 && p.form == FORM_JSON)
		r = buf_printf(&p.out, "],\"next\":%llu,\"more\":%s}", (unsigned long long)p.last, p.full ? "true" : "false");
	if (r < 0) {
		call_problem(call, 503, "the log cannot be read");
	} else {
		call_reply(call, 200, p.form == FORM_JSON ? "application/json" : "application/jsonl", buf_ptr(&p.out), p.out.len);
		snprintf(next, sizeof(next), "%llu", (unsigned long long)p.last);
		call_header(call, "Sallyport-Next", next);
		call_header(call, "Sallyport-More", p.full ? "true" : "false");
	}
	if (dirfd >= 0)
		close(dirfd);
	free(numbers);
	json_decref(p.who);
	buf_free(&p.out);
}

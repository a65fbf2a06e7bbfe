/* See syslog.h. Records are ASCII by their form (chain.h), so that they fit any of these as they are. */
#include "audit/syslog.h"

#include <stdlib.h>
#include <string.h>

#include "audit/digest.h"
#include "audit/ocsf.h"

enum { FACILITY_AUTHPRIV = 10, SEVERITY_WARNING = 4, SEVERITY_NOTICE = 5, SEQUENCE_MAX = 2147483647, HOST_MAX = 255 };

static bool ends_in(const struct view *v, const char *end)
{
	size_t n = strlen(end);

	return v->n >= n && memcmp(v->p + v->n - n, end, n) == 0;
}

static int severity(struct view line, const struct chain_record *rec)
{
	static const char denied[] = "\"verdict\":\"deny\"";
	bool bad = ends_in(&rec->event, ".refused") || ends_in(&rec->event, ".rejected") || ends_in(&rec->event, ".denied") ||
		   ends_in(&rec->event, ".lost") ||
		   (view_is(&rec->event, "decision") && memmem(line.p, line.n, denied, sizeof(denied) - 1) != NULL);

	return bad ? SEVERITY_WARNING : SEVERITY_NOTICE;
}

int syslog_short(struct buf *out, struct view line, const struct chain_record *rec)
{
	char hex[DIGEST_HEX + 1];
	uint8_t d[DIGEST_SIZE];
	int r = digest(line.p, line.n, d);

	if (r < 0)
		return r;
	digest_hex(d, hex);
	r = buf_printf(out, "{\"seq\":%llu,\"time\":\"%.*s\",\"session\":", (unsigned long long)rec->seq, (int)rec->time.n, (const char *)rec->time.p);
	if (r == ERR_OK)
		r = rec->session.p == NULL ? buf_put_str(out, "null") : buf_printf(out, "\"%.*s\"", (int)rec->session.n, (const char *)rec->session.p);
	if (r == ERR_OK)
		r = buf_printf(out, ",\"event\":\"%.*s\",\"short\":true,\"bytes\":%zu,\"sha256\":\"%s\"}", (int)rec->event.n,
			       (const char *)rec->event.p, line.n, hex);
	return r;
}

/* What is said of the record, in its whole length. */
static int put_message(struct buf *out, const struct syslog_options *o, struct view line)
{
	json_t *record, *event;
	char *text;
	int r;

	if (!o->ocsf)
		return buf_put(out, line.p, line.n);
	record = json_loadb((const char *)line.p, line.n, 0, NULL);
	event = record != NULL ? ocsf_event(record) : NULL;
	text = event != NULL ? json_dumps(event, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	r = text != NULL ? buf_put_str(out, text) : ERR_NOMEM;
	free(text);
	json_decref(event);
	json_decref(record);
	return r;
}

/* The same, in short when the whole would make more than o->max bytes of what began at `from`. */
static int put_bounded(struct buf *out, const struct syslog_options *o, struct view line, const struct chain_record *rec, size_t from)
{
	size_t head = out->len;
	int r = put_message(out, o, line);

	if (r == ERR_OK && out->len - from <= o->max)
		return ERR_OK;
	if (r < 0 && r != ERR_LIMIT)
		return r;
	out->len = head;
	return syslog_short(out, line, rec);
}

static int put_host(struct buf *out, const char *host)
{
	size_t n = host != NULL ? strlen(host) : 0;
	int r = n == 0 ? buf_put_u8(out, '-') : ERR_OK;

	for (size_t i = 0; i < n && i < HOST_MAX && r == ERR_OK; i++)
		r = buf_put_u8(out, host[i] > 0x20 && host[i] < 0x7f ? (uint8_t)host[i] : '_');
	return r;
}

static int put_head(struct buf *out, const char *host, int sev, struct view time, struct view id)
{
	int r = buf_printf(out, "<%d>1 %.*s ", FACILITY_AUTHPRIV * 8 + sev, (int)time.n, (const char *)time.p);

	if (r == ERR_OK)
		r = put_host(out, host);
	return r == ERR_OK ? buf_printf(out, " sallyport - %.*s ", (int)id.n, (const char *)id.p) : r;
}

int syslog_record(struct buf *out, const struct syslog_options *o, struct view line, const struct chain_record *rec)
{
	size_t from = out->len;
	int r = put_head(out, o->host, severity(line, rec), rec->time, rec->event);

	if (r == ERR_OK) /* the field's own range; the record says the whole number */
		r = buf_printf(out, "[meta sequenceId=\"%llu\"] ", (unsigned long long)((rec->seq - 1) % SEQUENCE_MAX + 1));
	return r == ERR_OK ? put_bounded(out, o, line, rec, from) : r;
}

int syslog_journal(struct buf *out, const struct syslog_options *o, struct view line, const struct chain_record *rec)
{
	size_t from = out->len;
	int r = buf_printf(out, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=sallyport\nSALLYPORT_SEQ=%llu\nSALLYPORT_EVENT=%.*s\n",
			   severity(line, rec), FACILITY_AUTHPRIV, (unsigned long long)rec->seq, (int)rec->event.n, (const char *)rec->event.p);

	if (r == ERR_OK && rec->session.p != NULL)
		r = buf_printf(out, "SALLYPORT_SESSION=%.*s\n", (int)rec->session.n, (const char *)rec->session.p);
	if (r == ERR_OK)
		r = buf_put_str(out, "MESSAGE=");
	if (r == ERR_OK)
		r = put_bounded(out, o, line, rec, from);
	return r == ERR_OK ? buf_put_u8(out, '\n') : r;
}

static char *checkpoint_json(struct view text, struct view sshsig)
{
	json_t *j = json_pack("{s:s%,s:s%}", "checkpoint", text.p, text.n, "signature", sshsig.p, sshsig.n);
	char *s = j != NULL ? json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(j);
	return s;
}

int syslog_checkpoint(struct buf *out, const struct syslog_options *o, struct view text, struct view sshsig, uint64_t time_ms)
{
	char *s = checkpoint_json(text, sshsig), time[CHAIN_TIME_LEN + 1];
	int r = s == NULL ? ERR_NOMEM : ERR_OK;

	chain_time(time_ms, time);
	if (r == ERR_OK)
		r = put_head(out, o->host, SEVERITY_NOTICE, (struct view){ (const uint8_t *)time, CHAIN_TIME_LEN },
			     (struct view){ (const uint8_t *)"checkpoint", 10 });
	if (r == ERR_OK)
		r = buf_printf(out, "- %s", s);
	free(s);
	return r;
}

int syslog_journal_checkpoint(struct buf *out, struct view text, struct view sshsig)
{
	char *s = checkpoint_json(text, sshsig);
	int r = s == NULL ? ERR_NOMEM :
			    buf_printf(out, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=sallyport\nSALLYPORT_EVENT=checkpoint\nMESSAGE=%s\n",
				       SEVERITY_NOTICE, FACILITY_AUTHPRIV, s);

	free(s);
	return r;
}

/* `sallyport audit query`: records by who, where, what, when; as a table, JSON lines or CSV. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/chain.h"
#include "audit/filter.h"
#include "audit/ocsf.h"
#include "cli/audit.h"
#include "cli/cli.h"
#include "cli/evidence.h"

static const char usage[] =
	"usage: sallyport audit query [--identity GLOB] [--target GLOB] [--verdict allow|approve|deny] [--event GLOB] [--session ID]\n"
	"                             [--rule GLOB] [--command GLOB] [--from TIME] [--to TIME] [--limit N] [--format FORMAT] [--dir DIR]\n"
	"GLOB is a shell pattern (* ? [..]); for --identity it is matched against the subject, for --command against the text asked.\n"
	"TIME is the beginning of one as the log has it: 2026-01-31, 2026-01-31T12, 2026-01-31T12:00:00Z. --to is not included.\n"
	"FORMAT is table (the default), json (the records as they are, a line each), csv, or ocsf (events of the OCSF schema, a line each).\n";

enum format { TABLE, JSON, CSV, OCSF };

struct query {
	struct audit_filter filter;
	enum format format;
	unsigned long limit, shown;
	json_t *who; /* session → identity and target of its beginning */
};

static const json_t *session_of(void *ctx, const char *session)
{
	struct query *q = ctx;

	return json_object_get(q->who, session);
}

static void put_csv(const char *s, bool last)
{
	putchar('"');
	if (s[0] != '\0' && strchr("=+-@", s[0]) != NULL)
		putchar('\'');
	for (; *s != '\0'; s++) {
		if (*s == '"')
			putchar('"');
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			printf("\\u%04x", (unsigned char)*s);
		else
			putchar(*s);
	}
	fputs(last ? "\"\r\n" : "\",", stdout);
}

/* What a record is about, in one column. */
static const char *about(const json_t *r)
{
	static const char *const names[] = { "command", "reason", "recording", "approval", "principal", "policy", "route", "rule" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (evidence_field(r, names[i])[0] != '\0')
			return evidence_field(r, names[i]);
	return "";
}

static void show(struct query *q, struct view line, const json_t *r)
{
	const char *columns[] = { evidence_field(r, "time"), evidence_field(r, "event"), evidence_field(r, "verdict"), evidence_field(r, "rule"),
				  audit_filter_text(&q->filter, r, "identity.subject"), audit_filter_text(&q->filter, r, "target"), about(r) };
	static const int widths[] = { 24, 20, 8, 18, 30, 12, 0 };
	char seq[32];

	snprintf(seq, sizeof(seq), "%lld", (long long)json_integer_value(json_object_get(r, "seq")));
	if (q->format == JSON) {
		fwrite(line.p, 1, line.n, stdout);
		putchar('\n');
		return;
	}
	if (q->format == OCSF) {
		json_t *o = ocsf_event(r);

		if (o != NULL && json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) == 0)
			putchar('\n');
		json_decref(o);
		return;
	}
	if (q->format == CSV) {
		if (q->shown == 0)
			fputs("seq,time,event,verdict,rule,identity,target,about\r\n", stdout);
		put_csv(seq, false);
		for (size_t i = 0; i < 7; i++)
			put_csv(columns[i], i == 6);
		return;
	}
	printf("%8s  ", seq);
	for (size_t i = 0; i < 7; i++) {
		size_t n = strlen(columns[i]);

		evidence_print(stdout, columns[i], n, widths[i] > 0 ? (size_t)widths[i] : 200);
		if (widths[i] > 0)
			printf("%*s  ", n < (size_t)widths[i] ? widths[i] - (int)n : 0, "");
	}
	putchar('\n');
}

static int take(void *ctx, struct view line, const struct chain_record *rec)
{
	struct query *q = ctx;
	char time[CHAIN_TIME_LEN + 1];
	json_t *r;
	bool ok;

	memcpy(time, rec->time.p, CHAIN_TIME_LEN);
	time[CHAIN_TIME_LEN] = '\0';
	if (!audit_filter_time(&(struct audit_filter){ .to = q->filter.to }, time))
		return ERR_OK;
	r = json_loadb((const char *)line.p, line.n, 0, NULL);
	if (r == NULL)
		return ERR_OK;
	if (view_is(&rec->event, "session.start"))
		json_object_set(q->who, evidence_field(r, "session"), r);
	ok = audit_filter_matches(&q->filter, r);
	if (ok) {
		show(q, line, r);
		q->shown++;
	}
	json_decref(r);
	return q->shown >= q->limit ? ERR_EOF : ERR_OK;
}

int audit_verb_query(int argc, char **argv)
{
	static const struct option options[] = {
		{ "identity", required_argument, NULL, 'i' }, { "target", required_argument, NULL, 't' }, { "verdict", required_argument, NULL, 'v' },
		{ "event", required_argument, NULL, 'e' }, { "session", required_argument, NULL, 's' }, { "rule", required_argument, NULL, 'r' },
		{ "command", required_argument, NULL, 'c' }, { "from", required_argument, NULL, 'f' }, { "to", required_argument, NULL, 'o' },
		{ "limit", required_argument, NULL, 'l' }, { "format", required_argument, NULL, 'F' }, { "dir", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	struct query q = { .limit = (unsigned long)-1 };
	const char *dir = NULL;
	struct why w = { "" };
	struct evidence e;
	int o, r;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'i': q.filter.identity = optarg; break;
		case 't': q.filter.target = optarg; break;
		case 'v': q.filter.verdict = optarg; break;
		case 'e': q.filter.event = optarg; break;
		case 's': q.filter.session = optarg; break;
		case 'r': q.filter.rule = optarg; break;
		case 'c': q.filter.command = optarg; break;
		case 'f': q.filter.from = optarg; break;
		case 'o': q.filter.to = optarg; break;
		case 'd': dir = optarg; break;
		case 'l': q.limit = strtoul(optarg, NULL, 10); break;
		case 'F':
			q.format = strcmp(optarg, "json") == 0 ? JSON : strcmp(optarg, "csv") == 0 ? CSV : strcmp(optarg, "ocsf") == 0 ? OCSF : TABLE;
			if (q.format == TABLE && strcmp(optarg, "table") != 0)
				return cli_usage("audit", "--format is table, json, csv or ocsf");
			break;
		case 'h': fputs(usage, stdout); return CLI_OK;
		default: fputs(usage, stderr); return CLI_USAGE;
		}
	}
	if ((q.filter.from != NULL && !audit_filter_time_ok(q.filter.from)) || (q.filter.to != NULL && !audit_filter_time_ok(q.filter.to)))
		return cli_usage("audit", "a time is 2026-01-31, 2026-01-31T12 or 2026-01-31T12:00:00Z");
	if (optind != argc || q.limit == 0) {
		fputs(usage, stderr);
		return CLI_USAGE;
	}
	r = evidence_open(&e, "audit", dir, NULL);
	if (r != CLI_OK)
		return r;
	q.who = json_object();
	q.filter.session_of = session_of;
	q.filter.ctx = &q;
	r = evidence_each(&e, take, &q, &w);
	json_decref(q.who);
	evidence_close(&e);
	if (r < 0 && r != ERR_EOF)
		return cli_fail("audit", "%s", w.text[0] != '\0' ? w.text : err_text(r));
	return CLI_OK;
}

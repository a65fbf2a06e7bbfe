/* GET /metrics: Prometheus' text form, version 0.0.4. Names and labels are held to the alert rules and the dashboard by a test; labels that others
 * choose are bounded (tally.h). */
#include <string.h>

#include "approve/http_call.h"
#include "approve/metrics.h"
#include "approve/outputs.h"

static void head(struct buf *b, const char *name, const char *type, const char *help)
{
	(void)buf_printf(b, "# HELP sallyport_%s %s\n# TYPE sallyport_%s %s\n", name, help, name, type);
}

static void metric(struct buf *b, const char *name, const char *type, const char *help, double v)
{
	head(b, name, type, help);
	(void)buf_printf(b, "sallyport_%s %.17g\n", name, v);
}

static void gauge(struct buf *b, const char *name, const char *help, double v)
{
	metric(b, name, "gauge", help, v);
}

static void counter(struct buf *b, const char *name, const char *help, uint64_t v)
{
	metric(b, name, "counter", help, (double)v);
}

static void put_decisions(struct control *c, struct buf *b)
{
	head(b, "decisions_total", "counter", "Decisions by verdict.");
	for (int v = VERDICT_ALLOW; v <= VERDICT_DENY; v++)
		(void)buf_printf(b, "sallyport_decisions_total{verdict=\"%s\"} %llu\n", verdict_name((enum verdict)v),
				 (unsigned long long)c->count.decisions[v]);
	head(b, "rule_decisions_total", "counter", "Decisions by the rule that made them.");
	(void)tally_write(&c->count.by_rule, b, "sallyport_rule_decisions_total", "rule", "verdict");
	head(b, "shadow_decisions_total", "counter", "What rules that only watch would have said.");
	(void)tally_write(&c->count.shadow, b, "sallyport_shadow_decisions_total", "rule", "verdict");
	head(b, "rule_maskings_total", "counter", "Values masked, by rule.");
	(void)tally_write(&c->count.masks, b, "sallyport_rule_maskings_total", "rule", NULL);
	counter(b, "maskings_total", "Values masked.", c->count.maskings);
}

/* Those that wait for a person, by how long they have. */
struct ages {
	int64_t now, oldest;
	unsigned n[4];
};

static const struct {
	const char *label;
	int64_t ms;
} age_classes[] = { { "1m", 60000 }, { "10m", 600000 }, { "1h", 3600000 }, { "older", INT64_MAX } };

static void count_age(void *arg, struct approval *a)
{
	struct ages *ages = arg;
	int64_t age = ages->now - a->created_ms;
	unsigned i = 0;

	if (a->state != APPROVAL_PENDING)
		return;
	while (age > age_classes[i].ms)
		i++;
	ages->n[i]++;
	if (age > ages->oldest)
		ages->oldest = age;
}

static void put_approvals(struct control *c, struct buf *b)
{
	struct ages ages = { .now = clock_wall_ms() };

	requests_each(c, count_age, &ages);
	gauge(b, "approvals_pending", "Requests that wait for a person.", requests_count(c, APPROVAL_PENDING));
	head(b, "approvals_pending_by_age", "gauge", "Requests that wait for a person, by how long they have: up to a minute, ten, an hour, or longer.");
	for (size_t i = 0; i < sizeof(age_classes) / sizeof(*age_classes); i++)
		(void)buf_printf(b, "sallyport_approvals_pending_by_age{age=\"%s\"} %u\n", age_classes[i].label, ages.n[i]);
	gauge(b, "approvals_oldest_pending_seconds", "How long the oldest of them has waited.", (double)ages.oldest / 1000);
	gauge(b, "approvals_granted", "Grants not used up.", requests_count(c, APPROVAL_APPROVED));
	counter(b, "approvals_total", "Requests made.", c->count.approvals_asked);
	head(b, "approvals_answered_total", "counter", "Requests by how they ended.");
	for (int s = APPROVAL_APPROVED; s <= APPROVAL_WITHDRAWN; s++)
		(void)buf_printf(b, "sallyport_approvals_answered_total{state=\"%s\"} %llu\n", approval_state_name((enum approval_state)s),
				 (unsigned long long)c->count.answered[s]);
	(void)histogram_write(&c->count.approval_wait, b, "sallyport_approval_wait", "From a request to its yes or no.");
}

static void put_audit(struct control *c, struct buf *b)
{
	counter(b, "audit_records_total", "Records appended since the start.", c->count.records);
	(void)histogram_write(&c->count.commit, b, "sallyport_audit_commit", "One group commit of the audit log: what every command waits for.");
	gauge(b, "audit_durable_seq", "Last record on disk.", (double)audit_durable(c->log));
	gauge(b, "audit_healthy", "1 while records can be written.", audit_health(c->log) == AUDIT_HEALTHY);
	(void)histogram_write(&c->count.recorder_lag, b, "sallyport_recorder_lag",
			      "The longest that a byte waited to be on the disk, for each report of a recording.");
	outputs_metrics(c, b);
}

static void put_failures(struct control *c, struct buf *b)
{
#define FAILURE_LABEL(id, label) [id] = label,
	static const char *const labels[FAIL_KINDS] = { FAILURES(FAILURE_LABEL) };
#undef FAILURE_LABEL

	c->count.failures[FAIL_BAD_MESSAGE] = c->peers.bad;
	head(b, "failures_total", "counter", "What went wrong, by what it was.");
	for (int i = 0; i < FAIL_KINDS; i++)
		(void)buf_printf(b, "sallyport_failures_total{what=\"%s\"} %llu\n", labels[i], (unsigned long long)c->count.failures[i]);
}

void api_metrics(struct call *call)
{
	struct control *c = call->ctl;
	unsigned in = 0;
	struct buf b;

	/* Counts alone; still not for everybody who can reach the port. */
	if (!call->local && strncmp(c->config->http.listen.host, "127.", 4) != 0 && strcmp(c->config->http.listen.host, "::1") != 0) {
		call_problem(call, 403, "metrics are served on loopback and the unix socket only");
		return;
	}
	for (struct session *s = c->sessions; s != NULL; s = s->next)
		in += s->in && !s->over;
	buf_init(&b, 1 << 18);
	head(&b, "build_info", "gauge", "The version that runs.");
	(void)buf_printf(&b, "sallyport_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
	gauge(&b, "start_time_seconds", "When control was started, Unix time.", (double)c->started_ms / 1000);
	head(&b, "refused_file", "gauge", "1 while what is served is not what the file says, since the file was refused.");
	(void)buf_printf(&b, "sallyport_refused_file{file=\"configuration\"} %d\nsallyport_refused_file{file=\"policy\"} %d\n", c->config_refused.now,
			 c->policy_refused.now);
	gauge(&b, "vault_up", "1 while the vault runs.", c->vault != NULL);
	gauge(&b, "sessions", "Sessions that are logged in.", in);
	gauge(&b, "connections", "Connections, those that have not logged in too.", c->n_sessions);
	counter(&b, "logins_total", "Logins accepted.", c->count.logins);
	counter(&b, "logins_refused_total", "Logins refused.", c->count.logins_refused);
	counter(&b, "certificates_total", "Certificates issued.", c->count.certificates);
	counter(&b, "certificates_refused_total", "Certificates refused.", c->count.certificates_refused);
	put_decisions(c, &b);
	put_approvals(c, &b);
	put_audit(c, &b);
	put_failures(c, &b);
	counter(&b, "http_requests_total", "Calls of the API.", c->count.http_requests);
	call_reply(call, 200, "text/plain; version=0.0.4; charset=utf-8", buf_ptr(&b), b.len);
	buf_free(&b);
}

/* About the bastion itself: is it well, how much does it do, what can be called. */
#include <string.h>

#include "approve/http_call.h"
#include "approve/openapi.h"
#include "approve/outputs.h"
#include "approve/receipt.h"

void api_health(struct call *call)
{
	call_reply_text(call, 200, "ok\n");
}

void api_ready(struct call *call)
{
	struct control *c = call->ctl;
	const char *why = !c->ready		    ? "not started yet\n"
			  : c->vault == NULL	    ? "the vault is not running\n"
			  : c->supervisor == NULL   ? "the supervisor is not running\n"
			  : audit_health(c->log) != AUDIT_HEALTHY ? "the audit log cannot be written\n"
						    : NULL;

	call_reply_text(call, why == NULL ? 200 : 503, why == NULL ? "ready\n" : why);
}

static void metric(struct buf *b, const char *name, const char *type, const char *help, double v)
{
	(void)buf_printf(b, "# HELP sallyport_%s %s\n# TYPE sallyport_%s %s\nsallyport_%s %.17g\n", name, help, name, type, name, v);
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
	metric(&b, "sessions", "gauge", "Sessions that are logged in.", in);
	metric(&b, "connections", "gauge", "Connections, those that have not logged in too.", c->n_sessions);
	(void)buf_put_str(&b, "# HELP sallyport_decisions_total Decisions by verdict.\n# TYPE sallyport_decisions_total counter\n");
	for (int v = VERDICT_ALLOW; v <= VERDICT_DENY; v++)
		(void)buf_printf(&b, "sallyport_decisions_total{verdict=\"%s\"} %llu\n", verdict_name((enum verdict)v),
				 (unsigned long long)c->count.decisions[v]);
	(void)buf_put_str(&b, "# HELP sallyport_rule_decisions_total Decisions by the rule that made them.\n# TYPE sallyport_rule_decisions_total counter\n");
	(void)tally_write(&c->count.by_rule, &b, "sallyport_rule_decisions_total", "rule", "verdict");
	(void)buf_put_str(&b, "# HELP sallyport_shadow_decisions_total What rules that only watch would have said.\n# TYPE sallyport_shadow_decisions_total counter\n");
	(void)tally_write(&c->count.shadow, &b, "sallyport_shadow_decisions_total", "rule", "verdict");
	(void)buf_put_str(&b, "# HELP sallyport_rule_maskings_total Values masked, by rule.\n# TYPE sallyport_rule_maskings_total counter\n");
	(void)tally_write(&c->count.masks, &b, "sallyport_rule_maskings_total", "rule", NULL);
	metric(&b, "approvals_pending", "gauge", "Requests that wait for a person.", requests_count(c, APPROVAL_PENDING));
	metric(&b, "approvals_granted", "gauge", "Grants not used up.", requests_count(c, APPROVAL_APPROVED));
	metric(&b, "approvals_total", "counter", "Requests made.", (double)c->count.approvals_asked);
	metric(&b, "logins_total", "counter", "Logins accepted.", (double)c->count.logins);
	metric(&b, "logins_refused_total", "counter", "Logins refused.", (double)c->count.logins_refused);
	metric(&b, "certificates_total", "counter", "Certificates issued.", (double)c->count.certificates);
	metric(&b, "certificates_refused_total", "counter", "Certificates refused.", (double)c->count.certificates_refused);
	metric(&b, "maskings_total", "counter", "Values masked.", (double)c->count.maskings);
	metric(&b, "audit_records_total", "counter", "Records appended since the start.", (double)c->count.records);
	metric(&b, "audit_commits_total", "counter", "Group commits.", (double)c->count.commits);
	metric(&b, "audit_commit_seconds_total", "counter", "Time spent in group commits.", (double)c->count.commit_us_total / 1e6);
	metric(&b, "audit_durable_seq", "gauge", "Last record on disk.", (double)audit_durable(c->log));
	metric(&b, "audit_healthy", "gauge", "1 while records can be written.", audit_health(c->log) == AUDIT_HEALTHY);
	outputs_metrics(c, &b);
	metric(&b, "http_requests_total", "counter", "Calls of the API.", (double)c->count.http_requests);
	call_reply(call, 200, "text/plain; version=0.0.4; charset=utf-8", buf_ptr(&b), b.len);
	buf_free(&b);
}

void api_openapi(struct call *call)
{
	call_reply(call, 200, "application/json", openapi_json, openapi_json_len);
}

void api_jwks(struct call *call)
{
	call_reply_json(call, 200, receipt_jwks(call->ctl));
}

/* Who comes in. The worker says which certificate the agent proved to hold; here it is decided whose it is and whether that
 * somebody may have a session with that target. Every refusal looks the same to the agent and takes the same time. */
#include <stdlib.h>
#include <string.h>

#include "approve/control.h"
#include "approve/issue.h"
#include "audit/chain.h"
#include "base/log.h"
#include "identity/sshcert.h"
#include "identity/sshkey.h"

enum { USER_MAX = 128 };

/* What a login comes to, gathered on the way. */
struct login {
	struct sshcert cert;
	struct identity *who;
	const struct config_target *target;
	const char *login;
	char user[USER_MAX];
	bool have_cert;
	struct why why;
};

static bool revoked(void *arg, uint64_t serial)
{
	return store_certificate_revoked(arg, serial);
}

/* "[LOGIN+]TARGET". */
static int find_target(struct control *c, struct login *l)
{
	char *plus = strrchr(l->user, '+');
	const char *name = plus != NULL ? plus + 1 : l->user;
	char login[USER_MAX];

	l->target = config_target(c->config, name);
	if (l->target == NULL)
		return why_fail(&l->why, ERR_NOTFOUND, "there is no such target");
	if (plus == NULL) {
		l->login = l->target->login;
		return ERR_OK;
	}
	memcpy(login, l->user, (size_t)(plus - l->user));
	login[plus - l->user] = '\0';
	for (size_t i = 0; i < l->target->logins.n; i++) {
		if (strcmp(l->target->logins.v[i], login) == 0)
			l->login = l->target->logins.v[i];
	}
	return l->login != NULL ? ERR_OK : why_fail(&l->why, ERR_REFUSED, "the target has no such login");
}

static int check_certificate(struct session *s, struct login *l, struct view blob)
{
	struct control *c = s->ctl;
	/* While the CA is being rotated, certificates of the one before it are good until they end, which is minutes. */
	struct view cas[] = { { buf_ptr(&c->ca_blob), c->ca_blob.len }, { buf_ptr(&c->ca_previous), c->ca_previous.len } };
	struct sshcert_rules rules = { .cas = cas, .n_cas = cas[0].n == 0 ? 0 : cas[1].n == 0 ? 1 : 2, .type = SSHCERT_USER, .now = clock_wall_ms() / 1000,
				       .principal = ISSUE_PRINCIPAL, .source = s->addr, .revoked = revoked, .arg = c->store };
	int r = sshcert_parse(blob, &l->cert, &l->why);

	if (r < 0)
		return r;
	l->have_cert = true;
	r = sshcert_check(&l->cert, &rules, &l->why);
	if (r >= 0)
		r = identity_parse((const char *)l->cert.identity.p, l->cert.identity.n, &l->who, &l->why);
	if (r >= 0 && !issue_knows(c, l->who->issuer))
		r = why_fail(&l->why, ERR_REFUSED, "the issuer of the identity is not configured any more");
	return r;
}

static int check_limits(struct session *s, struct login *l)
{
	struct control *c = s->ctl;
	uint64_t n = 0;

	for (struct session *o = c->sessions; o != NULL; o = o->next) {
		if (o->in && !o->over && strcmp(o->who->issuer, l->who->issuer) == 0 && strcmp(o->who->subject, l->who->subject) == 0)
			n++;
	}
	if (n >= c->config->limits.sessions_per_identity)
		return why_fail(&l->why, ERR_LIMIT, "the identity has %llu sessions already", (unsigned long long)n);
	if (rate_count(&c->rate, l->who, RATE_SESSIONS, clock_mono_ms()) > c->config->limits.sessions_per_minute)
		return why_fail(&l->why, ERR_LIMIT, "the identity has begun more than %llu sessions within a minute",
				(unsigned long long)c->config->limits.sessions_per_minute);
	if (audit_health(c->log) != AUDIT_HEALTHY)
		return why_fail(&l->why, ERR_UNAVAILABLE, "nothing can be recorded now");
	return ERR_OK;
}

static void record_refusal(struct session *s, const struct login *l)
{
	char finger[SSHKEY_FINGERPRINT] = "";
	json_t *j = json_pack("{s:s,s:s,s:o}", "reason", l->why.text, "source", s->source, "user", chain_text(l->user, strlen(l->user)));

	if (l->have_cert) {
		struct buf key;

		buf_init(&key, SSHKEY_BLOB_MAX);
		if (sshcert_plain_key(&l->cert, &key) >= 0) {
			sshkey_fingerprint((struct view){ buf_ptr(&key), key.len }, finger);
			json_object_set_new(j, "key", json_string(finger));
		}
		buf_free(&key);
		json_object_set_new(j, "serial", json_integer((json_int_t)l->cert.serial));
	}
	if (l->who != NULL)
		json_object_set_new(j, "identity", control_who(l->who));
	s->ctl->count.logins_refused++;
	(void)control_record(s->ctl, s->id, "login.refused", j, NULL);
}

static void send_refusal(void *arg)
{
	struct session *s = arg;
	struct msg_login_answer a = { .ok = 0, .why = proto_str("not permitted") };

	s->timer = NULL;
	if (s->peer != NULL)
		(void)msg_login_answer_send(&s->peer->ipc, &a, NULL, 0);
}

static void end_of_time(void *arg)
{
	struct session *s = arg;

	s->timer = NULL;
	session_stop(s, EXIT_UNAVAILABLE, "sallyport: the session has reached its longest time; connect again");
}

static int accept_login(struct session *s, struct login *l)
{
	struct control *c = s->ctl;
	int64_t now = clock_wall_ms();
	char finger[SSHKEY_FINGERPRINT] = "";
	struct store_session row;
	struct buf key;
	int r;

	buf_init(&key, SSHKEY_BLOB_MAX);
	if (sshcert_plain_key(&l->cert, &key) >= 0)
		sshkey_fingerprint((struct view){ buf_ptr(&key), key.len }, finger);
	buf_free(&key);
	s->target = strdup(l->target->name);
	s->login = strdup(l->login);
	if (s->target == NULL || s->login == NULL)
		return ERR_NOMEM;
	r = control_record(c, s->id, "login.accepted",
			   json_pack("{s:o,s:s,s:s,s:s,s:I,s:s,s:s,s:o}", "identity", control_who(l->who), "source", s->source, "target", s->target,
				     "login", s->login, "serial", (json_int_t)l->cert.serial, "key", finger, "principal", ISSUE_PRINCIPAL,
				     "valid_until", control_time((int64_t)l->cert.valid_before * 1000)),
			   NULL);
	if (r >= 0)
		r = control_record(c, s->id, "session.start",
				   json_pack("{s:o,s:s,s:s,s:s,s:I,s:s}", "identity", control_who(l->who), "target", s->target, "login", s->login,
					     "source", s->source, "serial", (json_int_t)l->cert.serial, "policy", policy_version(c->policy)),
				   NULL);
	if (r < 0)
		return r;
	s->who = l->who;
	l->who = NULL;
	s->in = true;
	s->serial = l->cert.serial;
	s->started_ms = now;
	s->expires_ms = now + (int64_t)c->config->limits.session_max * 1000;
	row = (struct store_session){ s->id, s->who->issuer, s->who->subject, s->target, s->login, s->source, s->serial, now };
	r = store_session_add(c->store, &row);
	if (r < 0)
		return r;
	loop_timer_del(s->timer);
	s->timer = loop_timer(c->loop, (int64_t)c->config->limits.session_max * 1000, end_of_time, s);
	c->count.logins++;
	return ERR_OK;
}

static int send_welcome(struct session *s)
{
	struct control *c = s->ctl;
	struct msg_login_answer a = { .ok = 1, .target = proto_str(s->target), .login = proto_str(s->login) };
	char *text = NULL;
	int r = identity_text(s->who, &text, NULL);

	if (r < 0)
		return r;
	a.identity = proto_str(text);
	a.mask = c->config->masking;
	a.mask_yaml = proto_str(policy_mask_section(c->policy));
	a.mask_key = (struct view){ s->mask_key, sizeof(s->mask_key) };
	a.expires_at = (uint64_t)s->expires_ms / 1000;
	snprintf(s->mask_version, sizeof(s->mask_version), "%s", policy_version(c->policy));
	r = msg_login_answer_send(&s->peer->ipc, &a, NULL, 0);
	free(text);
	return r;
}

int login_message(struct session *s, const struct msg_login *m)
{
	struct login l = { .user = "" };
	int found, good, r;

	/* The worker counts, too. One that does not count any more is none of ours. */
	if (s->attempts++ > s->ctl->config->limits.attempts || s->timer != NULL)
		return ERR_WRONGSTATE;
	/* All checks are made whatever came of the ones before: how long it takes says nothing. */
	if (m->user.n == 0 || m->user.n >= sizeof(l.user) || memchr(m->user.p, '\0', m->user.n) != NULL) {
		found = why_fail(&l.why, ERR_MALFORMED, "the user name is not of the form [LOGIN+]TARGET");
	} else {
		memcpy(l.user, m->user.p, m->user.n);
		found = find_target(s->ctl, &l);
	}
	good = check_certificate(s, &l, m->certificate);
	r = good < 0 ? good : found;
	if (r >= 0)
		r = check_limits(s, &l);
	if (r >= 0) {
		r = accept_login(s, &l);
		if (r >= 0)
			r = send_welcome(s);
		else
			why_set(&l.why, "nothing can be recorded now");
	}
	if (r < 0 && !s->in) {
		record_refusal(s, &l);
		loop_timer_del(s->timer);
		s->timer = loop_timer(s->ctl->loop, CONTROL_REFUSAL_MS, send_refusal, s);
		r = ERR_OK;
	}
	identity_free(l.who);
	return r;
}

/* ---- a certificate over SSH ---- */

struct signing {
	struct control *ctl;
	uint64_t sid;
};

static void on_issued(void *arg, const struct issue_result *res)
{
	struct signing *g = arg;
	struct session *s = session_by_sid(g->ctl, g->sid);
	struct msg_sign_answer a = { .ok = res->status == 201 };
	char line[400];

	if (s != NULL && s->peer != NULL) {
		s->signing = false;
		snprintf(line, sizeof(line), "sallyport: no certificate: %s", res->why);
		a.text = proto_str(a.ok ? res->line : line);
		(void)msg_sign_answer_send(&s->peer->ipc, &a, NULL, 0);
	}
	free(g);
}

int login_sign(struct session *s, const struct msg_sign_request *m)
{
	struct signing *g;
	struct issue_ask ask = { .token = m->token, .key_line = m->public_key, .source = s->source, .route = "ssh", .addr = s->addr };

	if (m->token.n > 16384 || m->public_key.n > 16384)
		return ERR_LIMIT;
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		return ERR_NOMEM;
	g->ctl = s->ctl;
	g->sid = s->sid;
	s->signing = s->used_sign = true;
	issue_start(s->ctl, &ask, on_issued, g);
	return ERR_OK;
}

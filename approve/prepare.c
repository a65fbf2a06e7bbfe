/* The way to the target, made for the first command that may run: connection (from the supervisor), login key (a grant of the
 * vault), recording (a recorder); the three at the same time. The worker gets all of it before the first `run`. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/digest.h"
#include "approve/control.h"
#include "approve/retention.h"
#include "audit/chain.h"
#include "base/log.h"
#include "identity/sshcert.h"
#include "identity/sshkey.h"

enum { GRANT_USES = 4, GRANT_SECONDS = 120, HOST_CAS_MAX = 8 };

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Forgets what is under way. What the recorder already does goes on. */
void prepare_drop(struct session *s)
{
	control_vault_forget(s->ctl, s->vault_req);
	s->dial_req = s->vault_req = 0;
	s->dialed = s->granted = s->scanning = false;
	free(s->certified);
	s->certified = NULL;
	close_fd(&s->target_fd);
	close_fd(&s->agent_fd);
	loop_timer_del(s->prepare_timer);
	s->prepare_timer = NULL;
	s->prepare = PREPARE_NONE;
}

static void fail(struct session *s, const char *why)
{
	if (s->prepare != PREPARE_RUNNING)
		return;
	prepare_drop(s);
	(void)control_record(s->ctl, s->id, "target.refused",
			     json_pack("{s:s,s:o,s:s}", "target", s->target, "reason", chain_text(why, strlen(why)), "login", s->login), NULL);
	question_unready(s, why);
}

static void put_list(struct buf *out, const struct config_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		(void)proto_list_put(out, s->v[i], strlen(s->v[i]));
}

static void maybe_ready(struct session *s)
{
	const struct config_target *t;
	struct msg_target m = { .ok = 1 };
	struct buf keys, cas;
	int fds[2];

	if (s->prepare != PREPARE_RUNNING || !s->dialed || !s->granted || !s->recorder_sent || s->peer == NULL)
		return;
	t = config_target(s->ctl->config, s->target);
	if (t == NULL) {
		fail(s, "the target is not in the inventory any more");
		return;
	}
	buf_init(&keys, 1 << 18);
	buf_init(&cas, 1 << 18);
	if (s->certified != NULL)
		(void)proto_list_put(&keys, s->certified, strlen(s->certified));
	put_list(&keys, &t->host_keys);
	put_list(&cas, &t->host_cas);
	m.name = proto_str(t->host_name);
	m.login = proto_str(s->login);
	m.host_keys = (struct view){ buf_ptr(&keys), keys.len };
	m.host_cas = (struct view){ buf_ptr(&cas), cas.len };
	m.dialect = (uint8_t)t->dialect;
	fds[0] = s->target_fd;
	fds[1] = s->agent_fd;
	s->target_fd = s->agent_fd = -1;
	(void)msg_target_send(&s->peer->ipc, &m, fds, 2);
	buf_free(&keys);
	buf_free(&cas);
	loop_timer_del(s->prepare_timer);
	s->prepare_timer = NULL;
	s->prepare = PREPARE_READY;
	question_ready(s);
}

/* ---- the vault's grant ---- */

static void on_grant(void *arg, bool ok, struct view data, struct view why)
{
	struct session *s = arg;
	char text[256];

	(void)data;
	s->vault_req = 0;
	if (!ok) {
		snprintf(text, sizeof(text), "%.*s", (int)(why.n > 200 ? 200 : why.n), (const char *)why.p);
		fail(s, text);
		return;
	}
	s->granted = true;
	maybe_ready(s);
}

static int ask_grant(struct session *s, const struct config_target *t)
{
	int64_t now = clock_wall_ms() / 1000;
	struct msg_vault_grant m = { .sid = s->sid, .target = proto_str(t->name), .login = proto_str(s->login), .key = proto_str(t->key),
				     .kind = t->mint, .valid_from_at = (uint64_t)now - 60, .valid_to_at = (uint64_t)now + GRANT_SECONDS,
				     .uses = GRANT_USES };
	int pair[2], r;

	/* The principal of a minted certificate: what the configuration says for the default login, else the login itself. */
	if (t->mint)
		m.principal = proto_str(t->cert_principal != NULL && strcmp(s->login, t->login) == 0 ? t->cert_principal : s->login);
	r = control_vault_call(s->ctl, on_grant, s, &s->vault_req);
	if (r < 0)
		return r;
	if (ipc_pair(pair) < 0)
		return ERR_SYS;
	m.req = s->vault_req;
	s->agent_fd = pair[0];
	return msg_vault_grant_send(&s->ctl->vault->ipc, &m, &pair[1], 1);
}

/* ---- the supervisor's connection ---- */

static int ask_dial(struct session *s, const struct config_target *t)
{
	struct msg_dial m = { .sid = s->sid, .host = proto_str(t->address), .port = t->port, .timeout_ms = CONTROL_DIAL_MS };

	if (s->ctl->supervisor == NULL)
		return ERR_UNAVAILABLE;
	m.req = s->dial_req = control_req(s->ctl);
	return msg_dial_send(&s->ctl->supervisor->ipc, &m, NULL, 0);
}

void prepare_dialed(struct control *c, const struct msg_dialed *m, int fd)
{
	struct session *s;
	char text[300];

	for (s = c->sessions; s != NULL && (s->dial_req != m->req || m->req == 0); s = s->next)
		;
	if (s == NULL || s->prepare != PREPARE_RUNNING) {
		close_fd(&fd);
		return;
	}
	s->dial_req = 0;
	if (!m->ok || fd < 0) {
		close_fd(&fd);
		c->count.failures[FAIL_DIAL]++;
		snprintf(text, sizeof(text), "the target cannot be reached: %.*s", (int)(m->why.n > 200 ? 200 : m->why.n), (const char *)m->why.p);
		fail(s, text);
		return;
	}
	if (s->scanning) {
		struct msg_target_scan scan = { 0 };

		if (s->peer != NULL)
			(void)msg_target_scan_send(&s->peer->ipc, &scan, &fd, 1);
		else
			close_fd(&fd);
		return;
	}
	s->target_fd = fd;
	s->dialed = true;
	maybe_ready(s);
}

/* ---- a host CA in place of a pinned key ---- */

/* libssh cannot ask for a host certificate. So the worker looks at the one that a first connection shows; what it vouches for is pinned for
 * the second, on which libssh has the key proven. */
static bool needs_scan(const struct session *s, const struct config_target *t)
{
	return t->host_keys.n == 0 && s->certified == NULL;
}

static int check_host_certificate(const struct config_target *t, struct view blob, struct buf *line, struct why *why)
{
	struct buf cas[HOST_CAS_MAX], key;
	struct view views[HOST_CAS_MAX];
	struct sshcert_rules rules = { .cas = views, .type = SSHCERT_HOST, .now = clock_wall_ms() / 1000, .principal = t->host_name };
	struct sshcert cert;
	int r;

	for (size_t i = 0; i < t->host_cas.n && i < HOST_CAS_MAX; i++) {
		buf_init(&cas[i], SSHKEY_BLOB_MAX);
		if (sshkey_parse_line(t->host_cas.v[i], strlen(t->host_cas.v[i]), &cas[i], NULL, NULL) < 0)
			buf_clear(&cas[i]);
		views[i] = (struct view){ buf_ptr(&cas[i]), cas[i].len };
		rules.n_cas = i + 1;
	}
	buf_init(&key, SSHKEY_BLOB_MAX);
	r = sshcert_parse(blob, &cert, why);
	if (r >= 0)
		r = sshcert_check(&cert, &rules, why);
	if (r >= 0)
		r = sshcert_plain_key(&cert, &key);
	if (r >= 0)
		r = sshkey_format_line((struct view){ buf_ptr(&key), key.len }, NULL, line);
	buf_free(&key);
	for (size_t i = 0; i < rules.n_cas; i++)
		buf_free(&cas[i]);
	return r;
}

int prepare_host_certificate(struct session *s, const struct msg_host_certificate *m)
{
	const struct config_target *t = config_target(s->ctl->config, s->target);
	struct why why = { "" };
	struct buf line;
	char text[400];
	int r;

	if (s->prepare != PREPARE_RUNNING)
		return ERR_OK; /* too late: it was given up */
	if (!s->scanning)
		return ERR_WRONGSTATE;
	s->scanning = false;
	buf_init(&line, SSHKEY_LINE_MAX);
	if (!m->ok)
		why_set(&why, "%.*s", (int)(m->why.n > 200 ? 200 : m->why.n), (const char *)m->why.p);
	r = t == NULL ? ERR_NOTFOUND : m->ok ? check_host_certificate(t, m->blob, &line, &why) : ERR_REFUSED;
	if (r >= 0 && buf_cstr(&line) != NULL)
		s->certified = strdup(buf_cstr(&line));
	buf_free(&line);
	if (s->certified == NULL) {
		snprintf(text, sizeof(text), "the target's host certificate is not accepted: %s", why.text);
		fail(s, text);
		return ERR_OK;
	}
	r = ask_dial(s, t);
	if (r >= 0)
		r = ask_grant(s, t);
	if (r < 0)
		fail(s, r == ERR_UNAVAILABLE ? "the vault or the supervisor is not running" : err_text(r));
	return ERR_OK;
}

/* ---- the recorder ---- */

/* The name of an encrypted part's file. */
static json_t *file_of(const char *id, uint32_t part)
{
	return part == 1 ? json_sprintf("%s.cast.gz.cms", id) : json_sprintf("%s.%u.cast.gz.cms", id, part);
}

static int on_recorder_message(void *arg, struct ipc_msg *m)
{
	struct session *s = arg;
	struct control *c = s->ctl;
	union {
		struct msg_rec_opened opened;
		struct msg_rec_digest digest;
		struct msg_rec_closed closed;
		struct msg_rec_failed failed;
	} u;
	struct store_recording row = { 0 };
	uint8_t digest[DIGEST_SIZE];
	char *id = NULL, sha[DIGEST_HEX + 1];
	json_t *j;
	int r = ERR_MALFORMED;

	if (m->nfds != 0)
		return ERR_MALFORMED;
	switch (m->type) {
	case MSG_rec_opened:
		if (msg_rec_opened_read(m, &u.opened) < 0 || u.opened.recording.n > 64 || view_strdup(&u.opened.recording, &id) < 0)
			return ERR_MALFORMED;
		j = json_pack("{s:s,s:I}", "recording", id, "channel", (json_int_t)u.opened.channel);
		if (s->sealed)
			json_object_set_new(j, "encrypted", json_true());
		r = control_record(c, s->id, "recording.opened", j, NULL);
		row = (struct store_recording){ .id = id, .session = s->id, .issuer = s->who->issuer, .subject = s->who->subject,
						.target = s->target, .login = s->login, .started_ms = clock_wall_ms(), .channel = u.opened.channel };
		if (r >= 0)
			r = store_recording_open(c->store, &row);
		break;
	case MSG_rec_digest:
		if (msg_rec_digest_read(m, &u.digest) < 0 || u.digest.recording.n > 64 ||
		    !digest_unhex((const char *)u.digest.sha256.p, u.digest.sha256.n, digest) || view_strdup(&u.digest.recording, &id) < 0)
			break;
		digest_hex(digest, sha);
		histogram_add(&c->count.recorder_lag, (int64_t)u.digest.lag_ms * 1000);
		r = control_record(c, s->id, "recording.digest",
				   json_pack("{s:s,s:I,s:s,s:I}", "recording", id, "bytes", (json_int_t)u.digest.bytes, "sha256", sha, "part",
					     (json_int_t)u.digest.part),
				   NULL);
		break;
	case MSG_rec_closed:
		if (msg_rec_closed_read(m, &u.closed) < 0 || u.closed.recording.n > 64 ||
		    !digest_unhex((const char *)u.closed.sha256.p, u.closed.sha256.n, digest) || view_strdup(&u.closed.recording, &id) < 0)
			break;
		digest_hex(digest, sha);
		histogram_add(&c->count.recorder_lag, (int64_t)u.closed.lag_ms * 1000);
		j = json_pack("{s:s,s:I,s:s,s:I,s:I,s:I,s:b}", "recording", id, "bytes", (json_int_t)u.closed.bytes, "sha256", sha, "part",
			      (json_int_t)u.closed.part, "raw_bytes", (json_int_t)u.closed.raw_bytes, "duration_ms", (json_int_t)u.closed.ms,
			      "complete", 1);
		if (s->sealed)
			json_object_set_new(j, "file", file_of(id, u.closed.part));
		/* Only the last part knows how many there are. */
		if (u.closed.last)
			json_object_set_new(j, "parts", json_integer((json_int_t)u.closed.part));
		r = control_record(c, s->id, "recording.closed", j, NULL);
		if (r >= 0)
			r = store_recording_close(c->store, id, u.closed.part, u.closed.bytes, u.closed.raw_bytes, sha, clock_wall_ms(),
						  u.closed.last != 0);
		break;
	case MSG_rec_done:
		s->recorder_done = true;
		r = ERR_OK;
		break;
	case MSG_rec_failed:
		r = msg_rec_failed_read(m, &u.failed);
		if (r >= 0) {
			c->count.failures[FAIL_RECORDING]++;
			log_error("a recording cannot be written: %.*s", (int)u.failed.why.n, (const char *)u.failed.why.p);
			session_stop(s, EXIT_UNAVAILABLE, "sallyport: unavailable: the recording cannot be written");
		}
		break;
	default:
		break;
	}
	free(id);
	/* A record that could not be made (disk full) is no fault of the recorder's. */
	return r == ERR_UNAVAILABLE ? ERR_OK : r;
}

static void recorder_lost(struct session *s)
{
	s->ctl->count.failures[FAIL_RECORDER]++;
	session_stop(s, EXIT_UNAVAILABLE, "sallyport: unavailable: the recorder ended, and nothing runs unrecorded");
	(void)control_record(s->ctl, s->id, "process.lost", json_pack("{s:s,s:s}", "program", "sallyport-recorder", "reason", "it ended before its session"),
			     NULL);
}

static void recorder_early(void *arg)
{
	struct session *s = arg;

	s->timer = NULL;
	if (!s->over)
		recorder_lost(s);
}

static void on_recorder_gone(void *arg, const char *why)
{
	struct session *s = arg;

	(void)why;
	s->recorder = NULL;
	if (s->peer == NULL) {
		/* Both are gone: the session is freed by the same path as a worker's end. */
		session_gone(s->ctl, s->sid, 0);
		return;
	}
	if (s->over)
		return;
	/* It saw the worker's end, of which we are told by another socket: a little later, or the worker lives, and runs unrecorded. */
	if (s->recorder_done) {
		loop_timer_del(s->timer);
		s->timer = loop_timer(s->ctl->loop, 2000, recorder_early, s);
	}
	if (!s->recorder_done || s->timer == NULL)
		recorder_lost(s);
}

static int ask_recorder(struct session *s)
{
	struct msg_recorder_start m = { .sid = s->sid };

	if (s->recorder_asked)
		return ERR_OK;
	if (s->ctl->supervisor == NULL)
		return ERR_UNAVAILABLE;
	m.req = s->recorder_req = control_req(s->ctl);
	s->recorder_asked = true;
	return msg_recorder_start_send(&s->ctl->supervisor->ipc, &m, NULL, 0);
}

static void start_recorder(struct session *s, int control_fd, int session_fd)
{
	struct msg_rec_start start = { .session = proto_str(s->id), .identity = proto_str(s->who->subject),
				       .on_behalf_of = proto_str(s->who->on_behalf_of), .target = proto_str(s->target),
				       .login = proto_str(s->login), .issuer = proto_str(s->who->issuer),
				       .part_bytes = s->ctl->config->part_bytes,
				       .readers = { buf_ptr(&s->ctl->readers), s->ctl->readers.len } };
	struct msg_recorder m = { 0 };

	s->recorder = peer_open(&s->ctl->peers, control_fd, false, "a recorder", on_recorder_message, on_recorder_gone, s);
	if (s->recorder == NULL) {
		close_fd(&session_fd);
		fail(s, "no memory");
		return;
	}
	s->sealed = start.readers.n > 0;
	(void)msg_rec_start_send(&s->recorder->ipc, &start, NULL, 0);
	(void)msg_recorder_send(&s->peer->ipc, &m, &session_fd, 1);
	s->recorder_sent = true;
	maybe_ready(s);
}

void prepare_recorder(struct control *c, const struct msg_recorder_ready *m, int control_fd, int session_fd)
{
	struct session *s;

	if (m->sid == 0) {
		retention_recorder(c, m, control_fd, session_fd);
		return;
	}
	s = session_by_sid(c, m->sid);
	if (s == NULL || s->over || s->peer == NULL || s->recorder_req != m->req || m->req == 0) {
		close_fd(&control_fd);
		close_fd(&session_fd);
		return;
	}
	s->recorder_req = 0;
	if (!m->ok || control_fd < 0 || session_fd < 0) {
		close_fd(&control_fd);
		close_fd(&session_fd);
		s->recorder_asked = false;
		c->count.failures[FAIL_RECORDER]++;
		log_error("a recorder cannot be started: %.*s", (int)(m->why.n > 200 ? 200 : m->why.n), (const char *)m->why.p);
		fail(s, "the recorder cannot be started");
		return;
	}
	start_recorder(s, control_fd, session_fd);
}

/* ---- all three ---- */

static void late(void *arg)
{
	struct session *s = arg;

	s->prepare_timer = NULL;
	fail(s, "the way to the target was not ready in time");
}

void prepare_start(struct session *s)
{
	const struct config_target *t = config_target(s->ctl->config, s->target);
	int r;

	if (s->prepare != PREPARE_NONE)
		return;
	s->prepare = PREPARE_RUNNING;
	s->prepare_timer = loop_timer(s->ctl->loop, CONTROL_DIAL_MS + 5000, late, s);
	if (t == NULL || !config_target_has_login(t, s->login)) {
		fail(s, "the target is not in the inventory any more");
		return;
	}
	r = ask_recorder(s);
	s->scanning = needs_scan(s, t);
	if (r >= 0)
		r = ask_dial(s, t);
	if (r >= 0 && !s->scanning)
		r = ask_grant(s, t);
	if (r < 0)
		fail(s, r == ERR_UNAVAILABLE ? "the vault or the supervisor is not running" : err_text(r));
}

int prepare_target_result(struct session *s, const struct msg_target_result *m)
{
	const struct config_target *t = config_target(s->ctl->config, s->target);
	char finger[SSHKEY_FINGERPRINT] = "", *key = NULL;
	json_t *j;

	if (m->why.n > 1024 || m->host_key.n > SSHKEY_BLOB_MAX)
		return ERR_LIMIT;
	j = json_pack("{s:s,s:s}", "target", s->target, "login", s->login);
	if (t != NULL)
		json_object_set_new(j, "address", json_sprintf("%s:%u", t->address, t->port));
	/* Either the blob or what ssh-keygen prints of it. */
	if (m->host_key.n > 7 && memcmp(m->host_key.p, "SHA256:", 7) == 0) {
		if (view_strdup(&m->host_key, &key) == ERR_OK)
			json_object_set_new(j, "host_key", chain_text(key, strlen(key)));
	} else if (m->host_key.n > 0) {
		sshkey_fingerprint(m->host_key, finger);
		json_object_set_new(j, "host_key", json_string(finger));
	}
	free(key);
	if (m->ok) {
		if (t != NULL)
			json_object_set_new(j, "method", json_string(t->mint ? "minted certificate" : "vaulted key"));
		(void)control_record(s->ctl, s->id, "target.connected", j, NULL);
		return ERR_OK;
	}
	s->ctl->count.failures[FAIL_TARGET_LOGIN]++;
	json_object_set_new(j, "reason", chain_text(m->why.p, m->why.n));
	(void)control_record(s->ctl, s->id, "target.refused", j, NULL);
	prepare_drop(s); /* the next command tries anew */
	return ERR_OK;
}

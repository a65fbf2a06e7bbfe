/* The table of sessions: one a worker, keyed by the socket that its messages come from. What a worker says is about itself
 * alone; it never says who it is. Distrusts the worker: it parsed what the network sent. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "approve/control.h"
#include "audit/chain.h"
#include "base/log.h"

struct session *session_by_sid(struct control *c, uint64_t sid)
{
	struct session *s;

	for (s = c->sessions; s != NULL && s->sid != sid; s = s->next)
		;
	return s;
}

struct session *session_by_id(struct control *c, const char *id)
{
	struct session *s;

	for (s = c->sessions; s != NULL && strcmp(s->id, id) != 0; s = s->next)
		;
	return s;
}

static void free_session(struct session *s)
{
	struct control *c = s->ctl;
	struct session **p;

	for (p = &c->sessions; *p != s; p = &(*p)->next)
		;
	*p = s->next;
	c->n_sessions--;
	while (s->questions != NULL)
		question_free(s->questions);
	prepare_drop(s);
	peer_close(s->recorder, false);
	peer_close(s->peer, false);
	loop_timer_del(s->timer);
	identity_free(s->who);
	free(s->target);
	free(s->login);
	free(s->end_why);
	json_decref(s->maskings);
	wipe(s, sizeof(*s));
	free(s);
}

/* The record of the end, once. The session itself is freed when worker and recorder are both gone: closing digests come late. */
static void end(struct session *s, const char *why)
{
	struct control *c = s->ctl;
	struct msg_vault_revoke revoke = { .sid = s->sid };

	if (s->over)
		return;
	s->over = true;
	loop_timer_del(s->timer);
	s->timer = NULL;
	while (s->questions != NULL)
		question_drop(s->questions, "the session ended");
	prepare_drop(s);
	if (c->vault != NULL)
		(void)msg_vault_revoke_send(&c->vault->ipc, &revoke, NULL, 0);
	if (!s->in)
		return;
	(void)control_record(c, s->id, "session.end",
			     json_pack("{s:o,s:I,s:I,s:I,s:I,s:o,s:s,s:O*}", "reason", chain_text(why, strlen(why)), "duration_ms",
				       (json_int_t)(clock_wall_ms() - s->started_ms), "count", (json_int_t)s->commands, "bytes_in",
				       (json_int_t)s->bytes_in, "bytes_out", (json_int_t)s->bytes_out, "identity", control_who(s->who), "target",
				       s->target, "maskings", s->maskings),
			     NULL);
	(void)store_session_end(c->store, s->id);
}

static void on_worker_gone(void *arg, const char *why)
{
	struct session *s = arg;
	struct msg_session_kill kill_it = { .sid = s->sid };

	s->peer = NULL;
	/* A worker whose socket to us ended while it lives can ask nothing any more: it is ended by the supervisor. */
	if (s->ctl->supervisor != NULL && strcmp(why, "it ended") != 0)
		(void)msg_session_kill_send(&s->ctl->supervisor->ipc, &kill_it, NULL, 0);
	end(s, s->end_why != NULL ? s->end_why : why);
	if (s->recorder == NULL)
		free_session(s);
}

static int on_worker_message(void *arg, struct ipc_msg *m);

int session_new(struct control *c, const struct msg_session_new *m, int fd)
{
	struct msg_session_start start;
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL || m->peer.n >= sizeof(s->source) || session_by_sid(c, m->sid) != NULL) {
		free(s);
		close(fd);
		return s == NULL ? ERR_OK : ERR_MALFORMED;
	}
	s->ctl = c;
	s->sid = m->sid;
	s->target_fd = s->agent_fd = -1;
	memcpy(s->source, m->peer.p, m->peer.n);
	s->port = m->port;
	(void)addr_parse(m->peer, &s->addr);
	control_id(s->id);
	s->next = c->sessions;
	c->sessions = s;
	c->n_sessions++;
	s->peer = peer_open(&c->peers, fd, true, "a session worker", on_worker_message, on_worker_gone, s);
	if (s->peer == NULL || getrandom(s->mask_key, sizeof(s->mask_key), 0) != (ssize_t)sizeof(s->mask_key)) {
		free_session(s);
		return ERR_OK;
	}
	start = (struct msg_session_start){ .id = proto_str(s->id), .grace_ms = (uint32_t)c->config->limits.login_grace * 1000,
					    .attempts_max = (uint32_t)c->config->limits.attempts,
					    .channels_max = (uint32_t)c->config->limits.channels, .sign_user = 1,
					    .rekey_bytes = c->config->limits.rekey_bytes,
					    .rekey_seconds = (uint32_t)c->config->limits.rekey_after };
	(void)msg_session_start_send(&s->peer->ipc, &start, NULL, 0);
	/* It depends on no record, and the agent does not wait for it. */
	(void)ipc_flush(&s->peer->ipc);
	return ERR_OK;
}

void session_gone(struct control *c, uint64_t sid, uint32_t status)
{
	struct session *s = session_by_sid(c, sid);
	char why[64];

	if (s == NULL)
		return;
	if (WIFSIGNALED((int)status) && WTERMSIG((int)status) != SIGTERM)
		c->count.failures[FAIL_SESSION]++;
	if (s->end_why == NULL && WIFSIGNALED((int)status)) {
		snprintf(why, sizeof(why), "the session's process was ended by signal %d", WTERMSIG((int)status));
		s->end_why = strdup(why);
	}
	/* What the worker said last still lies in the socket and is read first; its end of file then closes the session. */
	if (s->peer == NULL && s->recorder == NULL)
		free_session(s);
}

static void kill_late(void *arg)
{
	struct session *s = arg;
	struct msg_session_kill m = { .sid = s->sid };

	s->timer = NULL;
	if (s->ctl->supervisor != NULL)
		(void)msg_session_kill_send(&s->ctl->supervisor->ipc, &m, NULL, 0);
}

void session_stop(struct session *s, uint8_t exit_code, const char *line)
{
	struct msg_session_end m = { .exit_code = exit_code, .line = proto_str(line) };

	if (s->peer == NULL || s->over)
		return;
	if (s->end_why == NULL)
		s->end_why = strdup(line);
	(void)msg_session_end_send(&s->peer->ipc, &m, NULL, 0);
	loop_timer_del(s->timer);
	s->timer = loop_timer(s->ctl->loop, 2000, kill_late, s);
}

void session_close_all(struct control *c, const char *why)
{
	for (struct session *s = c->sessions, *next; s != NULL; s = next) {
		next = s->next;
		end(s, why);
		free_session(s);
	}
}

static void recover_one(void *arg, const struct store_session *v)
{
	json_t *list = arg;

	json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s,s:I}", "id", v->id, "issuer", v->issuer, "subject", v->subject, "target",
					      v->target, "started", (json_int_t)v->started_ms));
}

unsigned session_recover(struct control *c)
{
	json_t *list = json_array(), *o;
	size_t i;

	(void)store_sessions(c->store, recover_one, list);
	json_array_foreach(list, i, o) {
		const char *id = json_string_value(json_object_get(o, "id"));

		(void)control_record(c, id, "session.end",
				     json_pack("{s:s,s:b,s:{s:O,s:O},s:O}", "reason", "the control process ended before the session did",
					       "aborted", 1, "identity", "issuer", json_object_get(o, "issuer"), "subject",
					       json_object_get(o, "subject"), "target", json_object_get(o, "target")),
				     NULL);
		(void)store_session_end(c->store, id);
	}
	i = json_array_size(list);
	json_decref(list);
	return (unsigned)i;
}

static int on_session_over(struct session *s, const struct ipc_msg *m)
{
	struct msg_session_over over;
	int r = msg_session_over_read(m, &over);

	if (r < 0 || over.why.n > 1024)
		return ERR_MALFORMED;
	if (s->end_why == NULL)
		(void)view_strdup(&over.why, &s->end_why);
	return ERR_OK;
}

/* What a worker may send, and from which state on. */
static int on_worker_message(void *arg, struct ipc_msg *m)
{
	struct session *s = arg;
	union {
		struct msg_login login;
		struct msg_sign_request sign;
		struct msg_question question;
		struct msg_withdraw withdraw;
		struct msg_target_result target;
		struct msg_host_certificate host;
		struct msg_command_end end;
		struct msg_masked masked;
		struct msg_file_done file;
	} u;
	int r;

	if (m->nfds != 0)
		return ERR_MALFORMED;
	if (m->type == MSG_session_over)
		return on_session_over(s, m);
	if (m->type == MSG_login) {
		r = msg_login_read(m, &u.login);
		return r < 0 ? r : s->in || s->used_sign ? ERR_WRONGSTATE : login_message(s, &u.login);
	}
	if (m->type == MSG_sign_request) {
		r = msg_sign_request_read(m, &u.sign);
		return r < 0 ? r : s->in || s->signing ? ERR_WRONGSTATE : login_sign(s, &u.sign);
	}
	if (!s->in)
		return ERR_WRONGSTATE;
	switch (m->type) {
	case MSG_question:
		r = msg_question_read(m, &u.question);
		return r < 0 ? r : question_message(s, &u.question);
	case MSG_withdraw:
		r = msg_withdraw_read(m, &u.withdraw);
		return r < 0 ? r : question_withdraw(s, u.withdraw.question);
	case MSG_host_certificate:
		r = msg_host_certificate_read(m, &u.host);
		return r < 0 ? r : prepare_host_certificate(s, &u.host);
	case MSG_target_result:
		r = msg_target_result_read(m, &u.target);
		return r < 0 ? r : prepare_target_result(s, &u.target);
	case MSG_command_end:
		r = msg_command_end_read(m, &u.end);
		return r < 0 ? r : question_command_end(s, &u.end);
	case MSG_masked:
		r = msg_masked_read(m, &u.masked);
		return r < 0 ? r : question_masked(s, &u.masked);
	case MSG_file_done:
		r = msg_file_done_read(m, &u.file);
		return r < 0 ? r : question_file_done(s, &u.file);
	default:
		return ERR_MALFORMED;
	}
}

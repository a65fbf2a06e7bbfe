/* Messages from and to control. Control is trusted to decide; its messages are still read to the last byte, and one that is not of
 * its form counts as control's end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "policy/mask.h"
#include "policy/policy.h"
#include "server/remote.h"
#include "server/files.h"
#include "server/session.h"

enum { NOTES_A_SESSION = 4096 };

static struct channel *asking(struct session *s, uint32_t question)
{
	for (struct channel *c = s->channels; c != NULL; c = c->next) {
		if (c->question == question && c->state == CHANNEL_ASKING)
			return c;
	}
	return NULL;
}

uint32_t control_ask(struct session *s, struct msg_question *q)
{
	if (s->control.fd < 0)
		return 0;
	q->question = ++s->next_question;
	if (msg_question_send(&s->control, q, NULL, 0) < 0) {
		control_gone(s);
		return 0;
	}
	return q->question;
}

static void answer_message(ssh_message m)
{
	/* Allowed or not: what would carry X11, an agent or a tunnel is not built, and a half-open one would be worse than none. */
	if (m == NULL)
		return;
	ssh_message_reply_default(m);
	ssh_message_free(m);
}

uint32_t control_note(struct session *s, uint8_t kind, const char *text, ssh_message message, struct channel *c, const char *assignment)
{
	struct msg_question q = { .kind = kind, .text = proto_str(text), .channel = c == NULL ? 0 : c->id };
	struct ask *a = calloc(1, sizeof(*a));

	if (a != NULL && assignment != NULL)
		a->assignment = strdup(assignment);
	if (a == NULL || s->nasks >= ASKS_MAX || s->next_question > NOTES_A_SESSION * 256u || (a->question = control_ask(s, &q)) == 0) {
		if (s->nasks >= ASKS_MAX)
			session_cut(s, "too many requests at once");
		if (a != NULL)
			free(a->assignment);
		free(a);
		answer_message(message);
		return 0;
	}
	a->message = message;
	a->channel = c;
	a->next = s->asks;
	s->asks = a;
	s->nasks++;
	return a->question;
}

/* Whether the answer belonged to such a question. */
static bool answer_ask(struct session *s, const struct msg_answer *m)
{
	struct ask **p = &s->asks, *a;

	while (*p != NULL && (*p)->question != m->question)
		p = &(*p)->next;
	a = *p;
	if (a == NULL)
		return false;
	if (m->action == ANSWER_WAIT)
		return true; /* the message waits with us */
	*p = a->next;
	s->nasks--;
	answer_message(a->message);
	if (a->channel != NULL)
		chan_env_answer(a->channel, a->assignment, m->action == ANSWER_RUN);
	free(a->assignment);
	free(a);
	return true;
}

static void copy_text(char *to, size_t n, struct view v)
{
	size_t k = v.n < n - 1 ? v.n : n - 1;

	if (k > 0)
		memcpy(to, v.p, k);
	to[k] = '\0';
}

/* New rules are for the commands from now on; streams that run keep those they began with. */
static int load_masks(struct session *s, struct view yaml)
{
	struct masks *m = calloc(1, sizeof(*m));
	struct buf errors;
	int r;

	if (m == NULL)
		return ERR_NOMEM;
	buf_init(&errors, 4096);
	r = mask_load("mask", yaml.n > 0 ? (const char *)yaml.p : NULL, yaml.n, &m->set, &errors);
	buf_free(&errors);
	if (r < 0) {
		free(m);
		return r;
	}
	m->refs = 1;
	masks_release(s->masks);
	s->masks = m;
	return ERR_OK;
}

static int read_login_answer(struct session *s, const struct ipc_msg *m)
{
	struct msg_login_answer a;
	int r = msg_login_answer_read(m, &a);

	if (r < 0)
		return r;
	if (a.ok) {
		if (a.mask_key.n != sizeof(s->mask_key) && a.mask)
			return ERR_MALFORMED;
		if (a.mask) {
			memcpy(s->mask_key, a.mask_key.p, sizeof(s->mask_key));
			if (load_masks(s, a.mask_yaml) < 0)
				return ERR_MALFORMED;
		}
		s->expires_at_ms = a.expires_at > 0 ? (int64_t)a.expires_at * 1000 : 0;
		free(s->target_name);
		free(s->login_name);
		s->target_name = s->login_name = NULL;
		if (view_strdup(&a.target, &s->target_name) < 0 || view_strdup(&a.login, &s->login_name) < 0)
			return ERR_MALFORMED;
	}
	agent_login_answer(s, a.ok);
	return ERR_OK;
}

static int read_start(struct session *s, const struct ipc_msg *m)
{
	struct msg_session_start a;
	int r = msg_session_start_read(m, &a);

	if (r < 0)
		return r;
	copy_text(s->id, sizeof(s->id), a.id);
	s->attempts_max = a.attempts_max == 0 ? 6 : a.attempts_max;
	s->channels_max = a.channels_max == 0 ? 64 : a.channels_max;
	s->rekey_bytes = a.rekey_bytes;
	s->rekey_seconds = a.rekey_seconds;
	s->sign_user = a.sign_user;
	if (a.grace_ms > 0 && s->grace_at > 0)
		s->grace_at = session_now() + a.grace_ms;
	s->started = true;
	return ERR_OK;
}

static int read_answer(struct session *s, const struct ipc_msg *m)
{
	struct msg_answer a;
	struct channel *c;
	int r = msg_answer_read(m, &a);

	if (r < 0)
		return r;
	if (a.mask_yaml.n > 0 && load_masks(s, a.mask_yaml) < 0)
		return ERR_MALFORMED;
	if (answer_ask(s, &a) || remote_answer(s, &a))
		return ERR_OK;
	if (files_answer(s, &a))
		return ERR_OK;
	c = asking(s, a.question);
	if (c != NULL)
		chan_answer(c, &a);
	else if (a.action == ANSWER_RUN) /* withdrawn meanwhile: it stands on record as started, and so it ends there, too */
		return msg_command_end_send(&s->control, &(struct msg_command_end){ .question = a.question, .how = 2 }, NULL, 0);
	return ERR_OK;
}

static int read_message(struct session *s, struct ipc_msg *m)
{
	struct msg_sign_answer sign;
	struct msg_target target;
	struct msg_target_scan scan;
	struct msg_recorder rec;
	struct msg_session_end end;
	char line[1024];
	int r;

	switch (m->type) {
	case MSG_session_start:
		return read_start(s, m);
	case MSG_login_answer:
		return read_login_answer(s, m);
	case MSG_sign_answer:
		r = msg_sign_answer_read(m, &sign);
		if (r == ERR_OK && s->channels != NULL && s->channels->state == CHANNEL_SIGNING)
			chan_sign_answer(s->channels, sign.ok, sign.text);
		return r;
	case MSG_answer:
		return read_answer(s, m);
	case MSG_target:
		r = msg_target_read(m, &target);
		if (r == ERR_OK)
			target_given(s, &target, m);
		return r;
	case MSG_target_scan:
		r = msg_target_scan_read(m, &scan);
		if (r == ERR_OK && m->nfds == 1) {
			hostscan_start(s, m->fds[0]);
			m->fds[0] = -1;
		}
		return r;
	case MSG_recorder:
		r = msg_recorder_read(m, &rec);
		if (r == ERR_OK && m->nfds == 1) {
			recording_given(s, m->fds[0]);
			m->fds[0] = -1;
		}
		return r;
	case MSG_session_end:
		r = msg_session_end_read(m, &end);
		if (r == ERR_OK) {
			copy_text(line, sizeof(line), end.line);
			session_end(s, end.exit_code, line, "ended by control");
		}
		return r;
	default:
		return ERR_MALFORMED;
	}
}

void control_gone(struct session *s)
{
	static const char line[] = "sallyport: unavailable: the bastion cannot decide now";

	if (s->control_lost)
		return;
	s->control_lost = true;
	s->control_ready = false;
	if (!s->authenticated || s->signing) {
		session_cut(s, "control is gone");
		return;
	}
	for (struct channel *c = s->channels; c != NULL; c = c->next) {
		if (c->state == CHANNEL_ASKING || c->state == CHANNEL_READING)
			chan_refuse(c, EXIT_UNAVAILABLE, line, sizeof(line) - 1);
	}
	remote_control_gone(s);
	files_control_lost(s);
	while (s->asks != NULL) {
		struct ask *a = s->asks;

		s->asks = a->next;
		answer_message(a->message);
		if (a->channel != NULL)
			chan_env_answer(a->channel, a->assignment, false);
		free(a->assignment);
		free(a);
	}
	s->nasks = 0;
}

void control_step(struct session *s)
{
	struct ipc_msg m;
	int r;

	if (s->control.fd < 0 || s->control_lost)
		return;
	r = s->control_ready ? ipc_read(&s->control) : ERR_AGAIN;
	s->control_ready = false;
	if (r < 0 && r != ERR_AGAIN) {
		control_gone(s);
		return;
	}
	while (!s->cut && (r = ipc_next(&s->control, &m)) == ERR_OK) {
		r = read_message(s, &m);
		ipc_msg_close(&m);
		if (r < 0)
			break;
	}
	if (r < 0 && r != ERR_AGAIN) {
		log_error("control sent a message that is not of its form: %s", err_text(r));
		control_gone(s);
	}
}

void control_flush(struct session *s)
{
	int r;

	if (s->control.fd < 0 || s->control_lost || !ipc_pending(&s->control))
		return;
	r = ipc_flush(&s->control);
	if (r < 0 && r != ERR_AGAIN)
		control_gone(s);
}

/* Forwards; see forward.h. The agent chooses the destination and every byte; the target, and whoever answers behind it, every byte that comes back. */
#include "server/forward.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/destination.h"
#include "policy/policy.h"
#include "server/packet.h"
#include "server/remote.h"
#include "server/request.h"
#include "server/session.h"

/* An answer that comes later needs the message kept; see agent_side.c. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

enum { FAILED_OPENS_MAX = 10000 };

struct forward {
	ssh_message open; /* stands unanswered; NULL once it is answered */
	bool from_target; /* it is the target's */
	struct destination to;
	/* from_target: what the agent is told */
	char *host;
	uint32_t port, from_port;
	char from[64];
};

static const char unavailable[] = "sallyport: unavailable: the bastion cannot serve this forward now";

static void refuse_open(ssh_message m, uint32_t reason, const char *text)
{
	packet_refuse_open(m, reason, text, strlen(text));
}

/* libssh and we read the same packet; where we do not agree on which, nothing can be said of it. */
static bool same_request(int subtype, const struct request *r)
{
	static const struct {
		const char *name;
		int subtype;
	} known[] = { { "direct-tcpip", SSH_CHANNEL_DIRECT_TCPIP }, { "x11", SSH_CHANNEL_X11 },
		      { "forwarded-tcpip", SSH_CHANNEL_FORWARDED_TCPIP }, { "auth-agent@openssh.com", SSH_CHANNEL_AUTH_AGENT } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, r->name) == 0)
			return subtype == known[i].subtype;
	}
	return subtype == SSH_CHANNEL_UNKNOWN;
}

static void ask(struct session *s, ssh_message m, const struct request *r)
{
	struct channel *c;
	int e;

	if (s->nchannels >= s->channels_max || (c = chan_new(s)) == NULL) {
		refuse_open(m, OPEN_NO_RESOURCES, "sallyport: unavailable: too many channels on this connection");
		return;
	}
	c->forward = calloc(1, sizeof(*c->forward));
	if (c->forward == NULL) {
		c->state = CHANNEL_CLOSED;
		refuse_open(m, OPEN_NO_RESOURCES, unavailable);
		return;
	}
	c->forward->open = m;
	c->kind = QUESTION_FORWARD;
	e = r->kind == REQUEST_DIRECT_TCPIP ? destination_text(r->host, r->port, false, &c->text) : destination_path_text(r->host, &c->text);
	if (e == ERR_OK)
		e = destination_parse((const char *)buf_ptr(&c->text), c->text.len, false, &c->forward->to);
	if (e < 0 && e != ERR_MALFORMED) /* what is no destination is asked all the same: control refuses and records it */
		forward_refuse(c, unavailable, sizeof(unavailable) - 1);
	else
		chan_ask(c);
}

void forward_open(struct session *s, ssh_message m)
{
	struct request r;
	struct buf payload;

	buf_init(&payload, 1024 * 1024);
	if (s->signing || s->end) {
		refuse_open(m, OPEN_PROHIBITED, "");
	} else if (packet_next(HEARD_OPEN, &payload) < 0 || request_read_open((struct view){ buf_ptr(&payload), payload.len }, &r) < 0 ||
		   !same_request(ssh_message_subtype(m), &r)) {
		ssh_message_free(m);
		session_cut(s, "a channel open that is not of its form, or too many at once");
	} else if (r.kind == REQUEST_UNKNOWN) {
		control_note(s, QUESTION_OTHER, r.name, m, NULL, NULL);
	} else {
		ask(s, m, &r);
	}
	buf_free(&payload);
}

void forward_incoming(struct session *s, ssh_message m, const char *text, const char *host, uint32_t port, const char *from, uint32_t from_port)
{
	struct channel *c = s->nchannels >= s->channels_max ? NULL : chan_new(s);
	struct forward *f = c == NULL ? NULL : calloc(1, sizeof(*f));

	if (f == NULL || (f->host = strdup(host)) == NULL || buf_put_str(&c->text, text) < 0 ||
	    destination_parse(text, strlen(text), true, &f->to) < 0) {
		refuse_open(m, OPEN_NO_RESOURCES, "");
		if (f != NULL)
			free(f->host);
		free(f);
		if (c != NULL)
			c->state = CHANNEL_CLOSED;
		return;
	}
	c->forward = f;
	c->kind = QUESTION_LISTEN;
	c->agent_window.granted = 64000; /* the other way round: this one is opened, */
	c->target_window.granted = 32000; /* and that one accepted */
	f->open = m;
	f->from_target = true;
	f->port = port;
	f->from_port = from_port;
	snprintf(f->from, sizeof(f->from), "%s", from);
	chan_ask(c);
}

void forward_refuse(struct channel *c, const char *line, size_t n)
{
	struct forward *f = c->forward;

	if (c->state == CHANNEL_CLOSED)
		return;
	if (f->open == NULL) {
		forward_end(c, false);
		return;
	}
	packet_refuse_open(f->open, c->state == CHANNEL_STARTING ? OPEN_CONNECT_FAILED : OPEN_PROHIBITED, line, f->from_target ? 0 : n);
	f->open = NULL;
	if (c->state == CHANNEL_STARTING) /* it was allowed, and control waits for its end */
		chan_tell_end(c, false);
	chan_drop_target(c);
	c->state = CHANNEL_CLOSED;
}

void forward_answer(struct channel *c, const struct msg_answer *a)
{
	bool same = a->text.n == c->text.len && (a->text.n == 0 || memcmp(a->text.p, buf_ptr(&c->text), a->text.n) == 0);

	switch (a->action) {
	case ANSWER_WAIT: /* the agent cannot be told: its channel is not open */
		return;
	case ANSWER_REFUSE:
		forward_refuse(c, (const char *)a->line.p, a->line.n);
		break;
	case ANSWER_RUN:
		c->run_question = a->question;
		c->started_ms = session_now();
		c->step = START_TARGET;
		c->state = CHANNEL_STARTING;
		if (!same || (c->forward->to.port == 0 && !c->forward->to.is_path && !c->forward->from_target)) /* what was decided is what is opened */
			forward_refuse(c, unavailable, sizeof(unavailable) - 1);
		break;
	default:
		forward_refuse(c, unavailable, sizeof(unavailable) - 1);
		break;
	}
	if (a->end_session && a->action == ANSWER_REFUSE)
		session_end(c->session, a->exit_code, NULL, "the rule ends the session");
}

static bool start_failed(struct channel *c, const char *what)
{
	char line[400];

	snprintf(line, sizeof(line), "sallyport: unavailable: %s", what);
	forward_refuse(c, line, strlen(line));
	return true;
}

/* The target's own words, without what libssh puts before them. */
static const char *target_words(struct session *s)
{
	const char *text = ssh_get_error(s->target), *words = strstr(text, ") ");

	return strncmp(text, "Channel opening failure", 23) == 0 && words != NULL ? words + 2 : "the target cannot open it";
}

static bool open_target(struct channel *c)
{
	struct session *s = c->session;

	if (s->target_state == TARGET_NONE || s->target_state == TARGET_FAILED)
		return start_failed(c, s->target_state == TARGET_FAILED ? s->target_why : "no target was given");
	if (s->target_state != TARGET_UP || remote_pending(s))
		return false;
	c->target = ssh_channel_new(s->target);
	if (c->target == NULL || ssh_set_channel_callbacks(c->target, &c->target_callbacks) != SSH_OK)
		return start_failed(c, "no channel to the target");
	c->step = START_OPEN;
	return true;
}

static bool open_agent(struct channel *c)
{
	c->agent = ssh_channel_new(c->session->agent);
	if (c->agent == NULL || ssh_set_channel_callbacks(c->agent, &c->agent_callbacks) != SSH_OK)
		return start_failed(c, "no channel to the agent");
	c->step = START_OPEN;
	return true;
}

/* The far side is open: the one that asked gets its yes. */
static bool accept_near(struct channel *c)
{
	struct forward *f = c->forward;
	ssh_channel near = ssh_message_channel_request_open_reply_accept(f->open);

	ssh_message_free(f->open);
	f->open = NULL;
	*(f->from_target ? &c->target : &c->agent) = near;
	c->agent_opened = c->target_opened = true;
	c->state = CHANNEL_RUNNING;
	if (near == NULL || ssh_set_channel_callbacks(near, f->from_target ? &c->target_callbacks : &c->agent_callbacks) != SSH_OK || pump_start(c) < 0)
		session_cut(c->session, "a channel could not be opened");
	return true;
}

/* Who asked is the bastion's to know: the target is told nothing of the agent's machine. */
static int open_far(struct channel *c)
{
	const struct forward *f = c->forward;
	int r;

	if (f->from_target) {
		packet_as_unix(f->to.is_path);
		r = ssh_channel_open_reverse_forward(c->agent, f->host, (int)f->port, f->from, (int)f->from_port);
		packet_as_unix(false);
		return r;
	}
	if (f->to.is_path)
		return ssh_channel_open_forward_unix(c->target, f->to.path, "127.0.0.1", 0);
	return ssh_channel_open_forward(c->target, f->to.host, f->to.port, "127.0.0.1", 0);
}

static bool start_step(struct channel *c)
{
	int r;

	if (c->step == START_TARGET)
		return c->forward->from_target ? open_agent(c) : open_target(c);
	r = open_far(c);
	if (r == SSH_ERROR && ++c->session->failed_opens > FAILED_OPENS_MAX) /* libssh keeps each until the end */
		session_end(c->session, EXIT_UNAVAILABLE, "sallyport: unavailable: too many forwards on this connection led nowhere", "too many failed forwards");
	if (r == SSH_ERROR)
		return start_failed(c, c->forward->from_target ? "the agent does not take it" : target_words(c->session));
	return r == SSH_OK ? accept_near(c) : false;
}

void forward_end(struct channel *c, bool complete)
{
	if (c->state == CHANNEL_CLOSED)
		return;
	if (c->state == CHANNEL_RUNNING || c->state == CHANNEL_STARTING) {
		c->exit_status = complete ? 0 : -1;
		chan_tell_end(c, complete);
	}
	chan_drop_target(c);
	c->state = CHANNEL_CLOSED; /* chan_free() closes the agent's side */
}

static void discard(struct flow *f)
{
	buf_clear(&f->raw);
	buf_clear(&f->ready);
	f->recorded = 0;
}

static bool run_step(struct channel *c)
{
	bool moved, heard = !c->agent_gone && !c->deaf, out_done;

	if (!heard) /* nobody reads there any more; what was sent before still goes to the target */
		discard(&c->out);
	discard(&c->err); /* a forward has none */
	moved = pump_channel(c);
	if (c->session->cut)
		return true;
	if (heard && c->out.finished && c->out.ready.len == 0 && !c->out.eof_sent) {
		ssh_channel_send_eof(c->agent);
		c->out.eof_sent = moved = true;
	}
	out_done = c->out.eof_sent || !heard;
	if (out_done && (c->in.eof_sent || c->target_closed)) {
		forward_end(c, true);
		return true;
	}
	return moved;
}

bool forward_step(struct channel *c)
{
	bool moved;

	if (c->state == CHANNEL_STARTING)
		return start_step(c);
	if (c->state != CHANNEL_RUNNING)
		return false;
	if (c->agent_gone)
		c->agent_eof = true;
	moved = pump_take(c);
	return run_step(c) || moved;
}

void forward_free(struct channel *c)
{
	if (c->forward == NULL)
		return;
	if (c->forward->open != NULL)
		refuse_open(c->forward->open, OPEN_NO_RESOURCES, unavailable);
	free(c->forward->host);
	free(c->forward);
	c->forward = NULL;
}

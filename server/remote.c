/* Remote forwards; see remote.h. The agent names the address; the target says who connected. */
#include "server/remote.h"

#include <arpa/inet.h>
#include <libssh/server.h>
#include <stdlib.h>
#include <string.h>

#include "policy/destination.h"
#include "policy/policy.h"
#include "server/forward.h"
#include "server/packet.h"
#include "server/request.h"
#include "server/session.h"

/* An answer that comes later needs the message kept; see agent_side.c. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

enum { LISTENERS_MAX = 16, REQUESTS_MAX = 64, OPENS_A_ROUND = 64 };

enum wish_state { WISH_ASKING, WISH_ALLOWED, WISH_REFUSED, WISH_SENT };

/* A request of the agent's that is not answered yet; the first of the list is the one whose answer is due. */
struct wish {
	struct wish *next;
	ssh_message message;
	uint32_t question;
	enum wish_state state;
	bool cancel, is_path;
	char *host;  /* or the socket's path; as the agent wrote it: it will know its own words again */
	char *text;  /* as rules know it */
	uint32_t port;
};

struct listener {
	struct listener *next;
	char *host, *text;
	uint32_t port; /* where the target really listens */
};

struct remote {
	struct wish *wishes;
	struct listener *listeners;
	unsigned nwishes, nlisteners;
};

static void wish_free(struct wish *w)
{
	free(w->host);
	free(w->text);
	free(w);
}

static void listener_free(struct listener *l)
{
	free(l->host);
	free(l->text);
	free(l);
}

static struct listener **find(struct remote *r, const char *host, uint32_t port)
{
	struct listener **p = &r->listeners;

	while (*p != NULL && !((*p)->port == port && strcmp((*p)->host, host) == 0))
		p = &(*p)->next;
	return p;
}

/* The question, or for a cancel of what is there: no question, since it only takes away. */
static void ask(struct session *s, struct wish *w)
{
	struct msg_question q = { .kind = w->cancel ? QUESTION_OTHER : QUESTION_LISTEN, .text = proto_str(w->cancel ? "cancel-tcpip-forward" : w->text) };

	if (w->cancel && *find(s->remote, w->host, w->port) != NULL) {
		w->state = WISH_ALLOWED;
		return;
	}
	w->question = control_ask(s, &q);
	w->state = w->question == 0 || w->cancel ? WISH_REFUSED : WISH_ASKING;
}

static struct wish *wish_new(const struct request *r, ssh_message m)
{
	struct wish *w = calloc(1, sizeof(*w));
	struct buf text;
	int e;

	if (w == NULL)
		return NULL;
	buf_init(&text, 2 * DESTINATION_SHOWN_MAX);
	w->is_path = r->kind == REQUEST_STREAMLOCAL_FORWARD || r->kind == REQUEST_CANCEL_STREAMLOCAL_FORWARD;
	e = w->is_path ? destination_path_text(r->host, &text) : destination_text(r->host, r->port, true, &text);
	w->message = m;
	w->cancel = r->kind == REQUEST_CANCEL_TCPIP_FORWARD || r->kind == REQUEST_CANCEL_STREAMLOCAL_FORWARD;
	w->port = w->is_path ? UNIX_PORT : r->port;
	if (view_strdup(&r->host, &w->host) < 0) /* a NUL: control refuses its text */
		w->host = strdup("");
	if (e == ERR_OK || e == ERR_MALFORMED)
		w->text = buf_cstr(&text) == NULL ? NULL : strdup(buf_cstr(&text));
	buf_free(&text);
	if (w->host == NULL || w->text == NULL) {
		wish_free(w);
		return NULL;
	}
	return w;
}

static void refuse(ssh_message m)
{
	ssh_message_reply_default(m);
	ssh_message_free(m);
}

void remote_request(struct session *s, ssh_message m)
{
	struct request r;
	struct buf payload;
	struct wish *w = NULL, **end;

	buf_init(&payload, 1024 * 1024);
	if (packet_next(HEARD_GLOBAL, &payload) < 0 || request_read_global((struct view){ buf_ptr(&payload), payload.len }, &r) < 0) {
		ssh_message_free(m);
		session_cut(s, "a global request that is not of its form");
		goto out;
	}
	if (s->signing || s->end) {
		refuse(m);
		goto out;
	}
	if (s->remote == NULL)
		s->remote = calloc(1, sizeof(*s->remote));
	if (s->remote == NULL || s->remote->nwishes >= REQUESTS_MAX || (w = wish_new(&r, m)) == NULL) {
		ssh_message_free(m);
		session_cut(s, "too many requests at once");
		goto out;
	}
	for (end = &s->remote->wishes; *end != NULL;)
		end = &(*end)->next;
	*end = w;
	s->remote->nwishes++;
	ask(s, w);
out:
	buf_free(&payload);
}

bool remote_answer(struct session *s, const struct msg_answer *a)
{
	struct msg_withdraw withdraw = { .question = a->question };
	struct wish *w;

	for (w = s->remote == NULL ? NULL : s->remote->wishes; w != NULL && w->question != a->question;)
		w = w->next;
	if (w == NULL || w->state != WISH_ASKING)
		return false;
	w->state = a->action == ANSWER_RUN && view_is(&a->text, w->text) ? WISH_ALLOWED : WISH_REFUSED;
	if (a->action == ANSWER_WAIT && msg_withdraw_send(&s->control, &withdraw, NULL, 0) < 0)
		control_gone(s);
	return true;
}

bool remote_pending(const struct session *s)
{
	return s->remote != NULL && s->remote->wishes != NULL;
}

void remote_control_gone(struct session *s)
{
	for (struct wish *w = s->remote == NULL ? NULL : s->remote->wishes; w != NULL; w = w->next) {
		if (w->state == WISH_ASKING)
			w->state = WISH_REFUSED;
	}
}

/* Nobody takes what a target opens unasked: refused as it comes, or libssh would keep it. */
static int unasked(ssh_session target, ssh_message m, void *arg)
{
	(void)target;
	(void)m;
	(void)arg;
	return 1;
}

void remote_target_up(struct session *s)
{
	ssh_set_message_callback(s->target, unasked, NULL);
}

void remote_target_gone(struct session *s)
{
	struct remote *r = s->remote;

	if (r == NULL)
		return;
	for (struct listener *l; (l = r->listeners) != NULL;) {
		r->listeners = l->next;
		listener_free(l);
	}
	r->nlisteners = 0;
	for (struct wish *w = r->wishes; w != NULL; w = w->next)
		w->state = w->state == WISH_SENT ? WISH_REFUSED : w->state;
}

static bool listener_add(struct session *s, const struct wish *w, uint32_t port)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return false;
	l->host = strdup(w->host);
	l->text = strdup(w->text);
	l->port = port;
	if (l->host == NULL || l->text == NULL) {
		listener_free(l);
		return false;
	}
	l->next = s->remote->listeners;
	s->remote->listeners = l;
	if (s->remote->nlisteners++ == 0)
		ssh_set_message_callback(s->target, NULL, NULL); /* from now on its messages are taken from the queue */
	return true;
}

static void listener_remove(struct session *s, const struct wish *w)
{
	struct listener **p = find(s->remote, w->host, w->port), *l = *p;

	if (l == NULL)
		return;
	*p = l->next;
	listener_free(l);
	s->remote->nlisteners--;
}

/* The first request, once it may go to the target; its answer, once the target has given it. False: it waits. */
static bool wish_step(struct session *s, struct wish *w)
{
	uint32_t port = w->port;
	int r;

	if (w->state == WISH_ASKING)
		return false;
	if (w->state == WISH_ALLOWED) {
		if (s->target_state == TARGET_CONNECTING || s->target_state == TARGET_LOGIN)
			return false;
		if (s->target_state != TARGET_UP || (!w->cancel && s->remote->nlisteners >= LISTENERS_MAX))
			w->state = WISH_REFUSED;
		else
			w->state = WISH_SENT;
	}
	if (w->state == WISH_SENT) {
		const char *host = strcmp(w->host, "*") == 0 ? "" : w->host; /* RFC 4254 section 7.1 */

		packet_as_unix(w->is_path);
		r = w->cancel ? ssh_channel_cancel_forward(s->target, host, (int)port) : ssh_channel_listen_forward(s->target, host, (int)port, NULL);
		packet_as_unix(false);
		if (r == SSH_AGAIN)
			return false;
		if (w->cancel)
			listener_remove(s, w);
		if (port == 0)
			port = packet_bound_port();
		if (r != SSH_OK || port == 0 || port > 65535 || (!w->cancel && !listener_add(s, w, port)))
			w->state = WISH_REFUSED;
	}
	if (w->state == WISH_REFUSED)
		ssh_message_reply_default(w->message);
	else
		ssh_message_global_request_reply_success(w->message, (uint16_t)port);
	ssh_message_free(w->message);
	s->remote->wishes = w->next;
	s->remote->nwishes--;
	wish_free(w);
	return true;
}

/* Where the target says that a connection came; the address as it was asked for, or at least the port. */
static struct listener *listener_of(struct remote *r, const char *host, uint32_t port)
{
	struct listener *l = *find(r, host, port);

	for (l = l == NULL ? r->listeners : l; l != NULL && l->port != port;)
		l = l->next;
	return l;
}

static void incoming(struct session *s, ssh_message m)
{
	const char *host = ssh_message_channel_request_open_destination(m), *from = ssh_message_channel_request_open_originator(m);
	uint32_t port = (uint32_t)ssh_message_channel_request_open_destination_port(m) & 0xffff;
	struct in6_addr a;
	struct listener *l;

	if (ssh_message_type(m) != SSH_REQUEST_CHANNEL_OPEN || ssh_message_subtype(m) != SSH_CHANNEL_FORWARDED_TCPIP ||
	    (l = listener_of(s->remote, host == NULL ? "" : host, port)) == NULL || s->end) {
		refuse(m);
		return;
	}
	if (from == NULL || (inet_pton(AF_INET, from, &a) != 1 && inet_pton(AF_INET6, from, &a) != 1))
		from = "0.0.0.0"; /* a target's words for a client's log */
	forward_incoming(s, m, l->text, l->host, l->port, from, (uint32_t)ssh_message_channel_request_open_originator_port(m) & 0xffff);
}

bool remote_step(struct session *s)
{
	struct remote *r = s->remote;
	ssh_message m;
	bool moved = false;
	int n = 0;

	if (r == NULL)
		return false;
	while (!s->cut && r->wishes != NULL && wish_step(s, r->wishes))
		moved = true;
	while (!s->cut && r->nlisteners > 0 && s->target_state == TARGET_UP && n++ < OPENS_A_ROUND && (m = ssh_message_get(s->target)) != NULL)
		incoming(s, m);
	if (s->target != NULL && s->target_state == TARGET_UP && r->nlisteners == 0)
		ssh_set_message_callback(s->target, unasked, NULL);
	return moved || n > 1;
}

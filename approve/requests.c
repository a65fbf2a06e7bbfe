/* Requests for approval as they live: those that may still change are in memory, all are in the store, every step is a record.
 * The rules of what may follow what are approval.c's; here are the agents that wait, the clocks, and who is told. */
#include <stdlib.h>
#include <string.h>

#include "approve/control.h"
#include "approve/hooks.h"
#include "approve/http.h"
#include "approve/requests_record.h"
#include "base/log.h"

enum { REQUESTS_MAX = 20000 };

struct entry {
	struct entry *next;
	struct approval *a;
};

struct requests {
	struct control *ctl;
	struct entry *first;
	unsigned n;
	struct loop_timer *timer;
	int64_t timer_ms; /* wall clock; what the timer waits for */
};

static void schedule(struct requests *r);

/* ---- the table ---- */

static int keep(struct requests *r, struct approval *a)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return ERR_NOMEM;
	e->a = a;
	e->next = r->first;
	r->first = e;
	r->n++;
	return ERR_OK;
}

/* A request leaves memory once it can change no more and the agent knows how it ended. */
static void settle(struct requests *r, struct approval *a)
{
	struct entry **p, *e;

	if (store_approval_put(r->ctl->store, a) < 0)
		log_error("a request cannot be written to the state database");
	if (approval_live(a) || !a->told)
		return;
	for (p = &r->first; (e = *p) != NULL; p = &e->next) {
		if (e->a == a) {
			*p = e->next;
			r->n--;
			approval_free(a);
			free(e);
			return;
		}
	}
}

struct approval *requests_find(struct control *c, const char *id)
{
	for (struct entry *e = c->requests->first; e != NULL; e = e->next) {
		if (strcmp(e->a->id, id) == 0) {
			return e->a;
		}
	}
	return NULL;
}

void requests_each(struct control *c, requests_fn *fn, void *arg)
{
	for (struct entry *e = c->requests->first, *next; e != NULL; e = next) {
		next = e->next;
		fn(arg, e->a);
	}
}

unsigned requests_count(const struct control *c, enum approval_state s)
{
	unsigned n = 0;

	for (struct entry *e = c->requests->first; e != NULL; e = e->next)
		n += e->a->state == s && approval_live(e->a);
	return n;
}

/* ---- agents that wait ---- */

/* The one that waits longest for this request; NULL when none does. */
static struct question *waiter(struct control *c, const char *id)
{
	struct question *found = NULL;

	for (struct session *s = c->sessions; s != NULL; s = s->next) {
		for (struct question *q = s->questions; q != NULL; q = q->next) {
			if (q->stage == QSTAGE_HELD && strcmp(q->approval, id) == 0)
				found = q;
		}
	}
	return found;
}

static void refuse(struct question *q, const struct line *l)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	(void)line_write(l, q->json, &b);
	if (buf_cstr(&b) != NULL)
		question_refuse(q, (uint8_t)l->exit_code, buf_cstr(&b));
	buf_free(&b);
}

static void refused_line(const struct approval *a, struct line *l)
{
	const struct approval_vote *v = &a->votes[a->n_votes - 1];

	*l = (struct line){ .event = "refused", .approval = a->id, .rule = json_string_value(json_object_get(a->ask, "rule")),
			    .by = v->subject, .reason = v->reason, .exit_code = EXIT_REFUSED };
}

/* The stored text, given away: what runs is this, whatever was sent. */
static char *text_of(const struct approval *a, size_t *len)
{
	char *copy = malloc(a->text_len + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, a->text, a->text_len);
	copy[a->text_len] = '\0';
	*len = a->text_len;
	return copy;
}

static void release(struct requests *r, struct approval *a)
{
	struct line gone = { .event = "pending", .approval = a->id, .exit_code = EXIT_PENDING,
			     .hint = "the approval was used up by another run of the same command; run it again to ask again" };
	struct question *q;
	size_t len = 0;
	char *text;

	while ((q = waiter(r->ctl, a->id)) != NULL) {
		text = a->text != NULL ? text_of(a, &len) : NULL;
		if (text == NULL || approval_use(a, a->digest, clock_wall_ms()) < 0 || request_record_used(r->ctl, a, q->decision) < 0) {
			free(text);
			refuse(q, &gone);
			continue;
		}
		a->told = true;
		question_run(q, text, len);
	}
}

static void turn_away(struct requests *r, struct approval *a, const struct line *l)
{
	struct question *q;

	while ((q = waiter(r->ctl, a->id)) != NULL) {
		a->told = true;
		refuse(q, l);
	}
}

void requests_detach(struct question *q)
{
	q->approval[0] = '\0';
}

/* ---- changes ---- */

/* The state has changed: agents, people and the store learn of it. a may be gone afterwards. */
static void changed(struct requests *r, struct approval *a)
{
	struct line l = { .event = approval_state_name(a->state), .approval = a->id, .exit_code = EXIT_PENDING };

	if (a->state != APPROVAL_PENDING) {
		r->ctl->count.answered[a->state]++;
		if (a->state == APPROVAL_APPROVED || a->state == APPROVAL_DENIED)
			histogram_add(&r->ctl->count.approval_wait, (a->decided_ms - a->created_ms) * 1000);
	}
	http_approval_event(r->ctl, a);
	hooks_approval(r->ctl, a);
	switch (a->state) {
	case APPROVAL_APPROVED:
		release(r, a);
		break;
	case APPROVAL_DENIED:
		refused_line(a, &l);
		turn_away(r, a, &l);
		break;
	case APPROVAL_EXPIRED:
		l.hint = "nobody answered in time; run the same command again to ask again";
		turn_away(r, a, &l);
		break;
	case APPROVAL_WITHDRAWN:
		l.reason = a->why;
		l.hint = "run the same command again to ask again";
		turn_away(r, a, &l);
		break;
	case APPROVAL_PENDING:
		break;
	}
	settle(r, a);
	schedule(r);
}

static void on_timer(void *arg)
{
	struct requests *r = arg;
	int64_t now = clock_wall_ms();
	int64_t forget = (int64_t)r->ctl->config->approvals.pending_ttl * 1000;

	r->timer = NULL;
	for (struct entry *e = r->first, *next; e != NULL; e = next) {
		struct approval *a = e->a;

		next = e->next;
		if (approval_tick(a, now)) {
			(void)request_record_expired(r->ctl, a);
			changed(r, a);
		} else if (!approval_live(a) && now >= a->decided_ms + forget) {
			a->told = true; /* the agent never came back for it */
			settle(r, a);
		}
	}
	schedule(r);
}

static void schedule(struct requests *r)
{
	int64_t least = INT64_MAX, now = clock_wall_ms(), at;

	for (struct entry *e = r->first; e != NULL; e = e->next) {
		at = approval_live(e->a) ? approval_deadline(e->a) : e->a->decided_ms + (int64_t)r->ctl->config->approvals.pending_ttl * 1000;
		least = at < least ? at : least;
	}
	if (r->timer != NULL && r->timer_ms == least)
		return;
	loop_timer_del(r->timer);
	r->timer = NULL;
	r->timer_ms = least;
	if (least != INT64_MAX)
		r->timer = loop_timer(r->ctl->loop, least > now ? (least - now > 60000 ? 60000 : least - now) : 0, on_timer, r);
}

int requests_vote(struct control *c, struct approval *a, const struct approval_wish *w, const char *route, struct why *why)
{
	struct requests *r = c->requests;
	enum approval_state was = a->state;
	int e;

	if (audit_health(c->log) != AUDIT_HEALTHY)
		return why_fail(why, ERR_UNAVAILABLE, "nothing can be recorded now");
	e = approval_vote(a, w, clock_wall_ms(), why);
	if (e < 0) {
		if (was == APPROVAL_PENDING && a->state == APPROVAL_EXPIRED) {
			(void)request_record_expired(c, a);
			changed(r, a);
		}
		return e;
	}
	e = request_record_vote(c, a, route);
	if (e < 0) {
		/* Not recorded is not said: the process ends, and comes back with what is on disk. */
		log_error("an answer to a request cannot be recorded");
		abort();
	}
	changed(r, a);
	return ERR_OK;
}

void requests_withdraw_all(struct control *c, const char *why)
{
	struct requests *r = c->requests;

	for (struct entry *e = r->first, *next; e != NULL; e = next) {
		struct approval *a = e->a;

		next = e->next;
		if (approval_withdraw(a, why, clock_wall_ms()) < 0)
			continue;
		(void)request_record_withdrawn(c, a, why);
		changed(r, a);
	}
}

void requests_withdraw(struct question *q, const char *why)
{
	struct control *c = q->session->ctl;
	struct approval *a = requests_find(c, q->approval);

	for (struct session *s = c->sessions; s != NULL; s = s->next) {
		for (struct question *o = s->questions; o != NULL; o = o->next) {
			if (o != q && o->stage == QSTAGE_HELD && strcmp(o->approval, q->approval) == 0)
				return; /* somebody else waits for the same */
		}
	}
	if (a == NULL || approval_withdraw(a, why, clock_wall_ms()) < 0)
		return;
	(void)request_record_withdrawn(c, a, why);
	requests_detach(q); /* it hears of it from nobody */
	a->told = true;
	changed(c->requests, a);
}

/* ---- asking ---- */

static unsigned pending_of(const struct requests *r, const struct identity *who)
{
	unsigned n = 0;

	for (struct entry *e = r->first; e != NULL; e = e->next) {
		n += e->a->state == APPROVAL_PENDING && strcmp(e->a->asker->issuer, who->issuer) == 0 &&
		     strcmp(e->a->asker->subject, who->subject) == 0;
	}
	return n;
}

static void waiting_line(const struct approval *a, bool json, const char *past, struct buf *line)
{
	struct line l = { .event = "waiting", .approval = a->id, .rule = json_string_value(json_object_get(a->ask, "rule")),
			  .reason = json_string_value(json_object_get(a->ask, "reason")), .hint = past };

	(void)line_write(&l, json, line);
}

static int make(struct requests *r, struct session *s, struct question *q, const struct request_ask *ask, struct approval **out)
{
	struct control *c = r->ctl;
	const struct policy_answer *pa = ask->answer;
	struct approval *a = approval_new();
	json_t *who;
	int e = ERR_NOMEM;

	*out = NULL;
	if (a == NULL)
		return ERR_NOMEM;
	control_id(a->id);
	a->text = malloc(ask->binding->text.n + 1);
	a->ask = ask_make(s, ask);
	if (a->text == NULL || a->ask == NULL)
		goto out;
	memcpy(a->text, ask->binding->text.p, ask->binding->text.n);
	a->text[ask->binding->text.n] = '\0';
	a->text_len = ask->binding->text.n;
	who = approval_asker_json(s->who);
	e = approval_asker_read(who, &a->asker);
	json_decref(who);
	if (e >= 0)
		e = approval_digest(ask->binding, a->id, a->digest);
	if (e < 0)
		goto out;
	a->needed = pa->approvals > 0 ? pa->approvals : 1;
	a->uses_max = pa->grant_uses > 0 ? pa->grant_uses : 1;
	a->ttl_max = pa->grant_ttl > 0 ? pa->grant_ttl : 900;
	a->signed_required = pa->signed_required;
	a->created_ms = clock_wall_ms();
	a->expires_ms = a->created_ms + (int64_t)c->config->approvals.pending_ttl * 1000;
	e = a->needed > APPROVAL_VOTES_MAX ? ERR_LIMIT : request_record_requested(c, a, q, ask);
	if (e >= 0)
		e = store_approval_put(c->store, a);
	if (e >= 0)
		e = keep(r, a);
out:
	if (e < 0)
		approval_free(a);
	else
		*out = a;
	return e;
}

/* A request that was asked before: ERR_NOTFOUND when it leads nowhere, and a new one must be made. */
static int again(struct requests *r, struct approval *a, struct question *q, const struct request_ask *ask, struct buf *line)
{
	uint8_t d[APPROVAL_DIGEST];
	struct line l;
	int e;

	if (approval_tick(a, clock_wall_ms())) {
		(void)request_record_expired(r->ctl, a);
		http_approval_event(r->ctl, a);
		hooks_approval(r->ctl, a);
	}
	if (a->state == APPROVAL_PENDING) {
		memcpy(q->approval, a->id, sizeof(q->approval));
		waiting_line(a, q->json, NULL, line);
		return ERR_AGAIN;
	}
	if (a->state == APPROVAL_DENIED) {
		refused_line(a, &l);
		(void)line_write(&l, q->json, line);
		a->told = true;
		settle(r, a);
		return ERR_REFUSED;
	}
	if (a->state != APPROVAL_APPROVED)
		return ERR_NOTFOUND;
	e = approval_digest(ask->binding, a->id, d);
	if (e >= 0)
		e = approval_use(a, d, clock_wall_ms());
	if (e < 0)
		return ERR_NOTFOUND;
	/* The store may have been made anew from the log, which holds no text: equal digests are equal texts. */
	q->text = a->text != NULL ? text_of(a, &q->len) : malloc(ask->binding->text.n + 1);
	if (q->text == NULL)
		return ERR_NOMEM;
	if (a->text == NULL) {
		memcpy(q->text, ask->binding->text.p, ask->binding->text.n);
		q->text[ask->binding->text.n] = '\0';
		q->len = ask->binding->text.n;
	}
	e = request_record_used(r->ctl, a, q->decision);
	if (e < 0)
		return e;
	memcpy(q->approval, a->id, sizeof(q->approval));
	a->told = true;
	settle(r, a);
	schedule(r);
	return ERR_OK;
}

/* Whether a request was for this very question: its digest, with its own id, says so. */
static bool same_question(const struct approval *a, const struct identity *who, const struct approval_binding *b)
{
	uint8_t d[APPROVAL_DIGEST];

	return strcmp(a->asker->issuer, who->issuer) == 0 && strcmp(a->asker->subject, who->subject) == 0 &&
	       approval_digest(b, a->id, d) == ERR_OK && memcmp(a->digest, d, sizeof(d)) == 0;
}

int requests_ask(struct session *s, struct question *q, const struct request_ask *ask, struct buf *line)
{
	struct requests *r = s->ctl->requests;
	struct approval *a;
	char past[128] = "";
	int e;

	for (struct entry *n = r->first, *next; n != NULL; n = next) {
		next = n->next;
		a = n->a;
		if (!same_question(a, s->who, ask->binding))
			continue;
		e = again(r, a, q, ask, line);
		if (e != ERR_NOTFOUND)
			return e;
		if (a->state == APPROVAL_EXPIRED || a->state == APPROVAL_WITHDRAWN)
			snprintf(past, sizeof(past), "the request %s is %s", a->id, approval_state_name(a->state));
		a->told = true;
		settle(r, a);
	}
	if (r->n >= REQUESTS_MAX || pending_of(r, s->who) >= CONTROL_PENDING_MAX)
		return ERR_LIMIT;
	e = make(r, s, q, ask, &a);
	if (e < 0)
		return e == ERR_LIMIT ? ERR_NOMEM : e;
	s->ctl->count.approvals_asked++;
	if (past[0] == '\0' && q->kind == QUESTION_STATEMENT && ask->answer->napprovers > 0) { /* a person may be at the prompt */
		size_t k = (size_t)snprintf(past, sizeof(past), "who may answer:");

		for (size_t i = 0; i < ask->answer->napprovers && k < sizeof(past); i++)
			k += (size_t)snprintf(past + k, sizeof(past) - k, " %s", ask->answer->approvers[i]);
	}
	memcpy(q->approval, a->id, sizeof(q->approval));
	waiting_line(a, q->json, past[0] != '\0' ? past : NULL, line);
	http_approval_event(s->ctl, a);
	hooks_approval(s->ctl, a);
	schedule(r);
	return ERR_AGAIN;
}

/* ---- start and end ---- */

static bool load_one(void *arg, struct approval *a)
{
	struct requests *r = arg;

	if (keep(r, a) < 0)
		approval_free(a);
	return true;
}

int requests_open(struct control *c)
{
	struct requests *r = calloc(1, sizeof(*r));
	int e;

	if (r == NULL)
		return ERR_NOMEM;
	r->ctl = c;
	c->requests = r;
	e = store_approvals(c->store, -1, true, 0, REQUESTS_MAX, load_one, r);
	if (e < 0) {
		log_error("the requests for approval cannot be read from the state database");
		return e;
	}
	/* The policy may have changed while nothing ran. */
	for (struct entry *n = r->first, *next; n != NULL; n = next) {
		struct approval *a = n->a;
		const char *version = json_string_value(json_object_get(a->ask, "policy"));

		next = n->next;
		if (version != NULL && strcmp(version, policy_version(c->policy)) == 0)
			continue;
		if (approval_withdraw(a, "the policy changed", clock_wall_ms()) < 0)
			continue;
		(void)request_record_withdrawn(c, a, "the policy changed");
		settle(r, a);
	}
	schedule(r);
	return ERR_OK;
}

void requests_close(struct requests *r)
{
	struct entry *e;

	if (r == NULL)
		return;
	loop_timer_del(r->timer);
	while ((e = r->first) != NULL) {
		r->first = e->next;
		approval_free(e->a);
		free(e);
	}
	free(r);
}

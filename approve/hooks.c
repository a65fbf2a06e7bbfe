/* Webhooks; see hooks.h. The receiver is outside: what it gets is masked and escaped, what it answers is not read.
 *
 * A message is written to the store in the same transaction as the request that it tells of, and leaves it when a receiver has taken it. */
#include "approve/hooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approve/control.h"
#include "approve/issue.h"
#include "approve/webhook.h"
#include "base/log.h"

enum { SPOOL_MAX = 512, ATTEMPTS_MAX = 8 };

/* Pauses before the second, third… attempt, ms. */
static const int pauses[] = { 1000, 5000, 15000, 60000, 300000, 900000, 3600000 };

struct delivery {
	struct delivery *next;
	struct hooks *all;
	char url[1025], id[CONTROL_ID + 5], *ca_file, *secret_file;
	enum config_hook_format format;
	char *body;
	int64_t created_ms;
	int attempt;
	bool under_way;
	struct loop_timer *timer;
};

struct hooks {
	struct control *ctl;
	struct delivery *first;
	unsigned n;
	bool told_full;
};

static void keep(const struct delivery *d)
{
	if (store_hook_put(d->all->ctl->store,
			   &(struct store_hook){ d->id, d->url, d->ca_file, d->secret_file, d->body, d->created_ms, (int)d->format, d->attempt }) < 0)
		log_error("webhook %s: it cannot be kept, and would be lost by a restart", d->id);
}

static void forget(struct delivery *d)
{
	struct delivery **p;

	for (p = &d->all->first; *p != d; p = &(*p)->next)
		;
	*p = d->next;
	d->all->n--;
	loop_timer_del(d->timer);
	free(d->ca_file);
	free(d->secret_file);
	free(d->body);
	free(d);
}

/* It was taken, or is given up. */
static void drop(struct delivery *d)
{
	(void)store_hook_drop(d->all->ctl->store, d->id);
	forget(d);
}

static void attempt(struct delivery *d);

static void retry(void *arg)
{
	struct delivery *d = arg;

	d->timer = NULL;
	attempt(d);
}

static void failed(struct delivery *d, const char *why)
{
	if (++d->attempt >= ATTEMPTS_MAX) {
		d->all->ctl->count.failures[FAIL_WEBHOOK]++;
		log_error("webhook %s: given up after %d attempts: %s", d->id, d->attempt, why);
		drop(d);
		return;
	}
	log_warn("webhook %s: %s; trying again in %d s", d->id, why, pauses[d->attempt - 1] / 1000);
	keep(d);
	d->timer = loop_timer(d->all->ctl->loop, pauses[d->attempt - 1], retry, d);
}

static void done(void *arg, struct http_result *res)
{
	struct delivery *d = arg;
	char why[64];

	d->under_way = false;
	if (res->err < 0) {
		failed(d, res->why.text);
	} else if (res->status < 200 || res->status > 299) {
		snprintf(why, sizeof(why), "the receiver answered %ld", res->status);
		failed(d, why);
	} else {
		drop(d);
	}
}

static void attempt(struct delivery *d)
{
	struct http_request req = { .method = "POST", .url = d->url, .body = d->body, .body_len = strlen(d->body), .ca_file = d->ca_file,
				    .loopback_http = true, .done = done, .arg = d };
	static const char *const plain[] = { "Content-Type: application/json", NULL };
	struct webhook_headers headers = { .list = { NULL } };
	struct why why = { "" };
	int r = ERR_OK;

	req.headers = plain;
	if (d->format == HOOK_STANDARD) {
		r = webhook_headers(&headers, d->secret_file, d->id, clock_wall_ms() / 1000, d->body, strlen(d->body));
		req.headers = headers.list;
	}
	if (r < 0)
		failed(d, "its secret cannot be read");
	else if (http_fetch_submit(issue_fetcher(d->all->ctl), &req, &why) < 0)
		failed(d, why.text);
	else
		d->under_way = true;
	if (d->format == HOOK_STANDARD)
		webhook_headers_free(&headers);
}

/* ---- what is said ---- */

static char *standard_body(struct control *c, const struct approval *a)
{
	char type[40];
	json_t *j;
	char *text;

	snprintf(type, sizeof(type), "approval.%s", approval_state_name(a->state));
	j = json_pack("{s:s,s:o,s:o}", "type", type, "timestamp", control_time(clock_wall_ms()), "data", ask_json(c, a, true));
	text = json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(j);
	return text;
}

static void put_mrkdwn(struct buf *b, const char *s)
{
	for (; s != NULL && *s != '\0'; s++) {
		if (*s == '&')
			(void)buf_put_str(b, "&amp;");
		else if (*s == '<')
			(void)buf_put_str(b, "&lt;");
		else if (*s == '>')
			(void)buf_put_str(b, "&gt;");
		else
			(void)buf_put_u8(b, *s == '`' ? '\'' : (uint8_t)*s);
	}
}

static char *slack_body(struct control *c, const struct approval *a)
{
	json_t *target = json_object_get(a->ask, "target"), *j;
	char *text = NULL;
	struct buf b;

	buf_init(&b, 1 << 18);
	(void)buf_printf(&b, "*%s* approval `%s` rule `%s`\n", approval_state_name(a->state), a->id,
			 json_string_value(json_object_get(a->ask, "rule")));
	put_mrkdwn(&b, a->asker->subject);
	(void)buf_put_str(&b, " on ");
	put_mrkdwn(&b, json_string_value(json_object_get(target, "login")));
	(void)buf_put_str(&b, "@");
	put_mrkdwn(&b, json_string_value(json_object_get(target, "name")));
	(void)buf_put_str(&b, "\n```");
	put_mrkdwn(&b, json_string_value(json_object_get(a->ask, "command")));
	(void)buf_put_str(&b, "```");
	if (c->config->http.public_url != NULL)
		(void)buf_printf(&b, "\n%s/v1/approvals/%s", c->config->http.public_url, a->id);
	j = buf_cstr(&b) != NULL ? json_pack("{s:s}", "text", buf_cstr(&b)) : NULL;
	if (j != NULL)
		text = json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(j);
	buf_free(&b);
	return text;
}

static struct delivery *add(struct hooks *h, const char *id, const char *url, const char *ca_file, const char *secret_file, int format, char *body)
{
	struct delivery *d = body != NULL ? calloc(1, sizeof(*d)) : NULL;

	if (d == NULL) {
		free(body);
		return NULL;
	}
	d->all = h;
	snprintf(d->id, sizeof(d->id), "%s", id);
	snprintf(d->url, sizeof(d->url), "%s", url);
	d->format = format == HOOK_SLACK ? HOOK_SLACK : HOOK_STANDARD;
	d->ca_file = ca_file != NULL ? strdup(ca_file) : NULL;
	d->secret_file = secret_file != NULL ? strdup(secret_file) : NULL;
	d->body = body;
	d->next = h->first;
	h->first = d;
	h->n++;
	d->timer = loop_timer(h->ctl->loop, 5, retry, d); /* after this round's records are on disk */
	return d;
}

static void send_one(struct hooks *h, const struct config_webhook *w, const struct approval *a)
{
	struct delivery *d;
	char id[CONTROL_ID + 5] = "msg_";

	if (h->n >= SPOOL_MAX) {
		if (!h->told_full)
			log_error("webhooks: %d messages wait already, further ones are left out", SPOOL_MAX);
		h->told_full = true;
		return;
	}
	h->told_full = false;
	control_id(id + 4);
	d = add(h, id, w->url, w->ca_file, w->secret_file, (int)w->format, w->format == HOOK_SLACK ? slack_body(h->ctl, a) : standard_body(h->ctl, a));
	if (d == NULL)
		return;
	d->created_ms = clock_wall_ms();
	keep(d);
}

void hooks_approval(struct control *c, const struct approval *a)
{
	for (size_t i = 0; c->hooks != NULL && i < c->config->approvals.n_hooks; i++)
		send_one(c->hooks, &c->config->approvals.hooks[i], a);
}

static void gather(void *arg, const struct store_hook *v)
{
	json_array_append_new(arg, json_pack("{s:s,s:s,s:s*,s:s*,s:s,s:I,s:i,s:i}", "id", v->id, "url", v->url, "ca", v->ca_file, "secret",
					     v->secret_file, "body", v->body, "created", (json_int_t)v->created_ms, "format", v->format,
					     "attempt", v->attempt));
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* What waited when the last control ended. */
static int take_up(struct control *c)
{
	json_t *list = json_array(), *o;
	struct approval *a;
	struct delivery *d;
	size_t i;
	int r = store_hooks(c->store, gather, list);

	json_array_foreach(list, i, o) {
		if (text_of(o, "url")[0] != '\0') {
			d = add(c->hooks, text_of(o, "id"), text_of(o, "url"), text_of(o, "ca"), text_of(o, "secret"),
				(int)json_integer_value(json_object_get(o, "format")), strdup(text_of(o, "body")));
			if (d != NULL) {
				d->created_ms = json_integer_value(json_object_get(o, "created"));
				d->attempt = (int)json_integer_value(json_object_get(o, "attempt"));
			}
			continue;
		}
		if (store_approval_get(c->store, text_of(o, "body"), &a) == ERR_OK) {
			hooks_approval(c, a);
			approval_free(a);
		}
		(void)store_hook_drop(c->store, text_of(o, "id"));
	}
	if (json_array_size(list) > 0)
		log_info("%zu webhook messages waited for this start", json_array_size(list));
	json_decref(list);
	return r;
}

int hooks_open(struct control *c)
{
	c->hooks = calloc(1, sizeof(*c->hooks));
	if (c->hooks == NULL)
		return ERR_NOMEM;
	c->hooks->ctl = c;
	return take_up(c);
}

/* Called before the thread is stopped: what is under way belongs to it, and comes back to nobody. */
void hooks_close(struct control *c)
{
	struct hooks *h = c->hooks;

	if (h == NULL)
		return;
	if (h->n > 0)
		log_info("%u webhook messages wait for the next start", h->n);
	while (h->first != NULL)
		forget(h->first);
	free(h);
	c->hooks = NULL;
}

/* Webhooks; see hooks.h. The receiver is outside: what it gets is masked and escaped, what it answers is not read. */
#include "approve/hooks.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "approve/control.h"
#include "approve/issue.h"
#include "base/log.h"
#include "identity/b64.h"

enum { SPOOL_MAX = 512, ATTEMPTS_MAX = 8 };

/* Pauses before the second, third… attempt, ms. */
static const int pauses[] = { 1000, 5000, 15000, 60000, 300000, 900000, 3600000 };

struct delivery {
	struct delivery *next;
	struct hooks *all;
	char url[1025], id[CONTROL_ID + 5], *ca_file, *secret_file;
	enum config_hook_format format;
	char *body;
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

static void drop(struct delivery *d)
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

/* The secret: "whsec_" and base64, or the file's bytes as they are. */
static int read_secret(const char *path, struct buf *out)
{
	uint8_t raw[1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, raw, sizeof(raw)) : -1;
	int r;

	if (fd >= 0)
		close(fd);
	while (n > 0 && (raw[n - 1] == '\n' || raw[n - 1] == '\r'))
		n--;
	if (n <= 0)
		return ERR_NOTFOUND;
	if (n > 6 && memcmp(raw, "whsec_", 6) == 0)
		r = b64_decode(B64_STD, (const char *)raw + 6, (size_t)n - 6, out);
	else
		r = buf_put(out, raw, (size_t)n);
	wipe(raw, sizeof(raw));
	return r;
}

/* "webhook-signature: v1,BASE64(HMAC-SHA256(secret, id.timestamp.body))" (Standard Webhooks, section "Signature scheme"). */
static int sign(const struct delivery *d, const char *stamp, struct buf *header)
{
	struct buf secret, signed_text;
	uint8_t mac[32];
	unsigned n = sizeof(mac);
	int r;

	buf_init_secret(&secret, 2048);
	buf_init(&signed_text, 1 << 20);
	r = read_secret(d->secret_file, &secret);
	if (r >= 0)
		r = buf_printf(&signed_text, "%s.%s.", d->id, stamp);
	if (r >= 0)
		r = buf_put_str(&signed_text, d->body);
	if (r >= 0 && HMAC(EVP_sha256(), buf_ptr(&secret), (int)secret.len, buf_ptr(&signed_text), signed_text.len, mac, &n) == NULL)
		r = ERR_CRYPTO;
	if (r >= 0)
		r = buf_put_str(header, "webhook-signature: v1,");
	if (r >= 0)
		r = b64_encode(B64_STD, mac, sizeof(mac), header);
	buf_free(&secret);
	buf_free(&signed_text);
	return r;
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
	const char *headers[5] = { "Content-Type: application/json", NULL };
	char stamp[24], id_header[64], stamp_header[64];
	struct why why = { "" };
	struct buf signature;
	int r = ERR_OK;

	buf_init(&signature, 1024);
	snprintf(stamp, sizeof(stamp), "%lld", (long long)(clock_wall_ms() / 1000));
	if (d->format == HOOK_STANDARD) {
		snprintf(id_header, sizeof(id_header), "webhook-id: %s", d->id);
		snprintf(stamp_header, sizeof(stamp_header), "webhook-timestamp: %s", stamp);
		r = sign(d, stamp, &signature);
		headers[1] = id_header;
		headers[2] = stamp_header;
		headers[3] = buf_cstr(&signature);
	}
	req.headers = headers;
	if (r < 0)
		failed(d, "its secret cannot be read");
	else if (http_fetch_submit(issue_fetcher(d->all->ctl), &req, &why) < 0)
		failed(d, why.text);
	else
		d->under_way = true;
	buf_free(&signature);
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

static void send_one(struct hooks *h, const struct config_webhook *w, const struct approval *a)
{
	struct delivery *d;
	char id[CONTROL_ID + 1];

	if (h->n >= SPOOL_MAX) {
		if (!h->told_full)
			log_error("webhooks: %d messages wait already, further ones are left out", SPOOL_MAX);
		h->told_full = true;
		return;
	}
	h->told_full = false;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return;
	d->all = h;
	control_id(id);
	snprintf(d->id, sizeof(d->id), "msg_%s", id);
	snprintf(d->url, sizeof(d->url), "%s", w->url);
	d->format = w->format;
	d->ca_file = w->ca_file != NULL ? strdup(w->ca_file) : NULL;
	d->secret_file = w->secret_file != NULL ? strdup(w->secret_file) : NULL;
	d->body = w->format == HOOK_SLACK ? slack_body(h->ctl, a) : standard_body(h->ctl, a);
	d->next = h->first;
	h->first = d;
	h->n++;
	if (d->body == NULL)
		drop(d);
	else
		d->timer = loop_timer(h->ctl->loop, 5, retry, d); /* after this round's records are on disk */
}

void hooks_approval(struct control *c, const struct approval *a)
{
	for (size_t i = 0; c->hooks != NULL && i < c->config->approvals.n_hooks; i++)
		send_one(c->hooks, &c->config->approvals.hooks[i], a);
}

int hooks_open(struct control *c)
{
	c->hooks = calloc(1, sizeof(*c->hooks));
	if (c->hooks == NULL)
		return ERR_NOMEM;
	c->hooks->ctl = c;
	return ERR_OK;
}

/* Called before the thread is stopped: what is under way belongs to it, and comes back to nobody. */
void hooks_close(struct control *c)
{
	struct hooks *h = c->hooks;

	if (h == NULL)
		return;
	if (h->n > 0)
		log_warn("%u webhook messages were not delivered", h->n);
	while (h->first != NULL)
		drop(h->first);
	free(h);
	c->hooks = NULL;
}

/* The vault, seen from control: calls and their answers, the public keys. A vault that ends fails its calls; the supervisor
 * brings a new one. */
#include <stdlib.h>
#include <string.h>

#include "approve/control.h"
#include "approve/evidence.h"
#include "base/log.h"

struct vault_call {
	struct vault_call *next;
	struct control *ctl;
	uint32_t req;
	vault_fn *fn;
	void *arg;
	struct loop_timer *timer;
};

static void call_done(struct vault_call *v, bool ok, struct view data, struct view why)
{
	struct vault_call **p;

	for (p = &v->ctl->vault_calls; *p != v; p = &(*p)->next)
		;
	*p = v->next;
	loop_timer_del(v->timer);
	if (v->fn != NULL)
		v->fn(v->arg, ok, data, why);
	free(v);
}

static void call_late(void *arg)
{
	struct vault_call *v = arg;

	v->timer = NULL;
	call_done(v, false, proto_str(""), proto_str("the vault does not answer"));
}

int control_vault_call(struct control *c, vault_fn *fn, void *arg, uint32_t *req)
{
	struct vault_call *v;

	if (c->vault == NULL)
		return ERR_UNAVAILABLE;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return ERR_NOMEM;
	v->ctl = c;
	v->req = *req = control_req(c);
	v->fn = fn;
	v->arg = arg;
	v->timer = loop_timer(c->loop, CONTROL_VAULT_MS, call_late, v);
	v->next = c->vault_calls;
	c->vault_calls = v;
	return ERR_OK;
}

void control_vault_forget(struct control *c, uint32_t req)
{
	for (struct vault_call *v = c->vault_calls; v != NULL; v = v->next) {
		if (v->req == req && req != 0)
			v->fn = NULL;
	}
}

static int on_vault_message(void *arg, struct ipc_msg *m)
{
	struct control *c = arg;
	struct msg_vault_answer a;
	int r = msg_vault_answer_read(m, &a);

	if (r < 0)
		return r;
	for (struct vault_call *v = c->vault_calls; v != NULL; v = v->next) {
		if (v->req == a.req) {
			call_done(v, a.ok != 0, a.data, a.why);
			return ERR_OK;
		}
	}
	return ERR_OK; /* too late */
}

static void on_vault_gone(void *arg, const char *why)
{
	struct control *c = arg;

	c->vault = NULL;
	c->count.failures[FAIL_VAULT]++;
	log_warn("the vault is gone: %s", why);
	(void)control_record(c, NULL, "process.lost", json_pack("{s:s,s:s}", "program", "sallyport-vault", "reason", why), NULL);
	while (c->vault_calls != NULL)
		call_done(c->vault_calls, false, proto_str(""), proto_str("the vault is not running"));
}

static void on_public_keys(void *arg, bool ok, struct view data, struct view why);

static void ask_public_keys(struct control *c)
{
	struct msg_vault_public_keys m = { 0 };

	if (control_vault_call(c, on_public_keys, c, &m.req) >= 0)
		(void)msg_vault_public_keys_send(&c->vault->ipc, &m, NULL, 0);
}

static void retry_public_keys(void *arg)
{
	struct control *c = arg;

	if (c->vault != NULL && c->ca_blob.len == 0)
		ask_public_keys(c);
}

static void now_ready(struct control *c)
{
	struct msg_control_ready m = { 0 };

	if (c->ready || c->supervisor == NULL)
		return;
	c->ready = true;
	(void)msg_control_ready_send(&c->supervisor->ipc, &m, NULL, 0);
	log_info("ready");
}

/* KIND NAME LINE, three a key. */
static void on_public_keys(void *arg, bool ok, struct view data, struct view why)
{
	struct control *c = arg;
	struct view kind, name, line;

	if (!ok) {
		log_error("the vault's public keys: %.*s", (int)(why.n > 200 ? 200 : why.n), (const char *)why.p);
		(void)loop_timer(c->loop, 1000, retry_public_keys, c);
		return;
	}
	buf_clear(&c->ca_previous);
	while (proto_list_next(&data, &kind) == ERR_OK && proto_list_next(&data, &name) == ERR_OK &&
	       proto_list_next(&data, &line) == ERR_OK) {
		if (view_is(&name, "user-ca")) {
			buf_clear(&c->ca_blob);
			free(c->ca_line);
			c->ca_line = NULL;
			if (view_strdup(&line, &c->ca_line) < 0 || sshkey_parse_line((const char *)line.p, line.n, &c->ca_blob, NULL, NULL) < 0)
				buf_clear(&c->ca_blob);
		} else if (view_is(&name, "user-ca.previous")) {
			if (sshkey_parse_line((const char *)line.p, line.n, &c->ca_previous, NULL, NULL) < 0)
				buf_clear(&c->ca_previous);
		} else if (view_is(&kind, "audit")) {
			free(c->audit_key_line);
			c->audit_key_line = NULL;
			(void)view_strdup(&line, &c->audit_key_line);
		}
	}
	if (c->ca_blob.len == 0) {
		log_error("the vault has no user CA key: run `sallyport vault init`");
		(void)loop_timer(c->loop, 5000, retry_public_keys, c);
		return;
	}
	evidence_keys(c);
	now_ready(c);
}

void vault_side_reload(struct control *c)
{
	struct msg_vault_reload m = { 0 };

	if (c->vault == NULL || control_vault_call(c, NULL, NULL, &m.req) < 0)
		return;
	(void)msg_vault_reload_send(&c->vault->ipc, &m, NULL, 0);
	ask_public_keys(c); /* answered after the reload, by the order of the socket: the CA may be another one now */
}

void vault_side_open(struct control *c, int fd)
{
	if (c->vault != NULL) {
		peer_close(c->vault, false);
		on_vault_gone(c, "it was replaced");
	}
	c->vault = peer_open(&c->peers, fd, false, "the vault", on_vault_message, on_vault_gone, c);
	if (c->vault != NULL)
		ask_public_keys(c);
}

void vault_side_close(struct control *c)
{
	while (c->vault_calls != NULL) {
		c->vault_calls->fn = NULL;
		call_done(c->vault_calls, false, proto_str(""), proto_str(""));
	}
	peer_close(c->vault, false);
	c->vault = NULL;
}

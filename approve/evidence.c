/* Checkpoints and epochs; see evidence.h. The vault signs; the log keeps; copies leave the host.
 *
 * A change of epoch: the next key is made → the closing record names it → that record is under a checkpoint of the old key → the
 * old key is wiped → the opening record. A crash in between finds the old key still in force, and begins again. */
#include "approve/evidence.h"

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "approve/control.h"
#include "approve/outputs.h"
#include "approve/witness.h"
#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "base/log.h"
#include "identity/b64.h"

enum turn { TURN_NONE, TURN_ASKED, TURN_CLOSING, TURN_CLOSED, TURN_ADVANCING };

struct evidence {
	struct control *ctl;
	struct loop_timer *timer;
	struct buf text;       /* of the checkpoint that is being signed; empty: none is */
	uint64_t signing;      /* records that it covers */
	int64_t last_ms;       /* when one was last asked for, monotonic */
	bool soon;             /* the timer comes before its second is over */
	uint64_t closing_seq;  /* of the closing record */
	enum turn turn;
	char *next_key;
};

static void tick(void *arg)
{
	struct evidence *e = arg;

	/* The round that follows looks; here only something happens. */
	e->soon = false;
	e->timer = loop_timer(e->ctl->loop, 1000, tick, e);
}

int evidence_open(struct control *c)
{
	struct evidence *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return ERR_NOMEM;
	e->ctl = c;
	buf_init(&e->text, CHECKPOINT_MAX_TEXT);
	c->evidence = e;
	e->timer = loop_timer(c->loop, 1000, tick, e);
	return e->timer != NULL ? ERR_OK : ERR_NOMEM;
}

void evidence_close(struct control *c)
{
	struct evidence *e = c->evidence;

	if (e == NULL)
		return;
	loop_timer_del(e->timer);
	buf_free(&e->text);
	free(e->next_key);
	free(e);
	c->evidence = NULL;
}

/* The number in "… audit.7", the comment of the vault's key line; 0 when it says none. */
static int64_t epoch_of(const char *line)
{
	const char *p = line != NULL ? strstr(line, "audit.") : NULL;

	return p != NULL ? strtol(p + 6, NULL, 10) : 0;
}

void evidence_keys(struct control *c)
{
	int64_t n = epoch_of(c->audit_key_line);

	if (c->audit_key_line == NULL || n <= store_number(c->store, "epoch"))
		return;
	if (control_record(c, NULL, "epoch.open", json_pack("{s:I,s:s}", "epoch", (json_int_t)n, "key", c->audit_key_line), NULL) < 0)
		return;
	(void)store_number_put(c->store, "epoch", n);
	(void)store_number_put(c->store, "epoch_opened", clock_wall_ms() / 1000);
}

/* ---- checkpoints ---- */

static int armour(struct view sig, struct buf *out)
{
	struct buf b64;
	int r;

	buf_init(&b64, 1 << 16);
	r = b64_encode(B64_STD, sig.p, sig.n, &b64);
	if (r >= 0)
		r = buf_put_str(out, "-----BEGIN SSH SIGNATURE-----\n");
	for (size_t i = 0; r >= 0 && i < b64.len; i += 70) {
		r = buf_put(out, buf_ptr(&b64) + i, b64.len - i < 70 ? b64.len - i : 70);
		if (r >= 0)
			r = buf_put_u8(out, '\n');
	}
	if (r >= 0)
		r = buf_put_str(out, "-----END SSH SIGNATURE-----\n");
	buf_free(&b64);
	return r;
}

/* Copies leave the host. */
static void send_away(struct control *c, struct view text, struct buf *sig)
{
	struct view sshsig = { buf_ptr(sig), sig->len };

	outputs_checkpoint(c, text, sshsig);
	witness_offer(c, text, sshsig);
	if (c->config->audit.syslog)
		syslog(LOG_AUTHPRIV | LOG_NOTICE, "checkpoint %.*s", (int)text.n, (const char *)text.p);
}

static void on_signed(void *arg, bool ok, struct view data, struct view why_text)
{
	struct evidence *e = arg;
	struct control *c = e->ctl;
	struct view text = { buf_ptr(&e->text), e->text.len };
	struct why why = { "" };
	struct buf sig;
	int r = ERR_REFUSED;

	buf_init(&sig, 1 << 16);
	if (!ok)
		why_set(&why, "%.*s", (int)(why_text.n > 200 ? 200 : why_text.n), (const char *)why_text.p);
	else
		r = armour(data, &sig);
	if (r >= 0)
		r = audit_checkpoint_store(c->log, text, (struct view){ buf_ptr(&sig), sig.len }, &why);
	if (r < 0) {
		c->count.failures[FAIL_CHECKPOINT]++;
		log_warn("a checkpoint cannot be made: %s", why.text[0] != '\0' ? why.text : err_text(r));
	} else {
		send_away(c, text, &sig);
		if (e->turn == TURN_CLOSING && e->signing >= e->closing_seq)
			e->turn = TURN_CLOSED;
	}
	buf_clear(&e->text);
	buf_free(&sig);
}

/* The last checkpoint of an epoch says who signs the next: a witness, which sees no records, follows by it. */
static int name_next(struct evidence *e)
{
	const char *line = e->next_key;
	size_t n;

	if (e->turn != TURN_CLOSING || audit_durable(e->ctl->log) < e->closing_seq || line == NULL)
		return ERR_OK;
	n = strcspn(line, " ");
	n += line[n] == ' ' ? 1 + strcspn(line + n + 1, " \n") : 0;
	return buf_printf(&e->text, "next %.*s\n", (int)n, line);
}

static void checkpoint(struct evidence *e)
{
	struct control *c = e->ctl;
	struct msg_vault_checkpoint m = { 0 };
	struct checkpoint cp;
	struct why why = { "" };

	if (c->vault == NULL || audit_checkpoint_text(c->log, &e->text, &why) < 0 || name_next(e) < 0 ||
	    checkpoint_read((struct view){ buf_ptr(&e->text), e->text.len }, &cp, &why) < 0 ||
	    control_vault_call(c, on_signed, e, &m.req) < 0) {
		buf_clear(&e->text);
		return;
	}
	e->signing = cp.size;
	e->last_ms = clock_mono_ms();
	m.text = (struct view){ buf_ptr(&e->text), e->text.len };
	(void)msg_vault_checkpoint_send(&c->vault->ipc, &m, NULL, 0);
}

/* ---- epochs ---- */

static void on_next_key(void *arg, bool ok, struct view data, struct view why)
{
	struct evidence *e = arg;
	struct control *c = e->ctl;

	free(e->next_key);
	e->next_key = NULL;
	if (!ok || view_strdup(&data, &e->next_key) < 0) {
		log_warn("the next audit key: %.*s", (int)(why.n > 200 ? 200 : why.n), (const char *)why.p);
		e->turn = TURN_NONE;
		return;
	}
	e->turn = control_record(c, NULL, "epoch.close",
				 json_pack("{s:I,s:s,s:s}", "epoch", (json_int_t)epoch_of(c->audit_key_line), "next_key", e->next_key, "reason",
					   "its time is over"),
				 &e->closing_seq) < 0
			  ? TURN_NONE
			  : TURN_CLOSING;
}

static void on_advanced(void *arg, bool ok, struct view data, struct view why)
{
	struct evidence *e = arg;

	(void)data;
	e->turn = TURN_NONE;
	if (!ok) {
		log_error("the old audit key cannot be put away: %.*s", (int)(why.n > 200 ? 200 : why.n), (const char *)why.p);
		return;
	}
	free(e->ctl->audit_key_line);
	e->ctl->audit_key_line = e->next_key;
	e->next_key = NULL;
	evidence_keys(e->ctl);
}

static void turn_epoch(struct evidence *e)
{
	struct control *c = e->ctl;
	struct msg_vault_epoch_next next = { 0 };
	struct msg_vault_epoch_advance advance = { 0 };

	if (c->vault == NULL)
		return;
	if (e->turn == TURN_NONE && c->audit_key_line != NULL && store_number(c->store, "epoch") > 0 &&
	    clock_wall_ms() / 1000 >= store_number(c->store, "epoch_opened") + (int64_t)c->config->audit.epoch) {
		if (control_vault_call(c, on_next_key, e, &next.req) < 0)
			return;
		e->turn = TURN_ASKED;
		(void)msg_vault_epoch_next_send(&c->vault->ipc, &next, NULL, 0);
	} else if (e->turn == TURN_CLOSED) {
		if (control_vault_call(c, on_advanced, e, &advance.req) < 0)
			return;
		e->turn = TURN_ADVANCING;
		(void)msg_vault_epoch_advance_send(&c->vault->ipc, &advance, NULL, 0);
	}
}

/* ms until the next checkpoint. One that could not be made is tried again after a while, like any other. */
static uint64_t wait_ms(const struct evidence *e, int64_t now)
{
	const struct config *cfg = e->ctl->config;
	struct audit_cadence cadence = { cfg->audit.checkpoint_records, cfg->audit.checkpoint_seconds * 1000 };
	uint64_t left = e->turn == TURN_CLOSING && audit_durable(e->ctl->log) >= e->closing_seq ?
				0 : audit_checkpoint_wait(e->ctl->log, (uint64_t)now, cadence);
	uint64_t rest = e->last_ms > 0 && now < e->last_ms + 100 ? (uint64_t)(e->last_ms + 100 - now) : 0;

	return left > rest ? left : rest;
}

void evidence_round(struct control *c)
{
	struct evidence *e = c->evidence;
	uint64_t left;

	if (e == NULL || c->audit_key_line == NULL)
		return;
	turn_epoch(e);
	if (e->text.len > 0)
		return;
	left = wait_ms(e, clock_mono_ms());
	if (left == 0) {
		checkpoint(e);
	} else if (left < 1000 && !e->soon) {
		loop_timer_del(e->timer);
		e->timer = loop_timer(c->loop, (int64_t)left, tick, e);
		e->soon = true;
	}
}

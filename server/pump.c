/* Bytes between the agent's channel and the target's. Output is masked, then recorded, then delivered, in this order and never in
 * another; where the next cannot take it, it stays, and in the end libssh grants the sender no more.
 *
 * libssh keeps no account of what a peer sends past its window, and reading a part of what it buffered makes it grant a whole new window.
 * So bytes are taken over all at once or not at all, into buffers with a bound, and the window is counted here again. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mask.h"
#include "server/files.h"
#include "server/session.h"

enum {
	LIBSSH_WINDOW = 1280000,              /* what libssh grants once less than half of it is left */
	PIECE = 64 * 1024,                    /* masked at once */
	WRITE_MAX = 256 * 1024,               /* handed to libssh at once */
	MASKED_TELL_MS = 500
};

void masks_release(struct masks *m)
{
	if (m == NULL || --m->refs > 0)
		return;
	mask_set_free(m->set);
	free(m);
}

void flow_init(struct flow *f, bool secret)
{
	if (secret)
		buf_init_secret(&f->raw, FLOW_MAX);
	else
		buf_init(&f->raw, FLOW_MAX);
	buf_init(&f->ready, FLOW_MAX);
}

void flow_free(struct flow *f)
{
	buf_free(&f->raw);
	buf_free(&f->ready);
	mask_stream_free(f->mask);
	f->mask = NULL;
	masks_release(f->masks);
	f->masks = NULL;
	EVP_MD_CTX_free(f->sha);
	f->sha = NULL;
}

/* The window as libssh counts it: n fresh bytes came. */
static void window_took(struct session *s, struct window *w, size_t n)
{
	if (n > w->granted) {
		w->overrun += n - w->granted;
		w->granted = 0;
	} else {
		w->granted -= (uint32_t)n;
	}
	if (w->overrun > FLOW_OVERRUN)
		session_cut(s, "more was sent than the window allows");
}

static void window_grow(struct window *w, size_t left)
{
	if (w->granted + left < LIBSSH_WINDOW / 2)
		w->granted = LIBSSH_WINDOW;
}

/* Called by libssh with all that it holds of a stream; returns how much of it was taken over: all or nothing. */
static int take(struct session *s, struct flow *f, struct window *w, const void *data, uint32_t len, bool room)
{
	window_took(s, w, len - f->left);
	if (!room || s->busy || s->cut || f->raw.len >= FLOW_TAKE || buf_put(&f->raw, data, len) < 0) {
		f->left = len;
		window_grow(w, len);
		return 0;
	}
	f->left = 0;
	window_grow(w, 0);
	return (int)len;
}

int pump_agent_data(ssh_session session, ssh_channel channel, void *data, uint32_t len, int is_stderr, void *arg)
{
	struct channel *c = arg;

	(void)session;
	(void)channel;
	if (is_stderr || c->state >= CHANNEL_LEAVING || (c->target_closed && c->shell == NULL)) {
		/* No client has a use for extended data, and nobody reads the input of what has ended. */
		window_took(c->session, &c->agent_window, is_stderr ? len : len - c->in.left);
		if (!is_stderr)
			c->in.left = 0;
		window_grow(&c->agent_window, 0);
		return (int)len;
	}
	return take(c->session, &c->in, &c->agent_window, data, len, true);
}

int pump_target_data(ssh_session session, ssh_channel channel, void *data, uint32_t len, int is_stderr, void *arg)
{
	struct channel *c = arg;
	struct flow *f = is_stderr ? &c->err : &c->out;

	(void)session;
	(void)channel;
	return take(c->session, f, &c->target_window, data, len, f->ready.len < FLOW_TAKE && !pump_target_stalled(c, session_now()));
}

/* What libssh held back, once there is room for all of it. */
static bool fetch(struct session *s, ssh_channel channel, struct flow *f, struct window *w, bool is_stderr)
{
	uint8_t *p;
	int n;

	if (f->left == 0 || channel == NULL || f->raw.len >= FLOW_TAKE)
		return false;
	p = buf_reserve(&f->raw, f->left);
	if (p == NULL)
		return false;
	n = ssh_channel_read_timeout(channel, p, (uint32_t)f->left, is_stderr, 0);
	if (n <= 0) {
		session_cut(s, "a channel could not be read");
		return false;
	}
	buf_added(&f->raw, (size_t)n);
	f->left -= (size_t)n;
	if (w->granted < LIBSSH_WINDOW / 2)
		w->granted = LIBSSH_WINDOW;
	return true;
}

bool pump_take(struct channel *c)
{
	struct session *s = c->session;
	bool moved = fetch(s, c->agent, &c->in, &c->agent_window, false);

	if (c->agent_eof && c->in.left == 0)
		c->in.eof = true;
	if (c->target != NULL && !pump_target_stalled(c, session_now())) {
		if (c->out.ready.len < FLOW_TAKE)
			moved |= fetch(s, c->target, &c->out, &c->target_window, false);
		if (c->err.ready.len < FLOW_TAKE)
			moved |= fetch(s, c->target, &c->err, &c->target_window, true);
	}
	if (c->target_eof && c->out.left == 0)
		c->out.eof = true;
	if (c->target_eof && c->err.left == 0)
		c->err.eof = true;
	return moved;
}

static void on_masked(struct channel *c, uint8_t stream, const struct mask_event *e)
{
	struct masked *m;

	for (unsigned i = 0; i < c->nmasked; i++) {
		if (c->masked[i].stream == stream && strcmp(c->masked[i].rule, e->rule) == 0) {
			c->masked[i].count++;
			if (e->length > c->masked[i].length)
				c->masked[i].length = e->length;
			return;
		}
	}
	if (c->nmasked == MASKED_KINDS)
		pump_tell_masked(c);
	m = &c->masked[c->nmasked++];
	m->rule = e->rule;
	m->offset = e->offset;
	m->length = e->length;
	m->count = 1;
	m->stream = stream;
	if (c->masked_due == 0)
		c->masked_due = session_now() + MASKED_TELL_MS;
	if (e->end_session)
		session_end(c->session, EXIT_DENIED, "sallyport: denied: the output holds what must not be shown, and the rule ends the session", "a mask rule ends the session");
}

static void out_masked(void *ctx, const struct mask_event *e)
{
	struct channel *c = ctx;

	on_masked(c, c->out.stream, e);
}

static void err_masked(void *ctx, const struct mask_event *e)
{
	struct channel *c = ctx;

	on_masked(c, c->err.stream, e);
}

void pump_tell_masked(struct channel *c)
{
	struct session *s = c->session;

	for (unsigned i = 0; i < c->nmasked; i++) {
		const struct masked *k = &c->masked[i];
		struct msg_masked m = { .question = c->run_question, .rule = proto_str(k->rule), .stream = k->stream, .offset = k->offset, .count = k->count };

		m.length_class = k->length <= 16 ? 0 : k->length <= 64 ? 1 : k->length <= 256 ? 2 : 3;
		if (!s->control_lost && s->control.fd >= 0 && msg_masked_send(&s->control, &m, NULL, 0) < 0)
			control_gone(s);
	}
	c->nmasked = 0;
	c->masked_due = 0;
}

static int start_flow(struct channel *c, struct flow *f, uint8_t stream, mask_event_fn fn)
{
	struct masks *masks = c->forward != NULL ? NULL : c->session->masks; /* a forward is raw bytes */
	int r;

	f->sha = EVP_MD_CTX_new();
	if (f->sha == NULL || EVP_DigestInit_ex(f->sha, EVP_sha256(), NULL) != 1)
		return ERR_CRYPTO;
	f->stream = stream;
	if (masks == NULL || fn == NULL)
		return ERR_OK;
	r = mask_stream_new(masks->set, c->session->mask_key, c->has_pty ? MASK_PTY : MASK_PLAIN, fn, c, &f->mask);
	if (r < 0)
		return r;
	masks->refs++;
	f->masks = masks;
	if (c->has_pty)
		mask_stream_columns(f->mask, c->cols);
	return ERR_OK;
}

int pump_start(struct channel *c)
{
	int r = ERR_OK;

	if (files_stream(c)) /* else it has no digest as a whole */
		r = start_flow(c, &c->in, 0, NULL);
	if (r == ERR_OK && files_stream(c)) /* what files hold is not masked: that would change it */
		r = start_flow(c, &c->out, c->has_pty ? 3 : 1, c->files == NULL ? out_masked : NULL);
	if (r == ERR_OK)
		r = start_flow(c, &c->err, 2, err_masked);
	return r;
}

static void reset_flow(struct flow *f)
{
	mask_stream_free(f->mask);
	masks_release(f->masks);
	EVP_MD_CTX_free(f->sha);
	f->mask = NULL;
	f->masks = NULL;
	f->sha = NULL;
	f->eof_sent = f->finished = false;
	f->bytes = 0;
	f->mask_due = 0;
}

void pump_reset(struct channel *c)
{
	reset_flow(&c->in);
	reset_flow(&c->out);
	reset_flow(&c->err);
	c->out.eof = c->err.eof = false;
	c->out.left = c->err.left = 0;
	buf_clear(&c->out.raw);
	buf_clear(&c->err.raw);
	c->target_window = (struct window){ .granted = 64000 };
	c->target_eof = c->target_closed = false;
	c->exit_status = -1;
	free(c->exit_signal);
	c->exit_signal = NULL;
}

void pump_digest(struct flow *f, uint8_t out[32])
{
	unsigned n = 0;

	if (f->sha == NULL || EVP_DigestFinal_ex(f->sha, out, &n) != 1 || n != 32)
		memset(out, 0, 32);
}

/* raw → ready. Any failure of masking is final: what was not put out may be a secret. */
static int mask_some(struct channel *c, struct flow *f, int64_t now, bool *moved)
{
	size_t n;
	int r = ERR_OK;

	if (c->files != NULL && f == &c->out) { /* its owner does, as long as it runs */
		if (c->state != CHANNEL_RUNNING && c->state != CHANNEL_STARTING) {
			buf_clear(&f->raw);
			f->finished = true;
		}
		return ERR_OK;
	}
	while (r == ERR_OK && f->raw.len > 0 && f->ready.len < FLOW_TAKE) {
		*moved = true;
		if (f->mask == NULL && f->ready.len == 0) { /* nothing to look at: the buffers change places */
			struct buf t = f->ready;

			f->ready = f->raw;
			f->raw = t;
			break;
		}
		n = f->raw.len < PIECE ? f->raw.len : PIECE;
		if (f->mask == NULL) {
			r = buf_put(&f->ready, buf_ptr(&f->raw), n);
		} else {
			r = mask_feed(f->mask, buf_ptr(&f->raw), n, &f->ready);
			n = r == ERR_OK ? n : 0;
			f->mask_due = mask_wait_ms(f->mask) > 0 ? now + mask_wait_ms(f->mask) : 0;
		}
		if (r == ERR_OK)
			buf_consume(&f->raw, n);
	}
	if (r == ERR_OK && f->eof && f->left == 0 && f->raw.len == 0 && !f->finished) {
		r = f->mask == NULL ? ERR_OK : mask_finish(f->mask, &f->ready);
		f->finished = true;
		f->mask_due = 0;
		*moved = true;
	} else if (r == ERR_OK && f->mask != NULL && f->mask_due > 0 && now >= f->mask_due && !f->finished) {
		r = mask_flush_idle(f->mask, &f->ready);
		f->mask_due = mask_wait_ms(f->mask) > 0 ? now + mask_wait_ms(f->mask) : 0;
		*moved = true;
	}
	if (r < 0)
		session_cut(c->session, "masking failed");
	return r;
}

static int record_some(struct channel *c, struct flow *f, bool is_stderr, bool *moved)
{
	size_t n;

	while (f->recorded < f->ready.len && !recording_full(c->session)) {
		n = f->ready.len - f->recorded;
		n = n < PIECE ? n : PIECE;
		if (recording_output(c, is_stderr, buf_ptr(&f->ready) + f->recorded, n) < 0) {
			session_cut(c->session, "the recording cannot be written");
			return ERR_SYS;
		}
		f->recorded += n;
		*moved = true;
	}
	return ERR_OK;
}

int pump_write(struct session *s, bool to_agent, ssh_channel to, bool is_stderr, const struct buf *b, size_t n)
{
	uint32_t room = ssh_channel_window_size(to);
	uint64_t out = to_agent ? s->agent_backlog.raw.out_bytes : s->target_backlog.raw.out_bytes;
	int r;

	n = n < WRITE_MAX ? n : WRITE_MAX;
	n = n < room ? n : room;
	if (n == 0 || rekey_held(s, to_agent))
		return 0;
	r = is_stderr ? ssh_channel_write_stderr(to, buf_ptr(b), (uint32_t)n) : ssh_channel_write(to, buf_ptr(b), (uint32_t)n);
	if (r > 0)
		rekey_wrote(s, to_agent, out, (size_t)r);
	return r;
}

static void deliver(struct channel *c, struct flow *f, bool is_stderr, bool *moved)
{
	int n;

	/* A full socket to the recorder holds delivery: what the agent saw must be on its way to the disk. */
	if (c->record_open && recording_full(c->session))
		return;
	while (f->recorded > 0 && c->agent != NULL && !c->agent_gone && !agent_congested(c->session)) {
		n = pump_write(c->session, true, c->agent, is_stderr, &f->ready, f->recorded);
		if (n <= 0)
			return;
		if (f->sha != NULL)
			(void)EVP_DigestUpdate(f->sha, buf_ptr(&f->ready), (size_t)n);
		buf_consume(&f->ready, (size_t)n);
		f->recorded -= (size_t)n;
		f->bytes += (uint64_t)n;
		*moved = true;
	}
}

static void pump_out(struct channel *c, struct flow *f, bool is_stderr, int64_t now, bool *moved)
{
	if (mask_some(c, f, now, moved) < 0)
		return;
	if (c->files != NULL && f == &c->out)
		f->recorded = f->ready.len; /* what files hold is not recorded */
	else if (c->record_open && record_some(c, f, is_stderr, moved) < 0)
		return;
	if (c->forward != NULL)
		f->recorded = f->ready.len;
	deliver(c, f, is_stderr, moved);
}

static void pump_in(struct channel *c, bool *moved)
{
	struct flow *f = &c->in;
	struct buf *b = c->files != NULL ? &f->ready : &f->raw;
	int n;

	if (c->target == NULL || c->target_closed) {
		if (c->shell == NULL)
			buf_clear(&f->raw);
		return;
	}
	if (c->shell != NULL && (!c->has_pty || c->no_tty)) { /* what comes is the script; a statement has an empty input */
		if (!f->eof_sent)
			ssh_channel_send_eof(c->target);
		f->eof_sent = true;
		return;
	}
	while (b->len > 0 && !target_congested(c->session)) {
		n = pump_write(c->session, false, c->target, false, b, b->len);
		if (n <= 0)
			break;
		if (f->sha != NULL)
			(void)EVP_DigestUpdate(f->sha, buf_ptr(b), (size_t)n);
		buf_consume(b, (size_t)n);
		f->bytes += (uint64_t)n;
		*moved = true;
	}
	if (f->eof && f->left == 0 && f->raw.len == 0 && b->len == 0 && !f->eof_sent) {
		ssh_channel_send_eof(c->target);
		f->eof_sent = true;
		*moved = true;
	}
}

bool pump_channel(struct channel *c)
{
	int64_t now = session_now();
	bool moved = false;

	c->session->busy = true;
	if (c->state == CHANNEL_RUNNING && c->files != NULL)
		moved |= files_step(c);
	if (c->state == CHANNEL_RUNNING)
		pump_in(c, &moved);
	pump_out(c, &c->out, false, now, &moved);
	/* A managed shell's terminal has one stream: a client would show what comes as two in any order. */
	if (!c->session->cut)
		pump_out(c, &c->err, c->shell == NULL || !c->has_pty, now, &moved);
	c->session->busy = false;
	if (c->masked_due > 0 && now >= c->masked_due)
		pump_tell_masked(c);
	return moved && !c->session->cut;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

int64_t pump_due(const struct channel *c)
{
	return sooner(sooner(c->out.mask_due, c->err.mask_due), c->masked_due);
}

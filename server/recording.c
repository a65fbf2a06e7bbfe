/* The recorder's socket. A frame counts as recorded once the kernel has it; the recorder's acknowledgements say what is on disk, and a
 * target is not read while too much of its output waits for one. The recorder's end is the session's end. */
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "recorder/frame.h"
#include "policy/mask.h"
#include "server/session.h"

static int send_frame(struct session *s, const struct frame *f)
{
	struct buf b;
	int r;

	buf_init(&b, FRAME_MAX);
	r = frame_write(&b, f);
	if (r == ERR_OK)
		r = ipc_send(&s->recorder, (uint16_t)f->type, buf_ptr(&b), b.len, NULL, 0);
	buf_free(&b);
	return r;
}

void recording_given(struct session *s, int fd)
{
	int size = 1 << 20;

	if (s->recorder.fd >= 0) {
		close(fd);
		return;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	ipc_init(&s->recorder, fd, false);
}

bool recording_full(const struct session *s)
{
	return ipc_pending(&s->recorder);
}

static uint64_t wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static struct frame frame_of(const struct channel *c, enum frame_type type)
{
	struct frame f = { .type = type, .channel = c->id, .time_us = (uint64_t)clock_mono_us() };

	f.width = (uint16_t)(c->has_pty ? c->cols : 80);
	f.height = (uint16_t)(c->has_pty ? c->rows : 24);
	return f;
}

int recording_open(struct channel *c)
{
	struct frame f = frame_of(c, FRAME_OPEN);
	struct masks *masks = c->session->masks;
	struct buf title; /* what was typed may hold a secret as well as what comes back */
	int r = ERR_OK;

	buf_init(&title, 4 * FRAME_MAX_TEXT);
	if (masks != NULL) {
		r = mask_text(masks->set, c->session->mask_key, buf_ptr(&c->command), c->command.len, &title, NULL, NULL, NULL);
		if (r < 0)
			buf_clear(&title); /* a recording without a title is one all the same */
	}

	f.wall_us = wall_us();
	f.flags = (c->record_digest ? FRAME_DIGEST_ONLY : 0) | (c->has_pty ? FRAME_PTY : 0);
	f.term = proto_str(c->term == NULL ? "" : c->term);
	f.text = masks != NULL ? (struct view){ buf_ptr(&title), title.len } : (struct view){ buf_ptr(&c->command), c->command.len };
	f.text.n = f.text.n < FRAME_MAX_TEXT ? f.text.n : FRAME_MAX_TEXT;
	r = send_frame(c->session, &f);
	buf_free(&title);
	c->record_open = r == ERR_OK;
	return r;
}

int recording_output(struct channel *c, bool is_stderr, const uint8_t *p, size_t n)
{
	struct buf head;
	int r;

	buf_init(&head, 64);
	r = frame_write_output_head(&head, c->id, (uint64_t)clock_mono_us(), is_stderr ? FRAME_STDERR : FRAME_STDOUT, n);
	if (r == ERR_OK)
		r = ipc_send_parts(&c->session->recorder, FRAME_OUTPUT, buf_ptr(&head), head.len, p, n);
	buf_free(&head);
	if (r < 0)
		return r;
	c->rec_sent += n;
	if (c->rec_mark_ms == 0) {
		c->rec_mark = c->rec_sent;
		c->rec_mark_ms = session_now();
	}
	return ERR_OK;
}

int recording_marker(struct channel *c, struct view text)
{
	struct frame f = frame_of(c, FRAME_MARKER);

	f.text = text;
	return c->record_open ? send_frame(c->session, &f) : ERR_OK;
}

int recording_resize(struct channel *c)
{
	struct frame f = frame_of(c, FRAME_RESIZE);

	return c->record_open && !c->ended ? send_frame(c->session, &f) : ERR_OK;
}

int recording_close(struct channel *c, bool complete)
{
	struct frame f = frame_of(c, FRAME_CLOSE);

	f.exit_status = c->exit_signal == NULL && c->exit_status >= 0 ? c->exit_status & 0xff : -1;
	f.signal = proto_str(c->exit_signal == NULL ? "" : c->exit_signal);
	f.complete = complete;
	c->rec_closing = c->record_open;
	return c->record_open ? send_frame(c->session, &f) : ERR_OK;
}

bool pump_target_stalled(const struct channel *c, int64_t now)
{
	if (c->rec_mark_ms == 0)
		return false;
	return c->rec_sent - c->rec_acked > FRAME_WINDOW_BYTES || now - c->rec_mark_ms > FRAME_WINDOW_US / 1000;
}

static int read_ack(struct session *s, const struct ipc_msg *m)
{
	struct frame f;
	int r;

	if (m->type != FRAME_ACK)
		return ERR_MALFORMED;
	r = frame_read((uint8_t)m->type, m->payload, &f);
	if (r < 0)
		return r;
	for (struct channel *c = s->channels; c != NULL; c = c->next) {
		if (c->id != f.channel)
			continue;
		if (f.bytes > c->rec_sent || f.bytes < c->rec_acked)
			return ERR_MALFORMED;
		c->rec_acked = f.bytes;
		if ((f.flags & FRAME_ACK_CLOSED) != 0)
			c->rec_closing = false;
		if (c->rec_acked >= c->rec_mark) {
			c->rec_mark = c->rec_sent;
			c->rec_mark_ms = c->rec_acked < c->rec_sent ? session_now() : 0;
		}
	}
	return ERR_OK; /* of a channel that the agent left before it was closed */
}

void recording_step(struct session *s)
{
	struct ipc_msg m;
	int r;

	if (s->recorder.fd < 0)
		return;
	r = s->recorder_ready ? ipc_read(&s->recorder) : ERR_OK;
	s->recorder_ready = false;
	while ((r == ERR_OK || r == ERR_AGAIN) && (r = ipc_next(&s->recorder, &m)) == ERR_OK) {
		r = read_ack(s, &m);
		ipc_msg_close(&m);
	}
	if (r == ERR_AGAIN && ipc_pending(&s->recorder))
		r = ipc_flush(&s->recorder);
	if (r < 0 && r != ERR_AGAIN) {
		ipc_free(&s->recorder);
		session_cut(s, "the recorder ended");
	}
}

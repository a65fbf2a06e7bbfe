/* sallyport-recorder: one a session. Frames from the session worker on descriptor 3, the session's facts from control on 4,
 * files below the directory on 5. Distrusts the worker, which reads hostile bytes all day: a frame that breaks the order ends this
 * process, and the session with it. Goes on when control dies: the files and their sidecars are complete without it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ipc.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/process.h"
#include "base/proto.h"
#include "base/sandbox.h"
#include "base/zygote.h"
#include "recorder/frame.h"
#include "recorder/recording.h"
#include "recorder/forget.h"
#include "recorder/repair.h"
#include "recorder/seal.h"

static struct {
	struct ipc session, control;
	bool control_alive;
	int dirfd;
	struct loop *loop;
	struct loop_watch *session_watch, *control_watch;
	bool started;
	struct recording_session facts;
	struct seal_readers *readers;
	uint64_t part_bytes; /* text of one part; 0: RECORDING_PART_BYTES */
	struct recording_events events;
	struct {
		uint32_t channel; /* 0: free */
		struct recording *recording;
	} open[FRAME_MAX_CHANNELS];
	int exit_code;
} rec;

static void stop(int code)
{
	if (rec.exit_code == 0)
		rec.exit_code = code;
	loop_stop(rec.loop);
}

/* Control is told why, and the closed session socket is what ends the session. */
static void give_up(const struct why *w)
{
	struct msg_rec_failed m = { .why = proto_str(w->text) };

	log_error("%s", w->text);
	if (rec.control_alive && msg_rec_failed_send(&rec.control, &m, NULL, 0) < 0)
		rec.control_alive = false;
	stop(1);
}

static void control_lost(void)
{
	if (!rec.control_alive)
		return;
	rec.control_alive = false;
	loop_watch_del(rec.control_watch);
	rec.control_watch = NULL;
	log_warn("control is gone; the recording goes on");
}

static void control_want_write(void)
{
	if (rec.control_watch != NULL)
		loop_watch_events(rec.control_watch, LOOP_READ | (ipc_pending(&rec.control) ? LOOP_WRITE : 0));
}

/* Digests travel as lower-case hex, as records carry them. */
static struct view hex(const uint8_t sha256[SINK_DIGEST], char out[2 * SINK_DIGEST + 1])
{
	for (int i = 0; i < SINK_DIGEST; i++)
		snprintf(out + 2 * i, 3, "%02x", sha256[i]);
	return (struct view){ (const uint8_t *)out, 2 * SINK_DIGEST };
}

static void tell_digest(void *ctx, const char *recording, unsigned part, uint64_t bytes, const uint8_t sha256[SINK_DIGEST], uint32_t lag_ms)
{
	char text[2 * SINK_DIGEST + 1];
	struct msg_rec_digest m = { .recording = proto_str(recording), .part = part, .bytes = bytes, .sha256 = hex(sha256, text),
				    .lag_ms = lag_ms };

	(void)ctx;
	if (rec.control_alive && msg_rec_digest_send(&rec.control, &m, NULL, 0) < 0)
		control_lost();
	control_want_write();
}

static void tell_closed(void *ctx, const char *recording, unsigned part, uint64_t bytes, uint64_t raw, const uint8_t sha256[SINK_DIGEST],
			uint64_t ms, bool last, uint32_t lag_ms)
{
	char text[2 * SINK_DIGEST + 1];
	struct msg_rec_closed m = { .recording = proto_str(recording), .part = part, .bytes = bytes, .raw_bytes = raw,
				    .sha256 = hex(sha256, text), .ms = ms, .last = last, .lag_ms = lag_ms };

	(void)ctx;
	if (rec.control_alive && msg_rec_closed_send(&rec.control, &m, NULL, 0) < 0)
		control_lost();
	control_want_write();
}

static void acknowledge(uint32_t channel, uint64_t bytes, uint32_t flags)
{
	struct frame f = { .type = FRAME_ACK, .channel = channel, .bytes = bytes, .flags = flags };
	struct buf b;

	buf_init(&b, 64);
	if (frame_write(&b, &f) == ERR_OK)
		(void)ipc_send(&rec.session, FRAME_ACK, buf_ptr(&b), b.len, NULL, 0);
	buf_free(&b);
	if (rec.session_watch != NULL)
		loop_watch_events(rec.session_watch, LOOP_READ | (ipc_pending(&rec.session) ? LOOP_WRITE : 0));
}

static void tell_kept(void *ctx, uint32_t channel, uint64_t bytes)
{
	(void)ctx;
	acknowledge(channel, bytes, FRAME_ACK_OPEN | FRAME_ACK_CLOSED);
}

static int find(uint32_t channel)
{
	for (int i = 0; i < FRAME_MAX_CHANNELS; i++)
		if (rec.open[i].channel == channel)
			return i;
	return -1;
}

static int open_recording(const struct frame *f, struct why *w)
{
	struct msg_rec_opened m = { .channel = f->channel };
	int i = find(0), r;

	if (i < 0)
		return why_fail(w, ERR_LIMIT, "more than %d recordings at once", FRAME_MAX_CHANNELS);
	/* Channels begin in any order (one waits for a person, the next does not); a number that was used names a file that is there. */
	if (find(f->channel) >= 0)
		return why_fail(w, ERR_MALFORMED, "channel %u is open", f->channel);
	r = recording_open(rec.dirfd, &rec.facts, &rec.events, f, rec.part_bytes, &rec.open[i].recording, w);
	if (r < 0)
		return r;
	rec.open[i].channel = f->channel;
	m.recording = proto_str(recording_id(rec.open[i].recording));
	if (rec.control_alive && msg_rec_opened_send(&rec.control, &m, NULL, 0) < 0)
		control_lost();
	control_want_write();
	return ERR_OK;
}

static int close_recording(int i, const struct frame *f, struct why *w)
{
	int r = recording_close(rec.open[i].recording, f, (uint64_t)clock_mono_us(), w);

	recording_free(rec.open[i].recording);
	rec.open[i].recording = NULL;
	rec.open[i].channel = 0;
	return r;
}

static int take_frame(const struct ipc_msg *m, struct why *w)
{
	struct frame f;
	int i, r = m->type > 255 || m->nfds > 0 ? ERR_MALFORMED : frame_read((uint8_t)m->type, m->payload, &f);

	if (r < 0 || f.type == FRAME_ACK)
		return why_fail(w, ERR_MALFORMED, "the session sent a malformed frame");
	if (f.type == FRAME_OPEN)
		return open_recording(&f, w);
	i = find(f.channel);
	if (i < 0)
		return why_fail(w, ERR_MALFORMED, "the session sent a frame for a channel that is not open");
	if (f.type == FRAME_CLOSE)
		return close_recording(i, &f, w);
	return recording_frame(rec.open[i].recording, &f, w);
}

/* Writes and syncs what is due; returns µs until the next is, or 0 for never. */
static uint64_t do_due(struct why *w, int *r)
{
	uint64_t next = 0, due, now, bytes;
	bool synced;

	*r = ERR_OK;
	for (int i = 0; i < FRAME_MAX_CHANNELS && *r == ERR_OK; i++) {
		if (rec.open[i].channel == 0 || (due = recording_due(rec.open[i].recording)) == 0)
			continue;
		now = (uint64_t)clock_mono_us();
		if (due > now) {
			/* A worker whose clock runs ahead only delays its own acknowledgements, and by no more than this. */
			uint64_t left = due - now < 2 * RECORDING_SYNC_US ? due - now : 2 * RECORDING_SYNC_US;

			next = next == 0 || left < next ? left : next;
			continue;
		}
		*r = recording_tick(rec.open[i].recording, now, &synced, &bytes, w);
		if (*r == ERR_OK && synced)
			acknowledge(rec.open[i].channel, bytes, FRAME_ACK_OPEN);
		i--; /* there may be more to do for it */
	}
	return next;
}

static struct loop_timer *due_timer;
static int64_t due_us; /* when it fires */

static void on_due(void *arg);

static void after_frames(void)
{
	struct why w;
	int r;
	uint64_t left = do_due(&w, &r);

	if (r < 0) {
		give_up(&w);
		return;
	}
	if (left == 0 || (due_timer != NULL && due_us <= clock_mono_us() + (int64_t)left))
		return;
	if (due_timer != NULL)
		loop_timer_del(due_timer);
	due_us = clock_mono_us() + (int64_t)left;
	due_timer = loop_timer(rec.loop, (int64_t)(left / 1000 + 1), on_due, NULL);
}

static void on_due(void *arg)
{
	(void)arg;
	due_timer = NULL;
	after_frames();
}

/* The session is over: everything is closed as it stands. */
static void session_over(void)
{
	struct msg_rec_done done = { 0 };
	struct why w;

	for (int i = 0; i < FRAME_MAX_CHANNELS; i++)
		if (rec.open[i].channel != 0 && close_recording(i, NULL, &w) < 0)
			give_up(&w);
	if (rec.control_alive && rec.exit_code == 0)
		(void)msg_rec_done_send(&rec.control, &done, NULL, 0);
	stop(0);
}

static void on_session(int fd, unsigned events, void *arg)
{
	struct ipc_msg m;
	struct why w;
	int r;

	(void)fd;
	(void)arg;
	if ((events & LOOP_WRITE) != 0) {
		r = ipc_flush(&rec.session);
		loop_watch_events(rec.session_watch, LOOP_READ | (ipc_pending(&rec.session) ? LOOP_WRITE : 0));
		if (r < 0 && r != ERR_AGAIN && (events & LOOP_READ) == 0) {
			session_over();
			return;
		}
	}
	if ((events & (LOOP_READ | LOOP_HANGUP)) == 0)
		return;
	r = ipc_read(&rec.session);
	if (r == ERR_AGAIN)
		return;
	if (r < 0) {
		session_over();
		return;
	}
	while ((r = ipc_next(&rec.session, &m)) == ERR_OK) {
		r = take_frame(&m, &w);
		ipc_msg_close(&m);
		if (r < 0) {
			give_up(&w);
			return;
		}
	}
	if (r != ERR_AGAIN) {
		why_set(&w, "the session's socket is out of step");
		give_up(&w);
		return;
	}
	after_frames();
}

static void on_control(int fd, unsigned events, void *arg)
{
	struct ipc_msg m;
	int r;

	(void)fd;
	(void)arg;
	if ((events & LOOP_WRITE) != 0) {
		r = ipc_flush(&rec.control);
		if (r < 0 && r != ERR_AGAIN) {
			control_lost();
			return;
		}
		control_want_write();
	}
	if ((events & (LOOP_READ | LOOP_HANGUP)) == 0)
		return;
	r = ipc_read(&rec.control);
	while (r == ERR_OK && (r = ipc_next(&rec.control, &m)) == ERR_OK) {
		log_error("control sent %s, which is not expected any more", proto_name(m.type));
		ipc_msg_close(&m);
	}
	if (r != ERR_AGAIN)
		control_lost();
}

static char *keep(struct view v)
{
	char *s = malloc(v.n + 1);

	if (s == NULL)
		return NULL;
	for (size_t i = 0; i < v.n; i++)
		s[i] = v.p[i] != '\0' ? (char)v.p[i] : '?';
	s[v.n] = '\0';
	return s;
}

/* The first message, before anything is recorded. ERR_EOF: it was to delete, and that is done. */
static int start(struct why *w)
{
	struct msg_rec_start m;
	struct ipc_msg msg;
	int r = ipc_wait(&rec.control, &msg, 10000);

	if (r == ERR_OK && msg.type == MSG_rec_forget)
		return forget_serve(&rec.control, &msg, rec.dirfd);
	if (r == ERR_OK)
		r = msg_rec_start_read(&msg, &m);
	if (r < 0)
		return why_fail(w, r, "control did not say what to record: %s", err_text(r));
	if (!recording_session_id_ok(m.session))
		return why_fail(w, ERR_MALFORMED, "control named a session that cannot be a file name");
	memcpy(rec.facts.id, m.session.p, m.session.n);
	rec.part_bytes = m.part_bytes;
	rec.facts.identity = keep(m.identity);
	rec.facts.on_behalf_of = keep(m.on_behalf_of);
	rec.facts.issuer = keep(m.issuer);
	rec.facts.target = keep(m.target);
	rec.facts.login = keep(m.login);
	if (rec.facts.identity == NULL || rec.facts.on_behalf_of == NULL || rec.facts.issuer == NULL || rec.facts.target == NULL ||
	    rec.facts.login == NULL)
		return why_fail(w, ERR_NOMEM, "no memory");
	if (m.readers.n > 0) {
		r = seal_readers_load(m.readers, &rec.readers, w);
		rec.facts.readers = rec.readers;
	}
	return r;
}

static int serve(void)
{
	struct landlock_path below = { .write = true };
	struct why w = { "" };
	int r = process_harden("sallyport-recorder", FD_RECORDER_DIR);

	if (r < 0)
		return 1;
	rec.events = (struct recording_events){ tell_digest, tell_closed, tell_kept, NULL };
	/* A descriptor that was opened with O_PATH cannot be synced. */
	rec.dirfd = openat(FD_RECORDER_DIR, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rec.loop = loop_new();
	if (rec.dirfd < 0 || rec.loop == NULL) {
		log_error("cannot start: %s", strerror(errno));
		return 1;
	}
	close(FD_RECORDER_DIR);
	recording_umask(rec.dirfd);
	ipc_init(&rec.session, FD_RECORDER_SESSION, false);
	ipc_init(&rec.control, FD_RECORDER_CONTROL, false);
	rec.control_alive = true;
	below.fd = rec.dirfd;
	r = sandbox_enter(SANDBOX_RECORDER, &below, 1);
	if (r == ERR_UNSUPPORTED)
		log_warn("no sandbox here");
	else if (r < 0)
		return 1;
	r = start(&w);
	if (r == ERR_EOF)
		return 0;
	if (r < 0) {
		log_error("%s", w.text);
		return 1;
	}
	rec.session_watch = loop_watch(rec.loop, FD_RECORDER_SESSION, LOOP_READ, on_session, NULL);
	rec.control_watch = loop_watch(rec.loop, FD_RECORDER_CONTROL, LOOP_READ, on_control, NULL);
	if (rec.session_watch == NULL || rec.control_watch == NULL)
		return 1;
	loop_run(rec.loop);
	/* The last words to control, if it still listens. */
	if (rec.control_alive && ipc_pending(&rec.control)) {
		struct ipc_msg m;

		(void)ipc_wait(&rec.control, &m, 500);
	}
	return rec.exit_code;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return serve();
	if (argc == 2 && strcmp(argv[1], "--parent") == 0) {
		if (process_harden("sallyport-recorder", FD_RECORDER_SESSION) < 0)
			return 1;
		zygote_serve(FD_RECORDER_SESSION, FD_RECORDER_DIR - FD_RECORDER_SESSION + 1, argv);
		return serve();
	}
	if (argc >= 3 && strcmp(argv[1], "--repair") == 0)
		return repair_main(argv[2]);
	fprintf(stderr, "sallyport-recorder is started by sallyportd.\n"
			"By hand: sallyport-recorder --repair DIRECTORY makes recordings valid that a crash cut.\n");
	return 2;
}

/* See retention.h. Two steps, so that a file never lacks without a record: the record and the note that the files are to go are made durable
 * together; then a recorder, whose files they are, unlinks them. What was noted and not done yet when control was killed is done by the next. */
#include "approve/retention.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "approve/control.h"
#include "base/log.h"

enum { TICK_MS = 1000, AT_ONCE = 256, AGAIN_MS = 10000 };

struct retention {
	struct control *ctl;
	struct loop_timer *timer;
	struct peer *recorder; /* that deletes; NULL: none now */
	uint32_t req;          /* it was asked for */
	unsigned waiting;      /* its answers that are to come */
	int64_t failed_ms;     /* when deleting failed last */
};

/* ---- what is over ---- */

static void gather(void *arg, const struct store_recording *v)
{
	json_array_append_new(arg, json_pack("{s:s,s:s,s:I,s:I,s:I}", "id", v->id, "session", v->session, "parts", (json_int_t)v->parts, "bytes",
					     (json_int_t)v->bytes, "ended", (json_int_t)v->ended_ms));
}

/* Bytes of a part as it lies there; 0 when it cannot be looked at. */
static json_int_t size_of(const char *id, uint32_t part)
{
	static const char *const suffixes[] = { "", ".cms" };
	char name[200];
	struct stat st;

	for (size_t i = 0; i < 2; i++) {
		if (part == 1)
			snprintf(name, sizeof(name), "recordings/%s.cast.gz%s", id, suffixes[i]);
		else
			snprintf(name, sizeof(name), "recordings/%s.%u.cast.gz%s", id, part, suffixes[i]);
		if (lstat(name, &st) == 0)
			return (json_int_t)st.st_size;
	}
	return 0;
}

/* Its record, a part at a time, and the note. false: nothing more can be recorded now. */
static bool let_go(struct control *c, const json_t *o, const char *reason)
{
	const char *id = json_string_value(json_object_get(o, "id")), *session = json_string_value(json_object_get(o, "session"));
	uint32_t parts = (uint32_t)json_integer_value(json_object_get(o, "parts"));

	for (uint32_t part = 1; part <= parts; part++) {
		if (control_record(c, session[0] != '\0' ? session : NULL, "recording.deleted",
				   json_pack("{s:s,s:s,s:I,s:I}", "recording", id, "reason", reason, "part", (json_int_t)part, "bytes", size_of(id, part)),
				   NULL) < 0)
			return false;
	}
	return store_recording_gone(c->store, id, parts, (uint64_t)json_integer_value(json_object_get(o, "bytes"))) >= 0;
}

static void look(struct retention *t)
{
	struct control *c = t->ctl;
	uint64_t keep = c->config->recording.keep, most = c->config->recording.keep_bytes;
	int64_t before = keep > 0 ? clock_wall_ms() - (int64_t)keep * 1000 : 0;
	bool above = most > 0 && store_recordings_bytes(c->store) > most;
	json_t *list, *o;
	char reason[96];
	size_t i;

	if (keep == 0 && !above)
		return;
	list = json_array();
	(void)store_recordings_kept(c->store, AT_ONCE, gather, list);
	json_array_foreach(list, i, o) {
		if (keep > 0 && json_integer_value(json_object_get(o, "ended")) <= before)
			snprintf(reason, sizeof(reason), "retention: it was kept for %llu seconds", (unsigned long long)keep);
		else if (most > 0 && store_recordings_bytes(c->store) > most)
			snprintf(reason, sizeof(reason), "retention: recordings took more than %llu bytes, and it was the oldest", (unsigned long long)most);
		else
			break; /* those that follow are younger */
		if (!let_go(c, o, reason))
			break;
	}
	json_decref(list);
}

/* ---- deleting ---- */

static void close_recorder(struct retention *t)
{
	peer_close(t->recorder, true);
	t->recorder = NULL;
	t->waiting = 0;
}

static void ask_one(void *arg, const char *id, uint32_t parts)
{
	struct retention *t = arg;
	struct msg_rec_forget m = { .recording = proto_str(id), .parts = parts };

	if (msg_rec_forget_send(&t->recorder->ipc, &m, NULL, 0) >= 0)
		t->waiting++;
}

static void ask(struct retention *t)
{
	t->waiting = 0;
	(void)store_gone(t->ctl->store, AT_ONCE, ask_one, t);
	if (t->waiting == 0)
		close_recorder(t);
}

static int on_answer(void *arg, struct ipc_msg *m)
{
	struct retention *t = arg;
	struct msg_rec_forgotten a;
	char *id = NULL;

	if (m->type != MSG_rec_forgotten || m->nfds != 0 || msg_rec_forgotten_read(m, &a) < 0 || t->waiting == 0 ||
	    view_strdup(&a.recording, &id) < 0)
		return ERR_MALFORMED;
	t->waiting--;
	if (a.ok) {
		(void)store_gone_drop(t->ctl->store, id);
	} else {
		log_error("a recording whose time is over cannot be deleted: %.*s", (int)(a.why.n > 200 ? 200 : a.why.n), (const char *)a.why.p);
		t->failed_ms = clock_mono_ms();
	}
	free(id);
	if (t->waiting == 0 && t->failed_ms != 0)
		close_recorder(t);
	else if (t->waiting == 0)
		ask(t);
	return ERR_OK;
}

static void on_gone(void *arg, const char *why)
{
	struct retention *t = arg;

	log_warn("the recorder that deletes ended: %s", why);
	t->recorder = NULL;
	t->waiting = 0;
	t->failed_ms = clock_mono_ms();
}

void retention_recorder(struct control *c, const struct msg_recorder_ready *m, int control_fd, int session_fd)
{
	struct retention *t = c->retention;

	if (session_fd >= 0)
		close(session_fd);
	if (t == NULL || t->req != m->req || m->req == 0 || !m->ok || control_fd < 0) {
		if (control_fd >= 0)
			close(control_fd);
		if (t != NULL && t->req == m->req) {
			t->req = 0;
			t->failed_ms = clock_mono_ms();
		}
		return;
	}
	t->req = 0;
	/* What is asked waits for the end of the round: the records are on the disk by then. */
	t->recorder = peer_open(&c->peers, control_fd, true, "a recorder", on_answer, on_gone, t);
	if (t->recorder != NULL)
		ask(t);
}

static void any(void *arg, const char *id, uint32_t parts)
{
	(void)id;
	(void)parts;
	*(bool *)arg = true;
}

static void sweep(struct retention *t)
{
	struct control *c = t->ctl;
	struct msg_recorder_start m = { .sid = 0 };
	bool work = false;

	if (t->recorder != NULL || t->req != 0 || c->supervisor == NULL || (t->failed_ms != 0 && clock_mono_ms() - t->failed_ms < AGAIN_MS))
		return;
	t->failed_ms = 0;
	(void)store_gone(c->store, 1, any, &work);
	if (!work)
		return;
	m.req = t->req = control_req(c);
	if (msg_recorder_start_send(&c->supervisor->ipc, &m, NULL, 0) < 0)
		t->req = 0;
}

static void tick(void *arg)
{
	struct retention *t = arg;

	t->timer = loop_timer(t->ctl->loop, TICK_MS, tick, t);
	look(t);
	sweep(t);
}

int retention_open(struct control *c)
{
	struct retention *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ERR_NOMEM;
	t->ctl = c;
	c->retention = t;
	t->timer = loop_timer(c->loop, TICK_MS, tick, t);
	return t->timer != NULL ? ERR_OK : ERR_NOMEM;
}

void retention_close(struct control *c)
{
	struct retention *t = c->retention;

	if (t == NULL)
		return;
	loop_timer_del(t->timer);
	peer_close(t->recorder, false);
	free(t);
	c->retention = NULL;
}

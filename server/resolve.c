/* The bastion's own sftp channel to the target; see resolve.h. One question at a time; the answers are the target's, and read as such. */
#include "server/resolve.h"

#include <libssh/callbacks.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/session.h"
#include "server/sftp_wire.h"

enum { LOOKUPS_MAX = 256, ANSWER_MAX = 64 * 1024, ANSWER_MS = 20 * 1000 };

/* A path that leads elsewhere on every system that has it: a server that says it does not, does not look. */
static const char probe[] = "/proc/self/fd";

enum state { OPENING, ASKING_SFTP, SAYING_HELLO, FINDING_HOME, PROBING, UP, FAILED };

struct lookup {
	struct lookup *next;
	char *path;
	unsigned how;
	resolve_fn *fn; /* NULL: forgotten */
	void *arg;
	char *found;    /* RESOLVE_KIND: waits for LSTAT */
};

struct resolver {
	struct session *session;
	enum state state;
	ssh_channel channel;
	struct ssh_channel_callbacks_struct callbacks;
	struct buf in, out;
	bool ended, asked; /* asked: a question stands with the target */
	uint32_t id;
	int64_t due;       /* of its answer */
	char *home;
	const char *why;
	struct lookup *first;
	unsigned n;
};

static int on_data(ssh_session session, ssh_channel channel, void *data, uint32_t len, int is_stderr, void *arg)
{
	struct resolver *v = arg;

	(void)session;
	(void)channel;
	if (!is_stderr && buf_put(&v->in, data, len) < 0)
		v->ended = true; /* more than any answer takes */
	return (int)len;
}

static void on_end(ssh_session session, ssh_channel channel, void *arg)
{
	(void)session;
	(void)channel;
	((struct resolver *)arg)->ended = true;
}

static void free_lookup(struct lookup *l)
{
	free(l->path);
	free(l->found);
	free(l);
}

static void drop_channel(struct resolver *v)
{
	if (v->channel == NULL)
		return;
	(void)ssh_remove_channel_callbacks(v->channel, &v->callbacks);
	(void)ssh_channel_close(v->channel);
	ssh_channel_free(v->channel);
	v->channel = NULL;
}

/* Answers the first lookup. */
static void answer(struct resolver *v, uint32_t status, const char *path, bool is_dir)
{
	struct lookup *l = v->first;
	struct resolved r = { .status = status, .path = path, .is_dir = is_dir };

	v->first = l->next;
	v->n--;
	if (l->fn != NULL)
		l->fn(l->arg, &r);
	free_lookup(l);
}

static void fail(struct resolver *v, const char *why)
{
	if (v->state == FAILED)
		return;
	v->state = FAILED;
	v->why = why;
	drop_channel(v);
	buf_free(&v->in);
	buf_free(&v->out);
	while (v->first != NULL)
		answer(v, SFTP_NO_CONNECTION, "", false);
}

static struct resolver *resolver_of(struct session *s)
{
	struct resolver *v = s->resolver;

	if (v != NULL || (v = calloc(1, sizeof(*v))) == NULL)
		return v;
	v->session = s;
	buf_init(&v->in, ANSWER_MAX);
	buf_init(&v->out, ANSWER_MAX);
	v->callbacks = (struct ssh_channel_callbacks_struct){
		.userdata = v, .channel_data_function = on_data, .channel_eof_function = on_end, .channel_close_function = on_end };
	ssh_callbacks_init(&v->callbacks);
	s->resolver = v;
	return v;
}

const char *resolve_home(struct session *s, bool *failed)
{
	struct resolver *v = resolver_of(s);

	*failed = v == NULL || v->state == FAILED;
	return v != NULL && v->state == UP ? v->home : NULL;
}

const char *resolve_why(const struct session *s)
{
	return s->resolver != NULL && s->resolver->why != NULL ? s->resolver->why : "the target's sftp server cannot be asked where a path leads";
}

int resolve_path(struct session *s, const char *path, unsigned how, resolve_fn *fn, void *arg)
{
	struct resolver *v = resolver_of(s);
	struct lookup *l, **last;

	if (v == NULL)
		return ERR_NOMEM;
	if (v->state == FAILED)
		return ERR_UNAVAILABLE;
	if (v->n >= LOOKUPS_MAX)
		return ERR_LIMIT;
	l = calloc(1, sizeof(*l));
	if (l == NULL || (l->path = strdup(path)) == NULL) {
		free(l);
		return ERR_NOMEM;
	}
	l->how = how;
	l->fn = fn;
	l->arg = arg;
	for (last = &v->first; *last != NULL; last = &(*last)->next)
		;
	*last = l;
	v->n++;
	return ERR_OK;
}

void resolve_forget(struct session *s, void *arg)
{
	for (struct lookup *l = s->resolver == NULL ? NULL : s->resolver->first; l != NULL; l = l->next) {
		if (l->arg == arg)
			l->fn = NULL;
	}
}

void resolve_lost(struct session *s)
{
	struct resolver *v = s->resolver;

	if (v == NULL)
		return;
	fail(v, "the target's connection ended");
	free(v->home);
	free(v);
	s->resolver = NULL;
}

int64_t resolve_due(const struct session *s)
{
	return s->resolver == NULL || s->resolver->state == FAILED ? 0 : s->resolver->due;
}

/* ---- questions ---- */

static void ask(struct resolver *v, uint8_t type, const char *path)
{
	if (sftp_put_path(&v->out, type, ++v->id, path) < 0) {
		fail(v, "no memory for the target's sftp server");
		return;
	}
	v->asked = true;
	v->due = session_now() + ANSWER_MS;
}

static void ask_first(struct resolver *v)
{
	struct lookup *l = v->first;
	char *slash;

	if (l->fn == NULL) {
		answer(v, SFTP_FAILURE, "", false);
		return;
	}
	slash = strrchr(l->path, '/');
	if ((l->how & RESOLVE_PARENT) == 0 || slash == NULL || slash[1] == '\0') {
		ask(v, SFTP_REALPATH, l->path);
	} else if (slash == l->path) {
		ask(v, SFTP_REALPATH, "/");
	} else {
		*slash = '\0';
		ask(v, SFTP_REALPATH, l->path);
		*slash = '/';
	}
}

/* The path that the target named, or NULL: absolute, and without a step that would have to be looked up. */
static char *path_of(const struct sftp_reply *r, const char *append)
{
	char clean[SFTP_PATH_MAX + 1], joined[2 * SFTP_PATH_MAX + 2];
	struct view whole;

	if (r->count != 1 || r->name.n == 0 || r->name.p[0] != '/' || sftp_clean("/", r->name, clean) < 0 || strlen(clean) != r->name.n)
		return NULL;
	if (append == NULL)
		return strdup(clean);
	snprintf(joined, sizeof(joined), "%s%s", strcmp(clean, "/") == 0 ? "" : clean, append);
	whole = (struct view){ (const uint8_t *)joined, strlen(joined) };
	return sftp_clean("/", whole, clean) < 0 ? NULL : strdup(clean);
}

/* ---- answers ---- */

static void found(struct resolver *v, const struct sftp_reply *r)
{
	struct lookup *l = v->first;
	const char *slash = strrchr(l->path, '/');

	if (l->found != NULL) { /* what kind of thing it is */
		bool is_dir = r->type == SFTP_ATTRS && r->attrs.has_mode && (r->attrs.mode & 0170000) == 0040000;
		char *path = l->found;

		l->found = NULL;
		if (r->type == SFTP_ATTRS && !r->attrs.has_mode)
			is_dir = true; /* not known: the stricter of the two */
		if (r->type == SFTP_ATTRS || (r->type == SFTP_STATUS && r->status != SFTP_OK))
			answer(v, SFTP_OK, path, is_dir);
		else
			fail(v, "the target's sftp server broke the protocol");
		free(path);
		return;
	}
	if (r->type == SFTP_STATUS && r->status != SFTP_OK && r->status <= SFTP_OP_UNSUPPORTED) {
		answer(v, r->status, "", false);
		return;
	}
	if (r->type == SFTP_NAME)
		l->found = path_of(r, (l->how & RESOLVE_PARENT) != 0 && slash != NULL && slash[1] != '\0' ? slash : NULL);
	if (l->found == NULL) {
		fail(v, "the target's sftp server broke the protocol");
	} else if ((l->how & RESOLVE_KIND) != 0) {
		ask(v, SFTP_LSTAT, l->found);
	} else {
		char *path = l->found;

		l->found = NULL;
		answer(v, SFTP_OK, path, false);
		free(path);
	}
}

static void on_packet(struct resolver *v, struct view packet)
{
	struct sftp_reply r;
	uint32_t version, offered;

	v->asked = false;
	v->due = 0;
	if (v->state == SAYING_HELLO) {
		if (sftp_read_version(packet, &version, &offered) < 0 || version != SFTP_VERSION) {
			fail(v, "the target's sftp server does not speak version 3");
			return;
		}
		v->state = FINDING_HOME;
		ask(v, SFTP_REALPATH, ".");
		return;
	}
	if (sftp_read_reply(packet, &r) < 0 || r.id != v->id) {
		fail(v, "the target's sftp server broke the protocol");
		return;
	}
	switch (v->state) {
	case FINDING_HOME:
		v->home = r.type == SFTP_NAME ? path_of(&r, NULL) : NULL;
		if (v->home == NULL) {
			fail(v, "the target's sftp server does not say where it begins");
			return;
		}
		v->state = PROBING;
		ask(v, SFTP_REALPATH, probe);
		return;
	case PROBING:
		if (r.type == SFTP_NAME && view_is(&r.name, probe))
			fail(v, "the target's sftp server does not follow links when it is asked where a path leads, so no path rule would hold");
		else
			v->state = UP;
		return;
	case UP:
		if (v->first == NULL)
			fail(v, "the target's sftp server broke the protocol");
		else
			found(v, &r);
		return;
	default:
		return;
	}
}

/* ---- the channel ---- */

static bool open_step(struct resolver *v)
{
	struct session *s = v->session;
	int r;

	if (v->state == OPENING) {
		if (s->target_state != TARGET_UP)
			return false;
		if (v->channel == NULL) {
			v->channel = ssh_channel_new(s->target);
			if (v->channel == NULL || ssh_set_channel_callbacks(v->channel, &v->callbacks) != SSH_OK) {
				fail(v, "no channel to the target");
				return true;
			}
			v->due = session_now() + ANSWER_MS;
		}
		r = ssh_channel_open_session(v->channel);
		if (r == SSH_AGAIN)
			return false;
		v->state = ASKING_SFTP;
		if (r != SSH_OK)
			fail(v, "the target opens no channel");
		return true;
	}
	r = ssh_channel_request_subsystem(v->channel, "sftp");
	if (r == SSH_AGAIN && !v->ended)
		return false;
	v->state = SAYING_HELLO;
	v->asked = true;
	v->due = session_now() + ANSWER_MS;
	if (r != SSH_OK)
		fail(v, "the target has no sftp server, without which nothing says where a path leads");
	else if (sftp_put_init(&v->out) < 0)
		fail(v, "no memory for the target's sftp server");
	return true;
}

bool resolve_step(struct session *s)
{
	struct resolver *v = s->resolver;
	struct view in, packet;
	bool moved = false;
	size_t whole;
	int r;

	if (v == NULL || v->state == FAILED)
		return false;
	if (v->due > 0 && session_now() >= v->due) {
		fail(v, "the target's sftp server does not answer");
		return true;
	}
	if (v->state < SAYING_HELLO)
		return open_step(v);
	for (;;) {
		in = (struct view){ buf_ptr(&v->in), v->in.len };
		r = sftp_packet(in, &packet, &whole);
		if (r == ERR_AGAIN)
			break;
		moved = true;
		if (r < 0 || !v->asked) {
			fail(v, "the target's sftp server broke the protocol");
			return true;
		}
		on_packet(v, packet);
		if (v->state == FAILED)
			return true;
		buf_consume(&v->in, whole);
	}
	if (v->ended) {
		fail(v, "the target's sftp server ended");
		return true;
	}
	while (v->state == UP && !v->asked && v->first != NULL) {
		moved = true;
		ask_first(v);
	}
	if (v->state != FAILED && v->out.len > 0) {
		int n = pump_write(v->session, false, v->channel, false, &v->out, v->out.len);

		if (n > 0) {
			buf_consume(&v->out, (size_t)n);
			moved = true;
		}
	}
	return moved;
}

/* The agent's requests; see sftp.h. The agent chooses every byte of them. */
#include "server/sftp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/resolve.h"
#include "server/session.h"

enum { BIT_READ = 1 << FILE_READ, BIT_WRITE = 1 << FILE_WRITE, BIT_DELETE = 1 << FILE_DELETE, BIT_LIST = 1 << FILE_LIST, BIT_META = 1 << FILE_META };

/* What a request does to the paths that it names. Creating a link counts as writing what it leads to: whoever writes to the one writes to the
 * other. Renaming is, as for mv, reading and deleting the old and writing the new. */
static const struct deed {
	uint16_t type;
	struct {
		uint8_t does, how;
	} path[2];
} deeds[] = {
	{ SFTP_OPEN, { { 0, RESOLVE_FOLLOW } } }, /* by its flags */
	{ SFTP_LSTAT, { { BIT_LIST, RESOLVE_PARENT } } },
	{ SFTP_SETSTAT, { { BIT_META, RESOLVE_FOLLOW } } },
	{ SFTP_OPENDIR, { { BIT_LIST, RESOLVE_FOLLOW } } },
	{ SFTP_REMOVE, { { BIT_DELETE, RESOLVE_PARENT } } },
	{ SFTP_MKDIR, { { BIT_WRITE, RESOLVE_PARENT } } },
	{ SFTP_RMDIR, { { BIT_DELETE, RESOLVE_PARENT } } },
	{ SFTP_STAT, { { BIT_LIST, RESOLVE_FOLLOW } } },
	{ SFTP_RENAME, { { BIT_READ | BIT_DELETE, RESOLVE_PARENT | RESOLVE_KIND }, { BIT_WRITE, RESOLVE_PARENT } } },
	{ SFTP_READLINK, { { BIT_LIST, RESOLVE_PARENT } } },
	{ SFTP_SYMLINK, { { BIT_WRITE, RESOLVE_FOLLOW }, { BIT_WRITE, RESOLVE_PARENT } } },
	{ SFTP_POSIX_RENAME, { { BIT_READ | BIT_DELETE, RESOLVE_PARENT | RESOLVE_KIND }, { BIT_WRITE, RESOLVE_PARENT } } },
	{ SFTP_HARDLINK, { { BIT_READ | BIT_WRITE, RESOLVE_PARENT }, { BIT_WRITE, RESOLVE_PARENT } } },
	{ SFTP_STATVFS, { { BIT_LIST, RESOLVE_FOLLOW } } },
	{ SFTP_LSETSTAT, { { BIT_META, RESOLVE_PARENT } } },
};

static const char line_ids[] = "sallyport: denied rule=gate:mode: set-user-ID and set-group-ID bits are not set through the bastion";

static const struct deed *deed_of(unsigned type)
{
	for (unsigned i = 0; i < sizeof(deeds) / sizeof(*deeds); i++) {
		if (deeds[i].type == type)
			return &deeds[i];
	}
	return NULL;
}

static unsigned does(const struct sftp_request *q, unsigned i)
{
	if (q->type != SFTP_OPEN)
		return deed_of(q->type)->path[i].does;
	return ((q->flags & ~(uint32_t)SFTP_F_READ) != 0 ? BIT_WRITE : 0) | ((q->flags & SFTP_F_READ) != 0 || q->flags == 0 ? BIT_READ : 0);
}

static void broke(struct channel *c, const char *who)
{
	char line[128];

	snprintf(line, sizeof(line), "sallyport: unavailable: %s broke the sftp protocol", who);
	chan_refuse(c, EXIT_UNAVAILABLE, line, strlen(line));
}

static int say(struct channel *c, uint32_t id, uint32_t status, const char *text)
{
	return sftp_put_status(&c->out.ready, id, status, text, strlen(text));
}

/* ---- the head: a request that names paths ---- */

/* Only the names are taken: the request itself stays where it came in, and is read again when it goes on. */
static int begin(struct channel *c, const struct sftp_request *q, const char *home)
{
	char clean[SFTP_PATH_MAX + 1], from[SFTP_PATH_MAX + 1];
	const struct deed *d = deed_of(q->type);
	struct head *h = &c->files->head;
	int r = head_begin(c, d->path[1].does != 0 ? 2 : 1);

	snprintf(from, sizeof(from), "%s", home);
	for (unsigned i = h->n; i-- > 0 && r == ERR_OK;) {
		/* What a symbolic link says begins at the link's own directory. */
		if (q->type == SFTP_SYMLINK && i == 0) {
			snprintf(from, sizeof(from), "%s", h->name[1].clean);
			*strrchr(from, '/') = '\0';
		}
		r = sftp_clean(from, i == 0 ? q->path : q->path2, clean);
		if (r == ERR_OK && (h->name[i].clean = strdup(clean)) == NULL)
			r = ERR_NOMEM;
		h->name[i].how = d->path[i].how;
	}
	return r;
}

static void ask(struct channel *c, struct sftp *f, const struct sftp_request *q)
{
	static const enum file_op order[] = { FILE_DELETE, FILE_WRITE, FILE_META, FILE_READ, FILE_LIST };
	struct head *h = &c->files->head;
	bool tree = (deed_of(q->type)->path[0].how & RESOLVE_KIND) != 0 && h->name[0].is_dir; /* what is moved brings all that is below it */
	struct file_path paths[16];
	unsigned n = 0;

	for (unsigned i = 0; i < h->n; i++) {
		for (unsigned k = 0; k < sizeof(order) / sizeof(*order); k++) {
			if ((does(q, i) & 1u << order[k]) != 0)
				head_paths(paths, &n, order[k], tree, &h->name[i]);
		}
	}
	if (paths[0].op == FILE_LIST && q->type != SFTP_OPENDIR && sftp_known(f, &h->name[0]))
		head_allow(c);
	else
		head_ask(c, paths, n);
}

/* ---- the way on ---- */

static struct view text_of(const char *s)
{
	return (struct view){ (const uint8_t *)s, s == NULL ? 0 : strlen(s) };
}

static bool sets_ids(const struct sftp_request *q)
{
	return q->attrs.has_mode && (q->attrs.mode & 06000) != 0;
}

/* The head was allowed. */
static int go(struct channel *c, struct sftp *f, const struct sftp_request *q)
{
	const struct view none = { NULL, 0 };
	struct head *h = &c->files->head;
	struct sftp_under_way *u;

	for (unsigned i = 0; i < h->n; i++) {
		if (h->name[i].real == NULL && !(q->type == SFTP_SYMLINK && i == 0)) {
			head_not_done(c, h->name[i].status);
			return say(c, q->id, h->name[i].status, "the path leads nowhere");
		}
	}
	/* What a relative link says begins where the link really lies, which is not what was asked about. */
	if (q->type == SFTP_SYMLINK && (q->path.n == 0 || q->path.p[0] != '/') && strcmp(h->name[1].clean, h->name[1].real) != 0) {
		head_not_done(c, SFTP_PERMISSION_DENIED);
		return say(c, q->id, SFTP_PERMISSION_DENIED, "a link in a directory that is reached through a link must say an absolute path");
	}
	if (h->op == FILE_LIST && h->question != 0 && !h->waited)
		sftp_know(f, &h->name[0]);
	u = sftp_send(f, q->type, q->id);
	if (u == NULL || (u->path = strdup(h->name[0].real != NULL ? h->name[0].real : h->name[0].clean)) == NULL)
		return ERR_NOMEM;
	f->n_pathy++;
	u->question = h->question;
	u->op = h->op;
	u->reads = (does(q, 0) & BIT_READ) != 0;
	u->writes = (does(q, 0) & BIT_WRITE) != 0;
	return sftp_put_request(&c->in.ready, q, u->id, q->type == SFTP_SYMLINK ? none : text_of(h->name[0].real), h->n > 1 ? text_of(h->name[1].real) : none, none,
				none);
}

static void refused(struct channel *c, int code, const char *line)
{
	struct view in = { buf_ptr(&c->in.raw), c->in.raw.len }, packet;
	struct sftp_request q;
	size_t whole;

	(void)code;
	if (sftp_packet(in, &packet, &whole) < 0 || sftp_read_request(packet, &q) < 0)
		return; /* it was read before */
	chan_say(c, text_of(line)); /* stock clients show no text of a status */
	if (say(c, q.id, SFTP_PERMISSION_DENIED, line) < 0)
		session_cut(c->session, "out of memory");
	buf_consume(&c->in.raw, whole);
}

/* ---- requests that name no path ---- */

static int on_handle(struct channel *c, struct sftp *f, const struct sftp_request *q)
{
	const struct view none = { NULL, 0 };
	struct sftp_file *o = q->handle.n > 0 ? sftp_file_find(f, q->handle) : NULL, *to = NULL;
	struct sftp_request k = *q;
	struct sftp_under_way *u;

	if (q->type != SFTP_LIMITS) {
		bool good = o != NULL;

		if (q->type == SFTP_COPY_DATA) {
			to = sftp_file_find(f, q->handle2);
			good = good && to != NULL && o->reads && to->writes && !o->dir && !to->dir;
		} else if (q->type == SFTP_READ) {
			good = good && o->reads && !o->dir;
		} else if (q->type == SFTP_WRITE || q->type == SFTP_FSETSTAT || q->type == SFTP_FSYNC) {
			good = good && o->writes && !o->dir;
		} else if (q->type == SFTP_READDIR) {
			good = good && o->dir;
		}
		if (!good)
			return say(c, q->id, o == NULL ? SFTP_FAILURE : SFTP_PERMISSION_DENIED, o == NULL ? "no such handle" : "the file is not open for this");
	}
	if (q->type == SFTP_FSETSTAT && sets_ids(q)) {
		chan_say(c, text_of(line_ids));
		return say(c, q->id, SFTP_PERMISSION_DENIED, line_ids);
	}
	if (q->type == SFTP_READ && k.length > SFTP_DATA_MAX)
		k.length = SFTP_DATA_MAX;
	u = sftp_send(f, q->type, q->id);
	if (u == NULL)
		return ERR_NOMEM;
	u->file = o;
	u->number = o != NULL ? o->number : 0;
	u->offset = k.offset;
	u->length = k.length;
	if (q->type == SFTP_WRITE)
		span_add(&o->in, q->offset, q->data.p, q->data.n);
	if (q->type == SFTP_CLOSE)
		o->closing = true;
	if (q->type == SFTP_COPY_DATA)
		to->in.scattered = true; /* what goes from file to file on the target is not seen here */
	return sftp_put_request(&c->in.ready, &k, u->id, none, none, o == NULL ? none : (struct view){ o->handle, o->n },
				to == NULL ? none : (struct view){ to->handle, to->n });
}

/* Names are made absolute here and nothing is looked up: it tells nothing of the target, so nobody has to be asked. */
static int on_realpath(struct channel *c, const struct sftp_request *q, const char *home)
{
	char clean[SFTP_PATH_MAX + 1];
	struct view path = q->path;
	int r;

	if (q->type == SFTP_EXPAND_PATH && path.n > 0 && path.p[0] == '~') {
		if (path.n > 1 && path.p[1] != '/')
			return say(c, q->id, SFTP_FAILURE, "only ~ and ~/ are expanded");
		path.p++;
		path.n--;
		while (path.n > 0 && path.p[0] == '/') {
			path.p++;
			path.n--;
		}
	}
	r = sftp_clean(home, path, clean);
	return r == ERR_LIMIT ? say(c, q->id, SFTP_FAILURE, "the path is too long") : r < 0 ? r : sftp_put_name(&c->out.ready, q->id, clean);
}

/* ---- the loop ---- */

static int hello(struct channel *c, struct sftp *f, struct view packet)
{
	uint8_t type;
	uint32_t version;

	if (view_u8(&packet, &type) < 0 || type != SFTP_INIT || view_u32(&packet, &version) < 0 || version < SFTP_VERSION)
		return ERR_MALFORMED;
	f->hello_sent = true;
	return sftp_put_init(&c->in.ready);
}

/* One request. ERR_OK: it is done with, and *gone says whether it was taken off already; ERR_AGAIN: not now. */
static int request(struct channel *c, struct sftp *f, struct view packet, const char *home, bool *gone)
{
	struct sftp_request q;
	int r = sftp_read_request(packet, &q);

	if (r < 0)
		return r;
	if (q.type == 0)
		return say(c, q.id, SFTP_OP_UNSUPPORTED, "sallyport: this extension is not known here");
	if (q.type >= SFTP_POSIX_RENAME && q.type != SFTP_EXPAND_PATH && (f->offered & 1u << (q.type - SFTP_POSIX_RENAME)) == 0)
		return say(c, q.id, SFTP_OP_UNSUPPORTED, "the target does not know it");
	if (q.type == SFTP_REALPATH || q.type == SFTP_EXPAND_PATH)
		return on_realpath(c, &q, home);
	if (deed_of(q.type) == NULL)
		return on_handle(c, f, &q);
	if (f->n_pathy > 0)
		return ERR_AGAIN; /* what came before may change where it leads */
	if (f->base.head.stage == HEAD_NONE) {
		if (sets_ids(&q)) {
			chan_say(c, text_of(line_ids));
			return say(c, q.id, SFTP_PERMISSION_DENIED, line_ids);
		}
		r = begin(c, &q, home);
		if (r < 0)
			head_clear(c);
		if (r == ERR_LIMIT)
			return say(c, q.id, SFTP_FAILURE, "the path is too long");
		if (r < 0)
			return r;
	}
	for (;;) {
		switch (head_step(c)) {
		case HEAD_ASKS:
			ask(c, f, &q);
			if (f->base.head.stage == HEAD_NONE) { /* control is gone */
				*gone = true;
				return ERR_OK;
			}
			continue;
		case HEAD_GOES:
			r = go(c, f, &q);
			head_clear(c);
			return r;
		case HEAD_FAILED:
			*gone = true;
			return ERR_OK;
		case HEAD_WAITS:
			return ERR_AGAIN;
		}
	}
}

static bool requests(struct channel *c, struct sftp *f)
{
	bool moved = false, failed = false, gone;
	const char *home = resolve_home(c->session, &failed);
	struct view in, packet;
	size_t whole;
	int r = ERR_OK;

	if (failed) {
		char line[300];

		snprintf(line, sizeof(line), "sallyport: unavailable: %s", resolve_why(c->session));
		chan_refuse(c, EXIT_UNAVAILABLE, line, strlen(line));
		return true;
	}
	while (c->state == CHANNEL_RUNNING && !c->session->cut && c->in.ready.len < FLOW_TAKE && c->out.ready.len < FLOW_TAKE &&
	       f->n_under_way < SFTP_UNDER_WAY && (!f->hello_sent || (f->hello && home != NULL))) {
		in = (struct view){ buf_ptr(&c->in.raw), c->in.raw.len };
		r = sftp_packet(in, &packet, &whole);
		gone = false;
		if (r == ERR_OK)
			r = f->hello_sent ? request(c, f, packet, home, &gone) : hello(c, f, packet);
		if (r == ERR_AGAIN)
			break;
		if (r == ERR_NOMEM) {
			session_cut(c->session, "out of memory");
			return true;
		}
		if (r < 0) {
			broke(c, "the client");
			return true;
		}
		moved = true;
		if (!gone)
			buf_consume(&c->in.raw, whole);
	}
	/* Half a packet, and no more will come. */
	if (c->in.eof && c->in.left == 0 && c->in.raw.len > 0 && f->base.head.stage == HEAD_NONE &&
	    sftp_packet((struct view){ buf_ptr(&c->in.raw), c->in.raw.len }, &packet, &whole) == ERR_AGAIN)
		buf_clear(&c->in.raw);
	return moved;
}

static bool replies(struct channel *c, struct sftp *f)
{
	struct view in, packet;
	bool moved = false;
	uint32_t version;
	size_t whole;
	int r;

	while (c->state == CHANNEL_RUNNING && c->out.ready.len < FLOW_TAKE) {
		in = (struct view){ buf_ptr(&c->out.raw), c->out.raw.len };
		r = sftp_packet(in, &packet, &whole);
		if (r == ERR_AGAIN)
			break;
		if (r == ERR_OK && !f->hello) {
			r = f->hello_sent ? sftp_read_version(packet, &version, &f->offered) : ERR_MALFORMED;
			if (r == ERR_OK && version != SFTP_VERSION)
				r = ERR_UNSUPPORTED;
			f->hello = r == ERR_OK;
			if (r == ERR_OK)
				r = sftp_put_version(&c->out.ready, f->offered | 1u << (SFTP_EXPAND_PATH - SFTP_POSIX_RENAME));
		} else if (r == ERR_OK) {
			r = sftp_reply(c, packet);
		}
		if (r < 0) {
			broke(c, "the target's server");
			return true;
		}
		moved = true;
		buf_consume(&c->out.raw, whole);
	}
	if (c->out.eof && c->out.left == 0 && !c->out.finished && c->out.ready.len < FLOW_TAKE) {
		buf_clear(&c->out.raw); /* at most a part of a packet */
		c->out.finished = true;
		moved = true;
	}
	return moved;
}

static bool step(struct channel *c)
{
	struct sftp *f = (struct sftp *)c->files;
	bool moved = replies(c, f);

	if (c->state == CHANNEL_RUNNING)
		moved |= requests(c, f);
	return moved;
}

static void end(struct channel *c)
{
	sftp_table_end(c);
}

static void free_all(struct channel *c)
{
	sftp_table_free((struct sftp *)c->files);
	free(c->files);
}

static const struct files_kind kind = { .step = step, .refused = refused, .end = end, .free = free_all };

struct files *sftp_new(void)
{
	struct sftp *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->base.kind = &kind;
	return &f->base;
}

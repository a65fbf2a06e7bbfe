/* rsync; see rsync.h. */
#include "server/rsync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/transfer.h"
#include "server/resolve.h"
#include "server/session.h"
#include "server/sftp_wire.h"

enum { WORDS_MAX = 256 };

struct rsync {
	struct files base;
	char **words;
	struct transfer_plan plan;
	bool allowed;
	uint32_t question;
	char *path; /* the first one, absolute */
};

/* ---- words ---- */

int words_read(struct view argv, char ***words, struct transfer_plan *plan)
{
	struct view item;
	size_t n = 0;
	int r = ERR_OK;

	*words = calloc(WORDS_MAX + 1, sizeof(**words));
	if (*words == NULL)
		return ERR_NOMEM;
	while (argv.n > 0 && r == ERR_OK) {
		r = n == WORDS_MAX ? ERR_LIMIT : proto_list_next(&argv, &item);
		if (r == ERR_OK)
			r = view_strdup(&item, &(*words)[n++]);
	}
	return r < 0 ? r : transfer_read((const char *const *)*words, n, plan);
}

void words_free(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		free(words[i]);
	free(words);
}

int words_path(const char *home, const char *path, char *out)
{
	if (path[0] == '~' && (path[1] == '/' || path[1] == '\0')) {
		path++;
		while (*path == '/')
			path++;
	}
	return sftp_clean(home, (struct view){ (const uint8_t *)path, strlen(path) }, out);
}

/* ---- before it starts ---- */

static void refused(struct channel *c, int code, const char *line)
{
	chan_drop_target(c);
	chan_refuse(c, code, line, strlen(line));
}

static void refuse(struct channel *c, const char *why)
{
	char line[300];

	snprintf(line, sizeof(line), "sallyport: unavailable: %s", why);
	refused(c, EXIT_UNAVAILABLE, line);
}

static int begin(struct channel *c, struct rsync *y, const char *home)
{
	char clean[SFTP_PATH_MAX + 1];
	struct head *h = &c->files->head;
	int r = head_begin(c, (unsigned)y->plan.npaths);

	for (unsigned i = 0; i < h->n && r == ERR_OK; i++) {
		r = words_path(home, y->plan.paths[i].path, clean);
		if (r == ERR_OK && (h->name[i].clean = strdup(clean)) == NULL)
			r = ERR_NOMEM;
		h->name[i].how = RESOLVE_FOLLOW;
	}
	return r;
}

static void ask(struct channel *c, struct rsync *y)
{
	struct file_path paths[2 * TRANSFER_PATHS_MAX];
	struct head *h = &c->files->head;
	unsigned n = 0;

	for (unsigned i = 0; i < h->n; i++) {
		if (h->name[i].real == NULL) {
			refused(c, EXIT_DENIED, h->name[i].status == SFTP_NO_SUCH_FILE ?
					       "sallyport: denied rule=gate:link: a path of rsync leads nowhere: make its directory first" :
					       "sallyport: denied rule=gate:link: where a path of rsync leads cannot be found out");
			return;
		}
		head_paths(paths, &n, y->plan.paths[i].op, y->plan.paths[i].tree, &h->name[i]);
	}
	head_ask(c, paths, n);
}

static bool ready(struct channel *c)
{
	struct rsync *y = (struct rsync *)c->files;
	bool failed;
	const char *home = resolve_home(c->session, &failed);

	if (y->allowed)
		return true;
	if (failed) {
		refuse(c, resolve_why(c->session));
		return false;
	}
	if (home == NULL)
		return false;
	if (y->base.head.stage == HEAD_NONE && begin(c, y, home) < 0) {
		refuse(c, "a path of rsync is too long");
		return false;
	}
	for (;;) {
		switch (head_step(c)) {
		case HEAD_ASKS:
			ask(c, y);
			if (c->state != CHANNEL_STARTING)
				return false;
			continue;
		case HEAD_GOES:
			y->question = y->base.head.question;
			y->path = strdup(y->base.head.name[0].real);
			head_clear(c);
			y->allowed = y->path != NULL;
			if (!y->allowed)
				session_cut(c->session, "out of memory");
			return y->allowed;
		default:
			return false;
		}
	}
}

/* ---- while it runs ---- */

static bool pass(struct flow *f)
{
	struct buf t = f->ready;

	if (f->raw.len == 0 || f->ready.len > 0)
		return false;
	f->ready = f->raw;
	f->raw = t;
	return true;
}

static bool step(struct channel *c)
{
	bool moved = pass(&c->in);

	moved |= pass(&c->out);
	if (c->out.eof && c->out.left == 0 && c->out.raw.len == 0 && !c->out.finished) {
		c->out.finished = true;
		moved = true;
	}
	return moved;
}

static void end(struct channel *c)
{
	struct rsync *y = (struct rsync *)c->files;
	struct msg_file_done m = { .question = y->question, .op = y->plan.paths[0].op, .path = proto_str(y->path), .bytes_in = c->in.bytes, .bytes_out = c->out.bytes };

	m.status = c->exit_status == 0 && c->exit_signal == NULL ? SFTP_OK : SFTP_FAILURE;
	files_done(c, &m);
	y->question = 0;
}

static void free_all(struct channel *c)
{
	struct rsync *y = (struct rsync *)c->files;

	words_free(y->words);
	free(y->path);
	free(y);
}

static const struct files_kind kind = { .step = step, .refused = refused, .end = end, .free = free_all, .ready = ready, .stream = true };

struct files *rsync_new(struct view argv)
{
	struct rsync *y = calloc(1, sizeof(*y));

	if (y == NULL)
		return NULL;
	y->base.kind = &kind;
	if (words_read(argv, &y->words, &y->plan) < 0 || y->plan.kind != TRANSFER_RSYNC) {
		words_free(y->words);
		free(y);
		return NULL;
	}
	return &y->base;
}

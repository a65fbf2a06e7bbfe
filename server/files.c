/* What channels with files have in common; see files.h. */
#include "server/files.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/transfer.h"
#include "server/resolve.h"
#include "server/rsync.h"
#include "server/scp.h"
#include "server/session.h"
#include "server/sftp.h"

static const char *const op_names[] = { "read", "write", "delete", "list", "meta" };
static const char *const tree_names[] = { "read-tree", "write-tree", "delete-tree", "list-tree", "meta-tree" };

static const char line_moved[] = "sallyport: denied rule=gate:link: the path leads elsewhere than when it was asked about; run it again";
static const char line_lost[] = "sallyport: unavailable: the bastion cannot decide now";

/* ---- the channel ---- */

bool files_begin(struct channel *c, const struct msg_answer *a)
{
	if (c->kind == QUESTION_SUBSYSTEM && view_is(&a->text, "sftp"))
		c->files = sftp_new();
	else if (a->transfer == TRANSFER_SCP_SINK || a->transfer == TRANSFER_SCP_SOURCE)
		c->files = scp_new(a->argv);
	else if (a->transfer == TRANSFER_RSYNC)
		c->files = rsync_new(a->argv);
	else
		return true;
	return c->files != NULL;
}

bool files_step(struct channel *c)
{
	return c->files->kind->step(c);
}

bool files_ready(struct channel *c)
{
	return c->files == NULL || c->files->kind->ready == NULL || c->files->kind->ready(c);
}

bool files_stream(const struct channel *c)
{
	return c->files == NULL || c->files->kind->stream;
}

void files_end(struct channel *c)
{
	struct session *s = c->session;
	struct msg_withdraw m = { .question = c->files->question };

	if (m.question != 0 && !s->control_lost && s->control.fd >= 0 && msg_withdraw_send(&s->control, &m, NULL, 0) < 0)
		control_gone(s);
	c->files->question = 0;
	if (c->files->head.again || c->files->head.stage == HEAD_GO)
		head_not_done(c, SFTP_CONNECTION_LOST);
	head_clear(c);
	c->files->kind->end(c);
}

void files_free(struct channel *c)
{
	if (c->files == NULL)
		return;
	head_clear(c);
	c->files->kind->free(c);
	c->files = NULL;
}

void files_done(struct channel *c, const struct msg_file_done *m)
{
	struct session *s = c->session;

	if (m->question != 0 && !s->control_lost && s->control.fd >= 0 && msg_file_done_send(&s->control, m, NULL, 0) < 0)
		control_gone(s);
}

/* ---- control's answers ---- */

static void refused(struct channel *c, int code, const char *line)
{
	c->files->kind->refused(c, code, line);
	if (c->files != NULL)
		head_clear(c);
}

static int resolve_again(struct head *h)
{
	h->before = h->name;
	h->name = calloc(h->n, sizeof(*h->name));
	for (unsigned i = 0; h->name != NULL && i < h->n; i++) {
		h->name[i].how = h->before[i].how;
		h->name[i].clean = strdup(h->before[i].clean);
		if (h->name[i].clean == NULL)
			return ERR_NOMEM;
	}
	h->at = 0;
	h->again = true;
	h->stage = HEAD_RESOLVE;
	return h->name != NULL ? ERR_OK : ERR_NOMEM;
}

static void answered(struct channel *c, const struct msg_answer *a)
{
	struct head *h = &c->files->head;
	char line[1024];

	if (a->action == ANSWER_WAIT) {
		chan_say(c, a->line);
		h->waited = true;
		return;
	}
	c->files->question = 0;
	if (a->marker.n > 0 && recording_marker(c, a->marker) < 0)
		session_cut(c->session, "the recording cannot be written");
	if (a->action != ANSWER_RUN) {
		snprintf(line, sizeof(line), "%.*s", (int)(a->line.n < sizeof(line) ? a->line.n : sizeof(line) - 1), a->line.n > 0 ? (const char *)a->line.p : "");
		refused(c, a->exit_code, line);
	} else if (!h->waited) {
		h->stage = HEAD_GO;
	} else if (resolve_again(h) < 0) { /* it took a person's time: where do the paths lead now? */
		session_cut(c->session, "out of memory");
	}
}

bool files_answer(struct session *s, const struct msg_answer *a)
{
	for (struct channel *c = s->channels; c != NULL; c = c->next) {
		if (c->files == NULL || c->files->question != a->question || (c->state != CHANNEL_RUNNING && c->state != CHANNEL_STARTING))
			continue;
		answered(c, a);
		if (a->action == ANSWER_REFUSE && a->end_session)
			session_end(s, a->exit_code, NULL, "the rule ends the session");
		return true;
	}
	return false;
}

void files_control_lost(struct session *s)
{
	for (struct channel *c = s->channels; c != NULL; c = c->next) {
		if (c->files == NULL || c->files->question == 0 || (c->state != CHANNEL_RUNNING && c->state != CHANNEL_STARTING))
			continue;
		c->files->question = 0;
		refused(c, EXIT_UNAVAILABLE, line_lost);
	}
}

/* ---- the head ---- */

static void free_names(struct head_name *n, unsigned count)
{
	for (unsigned i = 0; n != NULL && i < count; i++) {
		free(n[i].clean);
		free(n[i].real);
	}
	free(n);
}

void head_clear(struct channel *c)
{
	struct head *h = &c->files->head;

	resolve_forget(c->session, c);
	free_names(h->name, h->n);
	free_names(h->before, h->n);
	*h = (struct head){ 0 };
}

int head_begin(struct channel *c, unsigned n)
{
	struct head *h = &c->files->head;

	h->name = calloc(n, sizeof(*h->name));
	if (h->name == NULL)
		return ERR_NOMEM;
	h->n = n;
	h->stage = HEAD_RESOLVE;
	return ERR_OK;
}

static void on_resolved(void *arg, const struct resolved *r)
{
	struct channel *c = arg;
	struct head *h = &c->files->head;
	struct head_name *n = &h->name[h->at];

	n->status = r->status;
	n->is_dir = r->is_dir;
	if (r->status == SFTP_OK && (n->real = strdup(r->path)) == NULL)
		n->status = SFTP_FAILURE;
	h->stage = ++h->at < h->n ? HEAD_RESOLVE : h->again ? HEAD_GO : HEAD_ASK;
}

static bool moved_meanwhile(const struct head *h)
{
	for (unsigned i = 0; i < h->n; i++) {
		const char *a = h->before[i].real, *b = h->name[i].real;

		if ((a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0) || h->before[i].is_dir != h->name[i].is_dir)
			return true;
	}
	return false;
}

enum head_turn head_step(struct channel *c)
{
	struct head *h = &c->files->head;
	char line[300];

	switch (h->stage) {
	case HEAD_RESOLVE:
		h->stage = HEAD_RESOLVING;
		if (resolve_path(c->session, h->name[h->at].clean, h->name[h->at].how, on_resolved, c) == ERR_OK)
			return HEAD_WAITS;
		if (h->again)
			head_not_done(c, SFTP_FAILURE);
		snprintf(line, sizeof(line), "sallyport: unavailable: %s", resolve_why(c->session));
		refused(c, EXIT_UNAVAILABLE, line);
		return HEAD_FAILED;
	case HEAD_ASK:
		return HEAD_ASKS;
	case HEAD_GO:
		if (!h->again || !moved_meanwhile(h))
			return HEAD_GOES;
		head_not_done(c, SFTP_PERMISSION_DENIED);
		refused(c, EXIT_DENIED, line_moved);
		return HEAD_FAILED;
	default:
		return HEAD_WAITS;
	}
}

void head_paths(struct file_path *paths, unsigned *n, enum file_op op, bool tree, const struct head_name *name)
{
	paths[(*n)++] = (struct file_path){ .op = op, .tree = tree, .path = name->clean };
	if (name->real != NULL && strcmp(name->real, name->clean) != 0)
		paths[(*n)++] = (struct file_path){ .op = op, .tree = tree, .path = name->real };
}

void head_allow(struct channel *c)
{
	c->files->head.op = FILE_LIST;
	c->files->head.stage = HEAD_GO;
}

void head_ask(struct channel *c, const struct file_path *paths, unsigned n)
{
	struct head *h = &c->files->head;
	bool failed;
	struct msg_question q = { .channel = c->id, .kind = QUESTION_FILE, .op = (uint8_t)paths[0].op, .text = proto_str(paths[0].path),
				  .cwd = proto_str(resolve_home(c->session, &failed)), .json = c->json };
	struct buf more;
	int r = ERR_OK;

	buf_init(&more, 512 * 1024);
	/* The first once more where all below it counts, too. */
	for (unsigned i = paths[0].tree ? 0 : 1; i < n && r == ERR_OK; i++) {
		const char *op = (paths[i].tree ? tree_names : op_names)[paths[i].op];

		r = proto_list_put(&more, op, strlen(op));
		if (r == ERR_OK)
			r = proto_list_put(&more, paths[i].path, strlen(paths[i].path));
	}
	q.state = (struct view){ buf_ptr(&more), more.len };
	h->op = q.op;
	h->stage = HEAD_ASKED;
	h->question = c->files->question = r == ERR_OK ? control_ask(c->session, &q) : 0;
	buf_free(&more);
	if (h->question == 0)
		refused(c, EXIT_UNAVAILABLE, line_lost);
}

void head_not_done(struct channel *c, uint32_t status)
{
	const struct head *h = &c->files->head;
	struct msg_file_done m = { .question = h->question, .op = h->op, .path = proto_str(h->name[0].clean), .status = status };

	files_done(c, &m);
}

/* ---- spans ---- */

void span_add(struct span *s, uint64_t offset, const void *p, size_t n)
{
	if (s->sha == NULL && !s->scattered) {
		s->sha = EVP_MD_CTX_new();
		s->begin = s->next = offset;
		s->scattered = s->sha == NULL || EVP_DigestInit_ex(s->sha, EVP_sha256(), NULL) != 1;
	}
	s->scattered = s->scattered || offset != s->next;
	if (!s->scattered)
		(void)EVP_DigestUpdate(s->sha, p, n);
	s->next = offset + n;
	s->bytes += n;
}

void span_done(struct span *s, struct msg_file_done *m, uint8_t digest[32])
{
	unsigned n = 0;

	if (s->sha == NULL && !s->scattered) /* an empty file has a digest, too */
		span_add(s, 0, "", 0);
	m->offset = s->begin;
	if (s->sha != NULL && !s->scattered && EVP_DigestFinal_ex(s->sha, digest, &n) == 1 && n == 32)
		m->sha256 = (struct view){ digest, 32 };
	EVP_MD_CTX_free(s->sha);
	s->sha = NULL;
}

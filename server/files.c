/* What channels with files have in common; see files.h. */
#include "server/files.h"

#include <openssl/evp.h>
#include <string.h>

#include "server/session.h"
#include "server/sftp.h"

static const char *const op_names[] = { "read", "write", "delete", "list", "meta" };
static const char *const tree_names[] = { "read-tree", "write-tree", "delete-tree", "list-tree", "meta-tree" };

bool files_begin(struct channel *c, const struct msg_answer *a)
{
	if (c->kind != QUESTION_SUBSYSTEM || !view_is(&a->text, "sftp"))
		return true;
	c->files = sftp_new();
	return c->files != NULL;
}

bool files_step(struct channel *c)
{
	return c->files->kind->step(c);
}

void files_end(struct channel *c)
{
	struct session *s = c->session;
	struct msg_withdraw m = { .question = c->files->question };

	if (c->files->question != 0 && !s->control_lost && s->control.fd >= 0 && msg_withdraw_send(&s->control, &m, NULL, 0) < 0)
		control_gone(s);
	c->files->question = 0;
	c->files->kind->end(c);
}

void files_free(struct channel *c)
{
	if (c->files != NULL)
		c->files->kind->free(c);
	c->files = NULL;
}

bool files_answer(struct session *s, const struct msg_answer *a)
{
	for (struct channel *c = s->channels; c != NULL; c = c->next) {
		if (c->files == NULL || c->files->question != a->question || c->state != CHANNEL_RUNNING)
			continue;
		if (a->action == ANSWER_WAIT) {
			chan_say(c, a->line);
		} else {
			c->files->question = 0;
			if (a->marker.n > 0 && recording_marker(c, a->marker) < 0)
				session_cut(s, "the recording cannot be written");
		}
		c->files->kind->answer(c, a);
		if (a->action == ANSWER_REFUSE && a->end_session)
			session_end(s, a->exit_code, NULL, "the rule ends the session");
		return true;
	}
	return false;
}

void files_control_lost(struct session *s)
{
	static const char line[] = "sallyport: unavailable: the bastion cannot decide now";
	struct msg_answer a = { .action = ANSWER_REFUSE, .exit_code = EXIT_UNAVAILABLE, .line = { (const uint8_t *)line, sizeof(line) - 1 } };

	for (struct channel *c = s->channels; c != NULL; c = c->next) {
		if (c->files == NULL || c->files->question == 0 || c->state != CHANNEL_RUNNING)
			continue;
		c->files->question = 0;
		c->files->kind->answer(c, &a);
	}
}

void files_ask(struct channel *c, const char *home, const struct file_path *paths, unsigned n)
{
	struct msg_question q = { .channel = c->id, .kind = QUESTION_FILE, .op = (uint8_t)paths[0].op, .text = proto_str(paths[0].path), .cwd = proto_str(home),
				  .json = c->json };
	struct buf more;
	int r = ERR_OK;

	buf_init(&more, 64 * 1024);
	/* The first once more where all below it counts, too. */
	for (unsigned i = paths[0].tree ? 0 : 1; i < n && r == ERR_OK; i++) {
		const char *op = (paths[i].tree ? tree_names : op_names)[paths[i].op];

		r = proto_list_put(&more, op, strlen(op));
		if (r == ERR_OK)
			r = proto_list_put(&more, paths[i].path, strlen(paths[i].path));
	}
	q.state = (struct view){ buf_ptr(&more), more.len };
	c->files->question = r == ERR_OK ? control_ask(c->session, &q) : 0;
	buf_free(&more);
}

void files_done(struct channel *c, const struct msg_file_done *m)
{
	struct session *s = c->session;

	if (m->question != 0 && !s->control_lost && s->control.fd >= 0 && msg_file_done_send(&s->control, m, NULL, 0) < 0)
		control_gone(s);
}

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

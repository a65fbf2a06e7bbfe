/* The old scp protocol; see scp.h. Sender and receiver are held to the order of things: a record only once the one before is answered, data only for
 * a file that the receiver took, an answer only where one is due. */
#include "server/scp.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/transfer.h"
#include "server/resolve.h"
#include "server/rsync.h"
#include "server/scp_wire.h"
#include "server/session.h"
#include "server/sftp_wire.h"

enum { DEPTH_MAX = 128, ABORTED = 0xffffffff };

enum state { RECORD, DATA, TRAILER };
enum about { ABOUT_NOTHING, ABOUT_FILE, ABOUT_DIRECTORY, ABOUT_DONE };

struct scp {
	struct files base;
	char **words;
	struct transfer_plan plan;
	bool sink;              /* the target receives */
	char *root;             /* the command's path, absolute; NULL: not known yet */
	bool root_dir, finding; /* finding: the head is about the root */
	char *dir[DEPTH_MAX];   /* where records lie now, below the root */
	unsigned depth;
	enum state state;
	bool due;               /* the receiver owes an answer, */
	enum about about;       /* to this */
	/* the file or directory under way */
	char *path, *real;
	uint32_t question;
	uint64_t left, at;
	struct span span;
	bool failed;            /* its sender said so */
};

static const char line_ids[] = "sallyport: denied rule=gate:mode: set-user-ID and set-group-ID bits are not set through the bastion";

/* The flow that brings records, and the one that brings answers. */
static struct flow *records(struct channel *c)
{
	return ((struct scp *)c->files)->sink ? &c->in : &c->out;
}

static struct flow *answers(struct channel *c)
{
	return ((struct scp *)c->files)->sink ? &c->out : &c->in;
}

static bool broke(struct channel *c, bool sender)
{
	char line[128];

	snprintf(line, sizeof(line), "sallyport: unavailable: %s broke the scp protocol", sender == ((struct scp *)c->files)->sink ? "the client" : "the target's scp");
	chan_refuse(c, EXIT_UNAVAILABLE, line, strlen(line));
	return true;
}

static void pass_on(struct channel *c, struct flow *f, size_t n)
{
	if (buf_put(&f->ready, buf_ptr(&f->raw), n) < 0)
		session_cut(c->session, "out of memory");
	buf_consume(&f->raw, n);
}

/* ---- a file or directory ---- */

static void over(struct channel *c, struct scp *p, uint32_t status)
{
	struct msg_file_done m = { .question = p->question, .op = p->sink ? FILE_WRITE : FILE_READ, .path = proto_str(p->real), .status = status };
	uint8_t digest[32];

	if (p->about != ABOUT_DIRECTORY && p->real != NULL) {
		*(p->sink ? &m.bytes_in : &m.bytes_out) = p->span.bytes;
		p->span.scattered = p->span.scattered || p->left > 0 || p->failed;
		span_done(&p->span, &m, digest);
	}
	files_done(c, &m);
	EVP_MD_CTX_free(p->span.sha);
	p->span = (struct span){ 0 };
	free(p->path);
	free(p->real);
	p->path = p->real = NULL;
	p->question = 0;
	p->left = p->at = 0;
	p->failed = false;
}

/* The receiver answered what was due. */
static void answered(struct channel *c, struct scp *p, bool good)
{
	enum about about = p->about;
	uint32_t status = good && !p->failed ? SFTP_OK : SFTP_FAILURE;

	p->due = false;
	switch (about) {
	case ABOUT_FILE:
		if (good)
			p->state = p->left > 0 ? DATA : TRAILER;
		else
			over(c, p, SFTP_FAILURE);
		break;
	case ABOUT_DIRECTORY:
		if (good) {
			p->dir[p->depth++] = p->path;
			p->path = NULL;
		}
		over(c, p, status);
		break;
	case ABOUT_DONE:
		p->state = RECORD;
		over(c, p, status);
		break;
	case ABOUT_NOTHING:
		break;
	}
	p->about = ABOUT_NOTHING;
}

static bool answer_step(struct channel *c, struct scp *p)
{
	struct flow *f = answers(c);
	struct scp_record r;
	bool moved = false;

	while (f->raw.len > 0 && f->ready.len < FLOW_TAKE && c->state == CHANNEL_RUNNING) {
		int e = scp_read((struct view){ buf_ptr(&f->raw), f->raw.len }, &r);

		if (e == ERR_AGAIN)
			break;
		/* Errors may come at any time, a "good" only where it is due. */
		if (e < 0 || r.kind > SCP_FATAL || (r.kind == SCP_GOOD && !p->due))
			return broke(c, false);
		if (p->due)
			answered(c, p, r.kind == SCP_GOOD);
		pass_on(c, f, r.line.n);
		moved = true;
	}
	return moved;
}

/* ---- records ---- */

static void tell(struct channel *c, struct flow *f, const char *line)
{
	if (buf_printf(&f->ready, "\001%s\n", line) < 0)
		session_cut(c->session, "out of memory");
}

/* The record at the head of what came in is not to be: its sender is told so, and, where that is the target, the agent is too. */
static void refused(struct channel *c, int code, const char *line)
{
	struct scp *p = (struct scp *)c->files;
	struct flow *f = records(c);
	struct scp_record r;

	(void)code;
	if (p->finding) {
		chan_refuse(c, code, line, strlen(line));
		return;
	}
	if (scp_read((struct view){ buf_ptr(&f->raw), f->raw.len }, &r) < 0)
		return; /* it was read before */
	buf_consume(&f->raw, r.line.n);
	tell(c, answers(c), line);
	if (!p->sink)
		tell(c, f, line);
}

static int find_root(struct channel *c, struct scp *p, const char *home)
{
	char clean[SFTP_PATH_MAX + 1];
	int r = words_path(home, p->plan.paths[0].path, clean);

	if (r == ERR_OK)
		r = head_begin(c, 1);
	if (r < 0)
		return r;
	p->finding = true;
	p->base.head.name[0].how = RESOLVE_FOLLOW | RESOLVE_KIND;
	p->base.head.name[0].clean = strdup(clean);
	return p->base.head.name[0].clean == NULL ? ERR_NOMEM : ERR_OK;
}

/* ERR_MALFORMED: what the target sends is not what it was asked for. */
static int begin(struct channel *c, struct scp *p, const struct scp_record *r)
{
	char joined[SFTP_PATH_MAX + 1];
	const char *dir = p->depth > 0 ? p->dir[p->depth - 1] : p->root, *slash = strrchr(p->root, '/');
	int n;

	if (p->depth == 0 && !p->sink && !view_is(&r->name, slash + 1))
		return ERR_MALFORMED;
	if (p->depth == 0 && !(p->sink && p->root_dir))
		n = snprintf(joined, sizeof(joined), "%s", p->root);
	else
		n = snprintf(joined, sizeof(joined), "%s/%.*s", strcmp(dir, "/") == 0 ? "" : dir, (int)r->name.n, (const char *)r->name.p);
	if (n >= (int)sizeof(joined))
		return ERR_LIMIT;
	n = head_begin(c, 1);
	if (n < 0)
		return n;
	p->base.head.name[0].how = RESOLVE_FOLLOW;
	p->base.head.name[0].clean = strdup(joined);
	return p->base.head.name[0].clean == NULL ? ERR_NOMEM : ERR_OK;
}

static void ask(struct channel *c, struct scp *p, const struct scp_record *r)
{
	struct file_path paths[2];
	unsigned n = 0;

	head_paths(paths, &n, p->sink ? FILE_WRITE : r->kind == SCP_DIRECTORY ? FILE_LIST : FILE_READ, false, &p->base.head.name[0]);
	head_ask(c, paths, n);
}

static void go(struct channel *c, struct scp *p, const struct scp_record *r)
{
	struct head *h = &p->base.head;

	if (h->name[0].real == NULL) {
		head_not_done(c, h->name[0].status);
		refused(c, EXIT_DENIED, "sallyport: the path leads nowhere");
		head_clear(c);
		return;
	}
	p->path = h->name[0].clean;
	p->real = h->name[0].real;
	h->name[0].clean = h->name[0].real = NULL;
	p->question = h->question;
	p->left = r->kind == SCP_FILE ? r->size : 0;
	p->about = r->kind == SCP_FILE ? ABOUT_FILE : ABOUT_DIRECTORY;
	p->due = true;
	head_clear(c);
	pass_on(c, records(c), r->line.n);
}

/* A record that names something. True when something moved. */
static bool entry_step(struct channel *c, struct scp *p, const struct scp_record *r, const char *home)
{
	int e = ERR_OK;

	if (p->base.head.stage == HEAD_NONE && p->root != NULL && p->sink && (r->mode & 06000) != 0) {
		refused(c, EXIT_DENIED, line_ids);
		return true;
	}
	if (p->base.head.stage == HEAD_NONE)
		e = p->root == NULL ? find_root(c, p, home) : begin(c, p, r);
	if (e < 0) {
		head_clear(c);
		if (e == ERR_NOMEM)
			session_cut(c->session, "out of memory");
		else if (e == ERR_LIMIT)
			refused(c, EXIT_DENIED, "sallyport: the path is too long");
		else
			return broke(c, true);
		return true;
	}
	switch (head_step(c)) {
	case HEAD_ASKS:
		if (p->finding) {
			p->finding = false;
			p->root_dir = p->base.head.name[0].is_dir;
			p->root = p->base.head.name[0].clean;
			p->base.head.name[0].clean = NULL;
			head_clear(c);
		} else {
			ask(c, p, r);
		}
		return true;
	case HEAD_GOES:
		go(c, p, r);
		return true;
	case HEAD_FAILED:
		return true;
	default:
		return false;
	}
}

static bool record_step(struct channel *c, struct scp *p, const char *home)
{
	struct flow *f = records(c);
	struct scp_record r;
	int e;

	if (p->due)
		return false;
	e = scp_read((struct view){ buf_ptr(&f->raw), f->raw.len }, &r);
	if (e == ERR_AGAIN)
		return false;
	if (e < 0)
		return broke(c, true);
	if (p->state == TRAILER) { /* how it went on the sender's side */
		if (r.kind > SCP_FATAL)
			return broke(c, true);
		p->failed = r.kind != SCP_GOOD;
		p->due = true;
		p->about = ABOUT_DONE;
		pass_on(c, f, r.line.n);
		return true;
	}
	switch (r.kind) {
	case SCP_WARNING:
	case SCP_FATAL: /* in place of a record; nobody answers */
		break;
	case SCP_TIMES:
		p->due = true;
		break;
	case SCP_END:
		if (p->depth == 0)
			return broke(c, true);
		free(p->dir[--p->depth]);
		p->dir[p->depth] = NULL;
		p->due = true;
		break;
	case SCP_DIRECTORY:
		if (!p->plan.recursive || p->depth == DEPTH_MAX)
			return broke(c, true);
		return entry_step(c, p, &r, home);
	case SCP_FILE:
		return entry_step(c, p, &r, home);
	default:
		return broke(c, true);
	}
	pass_on(c, f, r.line.n);
	return true;
}

static bool data_step(struct channel *c, struct scp *p)
{
	struct flow *f = records(c);
	size_t n = f->raw.len < p->left ? f->raw.len : (size_t)p->left;

	if (n == 0)
		return false;
	span_add(&p->span, p->at, buf_ptr(&f->raw), n);
	pass_on(c, f, n);
	p->at += n;
	p->left -= n;
	if (p->left == 0)
		p->state = TRAILER;
	return true;
}

/* ---- the loop ---- */

/* What came last, when no more comes: a part of a record says nothing, and what the target said that was not in order has no answer any more. */
static bool last(struct channel *c, struct scp *p, struct flow *f)
{
	struct scp_record r;

	if (!f->eof || f->left > 0 || f->finished || p->base.head.stage != HEAD_NONE || f->ready.len >= FLOW_TAKE)
		return false;
	if (f == &c->in && (f->raw.len == 0 || (!c->out.eof && scp_read((struct view){ buf_ptr(&f->raw), f->raw.len }, &r) != ERR_AGAIN)))
		return false;
	buf_clear(&f->raw);
	if (f == &c->out)
		f->finished = true;
	return true;
}

static bool step(struct channel *c)
{
	struct scp *p = (struct scp *)c->files;
	bool moved = false, again = true, failed;
	const char *home = resolve_home(c->session, &failed);

	if (failed) {
		char line[300];

		snprintf(line, sizeof(line), "sallyport: unavailable: %s", resolve_why(c->session));
		chan_refuse(c, EXIT_UNAVAILABLE, line, strlen(line));
		return true;
	}
	while (again && c->state == CHANNEL_RUNNING && !c->session->cut) {
		again = answer_step(c, p);
		if (c->state == CHANNEL_RUNNING && home != NULL && records(c)->ready.len < FLOW_TAKE && answers(c)->ready.len < FLOW_TAKE)
			again |= p->state == DATA ? data_step(c, p) : record_step(c, p, home);
		moved |= again;
	}
	if (c->state == CHANNEL_RUNNING) {
		moved |= last(c, p, &c->out);
		moved |= last(c, p, &c->in);
	}
	return moved;
}

static void end(struct channel *c)
{
	struct scp *p = (struct scp *)c->files;

	if (p->question != 0)
		over(c, p, ABORTED);
}

static void free_all(struct channel *c)
{
	struct scp *p = (struct scp *)c->files;

	while (p->depth > 0)
		free(p->dir[--p->depth]);
	EVP_MD_CTX_free(p->span.sha);
	words_free(p->words);
	free(p->root);
	free(p->path);
	free(p->real);
	free(p);
}

static const struct files_kind kind = { .step = step, .refused = refused, .end = end, .free = free_all };

struct files *scp_new(struct view argv)
{
	struct scp *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->base.kind = &kind;
	p->due = true; /* the receiver's first word */
	if (words_read(argv, &p->words, &p->plan) < 0 || (p->plan.kind != TRANSFER_SCP_SINK && p->plan.kind != TRANSFER_SCP_SOURCE)) {
		words_free(p->words);
		free(p);
		return NULL;
	}
	p->sink = p->plan.kind == TRANSFER_SCP_SINK;
	return &p->base;
}

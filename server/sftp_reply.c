/* The target's answers; see sftp.h. The target chooses every byte of them, and is held to what it was asked. */
#include <stdlib.h>
#include <string.h>

#include "server/session.h"
#include "server/sftp.h"

/* What may answer a request beside a status. */
static uint8_t expected(unsigned type)
{
	switch (type) {
	case SFTP_OPEN:
	case SFTP_OPENDIR:
		return SFTP_HANDLE;
	case SFTP_READ:
		return SFTP_DATA;
	case SFTP_READDIR:
	case SFTP_READLINK:
		return SFTP_NAME;
	case SFTP_LSTAT:
	case SFTP_STAT:
	case SFTP_FSTAT:
		return SFTP_ATTRS;
	case SFTP_STATVFS:
	case SFTP_FSTATVFS:
	case SFTP_LIMITS:
		return SFTP_EXTENDED_REPLY;
	default:
		return SFTP_STATUS;
	}
}

static bool fits(const struct sftp_under_way *u, const struct sftp_reply *r)
{
	bool only_status = expected(u->type) == SFTP_STATUS;

	if (r->type == SFTP_STATUS)
		return r->status <= SFTP_OP_UNSUPPORTED && (only_status || r->status != SFTP_OK);
	if (only_status || r->type != expected(u->type))
		return false;
	switch (u->type) {
	case SFTP_READ:
		return r->data.n > 0 && r->data.n <= u->length;
	case SFTP_READDIR:
		return r->names_plain; /* a name with a slash would lead a client out of its directory */
	case SFTP_READLINK:
		return r->count == 1;
	case SFTP_STATVFS:
	case SFTP_FSTATVFS:
		return r->rest.n == 11 * 8;
	case SFTP_LIMITS:
		return r->rest.n == 4 * 8;
	default:
		return true;
	}
}

/* A path operation is over. A file that was opened is told of when it is closed. */
static void told(struct channel *c, struct sftp_under_way *u, uint32_t status)
{
	struct msg_file_done m = { .question = u->question, .op = u->op, .path = proto_str(u->path), .status = status };

	files_done(c, &m);
	u->question = 0;
}

static int opened(struct channel *c, struct sftp *f, struct sftp_under_way *u, const struct sftp_reply *r)
{
	const struct view none = { NULL, 0 };
	struct sftp_request close_it = { .type = SFTP_CLOSE, .handle = r->handle };
	struct sftp_file *o = sftp_file_new(f, u->path, r->handle);
	uint8_t number[4];

	if (o == NULL) { /* too many are open: this one is closed again, whatever the target says to that */
		struct sftp_under_way *k = sftp_send(f, SFTP_CLOSE, 0);

		told(c, u, SFTP_FAILURE);
		if (k == NULL)
			return ERR_LIMIT;
		k->length = 1; /* nobody waits for the answer */
		if (sftp_put_request(&c->in.ready, &close_it, k->id, none, none, none, none) < 0)
			return ERR_NOMEM;
		return sftp_put_status(&c->out.ready, u->agent_id, SFTP_FAILURE, "too many open files", 19);
	}
	o->question = u->question;
	u->question = 0;
	o->dir = u->type == SFTP_OPENDIR;
	o->reads = u->reads;
	o->writes = u->writes;
	for (unsigned i = 0; i < 4; i++)
		number[i] = (uint8_t)(o->number >> (24 - 8 * i));
	return sftp_put_reply(&c->out.ready, r, u->agent_id, (struct view){ number, 4 });
}

static struct sftp_file *file_of(const struct sftp_under_way *u)
{
	return u->file != NULL && u->file->path != NULL && u->file->number == u->number ? u->file : NULL;
}

int sftp_reply(struct channel *c, struct view packet)
{
	const struct view none = { NULL, 0 };
	struct sftp *f = (struct sftp *)c->files;
	struct sftp_under_way *u;
	struct sftp_file *o;
	struct sftp_reply r;
	int e = sftp_read_reply(packet, &r);

	if (e < 0)
		return e;
	u = sftp_sent(f, r.id);
	if (u == NULL || !fits(u, &r))
		return ERR_MALFORMED;
	if (r.type == SFTP_HANDLE) {
		e = opened(c, f, u, &r);
	} else if (u->type == SFTP_CLOSE && u->length == 1) {
		e = ERR_OK;
	} else if (u->type == SFTP_LIMITS && r.type == SFTP_EXTENDED_REPLY) {
		e = sftp_put_limits(&c->out.ready, &r, u->agent_id, SFTP_HANDLES);
	} else {
		o = file_of(u);
		if (u->type == SFTP_READ && r.type == SFTP_DATA && o != NULL)
			span_add(&o->out, u->offset, r.data.p, r.data.n);
		if (u->type == SFTP_WRITE && r.status != SFTP_OK && o != NULL)
			o->in.scattered = true;
		if (u->type == SFTP_CLOSE && o != NULL)
			sftp_file_close(c, o, r.status);
		if (u->path != NULL)
			told(c, u, r.type == SFTP_STATUS ? r.status : SFTP_OK);
		e = sftp_put_reply(&c->out.ready, &r, u->agent_id, none);
	}
	sftp_answered(f, u);
	return e;
}

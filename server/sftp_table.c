/* Open files, requests under way, and what was looked at lately; see sftp.h. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "server/session.h"
#include "server/sftp.h"

enum { ABORTED = 0xffffffff };

/* ---- open files ---- */


struct sftp_file *sftp_file_new(struct sftp *f, const char *path, struct view handle)
{
	struct sftp_file *o = NULL;

	for (unsigned i = 0; i < SFTP_HANDLES && o == NULL; i++) {
		if (f->files[i].path == NULL) {
			o = &f->files[i];
			*o = (struct sftp_file){ .number = ++f->next_number * SFTP_HANDLES + i };
		}
	}
	if (o == NULL || handle.n == 0)
		return NULL;
	o->path = strdup(path);
	o->handle = malloc(handle.n);
	if (o->path == NULL || o->handle == NULL) {
		free(o->path);
		free(o->handle);
		o->path = NULL;
		return NULL;
	}
	memcpy(o->handle, handle.p, handle.n);
	o->n = handle.n;
	return o;
}

struct sftp_file *sftp_file_find(struct sftp *f, struct view agent_handle)
{
	struct sftp_file *o;
	uint32_t number;

	if (agent_handle.n != 4 || view_u32(&agent_handle, &number) < 0)
		return NULL;
	o = &f->files[number % SFTP_HANDLES];
	return o->path != NULL && o->number == number && !o->closing ? o : NULL;
}

void sftp_file_close(struct channel *c, struct sftp_file *o, uint32_t status)
{
	/* A file that was open both ways is told by what was written to it, if anything was. */
	bool wrote = o->writes && (o->in.bytes > 0 || !o->reads);
	struct msg_file_done m = { .question = o->question, .path = proto_str(o->path), .bytes_in = o->in.bytes, .bytes_out = o->out.bytes, .status = status };
	struct span *other = wrote ? &o->out : &o->in;
	struct msg_file_done unused = { 0 };
	uint8_t digest[32];

	m.op = o->dir ? FILE_LIST : wrote ? FILE_WRITE : FILE_READ;
	span_done(other, &unused, digest);
	if (!o->dir)
		span_done(wrote ? &o->in : &o->out, &m, digest);
	files_done(c, &m);
	free(o->path);
	free(o->handle);
	*o = (struct sftp_file){ 0 };
}

/* ---- requests under way ---- */

struct sftp_under_way *sftp_send(struct sftp *f, unsigned type, uint32_t agent_id)
{
	/* Answers come in any order: look for the next slot that is free. */
	for (unsigned i = 0; i < SFTP_UNDER_WAY; i++) {
		uint32_t id = ++f->next_id;
		struct sftp_under_way *u = &f->under_way[id % SFTP_UNDER_WAY];

		if (u->type != 0)
			continue;
		*u = (struct sftp_under_way){ .type = type, .id = id, .agent_id = agent_id };
		f->n_under_way++;
		return u;
	}
	return NULL;
}

struct sftp_under_way *sftp_sent(struct sftp *f, uint32_t id)
{
	struct sftp_under_way *u = &f->under_way[id % SFTP_UNDER_WAY];

	return u->type != 0 && u->id == id ? u : NULL;
}

void sftp_answered(struct sftp *f, struct sftp_under_way *u)
{
	if (u->path != NULL)
		f->n_pathy--;
	f->n_under_way--;
	free(u->path);
	*u = (struct sftp_under_way){ 0 };
}

/* ---- what was looked at lately ---- */

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool sftp_known(struct sftp *f, const struct head_name *n)
{
	for (unsigned i = 0; i < SFTP_KNOWN; i++) {
		if (f->known[i].clean != NULL && session_now() < f->known[i].until && same(f->known[i].clean, n->clean) && same(f->known[i].real, n->real))
			return true;
	}
	return false;
}

void sftp_know(struct sftp *f, const struct head_name *n)
{
	struct sftp_known *k = &f->known[f->next_known++ % SFTP_KNOWN];

	free(k->clean);
	free(k->real);
	k->clean = strdup(n->clean);
	k->real = n->real != NULL ? strdup(n->real) : NULL;
	k->until = n->real != NULL && k->real == NULL ? 0 : session_now() + SFTP_KNOWN_MS;
}

/* ---- the end ---- */

void sftp_table_end(struct channel *c)
{
	struct sftp *f = (struct sftp *)c->files;

	for (unsigned i = 0; i < SFTP_HANDLES; i++) {
		if (f->files[i].path != NULL)
			sftp_file_close(c, &f->files[i], ABORTED);
	}
	for (unsigned i = 0; i < SFTP_UNDER_WAY; i++) {
		struct sftp_under_way *u = &f->under_way[i];

		if (u->type != 0 && u->question != 0) {
			struct msg_file_done m = { .question = u->question, .op = u->op, .path = proto_str(u->path), .status = ABORTED };

			files_done(c, &m);
			u->question = 0;
		}
	}
}

void sftp_table_free(struct sftp *f)
{
	for (unsigned i = 0; i < SFTP_HANDLES; i++) {
		EVP_MD_CTX_free(f->files[i].in.sha);
		EVP_MD_CTX_free(f->files[i].out.sha);
		free(f->files[i].path);
		free(f->files[i].handle);
	}
	for (unsigned i = 0; i < SFTP_UNDER_WAY; i++)
		free(f->under_way[i].path);
	for (unsigned i = 0; i < SFTP_KNOWN; i++) {
		free(f->known[i].clean);
		free(f->known[i].real);
	}
}

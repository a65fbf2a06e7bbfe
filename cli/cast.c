/* Recordings, read; see cast.h. Distrusts the file: inflated as a stream, every line and every part bounded. */
#include "cli/cast.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "cli/unseal.h"

struct cast {
	int dirfd;         /* -1: one file, no further parts */
	char id[128];
	unsigned part;
	bool sealed;
	gzFile gz;
	uint64_t text;     /* bytes of this part's text so far */
	struct buf in;
	size_t taken;
	bool eof;
	json_t *header;
	uint64_t base_us;  /* of this part, since the first part's start */
	uint64_t first_s;  /* timestamp of the first part */
	struct asciicast_reader reader;
};

static const char *key_file;

void cast_key(const char *path)
{
	key_file = path;
}

bool cast_id_ok(const char *id)
{
	size_t n = strlen(id);

	return n > 0 && n <= 80 && strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == n;
}

static bool is_path(const char *id)
{
	size_t n = strlen(id);

	return strcmp(id, "-") == 0 || strchr(id, '/') != NULL || (n > 3 && strcmp(id + n - 3, ".gz") == 0) ||
	       (n > 4 && strcmp(id + n - 4, ".cms") == 0) ||
	       (n > 5 && strcmp(id + n - 5, ".cast") == 0);
}

static int fill(struct cast *c, struct why *w)
{
	uint8_t *to = buf_reserve(&c->in, 65536);
	int n, e;

	if (to == NULL && c->in.max - c->in.len >= 65536)
		return why_fail(w, ERR_NOMEM, "no memory");
	if (to == NULL)
		return why_fail(w, ERR_LIMIT, "a line of more than %d bytes: not a recording", ASCIICAST_MAX_LINE);
	n = gzread(c->gz, to, 65536);
	if (n < 0) {
		const char *text = gzerror(c->gz, &e);

		return why_fail(w, ERR_MALFORMED, "the file is damaged: %s", text);
	}
	buf_added(&c->in, (size_t)n);
	c->text += (uint64_t)n;
	c->eof = n == 0;
	if (c->text > CAST_MAX_PART)
		return why_fail(w, ERR_LIMIT, "more than %llu MiB of text in one part: not a recording", CAST_MAX_PART >> 20);
	return ERR_OK;
}

/* The next whole line; a last one without newline is passed over (a crash cut it). */
static int next_line(struct cast *c, struct view *line, struct why *w)
{
	const uint8_t *p, *nl;
	size_t scanned = 0;
	int r;

	if (c->taken > 0)
		buf_consume(&c->in, c->taken);
	c->taken = 0;
	for (;;) {
		p = buf_ptr(&c->in);
		nl = c->in.len > scanned ? memchr(p + scanned, '\n', c->in.len - scanned) : NULL;
		if (nl != NULL)
			break;
		if (c->eof)
			return ERR_EOF;
		scanned = c->in.len;
		r = fill(c, w);
		if (r < 0)
			return r;
	}
	line->p = p;
	line->n = (size_t)(nl - p);
	c->taken = line->n + 1;
	return ERR_OK;
}

static int read_header(struct cast *c, struct why *w)
{
	struct view line;
	int r = next_line(c, &line, w);

	if (r < 0)
		return r == ERR_EOF ? why_fail(w, ERR_MALFORMED, "the file is empty") : r;
	json_decref(c->header);
	c->header = json_loadb((const char *)line.p, line.n, 0, NULL);
	if (json_integer_value(json_object_get(c->header, "version")) != 2)
		return why_fail(w, ERR_MALFORMED, "not an asciicast of version 2");
	return ERR_OK;
}

static int open_name(const struct cast *c, const char *name)
{
	return openat(c->dirfd >= 0 ? c->dirfd : AT_FDCWD, name, O_RDONLY | O_CLOEXEC | (c->dirfd >= 0 ? O_NOFOLLOW | O_NONBLOCK : 0));
}

static int open_part(struct cast *c, const char *name, struct why *w)
{
	int fd = strcmp(c->id, "-") == 0 && c->dirfd < 0 ? dup(0) : open_name(c, name), r;
	char sealed[200];
	uint64_t at;

	c->sealed = strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".cms") == 0;
	if (fd < 0 && errno == ENOENT && c->dirfd >= 0) {
		snprintf(sealed, sizeof(sealed), "%s.cms", name);
		fd = open_name(c, sealed);
		c->sealed = fd >= 0;
		errno = fd < 0 ? ENOENT : errno;
	}

	if (fd < 0)
		return errno == ENOENT ? why_fail(w, ERR_NOTFOUND, "there is no recording %s", c->id) :
					 why_fail(w, ERR_SYS, "%s: %s", name, strerror(errno));
	if (c->sealed) {
		r = unseal(fd, key_file, &fd, w);
		if (r < 0)
			return r;
	}
	c->gz = gzdopen(fd, "rb");
	if (c->gz == NULL) {
		close(fd);
		return ERR_NOMEM;
	}
	buf_clear(&c->in);
	c->taken = 0;
	c->text = 0;
	c->eof = false;
	r = read_header(c, w);
	if (r < 0)
		return r;
	at = (uint64_t)json_integer_value(json_object_get(c->header, "timestamp"));
	if (c->part == 1)
		c->first_s = at;
	c->base_us = at > c->first_s ? (at - c->first_s) * 1000000 : 0;
	return ERR_OK;
}

static int next_part(struct cast *c, struct why *w)
{
	char name[160];

	c->part++;
	if (c->part == 1)
		snprintf(name, sizeof(name), "%s.cast.gz", c->id);
	else
		snprintf(name, sizeof(name), "%s.%u.cast.gz", c->id, c->part);
	return open_part(c, name, w);
}

int cast_open(int dirfd, const char *id, struct cast **out, struct why *w)
{
	bool path = is_path(id);
	struct cast *c;
	int r;

	*out = NULL;
	if (!path && !cast_id_ok(id))
		return why_fail(w, ERR_MALFORMED, "not the id of a recording");
	if (!path && dirfd < 0)
		return why_fail(w, ERR_NOTFOUND, "where are the recordings? --recordings DIR, or SALLYPORT_RECORDINGS");
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ERR_NOMEM;
	c->dirfd = path ? -1 : dirfd;
	snprintf(c->id, sizeof(c->id), "%s", path ? (strcmp(id, "-") == 0 ? "-" : "file") : id);
	buf_init(&c->in, ASCIICAST_MAX_LINE + 65536);
	asciicast_reader_init(&c->reader);
	if (path) {
		c->part = 1;
		r = open_part(c, id, w);
	} else {
		r = next_part(c, w);
	}
	if (r < 0) {
		cast_close(c);
		return r;
	}
	*out = c;
	return ERR_OK;
}

void cast_close(struct cast *c)
{
	if (c == NULL)
		return;
	if (c->gz != NULL)
		gzclose(c->gz);
	json_decref(c->header);
	buf_free(&c->in);
	asciicast_reader_free(&c->reader);
	free(c);
}

const json_t *cast_header(const struct cast *c)
{
	return c->header;
}

bool cast_sealed(const struct cast *c)
{
	return c->sealed;
}

unsigned cast_part(const struct cast *c)
{
	return c->part;
}

int cast_next(struct cast *c, struct asciicast_event *e, struct why *w)
{
	struct view line;
	int r;

	for (;;) {
		r = next_line(c, &line, w);
		if (r == ERR_OK)
			break;
		if (r != ERR_EOF || c->dirfd < 0)
			return r;
		gzclose(c->gz);
		c->gz = NULL;
		r = next_part(c, NULL);
		if (r == ERR_NOTFOUND)
			return ERR_EOF;
		if (r < 0)
			return why_fail(w, r, "part %u cannot be read", c->part);
	}
	r = asciicast_read(&c->reader, line, e);
	if (r < 0)
		return why_fail(w, r, "an event that is not of its form");
	e->time_us += c->base_us;
	return ERR_OK;
}

/* The bytes of SFTP; see sftp_wire.h. */
#include "server/sftp_wire.h"

#include <string.h>

enum { ATTR_SIZE = 1, ATTR_UIDGID = 2, ATTR_MODE = 4, ATTR_TIMES = 8 };
#define ATTR_EXTENDED 0x80000000u

enum { NAMES_MAX = 16384, LONGNAME_MAX = 16384 };

/* What a request or answer holds after its id, a letter each: p path, P second path, h handle, H second handle, o offset, O second
 * offset, l length (u64), n length (u32), f flags, d data, a attributes. */
static const struct form {
	uint16_t type;
	const char *name; /* of an extension */
	const char *version;
	const char *fields;
} forms[] = {
	{ SFTP_OPEN, NULL, NULL, "pfa" },
	{ SFTP_CLOSE, NULL, NULL, "h" },
	{ SFTP_READ, NULL, NULL, "hon" },
	{ SFTP_WRITE, NULL, NULL, "hod" },
	{ SFTP_LSTAT, NULL, NULL, "p" },
	{ SFTP_FSTAT, NULL, NULL, "h" },
	{ SFTP_SETSTAT, NULL, NULL, "pa" },
	{ SFTP_FSETSTAT, NULL, NULL, "ha" },
	{ SFTP_OPENDIR, NULL, NULL, "p" },
	{ SFTP_READDIR, NULL, NULL, "h" },
	{ SFTP_REMOVE, NULL, NULL, "p" },
	{ SFTP_MKDIR, NULL, NULL, "pa" },
	{ SFTP_RMDIR, NULL, NULL, "p" },
	{ SFTP_REALPATH, NULL, NULL, "p" },
	{ SFTP_STAT, NULL, NULL, "p" },
	{ SFTP_RENAME, NULL, NULL, "pP" },
	{ SFTP_READLINK, NULL, NULL, "p" },
	{ SFTP_SYMLINK, NULL, NULL, "pP" },
	{ SFTP_POSIX_RENAME, "posix-rename@openssh.com", "1", "pP" },
	{ SFTP_HARDLINK, "hardlink@openssh.com", "1", "pP" },
	{ SFTP_STATVFS, "statvfs@openssh.com", "2", "p" },
	{ SFTP_FSTATVFS, "fstatvfs@openssh.com", "2", "h" },
	{ SFTP_FSYNC, "fsync@openssh.com", "1", "h" },
	{ SFTP_LSETSTAT, "lsetstat@openssh.com", "1", "pa" },
	{ SFTP_LIMITS, "limits@openssh.com", "1", "" },
	{ SFTP_EXPAND_PATH, "expand-path@openssh.com", "1", "p" },
	{ SFTP_COPY_DATA, "copy-data", "1", "holHO" },
};

enum { FORMS = sizeof(forms) / sizeof(*forms) };

static const struct form *form_of(unsigned type)
{
	for (unsigned i = 0; i < FORMS; i++) {
		if (forms[i].type == type)
			return &forms[i];
	}
	return NULL;
}

static const struct form *form_named(const struct view *name)
{
	for (unsigned i = 0; i < FORMS; i++) {
		if (forms[i].name != NULL && view_is(name, forms[i].name))
			return &forms[i];
	}
	return NULL;
}

int sftp_packet(struct view in, struct view *packet, size_t *whole)
{
	uint32_t n;

	if (view_u32(&in, &n) < 0)
		return ERR_AGAIN;
	if (n > SFTP_PACKET_MAX - 4)
		return ERR_LIMIT;
	if (n == 0)
		return ERR_MALFORMED;
	if (in.n < n)
		return ERR_AGAIN;
	*packet = (struct view){ in.p, n };
	*whole = (size_t)n + 4;
	return ERR_OK;
}

/* ---- reading ---- */

static int get_path(struct view *v, struct view *out)
{
	int r = view_string(v, out);

	return r < 0 ? r : out->n > SFTP_PATH_MAX || (out->n > 0 && memchr(out->p, 0, out->n) != NULL) ? ERR_MALFORMED : ERR_OK;
}

static int get_handle(struct view *v, struct view *out)
{
	int r = view_string(v, out);

	return r < 0 ? r : out->n == 0 || out->n > SFTP_HANDLE_MAX ? ERR_MALFORMED : ERR_OK;
}

static int get_attrs(struct view *v, struct sftp_attrs *a)
{
	struct view start = *v, s;
	uint32_t flags, x, count;
	int r = view_u32(v, &flags);

	memset(a, 0, sizeof(*a));
	if (r < 0 || (flags & ~(ATTR_SIZE | ATTR_UIDGID | ATTR_MODE | ATTR_TIMES | ATTR_EXTENDED)) != 0)
		return ERR_MALFORMED;
	if ((flags & ATTR_SIZE) != 0)
		r = view_u64(v, &a->size);
	a->has_size = (flags & ATTR_SIZE) != 0;
	if (r == ERR_OK && (flags & ATTR_UIDGID) != 0 && ((r = view_u32(v, &x)) == ERR_OK))
		r = view_u32(v, &x);
	if (r == ERR_OK && (flags & ATTR_MODE) != 0)
		r = view_u32(v, &a->mode);
	a->has_mode = (flags & ATTR_MODE) != 0;
	if (r == ERR_OK && (flags & ATTR_TIMES) != 0 && ((r = view_u32(v, &x)) == ERR_OK))
		r = view_u32(v, &x);
	if (r == ERR_OK && (flags & ATTR_EXTENDED) != 0) {
		r = view_u32(v, &count);
		for (; r == ERR_OK && count > 0; count--) { /* each takes eight bytes at least, so the packet bounds them */
			r = view_string(v, &s);
			if (r == ERR_OK)
				r = view_string(v, &s);
		}
	}
	a->bytes = (struct view){ start.p, start.n - v->n };
	return r;
}

static int get_field(struct view *v, char what, struct sftp_request *q)
{
	uint32_t n;
	int r;

	switch (what) {
	case 'p':
		return get_path(v, &q->path);
	case 'P':
		return get_path(v, &q->path2);
	case 'h':
		return get_handle(v, &q->handle);
	case 'H':
		return get_handle(v, &q->handle2);
	case 'o':
		return view_u64(v, &q->offset);
	case 'O':
		return view_u64(v, &q->offset2);
	case 'l':
		return view_u64(v, &q->length);
	case 'n':
		r = view_u32(v, &n);
		q->length = r == ERR_OK ? n : 0;
		return r;
	case 'f':
		return view_u32(v, &q->flags);
	case 'd':
		return view_string(v, &q->data);
	default:
		return get_attrs(v, &q->attrs);
	}
}

int sftp_read_request(struct view packet, struct sftp_request *q)
{
	const struct form *f;
	struct view name;
	uint8_t type = 0;
	int r = view_u8(&packet, &type);

	memset(q, 0, sizeof(*q));
	if (r == ERR_OK)
		r = view_u32(&packet, &q->id);
	if (r < 0)
		return ERR_MALFORMED;
	if (type == SFTP_EXTENDED) {
		if (view_string(&packet, &name) < 0 || name.n > 255)
			return ERR_MALFORMED;
		f = form_named(&name);
		if (f == NULL)
			return ERR_OK; /* what it holds is not known, and not passed on */
	} else {
		f = form_of(type);
		if (f == NULL || f->name != NULL)
			return ERR_MALFORMED;
	}
	for (const char *c = f->fields; *c != '\0'; c++) {
		if (get_field(&packet, *c, q) < 0)
			return ERR_MALFORMED;
	}
	q->type = f->type;
	if (q->data.n > SFTP_DATA_MAX || (q->flags & ~(uint32_t)SFTP_F_ALL) != 0)
		return ERR_MALFORMED;
	return view_end(&packet);
}

static int get_names(struct view *v, struct sftp_reply *r)
{
	struct view name, longname;
	struct sftp_attrs a;

	if (view_u32(v, &r->count) < 0 || r->count > NAMES_MAX)
		return ERR_MALFORMED;
	r->names_plain = true;
	for (uint32_t i = 0; i < r->count; i++) {
		if (get_path(v, &name) < 0 || view_string(v, &longname) < 0 || longname.n > LONGNAME_MAX || get_attrs(v, &a) < 0)
			return ERR_MALFORMED;
		if (i == 0)
			r->name = name;
		if (name.n == 0 || memchr(name.p, '/', name.n) != NULL)
			r->names_plain = false;
	}
	return ERR_OK;
}

int sftp_read_reply(struct view packet, struct sftp_reply *r)
{
	struct view text;

	memset(r, 0, sizeof(*r));
	if (view_u8(&packet, &r->type) < 0 || view_u32(&packet, &r->id) < 0)
		return ERR_MALFORMED;
	r->rest = packet;
	switch (r->type) {
	case SFTP_STATUS:
		if (view_u32(&packet, &r->status) < 0)
			return ERR_MALFORMED;
		/* Text and language came with version 3; some servers leave them out. */
		if (packet.n > 0 && (view_string(&packet, &text) < 0 || view_string(&packet, &text) < 0))
			return ERR_MALFORMED;
		return view_end(&packet);
	case SFTP_HANDLE:
		return get_handle(&packet, &r->handle) < 0 ? ERR_MALFORMED : view_end(&packet);
	case SFTP_DATA:
		return view_string(&packet, &r->data) < 0 ? ERR_MALFORMED : view_end(&packet);
	case SFTP_NAME:
		if (get_names(&packet, r) < 0)
			return ERR_MALFORMED;
		if (packet.n == 1) /* end-of-list, of later versions */
			return ERR_OK;
		return view_end(&packet);
	case SFTP_ATTRS:
		return get_attrs(&packet, &r->attrs) < 0 ? ERR_MALFORMED : view_end(&packet);
	case SFTP_EXTENDED_REPLY:
		return ERR_OK;
	default:
		return ERR_MALFORMED;
	}
}

int sftp_read_version(struct view packet, uint32_t *version, uint32_t *offered)
{
	const struct form *f;
	struct view name, value;
	uint8_t type;

	*offered = 0;
	if (view_u8(&packet, &type) < 0 || type != SFTP_VERSION_IS || view_u32(&packet, version) < 0)
		return ERR_MALFORMED;
	while (packet.n > 0) {
		if (view_string(&packet, &name) < 0 || view_string(&packet, &value) < 0)
			return ERR_MALFORMED;
		f = form_named(&name);
		if (f != NULL && view_is(&value, f->version))
			*offered |= 1u << (f->type - SFTP_POSIX_RENAME);
	}
	return ERR_OK;
}

/* ---- writing ---- */

/* A packet is written where it goes: its length is filled in at its end, and what could not be finished is taken off again. */
static int begin(struct buf *out, size_t *at, uint8_t type, uint32_t id)
{
	int r;

	*at = out->len;
	r = buf_put_u32(out, 0);
	if (r == ERR_OK)
		r = buf_put_u8(out, type);
	return r < 0 ? r : buf_put_u32(out, id);
}

static int finish(struct buf *out, size_t at, int r)
{
	uint8_t *p = out->data == NULL ? NULL : out->data + out->off + at;
	size_t n = out->len - at;

	if (r == ERR_OK && n > SFTP_PACKET_MAX)
		r = ERR_LIMIT;
	if (r < 0) {
		out->len = at;
		return r;
	}
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)((n - 4) >> (24 - 8 * i));
	return ERR_OK;
}

static int put_view(struct buf *b, const struct view *v)
{
	return buf_put_string(b, v->p, v->n);
}

int sftp_put_init(struct buf *out)
{
	size_t at;
	int r = begin(out, &at, SFTP_INIT, SFTP_VERSION);

	return finish(out, at, r);
}

int sftp_put_version(struct buf *out, uint32_t offered)
{
	size_t at;
	int r = begin(out, &at, SFTP_VERSION_IS, SFTP_VERSION);

	for (unsigned i = 0; i < FORMS && r == ERR_OK; i++) {
		if (forms[i].name == NULL || (offered & 1u << (forms[i].type - SFTP_POSIX_RENAME)) == 0)
			continue;
		r = buf_put_string(out, forms[i].name, strlen(forms[i].name));
		if (r == ERR_OK)
			r = buf_put_string(out, forms[i].version, strlen(forms[i].version));
	}
	return finish(out, at, r);
}

int sftp_put_status(struct buf *out, uint32_t id, uint32_t status, const void *text, size_t n)
{
	size_t at;
	int r = begin(out, &at, SFTP_STATUS, id);

	n = n < 1024 ? n : 1024;
	if (r == ERR_OK)
		r = buf_put_u32(out, status);
	if (r == ERR_OK)
		r = buf_put_string(out, text, n);
	if (r == ERR_OK)
		r = buf_put_string(out, "en", 2);
	return finish(out, at, r);
}

int sftp_put_name(struct buf *out, uint32_t id, const char *path)
{
	size_t at;
	int r = begin(out, &at, SFTP_NAME, id);

	if (r == ERR_OK)
		r = buf_put_u32(out, 1);
	for (int i = 0; i < 2 && r == ERR_OK; i++)
		r = buf_put_string(out, path, strlen(path));
	if (r == ERR_OK)
		r = buf_put_u32(out, 0); /* no attributes */
	return finish(out, at, r);
}

int sftp_put_path(struct buf *out, uint8_t type, uint32_t id, const char *path)
{
	size_t at;
	int r = begin(out, &at, type, id);

	if (r == ERR_OK)
		r = buf_put_string(out, path, strlen(path));
	return finish(out, at, r);
}

int sftp_put_request(struct buf *out, const struct sftp_request *q, uint32_t id, struct view path, struct view path2, struct view handle, struct view handle2)
{
	const struct form *f = form_of(q->type);
	size_t at;
	int r;

	if (f == NULL)
		return ERR_UNSUPPORTED;
	r = begin(out, &at, f->name != NULL ? SFTP_EXTENDED : (uint8_t)f->type, id);
	if (r == ERR_OK && f->name != NULL)
		r = buf_put_string(out, f->name, strlen(f->name));
	for (const char *c = f->fields; *c != '\0' && r == ERR_OK; c++) {
		switch (*c) {
		case 'p':
			r = put_view(out, path.n > 0 ? &path : &q->path);
			break;
		case 'P':
			r = put_view(out, path2.n > 0 ? &path2 : &q->path2);
			break;
		case 'h':
			r = put_view(out, handle.n > 0 ? &handle : &q->handle);
			break;
		case 'H':
			r = put_view(out, handle2.n > 0 ? &handle2 : &q->handle2);
			break;
		case 'o':
			r = buf_put_u64(out, q->offset);
			break;
		case 'O':
			r = buf_put_u64(out, q->offset2);
			break;
		case 'l':
			r = buf_put_u64(out, q->length);
			break;
		case 'n':
			r = buf_put_u32(out, (uint32_t)q->length);
			break;
		case 'f':
			r = buf_put_u32(out, q->flags);
			break;
		case 'd':
			r = put_view(out, &q->data);
			break;
		default:
			r = buf_put(out, q->attrs.bytes.p, q->attrs.bytes.n);
			break;
		}
	}
	return finish(out, at, r);
}

int sftp_put_reply(struct buf *out, const struct sftp_reply *r, uint32_t id, struct view handle)
{
	size_t at;
	int e = begin(out, &at, r->type, id);

	if (e == ERR_OK)
		e = r->type == SFTP_HANDLE ? put_view(out, &handle) : buf_put(out, r->rest.p, r->rest.n);
	return finish(out, at, e);
}

int sftp_put_limits(struct buf *out, const struct sftp_reply *r, uint32_t id, uint64_t handles)
{
	const uint64_t ours[] = { SFTP_PACKET_MAX - 4, SFTP_DATA_MAX, SFTP_DATA_MAX, handles };
	struct view v = r->rest;
	uint64_t x;
	size_t at;
	int e = begin(out, &at, SFTP_EXTENDED_REPLY, id);

	for (unsigned i = 0; i < 4 && e == ERR_OK; i++) {
		e = view_u64(&v, &x);
		if (e == ERR_OK)
			e = buf_put_u64(out, x == 0 || x > ours[i] ? ours[i] : x);
	}
	if (e == ERR_OK)
		e = view_end(&v);
	return finish(out, at, e);
}

/* ---- paths ---- */

/* Appends a path's components to out, which holds n bytes: "" is the root. */
static int clean_into(struct view path, char *out, size_t *n)
{
	size_t i = 0, start;

	while (i < path.n) {
		while (i < path.n && path.p[i] == '/')
			i++;
		start = i;
		while (i < path.n && path.p[i] != '/')
			i++;
		if (i == start || (i - start == 1 && path.p[start] == '.'))
			continue;
		if (i - start == 2 && path.p[start] == '.' && path.p[start + 1] == '.') {
			while (*n > 0 && out[*n - 1] != '/')
				--*n;
			if (*n > 0)
				--*n;
			continue;
		}
		if (*n + 1 + (i - start) > SFTP_PATH_MAX)
			return ERR_LIMIT;
		out[(*n)++] = '/';
		memcpy(out + *n, path.p + start, i - start);
		*n += i - start;
	}
	return ERR_OK;
}

int sftp_clean(const char *base, struct view path, char *out)
{
	struct view b = { (const uint8_t *)base, strlen(base) };
	size_t n = 0;
	int r = ERR_OK;

	if (path.n > 0 && memchr(path.p, 0, path.n) != NULL)
		return ERR_MALFORMED;
	if (path.n == 0 || path.p[0] != '/')
		r = clean_into(b, out, &n);
	if (r == ERR_OK)
		r = clean_into(path, out, &n);
	if (n == 0 && r == ERR_OK)
		out[n++] = '/';
	out[r == ERR_OK ? n : 0] = '\0';
	return r;
}

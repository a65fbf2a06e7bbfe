/* Channel opens and global requests, from their bytes; see request.h. */
#include "server/request.h"

#include <string.h>

static const struct {
	const char *name;
	enum request_kind kind;
} open_kinds[] = {
	{ "direct-tcpip", REQUEST_DIRECT_TCPIP },
	{ "direct-streamlocal@openssh.com", REQUEST_DIRECT_STREAMLOCAL },
}, global_kinds[] = {
	{ "tcpip-forward", REQUEST_TCPIP_FORWARD },
	{ "cancel-tcpip-forward", REQUEST_CANCEL_TCPIP_FORWARD },
	{ "streamlocal-forward@openssh.com", REQUEST_STREAMLOCAL_FORWARD },
	{ "cancel-streamlocal-forward@openssh.com", REQUEST_CANCEL_STREAMLOCAL_FORWARD },
};

static void take_name(struct request *r, const struct view *name)
{
	size_t n = name->n < sizeof(r->name) - 1 ? name->n : sizeof(r->name) - 1;

	for (size_t i = 0; i < n; i++)
		r->name[i] = (char)(name->p[i] > 0x20 && name->p[i] < 0x7f ? name->p[i] : '?');
	r->name[n] = '\0';
}

int request_read_open(struct view payload, struct request *out)
{
	struct view name, ignored;
	uint32_t number;

	memset(out, 0, sizeof(*out));
	out->kind = REQUEST_UNKNOWN;
	if (view_string(&payload, &name) < 0)
		return ERR_MALFORMED;
	take_name(out, &name);
	for (int i = 0; i < 3; i++) { /* the sender's channel, window, packet size: libssh keeps these */
		if (view_u32(&payload, &number) < 0)
			return ERR_MALFORMED;
	}
	for (size_t i = 0; i < sizeof(open_kinds) / sizeof(open_kinds[0]); i++) {
		if (view_is(&name, open_kinds[i].name))
			out->kind = open_kinds[i].kind;
	}
	if (out->kind == REQUEST_UNKNOWN)
		return ERR_OK;
	if (view_string(&payload, &out->host) < 0 || (out->kind == REQUEST_DIRECT_TCPIP && view_u32(&payload, &out->port) < 0) ||
	    view_string(&payload, &ignored) < 0 || view_u32(&payload, &number) < 0)
		return ERR_MALFORMED;
	return view_end(&payload);
}

int request_read_global(struct view payload, struct request *out)
{
	struct view name;
	uint8_t want_reply;

	memset(out, 0, sizeof(*out));
	out->kind = REQUEST_UNKNOWN;
	if (view_string(&payload, &name) < 0 || view_u8(&payload, &want_reply) < 0)
		return ERR_MALFORMED;
	take_name(out, &name);
	out->want_reply = want_reply != 0;
	for (size_t i = 0; i < sizeof(global_kinds) / sizeof(global_kinds[0]); i++) {
		if (view_is(&name, global_kinds[i].name))
			out->kind = global_kinds[i].kind;
	}
	if (out->kind == REQUEST_UNKNOWN)
		return ERR_OK;
	if (view_string(&payload, &out->host) < 0 ||
	    ((out->kind == REQUEST_TCPIP_FORWARD || out->kind == REQUEST_CANCEL_TCPIP_FORWARD) && view_u32(&payload, &out->port) < 0))
		return ERR_MALFORMED;
	return view_end(&payload);
}

bool request_is(struct view payload, const char *type)
{
	struct view name;

	return view_string(&payload, &name) == ERR_OK && view_is(&name, type);
}

bool request_is_listen(struct view payload)
{
	for (size_t i = 0; i < sizeof(global_kinds) / sizeof(global_kinds[0]); i++) {
		if (request_is(payload, global_kinds[i].name))
			return true;
	}
	return false;
}

/* Sockets' requests, and those of ports that say the same. */
static const struct {
	const char *unix_name, *tcp_name;
} pairs[] = {
	{ "streamlocal-forward@openssh.com", "tcpip-forward" },
	{ "cancel-streamlocal-forward@openssh.com", "cancel-tcpip-forward" },
	{ FORWARDED_UNIX, "forwarded-tcpip" },
};

static const char *tcp_name_of(const struct view *name)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (view_is(name, pairs[i].unix_name))
			return pairs[i].tcp_name;
	}
	return NULL;
}

const char *request_unix_name(size_t length_of_tcp_name)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (strlen(pairs[i].tcp_name) == length_of_tcp_name)
			return pairs[i].unix_name;
	}
	return "";
}

static uint8_t *put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
	return p + 4;
}

/* The name is the shorter one, so all that follows moves to the front. fixed: bytes between the name and the path. */
static void as_tcp(uint8_t *payload, size_t n, uint32_t port, size_t fixed, bool open)
{
	struct view v = { payload, n }, name, middle, path, reserved;
	const char *tcp;
	uint8_t *p;

	if (view_string(&v, &name) < 0 || (tcp = tcp_name_of(&name)) == NULL || view_bytes(&v, fixed, &middle) < 0 || view_string(&v, &path) < 0 ||
	    (open && view_string(&v, &reserved) < 0) || view_end(&v) < 0)
		return;
	p = put_u32(payload, (uint32_t)strlen(tcp));
	memcpy(p, tcp, strlen(tcp));
	p += strlen(tcp);
	memmove(p, middle.p, fixed);
	p += fixed;
	memmove(p + 4, path.p, path.n);
	p = put_u32(p, (uint32_t)path.n) + path.n;
	p = put_u32(p, port);
	if (open) /* nobody is named who connected, from port 0 */
		put_u32(put_u32(p, 0), 0);
}

void request_unix_listen_as_tcp(uint8_t *payload, size_t n, uint32_t port)
{
	as_tcp(payload, n, port, 1, false);
}

void request_unix_open_as_tcp(uint8_t *payload, size_t n, uint32_t port)
{
	as_tcp(payload, n, port, 12, true);
}

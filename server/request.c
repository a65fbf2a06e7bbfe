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

bool request_is_tcp_listen(struct view payload)
{
	return request_is(payload, "tcpip-forward") || request_is(payload, "cancel-tcpip-forward");
}

bool request_is_unix_listen(struct view payload)
{
	return request_is(payload, "streamlocal-forward@openssh.com") || request_is(payload, "cancel-streamlocal-forward@openssh.com");
}

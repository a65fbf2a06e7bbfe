/* Requests of an agent that concern channels other than sessions, read from their bytes (RFC 4254 sections 5.1, 7.1, 7.2; OpenSSH's PROTOCOL section 2.4).
 * Pure; a payload begins after the packet's type byte. */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum request_kind {
	REQUEST_DIRECT_TCPIP,
	REQUEST_DIRECT_STREAMLOCAL,
	REQUEST_TCPIP_FORWARD,
	REQUEST_CANCEL_TCPIP_FORWARD,
	REQUEST_STREAMLOCAL_FORWARD,
	REQUEST_CANCEL_STREAMLOCAL_FORWARD,
	REQUEST_UNKNOWN
};

struct request {
	enum request_kind kind;
	char name[65];    /* its type; printable, cut */
	struct view host; /* or the socket's path; points into the payload */
	uint32_t port;
	bool want_reply;
};

/* ERR_OK; ERR_MALFORMED when it is not of its type's form, to the last byte. */
int request_read_open(struct view payload, struct request *out);
int request_read_global(struct view payload, struct request *out);

/* Whether the payload begins with that type; whether it is a global request about a port, or a socket, that the target listens at. */
bool request_is(struct view payload, const char *type);
bool request_is_tcp_listen(struct view payload);
bool request_is_unix_listen(struct view payload);

#endif

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

#define FORWARDED_UNIX "forwarded-streamlocal@openssh.com"

/* Whether the payload begins with that type; whether it is a global request about a port or a socket that the target listens at. */
bool request_is(struct view payload, const char *type);
bool request_is_listen(struct view payload);

/* Rewrites a request about a socket, where it stands, as the one about a port that says the same: the path for the address, and that port. What is left
 * over stays behind it. Any other payload, and one that is not of its form, stays as it is. */
void request_unix_listen_as_tcp(uint8_t *payload, size_t n, uint32_t port);
void request_unix_open_as_tcp(uint8_t *payload, size_t n, uint32_t port);

/* The way back: what a request about a port, whose name has that many bytes, is called for a socket; empty for any other. */
const char *request_unix_name(size_t length_of_tcp_name);

#endif

/* The two places where libssh 0.10 has no words, filled in from beside it.
 *
 * It parses a request to open a channel and keeps of it only what it knows itself: not the path of a unix socket, not the name of an unknown type,
 * and of a port only 16 bits. And it refuses with an empty reason. Its functions on buffers are public and it calls them through the linker's table,
 * so ours stand before them: they do what the library's do, look at each packet as it is begun, and put our reason into a refusal.
 * Where a libssh does not call them, nothing is heard, and what depends on it is refused. One agent a process, so one set of variables. */
#ifndef SERVER_PACKET_H
#define SERVER_PACKET_H

#include <libssh/libssh.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* RFC 4254 section 5.1 */
enum { OPEN_PROHIBITED = 1, OPEN_CONNECT_FAILED = 2, OPEN_UNKNOWN_TYPE = 3, OPEN_NO_RESOURCES = 4 };

/* Forgets what was heard: a new agent's connection begins. */
void packet_reset(void);

/* What is kept of the agent's packets. */
enum heard {
	HEARD_OPEN,   /* a channel open that is no session: libssh has a message for it */
	HEARD_GLOBAL, /* tcpip-forward and its cancel: libssh has a message for it, if it could read it */
	HEARD_UNTOLD, /* streamlocal-forward and its cancel: libssh has refused it and says nothing */
	HEARD_KINDS
};

/* The payload (without its type byte) of the next of a kind, in the order in which they came. out is cleared first. ERR_OK; ERR_NOTFOUND: none was
 * heard; ERR_LIMIT: more came than is kept. */
int packet_next(enum heard kind, struct buf *out);

/* Refuses to open a channel, saying why (in printable bytes, cut at 1 KiB); frees the message. */
void packet_refuse_open(ssh_message m, uint32_t reason, const char *text, size_t n);

/* The port in the target's last answer to a global request; 0 when there was none in it. */
uint32_t packet_bound_port(void);

#endif

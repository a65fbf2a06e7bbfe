/* The places where libssh 0.10 has no words, filled in from beside it.
 *
 * It parses a request to open a channel and keeps of it only what it knows itself: not the path of a unix socket, not the name of an unknown type,
 * and of a port only 16 bits. It refuses with an empty reason, and knows no socket that a target listens at. Its functions on buffers are public and
 * it calls them through the linker's table, so ours stand before them: they do what the library's do, look at each packet as it is begun, put our
 * reason into a refusal, and let a socket pass for a port: towards libssh streamlocal-forward@openssh.com is tcpip-forward of the path and the port
 * UNIX_PORT, and forwarded-streamlocal@openssh.com is forwarded-tcpip.
 *
 * Where a libssh does not call them, nothing is heard, and what depends on it is refused. One agent a process, so one set of variables. */
#ifndef SERVER_PACKET_H
#define SERVER_PACKET_H

#include <libssh/libssh.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { UNIX_PORT = 1 };

/* RFC 4254 section 5.1 */
enum { OPEN_PROHIBITED = 1, OPEN_CONNECT_FAILED = 2, OPEN_UNKNOWN_TYPE = 3, OPEN_NO_RESOURCES = 4 };

/* Forgets what was heard: a new agent's connection begins. */
void packet_reset(void);

/* What is kept of the agent's packets. */
enum heard {
	HEARD_OPEN,   /* a channel open that is no session: libssh has a message for it */
	HEARD_GLOBAL, /* tcpip-forward, streamlocal-forward and their cancels: libssh has a message for it, if it could read it */
	HEARD_KINDS
};

/* The payload (without its type byte) of the next of a kind, in the order in which they came. out is cleared first. ERR_OK; ERR_NOTFOUND: none was
 * heard; ERR_LIMIT: more came than is kept. */
int packet_next(enum heard kind, struct buf *out);

/* Refuses to open a channel, saying why (in printable bytes, cut at 1 KiB); frees the message. */
void packet_refuse_open(ssh_message m, uint32_t reason, const char *text, size_t n);

/* While on, the next request to listen, its cancel, or the next forwarded-tcpip that libssh packs is one of a socket. */
void packet_as_unix(bool on);

/* Whether anything is heard, once the agent has asked for a login. How many exchanges of keys the agent (or the target) has finished since then. */
bool packet_hears(void);
uint32_t packet_exchanges(bool agent);

/* The port in the target's last answer to a global request; 0 when there was none in it. */
uint32_t packet_bound_port(void);

#endif

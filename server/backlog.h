/* What waits in libssh's queue towards a peer that does not read. libssh answers some requests by itself and tells nobody how long its queue is; so it is
 * reckoned from its counters, since the last moment at which the queue was empty. */
#ifndef SERVER_BACKLOG_H
#define SERVER_BACKLOG_H

#include <libssh/libssh.h>
#include <stdbool.h>
#include <stdint.h>

struct backlog {
	struct ssh_counter_struct sock; /* bytes on the wire */
	struct ssh_counter_struct raw;  /* bytes and packets before encryption */
	uint64_t sock_then, raw_then, packets_then; /* when the queue was empty */
};

/* Bytes that wait, at most; congested: libssh waits for the socket. */
uint64_t backlog_bytes(struct backlog *b, bool congested);

#endif

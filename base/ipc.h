/* Messages between Sallyport's processes, over stream socketpairs: framed, bounded, with descriptors.
 *
 * A frame is u32 length of what follows, u16 type, u8 number of descriptors, u8 zero, then the payload. Both sides are
 * non-blocking. What is sent queues up to a bound; what is received is handed out a whole message at a time. A frame
 * that is not of this form, or longer than the bound, is ERR_MALFORMED or ERR_LIMIT: the caller drops the peer and goes on.
 *
 * Which socket a message came from is who sent it; no field says so. */
#ifndef BASE_IPC_H
#define BASE_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	IPC_HEADER = 8,            /* bytes */
	IPC_PAYLOAD_MAX = 1 << 20, /* bytes of one message */
	IPC_QUEUE_MAX = 8 << 20,   /* bytes waiting to be sent before ipc_send() says ERR_LIMIT */
	IPC_FDS_MAX = 2,           /* descriptors with one message */
	IPC_FDS_HELD = 16          /* descriptors received or waiting to be sent, in all */
};

struct ipc_msg {
	uint16_t type;
	struct view payload; /* valid until the next call of ipc_next(), ipc_read() or ipc_free() */
	int fds[IPC_FDS_MAX]; /* the receiver's from now on: close them or keep them; -1 where none */
	unsigned nfds;
};

struct ipc {
	int fd; /* -1 once freed */
	bool hold; /* ipc_send() only queues: what is queued goes out with the next ipc_flush(), after what it depends on is on disk */
	struct buf in, out;
	size_t consumed; /* bytes of `in` that the last message took; dropped at the next call */
	int in_fds[IPC_FDS_HELD];
	unsigned n_in_fds;
	struct {
		int fd;
		size_t at; /* position in `out` (from its front) of the frame it goes with */
	} out_fds[IPC_FDS_HELD];
	unsigned n_out_fds;
};

/* Takes over fd (a connected AF_UNIX stream socket) and makes it non-blocking and close-on-exec. secret: buffers wipe. */
void ipc_init(struct ipc *c, int fd, bool secret);

/* Closes everything, descriptors in flight included. */
void ipc_free(struct ipc *c);

/* A socketpair of the right kind, both ends close-on-exec. ERR_OK or ERR_SYS. */
int ipc_pair(int fds[2]);

/* Queues a message and tries to send. Descriptors (fds, nfds ≤ IPC_FDS_MAX) become the channel's: it closes them once sent, and
 * also when this call fails. ERR_OK, ERR_LIMIT (queue full), ERR_NOMEM, ERR_SYS/ERR_EOF (the peer is gone). */
int ipc_send(struct ipc *c, uint16_t type, const void *payload, size_t n, const int *fds, unsigned nfds);

/* The same for bulk: a payload in two parts, without descriptors, that is copied only as far as the socket does not take it. */
int ipc_send_parts(struct ipc *c, uint16_t type, const void *head, size_t nhead, const void *data, size_t ndata);

/* Sends what is queued. ERR_OK: all gone; ERR_AGAIN: call again when writable; ERR_SYS/ERR_EOF: peer gone. */
int ipc_flush(struct ipc *c);

/* Whether something waits for the socket to become writable. */
bool ipc_pending(const struct ipc *c);

/* Reads what the socket has, once. ERR_OK (something came), ERR_AGAIN, ERR_EOF, ERR_SYS, ERR_LIMIT, ERR_NOMEM. */
int ipc_read(struct ipc *c);

/* The next whole message. ERR_OK, ERR_AGAIN (none yet), ERR_MALFORMED or ERR_LIMIT (drop the peer). */
int ipc_next(struct ipc *c, struct ipc_msg *m);

/* Closes the descriptors that a message brought and nobody took. */
void ipc_msg_close(struct ipc_msg *m);

/* Waits until one message is there, at most timeout_ms (-1: for ever), sending what is queued meanwhile. ERR_EXPIRED after the
 * time. For start-up and tests; loops use ipc_read() and ipc_next(). */
int ipc_wait(struct ipc *c, struct ipc_msg *m, int timeout_ms);

#endif

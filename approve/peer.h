/* A process on the other end of a socket: reads its messages, and sends; to a worker only at the end of a round, after the
 * records that the messages depend on are on disk. */
#ifndef APPROVE_PEER_H
#define APPROVE_PEER_H

#include "base/ipc.h"
#include "base/loop.h"

struct peer;

/* Handles one message; descriptors that it does not take are closed afterwards. A negative result drops the peer: the
 * message was not of its form, or not for now. */
typedef int peer_message_fn(void *arg, struct ipc_msg *m);

/* The peer is gone or was dropped (why says); called once, and the peer must not be used any more. */
typedef void peer_gone_fn(void *arg, const char *why);

struct peer_set {
	struct loop *loop;
	uint64_t bad; /* messages that cost their sender its socket */
	struct peer *first;
	struct peer *dead; /* closed in this round; freed at its end */
};

struct peer {
	struct ipc ipc;
	struct peer_set *set;
	struct peer *next, **self;
	struct loop_watch *watch;
	const char *name; /* for the log; static */
	peer_message_fn *on_message;
	peer_gone_fn *on_gone;
	void *arg;
	bool closed;
};

/* Takes over fd in every case. hold: what is sent waits for peer_round(). NULL on no memory. */
struct peer *peer_open(struct peer_set *set, int fd, bool hold, const char *name, peer_message_fn *on_message, peer_gone_fn *on_gone,
		       void *arg);

/* Whether something is held back: an answer that waits for the disk. */
bool peer_waits(const struct peer_set *set);

/* Closes from our side; on_gone is not called. What is queued is tried once if flush is set. NULL is fine. */
void peer_close(struct peer *p, bool flush);

/* Sends what waits, frees what was closed. Called at the end of a round. */
void peer_round(struct peer_set *set);

#endif

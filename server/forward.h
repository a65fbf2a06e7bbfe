/* Forwards: a channel that leads on from the target to a host or socket that a rule names (direct-tcpip, direct-streamlocal@openssh.com). The bastion
 * dials nothing: the target's own SSH server is asked to open it.
 *
 *   open ──▶ ASKING ── run ──▶ STARTING: the target's channel is opened ──▶ the agent's is accepted ──▶ RUNNING ──▶ CLOSED
 *              └─ refuse ──────────┴──▶ the open is refused, with the reason as its text
 *
 * The other way round, for a connection that the target's listener took: the agent's channel is opened, then the target's is accepted.
 *
 * What passes is raw: counted and digested both ways, not masked and not recorded. Another owner of struct channel: it sets `forward`. */
#ifndef SERVER_FORWARD_H
#define SERVER_FORWARD_H

#include <libssh/libssh.h>

#include "base/buf.h"
#include "base/proto.h"

struct channel;
struct forward;
struct session;

/* The agent wants to open a channel that is no session. Takes the message over. */
void forward_open(struct session *s, ssh_message m);

/* A connection came where the target listens for the agent (remote.c). Takes the target's message over. text: the place, as rules know it; host, port: as
 * the agent asked for it; from, from_port: who connected, as the target says. */
void forward_incoming(struct session *s, ssh_message m, const char *text, const char *host, uint32_t port, const char *from, uint32_t from_port);

/* For channel.c, which hands on what concerns a forward's channel. */
void forward_answer(struct channel *c, const struct msg_answer *a);
void forward_refuse(struct channel *c, const char *line, size_t n); /* refuses what is not open yet, ends what is */
bool forward_step(struct channel *c);
void forward_end(struct channel *c, bool complete); /* closes both sides and tells control */
void forward_free(struct channel *c);

#endif

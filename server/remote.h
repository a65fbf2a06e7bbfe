/* Remote forwards (tcpip-forward, streamlocal-forward@openssh.com): the target listens for the agent where a rule says that it may, and each connection that comes is decided again and
 * becomes a forward's channel the other way round. The target listens, never the bastion.
 *
 * Answers to global requests carry no number: they are given in the order of the requests, so one that a person must approve first is refused at once
 * with its request left standing, and the agent comes back for it. */
#ifndef SERVER_REMOTE_H
#define SERVER_REMOTE_H

#include <libssh/libssh.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/proto.h"

struct session;

/* A request to listen, or its cancel. Takes the message over. */
void remote_request(struct session *s, ssh_message m);

/* Moves requests on, and takes what the target opens. True when something moved. */
bool remote_step(struct session *s);

/* Whether a request to listen waits for its answer. As with sshd, what the agent asks for afterwards finds it done. */
bool remote_pending(const struct session *s);

bool remote_answer(struct session *s, const struct msg_answer *a); /* whether the answer belonged to such a request */
void remote_control_gone(struct session *s);
void remote_target_up(struct session *s);
void remote_target_gone(struct session *s);

#endif

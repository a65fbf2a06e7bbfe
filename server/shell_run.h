/* The managed shell on an agent's channel: statements taken from what the agent sends, each decided, run on a channel of its own to the
 * target, and finished before the next is read. With a terminal, the line editor (shell_edit.h) stands before it. One recording for all. */
#ifndef SERVER_SHELL_RUN_H
#define SERVER_SHELL_RUN_H

#include "server/session.h"

/* Control allowed the shell. */
void shell_start(struct channel *c, const struct msg_answer *a);
void shell_free(struct shell *sh); /* NULL is fine */

/* Moves on whatever can move; as chan_step(). */
bool shell_step(struct channel *c);

/* Adds to a statement's question what the shell carries in. */
void shell_question(struct channel *c, struct msg_question *q);

/* Control's answer to a statement. */
void shell_answer(struct channel *c, const struct msg_answer *a);

/* The statement under way does not run, or not to its end: line says why, code is $?. */
void shell_refused(struct channel *c, int code, struct view line);

/* The agent is gone, in the middle of whatever it is. */
void shell_cut(struct channel *c);

void shell_resize(struct channel *c);

#endif

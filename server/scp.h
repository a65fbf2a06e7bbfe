/* The old scp protocol (`scp -O`, older clients), between the agent and the target's scp. One end sends records, the other answers each; which is which
 * follows from the command (-t: the agent sends, -f: the target). A record that names a file or directory waits until it is known where that
 * lies and leads, and control has been asked; then it goes on, or its sender is told "no" in the receiver's place, as the protocol has it. */
#ifndef SERVER_SCP_H
#define SERVER_SCP_H

#include "server/files.h"

/* argv: a list, as control answered. NULL: no memory, or not the words of such a command. */
struct files *scp_new(struct view argv);

#endif

/* Warmed parents (base/zygote.h) of session workers and recorders: one each, started ahead, replaced now and then so that no address layout
 * serves for long. Where one cannot be had, the program is executed anew. */
#ifndef SERVER_PARENTS_H
#define SERVER_PARENTS_H

#include "server/spawn.h"

void parents_disable(void); /* every worker is executed anew */

/* Starts the parent of a program. user must outlive it. */
void parents_start(const char *program, const struct config_user *user, unsigned long nofile);

/* As spawn_program(), from the warmed parent where there is one. */
pid_t parents_spawn(const struct spawn *s);

/* A child went wrong: the program's next ones come from a new parent, with another layout of addresses and another canary. */
void parents_retire(const char *program);

/* Whether the process that ended was a parent. */
bool parents_reaped(pid_t pid);

#endif

/* Running other programs from the command line tool. */
#ifndef CLI_SPAWN_H
#define CLI_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* Runs a program found in PATH to its end; its output goes to /dev/null unless `out` is given, which gets its stdout (NUL-terminated,
 * cut at n - 1 bytes). ERR_OK when it exits 0, else ERR_REFUSED or ERR_SYS with a reason. */
int spawn_run(const char *const *argv, char *out, size_t n, struct why *why);

/* Starts a program that runs until it is stopped. stderr and stdout go to the file `log` (made, appended to). When this process
 * dies, so does it (SIGTERM). Returns its pid, or a negative error. */
pid_t spawn_daemon(const char *const *argv, const char *log, struct why *why);

/* Sends SIGTERM and waits up to ms milliseconds, then SIGKILL. pid <= 0 is fine. */
void spawn_stop(pid_t pid, int ms);

/* Ends every child of this process, those too that were handed to it because it is a subreaper, and reaps them. */
void spawn_stop_children(int ms);

#endif

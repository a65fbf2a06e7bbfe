/* Landlock: what a process may reach by name, whatever the rights of its user; beside the seccomp filter (sandbox.h), on kernels that have it. */
#ifndef BASE_LANDLOCK_H
#define BASE_LANDLOCK_H

#include <stdbool.h>

#include "base/err.h"

/* A folder (or file) that may be reached, with all below it. */
struct landlock_path {
	int fd;     /* open in any way, O_PATH too; stays the caller's */
	bool write; /* else it is only read */
};

/* Closes the calling thread in, and threads that it starts from now on: names elsewhere are refused, no file can be executed, no abstract unix socket of
 * anybody else reached, nobody else signalled; with no_tcp no TCP socket is bound or connected. As much of it as the kernel knows.
 * ERR_OK; ERR_UNSUPPORTED where it knows none of it; ERR_SYS. no_new_privs must be set. */
int landlock_enter(const struct landlock_path *paths, unsigned n, bool no_tcp);

#endif

/* What a kind of process may still ask of the kernel once it has started: seccomp filters made from one table, and Landlock where the kernel has it.
 *
 * A call that is in no row gets EPERM; the calls that only an intruder would make (exec, ptrace, loading modules…) end the process. Names of files are
 * reached below the given paths only, and nowhere executed. It holds for all threads that are or come, and cannot be taken off again. */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "base/err.h"
#include "base/landlock.h"

enum sandbox_kind {
	SANDBOX_VAULT,    /* files below a directory descriptor: its store; no socket, no exec */
	SANDBOX_CONTROL,  /* files, TCP to issuers and webhooks, threads; no exec */
	SANDBOX_SESSION,  /* the descriptors that it was given; no open, no socket, no connect, no exec */
	SANDBOX_RECORDER  /* files below a directory descriptor; no socket, no exec */
};

/* Closes the process in; to be called before it starts a thread. paths: what it reaches by name. ERR_OK, also on a kernel without Landlock;
 * ERR_UNSUPPORTED where the kernel or a sanitizer build has no seccomp (the caller logs it and goes on); ERR_SYS. */
int sandbox_enter(enum sandbox_kind kind, const struct landlock_path *paths, unsigned n);

#endif

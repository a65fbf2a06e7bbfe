/* What a kind of process may still ask of the kernel once it has started: seccomp filters made from one table.
 *
 * A call that is in no row gets EPERM; the calls that only an intruder would make (exec, ptrace, loading modules…) end the process.
 * The filter cannot be taken off again. Uses libseccomp; Landlock on top where the kernel has it, for the kinds that open files. */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "base/err.h"

enum sandbox_kind {
	SANDBOX_VAULT,    /* files of its store; no socket, no exec */
	SANDBOX_CONTROL,  /* files, TCP to issuers and webhooks, threads; no exec */
	SANDBOX_SESSION,  /* the descriptors that it was given; no open, no socket, no connect, no exec */
	SANDBOX_RECORDER  /* files below a directory descriptor; no socket, no exec */
};

/* Closes the process in. ERR_OK; ERR_UNSUPPORTED where the kernel or a sanitizer build cannot (the caller logs it and goes on); ERR_SYS. */
int sandbox_enter(enum sandbox_kind kind);

#endif

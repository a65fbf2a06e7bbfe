/* For tests: a sallyport-vault as the supervisor would start it, with the test in the place of supervisor and control. */
#ifndef TESTS_E2E_VAULT_CHILD_H
#define TESTS_E2E_VAULT_CHILD_H

#include <sys/types.h>

#include "base/proto.h"

struct vault_child {
	pid_t pid;
	struct ipc control, supervisor; /* our ends */
};

/* Starts PROGRAM --store STORE with the master key file on its descriptor. 0, or -1 with a message on stderr. */
int vault_child_start(struct vault_child *v, const char *program, const char *store, const char *master);

/* Sends a grant and waits for the answer; *agent gets our end of the agent socket. The answer's text (the public line, or
 * the reason) goes to text, NUL-terminated. Returns 1 granted, 0 refused, -1 the vault does not answer. */
int vault_child_grant(struct vault_child *v, struct msg_vault_grant *m, int *agent, char *text, size_t n);

#endif

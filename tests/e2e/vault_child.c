/* A vault for tests; see vault_child.h. */
#include "tests/e2e/vault_child.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Moves descriptors to where the vault looks for them, by way of high ones that do not collide. */
static void place(int control, int master, int supervisor)
{
	const int from[] = { control, master, supervisor }, to[] = { FD_CONTROL, FD_VAULT_MASTER, FD_VAULT_SUPERVISOR };
	int high[3];

	for (int i = 0; i < 3; i++)
		high[i] = fcntl(from[i], F_DUPFD, 100);
	for (int i = 0; i < 3; i++) {
		dup2(high[i], to[i]);
		close(high[i]);
	}
}

int vault_child_start(struct vault_child *v, const char *program, const char *store, const char *master)
{
	int control[2], supervisor[2], fd = open(master, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ipc_pair(control) < 0 || ipc_pair(supervisor) < 0) {
		perror(master);
		return -1;
	}
	v->pid = fork();
	if (v->pid < 0)
		return -1;
	if (v->pid == 0) {
		place(control[1], fd, supervisor[1]);
		execl(program, program, "--store", store, (char *)NULL);
		perror(program);
		_exit(127);
	}
	close(fd);
	close(control[1]);
	close(supervisor[1]);
	ipc_init(&v->control, control[0], false);
	ipc_init(&v->supervisor, supervisor[0], false);
	return 0;
}

int vault_child_grant(struct vault_child *v, struct msg_vault_grant *m, int *agent, char *text, size_t n)
{
	struct msg_vault_answer a;
	struct ipc_msg in;
	struct view said;
	int fds[2], ok;

	*agent = -1;
	if (ipc_pair(fds) < 0)
		return -1;
	if (msg_vault_grant_send(&v->control, m, &fds[1], 1) < 0 || ipc_wait(&v->control, &in, 10000) < 0 ||
	    msg_vault_answer_read(&in, &a) < 0 || a.req != m->req) {
		close(fds[0]);
		return -1;
	}
	said = a.ok ? a.data : a.why;
	snprintf(text, n, "%.*s", (int)said.n, said.n > 0 ? (const char *)said.p : "");
	ok = a.ok;
	if (ok)
		*agent = fds[0];
	else
		close(fds[0]);
	return ok;
}

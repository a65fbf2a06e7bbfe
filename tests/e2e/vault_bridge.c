/* For tests: runs a command with SSH_AUTH_SOCK leading to one grant of a real sallyport-vault, as a session worker has it.
 *
 *     vault_bridge PROGRAM STORE MASTER LOGIN key NAME | cert PRINCIPAL [valid SECONDS] [uses N] -- COMMAND…
 *
 * The first line on stderr is "granted: PUBLIC LINE" or "refused: REASON". Exits as the command does; 99 when refused. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/vault_child.h"

/* Everything that comes in on one goes out on the other. 0 when either has ended. */
static int relay(int from, int to)
{
	char bytes[4096];
	ssize_t n = read(from, bytes, sizeof(bytes));

	if (n < 0 && errno == EAGAIN)
		return 1;
	for (ssize_t done = 0; done < n;) {
		ssize_t w = write(to, bytes + done, (size_t)(n - done));

		if (w < 0 && errno != EAGAIN)
			return 0;
		if (w > 0)
			done += w;
	}
	return n > 0;
}

/* One client after the other (ssh connects more than once to an agent), until the command has ended. */
static int bridge(int listener, int agent, pid_t command)
{
	int client = -1, status;

	for (;;) {
		struct pollfd p[3] = { { listener, POLLIN, 0 }, { agent, POLLIN, 0 }, { client, POLLIN, 0 } };

		if (client >= 0)
			p[0].fd = -1;
		if (agent < 0)
			p[1].fd = -1;
		poll(p, 3, 50);
		if (waitpid(command, &status, WNOHANG) == command)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
		if (p[0].fd >= 0 && (p[0].revents & POLLIN) != 0)
			client = accept(listener, NULL, NULL);
		if (p[1].fd >= 0 && p[1].revents != 0 && (client < 0 || !relay(agent, client))) {
			/* The vault has ended the grant. */
			close(agent);
			agent = -1;
			if (client >= 0)
				close(client);
			client = -1;
		} else if (p[2].fd >= 0 && p[2].revents != 0 && (agent < 0 || !relay(client, agent))) {
			close(client);
			client = -1;
		}
	}
}

static int run(char **argv, int agent)
{
	char dir[] = "/tmp/vault_bridge.XXXXXX";
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), code = 98;
	pid_t pid;

	if (mkdtemp(dir) == NULL || listener < 0)
		return code;
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/agent", dir);
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(listener, 8) == 0) {
		setenv("SSH_AUTH_SOCK", a.sun_path, 1);
		pid = fork();
		if (pid == 0) {
			execvp(argv[0], argv);
			_exit(127);
		}
		if (pid > 0)
			code = bridge(listener, agent, pid);
	}
	close(listener);
	unlink(a.sun_path);
	rmdir(dir);
	return code;
}

int main(int argc, char **argv)
{
	struct vault_child v;
	time_t now = time(NULL);
	struct msg_vault_grant m = { .req = 1, .sid = 1, .target = proto_str("host"), .uses = 4,
		.valid_from_at = (uint64_t)now - 1, .valid_to_at = (uint64_t)now + 60 };
	char text[8192];
	int agent, i = 5, code, ok;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 9)
		return 98;
	m.login = proto_str(argv[4]);
	for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
		if (strcmp(argv[i], "key") == 0)
			m.key = proto_str(argv[i + 1]);
		else if (strcmp(argv[i], "cert") == 0)
			m.kind = 1, m.principal = proto_str(argv[i + 1]);
		else if (strcmp(argv[i], "valid") == 0)
			m.valid_to_at = (uint64_t)(now + atoi(argv[i + 1]));
		else if (strcmp(argv[i], "uses") == 0)
			m.uses = (uint32_t)atoi(argv[i + 1]);
		else
			return 98;
	}
	if (vault_child_start(&v, argv[1], argv[2], argv[3]) < 0)
		return 98;
	ok = vault_child_grant(&v, &m, &agent, text, sizeof(text));
	fprintf(stderr, "%s: %s\n", ok == 1 ? "granted" : "refused", ok >= 0 ? text : "no answer");
	code = ok == 1 ? run(argv + i + 1, agent) : 99;
	kill(v.pid, SIGTERM);
	waitpid(v.pid, NULL, 0);
	return code;
}

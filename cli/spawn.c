/* Running other programs; see spawn.h. */
#include "cli/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void child_stdio(int in, int out, int err)
{
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
}

int spawn_run(const char *const *argv, char *out, size_t n, struct why *why)
{
	char chunk[4096], *errors = NULL;
	size_t got = 0, nerr = 0;
	int p[2], e[2], status;
	ssize_t k;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0 || pipe2(e, O_CLOEXEC) < 0)
		return why_fail(why, ERR_SYS, "cannot make a pipe");
	pid = fork();
	if (pid < 0)
		return why_fail(why, ERR_SYS, "cannot fork");
	if (pid == 0) {
		child_stdio(open("/dev/null", O_RDONLY), p[1], e[1]);
		execvp(argv[0], (char *const *)argv);
		dprintf(STDERR_FILENO, "cannot run %s: %s", argv[0], strerror(errno));
		_exit(127);
	}
	close(p[1]);
	close(e[1]);
	/* Both outputs of what is run here are small: one after the other cannot block. */
	while ((k = read(p[0], chunk, sizeof(chunk))) > 0) {
		for (ssize_t i = 0; i < k && out != NULL && got + 1 < n; i++)
			out[got++] = chunk[i];
	}
	errors = chunk;
	k = read(e[0], chunk, sizeof(chunk) - 1);
	nerr = k > 0 ? (size_t)k : 0;
	errors[nerr] = '\0';
	errors[strcspn(errors, "\n")] = '\0';
	close(p[0]);
	close(e[0]);
	if (out != NULL && n > 0)
		out[got] = '\0';
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ERR_OK;
	return why_fail(why, ERR_REFUSED, "%s: %s", argv[0], errors[0] != '\0' ? errors : "failed");
}

pid_t spawn_daemon(const char *const *argv, const char *log, struct why *why)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	pid_t pid;

	if (fd < 0)
		return why_fail(why, ERR_SYS, "cannot write %s: %s", log, strerror(errno));
	pid = fork();
	if (pid < 0) {
		close(fd);
		return why_fail(why, ERR_SYS, "cannot fork");
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		child_stdio(open("/dev/null", O_RDONLY), fd, fd);
		execvp(argv[0], (char *const *)argv);
		dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(fd);
	return pid;
}

static void pause_ms(long ms)
{
	struct timespec ts = { ms / 1000, (ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}

void spawn_stop(pid_t pid, int ms)
{
	if (pid <= 0 || kill(pid, SIGTERM) < 0)
		return;
	for (int waited = 0; waited < ms; waited += 5) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		pause_ms(5);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int signal_children(int signo)
{
	char path[64];
	long pid;
	FILE *f;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (fscanf(f, "%ld", &pid) == 1) {
		kill((pid_t)pid, signo);
		n++;
	}
	fclose(f);
	return n;
}

void spawn_stop_children(int ms)
{
	int waited = 0;

	while (signal_children(waited < ms ? SIGTERM : SIGKILL) > 0) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		pause_ms(10);
		waited += 10;
		if (waited > ms + 5000)
			return;
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

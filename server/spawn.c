/* fork+exec of the other programs; see spawn.h. What runs between the two is system calls only. */
#include "server/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/process.h"

enum { FIRST_FD = 3, ARGS_MAX = 8, ENV_MAX = 16 };

static struct {
	const char *name;
	char path[PATH_MAX];
} programs[] = { { "sallyport-vault", "" }, { "sallyport-control", "" }, { "sallyport-session", "" }, { "sallyport-recorder", "" } };

static const char *const kept_names[] = { "PATH=", "LANG=", "TZ=", "JOURNAL_STREAM=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS=", NULL };

int spawn_find_all(void)
{
	int r = ERR_OK;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (process_sibling(programs[i].name, programs[i].path) < 0) {
			log_error("%s is not installed", programs[i].name);
			r = ERR_NOTFOUND;
		}
	}
	return r;
}

static const char *path_of(const char *name)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (strcmp(programs[i].name, name) == 0)
			return programs[i].path;
	}
	return "";
}

static void small_environment(char **env)
{
	unsigned n = 0;

	for (char **e = environ; *e != NULL && n < ENV_MAX - 1; e++) {
		for (const char *const *k = kept_names; *k != NULL; k++) {
			if (strncmp(*e, *k, strlen(*k)) == 0) {
				env[n++] = *e;
				break;
			}
		}
	}
	env[n] = NULL;
}

/* Moves the descriptors to 3, 4, … and closes all others. First out of the way, since one may stand where another goes. */
static int place_fds(const struct spawn *s)
{
	int high[SPAWN_FDS_MAX];

	for (unsigned i = 0; i < s->nfds; i++) {
		high[i] = fcntl(s->fds[i], F_DUPFD, FIRST_FD + SPAWN_FDS_MAX + 1);
		if (high[i] < 0)
			return -1;
	}
	for (unsigned i = 0; i < s->nfds; i++) {
		if (dup2(high[i], FIRST_FD + (int)i) < 0)
			return -1;
	}
	return (int)syscall(SYS_close_range, FIRST_FD + s->nfds, ~0u, 0);
}

bool spawn_may_switch(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
	const uint32_t wanted = 1u << CAP_SETUID | 1u << CAP_SETGID;

	return geteuid() == 0 || (syscall(SYS_capget, &head, caps) == 0 && (caps[0].effective & wanted) == wanted);
}

static int become(const struct config_user *u)
{
	/* What the service manager lent us for this one purpose is not inherited: execve() takes the rest of it away. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && geteuid() != 0)
		return -1;
	if (u == NULL || u->name == NULL || !spawn_may_switch())
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 || setresuid(u->uid, u->uid, u->uid) < 0)
		return -1;
	/* A kernel that lies about it would leave us who we were. */
	return getuid() == u->uid && geteuid() == u->uid && getegid() == u->gid ? 0 : -1;
}

void spawn_kill(pid_t pid, int signo, const struct config_user *user)
{
	pid_t helper;

	if (pid <= 0 || kill(pid, signo) == 0 || errno != EPERM)
		return;
	helper = fork(); /* reaped with the rest */
	if (helper == 0)
		_exit(become(user) == 0 && kill(pid, signo) == 0 ? 0 : 1);
	if (helper < 0)
		log_error("process %d cannot be ended: %s", (int)pid, strerror(errno));
}

static void child(const struct spawn *s, const char *path, char *const *argv, char **env)
{
	struct rlimit core = { 0, 0 }, files = { s->nofile, s->nofile };
	sigset_t none;

	(void)setpgid(0, 0); /* a terminal's ^C is for the supervisor, which then ends us in order */
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0 || place_fds(s) < 0 || setrlimit(RLIMIT_CORE, &core) < 0)
		_exit(126);
	if (s->nofile > 0 && setrlimit(RLIMIT_NOFILE, &files) < 0)
		_exit(126);
	if (become(s->user) < 0)
		_exit(126);
	execve(path, argv, env);
	_exit(127);
}

pid_t spawn_program(const struct spawn *s)
{
	const char *path = path_of(s->program);
	char *argv[ARGS_MAX + 2], *env[ENV_MAX];
	unsigned n = 0;
	pid_t pid;

	if (*path == '\0') {
		errno = ENOENT;
		return -1;
	}
	argv[n++] = (char *)(uintptr_t)s->program;
	for (unsigned i = 0; s->args != NULL && s->args[i] != NULL && n <= ARGS_MAX; i++)
		argv[n++] = (char *)(uintptr_t)s->args[i];
	argv[n] = NULL;
	small_environment(env);
	pid = fork();
	if (pid == 0)
		child(s, path, argv, s->whole_environment ? environ : env);
	return pid;
}

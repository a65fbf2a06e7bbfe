/* First steps of every process; see process.h. */
#include "base/process.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

int process_harden(const char *name, int last_fd)
{
	struct rlimit none = { 0, 0 };
	struct sigaction sa = { .sa_handler = SIG_IGN };

	log_init(name);
	umask(077);
	/* A key must not reach a disk because something crashed, nor another process of the same user through ptrace. */
	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || sigaction(SIGPIPE, &sa, NULL) < 0)
		return ERR_SYS;
	if (syscall(SYS_close_range, (unsigned)last_fd + 1, ~0u, 0) < 0) {
		for (int fd = last_fd + 1; fd < 1024; fd++)
			close(fd);
	}
	return ERR_OK;
}

int process_limits(unsigned long nofile, unsigned long address_space)
{
	struct rlimit files = { nofile, nofile }, mem = { address_space, address_space };

	if (nofile > 0 && setrlimit(RLIMIT_NOFILE, &files) < 0)
		return ERR_SYS;
	if (address_space > 0 && setrlimit(RLIMIT_AS, &mem) < 0)
		return ERR_SYS;
	return ERR_OK;
}

int process_sibling(const char *name, char *out)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash != NULL) {
			*slash = '\0';
			if (snprintf(out, PATH_MAX, "%s/%s", self, name) < PATH_MAX && access(out, X_OK) == 0)
				return ERR_OK;
		}
	}
	if (snprintf(out, PATH_MAX, "%s/%s", PKGLIBEXECDIR, name) < PATH_MAX && access(out, X_OK) == 0)
		return ERR_OK;
	return ERR_NOTFOUND;
}

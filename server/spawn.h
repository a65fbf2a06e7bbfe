/* Starting a program of ours: descriptors from 3 on, its own user, its own limits, nothing inherited. */
#ifndef SERVER_SPAWN_H
#define SERVER_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "server/config.h"

enum { SPAWN_FDS_MAX = 5 };

struct spawn {
	const char *program;          /* "sallyport-session": found beside us or in the libexec directory */
	const char *const *args;      /* after argv[0], NULL-terminated; may be NULL */
	int fds[SPAWN_FDS_MAX];       /* become 3, 4, …; they stay the caller's to close */
	unsigned nfds;
	const struct config_user *user; /* switched to when it has a name and spawn_may_switch() */
	unsigned long nofile;         /* descriptors it may have; 0: as we */
	bool whole_environment;       /* else only PATH and what logs and sanitizers read */
};

/* Whether we can start programs under other users: as root, or with CAP_SETUID and CAP_SETGID lent by the service manager. */
bool spawn_may_switch(void);

/* Forks and executes. The pid, or -1 with errno. A program that cannot be executed exits 127. */
pid_t spawn_program(const struct spawn *s);

/* Signals a child of ours that may run as another user. No capability is lent for it: where it is refused, a short-lived child becomes that user
 * first, so that nothing but that user's own processes could ever be reached. pid is one that we have not reaped yet. */
void spawn_kill(pid_t pid, int signo, const struct config_user *user);

/* Remembers the paths of the programs once, so that a start costs no look-up. ERR_OK or ERR_NOTFOUND, which is logged. */
int spawn_find_all(void);

#endif

/* `sallyport demo`: what its parts share. */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include <limits.h>
#include <sys/types.h>

#include "base/err.h"

struct demo {
	char dir[PATH_MAX - 256];  /* the throw-away directory */
	char self[PATH_MAX];       /* path of the `sallyport` program */
	char login[64];            /* the ordinary user that everything runs as */
	const char *policy;        /* --policy FILE, or NULL for the sample */
	const char *config;        /* --config FILE: lines appended to the configuration, or NULL */
	char target_shell[PATH_MAX]; /* absolute path of the target's shell */
	char dialect[16];
	unsigned target_port, ssh_port, http_port;
	char target_host_key[1024]; /* "TYPE BASE64" */
	char bastion_host_key[1024];
	pid_t target_pid, daemon_pid;
};

/* Everything that must stand on disk before the daemon starts: keys, issuer, vault, configuration, policy. */
int demo_files_write(struct demo *d, struct why *why);

/* After the daemon listens: the agent's ssh_config, the tokens of operator and auditor. */
int demo_files_agent(struct demo *d, struct why *why);

/* The target: a private sshd run by the same user on a free port. Its keys come from demo_files_write(). */
int demo_target_files(struct demo *d, struct why *why);
int demo_target_start(struct demo *d, struct why *why);

/* Writes a file below the demo directory, printf-like, with the mode given. */
int demo_write(struct demo *d, const char *name, unsigned mode, struct why *why, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Reads the first line of a file below the demo directory, up to its second space when `two_words` (a public key without its
 * comment). */
int demo_read_line(struct demo *d, const char *name, int two_words, char *out, size_t n, struct why *why);

#endif

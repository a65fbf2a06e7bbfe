/* The supervisor's part of the configuration file. What the other programs read of it is theirs to check
 * (`sallyportd -t` runs them too); here only the top-level names and the keys below are looked at. */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "server/penalty.h"

enum { CONFIG_LISTEN_MAX = 16 };

struct config_user {
	char *name; /* NULL: the supervisor's own */
	uid_t uid;
	gid_t gid;
};

enum config_master { MASTER_FILE, MASTER_CREDENTIAL, MASTER_FD };

struct config {
	char *listen[CONFIG_LISTEN_MAX]; /* "host:port", "[v6]:port", ":port" */
	unsigned nlisten;
	char *host_key; /* path */
	char *state;    /* path */
	char *vault_store;
	enum config_master master;
	char *master_name; /* path, or the credential's name */
	int master_fd;
	struct config_user control, vault, session, recorder;
	uint64_t login_grace; /* seconds */
	uint64_t sessions;    /* at once */
	uint64_t per_source;
	uint64_t unauthenticated;
	struct penalty_rules penalties;
};

/* Reads and checks a file. users: also look up the names of `users` (the supervisor can switch to them). text, where not NULL, gets what was read.
 * ERR_OK, ERR_SYS (file cannot be read), ERR_MALFORMED: errors holds one line a mistake. *out is NULL on failure; config_free() it. */
int config_read(const char *path, bool users, struct buf *text, struct config **out, struct buf *errors);
/* The same of a text that is said to be that file's. */
int config_read_text(const char *path, const void *text, size_t n, bool users, struct config **out, struct buf *errors);
void config_free(struct config *c);

#endif

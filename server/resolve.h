/* Where paths lead on the target. Path rules speak of names; a symbolic link makes one name another. So before a file operation is decided, the
 * target's own sftp server is asked (REALPATH) on a channel of the bastion's, one a session, opened when it is first needed; what rules see
 * is the path that was asked for and the path that it leads to, and what is done is done to the latter.
 *
 * A target whose sftp server does not look at links when it is asked for a real path cannot be used: nothing would be known. The target may lie;
 * it can then only make operations on itself be judged wrongly. Between the answer and the operation a link may change: docs/threat-model.md. */
#ifndef SERVER_RESOLVE_H
#define SERVER_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct session;

struct resolved {
	uint32_t status;  /* enum sftp_status: SFTP_OK, or why it leads nowhere */
	const char *path; /* absolute, clean; the target's word */
	bool is_dir;      /* where that was asked */
};

typedef void resolve_fn(void *arg, const struct resolved *r);

enum resolve_how {
	RESOLVE_FOLLOW = 0, /* links are followed to the end; a last component that does not exist stays as it is */
	RESOLVE_PARENT = 1, /* the last component is the thing itself, be it a link */
	RESOLVE_KIND = 2    /* also whether it is a directory */
};

/* The directory that relative paths begin at, once it is known; else NULL, and it is being found out. *failed: it will not be. */
const char *resolve_home(struct session *s, bool *failed);
const char *resolve_why(const struct session *s); /* of a failure: a line for the agent */

/* path is absolute and clean. fn is called once, from the loop, unless it is forgotten before. ERR_OK, ERR_NOMEM, ERR_LIMIT, ERR_UNAVAILABLE. */
int resolve_path(struct session *s, const char *path, unsigned how, resolve_fn *fn, void *arg);
void resolve_forget(struct session *s, void *arg);

bool resolve_step(struct session *s); /* true when something moved */
int64_t resolve_due(const struct session *s);
void resolve_lost(struct session *s); /* the target's connection is gone, with every channel */

#endif

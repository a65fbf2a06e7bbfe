/* The store out of the audit chain: applies every record that the store has not seen yet. After a crash that is a few, after
 * the store was lost all of them. */
#ifndef APPROVE_REBUILD_H
#define APPROVE_REBUILD_H

#include "approve/store.h"

/* Reads the segments in the folder (a path) and commits. ERR_OK; ERR_MALFORMED for a record that cannot be understood; ERR_SYS. */
int rebuild_run(struct store *s, const char *folder, struct why *why);

#endif

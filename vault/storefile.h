/* Files of the key store: read with suspicion, written whole, removed for good. dirfd is the store's directory; the caller
 * holds its lock while it writes. */
#ifndef VAULT_STOREFILE_H
#define VAULT_STOREFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define STOREFILE_SUFFIX ".key"

/* The whole file (at most SEAL_MAX bytes) into *out, freed by the caller with free(). It must be regular, with one link,
 * mode 0600 or less, of the directory's owner or root. ERR_REFUSED, ERR_LIMIT, ERR_NOTFOUND, ERR_SYS, ERR_NOMEM. */
int storefile_read(int dirfd, const char *file, uint8_t **out, size_t *n, struct why *w);

/* Writes a new file beside, syncs it, renames it into place, syncs the directory; a file that it replaced is then
 * overwritten. The file gets the directory's owner. ERR_EXISTS unless replace. */
int storefile_write(int dirfd, const char *file, const uint8_t *p, size_t n, bool replace, struct why *w);

/* Renames to *.dead, syncs, overwrites, unlinks, syncs. ERR_NOTFOUND, ERR_SYS. */
int storefile_remove(int dirfd, const char *file, struct why *w);

/* Finishes removals and drops half-written files that a crash left. */
void storefile_sweep(int dirfd);

#endif

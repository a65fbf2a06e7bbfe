/* The last text of a file that was accepted, kept where a start finds it again when the file itself has mistakes by then. Whoever reads a file keeps
 * its own copy, in a folder that it alone may write. */
#ifndef BASE_LASTGOOD_H
#define BASE_LASTGOOD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { LASTGOOD_MAX = 1 << 20 }; /* bytes, as of every file of configuration */

/* Keeps a text under a name below dirfd: replaced whole, durable, mode 0600. Nothing is written where it is the same already. ERR_OK or ERR_SYS. */
int lastgood_save(int dirfd, const char *name, const void *p, size_t n);

/* Appends what was kept to out, whose bound must let it in. *saved_at: when, Unix seconds. ERR_OK, ERR_NOTFOUND, ERR_SYS, ERR_LIMIT. */
int lastgood_read(int dirfd, const char *name, struct buf *out, int64_t *saved_at);

#endif

/* Memory for secrets: locked, left out of core dumps, between guard pages, wiped when given back.
 *
 * It is OpenSSL's secure heap, so that libcrypto's own copies of private keys land there as well. Before
 * secmem_init(), or where the system grants no locked memory, allocations still work and are still wiped. */
#ifndef VAULT_SECMEM_H
#define VAULT_SECMEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Makes the process unreadable to its peers (no core dump, no ptrace by the same user, no new privileges) and sets up
 * the locked heap. *locked (may be NULL) says whether the heap is locked in memory: false means that it may be swapped,
 * which the caller reports and lives with. Call once, before the first key. ERR_SYS, ERR_NOMEM. */
int secmem_init(bool *locked);

/* n bytes, zeroed; NULL when the heap is full. secmem_free() needs the same n, takes NULL, and wipes. */
void *secmem_alloc(size_t n);
void secmem_free(void *p, size_t n);

/* A struct buf whose whole memory is one secure block of n bytes: it never moves, and refuses (ERR_LIMIT) to grow past
 * n. Append only, never consume. Give it back with secmem_buf_free(), not buf_free(). */
int secmem_buf(struct buf *b, size_t n);
void secmem_buf_free(struct buf *b);

#endif

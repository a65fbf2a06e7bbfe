/* Where a recording's text goes: one gzip member in a file, encrypted where that is asked for (seal.h), and a running SHA-256 of the bytes stored.
 *
 * Each write ends on a byte boundary (a sync flush), so that everything up to it can be read back even if nothing follows: write
 * pieces of some 64 KiB, or what a second brought. zlib, or isa-l where configure found it: the same format, three times as fast. */
#ifndef RECORDER_SINK_H
#define RECORDER_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SINK_DIGEST 32

struct sink;
struct seal_readers;

/* Takes over fd, an empty file open for writing. readers: for whom it is encrypted, NULL: it is not. NULL on no memory; fd is closed then. */
struct sink *sink_new(int fd, const struct seal_readers *readers);

/* Closes the file as it is. s may be NULL. */
void sink_free(struct sink *s);

/* Compresses text into the file. ERR_OK, ERR_SYS (cannot be written; errno), ERR_CRYPTO. After an error only sink_free() is
 * allowed; the same holds for the calls below. */
int sink_write(struct sink *s, const void *p, size_t n);
int sink_sync(struct sink *s);   /* what was written is on the disk */
int sink_finish(struct sink *s); /* ends the gzip member; then sync */

uint64_t sink_raw(const struct sink *s);    /* bytes of text */
uint64_t sink_stored(const struct sink *s); /* bytes in the file */

/* SHA-256 of the stored bytes so far. ERR_OK or ERR_CRYPTO. */
int sink_digest(const struct sink *s, uint8_t out[SINK_DIGEST]);

/* "zlib" or "isa-l", for --version and the log. */
const char *sink_compressor(void);

#endif

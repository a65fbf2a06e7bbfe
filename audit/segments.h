/* Reading the log's directory: its segments in order, and lines of a file without holding more than one. */
#ifndef AUDIT_SEGMENTS_H
#define AUDIT_SEGMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define SEGMENT_LOG "log"
#define SEGMENT_CHECKPOINTS "checkpoints"
#define SEGMENT_NAME_MAX 64

/* "log-000001.jsonl" */
void segment_name(const char *kind, unsigned number, char out[SEGMENT_NAME_MAX]);

/* The numbers of all segments of a kind, ascending. The caller frees *out with free(). ERR_OK (also with none), ERR_SYS,
 * ERR_NOMEM. */
int segments_list(int dirfd, const char *kind, unsigned **out, size_t *n);

/* A file read line by line. */
struct lines {
	int fd;            /* -1 when closed */
	struct buf in;
	size_t taken;      /* bytes of `in` that the last line took */
	size_t scanned;    /* bytes of `in` known to hold no newline */
	uint64_t offset;   /* in the file, of the next line */
	int eof;
};

/* Opens a plain file (symbolic links refused) at an offset. ERR_NOTFOUND, ERR_SYS. Close with lines_close(). */
int lines_open(struct lines *l, int dirfd, const char *name, uint64_t offset);
void lines_close(struct lines *l);

/* The next line, without its newline; valid until the next call. *at (may be NULL) is its offset. ERR_EOF: none left.
 * ERR_MALFORMED: the file ends in bytes without a newline, and *line is those. ERR_LIMIT: a line over CHAIN_MAX_LINE. */
int lines_next(struct lines *l, struct view *line, uint64_t *at);

/* Where to begin to read for record `seq`: the last segment of `numbers` (sorted) that begins at or before it, and an offset
 * in it at which a line begins, at most SEGMENT_NEAR bytes before the record where the file is sound. Segment 1, offset 0 when the log has no such record
 * yet or is damaged: reading from the front is never wrong. Returns the index into numbers. */
#define SEGMENT_NEAR (64 * 1024)
size_t segments_seek(int dirfd, const unsigned *numbers, size_t n, uint64_t seq, uint64_t *offset);

#endif

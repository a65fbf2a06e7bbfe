/* The old scp protocol, as bytes: the records that the end with the files sends, and the answers of the other. Pure.
 *
 *   C0644 SIZE NAME\n   a file; then SIZE bytes, then an answer of the sender's own (0, or what went wrong)
 *   D0755 0 NAME\n      a directory; what follows lies in it
 *   E\n                 out of it again
 *   T MTIME 0 ATIME 0\n times of the next file or directory
 *   \0                  good
 *   \1 TEXT\n  \2 TEXT\n   it went wrong; the second ends it
 *
 * Each record is answered before the next. Distrusts both sides alike. */
#ifndef SERVER_SCP_WIRE_H
#define SERVER_SCP_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { SCP_LINE_MAX = 2048, SCP_NAME_MAX = 255 };

enum scp_kind { SCP_GOOD, SCP_WARNING, SCP_FATAL, SCP_FILE, SCP_DIRECTORY, SCP_END, SCP_TIMES };

struct scp_record {
	enum scp_kind kind;
	uint32_t mode;    /* FILE, DIRECTORY */
	uint64_t size;    /* FILE */
	struct view name; /* FILE, DIRECTORY: one component, neither "." nor ".." */
	struct view line; /* all of it, as it came */
};

/* The first record or answer of what came. ERR_OK, ERR_AGAIN, ERR_MALFORMED, ERR_LIMIT (a line that does not end). */
int scp_read(struct view in, struct scp_record *r);

#endif

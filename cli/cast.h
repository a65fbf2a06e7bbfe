/* Reading a recording: its parts one after the other, line by line, never more than one line in memory. */
#ifndef CLI_CAST_H
#define CLI_CAST_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "recorder/asciicast.h"

/* More text than any part of ours holds: what goes on is no recording but a decompression bomb. */
#define CAST_MAX_PART (512ull << 20)

struct cast;

/* The private key (PEM file) that opens encrypted recordings from here on; NULL: none. */
void cast_key(const char *path);

/* id: a recording's id, looked up below dirfd (all its parts), or a path to one file when it has a slash or ends in .gz, .cms, .cast or is
 * "-" (standard input); then dirfd may be -1. Reads the first header. Free with cast_close(). */
int cast_open(int dirfd, const char *id, struct cast **out, struct why *w);
void cast_close(struct cast *c);

/* The header of the part that is read now; valid until the next call of cast_next(). */
const json_t *cast_header(const struct cast *c);
unsigned cast_part(const struct cast *c);

/* The next event; its time counts from the start of the first part. ERR_OK, ERR_EOF, ERR_MALFORMED, ERR_LIMIT, ERR_SYS. */
int cast_next(struct cast *c, struct asciicast_event *e, struct why *w);

/* Whether the part that is read now was encrypted. */
bool cast_sealed(const struct cast *c);

/* Whether text can be the id of a recording of ours. */
bool cast_id_ok(const char *id);

#endif

/* `sallyport policy parse --jsonl`, one line at a time: the parser alone, for tests and for policy authors. */
#ifndef POLICY_JSONL_PARSE_H
#define POLICY_JSONL_PARSE_H

#include "base/buf.h"

/* line: {"id","command","shell"} without its newline (n bytes). Appends {"id","ok","error","at"} and a newline to out:
 * error is null when ok, else a sentence; at is the byte offset, null when ok; line and column (1-based) stand beside
 * it. A line that is no such object is answered with ok false. ERR_OK, ERR_NOMEM, ERR_LIMIT (out is full). */
int parse_jsonl_line(const char *line, size_t n, struct buf *out);

#endif

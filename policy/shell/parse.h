/* From bytes to a syntax tree, for one shell dialect. Pure: no I/O, no globals, no recursion without a cap, time linear
 * in the length. Distrusts every byte. What the real shell might read otherwise than we do is refused. */
#ifndef POLICY_SHELL_PARSE_H
#define POLICY_SHELL_PARSE_H

#include <stddef.h>

#include "policy/policy.h"
#include "policy/shell/arena.h"
#include "policy/shell/ast.h"

#define SHELL_MAX_LEN ((size_t)128 << 10) /* bytes of text */
#define SHELL_MAX_DEPTH 64                /* constructs inside each other, quotes counted */

/* Why a text was refused. The sentence is printable ASCII. */
struct sh_error {
	int code;        /* ERR_MALFORMED: not of the grammar. ERR_LIMIT: length, depth, memory. ERR_REFUSED: the byte
			  * gate. ERR_UNSUPPORTED: the construct is left out on purpose (docs/parser.md). ERR_AGAIN: more
	                  * input is needed. ERR_NOMEM. */
	struct sh_pos at;
	char text[160];  /* what was expected, and what stood there */
};

/* Parses a whole text. On success *out is a tree in the arena (the caller resets the arena when done with it; the tree
 * holds no pointer into text). On failure *out is NULL and *e says where and why (e may be NULL). An unfinished
 * construct is ERR_MALFORMED here.
 * ERR_OK, ERR_MALFORMED, ERR_LIMIT, ERR_REFUSED, ERR_UNSUPPORTED, ERR_NOMEM. */
int shell_parse(const char *text, size_t len, enum dialect d, struct arena *a, struct sh_ast **out, struct sh_error *e);

/* Takes one complete statement from the front of a stream: everything up to and including the newline at which the
 * shell would run it, with the bodies of its here-documents. *taken is how many bytes that is, *out its tree (an empty list
 * for a blank or comment line). ERR_AGAIN: the text ends before the statement does (open quote, here-document, loop,
 * trailing && or backslash, or no newline yet): come again with more, *taken is 0. With eof, the end of the text ends
 * the statement as well, and an unfinished one is ERR_MALFORMED. *taken is 0 on every failure. */
int shell_parse_statement(const char *text, size_t len, bool eof, enum dialect d, struct arena *a, struct sh_ast **out,
			  size_t *taken, struct sh_error *e);

#endif

/* A tree as text, one form for all trees that mean the same: what ast_equal() compares, and what a person can read. */
#ifndef POLICY_SHELL_DUMP_H
#define POLICY_SHELL_DUMP_H

#include "base/buf.h"
#include "policy/shell/ast.h"

#define DUMP_MAX ((size_t)64 << 20)

/* Appends nested parentheses; bytes of words are written as they are, with their length before them. ERR_OK, ERR_LIMIT,
 * ERR_NOMEM. */
int ast_dump(const struct sh_ast *ast, struct buf *out);

/* ast_equal() with the caller's buffers, for who compares often: what is in them is lost. */
bool ast_equal_in(const struct sh_ast *a, const struct sh_ast *b, struct buf *x, struct buf *y);

#endif

/* A tree as text, one form for all trees that mean the same: what ast_equal() compares, and what a person can read. */
#ifndef POLICY_SHELL_DUMP_H
#define POLICY_SHELL_DUMP_H

#include "base/buf.h"
#include "policy/shell/ast.h"

/* Appends nested parentheses; bytes of words are written as they are, with their length before them. ERR_OK, ERR_LIMIT,
 * ERR_NOMEM. */
int ast_dump(const struct sh_ast *ast, struct buf *out);

#endif

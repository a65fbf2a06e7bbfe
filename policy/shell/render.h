/* From a syntax tree back to text, in one canonical layout. Every exact word is single-quoted (so that no alias, glob,
 * brace or keyword can apply to it); what is active stays as it was. Parsing the result gives an equal tree. */
#ifndef POLICY_SHELL_RENDER_H
#define POLICY_SHELL_RENDER_H

#include "base/buf.h"
#include "policy/shell/ast.h"

/* Appends the text for the tree's own dialect. No newline at the end unless a here-document needs it.
 * ERR_OK, ERR_UNSUPPORTED (cannot be written so that it surely means the same), ERR_LIMIT, ERR_NOMEM. On failure the
 * buffer holds a part of it: clear it. */
int shell_render(const struct sh_ast *ast, struct buf *out);

/* One word alone, as it would stand in an argument. */
int shell_render_word(const struct sh_word *w, enum dialect d, struct buf *out);

/* Bytes as one single-quoted shell word. */
int shell_quote(const void *p, size_t n, struct buf *out);

#endif

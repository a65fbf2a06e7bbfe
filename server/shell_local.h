/* The builtins of a managed shell that change nothing but what Sallyport keeps. Pure; distrusts the words. */
#ifndef SERVER_SHELL_LOCAL_H
#define SERVER_SHELL_LOCAL_H

#include "policy/shell/parse.h"
#include "server/shell_state.h"

/* unset, umask, set or shift. apply false: only whether it can be done. text, unless NULL, gets the command with its words quoted.
 * ERR_OK, ERR_UNSUPPORTED, ERR_LIMIT, ERR_NOMEM. */
int local_builtin(struct shell_state *st, enum dialect d, const struct sh_simple *s, bool apply, struct buf *text);

#endif

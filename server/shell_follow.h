/* Whether a managed shell can follow a statement: what in it changes what Sallyport keeps, and what of that cannot be kept. Pure; distrusts the
 * statement. */
#ifndef SERVER_SHELL_FOLLOW_H
#define SERVER_SHELL_FOLLOW_H

#include <stdbool.h>

#include "policy/shell/ast.h"

/* A compound command whose parts can be run one by one. */
bool follow_command(const struct sh_command *c);

/* Whether something in it changes what is kept. A pipeline of several commands and ( ) are shells of their own, and change nothing. */
bool follow_stateful(const struct sh_pipeline *p);
bool follow_list_stateful(const struct sh_list *l);

/* NULL: it may run; else why not, for the agent. */
const char *follow_refusal(const struct sh_list *l);

#endif

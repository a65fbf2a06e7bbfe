/* What single commands mean to a managed shell: which of them change its state, what their words are worth here, and the sentences for
 * those that cannot be kept. Pure; distrusts the words. */
#ifndef SERVER_SHELL_WORDS_H
#define SERVER_SHELL_WORDS_H

#include "server/shell_plan.h"

enum words_class {
	WORDS_RUN,    /* nothing that is kept */
	WORDS_ASSIGN, /* NAME=value … alone */
	WORDS_CD,
	WORDS_EXPORT,
	WORDS_LOCAL,  /* unset, umask, set, shift */
	WORDS_EXIT,
	WORDS_BREAK,  /* break, continue */
	WORDS_REFUSED
};

enum words_class words_class(const struct sh_simple *s, bool redirected);
const char *words_refusal(const struct sh_simple *s);
bool words_cd_back(const struct sh_simple *s); /* cd - */

/* The step of one assignment (*at, moved on to the next), of export, of a builtin, of exit. A step that cannot be made comes back as
 * STEP_REFUSE with the reason in step->name. */
void words_step(struct shell_state *st, const struct sh_ast *ast, const struct sh_simple *s, const struct sh_assign **at, struct shell_step *step);
void words_local(struct shell_state *st, const struct sh_ast *ast, const struct sh_simple *s, struct shell_step *step);
void words_exit(struct shell_state *st, const struct sh_simple *s, struct shell_step *step);
void words_apply(struct shell_state *st, struct shell_step *step); /* STEP_LOCAL was allowed */

/* Replaces $? by its value where it surely still has it; body is a rendering of ast, perhaps with more behind it. u (of ast) then says
 * whether a $? is left. */
int words_exact_status(const struct sh_ast *ast, int status, struct buf *body, struct shell_uses *u);

/* Variables that a text may change where it runs. */
bool words_assigns(const struct sh_ast *ast, const char *name);
void words_forget(struct shell_state *st, const struct sh_list *list);
void words_forget_pipeline(struct shell_state *st, const struct sh_pipeline *p);

#endif

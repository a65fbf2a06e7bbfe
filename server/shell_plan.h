/* One statement of a managed shell, taken apart into steps. Pure.
 *
 * A statement that changes nothing which Sallyport keeps is one step: it runs on the target as a whole. One that does (a directory, a
 * variable, an option, `exit`) is followed here, pipeline by pipeline, as the shell would follow it: lists, && and ||, groups, if, while,
 * until and for over known words. What changes the state where that cannot be followed is refused with a sentence; a variable that may
 * have changed unseen is forgotten, and using it is refused. Distrusts the statement; the tree is the parser's. */
#ifndef SERVER_SHELL_PLAN_H
#define SERVER_SHELL_PLAN_H

#include "base/buf.h"
#include "policy/shell/arena.h"
#include "policy/shell/ast.h"
#include "server/shell_state.h"

enum shell_step_kind {
	STEP_RUN,    /* ask about text, run it, its status is $? */
	STEP_CD,     /* ask, run, its output's last line is the new directory */
	STEP_VALUE,  /* ask, run, its output is the value of `name` */
	STEP_LOCAL,  /* ask; what it does is done here (shell_plan_done) */
	STEP_ERROR,  /* nothing to ask: say `error`, $? is `status` */
	STEP_REFUSE, /* ask, for the record; then say `error` whatever the answer */
	STEP_EXIT    /* the shell ends with `status` */
};

struct shell_step {
	enum shell_step_kind kind;
	struct buf text;    /* what control is asked, and the target gets */
	char error[512];
	int status;
	char name[260];     /* STEP_VALUE */
	bool exported, keep_status; /* STEP_VALUE: keep_status: $? is the substitution's */
	bool show;          /* STEP_CD: `cd -` prints where it went */
	const struct sh_simple *simple;   /* STEP_LOCAL */
	const struct sh_assign *assign;
};

struct shell_plan;

/* Starts a statement. The tree and the state must live until the plan is freed. NULL: no memory. */
struct shell_plan *shell_plan_new(const struct sh_ast *ast, struct view source, struct shell_state *st);
void shell_plan_free(struct shell_plan *p);

/* The next step, from st->status, which is the last one's. false: the statement is over. step->text must be initialised. */
bool shell_plan_next(struct shell_plan *p, struct shell_step *step);

/* A step has ended with a status (st->status is set here): ran says that it was not refused; output is what STEP_CD and STEP_VALUE
 * printed. Fills step->error when the shell itself has something to say. */
void shell_plan_done(struct shell_plan *p, struct shell_step *step, bool ran, int status, struct view output);

#endif

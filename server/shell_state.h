/* What a managed shell carries from one statement to the next, and how it is written down for the target: directory, variables, umask,
 * positional parameters, options, the last status. Pure. Values come from the agent and from the target's output: bytes without NUL,
 * bounded, and only ever written between single quotes. */
#ifndef SERVER_SHELL_STATE_H
#define SERVER_SHELL_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "policy/shell/ast.h"

enum {
	SHELL_VARS_MAX = 512,
	SHELL_ARGS_MAX = 1024,
	SHELL_STATE_BYTES = 96 * 1024, /* names and values together; a longer text would not be decided anyway */
	SHELL_VALUE_MAX = 64 * 1024
};

enum shell_option { SHELL_ERREXIT = 1, SHELL_NOUNSET = 2, SHELL_NOGLOB = 4, SHELL_XTRACE = 8, SHELL_NOCLOBBER = 16, SHELL_PIPEFAIL = 32 };

struct shell_var {
	struct shell_var *next;
	char *name;
	char *value; /* NUL-terminated; "" where it is not set */
	size_t n;
	bool set;      /* false: known to be unset */
	bool exported;
	bool unknown;  /* changed where Sallyport could not follow: not to be used */
};

struct shell_state {
	struct shell_var *vars; /* in the order in which they were first set */
	unsigned nvars;
	size_t bytes;
	char *cwd, *old;  /* absolute; NULL: the login's home directory; NULL: no directory before this one */
	char umask[8];    /* octal digits; "": as the target has it */
	char **args;
	unsigned nargs;
	unsigned options; /* enum shell_option */
	int status;       /* $? */
};

void shell_state_free(struct shell_state *st);

/* ERR_OK, ERR_LIMIT, ERR_NOMEM. value need not end in NUL. exported: true adds the attribute, false leaves it as it is. */
int shell_state_set(struct shell_state *st, const char *name, size_t nlen, const char *value, size_t n, bool exported);
int shell_state_unset(struct shell_state *st, const char *name, size_t nlen);
int shell_state_forget(struct shell_state *st, const char *name, size_t nlen); /* its value is not known any more */
struct shell_var *shell_state_get(const struct shell_state *st, const char *name, size_t nlen); /* NULL: never seen */
int shell_state_args(struct shell_state *st, char **args, unsigned n); /* takes the list over */
int shell_state_cd(struct shell_state *st, const char *dir, size_t n);

/* What of the state a text uses, from its tree. */
struct shell_uses {
	bool status;  /* $? */
	bool args;    /* $1 $@ $# */
	bool all;     /* ${!x}: any variable */
};
void shell_uses(const struct sh_ast *ast, struct shell_uses *u);

/* Appends the text that brings the state about and then runs body: body alone where there is nothing to bring about. Only variables that
 * are exported, or that the body mentions, are written. ERR_OK, ERR_LIMIT, ERR_NOMEM. */
int shell_state_wrap(const struct shell_state *st, const struct shell_uses *u, struct view body, struct buf *out);

/* A list of NAME, value pairs (base/proto.h), for the question's state field. */
int shell_state_list(const struct shell_state *st, struct buf *out);

#endif

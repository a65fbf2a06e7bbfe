/* Inside of command.c and its parts. Not for other files. */
#ifndef POLICY_COMMAND_H
#define POLICY_COMMAND_H

#include "policy/walk.h"

/* command.c */
bool command_in(const char *const *list, const char *s); /* NULL-terminated list */
void act_opaque(struct act *a, const char *why);
const char *command_unknown(struct walk *w, const char *word); /* a sentence about the word that no table knows */
/* One argv, wrapped depth times. simple: the simple command that it is literally a part of, NULL where it is made. */
void command_argv(struct walk *w, struct field *argv, unsigned argc, struct sh_pos at, const struct act *outer, unsigned depth,
		  const struct sh_simple *simple);

/* command_builtin.c: true when the name was one of the shell's own, judged there. */
bool command_builtin(struct walk *w, struct act *a, const char *name, unsigned depth, const struct sh_simple *simple);
bool command_special(const char *name); /* no function may have this name */
bool command_evaluates(const char *name); /* the shell's own that evaluate text */
void command_effects(struct walk *w, struct act *a, const char *name, unsigned depth); /* cd, set, printf…: what they change for what follows */

/* command_shell.c: shells and interpreters. */
void command_shell(struct walk *w, struct act *a, const char *name, const struct sh_simple *simple);
void command_runner(struct walk *w, struct act *a, const struct tool *tool);

/* command_wrap.c: programs that run the rest of their words. */
void command_wrapper(struct walk *w, struct act *a, const struct parsed *p, unsigned depth, const struct sh_simple *simple);
const char *command_hole(const struct field *f, const char *what); /* where in a word a program puts another text for what; NULL: nowhere */

#endif

/* From the words of a simple command to an act: the shell's own commands that evaluate or assign, programs that run programs,
 * and programs that the tables know. What none of them explains is an act of unknown effect. */
#include "policy/command.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "policy/shell/parse.h"

bool command_in(const char *const *list, const char *s)
{
	for (; *list != NULL; list++) {
		if ((*list)[0] == s[0] && strcmp(*list, s) == 0)
			return true;
	}
	return false;
}

void act_opaque(struct act *a, const char *why)
{
	a->opaque = true;
	a->effects |= EFFECT_UNKNOWN;
	if (a->why == NULL)
		a->why = why;
}

/* Directories whose programs are the ones that the tables describe. */
static const char *command_name(const struct field *f)
{
	static const char *const dirs[] = { "/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/", "/lib/", "/lib64/",
		"/usr/lib/", "/usr/lib64/", "/lib/x86_64-linux-gnu/", "/usr/lib/x86_64-linux-gnu/", "/lib/aarch64-linux-gnu/", "/snap/bin/", NULL };
	const char *slash = strrchr(f->p, '/');

	if (slash == NULL)
		return f->p;
	for (unsigned i = 0; dirs[i] != NULL; i++) {
		if (strlen(dirs[i]) == (size_t)(slash + 1 - f->p) && strncmp(dirs[i], f->p, strlen(dirs[i])) == 0)
			return slash + 1;
	}
	return NULL;
}

/* A sentence about the word that no table knows. */
const char *command_unknown(struct walk *w, const char *word)
{
	char made[160];
	int n;

	if (word == NULL || strchr(word, ' ') != NULL)
		return word != NULL && strncmp(word, "a", 1) == 0 ? word : "a word whose effect is in no table";
	n = snprintf(made, sizeof(made), "the tables do not say what %.100s does", word);
	if (n < 0 || arena_copy(w->r->arena, made, 1) == NULL)
		return "a word whose effect is in no table";
	return arena_copy(w->r->arena, made, strlen(made));
}

static void command_tool(struct walk *w, struct act *a, const struct tool *tool, unsigned depth, const struct sh_simple *simple)
{
	struct parsed p;
	enum tool_prog prog = PROG_NONE;

	options_read(w, a, tool, &p);
	if (w->r->failed)
		return;
	p.extglob = depth == 0 && simple != NULL && simple->extglob;
	tool = a->tool;
	if (tool->kind == TOOL_WRAP) {
		command_wrapper(w, a, &p, depth, simple);
		return;
	}
	if (p.unknown && !(tool->flags & TOOL_ANY)) {
		a->effects |= EFFECT_UNKNOWN;
		if (a->why == NULL)
			a->why = command_unknown(w, p.unknown_word);
	}
	for (const struct tool *t = tool; t != NULL && prog == PROG_NONE; t = t->parent)
		prog = (enum tool_prog)t->prog;
	switch (prog) {
	case PROG_NONE:
		break;
	case PROG_FIND:
		a->effects = tool->does;
		a->paths = NULL;
		prog_find(w, a);
		break;
	default:
		prog_other(w, a, prog, &p);
		break;
	}
}

static const struct function *command_function(const struct walk *w, const struct field *f)
{
	for (const struct function *fn = w->functions; fn != NULL; fn = fn->next) {
		if (fn->n == f->n && memcmp(fn->name, f->p, f->n) == 0)
			return fn;
	}
	return NULL;
}

void command_argv(struct walk *w, struct field *argv, unsigned argc, struct sh_pos at, const struct act *outer, unsigned depth,
			 const struct sh_simple *simple)
{
	struct act *a = walk_act(w, ACT_COMMAND, at);
	const struct tool *tool;
	const struct function *fn;
	const char *name;

	if (a == NULL || !walk_spend(w, 4))
		return;
	a->argv = argv;
	a->argc = argc;
	if (outer != NULL)
		a->outer = outer;
	for (unsigned i = 0; i < argc; i++) {
		if (argv[i].kind > a->confidence)
			a->confidence = argv[i].kind;
	}
	if (depth > UNWRAP_DEPTH) {
		act_opaque(a, "wrapped too deep");
		return;
	}
	if (argv[0].kind != CONFIDENCE_EXACT || argv[0].n == 0) {
		a->confidence = CONFIDENCE_OPAQUE;
		act_opaque(a, "which command it is cannot be known");
		return;
	}
	fn = command_function(w, &argv[0]);
	if (fn != NULL) {
		state_lose(&w->state);
		if (fn->sure && depth == 0 && !w->unsets) {
			a->covered = true;
			a->neutral = true;
			return;
		}
	}
	name = command_name(&argv[0]);
	if (name == NULL) {
		a->effects |= EFFECT_UNKNOWN;
		a->why = "a program outside the usual directories";
		return;
	}
	if (name == argv[0].p && command_builtin(w, a, name, depth, simple))
		return;
	if (name != argv[0].p && command_evaluates(name)) {
		a->effects |= EFFECT_UNKNOWN;
		a->why = "a program that is in no table";
		return;
	}
	tool = table_find(name, strlen(name));
	if (tool == NULL || strchr(name, ' ') != NULL) {
		a->effects |= EFFECT_UNKNOWN;
		a->why = "a program that is in no table";
		return;
	}
	a->tool = tool;
	if (tool->flags & TOOL_SHELL) {
		if (w->pathless)
			act_opaque(a, "a shell without PATH, which in Debian's bash leads to the working directory too");
		command_shell(w, a, name, simple);
		return;
	}
	if (tool->kind == TOOL_RUNNER) {
		command_runner(w, a, tool);
		return;
	}
	command_effects(w, a, name, depth);
	if ((strcmp(name, "test") == 0 || strcmp(name, "[") == 0) && !prog_test_safe(w, argv, argc))
		act_opaque(a, "a test of words that are not known can evaluate them");
	command_tool(w, a, tool, depth, simple);
}

void command_run(struct walk *w, struct field *argv, unsigned argc, struct sh_pos at, const struct sh_simple *simple)
{
	/* exec without a command keeps its redirections for all that follows. */
	command_argv(w, argv, argc, at, w->outer, 0, simple);
}

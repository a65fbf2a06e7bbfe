/* Shells, whose texts are read as the statement is, and interpreters, whose code is not read here. */
#include "policy/command.h"

#include <string.h>

#include "base/err.h"
#include "policy/shell/parse.h"

/* ---- Shells ------------------------------------------------------------------------------------------------------------------ */

static unsigned command_dialects(const struct walk *w, const char *shell, enum dialect *out)
{
	if (strcmp(shell, "bash") == 0 || strcmp(shell, "rbash") == 0) {
		out[0] = DIALECT_BASH;
		return 1;
	}
	if (strcmp(shell, "zsh") == 0 || strcmp(shell, "rzsh") == 0) {
		out[0] = DIALECT_ZSH;
		return 1;
	}
	if (strcmp(shell, "mksh") == 0 || strcmp(shell, "lksh") == 0 || strcmp(shell, "pdksh") == 0) {
		out[0] = DIALECT_MKSH;
		return 1;
	}
	if (strcmp(shell, "dash") == 0) {
		out[0] = DIALECT_DASH;
		return 1;
	}
	if (strcmp(shell, "sh") == 0 || strcmp(shell, "ash") == 0) {
		/* Which shell that is the host knows: the strictest of those that it is in practice. */
		out[0] = DIALECT_DASH;
		out[1] = DIALECT_BASH;
		out[2] = DIALECT_BUSYBOX;
		return w->dialect == DIALECT_BUSYBOX || strcmp(shell, "ash") == 0 ? 3 : 2;
	}
	return 0; /* ksh93 and others that no dialect here is */
}

/* The letters of options that leave how a text is found and read as it is, in every shell that the name may mean. In zsh -b ends them. */
static bool command_shell_letter(const struct walk *w, const char *shell, char c)
{
	static const char *const letters[] = {
		[DIALECT_BASH] = "leuxvhbmnEpC", [DIALECT_DASH] = "leuxvbmnEpC", [DIALECT_ZSH] = "leuxvhmnEpC", [DIALECT_MKSH] = "leuxvhbmnpC",
		[DIALECT_BUSYBOX] = "leuxvbmnEC",
	};
	enum dialect dialects[3];
	unsigned n = command_dialects(w, shell, dialects);

	for (unsigned i = 0; i < n; i++) {
		if (strchr(letters[dialects[i]], c) == NULL)
			return false;
	}
	return n > 0;
}

/* One simple command and nothing that runs before it: what it reads nothing else has read. */
static bool command_alone(const struct sh_list *list)
{
	const struct sh_andor *a = list->items;
	const struct sh_command *c = a != NULL ? a->pipelines->commands : NULL;

	if (c == NULL || a->next != NULL || a->pipelines->next != NULL || c->next != NULL || c->kind != SH_SIMPLE || c->redirs != NULL ||
	    c->simple->assigns != NULL)
		return false;
	for (const struct sh_word *word = c->simple->words; word != NULL; word = word->next) {
		if (word->assign != NULL || !ast_word_exact(word))
			return false;
	}
	return true;
}

/* Whether lines are joined elsewhere than between words. zsh does not join them within (( and )) or <<-, nor behind a redirection's number, and
 * others have such places too; the rendering, which an inner text has not, has no such lines. */
static bool text_joins(const struct field *text, enum dialect d)
{
	const char *end = text->p + text->n, *s = text->p;

	while ((s = memmem(s, (size_t)(end - s), "\\\n", 2)) != NULL) {
		if (d == DIALECT_ZSH || s == text->p || (s[-1] != ' ' && s[-1] != '\t'))
			return true;
		s += 2;
	}
	return false;
}

void command_text(struct walk *w, const char *shell, const struct field *text, struct field *params, unsigned nparams, const struct act *outer,
		  struct sh_pos at)
{
	enum dialect dialects[3];
	unsigned n = command_dialects(w, shell, dialects);
	struct walk saved = *w;

	if (text->kind != CONFIDENCE_EXACT) {
		walk_eval(w, at, "a shell text that is not known");
		return;
	}
	if (n == 0) {
		walk_eval(w, at, "a shell whose language is not read here");
		return;
	}
	if (w->depth + 4 >= WALK_DEPTH) {
		walk_eval(w, at, "too deep");
		return;
	}
	for (unsigned i = 0; i < n && !w->r->failed; i++) {
		struct sh_ast *ast;
		int r;

		if (!walk_spend(w, 16 + text->n / 4))
			return;
		if (text_joins(text, dialects[i])) {
			walk_eval(w, at, "a line continuation without a blank before it, or in a text for zsh, that an inner shell gets as it is written");
			return;
		}
		r = shell_parse(text->p, text->n, dialects[i], w->r->arena, &ast, &w->r->inner_error);
		if (r == ERR_NOMEM) {
			w->r->failed = true;
			return;
		}
		if (r != ERR_OK) {
			/* A shell that refuses to read it runs nothing (or a part before the mistake): not known. */
			walk_eval(w, at, "an inner shell text that does not parse");
			return;
		}
		w->dialect = dialects[i];
		w->again = saved.again || i > 0;
		w->depth = saved.depth + 4;
		w->functions = NULL;
		w->outer = outer;
		w->top = false;
		w->branch = 0;
		w->in_function = false;
		state_init(w, &w->state);
		if (w->r->failed)
			return;
		w->state.params_known = true;
		w->state.params = nparams > 0 ? params + 1 : NULL;
		w->state.nparams = nparams > 0 ? nparams - 1 : 0;
		for (unsigned k = 0; k < nparams; k++) {
			if (params[k].flags & FIELD_MULTI)
				w->state.params_known = false;
		}
		{
			struct place here = state_place(&saved.state);

			state_set_place(w, &here);
		}
		if (state_get(&saved.state, "HOME", 4) != NULL) {
			struct field home = field_opaque(0);

			state_set(w, "HOME", 4, &home, true);
		}
		/* Several may read the same text, each what the one before left of it. */
		if (w->stdin_kind == STDIN_TEXT && !command_alone(ast->list))
			w->stdin_kind = STDIN_FILE;
		w->integers = NULL;
		w->outside = false;
		walk_text(w, ast->list);
		w->stdin_kind = saved.stdin_kind;
		w->outside = saved.outside;
		w->unsets = saved.unsets;
		w->integers = saved.integers;
		w->dialect = saved.dialect;
		w->again = saved.again;
		w->depth = saved.depth;
		w->functions = saved.functions;
		w->outer = saved.outer;
		w->top = saved.top;
		w->branch = saved.branch;
		w->in_function = saved.in_function;
		w->state = saved.state;
	}
}

/* Whether nothing but the one line with text in it is read from a program on standard input: a shell runs what a line holds only when it
 * has all of it. Of several lines a reader in the first may take a quote, a comment's # or the beginning of a here-document away. */
static bool command_one_line(const struct field *text)
{
	static const char blanks[] = " \t\n";
	size_t from = 0, n = text->n;

	while (from < n && strchr(blanks, text->p[from]) != NULL && text->p[from] != '\0')
		from++;
	while (n > from && strchr(blanks, text->p[n - 1]) != NULL && text->p[n - 1] != '\0')
		n--;
	return memchr(text->p + from, '\n', n - from) == NULL;
}

/* sh, bash, dash… : -c TEXT, -s or nothing (program on standard input), or a script. */
void command_shell(struct walk *w, struct act *a, const char *name, const struct sh_simple *simple)
{
	static const char *const longs[] = { "--norc", "--noprofile", "--login", "--posix", "--restricted", "--noediting", "--verbose", "--no-rcs", NULL };
	static const char *const options[] = { "pipefail", "errexit", "nounset", "xtrace", "verbose", "errtrace", "noclobber", NULL };
	bool text = false, from_stdin = false;
	unsigned i;

	for (i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		if (f->kind != CONFIDENCE_EXACT) {
			if ((f->flags & FIELD_NODASH) == 0 || (f->flags & FIELD_MULTI) != 0) {
				act_opaque(a, "a shell with a word that is not known");
				return;
			}
			break;
		}
		if (a->argc == 2 && (strcmp(f->p, "--version") == 0 || strcmp(f->p, "--help") == 0)) {
			a->effects = EFFECT_READ;
			return;
		}
		if (strcmp(f->p, "--") == 0 || strcmp(f->p, "-") == 0) {
			i++;
			break;
		}
		if (f->p[0] != '-' && f->p[0] != '+')
			break;
		/* zsh and mksh end their options there. */
		if (f->p[1] == '\0') {
			act_opaque(a, "a shell option that is not known");
			return;
		}
		if (f->p[1] == '-') {
			if (!command_in(longs, f->p)) {
				act_opaque(a, "a shell option that is not known");
				return;
			}
			continue;
		}
		for (const char *c = f->p + 1; *c != '\0'; c++) {
			if (*c == 'c' && f->p[0] == '-') {
				text = true;
			} else if (*c == 's' && f->p[0] == '-') {
				from_stdin = true;
			} else if (*c == 'o') {
				/* zsh takes the rest of the word for the option's name, others the next word. */
				if (c[1] != '\0' || i + 1 >= a->argc || a->argv[i + 1].kind != CONFIDENCE_EXACT || !command_in(options, a->argv[i + 1].p)) {
					act_opaque(a, "a shell option that is not known");
					return;
				}
				i++;
			} else if (!command_shell_letter(w, name, *c)) {
				act_opaque(a, "a shell option that changes how its text is read");
				return;
			}
		}
	}
	/* dash runs the text and then its standard input. */
	if (text && from_stdin) {
		act_opaque(a, "both -c and -s");
		return;
	}
	for (const struct act *o = a->outer; o != NULL; o = o->outer) {
		if (o->tool != NULL && (o->tool->flags & TOOL_APPLET) != 0 && strcmp(name, "sh") == 0)
			name = "ash";
	}
	if (text) {
		if (i >= a->argc) {
			act_opaque(a, "-c without a text");
			return;
		}
		a->neutral = true;
		a->effects = 0;
		command_text(w, name, &a->argv[i], a->argv + i + 1, a->argc - i - 1, a, a->at);
		return;
	}
	if (i < a->argc && !from_stdin) {
		a->effects |= EFFECT_EXEC;
		a->code = true;
		a->why = "it runs a script that is not seen here";
		path_add(w, a, EFFECT_READ, &a->argv[i], 0);
		return;
	}
	/* Program on standard input. What it runs reads the same input, and can change what is left of it. */
	switch (w->stdin_kind) {
	case STDIN_NULL:
		a->neutral = true;
		a->effects = EFFECT_READ;
		a->neutral = false;
		return;
	case STDIN_EXEC:
		if (w->r->stdin_command != NULL || !w->top || simple == NULL) {
			act_opaque(a, "a shell that reads its program from standard input, together with other commands");
			return;
		}
		w->r->stdin_command = simple;
		w->r->stdin_argc = a->argc;
		if (!w->r->q->stdin_known) {
			w->r->needs_stdin = true;
			act_opaque(a, "a shell that reads its program from standard input");
			return;
		}
		{
			struct field t = { .p = (const char *)w->r->q->stdin_bytes, .n = (uint32_t)w->r->q->stdin_len, .kind = CONFIDENCE_EXACT };
			struct field zero = field_exact(w, name, strlen(name)), *params;
			unsigned n = i < a->argc ? a->argc - i : 0;

			if (w->r->q->stdin_len > SHELL_MAX_LEN) {
				act_opaque(a, "the program on standard input is over the limit");
				return;
			}
			params = arena_alloc(w->r->arena, (n + 1) * sizeof(*params));
			if (params == NULL) {
				w->r->failed = true;
				return;
			}
			params[0] = zero;
			if (n > 0)
				memcpy(params + 1, a->argv + i, n * sizeof(*params));
			w->r->used_stdin = true;
			a->neutral = true;
			a->effects = 0;
			w->stdin_kind = STDIN_NULL;
			if (t.n > 0)
				command_text(w, name, &t, params, n + 1, a, a->at);
			else
				a->neutral = false;
		}
		return;
	case STDIN_TEXT:
		if (w->stdin_text.kind == CONFIDENCE_EXACT) {
			/* Where the text itself is the standard input of what it runs, readers of it are not followed. */
			enum stdin_kind in = w->stdin_kind;
			unsigned before = w->r->nacts;

			if (i < a->argc) {
				act_opaque(a, "a program on standard input with parameters");
				return;
			}
			a->neutral = true;
			a->effects = 0;
			w->stdin_kind = STDIN_PIPE;
			command_text(w, name, &w->stdin_text, NULL, 0, a, a->at);
			w->stdin_kind = in;
			if (!command_one_line(&w->stdin_text))
				walk_eval(w, a->at, "a program on standard input of more than one line: what runs first may take a part of the others away");
			else if (w->r->nacts > before + 1)
				walk_eval(w, a->at, "a program on standard input of more than one command, which may read the rest of it");
			return;
		}
		act_opaque(a, "a shell that reads its program from a text that is not known");
		return;
	default:
		act_opaque(a, "a shell that reads its program from a pipe or a file");
		return;
	}
}

/* ---- Interpreters ---------------------------------------------------------------------------------------------------------------- */

void command_runner(struct walk *w, struct act *a, const struct tool *tool)
{
	bool operand = false, dash = false, code = false;

	if (a->argc == 2 && a->argv[1].kind == CONFIDENCE_EXACT) {
		const struct opt *o = options_find(tool, a->argv[1].p, a->argv[1].n);

		if (o != NULL && (o->mods & OPT_STOP) != 0) {
			a->effects = EFFECT_READ;
			return;
		}
	}
	a->effects |= tool->does;
	a->code = true;
	a->why = "it runs code that is not read here";
	for (unsigned i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		if (f->kind != CONFIDENCE_EXACT || f->p[0] != '-')
			operand = true;
		else if (f->n == 1)
			dash = true;
		else if (strchr("ceEmrf", f->p[1]) != NULL && f->p[1] != '-')
			code = true;
	}
	if (!(tool->flags & TOOL_STDIN_CODE) || ((operand || code) && !dash && strncmp(tool->name, "psql", 4) != 0 && strncmp(tool->name, "mysql", 5) != 0 &&
						 strncmp(tool->name, "sqlite", 6) != 0 && strncmp(tool->name, "maria", 5) != 0))
		return;
	if (code && !dash)
		return;
	if (w->stdin_kind == STDIN_EXEC)
		a->code_stdin = true;
	else if (w->stdin_kind == STDIN_PIPE || w->stdin_kind == STDIN_FILE || (w->stdin_kind == STDIN_TEXT && w->stdin_text.kind != CONFIDENCE_EXACT))
		act_opaque(a, "an interpreter that reads its program from a pipe or a file");
}

/* From the words of a simple command to an act: the shell's own commands that evaluate or assign, programs that run programs,
 * and programs that the tables know. What none of them explains is an act of unknown effect. */
#include "policy/walk.h"

#include <string.h>

#include "base/err.h"
#include "policy/shell/parse.h"

static void command_argv(struct walk *w, struct field *argv, unsigned argc, struct sh_pos at, const struct act *outer, unsigned depth,
			 const struct sh_simple *simple);

static bool command_in(const char *const *list, const char *s)
{
	for (; *list != NULL; list++) {
		if (strcmp(*list, s) == 0)
			return true;
	}
	return false;
}

static void act_opaque(struct act *a, const char *why)
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

static bool command_identifier(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') || p[i] == '_' || (i > 0 && p[i] >= '0' && p[i] <= '9')))
			return false;
	}
	return n > 0;
}

/* ---- Builtins that evaluate, whatever their words -------------------------------------------------------------------- */

static const char *const evaluators[] = { "eval", "source", ".", "trap", "alias", "unalias", "enable", "disable", "bind", "complete", "compgen",
	"compopt", "compadd", "compctl", "compdef", "fc", "r", "let", "zmodload", "autoload", "emulate", "zle", "bindkey", "zcompile", "sched", "vared",
	"zstyle", "zformat", "zregexparse", "zparseopts", "zpty", "zprof", "ztcp", "zsocket", "zftp", "zselect", "sysopen", "sysread",
	"syswrite", "sysseek", "functions", "unfunction", "hashinfo", "unhash", "rehash", "setopt", "unsetopt", "options", "repeat", "bg",
	"fg", "suspend", "disown", "login", "newgrp", "coproc", "nameref", "integer", "float", "global", "rename", "pushln", "getln", "stop",
	"limit", "unlimit", "log", "ttyctl", "private", "noglob", "nocorrect", "-", "mknod", "zf_rm", "zf_mv", "zf_ln", "zf_mkdir", "zf_rmdir", "zf_chmod", "zf_chown", "strftime_", NULL };

/* ---- declare, export and their like ------------------------------------------------------------------------------------ */

static void command_declare(struct walk *w, struct act *a, const char *name)
{
	static const char *const safe_flags = "xrgpalAtuh";
	bool export = strcmp(name, "export") == 0, opaque_value = false;

	for (unsigned i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];
		const char *eq;
		size_t n;
		struct field value;

		if (f->kind == CONFIDENCE_EXACT && (f->p[0] == '-' || f->p[0] == '+') && f->n > 1) {
			if (strcmp(f->p, "--") == 0)
				continue;
			for (const char *c = f->p + 1; *c != '\0'; c++) {
				if (strchr(safe_flags, *c) == NULL && !(export && *c == 'n' && f->p[0] == '-')) {
					act_opaque(a, "a declaration whose attribute changes how values are evaluated");
					return;
				}
				if (*c == 'x' && f->p[0] == '-')
					export = true;
				if (*c == 'l' || *c == 'u' || *c == 'a' || *c == 'A' || *c == 't')
					opaque_value = true;
			}
			continue;
		}
		eq = memchr(f->p, '=', f->n);
		n = eq != NULL ? (size_t)(eq - f->p) : f->n;
		if (n > 0 && eq != NULL && f->p[n - 1] == '+') {
			n--;
			opaque_value = true;
		}
		if ((f->kind != CONFIDENCE_EXACT && eq == NULL && !(f->kind == CONFIDENCE_OPAQUE && f->n > 0)) || !command_identifier(f->p, n)) {
			act_opaque(a, "a declaration of a name that is not known");
			return;
		}
		if (f->kind == CONFIDENCE_EXACT && eq != NULL && !opaque_value)
			value = field_exact(w, eq + 1, f->n - (size_t)(eq + 1 - f->p));
		else
			value = field_opaque(0);
		walk_assigned(w, arena_copy(w->r->arena, f->p, n), n, &value, export, a->at);
	}
}

static void command_cd(struct walk *w, struct act *a)
{
	struct field to = field_opaque(0);
	unsigned operands = 0;

	for (unsigned i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		if (f->kind == CONFIDENCE_EXACT && f->p[0] == '-' && f->n > 1 && operands == 0)
			continue;
		operands++;
		to = *f;
	}
	if (operands == 0) {
		to.kind = CONFIDENCE_PATTERN;
		to.flags = FIELD_HOME | FIELD_NODASH;
		to.p = "~";
		to.n = 1;
	} else if (operands > 1 || to.kind == CONFIDENCE_OPAQUE || (to.flags & FIELD_MULTI) != 0 || strcmp(to.p, "-") == 0) {
		to = field_opaque(0);
	} else {
		struct act scratch = { .next = NULL };

		path_add(w, &scratch, EFFECT_READ, &to, 0);
		to = scratch.paths != NULL && !scratch.paths->dots ? scratch.paths->path : field_opaque(0);
		if (to.kind == CONFIDENCE_EXACT && (to.flags & FIELD_HOME) != 0)
			to.kind = CONFIDENCE_PATTERN;
		else if (to.kind == CONFIDENCE_PATTERN)
			to = field_opaque(0);
	}
	state_set_cwd(w, &to);
}

static void command_set(struct walk *w, struct act *a)
{
	static const char *const safe[] = { "pipefail", "errexit", "nounset", "xtrace", "verbose", "errtrace", "noclobber", "monitor", "notify", NULL };
	bool positional = false;
	unsigned i;

	for (i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		if (f->kind != CONFIDENCE_EXACT) {
			if ((f->flags & FIELD_NODASH) == 0) {
				act_opaque(a, "set with a word that may be an option");
				return;
			}
			positional = true;
			break;
		}
		if (strcmp(f->p, "--") == 0) {
			positional = true;
			i++;
			break;
		}
		if ((f->p[0] != '-' && f->p[0] != '+') || f->n == 1) {
			positional = true;
			break;
		}
		for (const char *c = f->p + 1; *c != '\0'; c++) {
			if (*c == 'o') {
				if (c[1] != '\0' || i + 1 >= a->argc || a->argv[i + 1].kind != CONFIDENCE_EXACT || !command_in(safe, a->argv[i + 1].p)) {
					if (c[1] == '\0' && i + 1 >= a->argc)
						break;
					act_opaque(a, "a shell option that changes how the rest is read");
					return;
				}
				i++;
				break;
			}
			if (strchr("euxvETbmhC", *c) == NULL) {
				act_opaque(a, "a shell option that changes how the rest is read");
				return;
			}
		}
	}
	if (!positional)
		return;
	if (w->branch > 0 || w->in_function) {
		w->state.params_known = false;
		return;
	}
	for (unsigned k = i; k < a->argc; k++) {
		if (a->argv[k].flags & FIELD_MULTI) {
			w->state.params_known = false;
			return;
		}
	}
	w->state.params = a->argv + i;
	w->state.nparams = a->argc - i;
	w->state.params_known = true;
}

static void command_printf(struct walk *w, struct act *a)
{
	unsigned i = 1;
	const struct field *f;
	bool star;

	if (a->argc > 1 && a->argv[1].kind == CONFIDENCE_EXACT && strcmp(a->argv[1].p, "--") == 0)
		i++;
	if (i >= a->argc)
		return;
	f = &a->argv[i];
	if (f->kind != CONFIDENCE_EXACT) {
		if (i + 1 < a->argc || (f->flags & FIELD_MULTI) != 0)
			act_opaque(a, "a format that is not known may assign variables");
		return;
	}
	if (f->p[0] == '-' && i == 1 && f->n > 1) {
		act_opaque(a, "printf with an option assigns a variable");
		return;
	}
	for (const char *c = f->p; *c != '\0'; c++) {
		if (*c != '%')
			continue;
		star = false;
		for (c++; *c != '\0' && strchr("-+ #0123456789.*hlLjzt'$", *c) != NULL; c++)
			star = star || *c == '*';
		if (*c == '\0')
			break;
		if (*c == 'n') {
			act_opaque(a, "%n assigns a variable");
			return;
		}
		if ((strchr("diouxXeEfFgGaA", *c) != NULL || star) && (w->dialect == DIALECT_ZSH || w->dialect == DIALECT_MKSH)) {
			for (unsigned k = i + 1; k < a->argc; k++) {
				if ((a->argv[k].flags & FIELD_NUMERIC) == 0) {
					act_opaque(a, "a number format evaluates its argument");
					return;
				}
			}
		}
	}
}

/* Builtins whose arguments zsh and mksh read as arithmetic, which can run code: numbers and plain words only. */
static bool command_numbers_safe(const struct walk *w, const struct act *a, const char *name)
{
	static const char *const numbers[] = { "break", "continue", "return", "exit", "logout", "shift", "ulimit", "read", "wait", "dirs", "pushd", "popd", "sleep", NULL };

	if ((w->dialect != DIALECT_ZSH && w->dialect != DIALECT_MKSH) || !command_in(numbers, name))
		return true;
	for (unsigned i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		if ((f->flags & FIELD_NUMERIC) != 0)
			continue;
		if (f->kind != CONFIDENCE_EXACT || strpbrk(f->p, "[$`") != NULL)
			return false;
	}
	return true;
}

/* True when the name was one of the shell's own that needs more than the tables. */
static bool command_builtin(struct walk *w, struct act *a, const char *name)
{
	static const char *const declare[] = { "declare", "typeset", "local", "export", "readonly", NULL };

	if (command_in(evaluators, name)) {
		act_opaque(a, "it evaluates text, or changes how the rest is read");
		if (strcmp(name, "eval") == 0 || strcmp(name, ".") == 0 || strcmp(name, "source") == 0)
			state_lose(&w->state);
		return true;
	}
	if (command_in(declare, name)) {
		command_declare(w, a, name);
		if (!a->opaque)
			a->effects |= EFFECT_READ;
		return true;
	}
	if (!command_numbers_safe(w, a, name)) {
		act_opaque(a, "an argument that this shell evaluates as arithmetic");
		return true;
	}
	if (strcmp(name, "hash") == 0) {
		if (a->argc > 2 || (a->argc == 2 && !(a->argv[1].kind == CONFIDENCE_EXACT && strcmp(a->argv[1].p, "-r") == 0)))
			act_opaque(a, "hash can say which program a name runs");
		else
			a->effects |= EFFECT_READ;
		return true;
	}
	return false;
}

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
			struct field cwd = state_cwd(&saved.state);

			state_set_cwd(w, &cwd);
		}
		walk_list(w, ast->list);
		w->dialect = saved.dialect;
		w->depth = saved.depth;
		w->functions = saved.functions;
		w->outer = saved.outer;
		w->top = saved.top;
		w->branch = saved.branch;
		w->in_function = saved.in_function;
		w->state = saved.state;
	}
}

/* sh, bash, dash… : -c TEXT, -s or nothing (program on standard input), or a script. */
static void command_shell(struct walk *w, struct act *a, const char *name, const struct sh_simple *simple)
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
		if (strcmp(f->p, "--version") == 0 || strcmp(f->p, "--help") == 0) {
			a->effects = EFFECT_READ;
			return;
		}
		if (strcmp(f->p, "--") == 0 || strcmp(f->p, "-") == 0) {
			i++;
			break;
		}
		if (f->p[0] != '-' && f->p[0] != '+')
			break;
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
				if (i + 1 >= a->argc || a->argv[i + 1].kind != CONFIDENCE_EXACT || !command_in(options, a->argv[i + 1].p)) {
					act_opaque(a, "a shell option that is not known");
					return;
				}
				i++;
			} else if (strchr("leuxvhbmnEpC", *c) == NULL) {
				act_opaque(a, "a shell option that changes how its text is read");
				return;
			}
		}
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

			a->neutral = true;
			a->effects = 0;
			w->stdin_kind = STDIN_PIPE;
			command_text(w, name, &w->stdin_text, NULL, 0, a, a->at);
			w->stdin_kind = in;
			if (w->r->nacts > before + 1)
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

static void command_runner(struct walk *w, struct act *a, const struct tool *tool)
{
	bool operand = false, dash = false, code = false;

	if (a->argc == 2 && a->argv[1].kind == CONFIDENCE_EXACT) {
		const struct opt *o = options_find(tool, a->argv[1].p, a->argv[1].n);

		if ((o != NULL && (o->mods & OPT_STOP) != 0) || strcmp(a->argv[1].p, "--help") == 0) {
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

/* ---- Wrappers ---------------------------------------------------------------------------------------------------------------------- */

/* env -S: splits as env does; forms with escapes or variables are not read. */
static bool command_split(struct walk *w, const char *p, struct field *out, unsigned cap, unsigned *n)
{
	*n = 0;
	while (*p != '\0') {
		char *text;
		size_t len = 0;

		while (*p == ' ' || *p == '\t' || *p == '\n')
			p++;
		if (*p == '\0')
			break;
		text = arena_alloc(w->r->arena, strlen(p) + 1);
		if (text == NULL) {
			w->r->failed = true;
			return false;
		}
		while (*p != '\0' && *p != ' ' && *p != '\t' && *p != '\n') {
			if (*p == '\\' || *p == '$' || *p == '#')
				return false;
			if (*p == '\'' || *p == '"') {
				char q = *p++;

				while (*p != '\0' && *p != q) {
					if (*p == '\\' || *p == '$')
						return false;
					text[len++] = *p++;
				}
				if (*p++ != q)
					return false;
				continue;
			}
			text[len++] = *p++;
		}
		if (*n == cap)
			return false;
		out[(*n)++] = field_exact(w, text, len);
	}
	return true;
}

static void command_wrapper(struct walk *w, struct act *a, const struct parsed *p, unsigned depth, const struct sh_simple *simple)
{
	const struct tool *t = a->tool;
	struct field *inner = NULL, cwd = state_cwd(&w->state);
	unsigned n = 0;
	bool changed_cwd = false;

	if (p->stop) {
		a->effects = EFFECT_READ;
		return;
	}
	if (p->unknown) {
		act_opaque(a, "an option that is not in the tables decides what it runs");
		return;
	}
	if (p->cwd_at >= 0 || (t->flags & TOOL_ELSEWHERE) != 0) {
		struct field to = field_opaque(0);

		changed_cwd = true;
		if (p->cwd_at >= 0 && !(t->flags & TOOL_ELSEWHERE)) {
			struct act scratch = { .next = NULL };

			path_add(w, &scratch, EFFECT_READ, &a->argv[p->cwd_at], p->cwd_off);
			if (scratch.paths != NULL && !scratch.paths->dots && scratch.paths->path.kind == CONFIDENCE_EXACT && !(scratch.paths->path.flags & FIELD_HOME))
				to = scratch.paths->path;
		}
		state_set_cwd(w, &to);
	}
	if (p->inner_text >= 0) {
		struct field text = a->argv[p->inner_text];
		bool others = p->inner_at >= 0 || (a->nops > t->skip && t->then != THEN_NONE);

		if (text.kind == CONFIDENCE_EXACT) {
			text.p += p->inner_off;
			text.n -= p->inner_off;
		}
		if (others) {
			act_opaque(a, "both a text and a command to run");
		} else {
			a->neutral = (a->effects & ~(unsigned)EFFECT_PRIV) == 0 && a->paths == NULL;
			command_text(w, "sh", &text, NULL, 0, a, a->at);
			/* su and runuser give it to the user's shell, whatever that is. */
			if (strcmp(t->name, "su") == 0 || strcmp(t->name, "runuser") == 0)
				command_text(w, "bash", &text, NULL, 0, a, a->at);
		}
		goto out;
	}
	if (p->split_text >= 0) {
		struct field *words = arena_alloc(w->r->arena, 256 * sizeof(*words));
		const struct field *f = &a->argv[p->split_text];
		unsigned rest = p->inner_at >= 0 ? a->argc - (unsigned)p->inner_at : 0;

		if (words == NULL) {
			w->r->failed = true;
			return;
		}
		words[0] = a->argv[0];
		if (f->kind != CONFIDENCE_EXACT || rest > 100 || !command_split(w, f->p + p->split_off, words + 1, 100, &n)) {
			act_opaque(a, "-S with a text that is not split here");
			goto out;
		}
		if (rest > 0)
			memcpy(words + 1 + n, a->argv + p->inner_at, rest * sizeof(*words));
		/* The result is read as arguments of env again. */
		a->neutral = true;
		command_argv(w, words, n + 1 + rest, a->at, a, depth + 1, simple);
		goto out;
	}
	if (t->then == THEN_SHELL && p->inner_at >= 0) {
		size_t len = 1;
		char *text;
		bool exact = true;

		for (unsigned i = (unsigned)p->inner_at; i < a->argc; i++) {
			exact = exact && a->argv[i].kind == CONFIDENCE_EXACT;
			len += a->argv[i].n + 1;
		}
		text = arena_alloc(w->r->arena, len);
		if (text == NULL) {
			w->r->failed = true;
			return;
		}
		len = 0;
		for (unsigned i = (unsigned)p->inner_at; exact && i < a->argc; i++) {
			if (i > (unsigned)p->inner_at)
				text[len++] = ' ';
			memcpy(text + len, a->argv[i].p, a->argv[i].n);
			len += a->argv[i].n;
		}
		{
			struct field f = exact ? field_exact(w, text, len) : field_opaque(0);

			a->neutral = (a->effects & ~(unsigned)EFFECT_PRIV) == 0 && a->paths == NULL;
			command_text(w, "sh", &f, NULL, 0, a, a->at);
		}
		goto out;
	}
	if (p->inner_at < 0) {
		a->effects |= t->bare;
		if (t->then == THEN_NONE && a->argc > 1 && (t->bare & EFFECT_EXEC) != 0)
			act_opaque(a, "what it runs is not read here");
		goto out;
	}
	inner = a->argv + p->inner_at;
	n = a->argc - (unsigned)p->inner_at;
	if (t->flags & TOOL_MORE) {
		struct field *more = arena_alloc(w->r->arena, (n + 1) * sizeof(*more));

		if (more == NULL) {
			w->r->failed = true;
			return;
		}
		for (unsigned i = 0; i < n; i++) {
			more[i] = inner[i];
			if (p->replace != NULL && (p->replace[0] == '\0' ? strstr(inner[i].p, "{}") != NULL : strstr(inner[i].p, p->replace) != NULL)) {
				const char *r = p->replace[0] == '\0' ? "{}" : p->replace;

				more[i] = field_opaque(0);
				more[i].n = (uint32_t)(strstr(inner[i].p, r) - inner[i].p);
				more[i].p = arena_copy(w->r->arena, inner[i].p, more[i].n);
				if (more[i].n > 0 && inner[i].p[0] != '-' && inner[i].p[0] != '+')
					more[i].flags |= FIELD_NODASH;
				if (more[i].p == NULL)
					w->r->failed = true;
			}
		}
		if (p->replace == NULL)
			more[n++] = field_opaque(FIELD_MULTI);
		inner = more;
	}
	a->neutral = (a->effects & ~(unsigned)(EFFECT_PRIV | EFFECT_READ)) == 0;
	for (const struct path_use *u = a->paths; u != NULL; u = u->next) {
		if (u->effects & ~(unsigned)EFFECT_READ)
			a->neutral = false;
	}
	{
		enum stdin_kind in = w->stdin_kind;

		if (t->flags & TOOL_MORE)
			w->stdin_kind = STDIN_NULL;
		command_argv(w, inner, n, a->at, a, depth + 1, (t->flags & TOOL_MORE) ? NULL : simple);
		w->stdin_kind = in;
	}
out:
	if (changed_cwd)
		state_set_cwd(w, &cwd);
}

/* ---- All of it -------------------------------------------------------------------------------------------------------------------------- */

static void command_tool(struct walk *w, struct act *a, const struct tool *tool, unsigned depth, const struct sh_simple *simple)
{
	struct parsed p;

	options_read(w, a, tool, &p);
	if (w->r->failed)
		return;
	tool = a->tool;
	if (tool->kind == TOOL_WRAP) {
		command_wrapper(w, a, &p, depth, simple);
		return;
	}
	if (p.unknown && !(tool->flags & TOOL_ANY)) {
		a->effects |= EFFECT_UNKNOWN;
		if (a->why == NULL)
			a->why = "an option, operand or subcommand whose effect is in no table";
	}
	switch (tool->prog) {
	case PROG_NONE:
		break;
	case PROG_FIND:
		a->effects = tool->does;
		a->paths = NULL;
		prog_find(w, a);
		break;
	default:
		prog_other(w, a, tool->prog, &p);
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

static void command_argv(struct walk *w, struct field *argv, unsigned argc, struct sh_pos at, const struct act *outer, unsigned depth,
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
		if (fn->sure && depth == 0) {
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
	if (name == argv[0].p && command_builtin(w, a, name))
		return;
	if (command_in(evaluators, name) && name != argv[0].p) {
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
		command_shell(w, a, name, simple);
		return;
	}
	if (tool->kind == TOOL_RUNNER) {
		command_runner(w, a, tool);
		return;
	}
	if (strcmp(name, "cd") == 0 || strcmp(name, "chdir") == 0)
		command_cd(w, a);
	else if (strcmp(name, "pushd") == 0 || strcmp(name, "popd") == 0)
		state_lose(&w->state);
	else if (strcmp(name, "printf") == 0)
		command_printf(w, a);
	else if (strcmp(name, "set") == 0)
		command_set(w, a);
	else if (strcmp(name, "shift") == 0)
		w->state.params_known = false;
	else if ((strcmp(name, "test") == 0 || strcmp(name, "[") == 0) && !prog_test_safe(w, argv, argc))
		act_opaque(a, "a test of words that are not known can evaluate them");
	command_tool(w, a, tool, depth, simple);
}

void command_run(struct walk *w, struct field *argv, unsigned argc, struct sh_pos at, const struct sh_simple *simple)
{
	/* exec without a command keeps its redirections for all that follows. */
	command_argv(w, argv, argc, at, w->outer, 0, simple);
}

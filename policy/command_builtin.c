/* The shell's own commands: those that evaluate text are opaque, those that assign or change directory change what is known of
 * the rest. */
#include "policy/command.h"

#include <string.h>

#include "base/err.h"
#include "policy/shell/parse.h"

#define PRINTF_FLAGS "-+ #0123456789.*hlLjzt'$" /* between a % and its letter */

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

/* bash reads NAME='(…)' as the elements of an array, and expands them, when the name is or becomes one. */
static bool command_declares_elements(const struct walk *w, const char *name, size_t n, const char *value, size_t len, bool array, bool fresh)
{
	const struct var_slot *v;

	if (w->dialect != DIALECT_BASH || (len > 0 && value[0] != '('))
		return false;
	if (array || integers_have(w, name, n))
		return true;
	v = state_get(&w->state, name, n);
	return v != NULL ? v->value.kind == CONFIDENCE_OPAQUE : w->state.lost && !fresh;
}

/* Whether what a declaration is given is surely what its names have then: it is one in this shell, written as one, and says nothing else. */
static bool command_declares(const struct walk *w, const char *name, unsigned depth, const struct sh_simple *simple)
{
	if (depth > 0 || simple == NULL || !simple->declaration || w->outside)
		return false;
	if (strcmp(name, "export") == 0 || strcmp(name, "readonly") == 0)
		return true;
	if (strcmp(name, "local") == 0)
		return w->in_function && w->dialect != DIALECT_MKSH;
	if (strcmp(name, "typeset") == 0)
		return w->dialect == DIALECT_BASH || w->dialect == DIALECT_ZSH || w->dialect == DIALECT_MKSH;
	return w->dialect == DIALECT_BASH || w->dialect == DIALECT_ZSH;
}

static void command_declare(struct walk *w, struct act *a, const char *name, unsigned depth, const struct sh_simple *simple)
{
	/* Not -l and -u: they stay with the name, and change what it is given later. */
	static const char *const safe_flags = "xrgpaAth";
	bool export = strcmp(name, "export") == 0, opaque_value = !command_declares(w, name, depth, simple), array = false;
	bool export_only = export || strcmp(name, "readonly") == 0;
	/* A function's own variable is new, and no array but by its own declaration. */
	bool fresh = w->in_function && !export_only;

	for (unsigned i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];
		const char *eq;
		size_t n;
		struct field value;

		if ((f->flags & FIELD_MULTI) != 0) {
			act_opaque(a, "a word of a declaration that may be several: double quotes make it one");
			return;
		}
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
				/* readonly and export fail over letters that declare has, and assign nothing. */
				opaque_value = opaque_value || export_only || (*c != 'x' && *c != 'r') || f->p[0] == '+';
				array = array || *c == 'a' || *c == 'A';
				fresh = fresh && *c != 'g';
			}
			continue;
		}
		eq = memchr(f->p, '=', f->n);
		n = eq != NULL ? (size_t)(eq - f->p) : f->n;
		if (n > 0 && eq != NULL && f->p[n - 1] == '+') {
			n--;
			opaque_value = true;
		}
		/* What is not known of a word may go on with the name, or be a subscript. */
		if ((f->kind != CONFIDENCE_EXACT && eq == NULL && (f->flags & FIELD_NAME) == 0) || !command_identifier(f->p, n)) {
			act_opaque(a, "a declaration of a name that is not known");
			return;
		}
		if (eq != NULL && (f->kind != CONFIDENCE_EXACT || (eq[1] == '(' && f->p[f->n - 1] == ')')) &&
		    command_declares_elements(w, f->p, n, eq + 1, f->n - (size_t)(eq + 1 - f->p), array, fresh)) {
			act_opaque(a, "the value may be read as the elements of an array, which are expanded");
			return;
		}
		if (f->kind == CONFIDENCE_EXACT && eq != NULL && !opaque_value)
			value = field_exact(w, eq + 1, f->n - (size_t)(eq + 1 - f->p));
		else
			value = field_opaque(0);
		(eq != NULL ? walk_assigned : walk_touched)(w, arena_copy(w->r->arena, f->p, n), n, &value, export, a->at);
	}
}

/* Where cd or pushd leads. */
static struct place command_cd(struct walk *w, const struct act *a, bool pushd)
{
	struct field to = field_opaque(0);
	struct place place = place_nowhere();
	unsigned operands = 0;
	bool ended = false, unknown = false;

	for (unsigned i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		if (f->kind == CONFIDENCE_EXACT && f->p[0] == '-' && f->n > 1 && operands == 0 && !ended) {
			/* A word with another letter may be an operand, as zsh's -1 is. */
			ended = strcmp(f->p, "--") == 0;
			unknown = unknown || (!ended && strspn(f->p + 1, "LPe@qs") != f->n - 1);
			continue;
		}
		/* A place in the stack of directories. */
		unknown = unknown || ((pushd || w->dialect == DIALECT_ZSH) && f->n > 0 && (f->p[0] == '+' || f->p[0] == '-'));
		operands++;
		to = *f;
	}
	if (operands == 0 && !unknown && !pushd) {
		to.kind = CONFIDENCE_PATTERN;
		to.flags = FIELD_HOME | FIELD_NODASH;
		to.p = "~";
		to.n = 1;
		place.sure = place.maybe = to;
	} else if (!unknown && operands == 1 && to.kind != CONFIDENCE_OPAQUE && (to.flags & FIELD_MULTI) == 0 && strcmp(to.p, "-") != 0) {
		place = path_directory(w, &to, 0);
	}
	return place;
}

/* Only bash and zsh have the stack of directories; elsewhere a program may have the name. */
static void command_stack(struct walk *w, const struct act *a, bool pushd)
{
	struct place to = pushd ? command_cd(w, a, true) : place_nowhere();

	state_lose(&w->state);
	if (w->dialect == DIALECT_BASH || w->dialect == DIALECT_ZSH)
		state_set_maybe(w, &to.maybe);
}

/* The letters of set that leave what is read here as it is: in zsh many letters mean something else, in some shells they are not there. */
static bool command_set_letter(enum dialect dialect, char c)
{
	static const char *const letters[] = {
		[DIALECT_BASH] = "euxvETbmhC", [DIALECT_DASH] = "euxvEbmC", [DIALECT_ZSH] = "euxvEmhC", [DIALECT_MKSH] = "euxvbmhC",
		[DIALECT_BUSYBOX] = "euxvEbmC", [DIALECT_FISH] = "", [DIALECT_CSH] = "",
	};

	return strchr(letters[dialect], c) != NULL;
}

static void command_set(struct walk *w, struct act *a, unsigned depth)
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
			if ((f->flags & FIELD_MULTI) == 0)
				break;
			continue; /* where it is no word at all, the next one may be an option */
		}
		if (strcmp(f->p, "--") == 0) {
			positional = true;
			i++;
			break;
		}
		if ((f->p[0] == '-' || f->p[0] == '+') && f->n == 1) {
			act_opaque(a, "set - is no parameter, and what it does differs");
			return;
		}
		if (f->p[0] != '-' && f->p[0] != '+') {
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
			if (!command_set_letter(w->dialect, *c)) {
				act_opaque(a, "a shell option that changes how the rest is read");
				return;
			}
		}
	}
	if (!positional)
		return;
	/* Known when it is the one set of this shell, and cannot have failed: not every shell has every option. */
	if (w->branch > 0 || w->in_function || depth > 0 || i > (strcmp(a->argv[1].p, "--") == 0 ? 2u : 1u) || w->state.params_set) {
		w->state.params_known = false;
		w->state.params_set = true;
		return;
	}
	w->state.params_set = true;
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

/* Whether the escape at c may be a % : \x25 \045 \u0025, wherever the digits are held to end. */
static bool command_escaped_percent(const char *c)
{
	bool hex = c[1] == 'x' || c[1] == 'u' || c[1] == 'U';
	unsigned value = 0;

	for (c += hex ? 2 : 1; *c != '\0' && strchr(hex ? "0123456789abcdefABCDEF" : "01234567", *c) != NULL; c++) {
		value = hex ? value * 16 + (unsigned)(*c <= '9' ? *c - '0' : (*c | 32) - 'a' + 10) : value * 8 + (unsigned)(*c - '0');
		if ((value & 0xff) == '%')
			return true;
	}
	return false;
}

/* zsh reads the escapes of a format first: one that makes a %, or stands where the letter behind a % does, hides what is asked for. */
static bool command_format_hidden(const char *f)
{
	for (const char *c = f; *c != '\0'; c++) {
		if (*c == '%') {
			c += 1 + strspn(c + 1, PRINTF_FLAGS);
			if (*c == '\\')
				return true;
		} else if (*c == '\\') {
			if (command_escaped_percent(c))
				return true;
			c++;
		}
		if (*c == '\0')
			break;
	}
	return false;
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
	/* Without a word behind it, it is printed, and an option lacks what it would print. */
	if (i + 1 == a->argc && (f->flags & FIELD_MULTI) == 0)
		return;
	if (f->kind != CONFIDENCE_EXACT) {
		act_opaque(a, "a format that is not known may assign variables");
		return;
	}
	if (f->p[0] == '-' && i == 1 && f->n > 1) {
		act_opaque(a, "printf with an option assigns a variable");
		return;
	}
	if ((w->dialect == DIALECT_ZSH || w->dialect == DIALECT_MKSH) && i + 1 < a->argc && command_format_hidden(f->p)) {
		act_opaque(a, "a format whose escapes may make it one of numbers");
		return;
	}
	for (const char *c = f->p; *c != '\0'; c++) {
		if (*c != '%')
			continue;
		star = false;
		for (c++; *c != '\0' && strchr(PRINTF_FLAGS, *c) != NULL; c++)
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

/* Builtins whose arguments zsh and mksh read as arithmetic, which can run code. A plain word is a variable there, whose value is
 * evaluated in its turn: where every argument is a number, nothing else will do; elsewhere plain words are names. */
static bool command_numbers_safe(const struct walk *w, const struct act *a, const char *name)
{
	static const char *const numbers[] = { "break", "continue", "return", "exit", "logout", "shift", "ulimit", NULL };
	static const char *const words[] = { "read", "wait", "dirs", "pushd", "popd", "sleep", NULL };
	bool only;

	if (w->dialect != DIALECT_ZSH && w->dialect != DIALECT_MKSH)
		return true;
	only = command_in(numbers, name);
	if (!only && !command_in(words, name))
		return true;
	for (unsigned i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		if ((f->flags & FIELD_NUMERIC) != 0)
			continue;
		if (only && !(f->kind == CONFIDENCE_EXACT && (f->p[0] == '-' || strcmp(f->p, "unlimited") == 0)))
			return false;
		if (f->kind != CONFIDENCE_EXACT || strpbrk(f->p, "[$`") != NULL)
			return false;
	}
	return true;
}

bool command_special(const char *name)
{
	static const char *const own[] = { "break", ":", "continue", "exec", "exit", "return", "set", "shift", "times", "unset", "declare", "typeset", "local",
		"export", "readonly", "command", "builtin", "read", "getopts", "test", "[", "chpwd", "precmd", "preexec", "periodic", "zshexit", "zshaddhistory",
		"zsh_directory_name", "command_not_found_handle", "command_not_found_handler", NULL };
	/* Aliases that zsh and mksh have from the start: they come before a function of the name. */
	static const char *const aliases[] = { "run-help", "which-command", "history", "hash", "nohup", "type", NULL };

	return command_in(evaluators, name) || command_in(own, name) || command_in(aliases, name);
}

/* True when the name was one of the shell's own that needs more than the tables. */
bool command_builtin(struct walk *w, struct act *a, const char *name, unsigned depth, const struct sh_simple *simple)
{
	static const char *const declare[] = { "declare", "typeset", "local", "export", "readonly", NULL };
	static const char *const state[] = { "set", "shift", "unset", "read", "mapfile", "readarray", "getopts", NULL };

	/* Another program finds no such command, or one that changes nothing here. */
	if (w->outside && (command_in(declare, name) || command_in(state, name))) {
		act_opaque(a, "a command of the shell where a program is run");
		return true;
	}

	/* Alone it only lists. */
	if (strcmp(name, "alias") == 0 && a->argc == 1) {
		a->effects |= EFFECT_READ;
		return true;
	}
	if (command_in(evaluators, name)) {
		act_opaque(a, "it evaluates text, or changes how the rest is read");
		if (strcmp(name, "eval") == 0 || strcmp(name, ".") == 0 || strcmp(name, "source") == 0)
			state_lose(&w->state);
		return true;
	}
	if (command_in(declare, name)) {
		command_declare(w, a, name, depth, simple);
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

bool command_evaluates(const char *name)
{
	return command_in(evaluators, name);
}

void command_effects(struct walk *w, struct act *a, const char *name, unsigned depth)
{
	if (strcmp(name, "printf") == 0)
		command_printf(w, a);
	else if (w->outside)
		return;
	if (strcmp(name, "cd") == 0 || strcmp(name, "chdir") == 0) {
		struct place to = command_cd(w, a, false);

		state_set_place(w, &to);
	} else if (strcmp(name, "pushd") == 0 || strcmp(name, "popd") == 0)
		command_stack(w, a, strcmp(name, "pushd") == 0);
	else if (strcmp(name, "set") == 0)
		command_set(w, a, depth);
	else if (strcmp(name, "shift") == 0)
		w->state.params_known = false;
}

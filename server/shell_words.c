/* Single commands of a managed shell: their classes, and the steps of assignments, export, exit; see shell_words.h. */
#include "server/shell_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/shell/parse.h"
#include "policy/shell/render.h"
#include "server/shell_local.h"
#include "server/shell_value.h"

static const struct {
	const char *name;
	enum words_class class;
	const char *why;
} builtins[] = {
	{ "cd", WORDS_CD, NULL }, { "chdir", WORDS_CD, NULL }, { "export", WORDS_EXPORT, NULL }, { "unset", WORDS_LOCAL, NULL },
	{ "umask", WORDS_LOCAL, NULL }, { "set", WORDS_LOCAL, NULL }, { "shift", WORDS_LOCAL, NULL }, { "exit", WORDS_EXIT, NULL },
	{ "logout", WORDS_EXIT, NULL }, { "break", WORDS_BREAK, NULL }, { "continue", WORDS_BREAK, NULL },
	{ "alias", WORDS_REFUSED, "aliases are not kept; send the script through exec: ssh HOST 'COMMAND'" },
	{ "unalias", WORDS_REFUSED, "there are no aliases here" },
	{ "trap", WORDS_REFUSED, "traps do not outlive a statement; send the script through exec" },
	{ "eval", WORDS_REFUSED, "eval: write the command itself" },
	{ "source", WORDS_REFUSED, "a sourced file's changes cannot be kept; run it as a program" },
	{ ".", WORDS_REFUSED, "a sourced file's changes cannot be kept; run it as a program" },
	{ "exec", WORDS_REFUSED, "exec: run the command itself" },
	{ "declare", WORDS_REFUSED, "declare: use a plain assignment or export" },
	{ "typeset", WORDS_REFUSED, "typeset: use a plain assignment or export" },
	{ "local", WORDS_REFUSED, "local: use a plain assignment" },
	{ "readonly", WORDS_REFUSED, "readonly: use a plain assignment or export" },
	{ "pushd", WORDS_REFUSED, "pushd: use cd" }, { "popd", WORDS_REFUSED, "popd: use cd" },
	{ "bg", WORDS_REFUSED, "there are no jobs here" }, { "fg", WORDS_REFUSED, "there are no jobs here" },
	{ "disown", WORDS_REFUSED, "there are no jobs here" }, { "suspend", WORDS_REFUSED, "a managed shell cannot be stopped" },
	{ "shopt", WORDS_REFUSED, "shopt: the shell's own options are not kept" },
	{ "setopt", WORDS_REFUSED, "setopt: the shell's own options are not kept" },
	{ "unsetopt", WORDS_REFUSED, "unsetopt: the shell's own options are not kept" },
	{ "emulate", WORDS_REFUSED, "emulate: the shell's own options are not kept" },
	{ "enable", WORDS_REFUSED, "enable: builtins are as they are" }, { "bind", WORDS_REFUSED, "bind: keys are as they are" },
	{ "bindkey", WORDS_REFUSED, "bindkey: keys are as they are" }, { "fc", WORDS_REFUSED, "fc: history is the line editor's (Ctrl-R)" },
	{ "history", WORDS_REFUSED, "history is the line editor's (Ctrl-R)" },
	{ "ulimit", WORDS_REFUSED, "ulimit: limits do not outlive a statement" },
	{ "getopts", WORDS_REFUSED, "getopts: send the script through exec" },
};

static int builtin_of(const struct sh_simple *s)
{
	const struct sh_word *w = s->words;

	if (w != NULL && (ast_word_is(w, "command") || ast_word_is(w, "builtin")))
		w = w->next;
	for (size_t i = 0; w != NULL && i < sizeof(builtins) / sizeof(*builtins); i++) {
		if (ast_word_is(w, builtins[i].name))
			return (int)i;
	}
	return -1;
}

static bool is_array(const struct sh_assign *a)
{
	return a->is_array || a->subscript != NULL;
}

enum words_class words_class(const struct sh_simple *s, bool redirected)
{
	int i;

	if (s->words == NULL) {
		for (const struct sh_assign *a = s->assigns; a != NULL; a = a->next) {
			if (is_array(a))
				return WORDS_REFUSED;
		}
		return s->assigns == NULL ? WORDS_RUN : redirected ? WORDS_REFUSED : WORDS_ASSIGN;
	}
	i = builtin_of(s);
	if (i < 0)
		return WORDS_RUN;
	if (builtins[i].class == WORDS_REFUSED)
		return WORDS_REFUSED;
	if (!ast_word_is(s->words, builtins[i].name) || s->assigns != NULL)
		return WORDS_REFUSED;
	/* Without words they only print. */
	if (s->words->next == NULL && builtins[i].class == WORDS_LOCAL && strcmp(builtins[i].name, "shift") != 0 && strcmp(builtins[i].name, "unset") != 0)
		return WORDS_RUN;
	if (builtins[i].class == WORDS_EXPORT && (s->words->next == NULL || ast_word_is(s->words->next, "-p")))
		return WORDS_RUN;
	if (builtins[i].class == WORDS_BREAK && s->words->next != NULL)
		return WORDS_REFUSED;
	if (redirected && builtins[i].class != WORDS_CD)
		return WORDS_REFUSED;
	return builtins[i].class;
}

const char *words_refusal(const struct sh_simple *s)
{
	int i = builtin_of(s);

	if (s->words == NULL)
		return "arrays and assignments with a redirection are not kept; use plain variables, or send the script through exec";
	if (i >= 0 && builtins[i].why != NULL)
		return builtins[i].why;
	return "a command that changes the shell itself stands alone: no command, builtin, redirection or assignment around it";
}

bool words_cd_back(const struct sh_simple *s)
{
	return s->words->next != NULL && s->words->next->next == NULL && ast_word_is(s->words->next, "-");
}

/* ---- steps ---- */

static void cannot(struct shell_step *s, const char *why)
{
	s->kind = STEP_REFUSE;
	snprintf(s->name, sizeof(s->name), "%s", why);
}

static int put_assignment(struct buf *out, bool exported, const char *name, size_t nlen, const struct buf *value)
{
	int r = buf_put_str(out, exported ? "export " : "");

	if (r == ERR_OK)
		r = buf_put(out, name, nlen);
	if (r == ERR_OK)
		r = buf_put_str(out, "=");
	return r == ERR_OK ? shell_quote(buf_ptr(value) == NULL ? (const uint8_t *)"" : buf_ptr(value), value->len, out) : r;
}

/* The target works the value out, and prints it. */
static void value_step(struct shell_state *st, const struct sh_ast *whole, const struct sh_assign *a, bool exported, struct shell_step *s)
{
	struct sh_assign one = *a;
	struct sh_simple simple = { .assigns = &one };
	struct sh_command command = { .kind = SH_SIMPLE, .simple = &simple };
	struct sh_pipeline pipeline = { .commands = &command };
	struct sh_andor andor = { .pipelines = &pipeline };
	struct sh_list list = { .items = &andor };
	struct sh_ast ast = *whole;
	struct shell_uses u;
	struct buf body;
	int r;

	one.next = NULL;
	ast.list = &list;
	s->kind = STEP_VALUE;
	s->exported = exported;
	s->keep_status = !exported;
	snprintf(s->name, sizeof(s->name), "%.256s", a->name.p);
	buf_init(&body, SHELL_MAX_LEN);
	shell_uses(&ast, &u);
	r = shell_render(&ast, &body);
	if (r == ERR_OK)
		r = words_exact_status(&ast, st->status, &body, &u);
	/* zsh and mksh evaluate what exit is given: there the status is only that it failed. */
	if (r == ERR_OK && (ast.dialect == DIALECT_ZSH || ast.dialect == DIALECT_MKSH))
		r = buf_printf(&body, " && printf %%s \"$%s\" || { printf %%s \"$%s\"; false; }", s->name, s->name);
	else if (r == ERR_OK)
		r = buf_printf(&body, "; sallyport_status=$?; printf %%s \"$%s\"; exit \"$sallyport_status\"", s->name);
	if (r == ERR_OK)
		r = shell_state_wrap(st, &u, (struct view){ buf_ptr(&body), body.len }, &s->text);
	buf_free(&body);
	if (r < 0)
		cannot(s, "this assignment cannot be written in a canonical form");
}

static void export_step(struct shell_state *st, const struct sh_ast *ast, const struct sh_simple *simple, struct shell_step *s);

void words_step(struct shell_state *st, const struct sh_ast *ast, const struct sh_simple *simple, const struct sh_assign **at, struct shell_step *s)
{
	const struct sh_assign *a = *at;
	struct buf value;
	int r;

	if (a == NULL) {
		export_step(st, ast, simple, s);
		return;
	}
	*at = a->next;
	if (strcmp(a->name.p, "CDPATH") == 0) {
		cannot(s, "CDPATH: cd goes where it says");
		return;
	}
	buf_init(&value, SHELL_VALUE_MAX);
	r = value_assigned(st, a, &value);
	s->kind = STEP_LOCAL;
	s->assign = a;
	s->simple = simple;
	if (r == ERR_OK)
		r = put_assignment(&s->text, false, a->name.p, a->name.n, &value);
	else
		value_step(st, ast, a, false, s);
	if (r < 0 && s->kind == STEP_LOCAL)
		cannot(s, "the value is too long");
	buf_free(&value);
}

/* One argument of export: NAME or NAME=value. fn NULL: only writes it down. */
static int export_word(struct shell_state *st, const struct sh_word *w, bool apply, struct buf *text)
{
	struct buf b, value;
	const char *p, *eq;
	size_t n;
	int r;

	buf_init(&b, SHELL_VALUE_MAX);
	buf_init(&value, SHELL_VALUE_MAX);
	if (w->assign != NULL) {
		r = is_array(w->assign) ? ERR_REFUSED : value_assigned(st, w->assign, &value);
		p = w->assign->name.p;
		n = w->assign->name.n;
		eq = p;
	} else {
		r = value_word(st, w, true, &b);
		p = buf_cstr(&b);
		eq = p == NULL ? NULL : strchr(p, '=');
		n = p == NULL ? 0 : eq == NULL ? strlen(p) : (size_t)(eq - p);
		if (r == ERR_OK && eq != NULL)
			r = buf_put_str(&value, eq + 1);
		if (r == ERR_UNSUPPORTED)
			r = ERR_REFUSED;
	}
	if (r == ERR_OK && (!value_is_name(p, n) || (n == 6 && memcmp(p, "CDPATH", 6) == 0)))
		r = ERR_REFUSED;
	if (r == ERR_OK && eq == NULL) { /* NAME alone: with the value that it has, if it has one here */
		const struct shell_var *v = shell_state_get(st, p, n);

		if (v == NULL || v->unknown || !v->set) {
			if (!apply)
				r = buf_printf(text, "%sexport %.*s", text->len > 0 ? "; " : "", (int)n, p);
			goto out;
		}
		r = buf_put(&value, v->value, v->n);
	}
	if (r == ERR_OK && apply)
		r = shell_state_set(st, p, n, value.len > 0 ? (const char *)buf_ptr(&value) : "", value.len, true);
	else if (r == ERR_OK && (text->len == 0 || (r = buf_put_str(text, "; ")) == ERR_OK))
		r = put_assignment(text, true, p, n, &value);
out:
	buf_free(&b);
	buf_free(&value);
	return r;
}

static void export_step(struct shell_state *st, const struct sh_ast *ast, const struct sh_simple *simple, struct shell_step *s)
{
	const struct sh_word *w = simple->words->next;
	int r = ERR_OK;

	s->kind = STEP_LOCAL;
	s->simple = simple;
	if (w != NULL && ast_word_is(w, "--"))
		w = w->next;
	for (const struct sh_word *k = w; k != NULL && r == ERR_OK; k = k->next) {
		r = export_word(st, k, false, &s->text);
		if (r == ERR_UNSUPPORTED && w->next == NULL && k->assign != NULL) {
			buf_clear(&s->text);
			value_step(st, ast, k->assign, true, s);
			return;
		}
	}
	if (r < 0)
		cannot(s, "export takes names and NAME=value here, no options, and one substitution at a time");
}

void words_local(struct shell_state *st, const struct sh_ast *ast, const struct sh_simple *simple, struct shell_step *s)
{
	static const struct { const char *name, *what; } takes[] = {
		{ "set", "set takes -e -u -f -x -C, -o with their names and pipefail, and parameters, in words that are known here" },
		{ "unset", "unset takes names of variables, in words that are known here" },
		{ "umask", "umask takes octal digits, as in umask 027; alone it prints" },
		{ "shift", "shift takes a number" } };

	s->kind = STEP_LOCAL;
	s->status = ast->dialect;
	if (local_builtin(st, ast->dialect, simple, false, &s->text) == ERR_OK)
		return;
	for (size_t i = 0; i < sizeof(takes) / sizeof(*takes); i++) {
		if (ast_word_is(simple->words, takes[i].name))
			cannot(s, takes[i].what);
	}
}

void words_apply(struct shell_state *st, struct shell_step *s)
{
	struct buf value;
	int r = ERR_OK;

	buf_init(&value, SHELL_VALUE_MAX);
	if (s->assign != NULL) {
		r = value_assigned(st, s->assign, &value);
		st->status = 0;
		if (r == ERR_OK)
			r = shell_state_set(st, s->assign->name.p, s->assign->name.n, value.len > 0 ? (const char *)buf_ptr(&value) : "", value.len, false);
	} else if (ast_word_is(s->simple->words, "export")) {
		for (const struct sh_word *w = s->simple->words->next; w != NULL && r == ERR_OK; w = w->next) {
			if (!ast_word_is(w, "--"))
				r = export_word(st, w, true, NULL);
		}
	} else {
		r = local_builtin(st, (enum dialect)s->status, s->simple, true, NULL);
	}
	buf_free(&value);
	if (r < 0) {
		st->status = 2;
		snprintf(s->error, sizeof(s->error), "sallyport: not in a managed shell: too many or too large variables");
	}
}

void words_exit(struct shell_state *st, const struct sh_simple *simple, struct shell_step *s)
{
	char **w = NULL;
	unsigned n = 0;

	s->kind = STEP_EXIT;
	s->status = st->status;
	if (simple->words->next == NULL)
		return;
	if (value_words(st, simple->words, &w, &n) < 0 || n != 2 || !value_is_number(w[1])) {
		s->kind = STEP_ERROR;
		s->status = 2;
		snprintf(s->error, sizeof(s->error), "exit: a number that is known is needed");
	} else {
		s->status = atoi(w[1]) & 255;
	}
	if (w != NULL)
		value_free(w, n);
}

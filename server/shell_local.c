/* unset, umask, set, shift: builtins that are done here; see shell_local.h. */
#include "server/shell_local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/shell/render.h"
#include "server/shell_value.h"

static int set_letters(const char *letters, bool on, unsigned *options)
{
	static const struct { char letter; unsigned option; } known[] = {
		{ 'e', SHELL_ERREXIT }, { 'u', SHELL_NOUNSET }, { 'f', SHELL_NOGLOB }, { 'x', SHELL_XTRACE }, { 'C', SHELL_NOCLOBBER } };
	size_t i;

	for (; *letters != '\0'; letters++) {
		for (i = 0; i < sizeof(known) / sizeof(*known) && known[i].letter != *letters; i++)
			;
		if (i == sizeof(known) / sizeof(*known))
			return ERR_UNSUPPORTED;
		*options = on ? *options | known[i].option : *options & ~known[i].option;
	}
	return ERR_OK;
}

static int set_named(const char *name, bool on, enum dialect d, unsigned *options)
{
	static const struct { const char *name; unsigned option; } known[] = { { "errexit", SHELL_ERREXIT }, { "nounset", SHELL_NOUNSET },
		{ "noglob", SHELL_NOGLOB }, { "xtrace", SHELL_XTRACE }, { "noclobber", SHELL_NOCLOBBER }, { "pipefail", SHELL_PIPEFAIL } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(known[i].name, name) != 0 || (known[i].option == SHELL_PIPEFAIL && d == DIALECT_DASH))
			continue;
		*options = on ? *options | known[i].option : *options & ~known[i].option;
		return ERR_OK;
	}
	return ERR_UNSUPPORTED;
}

/* set: options first, then parameters. apply false: only whether it can be done. */
static int do_set(struct shell_state *st, enum dialect d, char **w, unsigned n, bool apply)
{
	unsigned options = st->options, i = 1, k = 0;
	bool params = false;
	char **args = NULL;

	for (; i < n; i++) {
		bool on = w[i][0] == '-';

		if (strcmp(w[i], "--") == 0) {
			params = true;
			i++;
			break;
		}
		if ((w[i][0] != '-' && w[i][0] != '+') || w[i][1] == '\0') {
			params = true;
			break;
		}
		if (w[i][strlen(w[i]) - 1] == 'o' && i + 1 < n) {
			w[i][strlen(w[i]) - 1] = '\0';
			if (set_letters(w[i] + 1, on, &options) < 0 || set_named(w[i + 1], on, d, &options) < 0)
				return ERR_UNSUPPORTED;
			i++;
		} else if (set_letters(w[i] + 1, on, &options) < 0) {
			return ERR_UNSUPPORTED;
		}
	}
	if (!apply)
		return n - i > SHELL_ARGS_MAX ? ERR_UNSUPPORTED : ERR_OK;
	st->options = options;
	if (!params)
		return ERR_OK;
	args = calloc(n - i + 1, sizeof(*args));
	for (; args != NULL && i < n; i++) {
		args[k] = strdup(w[i]);
		if (args[k] != NULL)
			k++;
	}
	return args == NULL ? ERR_NOMEM : shell_state_args(st, args, k);
}

static int do_unset(struct shell_state *st, char **w, unsigned n, bool apply)
{
	for (unsigned i = 1; i < n; i++) {
		if (i == 1 && (strcmp(w[i], "-v") == 0 || strcmp(w[i], "--") == 0))
			continue;
		if (!value_is_name(w[i], strlen(w[i])))
			return ERR_UNSUPPORTED;
		if (apply && shell_state_unset(st, w[i], strlen(w[i])) < 0)
			return ERR_UNSUPPORTED;
	}
	return ERR_OK;
}

static int do_umask(struct shell_state *st, char **w, unsigned n, bool apply)
{
	if (n != 2 || strlen(w[1]) > 4 || *w[1] == '\0' || strspn(w[1], "01234567") != strlen(w[1]))
		return ERR_UNSUPPORTED;
	if (apply)
		snprintf(st->umask, sizeof(st->umask), "%s", w[1]);
	return ERR_OK;
}

static int do_shift(struct shell_state *st, char **w, unsigned n, bool apply)
{
	unsigned by = n > 1 ? (value_is_number(w[1]) ? (unsigned)atoi(w[1]) : 100000u) : 1;

	if (n > 2 || by == 100000u)
		return ERR_UNSUPPORTED;
	if (!apply)
		return ERR_OK;
	if (by > st->nargs) {
		st->status = 1;
		return ERR_OK;
	}
	for (unsigned i = 0; i < st->nargs; i++) {
		if (i < by)
			free(st->args[i]);
		else
			st->args[i - by] = st->args[i];
	}
	st->nargs -= by;
	return ERR_OK;
}

int local_builtin(struct shell_state *st, enum dialect d, const struct sh_simple *s, bool apply, struct buf *text)
{
	char **w = NULL;
	unsigned n = 0;
	int r = value_words(st, s->words, &w, &n);

	for (unsigned i = 0; i < n && r == ERR_OK && text != NULL; i++) {
		r = i > 0 ? buf_put_str(text, " ") : ERR_OK;
		if (r == ERR_OK)
			r = i > 0 ? shell_quote(w[i], strlen(w[i]), text) : buf_put_str(text, w[i]);
	}
	if (r == ERR_OK && strcmp(w[0], "set") == 0)
		r = do_set(st, d, w, n, apply);
	else if (r == ERR_OK && strcmp(w[0], "unset") == 0)
		r = do_unset(st, w, n, apply);
	else if (r == ERR_OK && strcmp(w[0], "umask") == 0)
		r = do_umask(st, w, n, apply);
	else if (r == ERR_OK)
		r = do_shift(st, w, n, apply);
	if (w != NULL)
		value_free(w, n);
	return r;
}

/* The state of a managed shell; see shell_state.h. */
#include "server/shell_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/proto.h"
#include "policy/shell/render.h"

static void free_args(struct shell_state *st)
{
	for (unsigned i = 0; i < st->nargs; i++)
		free(st->args[i]);
	free(st->args);
	st->args = NULL;
	st->nargs = 0;
}

void shell_state_free(struct shell_state *st)
{
	struct shell_var *next;

	for (struct shell_var *v = st->vars; v != NULL; v = next) {
		next = v->next;
		wipe(v->value, v->n);
		free(v->value);
		free(v->name);
		free(v);
	}
	free_args(st);
	free(st->cwd);
	free(st->old);
	memset(st, 0, sizeof(*st));
}

struct shell_var *shell_state_get(const struct shell_state *st, const char *name, size_t nlen)
{
	for (struct shell_var *v = st->vars; v != NULL; v = v->next) {
		if (strlen(v->name) == nlen && memcmp(v->name, name, nlen) == 0)
			return v;
	}
	return NULL;
}

static char *copy(const char *p, size_t n)
{
	char *c = malloc(n + 1);

	if (c == NULL)
		return NULL;
	if (n > 0)
		memcpy(c, p, n);
	c[n] = '\0';
	return c;
}

static int put(struct shell_state *st, const char *name, size_t nlen, const char *value, size_t n, struct shell_var **out)
{
	struct shell_var *v = shell_state_get(st, name, nlen), **at;
	char *text;

	if (memchr(value, '\0', n) != NULL || n > SHELL_VALUE_MAX || nlen > 256 || st->bytes + n > SHELL_STATE_BYTES)
		return ERR_LIMIT;
	text = copy(value, n);
	if (text == NULL)
		return ERR_NOMEM;
	if (v == NULL) {
		v = st->nvars < SHELL_VARS_MAX ? calloc(1, sizeof(*v)) : NULL;
		if (v == NULL || (v->name = copy(name, nlen)) == NULL) {
			free(v);
			free(text);
			return st->nvars < SHELL_VARS_MAX ? ERR_NOMEM : ERR_LIMIT;
		}
		for (at = &st->vars; *at != NULL; at = &(*at)->next)
			;
		*at = v;
		st->nvars++;
		st->bytes += nlen;
	}
	st->bytes = st->bytes - v->n + n;
	free(v->value);
	v->value = text;
	v->n = n;
	*out = v;
	return ERR_OK;
}

int shell_state_set(struct shell_state *st, const char *name, size_t nlen, const char *value, size_t n, bool exported)
{
	struct shell_var *v;
	int r = put(st, name, nlen, value, n, &v);

	if (r < 0)
		return r;
	v->set = true;
	v->unknown = false;
	v->exported = v->exported || exported;
	return ERR_OK;
}

int shell_state_unset(struct shell_state *st, const char *name, size_t nlen)
{
	struct shell_var *v;
	int r = put(st, name, nlen, "", 0, &v);

	if (r == ERR_OK)
		v->set = v->exported = v->unknown = false;
	return r;
}

int shell_state_forget(struct shell_state *st, const char *name, size_t nlen)
{
	struct shell_var *v;
	int r = put(st, name, nlen, "", 0, &v);

	if (r == ERR_OK) {
		v->set = v->exported = false;
		v->unknown = true;
	}
	return r;
}

int shell_state_args(struct shell_state *st, char **args, unsigned n)
{
	free_args(st);
	st->args = args;
	st->nargs = n;
	return ERR_OK;
}

int shell_state_cd(struct shell_state *st, const char *dir, size_t n)
{
	char *to = n < 4096 ? copy(dir, n) : NULL;

	if (to == NULL)
		return n < 4096 ? ERR_NOMEM : ERR_LIMIT;
	free(st->old);
	st->old = st->cwd;
	st->cwd = to;
	return ERR_OK;
}

/* ---- what a text uses ---- */

static int use_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	struct shell_uses *u = ctx;
	char c;

	(void)depth;
	if (p->kind == SH_ARITH || p->kind == SH_PARAM) {
		if (p->kind == SH_PARAM && p->param->indirect)
			u->all = true;
		if (p->kind == SH_PARAM && p->param->name.n > 0) {
			c = p->param->name.p[0];
			u->status = u->status || c == '?';
			u->args = u->args || c == '@' || c == '*' || c == '#' || (c >= '1' && c <= '9');
		}
	}
	return 0;
}

static int use_command(void *ctx, const struct sh_command *c, unsigned depth)
{
	struct shell_uses *u = ctx;

	(void)depth;
	if ((c->kind == SH_FOR || c->kind == SH_SELECT) && !c->for_->has_in)
		u->args = true;
	return 0;
}

void shell_uses(const struct sh_ast *ast, struct shell_uses *u)
{
	struct sh_visitor v = { .part = use_part, .command = use_command, .ctx = u };

	memset(u, 0, sizeof(*u));
	(void)ast_walk(ast, &v);
}

/* ---- writing it down ---- */

static bool name_byte(uint8_t c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether the name stands in the text as a name. More is found than is used; never less. */
static bool mentions(struct view body, const char *name)
{
	size_t n = strlen(name);
	const uint8_t *p = body.p, *end = body.p + body.n;

	while (n > 0 && (size_t)(end - p) >= n && (p = memmem(p, (size_t)(end - p), name, n)) != NULL) {
		if ((p == body.p || !name_byte(p[-1])) && (p + n == end || !name_byte(p[n])))
			return true;
		p++;
	}
	return false;
}

static int quoted(struct buf *out, const char *before, const char *p, size_t n, const char *after)
{
	int r = buf_put_str(out, before);

	if (r == ERR_OK)
		r = shell_quote(p, n, out);
	return r == ERR_OK ? buf_put_str(out, after) : r;
}

static int put_vars(const struct shell_state *st, const struct shell_uses *u, struct view body, struct buf *out)
{
	int r = ERR_OK;

	for (const struct shell_var *v = st->vars; v != NULL && r == ERR_OK; v = v->next) {
		if (v->unknown)
			continue;
		if (!v->set) {
			r = buf_printf(out, "unset %s; ", v->name);
		} else if (v->exported || u->all || mentions(body, v->name)) {
			r = buf_printf(out, "%s%s=", v->exported ? "export " : "", v->name);
			if (r == ERR_OK)
				r = quoted(out, "", v->value, v->n, "; ");
		}
	}
	return r;
}

static int put_rest(const struct shell_state *st, const struct shell_uses *u, struct buf *out)
{
	static const struct { unsigned option; const char *text; } options[] = {
		{ SHELL_NOUNSET, " -u" }, { SHELL_NOGLOB, " -f" }, { SHELL_NOCLOBBER, " -C" }, { SHELL_PIPEFAIL, " -o pipefail" },
		{ SHELL_ERREXIT, " -e" }, { SHELL_XTRACE, " -x" } };
	int r = ERR_OK;

	if (u->args && st->nargs > 0) {
		r = buf_put_str(out, "set --");
		for (unsigned i = 0; i < st->nargs && r == ERR_OK; i++)
			r = quoted(out, " ", st->args[i], strlen(st->args[i]), "");
		if (r == ERR_OK)
			r = buf_put_str(out, "; ");
	}
	if (st->options != 0 && r == ERR_OK) {
		r = buf_put_str(out, "set");
		for (size_t i = 0; i < sizeof(options) / sizeof(*options) && r == ERR_OK; i++) {
			if (st->options & options[i].option)
				r = buf_put_str(out, options[i].text);
		}
		if (r == ERR_OK)
			r = buf_put_str(out, "; ");
	}
	/* Last, as everything before it sets $? too; under -e it would end the shell. */
	if (u->status && st->status != 0 && (st->options & SHELL_ERREXIT) == 0 && r == ERR_OK)
		r = buf_printf(out, "(exit %d); ", st->status);
	return r;
}

int shell_state_wrap(const struct shell_state *st, const struct shell_uses *u, struct view body, struct buf *out)
{
	int r = ERR_OK;

	if (st->cwd != NULL)
		r = quoted(out, "cd -- ", st->cwd, strlen(st->cwd), " && { ");
	if (r == ERR_OK && st->umask[0] != '\0')
		r = buf_printf(out, "umask %s; ", st->umask);
	if (r == ERR_OK)
		r = put_vars(st, u, body, out);
	if (r == ERR_OK)
		r = put_rest(st, u, out);
	if (r == ERR_OK)
		r = buf_put(out, body.p, body.n);
	if (r == ERR_OK && st->cwd != NULL)
		r = buf_put_str(out, "\n}");
	return r;
}

int shell_state_list(const struct shell_state *st, struct buf *out)
{
	int r = ERR_OK;

	for (const struct shell_var *v = st->vars; v != NULL && r == ERR_OK; v = v->next) {
		if (!v->set)
			continue;
		r = proto_list_put(out, v->name, strlen(v->name));
		if (r == ERR_OK)
			r = proto_list_put(out, v->value, v->n);
	}
	return r;
}

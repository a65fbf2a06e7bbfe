/* What words are worth where Sallyport knows it; see shell_value.h. */
#include "server/shell_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { WORDS_MAX = 4096 };

bool value_is_number(const char *s)
{
	return *s != '\0' && strspn(s, "0123456789") == strlen(s) && strlen(s) < 6;
}

static int param_value(const struct shell_state *st, const struct sh_param *p, const char **value, size_t *n, char *space, size_t room)
{
	const struct shell_var *v;
	unsigned long i;

	if (p->op != SH_OP_NONE || p->indirect || p->subscript != NULL || p->name.n == 0)
		return ERR_UNSUPPORTED;
	*value = space;
	if (strcmp(p->name.p, "?") == 0) {
		*n = (size_t)snprintf(space, room, "%d", st->status);
		return ERR_OK;
	}
	if (strcmp(p->name.p, "#") == 0) {
		*n = (size_t)snprintf(space, room, "%u", st->nargs);
		return ERR_OK;
	}
	if (value_is_number(p->name.p)) {
		i = strtoul(p->name.p, NULL, 10);
		if (i == 0)
			return ERR_UNSUPPORTED;
		*value = i <= st->nargs ? st->args[i - 1] : "";
		*n = strlen(*value);
		return ERR_OK;
	}
	v = shell_state_get(st, p->name.p, p->name.n);
	if (v == NULL || v->unknown || (!v->set && (st->options & SHELL_NOUNSET)))
		return ERR_UNSUPPORTED;
	*value = v->value;
	*n = v->n;
	return ERR_OK;
}

/* field: an argument, in which what is not quoted is split and globbed. */
static int put_parts(const struct shell_state *st, const struct sh_part *p, bool field, struct buf *out)
{
	const char *value;
	char space[16];
	size_t n;
	int r = ERR_OK;

	for (; p != NULL && r == ERR_OK; p = p->next) {
		switch (p->kind) {
		case SH_LITERAL:
		case SH_ESCAPED:
		case SH_SQUOTE:
		case SH_CQUOTE:
			r = buf_put(out, p->text.p, p->text.n);
			break;
		case SH_GLOB:
			r = field || p->text.n != 1 ? ERR_UNSUPPORTED : buf_put(out, p->text.p, p->text.n);
			break;
		case SH_DQUOTE:
			r = p->locale ? ERR_UNSUPPORTED : put_parts(st, p->parts, false, out);
			break;
		case SH_PARAM:
			r = param_value(st, p->param, &value, &n, space, sizeof(space));
			if (r == ERR_OK && field && !p->quoted && (n == 0 || strpbrk(value, " \t\n*?[\\~{") != NULL))
				r = ERR_UNSUPPORTED;
			if (r == ERR_OK)
				r = buf_put(out, value, n);
			break;
		default:
			r = ERR_UNSUPPORTED;
			break;
		}
	}
	return r;
}

int value_word(const struct shell_state *st, const struct sh_word *w, bool field, struct buf *out)
{
	buf_clear(out);
	return w == NULL ? ERR_OK : put_parts(st, w->parts, field, out);
}

static bool is_all_args(const struct sh_word *w)
{
	const struct sh_part *p = w->parts;

	if (p == NULL || p->next != NULL || p->kind != SH_DQUOTE || p->locale || p->parts == NULL || p->parts->next != NULL)
		return false;
	p = p->parts;
	return p->kind == SH_PARAM && p->param->op == SH_OP_NONE && !p->param->indirect && p->param->subscript == NULL && strcmp(p->param->name.p, "@") == 0;
}

void value_free(char **words, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		free(words[i]);
	free(words);
}

int value_words(const struct shell_state *st, const struct sh_word *w, char ***out, unsigned *n)
{
	char **words = calloc(WORDS_MAX, sizeof(*words));
	struct buf b;
	unsigned k = 0;
	int r = words == NULL ? ERR_NOMEM : ERR_OK;

	*out = NULL;
	*n = 0;
	buf_init(&b, SHELL_VALUE_MAX);
	for (; w != NULL && r == ERR_OK; w = w->next) {
		if (is_all_args(w)) {
			for (unsigned i = 0; i < st->nargs && r == ERR_OK; i++) {
				r = k == WORDS_MAX ? ERR_LIMIT : ERR_OK;
				if (r == ERR_OK && (words[k++] = strdup(st->args[i])) == NULL)
					r = ERR_NOMEM;
			}
			continue;
		}
		r = value_word(st, w, true, &b);
		if (r == ERR_OK && k == WORDS_MAX)
			r = ERR_LIMIT;
		if (r == ERR_OK && (buf_cstr(&b) == NULL || (words[k++] = strdup(buf_cstr(&b))) == NULL))
			r = ERR_NOMEM;
	}
	buf_free(&b);
	if (r < 0) {
		if (words != NULL)
			value_free(words, k);
		return r == ERR_LIMIT ? ERR_UNSUPPORTED : r;
	}
	*out = words;
	*n = k;
	return ERR_OK;
}

int value_for(const struct shell_state *st, const struct sh_for *f, char ***words, unsigned *n)
{
	char **copy;

	if (f->has_in)
		return value_words(st, f->words, words, n);
	copy = calloc(st->nargs + 1u, sizeof(*copy));
	*words = copy;
	*n = 0;
	while (copy != NULL && *n < st->nargs && (copy[*n] = strdup(st->args[*n])) != NULL)
		(*n)++;
	return copy != NULL && *n == st->nargs ? ERR_OK : ERR_NOMEM;
}

/* The value of an assignment, where it is known here. */
int value_assigned(const struct shell_state *st, const struct sh_assign *a, struct buf *out)
{
	const struct shell_var *v = shell_state_get(st, a->name.p, a->name.n);
	struct buf b;
	int r;

	buf_clear(out);
	if (a->append && (v == NULL || v->unknown))
		return ERR_UNSUPPORTED;
	if (a->append && (r = buf_put(out, v->value, v->n)) < 0)
		return r;
	buf_init(&b, SHELL_VALUE_MAX);
	r = value_word(st, a->value, false, &b);
	if (r == ERR_OK && b.len > 0)
		r = buf_put(out, buf_ptr(&b), b.len);
	buf_free(&b);
	return r;
}

bool value_is_name(const char *p, size_t n)
{
	if (n == 0 || n > 256 || (p[0] >= '0' && p[0] <= '9'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] != '_' && !(p[i] >= '0' && p[i] <= '9') && !(p[i] >= 'a' && p[i] <= 'z') && !(p[i] >= 'A' && p[i] <= 'Z'))
			return false;
	}
	return true;
}

/* What a shell reads otherwise than it is written, by a fault of its own, so that no belief about it would hold.
 *
 * bash prints the body of a substitution back before it runs it, and loses a separator behind a here-document; it looks for braces in a
 * word as text, and takes a quote in ${x…} within "…" for the end of that. zsh takes ' for a byte in patterns of ${x#…} within "…". */
#include <string.h>

#include "policy/walk.h"

static int here_redir(void *ctx, const struct sh_redir *r, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return r->op == SH_REDIR_HERE;
}

/* One simple command, or a pipeline of some. */
static bool body_alone(const struct sh_list *body)
{
	const struct sh_andor *a = body->items;

	if (a == NULL || a->next != NULL || a->sep != SH_SEQ || a->pipelines->next != NULL)
		return false;
	for (const struct sh_command *c = a->pipelines->commands; c != NULL; c = c->next) {
		if (c->kind != SH_SIMPLE)
			return false;
	}
	return true;
}

static bool body_here(const struct sh_list *body)
{
	const struct sh_visitor v = { .redir = here_redir };

	return ast_walk_list(body, &v) != 0;
}

static int quote_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return p->kind == SH_SQUOTE || p->kind == SH_CQUOTE || p->kind == SH_DQUOTE;
}

static bool word_quotes(const struct sh_word *word)
{
	const struct sh_visitor v = { .part = quote_part };

	return word != NULL && ast_walk_word(word, &v) != 0;
}

/* An expansion with quotes in it, in a string with double quotes. */
static bool string_nests(const struct sh_part *p, bool in)
{
	for (; p != NULL; p = p->next) {
		if (p->kind == SH_DQUOTE && string_nests(p->parts, true))
			return true;
		if (p->kind != SH_PARAM)
			continue;
		if (in && (word_quotes(p->param->arg) || word_quotes(p->param->arg2) || word_quotes(p->param->subscript)))
			return true;
		if ((p->param->arg != NULL && string_nests(p->param->arg->parts, in)) || (p->param->arg2 != NULL && string_nests(p->param->arg2->parts, in)))
			return true;
	}
	return false;
}

static int brace_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)ctx;
	(void)depth;
	switch (p->kind) {
	case SH_BRACE:
		return 1;
	case SH_LITERAL:
	case SH_ESCAPED:
	case SH_SQUOTE:
	case SH_CQUOTE:
		return memchr(p->text.p, '{', p->text.n) != NULL;
	}
	return 0;
}

static int misread_word(void *ctx, const struct sh_word *word, unsigned depth)
{
	const struct sh_visitor v = { .part = brace_part };
	struct walk *w = ctx;

	(void)depth;
	if (string_nests(word->parts, false) && ast_walk_word(word, &v) != 0)
		walk_eval(w, word->at, "braces beside quotes within an expansion in double quotes, which bash reads otherwise");
	return 0;
}

static int misread_body(void *ctx, const struct sh_part *p, unsigned depth)
{
	struct walk *w = ctx;

	(void)depth;
	if ((p->kind == SH_COMSUB || p->kind == SH_PROCSUB) && !body_alone(p->comsub->body) && body_here(p->comsub->body))
		walk_eval(w, p->at, "a here-document among other commands in a substitution, which bash reads otherwise");
	return 0;
}

static int misread_pattern(void *ctx, const struct sh_part *p, unsigned depth)
{
	struct walk *w = ctx;

	(void)depth;
	if (p->kind == SH_PARAM && (p->param->op == SH_OP_PREFIX || p->param->op == SH_OP_SUFFIX || p->param->op == SH_OP_REPLACE) &&
	    (word_quotes(p->param->arg) || word_quotes(p->param->arg2)))
		walk_eval(w, p->at, "quotes in the pattern of an expansion, which zsh may take for bytes");
	return 0;
}

void misreads_find(struct walk *w, const struct sh_list *list)
{
	const struct sh_visitor bash = { .word = misread_word, .part = misread_body, .ctx = w }, zsh = { .part = misread_pattern, .ctx = w };

	if (w->dialect == DIALECT_BASH)
		(void)ast_walk_list(list, &bash);
	else if (w->dialect == DIALECT_ZSH)
		(void)ast_walk_list(list, &zsh);
}

/* What a shell reads otherwise than it is written, by a fault of its own, so that no belief about it would hold.
 *
 * bash prints the body of a substitution back before it runs it, and loses a separator behind a here-document, or quotes in an array's words;
 * `time` begins a simple command there. It looks for braces in a word as text, and takes a quote in ${x…} within "…" for the end of that;
 * what $'…' stands for is put there without quotes; a substitution in a pattern in a here-document is cut off. zsh takes ' for a byte in patterns of
 * ${x#…} within "…", and \" in an expansion in a here-document for a quote. */
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

typedef int (*part_asked)(void *ctx, const struct sh_part *p, unsigned depth);

/* Whether a part of the word, however deep, is what is asked for. */
static bool word_has(const struct sh_word *word, part_asked part)
{
	const struct sh_visitor v = { .part = part };

	return word != NULL && ast_walk_word(word, &v) != 0;
}

static int quote_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return p->kind == SH_SQUOTE || p->kind == SH_CQUOTE || p->kind == SH_DQUOTE;
}

/* Text of usual bytes, and parameters by their names. */
static bool parts_usual(const struct sh_part *p)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:;/@%+= -";

	for (; p != NULL; p = p->next) {
		switch (p->kind) {
		case SH_LITERAL:
		case SH_ESCAPED:
		case SH_SQUOTE:
		case SH_CQUOTE:
			if (strspn(p->text.p, usual) < p->text.n)
				return false;
			break;
		case SH_DQUOTE:
			if (!parts_usual(p->parts))
				return false;
			break;
		case SH_PARAM:
			if (p->param->op != SH_OP_NONE || p->param->subscript != NULL || p->param->indirect)
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}

/* An expansion with quotes in it, in a string with double quotes. usual: quotes that hold nothing but that do not count. */
static bool string_nests(const struct sh_part *p, bool in, bool usual)
{
	for (; p != NULL; p = p->next) {
		const struct sh_param *x = p->kind == SH_PARAM ? p->param : NULL;
		const struct sh_word *const words[] = { x != NULL ? x->arg : NULL, x != NULL ? x->arg2 : NULL, x != NULL ? x->subscript : NULL };

		if (p->kind == SH_DQUOTE && string_nests(p->parts, true, usual))
			return true;
		for (unsigned i = 0; i < 3; i++) {
			if (words[i] != NULL && ((in && word_has(words[i], quote_part) && !(usual && parts_usual(words[i]->parts))) || string_nests(words[i]->parts, in, usual)))
				return true;
		}
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

/* A quoted text that is rendered as $'…', for a byte in it, and would be read as syntax without quotes. */
static int live_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_,.:/bare_part%+-";
	bool odd = false, live = false;

	(void)ctx;
	(void)depth;
	if (p->kind != SH_LITERAL && p->kind != SH_ESCAPED && p->kind != SH_SQUOTE && p->kind != SH_CQUOTE)
		return 0;
	for (uint32_t i = 0; i < p->text.n; i++) {
		unsigned char c = (unsigned char)p->text.p[i];

		if (c < 32 || c >= 127)
			odd = true;
		else
			live = live || memchr(plain, c, sizeof(plain) - 1) == NULL;
	}
	return odd && live;
}

static bool word_live(const struct sh_word *word)
{
	const struct sh_visitor v = { .part = live_part };

	for (; word != NULL; word = word->next) {
		if (ast_walk_word(word, &v) != 0)
			return true;
	}
	return false;
}

static int array_in(void *ctx, const struct sh_assign *a, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return a->is_array;
}

static bool body_array(const struct sh_list *body)
{
	const struct sh_visitor v = { .assign = array_in };

	return ast_walk_list(body, &v) != 0;
}

static int list_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return p->kind == SH_BRACE;
}

static int bare_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return p->kind == SH_LITERAL && !p->quoted && (memchr(p->text.p, '{', p->text.n) != NULL || memchr(p->text.p, '}', p->text.n) != NULL);
}

/* An expansion without quotes whose argument has a brace. */
static int braced_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return p->kind == SH_PARAM && !p->quoted && (word_has(p->param->arg, bare_part) || word_has(p->param->arg2, bare_part));
}

static bool word_braced(const struct sh_word *word)
{
	return word_has(word, list_part) && word_has(word, braced_part);
}

/* coproc with a simple command, which is printed back with a name that it has not. */
static int coproc_in(void *ctx, const struct sh_command *c, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return c->kind == SH_COPROC && c->coproc->body->kind == SH_SIMPLE;
}

static bool body_coproc(const struct sh_list *body)
{
	const struct sh_visitor v = { .command = coproc_in };

	return ast_walk_list(body, &v) != 0;
}

static int run_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return p->kind == SH_COMSUB || p->kind == SH_PROCSUB || p->kind == SH_ARITH;
}

/* A pattern with a substitution in it. */
static int cut_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)ctx;
	(void)depth;
	if (p->kind != SH_PARAM || (p->param->op != SH_OP_PREFIX && p->param->op != SH_OP_SUFFIX && p->param->op != SH_OP_REPLACE && p->param->op != SH_OP_CASE))
		return 0;
	return word_has(p->param->arg, run_part) || word_has(p->param->arg2, run_part);
}

static int escaped_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return p->kind == SH_ESCAPED && p->text.n == 1 && p->text.p[0] == '"';
}

/* An expansion whose argument has an escaped double quote. */
static int nested_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return p->kind == SH_PARAM && (word_has(p->param->arg, escaped_part) || word_has(p->param->arg2, escaped_part));
}

static void misread_heredoc(struct walk *w, const struct sh_word *word)
{
	const struct sh_visitor bash = { .part = cut_part }, zsh = { .part = nested_part };

	if (w->dialect == DIALECT_BASH && ast_walk_word(word, &bash) != 0)
		walk_eval(w, word->at, "a substitution in a pattern in a here-document, which bash cuts off");
	if (w->dialect == DIALECT_ZSH && ast_walk_word(word, &zsh) != 0)
		walk_eval(w, word->at, "an escaped quote within an expansion in a here-document, which begins a string to zsh");
}

void misreads_word(struct walk *w, const struct sh_word *word)
{
	const struct sh_visitor v = { .part = brace_part };

	if (ast_word_text(word) != NULL)
		return; /* one text has nothing in it to misread */
	/* What an inner shell gets is not mended by the rendering: where shells had most faults, it is not believed. */
	if (!w->top && string_nests(word->parts, word->kind == SH_WORD_HEREDOC || word->kind == SH_WORD_ARITH, true))
		walk_eval(w, word->at, "quotes within an expansion in double quotes, in a text that a shell gets as it is written");
	if (word->kind == SH_WORD_HEREDOC)
		misread_heredoc(w, word);
	if (w->dialect != DIALECT_BASH)
		return;
	if (string_nests(word->parts, false, false) && ast_walk_word(word, &v) != 0)
		walk_eval(w, word->at, "braces beside quotes within an expansion in double quotes, which bash reads otherwise");
	if (word_braced(word))
		walk_eval(w, word->at, "a brace in the argument of an expansion beside a brace expansion, which bash reads otherwise");
	if (word->kind == SH_WORD_REGEX && ast_walk_word(word, &(const struct sh_visitor){ .part = live_part }) != 0)
		walk_eval(w, word->at, "text in $'...' in a regular expression, which bash may read without its quotes");
}

static void misread_bash(struct walk *w, const struct sh_part *p)
{
	static const char live[] = "text in $'...' within an expansion or pattern, which bash may read without its quotes";
	const struct sh_list *body = p->kind == SH_COMSUB || p->kind == SH_PROCSUB ? p->comsub->body : NULL;

	if (body != NULL && !body_alone(body) && body_here(body))
		walk_eval(w, p->at, "a here-document among other commands in a substitution, which bash reads otherwise");
	if (body != NULL && body->items != NULL && body->items->pipelines->timed != SH_TIME_NO)
		walk_eval(w, p->at, "time at the beginning of a substitution, which is no keyword to bash");
	if (body != NULL && body_coproc(body))
		walk_eval(w, p->at, "coproc in a substitution, which bash gives a name");
	if (body != NULL && body_array(body))
		walk_eval(w, p->at, "an array in a substitution, whose quotes bash reads otherwise");
	if ((p->kind == SH_PARAM && (word_live(p->param->arg) || word_live(p->param->arg2))) || (p->kind == SH_EXTGLOB && word_live(p->ext->alts)))
		walk_eval(w, p->at, live);
}

/* A quoted text that ends the expansion, or begins another, where its quotes are bytes. */
static int ending_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)ctx;
	(void)depth;
	if (p->kind == SH_DQUOTE)
		return 1;
	for (uint32_t i = 0; (p->kind == SH_SQUOTE || p->kind == SH_CQUOTE) && i < p->text.n; i++) {
		if (strchr("}{$`\"'\\", p->text.p[i]) != NULL)
			return 1;
	}
	return 0;
}

static void misread_zsh(struct walk *w, const struct sh_part *p)
{
	if (p->kind == SH_PARAM && (p->param->op == SH_OP_PREFIX || p->param->op == SH_OP_SUFFIX || p->param->op == SH_OP_REPLACE) &&
	    (word_has(p->param->arg, ending_part) || word_has(p->param->arg2, ending_part)))
		walk_eval(w, p->at, "quotes in the pattern of an expansion, which zsh may take for bytes");
}

void misreads_part(struct walk *w, const struct sh_part *p)
{
	if (p->kind <= SH_DQUOTE)
		return;
	if (w->dialect == DIALECT_BASH)
		misread_bash(w, p);
	else if (w->dialect == DIALECT_ZSH)
		misread_zsh(w, p);
}

/* Reading a tree: exact words, and a walk that reaches every node. Trusts the parser's bounds on depth. */
#include "policy/shell/ast.h"

#include <string.h>

/* ---- exact words ---- */

static bool parts_bytes(const struct sh_part *x, char *out, size_t cap, size_t *n)
{
	for (; x != NULL; x = x->next) {
		switch (x->kind) {
		case SH_LITERAL:
		case SH_ESCAPED:
		case SH_SQUOTE:
		case SH_CQUOTE:
			if (out != NULL && *n + x->text.n <= cap)
				memcpy(out + *n, x->text.p, x->text.n);
			*n += x->text.n;
			break;
		case SH_DQUOTE:
			if (x->locale || !parts_bytes(x->parts, out, cap, n))
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}

size_t ast_word_bytes(const struct sh_word *w, char *out, size_t cap)
{
	const struct sh_text *one = ast_word_text(w);
	size_t n = 0;
	if (one != NULL) {
		if (out != NULL && one->n <= cap)
			memcpy(out, one->p, one->n);
		return one->n;
	}
	if (w->kind == SH_WORD_REGEX || w->kind == SH_WORD_ARITH || (w->assign != NULL && w->assign->is_array))
		return (size_t)-1;
	return parts_bytes(w->parts, out, cap, &n) ? n : (size_t)-1;
}

bool ast_word_exact(const struct sh_word *w)
{
	return ast_word_bytes(w, NULL, 0) != (size_t)-1;
}

bool ast_word_is(const struct sh_word *w, const char *s)
{
	const struct sh_text *one = ast_word_text(w);
	char b[64];
	if (one != NULL)
		return one->n == strlen(s) && memcmp(one->p, s, one->n) == 0;
	size_t n = ast_word_bytes(w, b, sizeof(b));
	return n <= sizeof(b) && n == strlen(s) && memcmp(b, s, n) == 0;
}

/* ---- walking ---- */

struct walk {
	const struct sh_visitor *v;
	unsigned depth;
};

#define TRY(call)                                                                                                      \
	do {                                                                                                           \
		int r_ = (call);                                                                                       \
		if (r_ != 0)                                                                                           \
			return r_;                                                                                     \
	} while (0)

static int walk_list(struct walk *k, const struct sh_list *l);
static int walk_command(struct walk *k, const struct sh_command *c);
static int walk_words(struct walk *k, const struct sh_word *w);

static int walk_param(struct walk *k, const struct sh_param *p);
static int walk_assign(struct walk *k, const struct sh_assign *a);

static int walk_parts(struct walk *k, const struct sh_part *x)
{
	for (; x != NULL; x = x->next) {
		if (k->v->part != NULL)
			TRY(k->v->part(k->v->ctx, x, k->depth));
		k->depth++;
		switch (x->kind) {
		case SH_DQUOTE:
			TRY(walk_parts(k, x->parts));
			break;
		case SH_PARAM:
			TRY(walk_param(k, x->param));
			break;
		case SH_COMSUB:
		case SH_PROCSUB:
			TRY(walk_list(k, x->comsub->body));
			break;
		case SH_ARITH:
			TRY(walk_words(k, x->arith->expr));
			break;
		case SH_EXTGLOB:
			TRY(walk_words(k, x->ext->alts));
			break;
		case SH_BRACE:
			TRY(walk_words(k, x->brace->alts));
			break;
		}
		k->depth--;
	}
	return 0;
}

static int walk_param(struct walk *k, const struct sh_param *p)
{
	TRY(walk_words(k, p->subscript));
	TRY(walk_words(k, p->arg));
	return walk_words(k, p->arg2);
}

static int walk_word(struct walk *k, const struct sh_word *w)
{
	if (k->v->word != NULL)
		TRY(k->v->word(k->v->ctx, w, k->depth));
	return w->assign != NULL ? walk_assign(k, w->assign) : walk_parts(k, w->parts);
}

/* The word and those linked behind it. */
static int walk_words(struct walk *k, const struct sh_word *w)
{
	for (; w != NULL; w = w->next)
		TRY(walk_word(k, w));
	return 0;
}

static int walk_assign(struct walk *k, const struct sh_assign *a)
{
	if (k->v->assign != NULL)
		TRY(k->v->assign(k->v->ctx, a, k->depth));
	TRY(walk_words(k, a->subscript));
	TRY(walk_words(k, a->value));
	for (const struct sh_element *e = a->elements; e != NULL; e = e->next) {
		TRY(walk_words(k, e->index));
		TRY(walk_words(k, e->value));
	}
	return 0;
}

static int walk_redirs(struct walk *k, const struct sh_redir *r)
{
	for (; r != NULL; r = r->next) {
		if (k->v->redir != NULL)
			TRY(k->v->redir(k->v->ctx, r, k->depth));
		TRY(walk_words(k, r->target));
		TRY(walk_words(k, r->body));
	}
	return 0;
}

static int walk_cond(struct walk *k, const struct sh_cond *c)
{
	if (c == NULL)
		return 0;
	TRY(walk_cond(k, c->l));
	TRY(walk_cond(k, c->r));
	TRY(walk_words(k, c->a));
	return walk_words(k, c->b);
}

static int walk_inside(struct walk *k, const struct sh_command *c)
{
	switch (c->kind) {
	case SH_SIMPLE:
		for (const struct sh_assign *a = c->simple->assigns; a != NULL; a = a->next)
			TRY(walk_assign(k, a));
		return walk_words(k, c->simple->words);
	case SH_SUBSHELL:
	case SH_GROUP:
		return walk_list(k, c->group);
	case SH_IF:
		for (const struct sh_clause *i = c->if_->clauses; i != NULL; i = i->next) {
			TRY(walk_list(k, i->cond));
			TRY(walk_list(k, i->body));
		}
		return c->if_->otherwise == NULL ? 0 : walk_list(k, c->if_->otherwise);
	case SH_FOR:
	case SH_SELECT:
		TRY(walk_words(k, c->for_->words));
		return walk_list(k, c->for_->body);
	case SH_CFOR:
		TRY(walk_words(k, c->cfor->init));
		TRY(walk_words(k, c->cfor->test));
		TRY(walk_words(k, c->cfor->step));
		return walk_list(k, c->cfor->body);
	case SH_WHILE:
	case SH_UNTIL:
		TRY(walk_list(k, c->loop->cond));
		return walk_list(k, c->loop->body);
	case SH_CASE:
		TRY(walk_words(k, c->case_->subject));
		for (const struct sh_case_item *i = c->case_->items; i != NULL; i = i->next) {
			TRY(walk_words(k, i->patterns));
			TRY(walk_list(k, i->body));
		}
		return 0;
	case SH_COND:
		return walk_cond(k, c->cond);
	case SH_ARITHCMD:
		return walk_words(k, c->arith);
	case SH_FUNCTION:
		TRY(walk_words(k, c->func->name));
		return walk_command(k, c->func->body);
	case SH_COPROC:
		return walk_command(k, c->coproc->body);
	}
	return 0;
}

static int walk_command(struct walk *k, const struct sh_command *c)
{
	if (k->v->command != NULL)
		TRY(k->v->command(k->v->ctx, c, k->depth));
	k->depth++;
	TRY(walk_inside(k, c));
	TRY(walk_redirs(k, c->redirs));
	k->depth--;
	return 0;
}

static int walk_list(struct walk *k, const struct sh_list *l)
{
	for (const struct sh_andor *a = l->items; a != NULL; a = a->next)
		for (const struct sh_pipeline *p = a->pipelines; p != NULL; p = p->next)
			for (const struct sh_command *c = p->commands; c != NULL; c = c->next)
				TRY(walk_command(k, c));
	return 0;
}

int ast_walk_list(const struct sh_list *list, const struct sh_visitor *v)
{
	struct walk k = {v, 0};
	return walk_list(&k, list);
}

int ast_walk(const struct sh_ast *ast, const struct sh_visitor *v)
{
	return ast_walk_list(ast->list, v);
}

int ast_walk_command(const struct sh_command *c, const struct sh_visitor *v)
{
	struct walk k = {v, 0};
	return walk_command(&k, c);
}

int ast_walk_word(const struct sh_word *w, const struct sh_visitor *v)
{
	struct walk k = {v, 0};
	return walk_word(&k, w);
}

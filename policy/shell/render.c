/* Commands back to text, in one layout: one line, `; ` between commands, a newline only where the text had one at top
 * level or a here-document needs it. Trusts the tree. */
#include "policy/shell/render.h"

#include <stdio.h>
#include <string.h>

#include "policy/shell/render_state.h"

static void command(struct render *r, const struct sh_command *c);

/* ---- newlines and here-documents ---- */

void render_newline(struct render *r)
{
	if (r->base > 0)
		render_fail(r, ERR_UNSUPPORTED); /* a body outside of this substitution would begin here */
	render_put(r, "\n");
	for (unsigned k = r->base; k < r->npending; k++) {
		struct pending *p = &r->pending[k];
		render_bytes(r, buf_ptr(&p->body), p->body.len);
		render_put(r, p->delim);
		render_put(r, "\n");
		buf_free(&p->body);
	}
	r->npending = r->base;
}

void render_close(struct render *r)
{
	if (r->npending > r->base)
		render_newline(r);
}

/* Whether a line of the body would end it. */
static bool has_line(const struct buf *b, const char *line)
{
	const char *s = b->len > 0 ? (const char *)buf_ptr(b) : "", *end = s + b->len;
	size_t n = strlen(line);
	while (s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));
		size_t k = (size_t)((nl == NULL ? end : nl) - s);
		if (k == n && memcmp(s, line, n) == 0)
			return true;
		s += k + 1;
	}
	return false;
}

/* Whether a line ends in a backslash that no other is before. Of the text's own there are two; in quotes within a substitution it is a byte, but
 * where the body is read some shells look for it before they look for quotes. */
static bool joins_lines(const uint8_t *s, size_t n)
{
	size_t run = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n' && run % 2 == 1)
			return true;
		run = s[i] == '\\' ? run + 1 : 0;
	}
	return false;
}

static void heredoc(struct render *r, const struct sh_redir *x)
{
	if (r->npending == RENDER_HEREDOCS) {
		render_fail(r, ERR_UNSUPPORTED);
		return;
	}
	struct pending *p = &r->pending[r->npending];
	bool exact = ast_word_exact(x->body);
	buf_init(&p->body, r->out->max);
	struct render in = {.out = &p->body, .dialect = r->dialect, .t = r->t, .depth = 1};
	if (exact) {
		for (const struct sh_part *k = x->body->parts; k != NULL; k = k->next)
			render_bytes(&in, k->text.p, k->text.n);
	} else {
		render_parts(&in, x->body->parts, PLACE_HEREDOC);
	}
	const uint8_t *s = buf_ptr(&p->body);
	if (p->body.len > 0 && s[p->body.len - 1] != '\n')
		render_fail(&in, ERR_UNSUPPORTED); /* its last line has no newline, and would get one */
	if (!exact && p->body.len > 0 && joins_lines(s, p->body.len))
		render_fail(&in, ERR_UNSUPPORTED);
	r->npending++;
	render_fail(r, in.r);
	snprintf(p->delim, sizeof(p->delim), "EOF");
	for (unsigned k = 1; has_line(&p->body, p->delim) && k < 1000; k++)
		snprintf(p->delim, sizeof(p->delim), "EOF%u", k);
	if (has_line(&p->body, p->delim))
		render_fail(r, ERR_UNSUPPORTED);
	render_put(r, exact ? "<<'" : "<<");
	render_put(r, p->delim);
	render_put(r, exact ? "'" : "");
}

/* ---- redirections ---- */

/* "1", "-", "12-": a descriptor stays unquoted behind >& and <& . */
static bool is_descriptor(const struct sh_word *w)
{
	char s[8];
	size_t n = ast_word_bytes(w, s, sizeof(s));
	if (n == 0 || n > sizeof(s))
		return false;
	for (size_t k = 0; k < n; k++)
		if (!(s[k] >= '0' && s[k] <= '9') && !(s[k] == '-' && k == n - 1))
			return false;
	return true;
}

static void redir(struct render *r, const struct sh_redir *x)
{
	static const char *const ops[] = {"<", ">", ">|", ">>", "<>", "<&", ">&", "&>", "&>>", "<<", "<<<"};
	char fd[16] = "";
	if (x->fd >= 0)
		snprintf(fd, sizeof(fd), "%d", x->fd);
	render_put(r, fd);
	if (x->fd_name.n > 0) {
		render_put(r, "{");
		render_bytes(r, x->fd_name.p, x->fd_name.n);
		render_put(r, "}");
	}
	if (x->op == SH_REDIR_HERE) {
		heredoc(r, x);
		return;
	}
	render_put(r, ops[x->op]);
	if ((x->op == SH_REDIR_DUPIN || x->op == SH_REDIR_DUPOUT) && is_descriptor(x->target)) {
		char s[8];
		render_bytes(r, s, ast_word_bytes(x->target, s, sizeof(s)));
		return;
	}
	if (!ast_word_exact(x->target))
		render_put(r, " ");
	render_word(r, x->target);
}

/* ---- commands ---- */

static void sep(struct render *r)
{
	if (r->npending > r->base)
		render_newline(r);
	else
		render_put(r, "; ");
}

/* Ends a list in front of a keyword. */
void render_list_end(struct render *r, const struct sh_list *l)
{
	const struct sh_andor *last = l->items;
	while (last != NULL && last->next != NULL)
		last = last->next;
	if (r->npending > r->base)
		render_newline(r);
	else
		render_put(r, last == NULL ? "" : last->sep != SH_SEQ ? " " : "; ");
}

static void body(struct render *r, const struct sh_list *l, const char *open, const char *close)
{
	render_put(r, open);
	render_list(r, l);
	render_list_end(r, l);
	render_put(r, close);
}

/* The command word is quoted like any other, so that no alias or keyword is taken for it; but for the builtins whose
 * arguments the shell reads as assignments only when it sees the bare name. */
static bool is_bare(const struct render *r, const struct sh_simple *s)
{
	const struct sh_part *x = s->words->parts;
	if (s->declaration)
		return true;
	return r->t != NULL && x != NULL && x->kind == SH_LITERAL && x->next == NULL &&
	       traits_has(r->t->bare, x->text.p, x->text.n);
}

/* An option of a declaration builtin: bash looks for a bare -A or -a before it reads `name=(…)`. */
static bool is_bare_option(const struct sh_simple *s, const struct sh_word *w)
{
	const struct sh_part *x = w->parts;
	if (!s->declaration || w->assign != NULL || x == NULL || x->kind != SH_LITERAL || x->next != NULL)
		return false;
	if (x->text.n < 2 || (x->text.p[0] != '-' && x->text.p[0] != '+'))
		return false;
	for (uint32_t k = 1; k < x->text.n; k++)
		if (!((x->text.p[k] >= 'a' && x->text.p[k] <= 'z') || (x->text.p[k] >= 'A' && x->text.p[k] <= 'Z')))
			return false;
	return true;
}

static void simple(struct render *r, const struct sh_simple *s)
{
	const char *gap = "";
	for (const struct sh_assign *a = s->assigns; a != NULL; a = a->next) {
		render_put(r, gap);
		render_assign(r, a);
		gap = " ";
	}
	for (const struct sh_word *w = s->words; w != NULL; w = w->next) {
		render_put(r, gap);
		if ((w == s->words && is_bare(r, s)) || is_bare_option(s, w))
			render_bytes(r, w->parts->text.p, w->parts->text.n);
		else
			render_word(r, w);
		gap = " ";
	}
}

static void if_(struct render *r, const struct sh_if *x)
{
	for (const struct sh_clause *k = x->clauses; k != NULL; k = k->next) {
		body(r, k->cond, k == x->clauses ? "if " : "elif ", "then ");
		body(r, k->body, "", "");
	}
	if (x->otherwise != NULL)
		body(r, x->otherwise, "else ", "");
	render_put(r, "fi");
}

static void for_(struct render *r, const struct sh_command *c)
{
	const struct sh_for *f = c->for_;
	render_put(r, c->kind == SH_SELECT ? "select " : "for ");
	render_bytes(r, f->name.p, f->name.n);
	render_put(r, f->has_in ? " in" : "");
	for (const struct sh_word *w = f->words; w != NULL; w = w->next) {
		render_put(r, " ");
		render_word(r, w);
	}
	sep(r);
	body(r, f->body, "do ", "done");
}

static void cfor(struct render *r, const struct sh_cfor *f)
{
	render_put(r, "for ((");
	render_word(r, f->init);
	render_put(r, ";");
	render_word(r, f->test);
	render_put(r, ";");
	render_word(r, f->step);
	render_put(r, "))");
	sep(r);
	body(r, f->body, "do ", "done");
}

static void case_(struct render *r, const struct sh_case *x)
{
	static const char *const ends[] = {";;", ";&", ";;&"};
	render_put(r, "case ");
	render_word(r, x->subject);
	render_put(r, " in");
	for (const struct sh_case_item *k = x->items; k != NULL; k = k->next) {
		const char *gap = " (";
		for (const struct sh_word *w = k->patterns; w != NULL; w = w->next) {
			render_put(r, gap);
			render_word(r, w);
			gap = " | ";
		}
		render_put(r, ") ");
		render_list(r, k->body);
		if (r->npending > r->base)
			render_newline(r);
		else
			render_put(r, k->body->items == NULL ? "" : " ");
		render_put(r, k->end == SH_CASE_TEST && !r->t->case_test ? ";|" : ends[k->end]);
	}
	render_put(r, " esac");
}

static void cond(struct render *r, const struct sh_cond *c)
{
	switch (c->kind) {
	case SH_COND_WORD:
		render_word(r, c->a);
		break;
	case SH_COND_UNARY:
		render_bytes(r, c->op.p, c->op.n);
		render_put(r, " ");
		render_word(r, c->a);
		break;
	case SH_COND_BINARY:
		render_word(r, c->a);
		render_put(r, " ");
		render_bytes(r, c->op.p, c->op.n);
		render_put(r, " ");
		render_word(r, c->b);
		break;
	case SH_COND_NOT:
		render_put(r, "! ");
		cond(r, c->l);
		break;
	case SH_COND_PAREN:
		render_put(r, "( ");
		cond(r, c->l);
		render_put(r, " )");
		break;
	default:
		cond(r, c->l);
		render_put(r, c->kind == SH_COND_AND ? " && " : " || ");
		cond(r, c->r);
	}
}

bool render_opens_paren(const struct sh_list *l)
{
	if (l->items == NULL)
		return false;
	const struct sh_pipeline *p = l->items->pipelines;
	return p->timed == SH_TIME_NO && !p->negated &&
	       (p->commands->kind == SH_SUBSHELL || p->commands->kind == SH_ARITHCMD);
}

static void group(struct render *r, const struct sh_command *c)
{
	if (c->kind == SH_GROUP) {
		body(r, c->group, "{ ", "}");
		return;
	}
	render_put(r, render_opens_paren(c->group) ? "( " : "(");
	render_list(r, c->group);
	render_close(r);
	render_put(r, ")");
}

static bool ends_in_pattern(const struct sh_word *w)
{
	const struct sh_part *x = w->parts;
	while (x != NULL && x->next != NULL)
		x = x->next;
	return x != NULL && x->text.n > 0 && strchr("?*+@!", x->text.p[x->text.n - 1]) != NULL;
}

static void function(struct render *r, const struct sh_func *f)
{
	render_put(r, f->keyword ? "function " : "");
	render_parts(r, f->name->parts, PLACE_REGEX); /* as it is: a quoted name is none */
	/* f@() would be an extended pattern. */
	render_put(r, f->parens ? (ends_in_pattern(f->name) ? " () " : "() ") : " ");
	command(r, f->body);
}

static void inside(struct render *r, const struct sh_command *c)
{
	switch (c->kind) {
	case SH_SIMPLE:
		simple(r, c->simple);
		break;
	case SH_SUBSHELL:
	case SH_GROUP:
		group(r, c);
		break;
	case SH_IF:
		if_(r, c->if_);
		break;
	case SH_FOR:
	case SH_SELECT:
		for_(r, c);
		break;
	case SH_CFOR:
		cfor(r, c->cfor);
		break;
	case SH_WHILE:
	case SH_UNTIL:
		body(r, c->loop->cond, c->kind == SH_WHILE ? "while " : "until ", "do ");
		body(r, c->loop->body, "", "done");
		break;
	case SH_CASE:
		case_(r, c->case_);
		break;
	case SH_COND:
		render_put(r, "[[ ");
		cond(r, c->cond);
		render_put(r, " ]]");
		break;
	case SH_ARITHCMD:
		render_put(r, "((");
		render_word(r, c->arith);
		render_put(r, "))");
		break;
	case SH_FUNCTION:
		function(r, c->func);
		break;
	case SH_COPROC:
		render_put(r, "coproc ");
		render_bytes(r, c->coproc->name.p, c->coproc->name.n);
		render_put(r, c->coproc->name.n > 0 ? " " : "");
		command(r, c->coproc->body);
		break;
	}
}

static void command(struct render *r, const struct sh_command *c)
{
	bool nothing = c->kind == SH_SIMPLE && c->simple->words == NULL && c->simple->assigns == NULL;
	r->depth++;
	inside(r, c);
	r->depth--;
	for (const struct sh_redir *x = c->redirs; x != NULL; x = x->next) {
		if (!nothing)
			render_put(r, " ");
		nothing = false;
		redir(r, x);
	}
}

static void pipeline(struct render *r, const struct sh_pipeline *p)
{
	static const char *const links[] = {"", " && ", " || "};
	static const char *const times[] = {"", "time ", "time -p "};
	render_put(r, links[p->link]);
	render_put(r, times[p->timed]);
	render_put(r, p->negated ? "! " : "");
	for (const struct sh_command *c = p->commands; c != NULL; c = c->next) {
		command(r, c);
		if (c->next != NULL)
			render_put(r, c->pipe_both ? " |& " : " | ");
	}
}

/* Everything but what ends the last command of it. */
void render_list(struct render *r, const struct sh_list *l)
{
	for (const struct sh_andor *a = l->items; a != NULL && r->r == ERR_OK; a = a->next) {
		for (const struct sh_pipeline *p = a->pipelines; p != NULL; p = p->next)
			pipeline(r, p);
		render_put(r, a->sep == SH_BACKGROUND ? " &" : a->sep == SH_DISOWN ? " &!" : "");
		if (a->next == NULL)
			return;
		if (r->npending > r->base || (r->depth == 0 && a->newline))
			render_newline(r);
		else
			render_put(r, a->sep == SH_SEQ ? "; " : " ");
	}
}

int shell_render(const struct sh_ast *ast, struct buf *out)
{
	struct render r = {.out = out, .dialect = ast->dialect, .t = traits_of(ast->dialect)};
	render_list(&r, ast->list);
	if (r.npending > 0)
		render_newline(&r);
	for (unsigned k = 0; k < r.npending; k++)
		buf_free(&r.pending[k].body);
	return r.r;
}

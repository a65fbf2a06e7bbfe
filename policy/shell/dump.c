/* One text for all trees that mean the same. Trusts the parser's bounds on depth. */
#include "policy/shell/dump.h"

#include <string.h>

struct dump {
	struct buf *out;
	struct sh_text one; /* the bytes of the run that is open (one at a time is) while they are of one part; */
	struct buf run;     /* of several */
	int r; /* the first failure */
	unsigned n;
	char room[256]; /* n bytes on their way to out: most of what is put is short */
};

static void flush(struct dump *d)
{
	if (d->r == ERR_OK && d->n > 0)
		d->r = buf_put(d->out, d->room, d->n);
	d->n = 0;
}

static inline void put_bytes(struct dump *d, const char *s, size_t n)
{
	if (n > sizeof(d->room) - d->n) {
		flush(d);
		if (n > sizeof(d->room)) {
			if (d->r == ERR_OK)
				d->r = buf_put(d->out, s, n);
			return;
		}
	}
	memcpy(d->room + d->n, s, n);
	d->n += (unsigned)n;
}

static inline void put(struct dump *d, const char *s)
{
	put_bytes(d, s, strlen(s));
}

/* Each decision comes here some hundred times: no printf. */
static void number(struct dump *d, uint32_t n)
{
	char digits[10];
	unsigned at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	put_bytes(d, digits + at, sizeof(digits) - at);
}

static void text(struct dump *d, struct sh_text t)
{
	char *to = d->room + d->n;

	if (t.n < 10 && sizeof(d->room) - d->n >= 12) { /* the usual, in one step */
		*to++ = (char)('0' + t.n);
		*to++ = ':';
		memcpy(to, t.p, t.n);
		to[t.n] = ' ';
		d->n += t.n + 3;
		return;
	}
	number(d, t.n);
	put(d, ":");
	put_bytes(d, t.p, t.n);
	put(d, " ");
}

static void list(struct dump *d, const struct sh_list *l);
static void command(struct dump *d, const struct sh_command *c);
static void words(struct dump *d, const struct sh_word *w);

/* ---- words ---- */

/* Exact bytes that stand together are one run, however they were quoted; where it matters (strict), quoted and unquoted
 * bytes are runs of their own. */
struct run {
	bool open, quoted, strict;
	bool drop_empty; /* an empty run means nothing here */
	bool bracket;    /* inside a bracket expression: strict */
};

static void run_close(struct dump *d, struct run *k)
{
	struct sh_text t = d->one;
	if (d->run.len > 0)
		t = (struct sh_text){(const char *)buf_ptr(&d->run), (uint32_t)d->run.len};
	if (k->open && !(k->drop_empty && t.n == 0)) {
		put(d, k->strict || k->bracket ? (k->quoted ? "q" : "u") : "e");
		text(d, t);
	}
	buf_clear(&d->run);
	d->one = (struct sh_text){"", 0};
	k->open = false;
}

static void run_add(struct dump *d, struct run *k, struct sh_text t, bool quoted)
{
	if (k->open && (k->strict || k->bracket) && k->quoted != quoted)
		run_close(d, k);
	if (!quoted && t.n == 0)
		return;
	k->open = true;
	k->quoted = quoted;
	if (d->one.n == 0 && d->run.len == 0) {
		d->one = t;
		return;
	}
	if (d->r == ERR_OK && d->run.len == 0)
		d->r = buf_put(&d->run, d->one.p, d->one.n);
	if (d->r == ERR_OK && t.n > 0)
		d->r = buf_put(&d->run, t.p, t.n);
}

static void word(struct dump *d, const struct sh_word *w, bool parens);

static void param(struct dump *d, const struct sh_param *p)
{
	put(d, "(param ");
	text(d, p->name);
	if (p->indirect)
		put(d, "! ");
	text(d, p->flags);
	text(d, p->op_text);
	if (p->op == SH_OP_LENGTH)
		put(d, "# ");
	if (p->subscript != NULL) {
		put(d, "[ ");
		word(d, p->subscript, true);
	}
	if (p->arg != NULL)
		word(d, p->arg, true);
	if (p->arg2 != NULL)
		word(d, p->arg2, true);
	put(d, ")");
}

static void active(struct dump *d, const struct sh_part *x)
{
	static const char *const comsubs[] = {"sub", "sub", "funsub", "valsub", "in", "out", "temp"};
	if (x->quoted)
		put(d, "\"");
	switch (x->kind) {
	case SH_PARAM:
		param(d, x->param);
		break;
	case SH_COMSUB:
	case SH_PROCSUB:
		put(d, "(");
		put(d, comsubs[x->comsub->kind]);
		list(d, x->comsub->body);
		put(d, ")");
		break;
	case SH_ARITH:
		put(d, "(arith ");
		word(d, x->arith->expr, true);
		put(d, ")");
		break;
	case SH_GLOB:
	case SH_TILDE:
		put(d, x->kind == SH_GLOB ? "(glob " : "(tilde ");
		text(d, x->text);
		put(d, ")");
		break;
	case SH_EXTGLOB:
		put(d, "(ext ");
		text(d, (struct sh_text){&x->ext->op, 1});
		words(d, x->ext->alts);
		put(d, ")");
		break;
	case SH_BRACE:
		put(d, x->brace->kind == SH_BRACE_LIST    ? "(brace "
		       : x->brace->kind == SH_BRACE_RANGE ? "(range "
							  : "(maybe ");
		text(d, x->brace->text);
		words(d, x->brace->alts);
		put(d, ")");
		break;
	}
}

static void parts(struct dump *d, const struct sh_part *x, struct run *k)
{
	for (; x != NULL; x = x->next) {
		switch (x->kind) {
		case SH_LITERAL:
		case SH_ESCAPED:
		case SH_SQUOTE:
		case SH_CQUOTE:
			run_add(d, k, x->text, x->quoted);
			break;
		case SH_DQUOTE:
			if (x->locale) {
				run_close(d, k);
				put(d, "(locale ");
				parts(d, x->parts, k);
				run_close(d, k);
				put(d, ")");
				break;
			}
			if (x->parts == NULL)
				run_add(d, k, (struct sh_text){"", 0}, true);
			parts(d, x->parts, k);
			break;
		default:
			run_close(d, k);
			active(d, x);
			if (x->kind == SH_GLOB && x->text.n == 1 && (x->text.p[0] == '[' || x->text.p[0] == ']'))
				k->bracket = x->text.p[0] == '[';
		}
	}
}

static void assign(struct dump *d, const struct sh_assign *a);

static void word(struct dump *d, const struct sh_word *w, bool strict)
{
	if (w->assign != NULL) {
		assign(d, w->assign);
		return;
	}
	const struct sh_text *one = strict ? NULL : ast_word_text(w);
	if (one != NULL && one->n > 0) { /* the usual, in one step */
		put(d, "(w e");
		text(d, *one);
		put(d, ")");
		return;
	}
	struct run k = {.strict = strict || w->kind == SH_WORD_REGEX};
	k.drop_empty = !strict && (w->kind == SH_WORD_VALUE || w->kind == SH_WORD_HEREDOC);
	put(d, "(w ");
	parts(d, w->parts, &k);
	run_close(d, &k);
	put(d, ")");
}

static void words(struct dump *d, const struct sh_word *w)
{
	for (; w != NULL; w = w->next)
		word(d, w, false);
}

static void assign(struct dump *d, const struct sh_assign *a)
{
	put(d, "(assign ");
	text(d, a->name);
	if (a->subscript != NULL)
		word(d, a->subscript, true);
	put(d, a->append ? "+=" : "=");
	if (a->value != NULL)
		word(d, a->value, false);
	if (a->is_array)
		put(d, "(");
	for (const struct sh_element *e = a->elements; e != NULL; e = e->next) {
		put(d, e->append ? "(+" : "(");
		if (e->index != NULL)
			word(d, e->index, true);
		word(d, e->value, false);
		put(d, ")");
	}
	if (a->is_array)
		put(d, ")");
	put(d, ")");
}

/* ---- commands ---- */

static void redirs(struct dump *d, const struct sh_redir *r)
{
	for (; r != NULL; r = r->next) {
		put(d, "(redir ");
		number(d, r->op);
		put(d, " ");
		number(d, (uint32_t)(r->fd + 1));
		put(d, " ");
		text(d, r->fd_name);
		if (r->target != NULL)
			word(d, r->target, false);
		if (r->body != NULL)
			word(d, r->body, false);
		put(d, ")");
	}
}

static void cond(struct dump *d, const struct sh_cond *c)
{
	static const char *const names[] = {"word", "unary", "binary", "not", "and", "or", "paren"};
	if (c == NULL)
		return;
	put(d, "(");
	put(d, names[c->kind]);
	text(d, c->op);
	cond(d, c->l);
	cond(d, c->r);
	if (c->a != NULL)
		word(d, c->a, false);
	if (c->b != NULL)
		word(d, c->b, false);
	put(d, ")");
}

static void inside(struct dump *d, const struct sh_command *c)
{
	switch (c->kind) {
	case SH_SIMPLE:
		put(d, c->simple->declaration ? "decl " : "");
		for (const struct sh_assign *a = c->simple->assigns; a != NULL; a = a->next)
			assign(d, a);
		words(d, c->simple->words);
		break;
	case SH_SUBSHELL:
	case SH_GROUP:
		list(d, c->group);
		break;
	case SH_IF:
		for (const struct sh_clause *k = c->if_->clauses; k != NULL; k = k->next) {
			list(d, k->cond);
			list(d, k->body);
		}
		if (c->if_->otherwise != NULL) {
			put(d, "else ");
			list(d, c->if_->otherwise);
		}
		break;
	case SH_FOR:
	case SH_SELECT:
		text(d, c->for_->name);
		put(d, c->for_->has_in ? "in " : "");
		words(d, c->for_->words);
		list(d, c->for_->body);
		break;
	case SH_CFOR:
		word(d, c->cfor->init, true);
		word(d, c->cfor->test, true);
		word(d, c->cfor->step, true);
		list(d, c->cfor->body);
		break;
	case SH_WHILE:
	case SH_UNTIL:
		list(d, c->loop->cond);
		list(d, c->loop->body);
		break;
	case SH_CASE:
		word(d, c->case_->subject, false);
		for (const struct sh_case_item *k = c->case_->items; k != NULL; k = k->next) {
			put(d, k->end == SH_CASE_BREAK ? "(item " : k->end == SH_CASE_FALL ? "(fall " : "(test ");
			words(d, k->patterns);
			list(d, k->body);
			put(d, ")");
		}
		break;
	case SH_COND:
		cond(d, c->cond);
		break;
	case SH_ARITHCMD:
		word(d, c->arith, true);
		break;
	case SH_FUNCTION:
		put(d, c->func->keyword ? "keyword " : "");
		word(d, c->func->name, false);
		command(d, c->func->body);
		break;
	case SH_COPROC:
		text(d, c->coproc->name);
		command(d, c->coproc->body);
		break;
	}
}

static void command(struct dump *d, const struct sh_command *c)
{
	static const char *const names[] = {"simple", "subshell", "group", "if",   "for",   "select",   "cfor",
					    "while",  "until",    "case",  "cond", "arith", "function", "coproc"};
	put(d, "(");
	put(d, names[c->kind]);
	put(d, " ");
	inside(d, c);
	redirs(d, c->redirs);
	put(d, ")");
}

static void list(struct dump *d, const struct sh_list *l)
{
	put(d, "(list");
	for (const struct sh_andor *a = l->items; a != NULL; a = a->next) {
		put(d, a->sep == SH_SEQ ? " " : a->sep == SH_BACKGROUND ? " &" : " &!");
		for (const struct sh_pipeline *p = a->pipelines; p != NULL; p = p->next) {
			put(d, p->link == SH_FIRST ? "" : p->link == SH_AND ? "&&" : "||");
			put(d, p->timed == SH_TIME_NO ? "" : p->timed == SH_TIME_YES ? "time " : "time -p ");
			put(d, p->negated ? "!" : "");
			for (const struct sh_command *c = p->commands; c != NULL; c = c->next) {
				command(d, c);
				put(d, c->next == NULL ? "" : c->pipe_both ? "|&" : "|");
			}
		}
	}
	put(d, ")");
}

int ast_dump(const struct sh_ast *ast, struct buf *out)
{
	struct dump d;
	d.out = out;
	d.one = (struct sh_text){"", 0};
	d.r = ERR_OK;
	d.n = 0;
	buf_init(&d.run, (size_t)1 << 20);
	list(&d, ast->list);
	flush(&d);
	buf_free(&d.run);
	return d.r;
}

bool ast_equal_in(const struct sh_ast *a, const struct sh_ast *b, struct buf *x, struct buf *y)
{
	buf_clear(x);
	buf_clear(y);
	return a->dialect == b->dialect && ast_dump(a, x) == ERR_OK && ast_dump(b, y) == ERR_OK && x->len == y->len &&
	       (x->len == 0 || memcmp(buf_ptr(x), buf_ptr(y), x->len) == 0);
}

bool ast_equal(const struct sh_ast *a, const struct sh_ast *b)
{
	struct buf x, y;
	buf_init(&x, DUMP_MAX);
	buf_init(&y, DUMP_MAX);
	bool equal = ast_equal_in(a, b, &x, &y);
	buf_free(&x);
	buf_free(&y);
	return equal;
}

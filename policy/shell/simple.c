/* Simple commands: assignments, words, redirections; and what begins like one, `name() body`. Distrusts every byte. */
#include <string.h>

#include "policy/shell/state.h"

/* NAME[text] that no = follows: a word after all, in which the text is a pattern. Whatever reads differently as such is
 * refused. */
static struct sh_word *as_word(struct ps *p, struct sh_part *name, struct sh_word *sub, enum word_mode m,
			       uint32_t start)
{
	struct parts b;
	parts_init(&b, false);
	if (name != NULL) {
		*b.tail = name;
		b.tail = &name->next;
	}
	struct sh_part *open = parts_add(p, &b, SH_GLOB, start, false);
	open->text = ps_text(p, "[", 1);
	open->at = sub->at;
	open->at.off--;
	open->at.col--;
	open->end = sub->at.off;
	for (struct sh_part *x = sub->parts; x != NULL; x = x->next) {
		if (x->kind == SH_LITERAL)
			for (uint32_t k = 0; k < x->text.n; k++)
				if (ps_is_meta((unsigned char)x->text.p[k]) ||
				    strchr("*?[]{},~+@!", x->text.p[k]) != NULL)
					ps_left_out(p, start, "a special character in a subscript that no = follows");
		if (x->kind == SH_ESCAPED || x->kind == SH_SQUOTE || x->kind == SH_DQUOTE)
			ps_left_out(p, start, "a quote in a subscript that no = follows");
		x->quoted = false;
		*b.tail = x;
		b.tail = &x->next;
	}
	struct sh_part *close = parts_add(p, &b, SH_GLOB, start, false);
	close->text = ps_text(p, "]", 1);
	close->at = ps_pos(p, p->i - 1);
	close->end = ps_orig(p, p->i);
	b.bracket = true;
	return word_continue(p, m, &b, start);
}

/* Whether "=" or "+=" stands at the cursor; takes it. */
static bool equals(struct ps *p, bool *append)
{
	*append = p->t->append && ps_cur(p) == '+' && ps_peek(p, 1) == '=';
	if (!*append && ps_cur(p) != '=')
		return false;
	ps_adv_n(p, *append ? 2 : 1);
	return true;
}

static struct sh_word *value(struct ps *p, enum word_mode m)
{
	uint32_t at = p->i;
	struct sh_word *w = word_parse(p, m);
	if (w == NULL) {
		w = word_new(p, SH_WORD_VALUE, at);
		w->end = ps_orig(p, at);
	}
	return w;
}

static struct sh_element *elements(struct ps *p)
{
	struct sh_element *first = NULL, **tail = &first;
	ps_enter(p);
	ps_adv(p);
	for (;;) {
		if (p->here.n > 0)
			ps_left_out(p, p->i, "an array while a here-document waits for its body");
		ps_newlines(p);
		if (ps_cur(p) == ')')
			break;
		struct sh_element *e = ps_new(p, sizeof(*e));
		uint32_t at = p->i;
		if (ps_cur(p) == '[') {
			ps_adv(p);
			struct sh_word *sub = arith_parse(p, ARITH_BRACKET);
			ps_adv(p);
			if (equals(p, &e->append)) {
				e->index = sub;
				e->value = value(p, WORD_DECL);
				for (const struct sh_part *x = e->value->parts; x != NULL; x = x->next)
					if (x->kind == SH_BRACE)
						ps_left_out(p, at, "a brace expansion in [index]=value");
			} else {
				e->value = as_word(p, NULL, sub, WORD_ARG, at);
			}
		} else {
			e->value = word_parse(p, WORD_ARG);
			if (e->value == NULL)
				ps_expected(p, "a word or ) in the array");
		}
		*tail = e;
		tail = &e->next;
	}
	ps_adv(p);
	ps_leave(p);
	return first;
}

struct sh_assign *assign_parse(struct ps *p, enum word_mode m, bool arrays, struct sh_word **not_one)
{
	uint32_t at = p->i, i = p->i;
	*not_one = NULL;
	if (!ps_is_name(ps_cur(p), true))
		return NULL;
	while (ps_is_name(ps_at(p, i), false))
		i = ps_after(p, i);
	int c = ps_at(p, i);
	if (c != '=' && !(c == '+' && p->t->append && ps_at(p, ps_after(p, i)) == '=') && !(c == '[' && p->t->arrays))
		return NULL;
	struct parts b;
	parts_init(&b, false);
	while (p->i < i)
		parts_byte(p, &b);
	parts_flush(p, &b);
	struct sh_assign *a = ps_new(p, sizeof(*a));
	a->at = ps_pos(p, at);
	a->name = b.first->text;
	if (c == '[') {
		ps_enter(p);
		ps_adv(p);
		a->subscript = arith_parse(p, ARITH_BRACKET);
		ps_adv(p);
		ps_leave(p);
	}
	if (!equals(p, &a->append)) {
		*not_one = as_word(p, b.first, a->subscript, m == WORD_VALUE ? WORD_ARG : m, at);
		return NULL;
	}
	if (ps_cur(p) == '(' && p->t->arrays && arrays) {
		a->is_array = true;
		a->elements = elements(p);
	} else {
		a->value = value(p, m);
	}
	a->end = ps_orig(p, p->i);
	return a;
}

static struct sh_part *copy_parts(struct ps *p, const struct sh_part *x, struct sh_part **tail)
{
	struct sh_part *last = NULL;
	for (; x != NULL; x = x->next) {
		struct sh_part *y = ps_new(p, sizeof(*y));
		*y = *x;
		y->next = NULL;
		*tail = y;
		tail = &y->next;
		last = y;
	}
	return last;
}

/* The whole argument as a word, for those who do not care that it is an assignment. */
struct sh_word *assign_word(struct ps *p, struct sh_assign *a)
{
	struct sh_word *w = ps_new(p, sizeof(*w));
	w->kind = SH_WORD_PLAIN;
	w->at = a->at;
	w->end = a->end;
	w->assign = a;
	if (a->is_array)
		return w;
	struct parts b;
	parts_init(&b, false);
	struct sh_part *x = ps_new(p, sizeof(*x));
	x->kind = SH_LITERAL;
	x->at = a->at;
	x->end = a->at.off + a->name.n;
	w->parts = x;
	const char *eq = a->append ? "+=" : "=";
	size_t n = a->name.n + (a->subscript == NULL ? strlen(eq) : 0);
	char *s = ps_new(p, n + 1);
	memcpy(s, a->name.p, a->name.n);
	if (a->subscript == NULL)
		memcpy(s + a->name.n, eq, strlen(eq));
	x->text = (struct sh_text){s, (uint32_t)n};
	if (a->subscript != NULL) {
		struct sh_part *open = ps_new(p, sizeof(*open)), *close = ps_new(p, sizeof(*close)), *last;
		open->kind = close->kind = SH_GLOB;
		open->at = a->subscript->at;
		close->at = a->value->at;
		open->text = ps_text(p, "[", 1);
		close->text = ps_text(p, "]", 1);
		x->next = open;
		last = copy_parts(p, a->subscript->parts, &open->next);
		x = ps_new(p, sizeof(*x));
		x->kind = SH_LITERAL;
		x->at = a->value->at;
		x->text = ps_text(p, eq, strlen(eq));
		*(last == NULL ? &open->next : &last->next) = close;
		close->next = x;
	}
	copy_parts(p, a->value->parts, &x->next);
	return w;
}

/* ---- functions ---- */

static void function_name(struct ps *p, const struct sh_word *w)
{
	const struct sh_part *x = w->parts;
	if (x == NULL || x->kind != SH_LITERAL || x->next != NULL)
		ps_left_out(p, p->i, "a function's name that is quoted or holds an expansion");
	for (uint32_t k = 0; k < x->text.n; k++)
		if (!ps_is_name((unsigned char)x->text.p[k], false) &&
		    (k == 0 || strchr(p->dialect == DIALECT_BASH ? "-.:/+@%#=!" : "-.:/+@%", x->text.p[k]) == NULL))
			ps_left_out(p, p->i, "a function's name of other than letters, digits and _-.:/+@%#=!");
	if (p->dialect == DIALECT_DASH || p->dialect == DIALECT_BUSYBOX) {
		static const char *const special[] = {".",     ":",      "break",    "continue", "eval", "exec",
						      "exit",  "export", "readonly", "return",   "set",  "shift",
						      "times", "trap",   "unset",    NULL};
		bool ok = !traits_has(special, x->text.p, x->text.n);
		for (uint32_t k = 0; k < x->text.n; k++)
			ok = ok && ps_is_name((unsigned char)x->text.p[k], k == 0);
		if (!ok)
			ps_fail(p, ERR_MALFORMED, p->i,
				"expected a name of letters, digits and _ for the function, no special builtin");
	}
}

struct sh_command *function_body(struct ps *p)
{
	ps_newlines(p);
	ps_enter(p);
	struct sh_command *c = compound_parse(p);
	if (c != NULL) {
		if (p->dialect == DIALECT_BASH && (c->kind == SH_FUNCTION || c->kind == SH_COPROC))
			ps_expected(p, "a compound command as the function's body");
		command_redirs(p, c);
	} else if (p->t->any_function) {
		c = simple_parse(p);
	} else {
		ps_expected(p, "a compound command as the function's body");
	}
	ps_leave(p);
	return c;
}

static struct sh_command *function_posix(struct ps *p, struct sh_word *name, uint32_t at)
{
	function_name(p, name);
	ps_adv(p);
	ps_blanks(p);
	if (ps_cur(p) != ')')
		ps_expected(p, ") behind name(");
	ps_adv(p);
	struct sh_command *c = command_new(p, SH_FUNCTION, at);
	c->func = ps_new(p, sizeof(*c->func));
	c->func->name = name;
	c->func->parens = true;
	c->func->body = function_body(p);
	c->end = c->func->body->end;
	return c;
}

struct sh_command *function_keyword(struct ps *p, uint32_t at)
{
	struct sh_word *name = word_parse(p, WORD_SUBJECT);
	if (name == NULL)
		ps_expected(p, "a function's name");
	function_name(p, name);
	struct sh_command *c = command_new(p, SH_FUNCTION, at);
	c->func = ps_new(p, sizeof(*c->func));
	c->func->name = name;
	c->func->keyword = true;
	ps_blanks(p);
	if (ps_cur(p) == '(') {
		uint32_t i = p->i;
		ps_adv(p);
		ps_blanks(p);
		if (ps_cur(p) == ')') {
			ps_adv(p);
			c->func->parens = true;
		} else {
			p->i = i;
		}
	}
	/* Any other word is one more name to zsh, and an error to the rest. */
	if (p->dialect != DIALECT_BASH && !(c->func->parens && p->dialect != DIALECT_MKSH)) {
		ps_newlines(p);
		if (ps_reserved(p, NULL) != RW_LBRACE)
			ps_expected(p, "{ and the function's body");
	}
	c->func->body = function_body(p);
	c->end = c->func->body->end;
	return c;
}

/* ---- simple commands ---- */

struct build { /* a simple command being put together */
	struct sh_command *c;
	struct sh_assign **assigns;
	struct sh_word **words;
	struct sh_redir **redirs;
	bool test; /* busybox: between [[ and ]] */
};

static void add_word(struct ps *p, struct build *b, struct sh_word *w)
{
	struct sh_simple *s = b->c->simple;
	*b->words = w;
	b->words = &w->next;
	b->c->end = w->end;
	if (s->nwords++ > 0)
		return;
	const struct sh_part *x = w->parts;
	if (x == NULL || x->kind != SH_LITERAL || x->next != NULL)
		return;
	s->declaration = traits_has(p->t->declaration, x->text.p, x->text.n);
	b->test = p->t->bracket_test && x->text.n == 2 && memcmp(x->text.p, "[[", 2) == 0;
}

static bool one_word(struct ps *p, struct build *b)
{
	struct sh_simple *s = b->c->simple;
	struct sh_word *w = NULL;
	if (s->nwords == 0 || s->declaration) {
		bool first = s->nwords == 0;
		struct sh_assign *a = assign_parse(p, first ? WORD_VALUE : WORD_DECL, first || p->t->decl_arrays, &w);
		if (a != NULL) {
			b->c->end = a->end;
			if (first) {
				*b->assigns = a;
				b->assigns = &a->next;
			} else {
				add_word(p, b, assign_word(p, a));
			}
			return true;
		}
	}
	if (w == NULL)
		w = word_parse(p, WORD_ARG);
	if (w == NULL)
		return false;
	if (b->test && ast_word_is(w, "]]"))
		b->test = false;
	add_word(p, b, w);
	return true;
}

/* busybox hands && and || between [[ and ]] to its test as arguments. */
static bool test_operator(struct ps *p, struct build *b)
{
	if (!b->test || !(ps_looking(p, "&&") || ps_looking(p, "||")))
		return false;
	struct sh_word *w = word_new(p, SH_WORD_PLAIN, p->i);
	struct sh_part *x = ps_new(p, sizeof(*x));
	x->kind = SH_SQUOTE;
	x->quoted = true;
	x->at = w->at;
	x->text = ps_text(p, ps_cur(p) == '&' ? "&&" : "||", 2);
	ps_adv_n(p, 2);
	w->end = x->end = ps_orig(p, p->i);
	w->parts = x;
	add_word(p, b, w);
	return true;
}

/* "(" and behind it, blanks apart, ")". */
static bool empty_parens(const struct ps *p)
{
	uint32_t i = ps_after(p, p->i);
	while (ps_at(p, i) == ' ' || ps_at(p, i) == '\t')
		i = ps_after(p, i);
	return ps_at(p, i) == ')';
}

struct sh_command *simple_parse(struct ps *p)
{
	uint32_t at = p->i;
	struct sh_command *c = command_new(p, SH_SIMPLE, at);
	c->simple = ps_new(p, sizeof(*c->simple));
	struct build b = {.c = c, .assigns = &c->simple->assigns, .words = &c->simple->words, .redirs = &c->redirs};
	for (;;) {
		ps_blanks(p);
		if (redir_parse(p, b.redirs)) {
			c->end = (*b.redirs)->end;
			b.redirs = &(*b.redirs)->next;
			continue;
		}
		if (test_operator(p, &b))
			continue;
		if (ps_cur(p) == '(' && c->simple->nwords == 1 && c->simple->assigns == NULL && c->redirs == NULL &&
		    !b.test && !(p->t->zsh && !empty_parens(p)))
			return function_posix(p, c->simple->words, at);
		if (p->t->zsh && c->simple->nwords == 0 && (c->simple->assigns != NULL || c->redirs != NULL)) {
			/* zsh: behind assignments a reserved word is a mistake, behind redirections alone it begins a construct;
			 * and no command word begins with a parenthesis there. */
			enum rw w = ps_reserved(p, NULL);
			if (w != RW_NONE && w != RW_IN && w != RW_RBRACE && c->simple->assigns == NULL)
				ps_left_out(p, p->i, "a construct behind a redirection");
			if (ps_cur(p) == '(' || (w != RW_NONE && w != RW_IN))
				break;
		}
		if (p->t->zsh && c->simple->nwords == 1 && c->simple->assigns == NULL && c->redirs == NULL && ps_cur(p) == '(' &&
		    ps_peek(p, 1) != ')' && empty_parens(p))
			ps_expected(p, "() without a blank");
		if (!one_word(p, &b))
			break;
	}
	if (p->dialect == DIALECT_MKSH && c->simple->nwords > 0)
		for (const struct sh_assign *a = c->simple->assigns; a != NULL; a = a->next)
			if (a->is_array)
				ps_fail(p, ERR_MALFORMED, p->i, "expected no command behind an array assignment");
	if (c->simple->nwords == 0 && c->simple->assigns == NULL && c->redirs == NULL)
		ps_expected(p, "a command");
	return c;
}

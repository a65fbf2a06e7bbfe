/* [[ … ]]. Distrusts every byte. */
#include <string.h>

#include "policy/shell/state.h"

#define MAX_TERMS 256 /* so that a chain of && is no deep tree */

static struct sh_cond *or_parse(struct ps *p, unsigned *terms);

static struct sh_cond *cond_new(struct ps *p, enum sh_cond_kind kind, uint32_t at)
{
	struct sh_cond *c = ps_new(p, sizeof(*c));
	c->kind = (uint8_t)kind;
	c->at = ps_pos(p, at);
	c->op = (struct sh_text){"", 0};
	return c;
}

static bool at_end(const struct ps *p)
{
	return ps_looking(p, "]]") && ps_is_meta(ps_peek(p, 2));
}

/* A unary operator at the cursor: its letter, or 0. */
static int unary(const struct ps *p)
{
	int c = ps_peek(p, 1);
	if (ps_cur(p) != '-' || c == END || c == 0 || strchr("abcdefghknoprstuvwxzGLNORS", c) == NULL ||
	    !ps_is_meta(ps_peek(p, 2)))
		return 0;
	return c;
}

/* The binary operator at the cursor; "" for none. */
static const char *binary(const struct ps *p)
{
	static const char words[][4] = {"==",  "=",   "!=",  "=~",  "-nt", "-ot", "-ef",
					"-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
	if (ps_cur(p) == '<')
		return "<";
	if (ps_cur(p) == '>')
		return ">";
	for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
		if (ps_looking(p, words[k]) && ps_is_meta(ps_peek(p, (unsigned)strlen(words[k]))))
			return words[k];
	return "";
}

static struct sh_word *operand(struct ps *p, enum word_mode m)
{
	if (at_end(p))
		ps_expected(p, "an operand");
	struct sh_word *w = word_parse(p, m);
	if (w == NULL)
		ps_expected(p, "an operand");
	return w;
}

static struct sh_word *right_side(struct ps *p, const char *op)
{
	if (strcmp(op, "=~") == 0) {
		if (p->dialect != DIALECT_BASH && !p->t->zsh)
			ps_left_out(p, p->i, "=~ in this shell");
		struct sh_word *w = glob_regex(p);
		if (w == NULL)
			ps_expected(p, "a regular expression");
		return w;
	}
	if (op[0] != '=' && op[0] != '!')
		return operand(p, WORD_SUBJECT);
	bool ext = p->extglob;
	p->extglob = p->extglob || p->t->shopt;
	struct sh_word *w = operand(p, WORD_PATTERN);
	p->extglob = ext;
	return w;
}

static struct sh_cond *primary(struct ps *p)
{
	uint32_t at = p->i;
	int u = unary(p);
	if (u != 0) {
		uint32_t i = p->i;
		ps_adv_n(p, 2);
		ps_blanks(p);
		const char *b = binary(p);
		/* zsh and mksh take `[[ -f ]]` and `[[ -f = x ]]` for strings; bash does not. */
		if (at_end(p) || (b[0] != '\0' && p->dialect != DIALECT_BASH)) {
			if (p->dialect == DIALECT_BASH)
				ps_expected(p, "an operand");
			ps_left_out(p, i, "an operator as a string in [[ ]]");
		}
		struct sh_cond *c = cond_new(p, SH_COND_UNARY, at);
		c->op = ps_text(p, (char[]){'-', (char)u}, 2);
		c->a = operand(p, WORD_SUBJECT);
		return c;
	}
	struct sh_word *a = operand(p, WORD_SUBJECT);
	ps_blanks(p);
	const char *op = at_end(p) ? "" : binary(p);
	if (op[0] == '\0') {
		struct sh_cond *c = cond_new(p, SH_COND_WORD, at);
		c->a = a;
		return c;
	}
	struct sh_cond *c = cond_new(p, SH_COND_BINARY, at);
	c->op = ps_text(p, op, strlen(op));
	c->a = a;
	ps_adv_n(p, c->op.n);
	ps_blanks(p);
	c->b = right_side(p, op);
	return c;
}

static struct sh_cond *term(struct ps *p, unsigned *terms)
{
	bool negated = false;
	ps_newlines(p);
	uint32_t at = p->i;
	if (++*terms > MAX_TERMS)
		ps_fail(p, ERR_LIMIT, p->i, "more than %d terms in [[ ]]", MAX_TERMS);
	/* Without extended globs `!(` is a negated group. */
	bool group = p->t->shopt && !glob_extended_here(p);
	while (ps_cur(p) == '!' && ps_is_meta(ps_peek(p, 1)) && (group || ps_peek(p, 1) != '(')) {
		negated = !negated;
		ps_adv(p);
		ps_newlines(p);
	}
	struct sh_cond *c;
	if (ps_cur(p) == '!' && ps_peek(p, 1) == '(')
		ps_left_out(p, p->i, "!( at the start of a term in [[ ]]");
	if (ps_cur(p) == '(') {
		ps_enter(p);
		ps_adv(p);
		c = cond_new(p, SH_COND_PAREN, at);
		c->l = or_parse(p, terms);
		if (ps_cur(p) != ')')
			ps_expected(p, "&&, || or ) in [[ ]]");
		ps_adv(p);
		ps_leave(p);
	} else {
		c = primary(p);
	}
	ps_newlines(p);
	if (!negated)
		return c;
	struct sh_cond *n = cond_new(p, SH_COND_NOT, at);
	n->l = c;
	return n;
}

static struct sh_cond *join(struct ps *p, enum sh_cond_kind kind, struct sh_cond *l, struct sh_cond *r)
{
	struct sh_cond *c = cond_new(p, kind, 0);
	c->at = l->at;
	c->l = l;
	c->r = r;
	return c;
}

static struct sh_cond *and_parse(struct ps *p, unsigned *terms)
{
	struct sh_cond *l = term(p, terms);
	while (ps_looking(p, "&&")) {
		ps_adv_n(p, 2);
		l = join(p, SH_COND_AND, l, term(p, terms));
	}
	return l;
}

static struct sh_cond *or_parse(struct ps *p, unsigned *terms)
{
	struct sh_cond *l = and_parse(p, terms);
	while (ps_looking(p, "||")) {
		ps_adv_n(p, 2);
		l = join(p, SH_COND_OR, l, and_parse(p, terms));
	}
	return l;
}

struct sh_cond *cond_parse(struct ps *p)
{
	unsigned terms = 0;
	struct sh_cond *c = or_parse(p, &terms);
	if (!at_end(p))
		ps_expected(p, "&&, || or ]]");
	ps_adv_n(p, 2);
	return c;
}

/* Arithmetic text: $((…)) ((…)) $[…], subscripts, ${x:o:l}, for ((…)). It is not evaluated; what matters is where it
 * ends and which expansions lie in it. Distrusts every byte: quotes that shells read in different ways are refused. */
#include <string.h>

#include "policy/shell/state.h"

/* '…' in arithmetic: some shells quote with it, some do not. Without anything special between, both read the same. */
static void apostrophe(struct ps *p, struct parts *b)
{
	uint32_t at = p->i;
	const char *s = p->s.p + p->i + 1, *end = memchr(s, '\'', p->s.n - p->i - 1);
	if (end != NULL)
		for (; s < end; s++)
			if (strchr("$`\\\"()[]{}", *s) != NULL)
				ps_left_out(p, at, "a special character between single quotes in arithmetic");
	quote_single(p, b);
}

struct depth { /* of what is open in an expression */
	unsigned parens, brackets, ternary;
};

static bool ends(enum arith_end end, int c, const struct depth *d)
{
	switch (end) {
	case ARITH_PARENS:
		return c == ')' && d->parens == 0;
	case ARITH_SEMI:
		return (c == ')' || c == ';') && d->parens == 0;
	case ARITH_BRACKET:
		return c == ']' && d->brackets == 0;
	case ARITH_COLON:
		return (c == ':' && d->parens == 0 && d->brackets == 0 && d->ternary == 0) || c == '}';
	case ARITH_BRACE:
		break;
	}
	return c == '}';
}

/* Quotes and expansions. False: c is none. */
static bool active(struct ps *p, struct parts *b, int c)
{
	switch (c) {
	case '\'':
		apostrophe(p, b);
		return true;
	case '"':
		quote_double(p, b);
		return true;
	case '\\':
		quote_escape(p, b);
		return true;
	case '`':
		dollar_backquote(p, b, true, false);
		return true;
	case '$':
		if (!dollar_parse(p, b, true))
			parts_text(p, b, SH_ESCAPED, p->i, 1, true), ps_adv(p);
		return true;
	}
	return false;
}

static void ordinary(struct ps *p, struct depth *d, enum arith_end end, int c)
{
	switch (c) {
	case '\n':
		if (p->outer_heredoc || p->here.n > 0)
			ps_left_out(p, p->i, "a newline in arithmetic while a here-document waits for its body");
		break;
	case '(':
		if (p->t->zsh && p->i > 0 && strchr("=<>", p->s.p[p->i - 1]) != NULL)
			ps_left_out(p, p->i, "a parenthesis behind =, < or > in arithmetic");
		d->parens++;
		break;
	case ')':
		if (d->parens == 0)
			ps_expected(p, "an end to the arithmetic expression");
		d->parens--;
		break;
	case '[':
		d->brackets++;
		break;
	case ']':
		if (d->brackets == 0 && end != ARITH_PARENS && end != ARITH_SEMI)
			ps_expected(p, "an end to the arithmetic expression");
		d->brackets -= d->brackets > 0;
		break;
	case '?':
		d->ternary++;
		break;
	case ':':
		d->ternary -= d->ternary > 0;
		break;
	case '{':
	case '}':
	case ';':
		if (end == ARITH_COLON || end == ARITH_BRACE)
			ps_left_out(p, p->i, "a brace or semicolon in ${x:offset:length}");
		break;
	}
	if (d->parens + d->brackets > SHELL_MAX_DEPTH)
		ps_fail(p, ERR_LIMIT, p->i, "more than %d constructs inside each other", SHELL_MAX_DEPTH);
}

/* zsh counts parentheses to find the end, in quotes and expansions too, and where it finds another reads commands. */
static void counted(struct ps *p, uint32_t from)
{
	int open = 0;
	for (uint32_t i = from; p->t->zsh && i < p->i; i++) {
		open += p->s.p[i] == '(';
		open -= p->s.p[i] == ')';
		if (open < 0)
			break;
	}
	if (open != 0)
		ps_left_out(p, from, "a parenthesis in a quote or expansion in arithmetic");
}

struct sh_word *arith_parse(struct ps *p, enum arith_end end)
{
	struct parts b;
	struct depth d = {0, 0, 0};
	parts_init(&b, true);
	uint32_t start = p->i;
	for (;;) {
		int c = ps_cur(p);
		if (c == END)
			ps_fail(p, ERR_MALFORMED, start, "expected an end to this arithmetic expression");
		if (ends(end, c, &d))
			break;
		uint32_t from = p->i;
		if (active(p, &b, c)) {
			counted(p, from);
			continue;
		}
		if (p->t->zsh && c >= 0x80)
			ps_left_out(p, p->i, "a letter other than of ASCII in a name");
		ordinary(p, &d, end, c);
		parts_byte(p, &b);
	}
	if (d.parens > 0)
		ps_expected(p, ") in the arithmetic expression");
	parts_flush(p, &b);
	struct sh_word *w = word_new(p, SH_WORD_ARITH, start);
	w->parts = b.first;
	w->end = ps_orig(p, p->i);
	return w;
}

static void closed(struct ps *p, void *arg)
{
	struct sh_word **out = arg;
	ps_enter(p);
	*out = arith_parse(p, ARITH_PARENS);
	if (ps_peek(p, 1) != ')')
		ps_expected(p, ")) to close the arithmetic expression");
	ps_adv_n(p, 2);
	ps_leave(p);
}

/* "((" may begin arithmetic or two subshells; which, is known at the first ")" that has no partner. Each place is tried
 * once: what is learnt is kept, so that nesting costs a pass a level and not two to the power of them. */
struct sh_word *arith_try(struct ps *p, uint32_t opens_at)
{
	uint32_t at = ps_orig(p, opens_at);
	struct sh_word *w = NULL;
	if (p->not_arith[at / 8] & (1u << at % 8))
		return NULL;
	if (!p->t->arith_falls) {
		closed(p, &w);
		return w;
	}
	struct ps saved = *p;
	struct arena_mark mark = arena_mark(p->a);
	if (ps_guard(p, closed, &w))
		return w;
	if (p->err.code != ERR_MALFORMED && p->err.code != ERR_AGAIN)
		longjmp(*p->jump, 1);
	saved.budget = p->budget;
	*p = saved;
	arena_rewind(p->a, mark);
	p->reserved.p = NULL; /* other bytes may come to lie there */
	p->not_arith[at / 8] |= (uint8_t)(1u << at % 8);
	return NULL;
}

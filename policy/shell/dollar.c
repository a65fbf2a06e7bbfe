/* What `$`, a backquote and `<(` begin: parameters, substitutions, arithmetic. Distrusts every byte. */
#include <string.h>

#include "policy/shell/state.h"

static bool is_special(int c)
{
	return c != END && c != 0 && strchr("@*#?-$!", c) != NULL;
}

/* A list inside this text, up to the ")" that closes the substitution. Here-documents must be complete in it. */
struct sh_list *dollar_list(struct ps *p)
{
	uint32_t at = p->i;
	struct heredocs outer = p->here;
	bool waits = p->outer_heredoc, in_heredoc = p->in_heredoc;
	p->in_heredoc = false;
	p->outer_heredoc = waits || outer.n > 0;
	p->here.n = 0;
	ps_enter(p);
	ps_newlines(p);
	struct sh_list *l = list_parse(p, false);
	if (ps_cur(p) != ')')
		ps_expected(p, "a command or )");
	if (p->here.n > 0)
		ps_left_out(p, at, "a here-document whose body lies outside of its substitution");
	p->here = outer;
	p->outer_heredoc = waits;
	p->in_heredoc = in_heredoc;
	ps_adv(p);
	ps_leave(p);
	return l;
}

void dollar_procsub(struct ps *p, struct parts *b, enum sh_comsub_kind kind)
{
	struct sh_part *x = parts_add(p, b, SH_PROCSUB, p->i, false);
	x->comsub = ps_new(p, sizeof(*x->comsub));
	x->comsub->kind = (uint8_t)kind;
	ps_adv_n(p, 2);
	x->comsub->body = dollar_list(p);
	x->end = ps_orig(p, p->i);
}

static void comsub(struct ps *p, struct parts *b, bool quoted)
{
	uint32_t at = p->i;
	parts_flush(p, b);
	if (ps_peek(p, 2) == '(') {
		ps_adv_n(p, 3);
		struct sh_word *e = arith_try(p, at);
		if (e != NULL) {
			struct sh_part *x = parts_add(p, b, SH_ARITH, at, quoted);
			x->arith = ps_new(p, sizeof(*x->arith));
			x->arith->expr = e;
			x->end = ps_orig(p, p->i);
			return;
		}
		p->i = at;
	}
	bool twice = ps_peek(p, 2) == '(';
	struct sh_part *x = parts_add(p, b, SH_COMSUB, at, quoted);
	x->comsub = ps_new(p, sizeof(*x->comsub));
	x->comsub->kind = SH_COMSUB_DOLLAR;
	ps_adv_n(p, 2);
	x->comsub->body = dollar_list(p);
	x->end = ps_orig(p, p->i);
	if (twice && p->dialect == DIALECT_BASH)
		ps_left_out(p, at, "$(( that begins no arithmetic"); /* its end is where the parentheses say, in comments and patterns too */
}

static int brace_command(void *ctx, const struct sh_command *c, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return c->kind == SH_GROUP || c->kind == SH_FUNCTION || c->kind == SH_COPROC;
}

static int brace_part(void *ctx, const struct sh_part *x, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return x->kind == SH_BRACE || (x->kind == SH_LITERAL && (memchr(x->text.p, '{', x->text.n) != NULL ||
								 memchr(x->text.p, '}', x->text.n) != NULL));
}

/* ${ list;} and ${|list;} of mksh; of bash from 5.3 on, where 5.2 calls them bad when they run: both are served by
 * reading them as commands, as long as no brace inside makes the two see different ends. */
static void funsub(struct ps *p, struct parts *b, bool quoted)
{
	uint32_t at = p->i;
	struct sh_part *x = parts_add(p, b, SH_COMSUB, p->i, quoted);
	x->comsub = ps_new(p, sizeof(*x->comsub));
	x->comsub->kind = ps_peek(p, 2) == '|' ? SH_COMSUB_VALSUB : SH_COMSUB_FUNSUB;
	if (p->here.n > 0)
		ps_left_out(p, p->i, "${ ...;} while a here-document waits for its body");
	ps_enter(p);
	ps_adv_n(p, 3);
	bool outer = p->in_funsub;
	p->in_funsub = true;
	x->comsub->body = list_parse(p, false);
	p->in_funsub = outer;
	if (ps_cur(p) != '}')
		ps_expected(p, "a command or }");
	const struct sh_visitor v = {.command = brace_command, .part = brace_part};
	if (p->dialect == DIALECT_BASH && ast_walk_list(x->comsub->body, &v) != 0)
		ps_left_out(p, at, "a brace inside ${ ...;}");
	if (p->here.n > 0)
		ps_left_out(p, p->i, "a here-document whose body lies outside of its substitution");
	ps_adv(p);
	ps_leave(p);
	x->end = ps_orig(p, p->i);
}

static void param(struct ps *p, struct parts *b, bool quoted)
{
	uint32_t at = p->i;
	struct sh_part *x = parts_add(p, b, SH_PARAM, at, quoted);
	x->param = ps_new(p, sizeof(*x->param));
	ps_adv(p);
	struct parts name;
	parts_init(&name, true);
	int c = ps_cur(p);
	parts_byte(p, &name);
	if (ps_is_name(c, true))
		while (ps_is_name(ps_cur(p), false))
			parts_byte(p, &name);
	else if (p->t->zsh && c >= '0' && c <= '9') /* the others take one digit */
		while (ps_cur(p) >= '0' && ps_cur(p) <= '9')
			parts_byte(p, &name);
	parts_flush(p, &name);
	x->param->name = name.first->text;
	x->param->op_text = x->param->flags = (struct sh_text){"", 0};
	x->end = ps_orig(p, p->i);
	c = ps_cur(p);
	if (!p->t->zsh)
		return;
	if (c >= 0x80)
		ps_left_out(p, at, "a letter other than of ASCII in a name");
	if (c == '[') {
		/* $x[1] is ${x[1]}, $@[1] too */
		ps_enter(p);
		ps_adv(p);
		x->param->subscript = arith_parse(p, ARITH_BRACKET);
		if (x->param->subscript->parts == NULL)
			x->param->op = SH_OP_OTHER; /* as in braces */
		ps_adv(p);
		ps_leave(p);
		x->end = ps_orig(p, p->i);
		c = ps_cur(p);
	}
	if (c == ':' && ps_is_name(ps_peek(p, 1), true))
		ps_left_out(p, p->i, "zsh's modifier without braces");
	if (x->param->name.p[0] == '#' && (ps_is_name(c, false) || is_special(c)))
		ps_left_out(p, at, "zsh's $#name without braces");
}

bool dollar_parse(struct ps *p, struct parts *b, bool quoted)
{
	uint32_t at = p->i;
	int c = ps_peek(p, 1);
	if (p->t->zsh && ps_after(p, at) != at + 1)
		ps_left_out(p, at, "a line continuation behind $");
	if (p->t->zsh && c >= 0x80)
		ps_left_out(p, at, "a letter other than of ASCII in a name"); /* one where the locale has it */
	if (c == '(') {
		comsub(p, b, quoted);
		return true;
	}
	if (c == '{') {
		int d = ps_peek(p, 2);
		if (p->t->funsub && (d == ' ' || d == '\t' || d == '\n' || d == '|')) {
			funsub(p, b, quoted);
			return true;
		}
		struct sh_part *x = parts_add(p, b, SH_PARAM, at, quoted);
		ps_adv_n(p, 2);
		x->param = param_braced(p, quoted);
		x->end = ps_orig(p, p->i);
		return true;
	}
	if (c == '[' && p->t->bracket_arith) {
		struct sh_part *x = parts_add(p, b, SH_ARITH, at, quoted);
		x->arith = ps_new(p, sizeof(*x->arith));
		x->arith->bracket = true;
		ps_enter(p);
		ps_adv_n(p, 2);
		x->arith->expr = arith_parse(p, ARITH_BRACKET);
		ps_adv(p);
		ps_leave(p);
		x->end = ps_orig(p, p->i);
		return true;
	}
	if (ps_is_name(c, false) || is_special(c)) {
		param(p, b, quoted);
		/* bash looks for where a string ends as if the second $ began an expansion. */
		if (c == '$' && p->dialect == DIALECT_BASH && (ps_cur(p) == '{' || ps_cur(p) == '(' || ps_cur(p) == '['))
			ps_left_out(p, at, "a brace or parenthesis behind $$");
		return true;
	}
	if (p->t->zsh && (c == '+' || c == '^' || c == '=' || c == '~'))
		ps_left_out(p, at, "zsh's expansion flags without braces");
	if (quoted)
		return false;
	if (c == '\'' && p->t->cquote) {
		quote_c(p, b);
		return true;
	}
	if (c == '"' && p->t->locale_quote) {
		parts_flush(p, b);
		struct sh_part **last = b->tail;
		ps_adv(p);
		quote_double(p, b);
		(*last)->locale = true;
		return true;
	}
	return false;
}

/* The bytes between backquotes, from `at` (the opening one) to `end`, without one level of backslashes. */
static struct src unescape(struct ps *p, uint32_t at, uint32_t end, bool quoted, bool heredoc)
{
	uint32_t room = end - at, n = 0;
	char *s = ps_new(p, room);
	uint32_t *map = ps_new(p, (size_t)room * sizeof(*map));
	for (uint32_t k = at + 1; k < end; k++) {
		if (p->s.p[k] == '\\') {
			char c = p->s.p[k + 1];
			if (c == '"' && (heredoc || p->quoted_args > 0))
				ps_left_out(p, k, heredoc ? "\\\" inside backquotes in a here-document" : "\\\" inside backquotes in the argument of a ${...} in quotes");
			/* Some shells take it away in quotes and bodies of here-documents in there too. */
			if (c == '\n')
				ps_left_out(p, k, "a line continuation in backquotes");
			if (c != '$' && c != '`' && c != '\\' && !(c == '"' && quoted)) {
				map[n] = ps_orig(p, k);
				s[n++] = '\\';
			}
			k++;
		}
		map[n] = ps_orig(p, k);
		s[n++] = p->s.p[k];
	}
	map[n] = ps_orig(p, end);
	return (struct src){s, n, 0, map};
}

/* Backquotes: their bytes are read as a text of their own. */
void dollar_backquote(struct ps *p, struct parts *b, bool quoted, bool heredoc)
{
	uint32_t at = p->i, end = at + 1;
	if (p->arg_strings > 0 && p->quoted_args > 0 && p->dialect == DIALECT_BASH)
		ps_left_out(p, at, "backquotes in quotes in the argument of a ${...} in quotes"); /* as in dq_escape() */
	struct sh_part *x = parts_add(p, b, SH_COMSUB, at, quoted);
	x->comsub = ps_new(p, sizeof(*x->comsub));
	x->comsub->kind = SH_COMSUB_BACKQUOTE;
	while (end < p->s.n && p->s.p[end] != '`')
		end += p->s.p[end] == '\\' ? 2 : 1;
	if (end >= p->s.n) {
		p->i = p->s.n;
		ps_fail(p, ERR_MALFORMED, at, "expected ` to close this substitution");
	}
	struct src inner = unescape(p, at, end, quoted, heredoc), outer = p->s;
	if (p->budget <= inner.n)
		ps_fail(p, ERR_LIMIT, at, "the text is too tangled to be read in linear time");
	p->budget -= inner.n;
	struct heredocs here = p->here;
	bool nested = p->nested, waits = p->outer_heredoc, in_heredoc = p->in_heredoc;
	p->in_heredoc = false;
	p->s = inner;
	p->i = 0;
	p->nested = true;
	p->outer_heredoc = false; /* its newlines are no newlines of the text around */
	p->here.n = 0;
	ps_enter(p);
	ps_cook(p);
	ps_newlines(p);
	x->comsub->body = list_parse(p, false);
	if (ps_cur(p) != END)
		ps_expected(p, "a command or `");
	if (p->here.n > 0)
		heredoc_bodies(p);
	ps_leave(p);
	p->s = outer;
	p->here = here;
	p->nested = nested;
	p->outer_heredoc = waits;
	p->in_heredoc = in_heredoc;
	p->i = end + 1;
	x->end = ps_orig(p, p->i);
	ps_cook(p);
}

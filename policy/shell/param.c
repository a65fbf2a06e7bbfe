/* ${…}: name, subscript, operator, arguments. What a shell would call a bad substitution when it runs is kept as its
 * source. Distrusts every byte. */
#include <string.h>

#include "policy/shell/state.h"

static bool is_special(int c)
{
	return c != END && c != 0 && strchr("@*#?-$!", c) != NULL;
}

static struct sh_text take(struct ps *p, unsigned n)
{
	struct parts b;
	parts_init(&b, true);
	while (n-- > 0)
		parts_byte(p, &b);
	parts_flush(p, &b);
	return b.first == NULL ? (struct sh_text){"", 0} : b.first->text;
}

static struct sh_text name_parse(struct ps *p)
{
	int c = ps_cur(p);
	struct parts b;
	parts_init(&b, true);
	if (ps_is_name(c, true)) {
		while (ps_is_name(ps_cur(p), false))
			parts_byte(p, &b);
	} else if (c >= '0' && c <= '9') {
		while (ps_cur(p) >= '0' && ps_cur(p) <= '9')
			parts_byte(p, &b);
	} else if (is_special(c)) {
		parts_byte(p, &b);
	} else {
		return (struct sh_text){"", 0};
	}
	parts_flush(p, &b);
	return b.first->text;
}

/* ${#…} and ${!…}: a prefix, or the parameters # and ! themselves? */
static bool is_prefix(const struct ps *p)
{
	int c = ps_peek(p, 1), d = ps_peek(p, 2);
	if (ps_is_name(c, false))
		return true;
	return is_special(c) && d == '}' && c != '!';
}

static const struct operator
{
	char text[4];
	uint8_t op;
	bool pattern; /* arg is a pattern */
	size_t trait; /* offset in struct traits of what must be true, or 0 */
}
operators[] = {
	/* the longer first */
	{"::=", SH_OP_ASSIGN, false, offsetof(struct traits, zsh)},
	{":-", SH_OP_DEFAULT, false, 0},
	{":=", SH_OP_ASSIGN, false, 0},
	{":?", SH_OP_ERROR, false, 0},
	{":+", SH_OP_ALT, false, 0},
	{"-", SH_OP_DEFAULT, false, 0},
	{"=", SH_OP_ASSIGN, false, 0},
	{"?", SH_OP_ERROR, false, 0},
	{"+", SH_OP_ALT, false, 0},
	{"##", SH_OP_PREFIX, true, 0},
	{"#", SH_OP_PREFIX, true, 0},
	{"%%", SH_OP_SUFFIX, true, 0},
	{"%", SH_OP_SUFFIX, true, 0},
	{"//", SH_OP_REPLACE, true, offsetof(struct traits, replace)},
	{"/#", SH_OP_REPLACE, true, offsetof(struct traits, replace)},
	{"/%", SH_OP_REPLACE, true, offsetof(struct traits, replace)},
	{"/", SH_OP_REPLACE, true, offsetof(struct traits, replace)},
	{"^^", SH_OP_CASE, true, offsetof(struct traits, casemod)},
	{"^", SH_OP_CASE, true, offsetof(struct traits, casemod)},
	{",,", SH_OP_CASE, true, offsetof(struct traits, casemod)},
	{",", SH_OP_CASE, true, offsetof(struct traits, casemod)},
	{"~~", SH_OP_CASE, true, offsetof(struct traits, casemod)},
	{"~", SH_OP_CASE, true, offsetof(struct traits, casemod)},
	{":", SH_OP_SUBSTRING, false, offsetof(struct traits, replace)},
	{"@", SH_OP_TRANSFORM, false, offsetof(struct traits, transform)},
};

static const struct operator* operator_at(const struct ps *p)
{
	for (size_t k = 0; k < sizeof(operators) / sizeof(operators[0]); k++) {
		const struct operator* o = & operators[k];
		if ((unsigned char)o->text[0] != ps_cur(p) || !ps_looking(p, o->text))
			continue;
		if (o->op == SH_OP_REPLACE && p->dialect == DIALECT_BUSYBOX && (o->text[1] == '#' || o->text[1] == '%'))
			continue; /* no anchors there: the byte belongs to the pattern */
		if (o->trait != 0 && !*((const bool *)((const char *)p->t + o->trait)))
			continue;
		return o;
	}
	return NULL;
}

static struct sh_word *subscript(struct ps *p)
{
	ps_adv(p);
	struct sh_word *w = arith_parse(p, ARITH_BRACKET);
	ps_adv(p);
	return w;
}

/* Text of an argument: up to the closing brace, or a slash. Its bytes are as unquoted ones are, but that blanks and
 * metacharacters are ordinary. quoted: the whole ${…} stands in double quotes, which only changes what is split. */
struct sh_word *param_arg(struct ps *p, bool quoted, bool pattern, bool slash)
{
	struct parts b;
	parts_init(&b, quoted && !pattern);
	uint32_t start = p->i;
	if (quoted && !pattern) {
		p->quoted_args++;
		quote_body(p, &b, DQ_ARG);
		p->quoted_args--;
	} else {
		for (;;) {
			int c = ps_cur(p);
			if (c == END || c == '}' || (slash && c == '/'))
				break;
			if (c == '\'') {
				quote_single(p, &b);
			} else if (c == '"') {
				quote_arg_string(p, &b);
			} else if (c == '\\') {
				quote_escape(p, &b);
			} else if (c == '`') {
				/* Its backslashes are read as between quotes; what comes out is what comes out of $(...) here. */
				parts_flush(p, &b);
				struct sh_part **last = b.tail;
				dollar_backquote(p, &b, quoted, false);
				(*last)->quoted = false;
			} else if (c == '$') {
				if (!dollar_parse(p, &b, false))
					parts_text(p, &b, SH_ESCAPED, p->i, 1, true), ps_adv(p);
			} else if (p->t->procsub && (c == '<' || c == '>') && ps_peek(p, 1) == '(') {
				if (quoted || p->t->zsh || p->dialect == DIALECT_BUSYBOX)
					ps_left_out(p, p->i, "process substitution in the argument of ${...}");
				dollar_procsub(p, &b, c == '<' ? SH_PROCSUB_IN : SH_PROCSUB_OUT);
			} else if (pattern && p->dialect == DIALECT_MKSH && (c == '(' || c == ')')) {
				ps_left_out(p, p->i, "a parenthesis in the pattern of ${...}"); /* it counts them */
			} else if (p->t->zsh && c == '=' && ps_peek(p, 1) == '(') {
				ps_left_out(p, p->i, "=( in the argument of ${...}"); /* a replacement that begins so is run */
			} else if (ps_peek(p, 1) == '(' && strchr("?*+@!", c) != NULL && glob_extended_here(p)) {
				if (pattern && p->dialect == DIALECT_MKSH)
					ps_left_out(p, p->i, "a parenthesis in the pattern of ${...}");
				uint32_t from = p->i;
				glob_extended(p, &b);
				if (memchr(p->s.p + from, '}', p->i - from) != NULL)
					ps_left_out(p, from, "a brace in parentheses in the argument of ${...}"); /* bash ends it there */
			} else if (c == '*' || c == '?' || c == '[' || c == ']') {
				parts_text(p, &b, SH_GLOB, p->i, 1, false);
				ps_adv(p);
				b.bracket |= c == '[' || c == ']';
			} else if (c == '{' && (p->dialect == DIALECT_MKSH || p->t->zsh)) {
				ps_left_out(p, p->i, "a brace in the argument of ${...}"); /* they count it, or expand it */
			} else if (c == '~' && p->i == start) {
				parts_text(p, &b, SH_TILDE, p->i, 1, false);
				ps_adv(p);
			} else {
				parts_byte(p, &b);
			}
		}
		word_finish(p, &b, false);
	}
	parts_flush(p, &b);
	if (ps_cur(p) == END)
		ps_expected(p, "} to close ${");
	struct sh_word *w = word_new(p, pattern ? SH_WORD_PATTERN : SH_WORD_VALUE, start);
	w->parts = b.first;
	w->end = ps_orig(p, p->i);
	return w;
}

/* What this shell calls a bad substitution, or zsh's own forms: kept as its source, never exact. */
static void other(struct ps *p, struct sh_param *x, bool quoted)
{
	if (p->i >= p->s.n)
		ps_expected(p, "} to close ${");
	int c = ps_cur(p);
	if (p->t->zsh && !(x->name.n == 0 && strchr("(^=~+$\":", c) != NULL) &&
	    !(c == ':' && ps_is_name(ps_peek(p, 1), true)))
		ps_expected(p, "an operator or } in ${...}");
	x->op = SH_OP_OTHER;
	x->arg = param_arg(p, quoted, false, false);
}

static void argument(struct ps *p, struct sh_param *x, const struct operator* o, bool quoted)
{
	x->op = o->op;
	x->op_text = take(p, (unsigned)strlen(o->text));
	switch (o->op) {
	case SH_OP_REPLACE:
		x->arg = param_arg(p, quoted, true, true);
		if (ps_cur(p) == '/') {
			ps_adv(p);
			uint32_t at = p->i;
			x->arg2 = param_arg(p, quoted, true, false);
			x->arg2->kind = SH_WORD_VALUE;
			/* In double quotes they quote nothing there, and what they hold is expanded. */
			for (const struct sh_part *q = x->arg2->parts; quoted && p->t->zsh && q != NULL; q = q->next) {
				if (q->kind == SH_SQUOTE || q->kind == SH_CQUOTE || q->kind == SH_DQUOTE)
					ps_left_out(p, at, "quotes in what zsh puts in place of a pattern");
			}
		}
		return;
	case SH_OP_SUBSTRING:
		if (ps_cur(p) == '}') /* busybox takes the brace for a part of the operator, and looks for another */
			ps_left_out(p, p->i, "${x:} without an offset");
		/* zsh has operators that begin with a colon: :/PATTERN/REPLACEMENT, whose replacement can run code. */
		if (p->t->zsh && (ps_cur(p) < 0 || strchr("0123456789 \t$", ps_cur(p)) == NULL))
			ps_left_out(p, p->i, "${x:offset} where the offset is no number or expansion");
		x->arg = arith_parse(p, ARITH_COLON);
		if (ps_cur(p) == ':') {
			ps_adv(p);
			x->arg2 = arith_parse(p, ARITH_BRACE);
		}
		return;
	case SH_OP_TRANSFORM:
		if (ps_cur(p) == END || ps_cur(p) == 0 || strchr("QEPAKakUuL#", ps_cur(p)) == NULL ||
		    ps_peek(p, 1) != '}') {
			other(p, x, quoted);
			return;
		}
		x->op_text = ps_text(p, (char[]){'@', (char)ps_cur(p)}, 2);
		ps_adv(p);
		return;
	case SH_OP_CASE:
		if (ps_cur(p) == '}')
			return;
		break;
	}
	x->arg = param_arg(p, quoted, o->pattern, false);
}

struct sh_param *param_braced(struct ps *p, bool quoted)
{
	struct sh_param *x = ps_new(p, sizeof(*x));
	x->braced = true;
	x->op_text = x->flags = (struct sh_text){"", 0};
	uint32_t at = p->i;
	int c = ps_cur(p);
	bool length = false;
	ps_enter(p);
	if (c == ' ' || c == '\t' || c == '\n' || c == '|')
		ps_left_out(p, at, "${ ...;}, which newer shells run as commands");
	/* bash: the parameter that # names, where all others see an operator behind $! */
	if (c == '!' && p->dialect == DIALECT_BASH && ps_peek(p, 1) != END && ps_peek(p, 1) > 0 && strchr("#?-$!@*`", ps_peek(p, 1)) != NULL && ps_peek(p, 2) != '}')
		ps_left_out(p, at, "a special parameter behind ${!, and an operator");
	if (c == '#' && is_prefix(p)) {
		length = true;
		ps_adv(p);
	} else if (c == '!' && p->t->indirect && is_prefix(p)) {
		x->indirect = true;
		ps_adv(p);
	}
	bool nested = p->t->zsh && c == '$' && (ps_peek(p, 1) == '{' || ps_peek(p, 1) == '(');
	x->name = nested ? x->flags : name_parse(p);
	/* Some take `${$(…` for the parameter $ and rubbish, some for a substitution and rubbish. */
	if (!p->t->zsh && (((ps_cur(p) == '`' || ps_cur(p) == '\'') && x->name.n == 0) ||
			   (c == '$' && (ps_cur(p) == '(' || ps_cur(p) == '{' || ps_cur(p) == '\'' ||
					 ps_cur(p) == '"' || ps_cur(p) == '['))))
		ps_left_out(p, at, "an expansion as the name in ${...}");
	if (ps_cur(p) == '[' && p->t->arrays && x->name.n > 0 &&
	    (p->t->zsh || ps_is_name((unsigned char)x->name.p[0], true)))
		x->subscript = subscript(p);
	c = ps_cur(p);
	const struct operator* o = operator_at(p);
	if (length && c == '}' && x->name.n > 0) {
		x->op = SH_OP_LENGTH;
	} else if (x->indirect && (c == '*' || c == '@') && ps_peek(p, 1) == '}') {
		x->op = SH_OP_OTHER;
		x->op_text = take(p, 1);
	} else if (length || (c != '}' && o == NULL) || x->name.n == 0 ||
		   (p->t->zsh && c == ':' && ps_is_name(ps_peek(p, 1), true))) {
		if (length)
			x->flags = (struct sh_text){"#", 1};
		else if (!p->t->zsh && x->name.n == 1 && x->name.p[0] == '$') /* a quote behind it would be the same again */
			ps_left_out(p, at, "an expansion as the name in ${...}");
		other(p, x, quoted);
	} else if (c != '}') {
		argument(p, x, o, quoted);
	}
	if (ps_cur(p) != '}')
		ps_fail(p, ERR_MALFORMED, at, "expected } to close this ${");
	if (x->subscript != NULL && x->subscript->parts == NULL) {
		if (x->op != SH_OP_NONE) /* a bad substitution whose arguments were read as an operator's */
			ps_left_out(p, at, "an empty subscript before an operator");
		x->op = SH_OP_OTHER;
	}
	ps_adv(p);
	ps_leave(p);
	return x;
}

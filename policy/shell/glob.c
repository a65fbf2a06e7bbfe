/* What is active in a word besides expansions: extended globs, zsh's patterns, regular expressions. Distrusts every
 * byte. */
#include <string.h>

#include "policy/shell/state.h"

bool glob_extended_here(const struct ps *p)
{
	return p->extglob || p->t->extglob;
}

/* One alternative: up to | or ) . Blanks and metacharacters are ordinary in it. */
static struct sh_word *alternative(struct ps *p)
{
	struct parts b;
	parts_init(&b, false);
	uint32_t start = p->i;
	for (;;) {
		int c = ps_cur(p);
		if (c == END)
			ps_expected(p, ") to close the pattern");
		if (c == '|' || c == ')')
			break;
		if (c == '\'') {
			quote_single(p, &b);
		} else if (c == '"') {
			quote_double(p, &b);
		} else if (c == '\\') {
			quote_escape(p, &b);
		} else if (c == '`') {
			dollar_backquote(p, &b, false, false);
		} else if (c == '$') {
			if (!dollar_parse(p, &b, false))
				parts_text(p, &b, SH_ESCAPED, p->i, 1, true), ps_adv(p);
		} else if (ps_peek(p, 1) == '(' && strchr("?*+@!", c) != NULL) {
			glob_extended(p, &b);
		} else if (c == '(' || (c == '\n' && (p->here.n > 0 || p->outer_heredoc)) || ((c == '<' || c == '>') && ps_peek(p, 1) == '(')) {
			ps_left_out(p, p->i, "a metacharacter in an extended glob");
		} else if (c == '*' || c == '?' || c == '[' || c == ']') {
			parts_text(p, &b, SH_GLOB, p->i, 1, false);
			ps_adv(p);
			b.bracket |= c == '[' || c == ']';
		} else {
			parts_byte(p, &b);
		}
	}
	word_finish(p, &b, false);
	struct sh_word *w = word_new(p, SH_WORD_PATTERN, start);
	w->parts = b.first;
	w->end = ps_orig(p, p->i);
	return w;
}

void glob_extended(struct ps *p, struct parts *b)
{
	struct sh_part *x = parts_add(p, b, SH_EXTGLOB, p->i, false);
	x->ext = ps_new(p, sizeof(*x->ext));
	x->ext->op = (char)ps_cur(p);
	struct sh_word **tail = &x->ext->alts;
	ps_enter(p);
	ps_adv(p);
	do {
		ps_adv(p); /* the parenthesis or the bar */
		*tail = alternative(p);
		tail = &(*tail)->next;
	} while (ps_cur(p) == '|');
	ps_adv(p);
	ps_leave(p);
	x->end = ps_orig(p, p->i);
}

static void glob_one(struct ps *p, struct parts *b)
{
	parts_text(p, b, SH_GLOB, p->i, 1, false);
	ps_adv(p);
}

/* zsh: parentheses inside a word are a pattern, or qualifiers that may even run code: never exact. */
void glob_zsh(struct ps *p, struct parts *b)
{
	unsigned depth = 0;
	do {
		int c = ps_cur(p);
		switch (c) {
		case END:
			ps_expected(p, ") to close the pattern");
		case '\'':
			quote_single(p, b);
			break;
		case '"':
			quote_double(p, b);
			break;
		case '\\':
			quote_escape(p, b);
			break;
		case '`':
			dollar_backquote(p, b, false, false);
			break;
		case '$':
			if (!dollar_parse(p, b, false))
				parts_text(p, b, SH_ESCAPED, p->i, 1, true), ps_adv(p);
			break;
		case '(':
			if (++depth > SHELL_MAX_DEPTH)
				ps_fail(p, ERR_LIMIT, p->i, "more than %d constructs inside each other",
					SHELL_MAX_DEPTH);
			glob_one(p, b);
			break;
		case ')':
			depth--;
			glob_one(p, b);
			break;
		case '[':
		case ']':
			b->bracket = true;
			glob_one(p, b);
			break;
		case '*':
		case '?':
		case '|':
		case '#':
		case '^':
		case '~':
			glob_one(p, b);
			break;
		case '<':
		case '>':
		case '&':
		case ';':
		case '\n':
		case '{':
		case '}':
			ps_left_out(p, p->i, "a metacharacter in a parenthesized zsh pattern");
		default:
			parts_byte(p, b);
		}
	} while (depth > 0);
}

/* Behind =~ : bars are ordinary, and everything is inside parentheses. */
struct sh_word *glob_regex(struct ps *p)
{
	struct parts b;
	parts_init(&b, false);
	uint32_t start = p->i;
	unsigned depth = 0;
	for (;;) {
		int c = ps_cur(p);
		if (c == END || (depth == 0 && ps_is_meta(c) && c != '(' && (c != '|' || p->t->zsh)))
			break;
		if (p->t->zsh && strchr("<>&;", c) != NULL)
			ps_expected(p, "no metacharacter in a regular expression"); /* to zsh it is a word like others */
		if (c == '\'') {
			quote_single(p, &b);
		} else if (c == '"') {
			quote_double(p, &b);
		} else if (c == '\\') {
			quote_escape(p, &b);
		} else if (c == '`') {
			dollar_backquote(p, &b, false, false);
		} else if (c == '$') {
			if (ps_peek(p, 1) == '`')
				ps_left_out(p, p->i, "a $ before a backquote in a regular expression"); /* rendered, it would be $$ */
			if (!dollar_parse(p, &b, false))
				parts_byte(p, &b);
		} else {
			if (c == '\n')
				ps_left_out(p, p->i, "a newline in a regular expression");
			if (p->t->procsub && (c == '<' || c == '>') && ps_peek(p, 1) == '(')
				ps_left_out(p, p->i, "process substitution in a regular expression");
			if (c == '(' && ++depth > SHELL_MAX_DEPTH)
				ps_fail(p, ERR_LIMIT, p->i, "more than %d constructs inside each other",
					SHELL_MAX_DEPTH);
			if (c == ')')
				depth--;
			parts_byte(p, &b);
		}
	}
	if (depth > 0)
		ps_expected(p, ") to close a group of the regular expression");
	if (p->i == start)
		return NULL;
	parts_flush(p, &b);
	struct sh_word *w = word_new(p, SH_WORD_REGEX, start);
	w->parts = b.first;
	w->end = ps_orig(p, p->i);
	return w;
}

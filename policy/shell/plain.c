/* fish and csh: one plain command of words that every shell reads alike, or nothing. Distrusts every byte. */
#include <string.h>

#include "policy/shell/state.h"

/* Words that are structure in one of the two: what follows them is not an argument list. */
static const char *const structure[] = {
	"if",     "else",  "end",      "endif",   "then",    "begin",    "while", "for",     "foreach",
	"switch", "case",  "default",  "breaksw", "endsw",   "function", "and",   "or",      "not",
	"time",   "goto",  "repeat",   "onintr",  "builtin", "command",  "exec",  "eval",    "source",
	"return", "break", "continue", "set",     "setenv",  "unset",    "alias", "unalias", "@",
	".",      "nohup", "nice",     "hup",     "sched",   "where",    NULL,
};

static bool is_safe(int c, bool first, bool command)
{
	if (c == END || c == 0 || c >= 0x80)
		return false;
	if (ps_is_name(c, false) || strchr("./-", c) != NULL)
		return true;
	if (first || command)
		return false;
	return strchr(":@%+,=", c) != NULL;
}

static void quoted(struct ps *p, struct parts *b)
{
	quote_single(p, b);
	if (p->s.p[p->i - 1] != '\'')
		ps_left_out(p, p->i - 2, "a line continuation in fish or csh");
	const struct sh_part *x = b->first;
	while (x->next != NULL)
		x = x->next;
	for (uint32_t k = 0; k < x->text.n; k++) {
		char c = x->text.p[k];
		if (c == '\\' || (p->dialect == DIALECT_CSH && (c == '!' || c == '\n')))
			ps_left_out(p, x->at.off,
				    "a byte that this shell does not take as it is between single quotes");
	}
}

static struct sh_word *word(struct ps *p, bool command)
{
	struct parts b;
	parts_init(&b, false);
	uint32_t start = p->i;
	for (;;) {
		int c = ps_cur(p);
		if (c == '\'') {
			quoted(p, &b);
		} else if (is_safe(c, p->i == start, command)) {
			/* One run of bytes; a line continuation is no part of this little language. */
			uint32_t from = p->i;
			while (is_safe(ps_at(p, p->i), p->i == start, command))
				p->i++; /* a backslash is not safe: there is nothing to cook */
			parts_text(p, &b, SH_LITERAL, from, p->i - from, false);
		} else if (c == END || c == ' ' || c == '\n') {
			break;
		} else {
			ps_left_out(p, p->i, "more than one plain command in fish or csh");
		}
	}
	struct sh_word *w = word_new(p, SH_WORD_PLAIN, start);
	w->parts = b.first;
	w->end = p->i;
	return w;
}

/* Blanks and newlines; in a stream no further than the newline that ends the line. */
static void gap(struct ps *p, bool one_line)
{
	while ((ps_cur(p) == ' ' || ps_cur(p) == '\n') && !p->line_done) {
		p->line_done = one_line && ps_cur(p) == '\n';
		p->i++;
	}
}

void plain_parse(struct ps *p, struct sh_ast *out, bool one_line)
{
	struct sh_list *l = ps_new(p, sizeof(*l));
	l->at = ps_pos(p, 0);
	out->list = l;
	gap(p, one_line);
	if (ps_cur(p) == END || p->line_done)
		return;
	uint32_t at = p->i;
	struct sh_command *c = command_new(p, SH_SIMPLE, at);
	c->simple = ps_new(p, sizeof(*c->simple));
	struct sh_word **tail = &c->simple->words;
	while (ps_cur(p) != END && ps_cur(p) != '\n') {
		*tail = word(p, c->simple->nwords == 0);
		if (c->simple->nwords++ == 0) {
			char name[16];
			size_t n = ast_word_bytes(*tail, name, sizeof(name));
			if (n == 0 || (n <= sizeof(name) && traits_has(structure, name, n)))
				ps_left_out(p, at, "more than one plain command in fish or csh");
		}
		c->end = (*tail)->end;
		tail = &(*tail)->next;
		while (ps_cur(p) == ' ')
			p->i++;
	}
	gap(p, one_line);
	if (ps_cur(p) != END && !p->line_done)
		ps_left_out(p, p->i, "more than one plain command in fish or csh");
	struct sh_pipeline *pl = ps_new(p, sizeof(*pl));
	struct sh_andor *a = ps_new(p, sizeof(*a));
	pl->at = a->at = l->at = c->at;
	pl->end = a->end = l->end = c->end;
	pl->commands = c;
	a->pipelines = pl;
	l->items = a;
}

/* Lists, pipelines and redirections. Distrusts every byte. */
#include <string.h>

#include "policy/shell/state.h"

struct sh_command *command_new(struct ps *p, enum sh_command_kind kind, uint32_t at)
{
	struct sh_command *c = ps_new(p, sizeof(*c));
	c->kind = (uint8_t)kind;
	c->at = ps_pos(p, at);
	return c;
}

/* ---- redirections ---- */

static const struct {
	char text[4];
	uint8_t op;
	size_t trait;
} redir_ops[] = {
	/* the longer first */
	{"<<<", SH_REDIR_HERESTR, offsetof(struct traits, herestr)},
	{"<<", SH_REDIR_HERE, 0},
	{"<&", SH_REDIR_DUPIN, 0},
	{"<>", SH_REDIR_RDWR, 0},
	{"<", SH_REDIR_IN, 0},
	{">>", SH_REDIR_APPEND, 0},
	{">&", SH_REDIR_DUPOUT, 0},
	{">|", SH_REDIR_CLOBBER, 0},
	{">", SH_REDIR_OUT, 0},
	{"&>>", SH_REDIR_BOTHAPP, offsetof(struct traits, amp_append)},
	{"&>", SH_REDIR_BOTH, offsetof(struct traits, amp_out)},
};

static bool at_op(const struct ps *p, uint32_t i)
{
	return ps_at(p, i) == '<' || ps_at(p, i) == '>';
}

/* A number or {name} right before the operator; *after is then the operator's index. */
static bool redir_fd(struct ps *p, struct sh_redir *r, uint32_t *after)
{
	uint32_t i = p->i;
	int c = ps_cur(p);
	if (c >= '0' && c <= '9') {
		int64_t fd = 0;
		unsigned n = 0;
		for (; ps_at(p, i) >= '0' && ps_at(p, i) <= '9'; i = ps_after(p, i), n++)
			if (fd < INT32_MAX)
				fd = fd * 10 + (ps_at(p, i) - '0');
		if (!at_op(p, i) || (n > 1 && !p->t->long_fd))
			return false;
		if (fd > 1023)
			ps_left_out(p, p->i, "a file descriptor over 1023");
		r->fd = (int32_t)fd;
		*after = i;
		return true;
	}
	if (c != '{' || !p->t->fd_name || !ps_is_name(ps_peek(p, 1), true))
		return false;
	uint32_t from = ps_after(p, i);
	for (i = from; ps_is_name(ps_at(p, i), false);)
		i = ps_after(p, i);
	if (ps_at(p, i) != '}' || !at_op(p, ps_after(p, i)))
		return false;
	struct parts b;
	parts_init(&b, true);
	p->i = from;
	while (p->i < i)
		parts_byte(p, &b);
	parts_flush(p, &b);
	r->fd_name = b.first->text;
	*after = ps_after(p, i);
	return true;
}

bool redir_parse(struct ps *p, struct sh_redir **out)
{
	int c = ps_cur(p);
	if (c != '<' && c != '>' && c != '&' && c != '{' && !(c >= '0' && c <= '9'))
		return false;
	struct sh_redir r = {.fd = -1, .fd_name = {"", 0}, .delim = {"", 0}};
	uint32_t at = p->i, after = p->i;
	if (redir_fd(p, &r, &after)) {
		p->i = after;
		if (ps_peek(p, 1) == '(')
			ps_left_out(p, at, "a process substitution right behind a number or a brace");
	} else if (c == '&') {
		if (ps_peek(p, 1) != '>' || !p->t->amp_out)
			return false;
	} else if (c != '<' && c != '>') {
		return false;
	} else if (p->t->procsub && ps_peek(p, 1) == '(') {
		return false;
	}
	size_t k = 0, n = sizeof(redir_ops) / sizeof(redir_ops[0]);
	for (; k < n; k++) {
		size_t trait = redir_ops[k].trait;
		if ((trait == 0 || *((const bool *)((const char *)p->t + trait))) && ps_looking(p, redir_ops[k].text))
			break;
	}
	if (k == n)
		ps_expected(p, "a redirection");
	ps_adv_n(p, (unsigned)strlen(redir_ops[k].text));
	r.op = redir_ops[k].op;
	r.at = ps_pos(p, at);
	c = ps_cur(p);
	if (r.op == SH_REDIR_HERE && c == '-') {
		r.strip_tabs = true;
		ps_adv(p);
	}
	if (p->t->zsh && (c == '!' || c == '|' || (c == '&' && r.op != SH_REDIR_IN)))
		ps_left_out(p, at, "zsh's own redirections");
	if (r.op == SH_REDIR_BOTH && c == '>')
		ps_left_out(p, at, "&>> in a shell that has none");
	ps_blanks(p);
	if (r.op == SH_REDIR_HERE) {
		struct sh_redir *h = ps_new(p, sizeof(*h));
		*h = r;
		heredoc_delimiter(p, h);
		h->end = ps_orig(p, p->i);
		*out = h;
		return true;
	}
	struct sh_redir next = {.fd = -1};
	if (redir_fd(p, &next, &after))
		ps_expected(p, "a word behind the redirection"); /* `>1>x`: the 1 belongs to what follows */
	r.target = word_parse(p, r.op == SH_REDIR_HERESTR ? WORD_SUBJECT : WORD_ARG);
	if (r.target == NULL)
		ps_expected(p, "a word behind the redirection");
	r.end = ps_orig(p, p->i);
	*out = ps_new(p, sizeof(**out));
	**out = r;
	return true;
}

void command_redirs(struct ps *p, struct sh_command *c)
{
	struct sh_redir **tail = &c->redirs;
	while (*tail != NULL)
		tail = &(*tail)->next;
	for (ps_blanks(p); redir_parse(p, tail); ps_blanks(p)) {
		c->end = (*tail)->end;
		tail = &(*tail)->next;
	}
}

/* ---- pipelines and lists ---- */

struct sh_command *command_parse(struct ps *p)
{
	struct sh_command *c = compound_parse(p);
	if (c == NULL)
		return simple_parse(p);
	command_redirs(p, c);
	return c;
}

/* Behind `!` or `time` nothing need stand, in bash. */
static bool nothing_here(const struct ps *p)
{
	int c = ps_cur(p);
	return c == END || c == '\n' || c == ';' || c == ')' || c == '|' || (c == '&' && ps_peek(p, 1) != '>');
}

static void prefixes(struct ps *p, struct sh_pipeline *l, bool *any)
{
	unsigned bangs = 0;
	for (;; *any = true) {
		enum rw w = ps_reserved(p, NULL);
		if (w == RW_BANG) {
			if (ps_peek(p, 1) == '(' && glob_extended_here(p))
				return;
			if (++bangs > 1 && !p->t->many_bangs)
				ps_expected(p, "a command behind !");
			l->negated = !l->negated;
			ps_accept(p, w);
		} else if (w == RW_TIME) {
			if (l->timed != SH_TIME_NO || (bangs > 0 && p->t->zsh))
				ps_left_out(p, p->i, "time within time");
			ps_accept(p, w);
			l->timed = SH_TIME_YES;
			if (!p->t->zsh && ps_accept_word(p, "-p"))
				l->timed = SH_TIME_POSIX;
			if (p->dialect == DIALECT_BASH)
				ps_accept_word(p, "--");
		} else {
			return;
		}
	}
}

static struct sh_pipeline *pipeline_parse(struct ps *p, enum sh_link link)
{
	struct sh_pipeline *l = ps_new(p, sizeof(*l));
	bool prefixed = false;
	l->link = (uint8_t)link;
	l->at = ps_pos(p, p->i);
	prefixes(p, l, &prefixed);
	if (prefixed && nothing_here(p) && (p->t->lone_bang || (l->timed != SH_TIME_NO && !l->negated))) {
		if (!l->negated && l->timed == SH_TIME_NO)
			ps_left_out(p, p->i, "an even number of ! in front of nothing");
		l->commands = command_new(p, SH_SIMPLE, p->i);
		l->commands->simple = ps_new(p, sizeof(struct sh_simple));
		l->end = ps_orig(p, p->i);
		return l;
	}
	struct sh_command **tail = &l->commands;
	for (;;) {
		struct sh_command *c = command_parse(p);
		*tail = c;
		tail = &c->next;
		l->end = c->end;
		ps_blanks(p);
		if (ps_cur(p) != '|' || ps_peek(p, 1) == '|')
			return l;
		if (ps_peek(p, 1) == '&') {
			if (p->dialect == DIALECT_MKSH)
				ps_left_out(p, p->i, "mksh's coprocess |&");
			if (!p->t->pipe_both)
				ps_expected(p, "a command behind |");
			c->pipe_both = true;
			ps_adv(p);
		}
		ps_adv(p);
		ps_newlines(p);
		if (p->t->inner_bang && ps_reserved(p, NULL) == RW_BANG)
			ps_left_out(p, p->i, "! inside a pipeline");
		if (p->dialect != DIALECT_BASH && ps_reserved(p, NULL) == RW_TIME)
			ps_left_out(p, p->i, "time inside a pipeline");
	}
}

static struct sh_andor *andor_parse(struct ps *p)
{
	struct sh_andor *a = ps_new(p, sizeof(*a));
	struct sh_pipeline **tail = &a->pipelines;
	enum sh_link link = SH_FIRST;
	a->at = ps_pos(p, p->i);
	for (;;) {
		*tail = pipeline_parse(p, link);
		a->end = (*tail)->end;
		tail = &(*tail)->next;
		ps_blanks(p);
		if (ps_looking(p, "&&"))
			link = SH_AND;
		else if (ps_looking(p, "||"))
			link = SH_OR;
		else
			return a;
		ps_adv_n(p, 2);
		ps_newlines(p);
	}
}

/* `shopt -s extglob`, sure to run before the next line is read. */
static bool declares_extglob(const struct ps *p, const struct sh_andor *a)
{
	const struct sh_pipeline *l = a->pipelines;
	if (!p->t->shopt || p->depth > 0 || a->sep != SH_SEQ || l->commands->next != NULL ||
	    l->commands->kind != SH_SIMPLE)
		return false;
	struct sh_simple *s = l->commands->simple;
	if (s->words == NULL || !ast_word_is(s->words, "shopt") || s->words->next == NULL ||
	    !ast_word_is(s->words->next, "-s"))
		return false;
	for (const struct sh_word *w = s->words->next->next; w != NULL; w = w->next)
		if (ast_word_is(w, "extglob"))
			s->extglob = true;
	return s->extglob;
}

static bool ends_list(struct ps *p)
{
	switch (ps_cur(p)) {
	case END:
	case ')':
	case ';':
	case '|':
		return true;
	case '}':
		if (p->in_funsub)
			return true;
		break;
	case '&':
		return !(p->t->amp_out && ps_peek(p, 1) == '>');
	}
	switch (ps_reserved(p, NULL)) {
	case RW_THEN:
	case RW_ELIF:
	case RW_ELSE:
	case RW_FI:
	case RW_DO:
	case RW_DONE:
	case RW_ESAC:
	case RW_RBRACE:
	case RW_IN:
		return true;
	default:
		return false;
	}
}

static void separator(struct ps *p, struct sh_andor *a)
{
	int c = ps_cur(p);
	if (c == '&') {
		a->sep = SH_BACKGROUND;
		ps_adv(p);
		c = ps_cur(p);
		if (p->t->zsh && (c == '!' || c == '|')) {
			a->sep = SH_DISOWN;
			ps_adv(p);
		}
	} else if (c == ';') {
		ps_adv(p);
	}
	ps_blanks(p);
	a->newline = ps_cur(p) == '\n';
}

struct sh_list *list_parse(struct ps *p, bool one_line)
{
	struct sh_list *l = ps_new(p, sizeof(*l));
	struct sh_andor **tail = &l->items;
	l->at = ps_pos(p, p->i);
	for (;;) {
		ps_blanks(p);
		if (ps_cur(p) == '\n') {
			ps_newline(p);
			if (one_line) {
				p->line_done = true;
				break;
			}
			continue;
		}
		if (ends_list(p))
			break;
		struct sh_andor *a = andor_parse(p);
		*tail = a;
		tail = &a->next;
		l->end = a->end;
		int c = ps_cur(p), d = c == ';' ? ps_peek(p, 1) : END;
		if (c == END)
			(void)declares_extglob(p, a); /* for nothing that follows */
		if ((c != ';' && c != '&' && c != '\n') || d == ';' || d == '&' || (d == '|' && p->t->case_bar))
			break;
		separator(p, a);
		if (declares_extglob(p, a))
			p->extglob_next = true;
	}
	if (l->items == NULL)
		l->end = l->at.off;
	return l;
}

struct sh_list *list_body(struct ps *p, const char *what, bool may_be_empty)
{
	ps_newlines(p);
	struct sh_list *l = list_parse(p, false);
	if (l->items == NULL && !may_be_empty)
		ps_expected(p, what);
	return l;
}

/* Compound commands. Distrusts every byte. */
#include <string.h>

#include "policy/shell/state.h"

static struct sh_command *group_parse(struct ps *p, enum sh_command_kind kind, uint32_t at)
{
	struct sh_command *c = command_new(p, kind, at);
	ps_adv(p);
	c->group = list_body(p, "a command", p->t->empty_group);
	if (kind == SH_SUBSHELL) {
		if (ps_cur(p) != ')')
			ps_expected(p, "a command or ) to close the subshell");
		ps_adv(p);
		c->end = ps_orig(p, p->i);
		return c;
	}
	uint32_t after;
	if (ps_reserved(p, &after) != RW_RBRACE)
		ps_expected(p, "a command or } to close the group");
	p->i = after;
	c->end = ps_orig(p, p->i);
	ps_blanks(p);
	if (p->t->zsh && ps_looking(p, "always"))
		ps_left_out(p, p->i, "zsh's always");
	return c;
}

static struct sh_command *if_parse(struct ps *p, uint32_t at)
{
	struct sh_command *c = command_new(p, SH_IF, at);
	c->if_ = ps_new(p, sizeof(*c->if_));
	struct sh_clause **tail = &c->if_->clauses;
	do {
		struct sh_clause *k = ps_new(p, sizeof(*k));
		*tail = k;
		tail = &k->next;
		k->cond = list_body(p, "a command behind if", false);
		ps_expect(p, RW_THEN, "then");
		k->body = list_body(p, "a command behind then", p->t->empty_body);
	} while (ps_accept(p, RW_ELIF));
	if (ps_accept(p, RW_ELSE))
		c->if_->otherwise = list_body(p, "a command behind else", p->t->empty_body);
	if (ps_reserved(p, NULL) != RW_FI)
		ps_expected(p, c->if_->otherwise != NULL ? "fi" : "elif, else or fi");
	ps_adv_n(p, 2);
	c->end = ps_orig(p, p->i);
	return c;
}

/* do list done; or { list } where the shell has that. */
static struct sh_list *loop_body(struct ps *p, bool braces)
{
	struct sh_list *l;
	if (braces && ps_reserved(p, NULL) == RW_LBRACE) {
		ps_adv(p);
		l = list_body(p, "a command", p->t->empty_group && p->t->empty_body); /* it is written as do and done */
		if (ps_reserved(p, NULL) != RW_RBRACE)
			ps_expected(p, "a command or } to close the loop's body");
		ps_adv(p);
		return l;
	}
	ps_expect(p, RW_DO, "do");
	l = list_body(p, "a command behind do", p->t->empty_body);
	if (ps_reserved(p, NULL) != RW_DONE)
		ps_expected(p, "a command or done");
	ps_adv_n(p, 4);
	return l;
}

static struct sh_command *loop_parse(struct ps *p, enum sh_command_kind kind, uint32_t at)
{
	struct sh_command *c = command_new(p, kind, at);
	c->loop = ps_new(p, sizeof(*c->loop));
	c->loop->cond = list_body(p, "a command behind while or until", false);
	c->loop->body = loop_body(p, false);
	c->end = ps_orig(p, p->i);
	return c;
}

static struct sh_command *cfor_parse(struct ps *p, uint32_t at)
{
	struct sh_command *c = command_new(p, SH_CFOR, at);
	c->cfor = ps_new(p, sizeof(*c->cfor));
	ps_adv_n(p, 2);
	struct sh_word **three[] = {&c->cfor->init, &c->cfor->test, &c->cfor->step};
	for (unsigned k = 0; k < 3; k++) {
		*three[k] = arith_parse(p, ARITH_SEMI);
		if (ps_cur(p) != (k < 2 ? ';' : ')') || (k == 2 && ps_peek(p, 1) != ')'))
			ps_expected(p, k < 2 ? "; in for ((...))" : ")) to close for ((");
		ps_adv_n(p, k < 2 ? 1 : 2);
	}
	ps_blanks(p);
	if (ps_cur(p) == ';')
		ps_adv(p);
	ps_newlines(p);
	c->cfor->body = loop_body(p, p->t->for_group);
	c->end = ps_orig(p, p->i);
	return c;
}

/* A name. bash takes any word here, and complains when the loop runs. */
static struct sh_text loop_variable(struct ps *p)
{
	uint32_t at = p->i;
	struct sh_word *w = word_parse(p, WORD_SUBJECT);
	if (w == NULL)
		ps_expected(p, "a variable's name behind for or select");
	const struct sh_part *x = w->parts;
	bool bash = p->dialect == DIALECT_BASH, ok = x->kind == SH_LITERAL && x->next == NULL;
	for (uint32_t k = 0; ok && k < x->text.n; k++)
		ok = ps_is_name((unsigned char)x->text.p[k], k == 0 && !bash) ||
		     (bash && strchr("-.:/+@%", x->text.p[k]) != NULL);
	if (!ok && bash)
		ps_left_out(p, at, "a loop variable that is no name");
	if (!ok)
		ps_fail(p, ERR_MALFORMED, at, "expected a variable's name behind for or select");
	return x->text;
}

static struct sh_command *for_parse(struct ps *p, enum sh_command_kind kind, uint32_t at)
{
	if (kind == SH_FOR && ps_looking(p, "((")) {
		if (!p->t->cfor)
			ps_expected(p, "a variable's name behind for");
		return cfor_parse(p, at);
	}
	struct sh_command *c = command_new(p, kind, at);
	struct sh_for *f = c->for_ = ps_new(p, sizeof(*f));
	f->name_at = ps_pos(p, p->i);
	f->name = loop_variable(p);
	ps_blanks(p);
	if (ps_cur(p) == ';') {
		ps_adv(p);
		ps_newlines(p);
	} else {
		ps_newlines(p);
		if (ps_accept_word(p, "in")) {
			f->has_in = true;
			struct sh_word **tail = &f->words;
			while ((*tail = word_parse(p, WORD_ARG)) != NULL) {
				tail = &(*tail)->next;
				ps_blanks(p);
			}
			if (ps_cur(p) != ';' && ps_cur(p) != '\n')
				ps_expected(p, "a word, ; or a newline");
			if (ps_cur(p) == ';')
				ps_adv(p);
			ps_newlines(p);
		}
	}
	f->body = loop_body(p, p->t->for_group);
	c->end = ps_orig(p, p->i);
	return c;
}

/* ";;" and its relatives. False: the list ends without one, before esac. */
static bool case_end(struct ps *p, struct sh_case_item *it)
{
	static const struct {
		const char text[4];
		uint8_t end;
		size_t trait;
	} ends[] = {
		{";;&", SH_CASE_TEST, offsetof(struct traits, case_test)},
		{";|", SH_CASE_TEST, offsetof(struct traits, case_bar)},
		{";&", SH_CASE_FALL, offsetof(struct traits, case_fall)},
		{";;", SH_CASE_BREAK, 0},
	};
	for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
		if (!ps_looking(p, ends[k].text))
			continue;
		if (ends[k].trait != 0 && !*((const bool *)((const char *)p->t + ends[k].trait)))
			continue;
		it->end = ends[k].end;
		ps_adv_n(p, (unsigned)strlen(ends[k].text));
		return true;
	}
	return false;
}

static struct sh_case_item *case_item(struct ps *p)
{
	struct sh_case_item *it = ps_new(p, sizeof(*it));
	struct sh_word **tail = &it->patterns;
	bool parens = ps_cur(p) == '(';
	if (parens) {
		ps_adv(p);
		ps_blanks(p);
	}
	for (;;) {
		struct sh_word *w = word_parse(p, WORD_PATTERN);
		if (w == NULL)
			ps_expected(p, "a pattern");
		*tail = w;
		tail = &w->next;
		ps_blanks(p);
		if (ps_cur(p) != '|')
			break;
		ps_adv(p);
		ps_blanks(p);
	}
	if (ps_cur(p) != ')')
		ps_expected(p, "| or ) behind the pattern");
	int next = ps_at(p, p->i + 1);
	if (p->t->zsh && parens && next != ' ' && next != '\t' && next != '\n' && next != END)
		ps_left_out(p, p->i, "( pattern ) with something right behind it"); /* the parentheses may be the pattern's own */
	ps_adv(p);
	it->body = list_body(p, "", true);
	return it;
}

static struct sh_command *case_parse(struct ps *p, uint32_t at)
{
	struct sh_command *c = command_new(p, SH_CASE, at);
	c->case_ = ps_new(p, sizeof(*c->case_));
	c->case_->subject = word_parse(p, WORD_SUBJECT);
	if (c->case_->subject == NULL)
		ps_expected(p, "a word behind case");
	ps_newlines(p);
	if (!ps_accept_word(p, "in"))
		ps_expected(p, "in");
	struct sh_case_item **tail = &c->case_->items;
	for (;;) {
		ps_newlines(p);
		if (ps_reserved(p, NULL) == RW_ESAC)
			break;
		struct sh_case_item *it = case_item(p);
		*tail = it;
		tail = &it->next;
		if (!case_end(p, it)) {
			if (ps_reserved(p, NULL) != RW_ESAC)
				ps_expected(p, "a command, ;; or esac");
			break;
		}
	}
	ps_adv_n(p, 4);
	c->end = ps_orig(p, p->i);
	return c;
}

static bool opens_compound(struct ps *p)
{
	switch (ps_reserved(p, NULL)) {
	case RW_IF:
	case RW_FOR:
	case RW_SELECT:
	case RW_WHILE:
	case RW_UNTIL:
	case RW_CASE:
	case RW_LBRACE:
	case RW_COND:
		return true;
	default:
		return ps_cur(p) == '(';
	}
}

/* coproc command; coproc NAME compound. */
static struct sh_command *coproc_parse(struct ps *p, uint32_t at)
{
	if (!p->t->coproc_name)
		ps_left_out(p, at, "coproc in this shell");
	struct sh_command *c = command_new(p, SH_COPROC, at);
	c->coproc = ps_new(p, sizeof(*c->coproc));
	c->coproc->name = (struct sh_text){"", 0};
	if (!opens_compound(p) && ps_is_name(ps_cur(p), true)) {
		uint32_t from = p->i;
		struct parts b;
		parts_init(&b, true);
		while (ps_is_name(ps_cur(p), false))
			parts_byte(p, &b);
		parts_flush(p, &b);
		bool blank = ps_cur(p) == ' ' || ps_cur(p) == '\t';
		ps_blanks(p);
		if (blank && opens_compound(p))
			c->coproc->name = b.first->text;
		else
			p->i = from;
	}
	c->coproc->body = command_parse(p);
	c->end = c->coproc->body->end;
	return c;
}

static struct sh_command *cond_command(struct ps *p, uint32_t at)
{
	struct sh_command *c = command_new(p, SH_COND, at);
	ps_adv_n(p, 2);
	c->cond = cond_parse(p);
	c->end = ps_orig(p, p->i);
	return c;
}

static struct sh_command *parens_parse(struct ps *p, uint32_t at)
{
	if (p->t->arith_cmd && ps_peek(p, 1) == '(') {
		ps_adv_n(p, 2);
		struct sh_word *e = arith_try(p, at);
		if (e != NULL) {
			struct sh_command *c = command_new(p, SH_ARITHCMD, at);
			c->arith = e;
			c->end = ps_orig(p, p->i);
			return c;
		}
		p->i = at;
	}
	return group_parse(p, SH_SUBSHELL, at);
}

static struct sh_command *keyword_parse(struct ps *p, enum rw w, uint32_t at)
{
	switch (w) {
	case RW_IF:
		ps_accept(p, w);
		return if_parse(p, at);
	case RW_FOR:
		ps_accept(p, w);
		return for_parse(p, SH_FOR, at);
	case RW_SELECT:
		ps_accept(p, w);
		return for_parse(p, SH_SELECT, at);
	case RW_WHILE:
		ps_accept(p, w);
		return loop_parse(p, SH_WHILE, at);
	case RW_UNTIL:
		ps_accept(p, w);
		return loop_parse(p, SH_UNTIL, at);
	case RW_CASE:
		ps_accept(p, w);
		return case_parse(p, at);
	case RW_LBRACE:
		return group_parse(p, SH_GROUP, at);
	case RW_COND:
		return cond_command(p, at);
	case RW_FUNCTION:
		ps_accept(p, w);
		return function_keyword(p, at);
	case RW_COPROC:
		ps_accept(p, w);
		return coproc_parse(p, at);
	case RW_TIME:
		return NULL; /* behind a bar it is an ordinary word */
	case RW_BANG:
		if (ps_peek(p, 1) == '(' && glob_extended_here(p))
			return NULL;
		ps_expected(p, "a command");
	case RW_ZSH:
		ps_left_out(p, at, "what only zsh has: foreach, repeat, nocorrect, end");
	case RW_NONE:
		return NULL;
	default:
		ps_expected(p, "a command");
	}
}

struct sh_command *compound_parse(struct ps *p)
{
	uint32_t at = p->i;
	enum rw w = ps_reserved(p, NULL);
	if (p->dialect == DIALECT_BASH && ps_looking(p, "]]") && ps_is_meta(ps_peek(p, 2)))
		ps_expected(p, "a command");
	if (w == RW_NONE && ps_cur(p) != '(')
		return NULL;
	ps_enter(p);
	struct sh_command *c = w == RW_NONE ? parens_parse(p, at) : keyword_parse(p, w, at);
	ps_leave(p);
	return c;
}

/* Loops of a walk: before the body is walked, whatever it may assign is not known. */
#include <string.h>

#include "base/err.h"
#include "policy/word_build.h"

#define MAX_UNROLL 16 /* rounds of a for loop over known words that are walked one by one */

/* Before a loop: whatever its body may assign is not known at its start. */
struct loop_scan {
	struct walk *w;
};

static void loop_lose(struct walk *w)
{
	state_lose(&w->state);
	w->state.params_known = false;
}

static void loop_forget(struct walk *w, const char *name, size_t n)
{
	struct field f = field_opaque(0);

	state_set(w, arena_copy(w->r->arena, name, n), n, &f, false);
}

/* FIELD_NUMERIC or FIELD_DIGITS for a value that is a number whatever happens: digits, arithmetic, a length, a command that prints
 * numbers. Else 0. */
static unsigned loop_number(const struct walk *w, const struct sh_word *value)
{
	const struct sh_part *p = value != NULL ? value->parts : NULL;

	if (p != NULL && p->next == NULL && p->kind == SH_DQUOTE)
		p = p->parts;
	if (p == NULL || p->next != NULL)
		return 0;
	switch (p->kind) {
	case SH_ARITH:
		return FIELD_NUMERIC;
	case SH_LITERAL:
		return p->text.n > 0 && p->text.n < 10 && strspn(p->text.p, "0123456789") == p->text.n ? FIELD_NUMERIC : 0;
	case SH_PARAM:
		return p->param->op == SH_OP_LENGTH ? FIELD_NUMERIC : 0;
	case SH_COMSUB:
		return p->comsub->kind <= SH_COMSUB_BACKQUOTE && word_number(w, p->comsub->body) ? FIELD_DIGITS : 0;
	}
	return 0;
}

static int loop_assign(void *ctx, const struct sh_assign *a, unsigned depth)
{
	struct walk *w = ((struct loop_scan *)ctx)->w;
	const struct var_slot *v = state_get(&w->state, a->name.p, a->name.n);
	unsigned number = a->append || a->is_array || a->subscript != NULL ? 0 : loop_number(w, a->value);
	struct field f = field_opaque(0);

	(void)depth;
	/* What is not known needs no forgetting, and has not become text by this. */
	if (v == NULL && number != 0)
		return 0;
	if (number != 0 && field_number(&v->value))
		f = field_opaque((number & v->value.flags & FIELD_NUMERIC) != 0 ? FIELD_NUMERIC | FIELD_NOSPLIT : FIELD_DIGITS);
	state_set(w, a->name.p, a->name.n, &f, false);
	return 0;
}

/* The names that the words from here on may assign: what stands before = + [ or ?, and all of them where a word is not known. */
static void loop_names(struct walk *w, const struct sh_word *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	for (; word != NULL; word = word->next) {
		char name[256];
		size_t n;

		if (word->assign != NULL)
			continue; /* loop_assign() */
		n = ast_word_bytes(word, name, sizeof(name) - 1);
		if (n == (size_t)-1 || n > sizeof(name) - 1) {
			loop_lose(w);
			return;
		}
		name[n] = '\0';
		/* read -aname */
		if (name[0] == '-' && strcspn(name, "aAv") + 1 < n) {
			loop_lose(w);
			return;
		}
		n = strspn(name, letters);
		if (n > 0)
			loop_forget(w, name, n);
	}
}

static bool loop_is(const struct sh_word *word, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (ast_word_is(word, *list))
			return true;
	}
	return false;
}

/* An option that has the letter; 0: any. */
static bool loop_option(const struct sh_word *word, char letter)
{
	char text[256];
	size_t n = word->assign != NULL ? (size_t)-1 : ast_word_bytes(word, text, sizeof(text));

	return n <= sizeof(text) && n > 1 && (text[0] == '-' || text[0] == '+') && (letter == 0 || memchr(text, letter, n) != NULL);
}

/* The shell's own commands that assign, by what they assign. */
static void loop_builtin(struct walk *w, const struct sh_word *word)
{
	static const char *const places[] = { "cd", "chdir", "pushd", "popd", NULL };
	static const char *const names[] = { "read", "mapfile", "readarray", "getopts", "unset", "export", "declare", "typeset", "local", "readonly",
		"integer", "float", "global", "private", "nameref", "wait", NULL };
	static const char *const any[] = { "eval", "source", ".", "let", "coproc", "select", "vared", "zparseopts", "trap", "alias", "print",
		"zstat", "zmodload", "zstyle", "zformat", "zregexparse", "zpty", "zselect", "sysread", "sysopen", "strftime", "getln", "unalias",
		"enable", "autoload", "emulate", "functions", "unfunction", "noglob", "nocorrect", "-", "repeat", "fc", "r", "sched", "zle", "rename",
		NULL };
	const struct sh_word *next = word->next;

	if (loop_is(word, places)) {
		struct field f = field_opaque(0);

		state_set_cwd(w, &f);
	} else if (ast_word_is(word, "set") || ast_word_is(word, "shift")) {
		w->state.params_known = false;
		for (; next != NULL; next = next->next) {
			/* set -A NAME */
			if (loop_option(next, 'A'))
				loop_lose(w);
		}
	} else if (loop_is(word, names)) {
		loop_forget(w, "REPLY", 5);
		loop_forget(w, "MAPFILE", 7);
		loop_names(w, next);
	} else if (ast_word_is(word, "printf") && next != NULL) {
		/* printf -v NAME */
		if (loop_option(next, 'v'))
			loop_lose(w);
	} else if (loop_is(word, any)) {
		loop_lose(w);
	}
}

static int loop_command(void *ctx, const struct sh_command *c, unsigned depth)
{
	static const char *const wrappers[] = { "command", "builtin", "time", "exec", NULL };
	struct walk *w = ((struct loop_scan *)ctx)->w;
	const struct sh_word *word;

	(void)depth;
	if (c->kind == SH_FOR || c->kind == SH_SELECT)
		loop_forget(w, c->for_->name.p, c->for_->name.n);
	if (c->kind == SH_FUNCTION || c->kind == SH_COPROC)
		loop_lose(w);
	if (c->kind != SH_SIMPLE || c->simple->words == NULL)
		return 0;
	word = c->simple->words;
	if (w->functions != NULL)
		loop_lose(w);
	while (loop_is(word, wrappers)) {
		do
			word = word->next;
		while (word != NULL && loop_option(word, 0));
		if (word == NULL)
			return 0;
	}
	if (!ast_word_exact(word))
		loop_lose(w);
	else
		loop_builtin(w, word);
	return 0;
}

/* Arithmetic makes numbers of numbers, but which is not known. */
static void loop_arith(struct walk *w)
{
	for (unsigned i = 1; i < w->state.nvars; i++) {
		struct var_slot *v = &w->state.vars[i];
		struct field f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);

		if (v->set && (v->value.flags & FIELD_NUMERIC) != 0 && v->value.kind == CONFIDENCE_EXACT)
			state_set(w, v->name, v->n, &f, false);
	}
}

static bool part_is_text(const struct sh_part *p)
{
	return p->kind == SH_LITERAL || p->kind == SH_ESCAPED || p->kind == SH_SQUOTE || p->kind == SH_CQUOTE;
}

static bool arith_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || word_digit(c);
}

/* Whether an assignment's operator stands there: = += <<= ++ and the like, but not == != <= >=. */
static bool arith_assigns_at(const struct sh_text *t, size_t i)
{
	char c = t->p[i], before = i > 0 ? t->p[i - 1] : '\0';

	if (c == '+' || c == '-')
		return i + 1 < t->n && t->p[i + 1] == c;
	if (c != '=' || before == '=' || before == '!' || (i + 1 < t->n && t->p[i + 1] == '='))
		return false;
	return (before != '<' && before != '>') || (i > 1 && t->p[i - 2] == before);
}

static bool arith_assigns(const struct sh_part *p)
{
	for (; p != NULL; p = p->next) {
		if (p->kind == SH_DQUOTE && arith_assigns(p->parts))
			return true;
		for (size_t i = 0; part_is_text(p) && i < p->text.n; i++) {
			if (arith_assigns_at(&p->text, i))
				return true;
		}
	}
	return false;
}

static size_t arith_blank(const struct sh_text *t, size_t i)
{
	while (i < t->n && (t->p[i] == ' ' || t->p[i] == '\t' || t->p[i] == '\n'))
		i++;
	return i;
}

/* Beside an expansion: a name that it may be, or be a part of, is assigned. */
static bool arith_assigns_unknown(const struct sh_text *t, bool first, bool last)
{
	size_t i = 0, n = t->n;

	while (i < n && arith_name_byte(t->p[i]))
		i++;
	i = arith_blank(t, i);
	if (!first && i < n && (arith_assigns_at(t, i) || (i + 1 < n && strchr("+-*/%&|^<>", t->p[i]) != NULL && memchr(t->p + i, '=', n - i) != NULL)))
		return true;
	while (n > 0 && arith_blank(t, n - 1) == t->n)
		n--;
	return !last && n > 1 && (t->p[n - 1] == '+' || t->p[n - 1] == '-') && t->p[n - 2] == t->p[n - 1];
}

/* What is text before may be a number behind it, so that nothing is known of it. */
static void loop_arith_names(struct walk *w, const struct sh_part *p, bool first)
{
	for (; p != NULL; p = p->next, first = false) {
		if (p->kind == SH_DQUOTE) {
			loop_arith_names(w, p->parts, first);
			continue;
		}
		if (!part_is_text(p))
			continue;
		if (arith_assigns_unknown(&p->text, first, p->next == NULL))
			loop_lose(w);
		for (size_t i = 0, from; i < p->text.n; i += i == from) {
			const struct var_slot *v;

			for (from = i; i < p->text.n && arith_name_byte(p->text.p[i]); i++)
				;
			v = i > from ? state_get(&w->state, p->text.p + from, i - from) : NULL;
			if (v != NULL && !field_number(&v->value))
				loop_forget(w, p->text.p + from, i - from);
		}
	}
}

static void loop_arith_word(struct walk *w, const struct sh_word *word)
{
	if (word == NULL)
		return;
	loop_arith(w);
	if (arith_assigns(word->parts))
		loop_arith_names(w, word->parts, true);
}

/* $((…)) and $[…], subscripts, ${x:…}, (( )) and the heads of for loops. */
static int loop_word(void *ctx, const struct sh_word *word, unsigned depth)
{
	(void)depth;
	if (word->kind == SH_WORD_ARITH)
		loop_arith_word(((struct loop_scan *)ctx)->w, word);
	return 0;
}

static int loop_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	struct walk *w = ((struct loop_scan *)ctx)->w;

	(void)depth;
	if (p->kind == SH_PARAM && p->param->op == SH_OP_ASSIGN) {
		loop_forget(w, p->param->name.p, p->param->name.n);
		/* In zsh ${1:=word} assigns too. */
		if (p->param->name.n > 0 && strspn(p->param->name.p, "0123456789@*") > 0)
			w->state.params_known = false;
	}
	return 0;
}

static int loop_redir(void *ctx, const struct sh_redir *r, unsigned depth)
{
	(void)depth;
	if (r->fd_name.n > 0)
		loop_forget(((struct loop_scan *)ctx)->w, r->fd_name.p, r->fd_name.n);
	return 0;
}

void walk_loop_start(struct walk *w, const struct sh_list *cond, const struct sh_list *body)
{
	struct loop_scan scan = { w };
	struct sh_visitor v = { .command = loop_command, .redir = loop_redir, .assign = loop_assign, .word = loop_word, .part = loop_part,
		.ctx = &scan };

	if (cond != NULL)
		ast_walk_list(cond, &v);
	ast_walk_list(body, &v);
}

/* Every walk into a loop scans its body first, so loops in loops cost their depth times their size: bounded by the parser's
 * depth, and by the budget. */
void walk_for(struct walk *w, const struct sh_command *c)
{
	const struct sh_for *f = c->for_;
	struct field fields[64], each[MAX_UNROLL], value = field_opaque(0);
	unsigned flags = FIELD_NODASH | FIELD_ROOTED | FIELD_NOSPLIT | FIELD_NUMERIC, total = 0;
	bool all_exact = true, many = false;
	/* mksh expands braces in unquoted values too. */
	const char *splits = w->dialect == DIALECT_MKSH ? " \t\n*?[]\\{}," : " \t\n*?[]\\";

	walk_redirs_around(w, c); /* the words are expanded behind them */
	if (!f->has_in) {
		flags = 0;
		all_exact = false;
	}
	for (const struct sh_word *word = f->words; word != NULL; word = word->next) {
		int n = word_fields(w, word, fields, 64);

		if (n < 0) {
			/* Too many to keep: only that each is a word. */
			flags = 0;
			all_exact = false;
			many = true;
			continue;
		}
		for (int i = 0; i < n; i++) {
			const struct field *x = &fields[i];

			total++;
			if (x->kind != CONFIDENCE_EXACT)
				all_exact = false;
			if ((x->flags & FIELD_NODASH) == 0)
				flags &= ~(unsigned)FIELD_NODASH;
			if ((x->flags & FIELD_ROOTED) == 0)
				flags &= ~(unsigned)FIELD_ROOTED;
			if ((x->flags & FIELD_NUMERIC) == 0)
				flags &= ~(unsigned)FIELD_NUMERIC;
			if (x->kind == CONFIDENCE_EXACT ? x->n == 0 || strpbrk(x->p, splits) != NULL : (x->flags & FIELD_NOSPLIT) == 0)
				flags &= ~(unsigned)FIELD_NOSPLIT;
			value = *x;
			if (total <= MAX_UNROLL)
				each[total - 1] = *x;
		}
	}
	value.flags &= (uint8_t)~FIELD_MULTI;
	if (many || total != 1 || (value.kind != CONFIDENCE_EXACT && value.kind != CONFIDENCE_PATTERN))
		value = field_opaque(total > 0 || many ? flags : 0);
	{
		unsigned mark = state_mark(&w->state);

		w->branch++;
		walk_loop_start(w, NULL, f->body);
		if (c->kind == SH_SELECT) {
			struct field reply = field_opaque(0);

			state_set(w, "REPLY", 5, &reply, false);
			walk_eval(w, c->at, "select asks on the terminal");
		}
		/* A few known values: each round is known by itself. */
		if (all_exact && total >= 2 && total <= MAX_UNROLL && c->kind == SH_FOR && w->unrolled < 2) {
			w->unrolled++;
			for (unsigned i = 0; i + 1 < total; i++) {
				state_again(&w->state, f->name.p, f->name.n);
				walk_assigned(w, f->name.p, f->name.n, &each[i], false, f->name_at);
				walk_list(w, f->body);
			}
			value = each[total - 1];
			state_again(&w->state, f->name.p, f->name.n);
			walk_assigned(w, f->name.p, f->name.n, &value, false, f->name_at);
			walk_list(w, f->body);
			w->unrolled--;
		} else {
			walk_assigned(w, f->name.p, f->name.n, &value, false, f->name_at);
			walk_list(w, f->body);
		}
		w->branch--;
		state_join(&w->state, mark);
		if (all_exact && total >= 2) {
			value = field_opaque(flags);
			state_set(w, f->name.p, f->name.n, &value, false);
		}
	}
}

void walk_cfor(struct walk *w, const struct sh_cfor *f)
{
	unsigned mark;

	word_arith(w, f->init);
	mark = state_mark(&w->state);
	walk_loop_start(w, NULL, f->body);
	loop_arith_word(w, f->test);
	loop_arith_word(w, f->step);
	word_arith(w, f->test);
	w->branch++;
	walk_list(w, f->body);
	word_arith(w, f->step);
	w->branch--;
	state_join(&w->state, mark);
}

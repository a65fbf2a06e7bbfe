/* Walks a syntax tree in the order in which it would run and reaches every part of it: all branches, substitutions, bodies,
 * redirections, assignments. What it cannot follow it reports as an opaque act, which no rule allows. */
#include <string.h>

#include "base/err.h"
#include "policy/command.h"

bool walk_spend(struct walk *w, unsigned n)
{
	struct reading *r = w->r;

	if (r->failed)
		return false;
	if (r->budget > n) {
		r->budget -= n;
		return true;
	}
	if (r->budget > 0) {
		struct sh_pos none = { 0, 0, 0 };

		r->budget = 0;
		walk_eval(w, none, "too much to look at: over the limit on nodes");
	}
	return false;
}

struct act *walk_act(struct walk *w, enum act_kind kind, struct sh_pos at)
{
	struct act *a = arena_alloc(w->r->arena, sizeof(*a));
	struct place here = state_place(&w->state);

	if (a == NULL) {
		w->r->failed = true;
		return NULL;
	}
	a->kind = kind;
	a->at = at;
	a->outer = w->outer;
	a->again = w->again;
	a->cwd = here.sure;
	a->maybe = here.maybe;
	if (w->r->nacts > MAX_ACTS)
		return a; /* the one that said so is opaque: nobody looks at more */
	*w->r->tail = a;
	w->r->tail = &a->next;
	if (++w->r->nacts == MAX_ACTS) {
		walk_eval(w, at, "more commands than the limit of 1024 in one statement");
		w->r->budget = 0;
	}
	return a;
}

void walk_eval(struct walk *w, struct sh_pos at, const char *why)
{
	struct act *a = walk_act(w, ACT_EVAL, at);

	if (a == NULL)
		return;
	a->opaque = true;
	a->confidence = CONFIDENCE_OPAQUE;
	a->effects = EFFECT_UNKNOWN;
	a->why = why;
}

struct doubt walk_doubt(struct walk *w)
{
	struct doubt d = { state_mark(&w->state), w->state.nparams, w->state.params };

	w->branch++;
	return d;
}

void walk_doubt_end(struct walk *w, const struct doubt *d)
{
	w->branch--;
	state_join(&w->state, d->mark);
	if (w->state.params != d->params || w->state.nparams != d->nparams)
		w->state.params_known = false;
}

static void walk_pipeline(struct walk *w, const struct sh_pipeline *p)
{
	bool single = p->commands->next == NULL;
	enum stdin_kind in = w->stdin_kind;
	bool tty = w->stdout_tty;
	struct field maybe = state_place(&w->state).maybe;

	/* To mksh the -p is the first word of a simple command. */
	if (w->dialect == DIALECT_MKSH && p->timed == SH_TIME_POSIX && (p->negated || p->commands->kind != SH_SIMPLE || p->commands->simple->assigns != NULL))
		walk_eval(w, p->at, "time -p before what is no simple command, where mksh knows no keyword");
	if (single && p->timed != SH_TIME_NO && w->dialect == DIALECT_ZSH) {
		/* zsh times it in a shell of its own. */
		struct function *functions = w->functions;
		struct doubt d = walk_doubt(w);

		walk_command(w, p->commands);
		walk_doubt_end(w, &d);
		w->functions = functions;
		return;
	}
	if (single) {
		walk_command(w, p->commands);
		return;
	}
	for (const struct sh_command *c = p->commands; c != NULL; c = c->next) {
		unsigned mark = state_mark(&w->state);
		struct function *functions = w->functions;
		bool lost = w->state.lost, known = w->state.params_known;
		struct field *params = w->state.params;
		unsigned nparams = w->state.nparams;

		w->stdin_kind = c == p->commands ? in : STDIN_PIPE;
		w->stdout_tty = c->next == NULL && tty;
		w->branch++;
		walk_command(w, c);
		w->branch--;
		w->functions = functions;
		if (c->next != NULL) {
			state_undo(&w->state, mark);
			w->state.lost = lost;
			w->state.params = params;
			w->state.nparams = nparams;
			w->state.params_known = known;
		} else {
			state_join(&w->state, mark); /* the last one runs in this shell in zsh */
			if (w->dialect != DIALECT_ZSH)
				state_set_maybe(w, &maybe);
			if (w->state.params != params)
				w->state.params_known = false;
		}
	}
	w->stdin_kind = in;
	w->stdout_tty = tty;
}

/* Where something may have moved the working directory from there, it is not known. */
static void walk_moved(struct walk *w, const struct field *from)
{
	struct field now = state_cwd(&w->state);

	if (!place_same(&now, from)) {
		now = field_opaque(0);
		state_set_cwd(w, &now);
	}
}

/* A part of an && list. Behind `! cd DIR` it goes on where the cd failed. */
static void walk_part(struct walk *w, const struct sh_pipeline *p)
{
	struct field cwd = state_cwd(&w->state);

	walk_pipeline(w, p);
	if (p->negated)
		walk_moved(w, &cwd);
}

/* What stands behind ||, and begins where the text stood before the list. If all came through it is left out: where it leads counts only if what
 * stands before it led nowhere. */
static void walk_or(struct walk *w, const struct sh_pipeline *p, const struct field *from)
{
	struct field led = state_place(&w->state).maybe, now;

	state_set_maybe(w, from);
	walk_part(w, p);
	now = state_place(&w->state).maybe;
	if (!place_same(&led, from) || place_same(&now, from))
		state_set_maybe(w, &led);
}

static const struct sh_simple *walk_alone(const struct sh_pipeline *p)
{
	const struct sh_command *c = p->commands;

	return p->negated || c->next != NULL || c->kind != SH_SIMPLE || c->redirs != NULL || c->simple->assigns != NULL ? NULL : c->simple;
}

/* COMMAND || exit, in a text whose shell surely ends there: what follows runs only behind a COMMAND that came through. Not where a function of
 * that name may be, nor where jobs may be stopped: on a terminal, and in shells that stop them without one, the first exit only warns. */
static bool walk_or_ends(const struct walk *w, const struct sh_andor *a)
{
	const struct sh_pipeline *second = a->pipelines->next;
	const struct sh_simple *last;
	char number[4];
	size_t n;

	if (second == NULL || second->next != NULL || second->link != SH_OR || w->branch > 0 || !w->top || w->in_function || w->functions != NULL ||
	    w->r->q->has_pty || w->dialect == DIALECT_ZSH || w->dialect == DIALECT_MKSH || walk_alone(a->pipelines) == NULL)
		return false;
	last = walk_alone(second);
	if (last == NULL || last->words == NULL || !ast_word_is(last->words, "exit"))
		return false;
	if (last->words->next == NULL)
		return true;
	n = ast_word_bytes(last->words->next, number, sizeof(number));
	if (n == 0 || n >= sizeof(number) || last->words->next->next != NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (number[i] < '0' || number[i] > '9')
			return false;
	}
	return true;
}

static void walk_andor(struct walk *w, const struct sh_andor *a)
{
	const struct sh_pipeline *first = a->pipelines;
	struct place from = state_place(&w->state);
	struct field cwd = from.sure, there, all;
	bool ends = walk_or_ends(w, a);
	unsigned mark;
	bool after_or = false, ors = false;

	walk_part(w, first);
	there = all = state_cwd(&w->state);
	if (first->next != NULL) {
		mark = state_mark(&w->state);
		w->branch++;
		for (const struct sh_pipeline *p = first->next; p != NULL; p = p->next) {
			if (p->link == SH_OR || after_or) {
				state_join(&w->state, mark);
				/* The first may have failed too: its cd may not have happened. */
				if (p->link == SH_OR)
					walk_moved(w, &cwd);
				mark = state_mark(&w->state);
			}
			if (p->link == SH_OR)
				walk_or(w, p, &from.maybe);
			else
				walk_part(w, p);
			after_or = p->link == SH_OR;
			ors = ors || after_or;
		}
		all = state_cwd(&w->state);
		w->branch--;
		state_join(&w->state, mark);
	}
	/* Whether a cd came through is known only within its own && list, unless the shell ends where it did not. */
	if (ends)
		state_set_cwd(w, &there);
	else
		walk_moved(w, &cwd);
	w->there = ors ? state_cwd(&w->state) : all;
}

static void walk_items(struct walk *w, const struct sh_andor *from, const struct sh_andor *end)
{
	if (from != NULL && w->depth >= WALK_DEPTH * 2) {
		walk_eval(w, from->at, "too deep");
		return;
	}
	w->depth++;
	for (const struct sh_andor *a = from; a != end && !w->r->failed; a = a->next) {
		if (!walk_spend(w, 1))
			break;
		if (a->sep != SH_SEQ) {
			struct sh_list one = { .at = a->at };
			struct sh_andor copy = *a;

			copy.next = NULL;
			copy.sep = SH_SEQ;
			one.items = &copy;
			walk_subshell(w, &one, STDIN_PIPE, w->stdout_tty);
			w->there = state_cwd(&w->state);
			continue;
		}
		walk_andor(w, a);
	}
	w->depth--;
}

void walk_list(struct walk *w, const struct sh_list *list)
{
	walk_items(w, list->items, NULL);
}

/* What a text may do to names, in whatever order it comes to that: an unset takes a function away in bash, so that none is certain then; over a
 * readonly name an assignment fails, with all that stands behind it in its line. */
struct text {
	struct walk *w;
	bool unsets, fixes;
	bool heredocs; /* one stands somewhere */
};

static bool text_is(const char *text, size_t n, const char *const *names)
{
	if (n == 0)
		return false;
	while (*names != NULL && !((*names)[0] == text[0] && strlen(*names) == n && memcmp(*names, text, n) == 0))
		names++;
	return *names != NULL;
}

static int text_command(void *ctx, const struct sh_command *c, unsigned depth)
{
	static const char *const passes[] = { "command", "builtin", NULL }, *const declares[] = { "declare", "typeset", "local", NULL };
	static const char *const unset[] = { "unset", NULL }, *const readonly[] = { "readonly", NULL };
	struct text *t = ctx;
	bool own = true, declaring = false;

	(void)depth;
	integers_command(t->w, c);
	if (c->kind != SH_SIMPLE)
		return 0;
	for (const struct sh_word *word = c->simple->words; word != NULL; word = word->next) {
		const struct sh_text *one = ast_word_text(word);
		char room[256];
		const char *text = one != NULL ? one->p : room;
		size_t n = one != NULL ? one->n : word->assign == NULL ? ast_word_bytes(word, room, sizeof(room)) : 0;
		bool known = n <= sizeof(room), option = known && n > 1 && (text[0] == '-' || text[0] == '+');

		if (known && !own && !declaring && (n < 5 || n > 8))
			continue; /* no word of any length that is looked for */

		t->unsets = t->unsets || (own && !known) || (known && text_is(text, n, unset));
		t->fixes = t->fixes || (own && !known) || (known && text_is(text, n, readonly)) || (declaring && (!known || (option && memchr(text, 'r', n) != NULL)));
		declaring = declaring || (known && text_is(text, n, declares));
		/* command and builtin have the name behind them */
		own = own && known && (option || text_is(text, n, passes));
	}
	return 0;
}

static int text_word(void *ctx, const struct sh_word *word, unsigned depth)
{
	struct text *t = ctx;

	(void)depth;
	integers_word(t->w, word);
	misreads_word(t->w, word);
	return 0;
}

static int text_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	struct text *t = ctx;

	(void)depth;
	misreads_part(t->w, p);
	return 0;
}

static int text_assign(void *ctx, const struct sh_assign *a, unsigned depth)
{
	struct text *t = ctx;

	(void)depth;
	integers_assign(t->w, a);
	return 0;
}

static int text_redir(void *ctx, const struct sh_redir *r, unsigned depth)
{
	struct text *t = ctx;

	(void)depth;
	t->heredocs = t->heredocs || r->op == SH_REDIR_HERE;
	integers_redir(t->w, r);
	return 0;
}

/* Assignments of plain texts: nothing that an error could cut off. */
static bool walk_plain(const struct sh_andor *a)
{
	const struct sh_command *c = a->pipelines->commands;

	if (a->sep != SH_SEQ || a->pipelines->next != NULL || c->next != NULL || c->kind != SH_SIMPLE || c->redirs != NULL || c->simple->words != NULL)
		return false;
	for (const struct sh_assign *s = c->simple->assigns; s != NULL; s = s->next) {
		if (s->subscript != NULL || s->is_array || (s->value->parts != NULL && !ast_word_exact(s->value)))
			return false;
	}
	return true;
}

static int text_here(void *ctx, const struct sh_redir *r, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return r->op == SH_REDIR_HERE;
}

/* Whether its line ends behind it. In the rendering a here-document's body stands right behind its command. */
static bool text_line_ends(const struct text *t, const struct sh_andor *a)
{
	struct sh_visitor v = { .redir = text_here };

	if (a->newline || !t->heredocs)
		return a->newline;
	for (const struct sh_pipeline *p = a->pipelines; p != NULL; p = p->next) {
		for (const struct sh_command *c = p->commands; c != NULL; c = c->next) {
			if (ast_walk_command(c, &v) != 0)
				return true;
		}
	}
	return false;
}

/* An error in an expansion throws the rest of its line away in bash, and the shell goes on with the next line: what a line assigned and
 * defined may not have been, once something stood in it that can fail. */
void walk_text(struct walk *w, const struct sh_list *list)
{
	const struct sh_andor *from = list->items;
	struct text text = { w, false, false, false };
	struct sh_visitor v = { .command = text_command, .word = text_word, .part = text_part, .assign = text_assign, .redir = text_redir, .ctx = &text };

	ast_walk_list(list, &v);
	w->unsets = text.unsets;
	if (w->dialect != DIALECT_BASH) {
		walk_list(w, list);
		return;
	}
	while (from != NULL && !w->r->failed) {
		struct function *functions = w->functions;
		const struct sh_andor *next = from;
		struct doubt d = walk_doubt(w);
		bool plain = !text.fixes, newline = false, first = from->pipelines->commands->kind == SH_FUNCTION;

		w->branch--;
		for (; next != NULL && !newline; next = next->next) {
			newline = text_line_ends(&text, next);
			plain = plain && walk_plain(next);
		}
		walk_items(w, from, next);
		if (!plain && next != NULL) {
			w->branch++;
			walk_doubt_end(w, &d);
			for (struct function *f = w->functions; f != functions; f = f->next)
				f->sure = f->sure && first && f->next == functions;
		}
		from = next;
	}
}

int acts_read(struct reading *r, struct arena *a, const struct policy_question *q, const struct sh_ast *ast)
{
	struct walk w;
	struct field cwd = field_opaque(0);

	memset(r, 0, sizeof(*r));
	memset(&w, 0, sizeof(w));
	r->arena = a;
	r->q = q;
	r->tail = &r->acts;
	r->budget = WALK_BUDGET;
	w.r = r;
	w.dialect = ast->dialect;
	w.stdin_kind = STDIN_EXEC;
	w.stdout_tty = q->has_pty;
	w.top = true;
	state_init(&w, &w.state);
	if (r->failed)
		return ERR_NOMEM;
	/* A login shell's -c text has no parameters. */
	w.state.params_known = true;
	if (q->cwd != NULL && q->cwd[0] == '/') {
		cwd = field_exact(&w, q->cwd, strlen(q->cwd));
	} else {
		cwd.kind = CONFIDENCE_PATTERN;
		cwd.flags = FIELD_HOME | FIELD_NODASH;
		cwd.p = "~";
		cwd.n = 1;
	}
	state_set_cwd(&w, &cwd);
	walk_text(&w, ast->list);
	return r->failed ? ERR_NOMEM : ERR_OK;
}

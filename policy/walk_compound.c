/* Walks compound commands: which of their parts run, and what each leaves behind. */
#include <string.h>
#include "base/err.h"
#include "policy/command.h"

/* Branches of which one runs: each begins in the same directory. Where they lead to different ones, that of the text behind them is not known. */
struct fork {
	struct field from, to, last; /* where they begin, lead to, and the last one led to */
	bool moved;
	bool through; /* the next one goes on where the last one led to */
};

/* sure: where it begins for certain; NULL: where the text stands. */
static void walk_branch(struct walk *w, const struct sh_list *list, struct fork *f, const struct field *sure)
{
	struct doubt d = walk_doubt(w);
	struct field now;

	state_set_maybe(w, f->through ? &f->last : &f->from);
	if (sure != NULL)
		state_set_cwd(w, sure);
	walk_list(w, list);
	walk_doubt_end(w, &d);
	now = f->last = state_place(&w->state).maybe;
	if (!place_same(&now, &f->from)) {
		f->to = !f->moved || place_same(&f->to, &now) ? now : field_opaque(0);
		f->moved = true;
	}
	state_set_maybe(w, f->moved ? &f->to : &f->from);
}

static void walk_if(struct walk *w, const struct sh_if *f)
{
	struct fork fork = { .moved = false };

	for (const struct sh_clause *k = f->clauses; k != NULL; k = k->next) {
		if (k == f->clauses) {
			struct field there;

			walk_list(w, k->cond);
			there = w->there;
			fork.from = state_place(&w->state).maybe;
			walk_branch(w, k->body, &fork, &there);
		} else {
			struct doubt d = walk_doubt(w);

			state_set_maybe(w, &fork.from);
			walk_list(w, k->cond);
			walk_doubt_end(w, &d);
			fork.from = state_place(&w->state).maybe;
			walk_branch(w, k->body, &fork, NULL);
		}
	}
	if (f->otherwise != NULL)
		walk_branch(w, f->otherwise, &fork, NULL);
}

void walk_subshell(struct walk *w, const struct sh_list *list, enum stdin_kind in, bool tty)
{
	unsigned mark = state_mark(&w->state);
	enum stdin_kind saved_in = w->stdin_kind;
	bool saved_tty = w->stdout_tty, lost = w->state.lost;
	struct function *saved = w->functions;
	struct field *params = w->state.params;
	unsigned nparams = w->state.nparams;
	bool known = w->state.params_known;

	w->stdin_kind = in;
	w->stdout_tty = tty;
	w->branch++;
	walk_list(w, list);
	w->branch--;
	w->stdin_kind = saved_in;
	w->stdout_tty = saved_tty;
	w->functions = saved;
	w->state.params = params;
	w->state.nparams = nparams;
	w->state.params_known = known;
	state_undo(&w->state, mark);
	w->state.lost = lost;
}

static void walk_cond(struct walk *w, const struct sh_cond *c)
{
	static const char *const arith[] = { "-eq", "-ne", "-lt", "-le", "-gt", "-ge", NULL };

	if (c == NULL || !walk_spend(w, 1))
		return;
	if (c->a != NULL) {
		struct field a = word_single(w, c->a, WORD_VALUE);
		struct field b = field_opaque(0);

		if (c->b != NULL)
			b = word_single(w, c->b, WORD_VALUE);
		for (unsigned i = 0; c->kind == SH_COND_BINARY && arith[i] != NULL; i++) {
			if (strcmp(c->op.p, arith[i]) == 0 && (!field_number(&a) || !field_number(&b)))
				walk_eval(w, c->at, "a comparison of numbers evaluates what is not known to be one");
		}
		if (c->kind == SH_COND_UNARY && strcmp(c->op.p, "-t") == 0 && (a.flags & FIELD_NUMERIC) == 0)
			walk_eval(w, c->at, "-t evaluates what is not known to be a number");
		if (c->kind == SH_COND_UNARY && (strcmp(c->op.p, "-v") == 0 || strcmp(c->op.p, "-R") == 0) &&
		    (a.kind != CONFIDENCE_EXACT || strchr(a.p, '[') != NULL))
			walk_eval(w, c->at, "-v evaluates a subscript");
	}
	walk_cond(w, c->l);
	walk_cond(w, c->r);
}

static void walk_function(struct walk *w, const struct sh_command *c)
{
	const struct sh_func *f = c->func;
	char name[256];
	size_t n = ast_word_bytes(f->name, name, sizeof(name) - 1);
	struct function *fn = arena_alloc(w->r->arena, sizeof(*fn));
	struct state saved = w->state;
	enum stdin_kind in = w->stdin_kind;
	bool in_function = w->in_function, tty = w->stdout_tty;

	if (fn == NULL) {
		w->r->failed = true;
		return;
	}
	if (!walk_spend(w, 200))
		return;
	if (n == (size_t)-1 || n >= sizeof(name)) {
		walk_eval(w, c->at, "a function whose name is not known");
		return;
	}
	name[n] = '\0'; /* bytes, not yet a string */
	/* mksh finds some of its own commands before functions; zsh calls some functions by itself. */
	if (command_special(name) || table_find(name, n) != NULL || table_find(name, strcspn(name, " ")) != NULL || strncmp(name, "TRAP", 4) == 0 ||
	    table_var(name, n) == VAR_DANGEROUS || strchr(name, '/') != NULL)
		walk_eval(w, c->at, "a function that takes the name of a command");
	/* The body as at any call: nothing is known of variables, parameters or standard input, and its output may be the terminal. */
	state_init(w, &w->state);
	w->state.lost = true;
	w->in_function = true;
	w->stdin_kind = STDIN_PIPE;
	w->stdout_tty = w->r->q->has_pty;
	w->branch++;
	{
		struct sh_list list = { .at = c->at };
		struct sh_andor andor = { .at = c->at };
		struct sh_pipeline pipeline = { .at = c->at, .commands = (struct sh_command *)f->body };

		list.items = &andor;
		andor.pipelines = &pipeline;
		walk_list(w, &list);
	}
	w->branch--;
	w->in_function = in_function;
	w->stdin_kind = in;
	w->stdout_tty = tty;
	w->state = saved;
	for (const struct sh_redir *r = c->redirs; r != NULL; r = r->next)
		walk_redir(w, r);
	fn->name = arena_copy(w->r->arena, name, n);
	fn->n = (uint32_t)n;
	fn->sure = w->branch == 0;
	fn->next = w->functions;
	w->functions = fn;
	if (fn->name == NULL)
		w->r->failed = true;
}

static void walk_compound(struct walk *w, const struct sh_command *c)
{
	switch (c->kind) {
	case SH_SUBSHELL:
		walk_subshell(w, c->group, w->stdin_kind, w->stdout_tty);
		break;
	case SH_GROUP:
		walk_list(w, c->group);
		break;
	case SH_IF:
		walk_if(w, c->if_);
		break;
	case SH_CFOR:
		walk_cfor(w, c->cfor);
		break;
	case SH_WHILE:
	case SH_UNTIL: {
		unsigned mark = state_mark(&w->state);

		walk_loop_start(w, c->loop->cond, c->loop->body);
		w->branch++;
		walk_list(w, c->loop->cond);
		walk_list(w, c->loop->body);
		w->branch--;
		state_join(&w->state, mark);
		break;
	}
	case SH_CASE: {
		struct fork fork = { .moved = false };

		word_scan(w, c->case_->subject);
		fork.from = state_place(&w->state).maybe;
		for (const struct sh_case_item *i = c->case_->items; i != NULL; i = i->next) {
			for (const struct sh_word *p = i->patterns; p != NULL; p = p->next) {
				struct doubt d = walk_doubt(w); /* behind the one that matches none is expanded */

				word_scan(w, p);
				walk_doubt_end(w, &d);
			}
			walk_branch(w, i->body, &fork, NULL);
			fork.through = i->end != SH_CASE_BREAK;
		}
		break;
	}
	case SH_COND: {
		struct doubt d = walk_doubt(w);

		walk_cond(w, c->cond);
		walk_doubt_end(w, &d);
		break;
	}
	case SH_ARITHCMD:
		word_arith(w, c->arith);
		break;
	case SH_COPROC: {
		struct sh_list list = { .at = c->at };
		struct sh_andor andor = { .at = c->at };
		struct sh_pipeline pipeline = { .at = c->at, .commands = (struct sh_command *)c->coproc->body };

		list.items = &andor;
		andor.pipelines = &pipeline;
		if (c->coproc->name.n > 0) {
			struct field f = field_opaque(0);

			walk_assigned(w, c->coproc->name.p, c->coproc->name.n, &f, false, c->at);
		}
		walk_subshell(w, &list, STDIN_PIPE, false);
		state_lose(&w->state);
		break;
	}
	default:
		walk_eval(w, c->at, "a construct that is not known here");
		break;
	}
}

void walk_redirs_around(struct walk *w, const struct sh_command *c)
{
	for (const struct sh_redir *r = c->redirs; r != NULL; r = r->next)
		walk_redir(w, r);
	/* Several may read the same text, each what the one before left of it. */
	if (w->stdin_kind == STDIN_TEXT)
		w->stdin_kind = STDIN_FILE;
}

static void walk_body(struct walk *w, const struct sh_command *c)
{
	if (c->kind == SH_FOR || c->kind == SH_SELECT) {
		walk_for(w, c);
		return;
	}
	walk_redirs_around(w, c);
	walk_compound(w, c);
}

void walk_command(struct walk *w, const struct sh_command *c)
{
	enum stdin_kind in = w->stdin_kind;
	struct field text = w->stdin_text;
	bool tty = w->stdout_tty, redirected = w->stdin_redirected;

	if (!walk_spend(w, 1))
		return;
	if (w->depth >= WALK_DEPTH * 2) {
		walk_eval(w, c->at, "too deep");
		return;
	}
	w->depth++;
	w->stdin_redirected = false;
	if (c->kind == SH_SIMPLE) {
		walk_simple(w, c);
	} else if (c->kind == SH_FUNCTION) {
		walk_function(w, c);
	} else if (c->redirs == NULL) {
		walk_body(w, c);
	} else {
		struct doubt d = walk_doubt(w); /* where a redirection fails nothing of it runs */

		walk_body(w, c);
		walk_doubt_end(w, &d);
	}
	w->depth--;
	w->stdin_redirected = redirected;
	w->stdin_kind = in;
	w->stdin_text = text;
	w->stdout_tty = tty;
}

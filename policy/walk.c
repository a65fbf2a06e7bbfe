/* Walks a syntax tree in the order in which it would run and reaches every part of it: all branches, substitutions, bodies,
 * redirections, assignments. What it cannot follow it reports as an opaque act, which no rule allows. */
#include <string.h>

#include "base/err.h"
#include "policy/walk.h"

static void walk_pipeline(struct walk *w, const struct sh_pipeline *p);

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

	if (a == NULL) {
		w->r->failed = true;
		return NULL;
	}
	a->kind = kind;
	a->at = at;
	a->outer = w->outer;
	a->cwd = state_cwd(&w->state);
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

/* ---- Assignments ------------------------------------------------------------------------------------------------------- */

void walk_assigned(struct walk *w, const char *name, size_t n, const struct field *value, bool exported, struct sh_pos at)
{
	const struct var_slot *v = state_get(&w->state, name, n);
	enum var_class class = table_var(name, n);

	exported = exported || (v != NULL && v->exported);
	if (class == VAR_DANGEROUS)
		walk_eval(w, at, "a variable that changes what runs");
	else if (exported && class != VAR_HARMLESS)
		walk_eval(w, at, "a variable for programs, whose effect is in no table");
	state_set(w, name, n, value, exported);
}

static void walk_assign(struct walk *w, const struct sh_assign *a, bool exported)
{
	struct field value;

	if (a->subscript != NULL) {
		bool number = a->subscript->parts != NULL && a->subscript->parts->next == NULL && a->subscript->parts->kind == SH_LITERAL;

		if (number) {
			for (uint32_t i = 0; i < a->subscript->parts->text.n; i++)
				number = number && a->subscript->parts->text.p[i] >= '0' && a->subscript->parts->text.p[i] <= '9';
		}
		if (!number || w->dialect == DIALECT_ZSH) {
			word_arith(w, a->subscript);
			walk_eval(w, a->at, "an assignment to an array element, whose subscript is evaluated");
		}
	}
	if (a->is_array) {
		for (const struct sh_element *e = a->elements; e != NULL; e = e->next) {
			if (e->index != NULL) {
				word_arith(w, e->index);
				walk_eval(w, a->at, "an array element by subscript, which is evaluated");
			}
			word_scan(w, e->value);
		}
		value = field_opaque(0);
	} else {
		value = word_single(w, a->value, WORD_VALUE);
		if (a->subscript != NULL) {
			value = field_opaque(0);
		} else if (a->append) {
			const struct var_slot *v = state_get(&w->state, a->name.p, a->name.n);

			if (v != NULL && v->value.kind == CONFIDENCE_EXACT && value.kind == CONFIDENCE_EXACT) {
				char *t = arena_alloc(w->r->arena, (size_t)v->value.n + value.n + 1);

				if (t == NULL) {
					w->r->failed = true;
					return;
				}
				memcpy(t, v->value.p, v->value.n);
				memcpy(t + v->value.n, value.p, value.n);
				value = field_exact(w, t, (size_t)v->value.n + value.n);
			} else {
				value = field_opaque(0);
			}
		}
	}
	walk_assigned(w, a->name.p, a->name.n, &value, exported, a->at);
}

/* ---- Redirections ------------------------------------------------------------------------------------------------------ */

static bool redir_digits(const struct field *f)
{
	uint32_t i = 0;

	if (f->kind != CONFIDENCE_EXACT || f->n == 0)
		return false;
	while (i < f->n && f->p[i] >= '0' && f->p[i] <= '9')
		i++;
	return i == f->n || (i + 1 == f->n && f->p[i] == '-');
}

static void walk_redirect_path(struct walk *w, const struct sh_redir *r, unsigned effects, const struct field *f)
{
	struct act *a;

	if (f->kind == CONFIDENCE_EXACT && (strncmp(f->p, "/dev/tcp/", 9) == 0 || strncmp(f->p, "/dev/udp/", 9) == 0)) {
		walk_eval(w, r->at, "a redirection to the network");
		return;
	}
	/* In bash a path that is not known may be /dev/tcp/HOST/PORT. */
	if (f->kind == CONFIDENCE_OPAQUE && w->dialect == DIALECT_BASH &&
	    (f->n < 2 || strncmp(f->p, "/dev/tcp/", f->n < 9 ? f->n : 9) == 0 || strncmp(f->p, "/dev/udp/", f->n < 9 ? f->n : 9) == 0)) {
		walk_eval(w, r->at, "a redirection to a path that is not known, and may be one to the network");
		return;
	}
	a = walk_act(w, ACT_REDIRECT, r->at);
	if (a == NULL)
		return;
	a->confidence = f->kind;
	path_add(w, a, effects, f, 0);
}

static void walk_redir(struct walk *w, const struct sh_redir *r)
{
	struct field f = field_opaque(0);
	int fd = r->fd;

	if (r->fd_name.n > 0) {
		struct field number = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);

		walk_assigned(w, r->fd_name.p, r->fd_name.n, &number, false, r->at);
		fd = 10;
	}
	if (r->op == SH_REDIR_HERE) {
		f = word_single(w, r->body, WORD_VALUE);
	} else if (r->op == SH_REDIR_HERESTR) {
		f = word_single(w, r->target, WORD_VALUE);
		if (f.kind == CONFIDENCE_EXACT) {
			char *t = arena_alloc(w->r->arena, (size_t)f.n + 2);

			if (t == NULL) {
				w->r->failed = true;
				return;
			}
			memcpy(t, f.p, f.n);
			t[f.n] = '\n';
			f.p = t;
			f.n++;
		}
	} else {
		struct field many[2];
		int n = word_fields(w, r->target, many, 2);

		if (n == 1) {
			f = many[0];
			if (f.kind == CONFIDENCE_PATTERN && (f.flags & FIELD_MULTI) != 0 && w->dialect != DIALECT_BASH && w->dialect != DIALECT_ZSH)
				f = field_opaque(0); /* some shells glob a target, some do not */
		}
	}
	switch (r->op) {
	case SH_REDIR_IN:
		walk_redirect_path(w, r, EFFECT_READ, &f);
		if (fd <= 0)
			w->stdin_kind = f.kind == CONFIDENCE_EXACT && strcmp(f.p, "/dev/null") == 0 ? STDIN_NULL : STDIN_FILE;
		break;
	case SH_REDIR_RDWR:
		walk_redirect_path(w, r, EFFECT_READ | EFFECT_WRITE, &f);
		if (fd <= 0)
			w->stdin_kind = STDIN_FILE;
		break;
	case SH_REDIR_DUPIN:
		if (fd <= 0)
			w->stdin_kind = STDIN_FILE;
		if (!redir_digits(&f) && !(f.kind == CONFIDENCE_EXACT && strcmp(f.p, "-") == 0))
			walk_eval(w, r->at, "a descriptor that is not a number");
		break;
	case SH_REDIR_DUPOUT:
		if (redir_digits(&f) || (f.kind == CONFIDENCE_EXACT && strcmp(f.p, "-") == 0))
			break;
		walk_redirect_path(w, r, EFFECT_WRITE, &f);
		w->stdout_tty = false;
		break;
	case SH_REDIR_OUT:
	case SH_REDIR_CLOBBER:
	case SH_REDIR_APPEND:
	case SH_REDIR_BOTH:
	case SH_REDIR_BOTHAPP:
		walk_redirect_path(w, r, EFFECT_WRITE, &f);
		if (fd < 0 || fd == 1)
			w->stdout_tty = false;
		break;
	case SH_REDIR_HERE:
	case SH_REDIR_HERESTR:
		if (fd <= 0) {
			w->stdin_kind = STDIN_TEXT;
			w->stdin_text = f;
		}
		break;
	}
}

/* ---- Simple commands ------------------------------------------------------------------------------------------------------ */

static void walk_simple(struct walk *w, const struct sh_command *c)
{
	const struct sh_simple *s = c->simple;
	struct field *argv = NULL;
	unsigned argc = 0, cap = s->nwords + 32;
	bool overflow = false;

	if (s->words != NULL) {
		argv = arena_alloc(w->r->arena, cap * sizeof(*argv));
		if (argv == NULL) {
			w->r->failed = true;
			return;
		}
	}
	for (const struct sh_word *word = s->words; word != NULL && !w->r->failed; word = word->next) {
		int n;

		if (word->assign != NULL) {
			/* A declaration's argument: what it assigns is told apart; as a word it is never split. */
			const struct sh_assign *a = word->assign;
			struct field f;

			if (word->parts != NULL) {
				f = word_single(w, word, WORD_VALUE);
			} else {
				walk_assign(w, a, false);
				f = field_opaque(0);
				f.p = a->name.p;
				f.n = a->name.n;
			}
			if (argc == cap) {
				overflow = true;
				break;
			}
			argv[argc++] = f;
			continue;
		}
		n = word_fields(w, word, argv + argc, cap - argc);
		if (n < 0 && cap < MAX_FIELDS) {
			struct field *more = arena_alloc(w->r->arena, MAX_FIELDS * sizeof(*more));

			if (more == NULL) {
				w->r->failed = true;
				return;
			}
			memcpy(more, argv, argc * sizeof(*more));
			argv = more;
			cap = MAX_FIELDS;
			n = word_fields(w, word, argv + argc, cap - argc);
		}
		if (n < 0) {
			overflow = true;
			break;
		}
		argc += (unsigned)n;
	}
	if (w->r->failed)
		return;
	if (overflow || argc > MAX_FIELDS) {
		walk_eval(w, c->at, "more words than the limit");
		return;
	}
	for (const struct sh_redir *r = c->redirs; r != NULL && walk_spend(w, 1); r = r->next)
		walk_redir(w, r);
	if (argc == 0) {
		for (const struct sh_assign *a = s->assigns; a != NULL; a = a->next)
			walk_assign(w, a, false);
		if (s->words != NULL)
			walk_eval(w, c->at, "a command word that may be empty");
		return;
	}
	for (const struct sh_assign *a = s->assigns; a != NULL; a = a->next)
		walk_assign(w, a, true);
	command_run(w, argv, argc, c->at, s);
	/* What stood before a builtin may stay assigned, before a program it does not: not known. */
	for (const struct sh_assign *a = s->assigns; a != NULL; a = a->next) {
		struct field f = field_opaque(0);

		state_set(w, a->name.p, a->name.n, &f, true);
	}
}

/* ---- Compound commands ------------------------------------------------------------------------------------------------------ */

static void walk_branch(struct walk *w, const struct sh_list *list)
{
	unsigned mark = state_mark(&w->state);

	w->branch++;
	walk_list(w, list);
	w->branch--;
	state_join(&w->state, mark);
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

/* Before a loop: whatever its body may assign is not known at its start. */
struct loop_scan {
	struct walk *w;
};

static int loop_assign(void *ctx, const struct sh_assign *a, unsigned depth)
{
	struct walk *w = ((struct loop_scan *)ctx)->w;
	const struct var_slot *v = state_get(&w->state, a->name.p, a->name.n);
	struct field f = field_opaque(0);

	(void)depth;
	if (v != NULL && (v->value.flags & FIELD_NUMERIC) != 0 && !a->append && !a->is_array && a->subscript == NULL && a->value != NULL &&
	    a->value->parts != NULL && a->value->parts->next == NULL &&
	    (a->value->parts->kind == SH_ARITH ||
	     (a->value->parts->kind == SH_DQUOTE && a->value->parts->parts != NULL && a->value->parts->parts->next == NULL &&
	      a->value->parts->parts->kind == SH_ARITH)))
		f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);
	state_set(w, a->name.p, a->name.n, &f, false);
	return 0;
}

static int loop_command(void *ctx, const struct sh_command *c, unsigned depth)
{
	struct walk *w = ((struct loop_scan *)ctx)->w;
	struct field f = field_opaque(0);
	static const char *const changes[] = { "cd", "pushd", "popd", "read", "mapfile", "readarray", "getopts", "unset", "export", "declare",
		"typeset", "local", "readonly", "printf", "set", "shift", "let", "integer", "float", "wait", NULL };

	(void)depth;
	if (c->kind == SH_FOR || c->kind == SH_SELECT)
		state_set(w, c->for_->name.p, c->for_->name.n, &f, false);
	if (c->kind == SH_FUNCTION)
		state_lose(&w->state);
	if (c->kind != SH_SIMPLE)
		return 0;
	if (c->simple->words == NULL)
		return 0;
	for (unsigned i = 0; changes[i] != NULL; i++) {
		if (!ast_word_is(c->simple->words, changes[i]))
			continue;
		if (i < 3) {
			state_set_cwd(w, &f);
		} else if (i == 14 || i == 15) {
			w->state.params_known = false;
		} else {
			for (const struct sh_word *word = c->simple->words->next; word != NULL; word = word->next) {
				char name[256];
				size_t n = ast_word_bytes(word, name, sizeof(name));

				if (n == (size_t)-1 || n > sizeof(name))
					continue;
				state_set(w, arena_copy(w->r->arena, name, n), n, &f, false);
			}
		}
	}
	if (!ast_word_exact(c->simple->words) || w->functions != NULL)
		state_lose(&w->state);
	return 0;
}

static int loop_arith_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	struct walk *w = ((struct loop_scan *)ctx)->w;

	(void)depth;
	/* ${x:=…} assigns; arithmetic only ever makes numbers of numbers, but which is not known. */
	if (p->kind == SH_PARAM && p->param->op == SH_OP_ASSIGN) {
		struct field f = field_opaque(0);

		state_set(w, p->param->name.p, p->param->name.n, &f, false);
	}
	if (p->kind == SH_ARITH) {
		for (unsigned i = 1; i < w->state.nvars; i++) {
			struct var_slot *v = &w->state.vars[i];
			struct field f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);

			if (v->set && (v->value.flags & FIELD_NUMERIC) != 0 && v->value.kind == CONFIDENCE_EXACT)
				state_set(w, v->name, v->n, &f, false);
		}
	}
	return 0;
}

static int loop_any_arith(void *ctx, const struct sh_command *c, unsigned depth)
{
	if (c->kind == SH_ARITHCMD || c->kind == SH_CFOR) {
		struct sh_part p = { .kind = SH_ARITH };

		loop_arith_part(ctx, &p, depth);
	}
	return loop_command(ctx, c, depth);
}

static void walk_loop_start(struct walk *w, const struct sh_list *cond, const struct sh_list *body)
{
	struct loop_scan scan = { w };
	struct sh_visitor v = { .command = loop_any_arith, .assign = loop_assign, .part = loop_arith_part, .ctx = &scan };

	if (cond != NULL)
		ast_walk_list(cond, &v);
	ast_walk_list(body, &v);
}

/* Every walk into a loop scans its body first, so loops in loops cost their depth times their size: bounded by the parser's
 * depth, and by the budget. */
static void walk_for(struct walk *w, const struct sh_command *c)
{
	const struct sh_for *f = c->for_;
	struct field fields[64], value = field_opaque(0);
	unsigned flags = FIELD_NODASH | FIELD_NOSPLIT | FIELD_NUMERIC, total = 0;
	bool all_exact = true, many = false;

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
			if ((x->flags & FIELD_NUMERIC) == 0)
				flags &= ~(unsigned)FIELD_NUMERIC;
			if (x->kind == CONFIDENCE_EXACT ? strpbrk(x->p, " \t\n*?[]\\") != NULL : (x->flags & FIELD_NOSPLIT) == 0)
				flags &= ~(unsigned)FIELD_NOSPLIT;
			value = *x;
		}
	}
	value.flags &= (uint8_t)~FIELD_MULTI;
	if (many || total != 1 || (value.kind != CONFIDENCE_EXACT && value.kind != CONFIDENCE_PATTERN))
		value = field_opaque(total > 0 || many ? flags : 0);
	(void)all_exact;
	for (const struct sh_redir *r = c->redirs; r != NULL; r = r->next)
		walk_redir(w, r);
	{
		unsigned mark = state_mark(&w->state);

		w->branch++;
		walk_loop_start(w, NULL, f->body);
		walk_assigned(w, f->name.p, f->name.n, &value, false, f->name_at);
		if (c->kind == SH_SELECT) {
			struct field reply = field_opaque(0);

			state_set(w, "REPLY", 5, &reply, false);
			walk_eval(w, c->at, "select asks on the terminal");
		}
		walk_list(w, f->body);
		w->branch--;
		state_join(&w->state, mark);
	}
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
			if (strcmp(c->op.p, arith[i]) == 0 && ((a.flags & FIELD_NUMERIC) == 0 || (b.flags & FIELD_NUMERIC) == 0))
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
	size_t n = ast_word_bytes(f->name, name, sizeof(name));
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
	if (table_find(name, n) != NULL || table_find(name, strcspn(name, " ")) != NULL || strncmp(name, "TRAP", 4) == 0 ||
	    table_var(name, n) == VAR_DANGEROUS || strchr(name, '/') != NULL)
		walk_eval(w, c->at, "a function that takes the name of a command");
	/* The body as at any call: nothing is known of variables, parameters or standard input. */
	state_init(w, &w->state);
	w->state.lost = true;
	w->in_function = true;
	w->stdin_kind = STDIN_PIPE;
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
		for (const struct sh_clause *k = c->if_->clauses; k != NULL; k = k->next) {
			if (k == c->if_->clauses)
				walk_list(w, k->cond);
			else
				walk_branch(w, k->cond);
			walk_branch(w, k->body);
		}
		if (c->if_->otherwise != NULL)
			walk_branch(w, c->if_->otherwise);
		break;
	case SH_CFOR: {
		unsigned mark;

		word_arith(w, c->cfor->init);
		mark = state_mark(&w->state);
		walk_loop_start(w, NULL, c->cfor->body);
		{
			struct sh_part p = { .kind = SH_ARITH };
			struct loop_scan scan = { w };

			loop_arith_part(&scan, &p, 0);
		}
		word_arith(w, c->cfor->test);
		w->branch++;
		walk_list(w, c->cfor->body);
		word_arith(w, c->cfor->step);
		w->branch--;
		state_join(&w->state, mark);
		break;
	}
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
	case SH_CASE:
		word_scan(w, c->case_->subject);
		for (const struct sh_case_item *i = c->case_->items; i != NULL; i = i->next) {
			for (const struct sh_word *p = i->patterns; p != NULL; p = p->next)
				word_scan(w, p);
			walk_branch(w, i->body);
		}
		break;
	case SH_COND:
		walk_cond(w, c->cond);
		break;
	case SH_ARITHCMD:
		word_arith(w, c->arith);
		break;
	case SH_COPROC: {
		struct sh_list list = { .at = c->at };
		struct sh_andor andor = { .at = c->at };
		struct sh_pipeline pipeline = { .at = c->at, .commands = (struct sh_command *)c->coproc->body };

		list.items = &andor;
		andor.pipelines = &pipeline;
		walk_subshell(w, &list, STDIN_PIPE, false);
		state_lose(&w->state);
		break;
	}
	default:
		walk_eval(w, c->at, "a construct that is not known here");
		break;
	}
}

static void walk_command(struct walk *w, const struct sh_command *c)
{
	enum stdin_kind in = w->stdin_kind;
	struct field text = w->stdin_text;
	bool tty = w->stdout_tty;

	if (!walk_spend(w, 1))
		return;
	if (w->depth >= WALK_DEPTH * 2) {
		walk_eval(w, c->at, "too deep");
		return;
	}
	w->depth++;
	if (c->kind == SH_SIMPLE) {
		walk_simple(w, c);
	} else if (c->kind == SH_FUNCTION) {
		walk_function(w, c);
	} else if (c->kind == SH_FOR || c->kind == SH_SELECT) {
		walk_for(w, c);
	} else {
		for (const struct sh_redir *r = c->redirs; r != NULL; r = r->next)
			walk_redir(w, r);
		walk_compound(w, c);
	}
	w->depth--;
	w->stdin_kind = in;
	w->stdin_text = text;
	w->stdout_tty = tty;
}

static void walk_pipeline(struct walk *w, const struct sh_pipeline *p)
{
	bool single = p->commands->next == NULL;
	enum stdin_kind in = w->stdin_kind;
	bool tty = w->stdout_tty;

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
			if (w->state.params != params)
				w->state.params_known = false;
		}
	}
	w->stdin_kind = in;
	w->stdout_tty = tty;
}

static void walk_andor(struct walk *w, const struct sh_andor *a)
{
	const struct sh_pipeline *first = a->pipelines;
	struct field cwd = state_cwd(&w->state), now;
	unsigned mark;
	bool after_or = false;

	walk_pipeline(w, first);
	if (first->next != NULL) {
		mark = state_mark(&w->state);
		w->branch++;
		for (const struct sh_pipeline *p = first->next; p != NULL; p = p->next) {
			if (p->link == SH_OR || after_or) {
				state_join(&w->state, mark);
				/* The first may have failed too: its cd may not have happened. */
				now = state_cwd(&w->state);
				if (p->link == SH_OR && (now.kind != cwd.kind || now.n != cwd.n || memcmp(now.p, cwd.p, now.n) != 0)) {
					now = field_opaque(0);
					state_set_cwd(w, &now);
				}
				mark = state_mark(&w->state);
			}
			walk_pipeline(w, p);
			after_or = p->link == SH_OR;
		}
		w->branch--;
		state_join(&w->state, mark);
	}
	/* Whether a cd came through is known only within its own && list. */
	now = state_cwd(&w->state);
	if (now.kind != cwd.kind || now.n != cwd.n || memcmp(now.p, cwd.p, now.n) != 0) {
		now = field_opaque(0);
		state_set_cwd(w, &now);
	}
}

void walk_list(struct walk *w, const struct sh_list *list)
{
	if (w->depth >= WALK_DEPTH * 2) {
		walk_eval(w, list->at, "too deep");
		return;
	}
	w->depth++;
	for (const struct sh_andor *a = list->items; a != NULL && !w->r->failed; a = a->next) {
		if (!walk_spend(w, 1))
			break;
		if (a->sep != SH_SEQ) {
			struct sh_list one = { .at = a->at };
			struct sh_andor copy = *a;

			copy.next = NULL;
			copy.sep = SH_SEQ;
			one.items = &copy;
			walk_subshell(w, &one, STDIN_PIPE, false);
			continue;
		}
		walk_andor(w, a);
	}
	w->depth--;
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
	walk_list(&w, ast->list);
	return r->failed ? ERR_NOMEM : ERR_OK;
}

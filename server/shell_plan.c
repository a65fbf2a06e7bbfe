/* Following a statement's lists, branches and loops; see shell_plan.h. What a single command does is shell_words.c's. */
#include "server/shell_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/shell/parse.h"
#include "policy/shell/render.h"
#include "server/shell_follow.h"
#include "server/shell_value.h"
#include "server/shell_words.h"

enum { FRAMES_MAX = 80 };

enum frame_kind { FRAME_LIST, FRAME_ANDOR, FRAME_IF, FRAME_LOOP, FRAME_FOR };

struct frame {
	enum frame_kind kind;
	bool tested;  /* a condition: -e does not apply */
	bool negated; /* `!` stood before it */
	bool in_cond; /* IF, LOOP: the condition is what ran last */
	bool ran;     /* LOOP, FOR: the body ran */
	const struct sh_andor *item;
	const struct sh_pipeline *pipeline; /* ANDOR: the next one to look at */
	const struct sh_pipeline *current;  /* ANDOR: the one under way */
	const struct sh_clause *clause;
	const struct sh_command *command;
	char **words;
	unsigned nwords, word;
};

struct shell_plan {
	const struct sh_ast *ast;
	struct view source;
	struct shell_state *st;
	bool whole, over, refused;
	char why[200];
	struct frame frames[FRAMES_MAX];
	unsigned depth;
	const struct sh_assign *assign; /* of the step under way: the next of its assignments */
	const struct sh_simple *simple;
	bool leaf; /* a pipeline's step is under way */
};

/* ---- variables that change unseen ---- */

struct touch {
	struct shell_plan *p;
	bool unknown_used;
	char name[64];
};

static int touch_use(void *ctx, const struct sh_part *part, unsigned depth)
{
	struct touch *t = ctx;
	const struct shell_var *v;

	(void)depth;
	if (part->kind != SH_PARAM)
		return 0;
	v = shell_state_get(t->p->st, part->param->name.p, part->param->name.n);
	if (v == NULL || !v->unknown)
		return 0;
	snprintf(t->name, sizeof(t->name), "%.60s", v->name);
	t->unknown_used = true;
	return 1;
}

/* ---- steps ---- */

static void refuse(struct shell_plan *p, struct shell_step *s, const char *why)
{
	s->kind = STEP_REFUSE;
	s->status = 2;
	buf_clear(&s->text);
	(void)buf_put(&s->text, p->source.p, p->source.n);
	snprintf(s->error, sizeof(s->error), "sallyport: not in a managed shell: %s", why);
}

/* A pipeline alone, as text. */
static int pipeline_text(const struct shell_plan *p, const struct sh_pipeline *q, struct sh_ast *ast, struct sh_list *list, struct sh_andor *a,
			 struct sh_pipeline *one, struct buf *out)
{
	*one = *q;
	one->next = NULL;
	one->link = SH_FIRST;
	*a = (struct sh_andor){ .pipelines = one };
	*list = (struct sh_list){ .items = a };
	*ast = *p->ast;
	ast->list = list;
	return shell_render(ast, out);
}

static void step_text(struct shell_plan *p, struct shell_step *s, const struct sh_ast *ast, struct buf *body)
{
	struct shell_uses u;
	int r;

	shell_uses(ast, &u);
	r = words_exact_status(ast, p->st->status, body, &u);
	if (r == ERR_OK)
		r = shell_state_wrap(p->st, &u, (struct view){ buf_ptr(body), body->len }, &s->text);
	if (r < 0)
		refuse(p, s, "the statement, with the variables that it uses, is too long");
}

static void run_pipeline(struct shell_plan *p, const struct sh_pipeline *q, struct shell_step *s, const char *after)
{
	struct sh_ast ast;
	struct sh_list list;
	struct sh_andor a;
	struct sh_pipeline one;
	struct buf body;

	buf_init(&body, SHELL_MAX_LEN);
	if (pipeline_text(p, q, &ast, &list, &a, &one, &body) != ERR_OK || buf_put_str(&body, after) < 0)
		refuse(p, s, "this statement cannot be written in a canonical form");
	else
		step_text(p, s, &ast, &body);
	buf_free(&body);
}

static void run_whole(struct shell_plan *p, struct shell_step *s)
{
	struct buf body;

	buf_init(&body, SHELL_MAX_LEN);
	s->kind = STEP_RUN;
	if (shell_render(p->ast, &body) != ERR_OK) {
		buf_clear(&body);
		(void)buf_put(&body, p->source.p, p->source.n);
	}
	step_text(p, s, p->ast, &body);
	buf_free(&body);
}

static struct frame *push(struct shell_plan *p, enum frame_kind kind, const struct frame *outer)
{
	struct frame *f;

	if (p->depth == FRAMES_MAX) {
		p->refused = true;
		snprintf(p->why, sizeof(p->why), "too many constructs inside each other");
		return NULL;
	}
	f = &p->frames[p->depth++];
	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->tested = outer != NULL && outer->tested;
	return f;
}

static void pop(struct shell_plan *p)
{
	struct frame *f = &p->frames[--p->depth];

	for (unsigned i = 0; i < f->nwords; i++)
		free(f->words[i]);
	free(f->words);
	if (f->negated)
		p->st->status = p->st->status == 0;
}

static void push_list(struct shell_plan *p, const struct sh_list *l, const struct frame *outer, bool tested, bool negated)
{
	struct frame copy = { 0 }, *f;

	if (outer != NULL)
		copy = *outer;
	f = push(p, FRAME_LIST, &copy);
	if (f == NULL)
		return;
	f->item = l->items;
	f->tested = f->tested || tested;
	f->negated = negated;
}

static void push_compound(struct shell_plan *p, const struct sh_pipeline *q, const struct frame *outer)
{
	const struct sh_command *c = q->commands;
	struct frame copy = *outer, *f;
	bool tested = outer->tested || q->negated || q->next != NULL;

	copy.tested = tested;
	switch (c->kind) {
	case SH_GROUP:
		push_list(p, c->group, &copy, tested, q->negated);
		return;
	case SH_IF:
		f = push(p, FRAME_IF, &copy);
		if (f != NULL)
			f->clause = c->if_->clauses;
		break;
	case SH_FOR:
		f = push(p, FRAME_FOR, &copy);
		if (f != NULL && value_for(p->st, c->for_, &f->words, &f->nwords) < 0) {
			p->refused = true;
			snprintf(p->why, sizeof(p->why), "a loop that changes variables can be followed only over words that are known; use ( ) around it");
		}
		break;
	default:
		f = push(p, FRAME_LOOP, &copy);
		break;
	}
	if (f == NULL)
		return;
	f->command = c;
	f->negated = q->negated;
	if (c->kind != SH_FOR)
		p->st->status = 0;
}

/* One command of its own: fills in the step. */
static void leaf(struct shell_plan *p, const struct sh_pipeline *q, struct shell_step *s)
{
	const struct sh_command *c = q->commands;
	enum words_class class = c->next == NULL && c->kind == SH_SIMPLE ? words_class(c->simple, c->redirs != NULL) : WORDS_RUN;

	p->leaf = true;
	s->kind = STEP_RUN;
	if (q->negated && class != WORDS_RUN) {
		refuse(p, s, "! before a command that changes the shell itself");
		return;
	}
	switch (class) {
	case WORDS_RUN:
		run_pipeline(p, q, s, "");
		break;
	case WORDS_CD:
		if (words_cd_back(c->simple)) {
			struct buf b;
			struct shell_uses u = { 0 };

			s->show = true;
			buf_init(&b, 16384);
			if (p->st->old == NULL && p->st->cwd == NULL) {
				s->kind = STEP_ERROR;
				s->status = 1;
				snprintf(s->error, sizeof(s->error), "cd: OLDPWD not set");
			} else if ((p->st->old == NULL ? buf_put_str(&b, "cd") /* home, whose name was never needed */
						       : buf_put_str(&b, "cd -- ") == ERR_OK ? shell_quote(p->st->old, strlen(p->st->old), &b) : ERR_LIMIT) == ERR_OK &&
				   buf_put_str(&b, " && pwd") == ERR_OK) {
				s->kind = STEP_CD;
				if (shell_state_wrap(p->st, &u, (struct view){ buf_ptr(&b), b.len }, &s->text) < 0)
					refuse(p, s, "the statement is too long");
			}
			buf_free(&b);
			break;
		}
		s->kind = STEP_CD;
		run_pipeline(p, q, s, " && pwd");
		break;
	case WORDS_ASSIGN:
	case WORDS_EXPORT:
		p->simple = c->simple;
		p->assign = c->simple->assigns;
		words_step(p->st, p->ast, c->simple, &p->assign, s);
		if (s->kind == STEP_REFUSE)
			refuse(p, s, s->name);
		break;
	case WORDS_EXIT:
		words_exit(p->st, c->simple, s);
		break;
	default:
		s->simple = c->simple;
		words_local(p->st, p->ast, c->simple, s);
		if (s->kind == STEP_REFUSE)
			refuse(p, s, s->name);
		break;
	}
}

/* break and continue: 1 only. */
static void leave_loop(struct shell_plan *p, bool again)
{
	while (p->depth > 0 && p->frames[p->depth - 1].kind != FRAME_LOOP && p->frames[p->depth - 1].kind != FRAME_FOR)
		pop(p);
	p->st->status = 0;
	if (p->depth > 0 && !again)
		pop(p);
	else if (p->depth > 0)
		p->frames[p->depth - 1].in_cond = false;
}

static bool is_break(const struct sh_pipeline *q, bool *again)
{
	const struct sh_command *c = q->commands;

	if (c->next != NULL || c->kind != SH_SIMPLE || words_class(c->simple, c->redirs != NULL) != WORDS_BREAK)
		return false;
	*again = ast_word_is(c->simple->words, "continue");
	return true;
}

/* After a pipeline: does -e end the shell here? */
static bool fatal(const struct shell_plan *p, const struct frame *f, const struct sh_pipeline *q)
{
	return (p->st->options & SHELL_ERREXIT) != 0 && p->st->status != 0 && !f->tested && !q->negated && q->next == NULL;
}

/* Moves on in the frame on top. True: a step was made. */
static bool advance(struct shell_plan *p, struct shell_step *s)
{
	struct frame *f = &p->frames[p->depth - 1];
	const struct sh_pipeline *q;
	bool again;

	switch (f->kind) {
	case FRAME_LIST:
		if (f->item == NULL) {
			pop(p);
			return false;
		}
		{
			const struct sh_andor *item = f->item;
			struct frame outer = *f;

			f->item = item->next;
			f = push(p, FRAME_ANDOR, &outer);
			if (f != NULL)
				f->pipeline = item->pipelines;
		}
		return false;
	case FRAME_ANDOR:
		if (f->current != NULL && fatal(p, f, f->current)) {
			s->kind = STEP_EXIT;
			s->status = p->st->status;
			return true;
		}
		f->current = NULL;
		q = f->pipeline;
		while (q != NULL && ((q->link == SH_AND && p->st->status != 0) || (q->link == SH_OR && p->st->status == 0)))
			q = q->next;
		if (q == NULL) {
			pop(p);
			return false;
		}
		f->pipeline = q->next;
		f->current = q;
		if (is_break(q, &again)) {
			leave_loop(p, again);
			return false;
		}
		if (follow_stateful(q) && q->commands->kind != SH_SIMPLE && follow_command(q->commands)) {
			struct frame outer = *f;

			push_compound(p, q, &outer);
			return false;
		}
		leaf(p, q, s);
		return true;
	case FRAME_IF:
		if (!f->in_cond && f->clause != NULL && !f->ran) {
			f->in_cond = true;
			push_list(p, f->clause->cond, f, true, false);
		} else if (f->in_cond && p->st->status == 0) {
			f->in_cond = false;
			f->ran = true;
			push_list(p, f->clause->body, f, false, false);
		} else if (f->in_cond) {
			f->in_cond = false;
			f->clause = f->clause->next;
			if (f->clause == NULL) {
				f->ran = true;
				p->st->status = 0;
				if (f->command->if_->otherwise != NULL)
					push_list(p, f->command->if_->otherwise, f, false, false);
			}
		} else {
			pop(p);
		}
		return false;
	case FRAME_LOOP:
		if (!f->in_cond) {
			f->in_cond = true;
			f->word = f->ran ? (unsigned)p->st->status : 0;
			push_list(p, f->command->loop->cond, f, true, false);
		} else if ((p->st->status == 0) == (f->command->kind == SH_WHILE)) {
			f->in_cond = false;
			f->ran = true;
			push_list(p, f->command->loop->body, f, false, false);
		} else {
			p->st->status = (int)f->word;
			pop(p);
		}
		return false;
	case FRAME_FOR:
		if (f->word == 0)
			p->st->status = 0;
		if (f->word == f->nwords) {
			pop(p);
			return false;
		}
		if (shell_state_set(p->st, f->command->for_->name.p, f->command->for_->name.n, f->words[f->word], strlen(f->words[f->word]), false) < 0) {
			p->refused = true;
			snprintf(p->why, sizeof(p->why), "too many or too large variables");
		}
		f->word++;
		push_list(p, f->command->for_->body, f, false, false);
		return false;
	}
	return false;
}

struct shell_plan *shell_plan_new(const struct sh_ast *ast, struct view source, struct shell_state *st)
{
	struct shell_plan *p = calloc(1, sizeof(*p));
	struct touch t = { .p = p };
	struct sh_visitor v = { .part = touch_use, .ctx = &t };
	const char *why;
	bool several;

	if (p == NULL)
		return NULL;
	p->ast = ast;
	p->source = source;
	p->st = st;
	if (ast->list == NULL || ast->list->items == NULL) { /* a blank line */
		p->over = true;
		return p;
	}
	why = follow_refusal(ast->list);
	if (why != NULL) {
		p->refused = true;
		snprintf(p->why, sizeof(p->why), "%s", why);
		return p;
	}
	(void)ast_walk(ast, &v);
	if (t.unknown_used && !words_assigns(ast, t.name)) {
		p->refused = true;
		snprintf(p->why, sizeof(p->why), "%s was changed where Sallyport could not follow; set it with a plain assignment first", t.name);
		return p;
	}
	several = ast->list->items != NULL && (ast->list->items->next != NULL || ast->list->items->pipelines->next != NULL);
	p->whole = !follow_list_stateful(ast->list) && !((st->options & SHELL_ERREXIT) && several);
	if (!p->whole)
		push_list(p, ast->list, NULL, false, false);
	return p;
}

void shell_plan_free(struct shell_plan *p)
{
	if (p == NULL)
		return;
	while (p->depth > 0)
		pop(p);
	free(p);
}

static bool ends_by_errexit(const struct shell_plan *p)
{
	return (p->st->options & SHELL_ERREXIT) != 0 && p->st->status != 0;
}

bool shell_plan_next(struct shell_plan *p, struct shell_step *s)
{
	struct buf text = s->text;

	memset(s, 0, sizeof(*s));
	s->text = text;
	buf_clear(&s->text);
	if (p->over) {
		const struct sh_pipeline *q = p->whole ? p->ast->list->items->pipelines : NULL;

		if (q == NULL || q->negated || !ends_by_errexit(p))
			return false;
		p->whole = false;
		s->kind = STEP_EXIT;
		s->status = p->st->status;
		return true;
	}
	if (p->leaf && p->assign != NULL) { /* A=1 B=$A: one after the other */
		words_step(p->st, p->ast, p->simple, &p->assign, s);
		if (s->kind == STEP_REFUSE)
			refuse(p, s, s->name);
		return true;
	}
	if (p->whole) {
		p->over = true;
		run_whole(p, s);
		return true;
	}
	p->leaf = false;
	while (p->depth > 0 && !p->refused) {
		if (advance(p, s)) {
			p->over = s->kind == STEP_EXIT;
			return true;
		}
	}
	p->over = true;
	if (!p->refused)
		return false;
	refuse(p, s, p->why);
	return true;
}

/* What a command that ran on the target may have changed there, unseen, does not come back: its variables are not known. */
static void forget(struct shell_plan *p)
{
	if (p->whole)
		words_forget(p->st, p->ast->list);
	else if (p->depth > 0 && p->frames[p->depth - 1].kind == FRAME_ANDOR && p->frames[p->depth - 1].current != NULL)
		words_forget_pipeline(p->st, p->frames[p->depth - 1].current);
}

void shell_plan_done(struct shell_plan *p, struct shell_step *s, bool ran, int status, struct view out)
{
	struct shell_state *st = p->st;
	const uint8_t *line;
	size_t n = out.n;

	s->error[0] = s->kind == STEP_ERROR || s->kind == STEP_REFUSE ? s->error[0] : '\0';
	st->status = status;
	if (!ran) {
		p->assign = NULL;
		if ((s->kind == STEP_REFUSE || s->kind == STEP_LOCAL) && p->depth == 0)
			p->over = true;
		return;
	}
	switch (s->kind) {
	case STEP_CD:
		if (status != 0)
			break;
		if (n > 0 && out.p[n - 1] == '\n')
			n--;
		line = n == 0 ? NULL : memrchr(out.p, '\n', n);
		line = line == NULL ? out.p : line + 1;
		n -= n == 0 ? 0 : (size_t)(line - out.p);
		if (n == 0 || line[0] != '/' || shell_state_cd(st, (const char *)line, n) < 0) {
			st->status = 1;
			snprintf(s->error, sizeof(s->error), "sallyport: not in a managed shell: the target does not say where it went; the directory is as before");
		}
		break;
	case STEP_VALUE:
		if (shell_state_set(st, s->name, strlen(s->name), (const char *)out.p, out.n, s->exported) < 0) {
			(void)shell_state_forget(st, s->name, strlen(s->name));
			st->status = 2;
			snprintf(s->error, sizeof(s->error), "sallyport: not in a managed shell: the value is larger than 64 KiB, or holds a NUL");
		} else if (!s->keep_status) {
			st->status = 0;
		}
		break;
	case STEP_LOCAL:
		words_apply(st, s);
		break;
	case STEP_RUN:
		forget(p);
		break;
	default:
		break;
	}
}

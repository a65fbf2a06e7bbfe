/* Whether a statement can be followed; see shell_follow.h. */
#include "server/shell_follow.h"

#include "server/shell_words.h"

struct follow {
	const char *why; /* the first thing that is in the way */
};

bool follow_command(const struct sh_command *c)
{
	if (c->redirs != NULL)
		return false;
	return c->kind == SH_GROUP || c->kind == SH_IF || c->kind == SH_WHILE || c->kind == SH_UNTIL || c->kind == SH_FOR;
}

/* What a command changes that is kept: itself or inside it; a pipeline of several and ( ) are shells of their own. */
static bool command_stateful(const struct sh_command *c)
{
	switch (c->kind) {
	case SH_SIMPLE:
		return words_class(c->simple, c->redirs != NULL) != WORDS_RUN;
	case SH_GROUP:
		return follow_list_stateful(c->group);
	case SH_IF:
		for (const struct sh_clause *k = c->if_->clauses; k != NULL; k = k->next) {
			if (follow_list_stateful(k->cond) || follow_list_stateful(k->body))
				return true;
		}
		return c->if_->otherwise != NULL && follow_list_stateful(c->if_->otherwise);
	case SH_WHILE:
	case SH_UNTIL:
		return follow_list_stateful(c->loop->cond) || follow_list_stateful(c->loop->body);
	case SH_FOR:
	case SH_SELECT:
		return follow_list_stateful(c->for_->body);
	case SH_CFOR:
		return follow_list_stateful(c->cfor->body);
	case SH_CASE:
		for (const struct sh_case_item *i = c->case_->items; i != NULL; i = i->next) {
			if (follow_list_stateful(i->body))
				return true;
		}
		return false;
	case SH_FUNCTION:
	case SH_COPROC:
		return true;
	default:
		return false;
	}
}

bool follow_stateful(const struct sh_pipeline *p)
{
	return p->commands->next == NULL && p->commands->kind != SH_SUBSHELL && command_stateful(p->commands);
}

bool follow_list_stateful(const struct sh_list *l)
{
	for (const struct sh_andor *a = l->items; a != NULL; a = a->next) {
		for (const struct sh_pipeline *p = a->pipelines; p != NULL; p = p->next) {
			if (follow_stateful(p))
				return true;
		}
	}
	return false;
}

static bool check_list(struct follow *f, const struct sh_list *l, bool inside);

static bool no(struct follow *f, const char *why)
{
	if (f->why == NULL)
		f->why = why;
	return false;
}

/* inside: in something that runs on the target as a whole, whose changes would be lost. */
static bool check_command(struct follow *f, const struct sh_command *c, bool inside)
{
	enum words_class class;

	inside = inside || (c->kind != SH_SIMPLE && !follow_command(c));
	switch (c->kind) {
	case SH_SIMPLE:
		class = words_class(c->simple, c->redirs != NULL);
		if (class == WORDS_REFUSED)
			return no(f, words_refusal(c->simple));
		if (inside && class != WORDS_RUN && class != WORDS_ASSIGN && class != WORDS_BREAK)
			return no(f, "what changes the shell itself (cd, export, exit, set ...) cannot be followed inside this construct; put it on a line of its own");
		return true;
	case SH_GROUP:
		return check_list(f, c->group, inside);
	case SH_IF:
		for (const struct sh_clause *k = c->if_->clauses; k != NULL; k = k->next) {
			if (!check_list(f, k->cond, inside) || !check_list(f, k->body, inside))
				return false;
		}
		return c->if_->otherwise == NULL || check_list(f, c->if_->otherwise, inside);
	case SH_WHILE:
	case SH_UNTIL:
		return check_list(f, c->loop->cond, inside) && check_list(f, c->loop->body, inside);
	case SH_FOR:
	case SH_SELECT:
		return check_list(f, c->for_->body, inside);
	case SH_CFOR:
		return check_list(f, c->cfor->body, inside);
	case SH_CASE:
		for (const struct sh_case_item *i = c->case_->items; i != NULL; i = i->next) {
			if (!check_list(f, i->body, inside))
				return false;
		}
		return true;
	case SH_FUNCTION:
		return no(f, "functions are not kept from one statement to the next; send the script through exec: ssh HOST 'f() { ...; }; f'");
	case SH_COPROC:
		return no(f, "coprocesses do not outlive a statement");
	default:
		return true;
	}
}

static bool check_list(struct follow *f, const struct sh_list *l, bool inside)
{
	for (const struct sh_andor *a = l->items; a != NULL; a = a->next) {
		if (a->sep != SH_SEQ)
			return no(f, "background jobs (&) do not outlive a statement; run it in the foreground, or as a service");
		for (const struct sh_pipeline *q = a->pipelines; q != NULL; q = q->next) {
			if (q->commands->next != NULL || q->commands->kind == SH_SUBSHELL)
				continue; /* a shell of its own */
			if (!check_command(f, q->commands, inside))
				return false;
		}
	}
	return true;
}

const char *follow_refusal(const struct sh_list *l)
{
	struct follow f = { NULL };

	(void)check_list(&f, l, false);
	return f.why;
}

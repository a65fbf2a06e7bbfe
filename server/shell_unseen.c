/* What a statement may change or read where it runs: variables that are not known afterwards, and $? where it is known before. */
#include <string.h>

#include "base/err.h"
#include "policy/shell/parse.h"
#include "policy/shell/render.h"
#include "server/shell_words.h"

struct names {
	struct shell_state *st; /* forget them, or */
	const char *wanted;     /* look for this one */
	bool found;
};

static void name(struct names *k, const char *p, size_t n)
{
	if (n == 0 || n > 256)
		return;
	if (k->wanted != NULL)
		k->found = k->found || (strlen(k->wanted) == n && memcmp(k->wanted, p, n) == 0);
	else
		(void)shell_state_forget(k->st, p, n);
}

static bool name_byte(char c, bool first)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (!first && c >= '0' && c <= '9');
}

/* Every name in the text of an expression that may assign. */
static void arith(struct names *k, const struct sh_word *w)
{
	const struct sh_part *p;
	bool assigns = false;

	for (p = w->parts; p != NULL; p = p->next) {
		if (p->kind == SH_LITERAL && (memchr(p->text.p, '=', p->text.n) != NULL || strstr(p->text.p, "++") != NULL || strstr(p->text.p, "--") != NULL))
			assigns = true;
	}
	for (p = w->parts; p != NULL && assigns; p = p->next) {
		if (p->kind != SH_LITERAL)
			continue;
		for (uint32_t i = 0, j; i < p->text.n; i = j > i ? j : i + 1) {
			for (j = i; j < p->text.n && name_byte(p->text.p[j], j == i); j++)
				;
			name(k, p->text.p + i, j - i);
		}
	}
}

static int on_part(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)depth;
	if (p->kind == SH_PARAM && p->param->op == SH_OP_ASSIGN)
		name(ctx, p->param->name.p, p->param->name.n);
	if (p->kind == SH_ARITH)
		arith(ctx, p->arith->expr);
	return 0;
}

static int on_command(void *ctx, const struct sh_command *c, unsigned depth)
{
	static const char *const readers[] = { "read", "mapfile", "readarray", "printf", "let", "wait" };
	struct names *k = ctx;

	(void)depth;
	if (c->kind == SH_FOR || c->kind == SH_SELECT)
		name(k, c->for_->name.p, c->for_->name.n);
	if (c->kind == SH_SELECT)
		name(k, "REPLY", 5);
	if (c->kind == SH_ARITHCMD)
		arith(k, c->arith);
	if (c->kind == SH_CFOR) {
		arith(k, c->cfor->init);
		arith(k, c->cfor->test);
		arith(k, c->cfor->step);
	}
	if (c->kind != SH_SIMPLE)
		return 0;
	for (const struct sh_assign *a = c->simple->words == NULL ? c->simple->assigns : NULL; a != NULL; a = a->next)
		name(k, a->name.p, a->name.n);
	for (size_t i = 0; c->simple->words != NULL && i < sizeof(readers) / sizeof(*readers); i++) {
		if (!ast_word_is(c->simple->words, readers[i]))
			continue;
		if (i == 0)
			name(k, "REPLY", 5);
		for (const struct sh_word *w = c->simple->words->next; w != NULL; w = w->next) {
			char text[256];
			size_t n = ast_word_bytes(w, text, sizeof(text));

			if (n == (size_t)-1 || n > sizeof(text) || (i == 3 && w != c->simple->words->next->next))
				continue; /* printf: only behind -v */
			for (size_t from = 0, to; from < n; from = to > from ? to : from + 1) {
				for (to = from; to < n && name_byte(text[to], to == from); to++)
					;
				if (i == 4 || to - from == n)
					name(k, text + from, to - from);
			}
		}
	}
	return 0;
}

bool words_assigns(const struct sh_ast *ast, const char *wanted)
{
	struct names k = { .wanted = wanted };
	struct sh_visitor v = { .part = on_part, .command = on_command, .ctx = &k };

	(void)ast_walk(ast, &v);
	return k.found;
}

void words_forget_pipeline(struct shell_state *st, const struct sh_pipeline *p)
{
	struct names k = { .st = st };
	struct sh_visitor v = { .part = on_part, .command = on_command, .ctx = &k };

	if (p->commands->next == NULL && p->commands->kind != SH_SUBSHELL)
		(void)ast_walk_command(p->commands, &v);
}

void words_forget(struct shell_state *st, const struct sh_list *list)
{
	for (const struct sh_andor *a = list->items; a != NULL; a = a->next) {
		for (const struct sh_pipeline *p = a->pipelines; p != NULL; p = p->next)
			words_forget_pipeline(st, p);
	}
}

/* ---- $? ---- */

struct status {
	int status;
	struct arena *arena;
	bool substitution;
};

static int find_substitution(void *ctx, const struct sh_part *p, unsigned depth)
{
	(void)depth;
	if (p->kind == SH_COMSUB || p->kind == SH_PROCSUB)
		((struct status *)ctx)->substitution = true;
	return 0;
}

static int put_status(void *ctx, const struct sh_part *p, unsigned depth)
{
	struct status *s = ctx;
	struct sh_part *part = (struct sh_part *)p; /* the tree was parsed for this call alone */
	char *text;

	(void)depth;
	if (p->kind != SH_PARAM || p->param->op != SH_OP_NONE || p->param->indirect || p->param->subscript != NULL || strcmp(p->param->name.p, "?") != 0)
		return 0;
	text = arena_alloc(s->arena, 4);
	if (text == NULL)
		return 1;
	text[0] = (char)('0' + s->status / 100 % 10);
	text[1] = (char)('0' + s->status / 10 % 10);
	text[2] = (char)('0' + s->status % 10);
	while (text[0] == '0' && text[1] != '\0')
		text++;
	part->kind = SH_LITERAL;
	part->text = (struct sh_text){ text, (uint32_t)strlen(text) };
	return 0;
}

static void first_pipeline(struct status *s, const struct sh_list *l);

/* Only what is surely evaluated before anything has run: the first command, when it holds no substitution. */
static void first_command(struct status *s, const struct sh_command *c)
{
	struct sh_visitor find = { .part = find_substitution, .ctx = s }, put = { .part = put_status, .ctx = s };

	switch (c->kind) {
	case SH_SIMPLE:
	case SH_COND:
		s->substitution = false;
		(void)ast_walk_command(c, &find);
		if (!s->substitution)
			(void)ast_walk_command(c, &put);
		break;
	case SH_GROUP:
	case SH_SUBSHELL:
		first_pipeline(s, c->group);
		break;
	case SH_IF:
		first_pipeline(s, c->if_->clauses->cond);
		break;
	case SH_CASE:
		(void)ast_walk_word(c->case_->subject, &put);
		break;
	default:
		break;
	}
}

static void first_pipeline(struct status *s, const struct sh_list *l)
{
	if (l->items == NULL)
		return;
	for (const struct sh_command *c = l->items->pipelines->commands; c != NULL; c = c->next)
		first_command(s, c);
}

int words_exact_status(const struct sh_ast *ast, int status, struct buf *body, struct shell_uses *u)
{
	struct shell_uses left = { 0 };
	struct status s = { .status = status & 255 };
	struct sh_ast *fresh = NULL;
	struct arena arena;
	struct buf out;
	int r;

	if (!u->status)
		return ERR_OK;
	arena_init(&arena, ARENA_MAX_DEFAULT);
	buf_init(&out, SHELL_MAX_LEN);
	r = shell_parse((const char *)buf_ptr(body), body->len, ast->dialect, &arena, &fresh, NULL);
	if (r == ERR_OK) {
		s.arena = &arena;
		first_pipeline(&s, fresh->list);
		shell_uses(fresh, &left);
		r = shell_render(fresh, &out);
	}
	if (r == ERR_OK && out.len > 0) {
		u->status = left.status;
		buf_clear(body);
		r = buf_put(body, buf_ptr(&out), out.len);
	} else {
		r = ERR_OK; /* as it was: (exit N) stands before it */
	}
	arena_free(&arena);
	buf_free(&out);
	return r;
}

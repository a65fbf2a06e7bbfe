/* Where a parse begins and ends: the gate, the tables of a parse, and the one place that failures jump to. */
#include "policy/shell/parse.h"

#include <string.h>

#include "policy/shell/gate.h"
#include "policy/shell/state.h"

/* Nearly every text is read once. Only a `((` that turns out to be no arithmetic is read again; what nests a dozen of
 * those around most of its bytes is refused. */
#define STEPS_PER_BYTE 16
#define STEPS_FREE     65536

static int gate_error(const char *text, const struct gate *g, struct sh_error *e)
{
	e->code = g->code;
	e->at = (struct sh_pos){(uint32_t)g->clean, (uint32_t)g->lines + 1, 1};
	const char *nl = g->clean > 0 ? memrchr(text, '\n', g->clean) : NULL;
	e->at.col = (uint32_t)(nl == NULL ? g->clean : g->clean - (size_t)(nl - text) - 1) + 1;
	size_t n = strlen(g->what);
	memcpy(e->text, "found ", 6);
	memcpy(e->text + 6, g->what, n + 1);
	return e->code;
}

static int no_memory(struct sh_error *e)
{
	e->code = ERR_NOMEM;
	memcpy(e->text, "no memory", 10);
	return e->code;
}

/* The tables that do not depend on what is read. */
static bool set_up(struct ps *p, const char *text, const struct gate *g, enum dialect d, struct arena *a)
{
	memset(p, 0, sizeof(*p));
	p->s = (struct src){text, (uint32_t)g->clean, 0, NULL};
	p->a = a;
	p->dialect = d;
	p->t = traits_of(d);
	p->budget = (uint64_t)STEPS_PER_BYTE * g->clean + STEPS_FREE;
	p->hidden = g->hidden;
	uint32_t *lines = arena_alloc(a, (g->lines + 1) * sizeof(*lines));
	p->not_arith = arena_alloc(a, g->clean / 8 + 1);
	if (lines == NULL || p->not_arith == NULL)
		return false;
	p->lines = lines;
	p->nlines = 1;
	if (g->lines > 0)
		for (size_t i = 0; i < g->clean; i++)
			if (text[i] == '\n')
				lines[p->nlines++] = (uint32_t)i + 1;
	return true;
}

struct job {
	struct sh_ast *ast;
	bool one_line;
};

static void read_text(struct ps *p, void *arg)
{
	struct job *j = arg;
	struct sh_ast *ast = j->ast = ps_new(p, sizeof(*ast));
	ast->dialect = p->dialect;
	if (p->t == NULL) {
		plain_parse(p, ast, j->one_line);
	} else {
		ps_cook(p);
		ast->list = list_parse(p, j->one_line);
		if (!p->line_done && ps_cur(p) != END)
			ps_expected(p, "a separator or the end of the text");
		if (!p->line_done && p->here.n > 0)
			heredoc_bodies(p);
	}
	if (p->streaming && !p->line_done)
		ps_expected(p, "a newline");
	ast->len = p->i;
}

static int parse(struct ps *p, const char *text, const struct gate *g, struct job *j, enum dialect d, struct arena *a,
		 struct sh_error *e)
{
	bool streaming = p->streaming;
	if (!set_up(p, text, g, d, a))
		return no_memory(e);
	p->streaming = streaming;
	if (ps_guard(p, read_text, j))
		return ERR_OK;
	*e = p->err;
	return e->code;
}

int shell_parse(const char *text, size_t len, enum dialect d, struct arena *a, struct sh_ast **out, struct sh_error *e)
{
	struct sh_error unused;
	struct gate g;
	struct ps p;
	struct job j = {NULL, false};
	if (e == NULL)
		e = &unused;
	memset(e, 0, sizeof(*e));
	*out = NULL;
	gate_scan(text, len, SHELL_MAX_LEN, &g);
	if (g.what != NULL)
		return gate_error(text, &g, e);
	p.streaming = false;
	int r = parse(&p, text, &g, &j, d, a, e);
	if (r == ERR_OK)
		*out = j.ast;
	return r;
}

int shell_parse_statement(const char *text, size_t len, bool eof, enum dialect d, struct arena *a, struct sh_ast **out,
			  size_t *taken, struct sh_error *e)
{
	struct sh_error unused;
	struct gate g;
	struct ps p;
	struct job j = {NULL, true};
	if (e == NULL)
		e = &unused;
	memset(e, 0, sizeof(*e));
	*out = NULL;
	*taken = 0;
	gate_scan(text, len, SHELL_MAX_LEN, &g);
	p.streaming = !eof || g.what != NULL;
	if (p.streaming && g.what == NULL) {
		/* What stands behind the last newline completes nothing, and may be the half of a word. */
		const char *nl = g.clean > 0 ? memrchr(text, '\n', g.clean) : NULL;
		g.clean = nl == NULL ? 0 : (size_t)(nl - text) + 1;
	}
	int r = parse(&p, text, &g, &j, d, a, e);
	/* What ends where the gate closed is not unfinished: nothing may come behind it. */
	if (r == ERR_AGAIN && g.what != NULL)
		return gate_error(text, &g, e);
	if (r == ERR_OK) {
		*out = j.ast;
		*taken = j.ast->len;
	}
	return r;
}

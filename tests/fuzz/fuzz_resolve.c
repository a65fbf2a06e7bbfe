/* Words and acts of texts from nowhere, in every dialect: whatever parses is read within its bounds; every field ends where it
 * says; what is called known is known in all its words; and reading a tree twice finds the same. The first byte says which
 * shell, whether there is a terminal, and whether the directory is known. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/acts.h"
#include "policy/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena a, b;

static void fail(const char *what, const char *text, size_t n)
{
	fprintf(stderr, "%s\n%.*s\n", what, (int)n, text);
	abort();
}

static bool field_whole(const struct field *f)
{
	if (f->p == NULL || f->p[f->n] != '\0' || f->kind > CONFIDENCE_OPAQUE)
		return false;
	/* An exact word is one word, and holds no NUL that would end it earlier for the program than for the rules. */
	return f->kind != CONFIDENCE_EXACT || ((f->flags & FIELD_MULTI) == 0 && strlen(f->p) == f->n);
}

static void check_act(const struct act *act, const char *text, size_t n)
{
	unsigned worst = 0;

	if (act->kind == ACT_EVAL && (!act->opaque || act->why == NULL))
		fail("an evaluation that is not opaque, or does not say why", text, n);
	for (unsigned i = 0; i < act->argc; i++) {
		if (!field_whole(&act->argv[i]))
			fail("a word that is not whole", text, n);
		if (act->argv[i].kind > worst)
			worst = act->argv[i].kind;
	}
	if (act->kind == ACT_COMMAND && act->confidence < worst)
		fail("a command that is better known than its words", text, n);
	if (act->kind == ACT_COMMAND && act->argc > 0 && !act->opaque && act->argv[0].kind != CONFIDENCE_EXACT)
		fail("a command whose name is not known counts as known", text, n);
	for (unsigned i = 0; i < act->nops; i++) {
		if (act->ops[i] == 0 || act->ops[i] >= act->argc)
			fail("an operand that is no word", text, n);
	}
	for (unsigned i = 0; i < act->nopts; i++) {
		const struct act_opt *o = &act->opts[i];

		if (o->at == 0 || o->at >= act->argc || o->arg >= (int)act->argc || (o->arg >= 0 && o->arg_off > act->argv[o->arg].n))
			fail("an option that is no word", text, n);
	}
	for (const struct path_use *u = act->paths; u != NULL; u = u->next) {
		if (!field_whole(&u->path) && u->path.kind == CONFIDENCE_EXACT)
			fail("a path that is not whole", text, n);
		if (u->path.kind == CONFIDENCE_EXACT && !u->dots && !(u->path.flags & FIELD_HOME) && strstr(u->path.p, "/../") != NULL)
			fail("a path with .. that is said to have none", text, n);
	}
}

static bool same_act(const struct act *x, const struct act *y)
{
	if (x->kind != y->kind || x->opaque != y->opaque || x->neutral != y->neutral || x->covered != y->covered || x->code != y->code || x->effects != y->effects ||
	    x->confidence != y->confidence || x->argc != y->argc || x->nops != y->nops || x->nopts != y->nopts)
		return false;
	for (unsigned i = 0; i < x->argc; i++) {
		if (x->argv[i].kind != y->argv[i].kind || x->argv[i].n != y->argv[i].n || memcmp(x->argv[i].p, y->argv[i].p, x->argv[i].n) != 0)
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_question q;
	struct reading r, again;
	struct sh_ast *ast;
	struct sh_error e;
	char *text;
	size_t n;

	if (size < 1 || size > 8192)
		return 0;
	if (a.max == 0) {
		arena_init(&a, ARENA_MAX_DEFAULT);
		arena_init(&b, ARENA_MAX_DEFAULT);
	}
	n = size - 1;
	text = malloc(n > 0 ? n : 1);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, n);
	memset(&q, 0, sizeof(q));
	q.kind = QUESTION_EXEC;
	q.text = text;
	q.len = n;
	q.dialect = (enum dialect)(data[0] % 7);
	q.has_pty = (data[0] & 8) != 0;
	q.cwd = (data[0] & 16) != 0 ? "/srv/app" : NULL;
	if (shell_parse(text, n, q.dialect, &a, &ast, &e) == ERR_OK) {
		int code = acts_read(&r, &a, &q, ast);
		const struct act *x, *y;

		if (code == ERR_OK) {
			if (r.nacts > MAX_ACTS + 1)
				fail("more acts than the limit", text, n);
			for (x = r.acts; x != NULL; x = x->next)
				check_act(x, text, n);
			if (acts_read(&again, &b, &q, ast) == ERR_OK) {
				for (x = r.acts, y = again.acts; x != NULL && y != NULL && same_act(x, y); x = x->next, y = y->next)
					;
				if (x != NULL || y != NULL)
					fail("the same tree, read again, does something else", text, n);
			}
		} else if (code != ERR_NOMEM && code != ERR_LIMIT) {
			fail("reading fails", text, n);
		}
	}
	arena_reset(&a);
	arena_reset(&b);
	free(text);
	return 0;
}

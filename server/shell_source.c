/* The managed shell's statements: taken from bytes by the parser, not by newlines. Distrusts every byte. */
#include "server/shell_int.h"

#include <stdio.h>
#include <string.h>

#include "policy/policy.h"

enum {
	FIRST_LOOK = 4096, /* bytes that are parsed at first; twice as many while they do not suffice */
	LOOKS_MAX = 8192   /* times that an unfinished statement is looked at */
};

void shell_refuse_text(struct channel *c, struct view text, const char *why)
{
	struct shell *sh = c->shell;

	sh->step.kind = STEP_REFUSE;
	sh->step.show = false;
	sh->alone = true;
	snprintf(sh->step.error, sizeof(sh->step.error), "sallyport: syntax error: %.200s", why);
	buf_clear(&sh->step.text);
	(void)buf_put(&sh->step.text, text.p, text.n < SHELL_MAX_LEN ? text.n : SHELL_MAX_LEN);
	buf_clear(&sh->pending);
	sh->looked = 0;
	sh->looks = 0;
	shell_ask(c);
}

/* One statement from the front of `pending`. True: something was done with it. */
bool shell_take(struct channel *c, bool eof)
{
	struct shell *sh = c->shell;
	const char *p = (const char *)buf_ptr(&sh->pending);
	size_t n = sh->pending.len, look, taken = 0;
	struct sh_ast *ast = NULL;
	struct sh_error e;
	int r;

	if (n == 0 || (!eof && (n == sh->looked || memchr(p + sh->looked, '\n', n - sh->looked) == NULL)))
		return false;
	for (look = n < FIRST_LOOK ? n : FIRST_LOOK;; look = look * 2 < n ? look * 2 : n) {
		arena_reset(&sh->arena);
		r = shell_parse_statement(p, look, eof && look == n, (enum dialect)c->session->dialect, &sh->arena, &ast, &taken, &e);
		if (r != ERR_AGAIN || look == n)
			break;
	}
	if (r == ERR_AGAIN && ++sh->looks < LOOKS_MAX) {
		sh->looked = n;
		return false;
	}
	if (r != ERR_OK) {
		shell_refuse_text(c, (struct view){ (const uint8_t *)p, n }, r == ERR_AGAIN ? "a statement in too many pieces" : eof ? "unexpected end of file" : e.text);
		return true;
	}
	sh->looked = 0;
	sh->looks = 0;
	buf_clear(&sh->source);
	r = buf_put(&sh->source, p, taken > 0 && p[taken - 1] == '\n' ? taken - 1 : taken);
	buf_consume(&sh->pending, taken);
	if (ast->list == NULL || ast->list->items == NULL)
		return true;
	if (sh->edit != NULL)
		edit_remember(sh->edit, (struct view){ buf_ptr(&sh->source), sh->source.len });
	if (r == ERR_OK)
		sh->plan = shell_plan_new(ast, (struct view){ buf_ptr(&sh->source), sh->source.len }, &sh->st);
	if (sh->plan == NULL)
		session_cut(c->session, "out of memory");
	return true;
}

bool shell_read_script(struct channel *c)
{
	struct shell *sh = c->shell;
	bool moved = false, end;

	if (c->in.raw.len > 0 && sh->pending.len < SHELL_PENDING_MAX / 2 && buf_put(&sh->pending, buf_ptr(&c->in.raw), c->in.raw.len) == ERR_OK) {
		buf_clear(&c->in.raw);
		moved = true;
	}
	end = c->in.eof && c->in.raw.len == 0;
	if (shell_take(c, end))
		return true;
	if (end && sh->pending.len == 0) {
		shell_leave(c, sh->st.status);
		return true;
	}
	return moved;
}

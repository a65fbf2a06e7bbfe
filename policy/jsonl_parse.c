/* One JSON line in, one out. The line is foreign: strict JSON, bounded by the caller, and the command's bytes go to the
 * parser as they are. */
#include "policy/jsonl_parse.h"

#include <jansson.h>
#include <string.h>

#include "policy/shell/parse.h"

static int answer(json_t *id, bool ok, const struct sh_error *e, struct buf *out)
{
	json_t *o;
	if (ok)
		o = json_pack("{s:O, s:b, s:n, s:n}", "id", id, "ok", 1, "error", "at");
	else
		o = json_pack("{s:O, s:b, s:s, s:i, s:i, s:i}", "id", id, "ok", 0, "error", e->text, "at",
			      (int)e->at.off, "line", (int)e->at.line, "column", (int)e->at.col);
	char *s = o == NULL ? NULL : json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
	int r = s == NULL ? ERR_NOMEM : buf_put_str(out, s);
	if (r == ERR_OK)
		r = buf_put_u8(out, '\n');
	free(s);
	json_decref(o);
	return r;
}

static int refuse(json_t *id, const char *text, struct buf *out)
{
	struct sh_error e = {.code = ERR_MALFORMED, .at = {0, 1, 1}};
	strncpy(e.text, text, sizeof(e.text) - 1);
	return answer(id, false, &e, out);
}

int parse_jsonl_line(const char *line, size_t n, struct buf *out)
{
	struct arena a;
	struct sh_ast *ast;
	struct sh_error e;
	enum dialect d = DIALECT_BASH;
	json_t *o = json_loadb(line, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL), *null = json_null();
	json_t *id = json_object_get(o, "id"), *command = json_object_get(o, "command"),
	       *shell = json_object_get(o, "shell");
	int r;
	if (id == NULL)
		id = null;
	if (!json_is_object(o))
		r = refuse(id, "expected a JSON object with id, command and shell", out);
	else if (!json_is_string(command))
		r = refuse(id, "expected a string as command", out);
	else if (shell != NULL && (!json_is_string(shell) || dialect_parse(json_string_value(shell), &d) != ERR_OK))
		r = refuse(id, "expected bash, sh, dash, zsh, mksh, busybox, fish or csh as shell", out);
	else {
		arena_init(&a, ARENA_MAX_DEFAULT);
		int code = shell_parse(json_string_value(command), json_string_length(command), d, &a, &ast, &e);
		r = answer(id, code == ERR_OK, &e, out);
		arena_free(&a);
	}
	json_decref(o);
	return r;
}

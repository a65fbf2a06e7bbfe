/* policy_eval_line(): one question as a JSON line, one answer as a JSON line (DESIGN section 6). Distrusts the line. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/policy.h"

#define EVAL_MAX_GROUPS 64
#define EVAL_MAX_TAGS 64

static const char *eval_str(json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* JSON strings may hold bytes that are not UTF-8 only by escapes; what we show back of them is made valid. */
static json_t *eval_text(const char *s, size_t n)
{
	json_t *j = json_stringn(s, n);
	char *t;

	if (j != NULL)
		return j;
	t = malloc(n + 1);
	if (t == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		t[i] = (signed char)s[i] < 0 ? '?' : s[i];
	j = json_stringn(t, n);
	free(t);
	return j;
}

static int eval_fail(json_t *id, const char *reason, struct buf *out)
{
	json_t *o = json_pack("{s:O?,s:s,s:s,s:s,s:n,s:[],s:s}", "id", id, "verdict", "deny", "rule", "input", "confidence", "opaque", "canonical", "commands", "reason", reason);
	char *s = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
	int r = s == NULL ? ERR_NOMEM : buf_put_str(out, s);

	free(s);
	json_decref(o);
	return r == ERR_OK ? buf_put_u8(out, '\n') : r;
}

static int eval_answer(json_t *id, const struct policy_answer *a, struct buf *out)
{
	json_t *o = json_object(), *commands = json_array();
	char *s;
	int r;

	for (size_t i = 0; i < a->ncommands; i++) {
		json_t *argv = json_array();

		for (size_t k = 0; k < a->commands[i].argc; k++)
			json_array_append_new(argv, eval_text(a->commands[i].argv[k], strlen(a->commands[i].argv[k])));
		json_array_append_new(commands, argv);
	}
	json_object_set(o, "id", id != NULL ? id : json_null());
	json_object_set_new(o, "verdict", json_string(verdict_name(a->verdict)));
	json_object_set_new(o, "rule", json_string(a->rule));
	json_object_set_new(o, "confidence", json_string(confidence_name(a->confidence)));
	json_object_set_new(o, "canonical", a->canonical && a->text != NULL ? eval_text(a->text, a->text_len) : json_null());
	json_object_set_new(o, "commands", commands);
	json_object_set_new(o, "reason", json_string(a->reason));
	s = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	if (s == NULL)
		return ERR_NOMEM;
	r = buf_put_str(out, s);
	free(s);
	return r == ERR_OK ? buf_put_u8(out, '\n') : r;
}

int policy_eval_line(const struct policy *p, const char *line, size_t n, struct buf *out)
{
	json_error_t error;
	json_t *in = json_loadb(line, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error), *who, *target, *list, *v, *id;
	const char *groups[EVAL_MAX_GROUPS], *name;
	struct tag tags[EVAL_MAX_TAGS];
	struct policy_question q;
	struct policy_answer a;
	size_t i;
	int r;

	if (in == NULL || !json_is_object(in)) {
		json_decref(in);
		return eval_fail(NULL, "the line is not a JSON object", out);
	}
	memset(&q, 0, sizeof(q));
	id = json_object_get(in, "id");
	v = json_object_get(in, "command");
	name = eval_str(in, "shell");
	if (!json_is_string(v)) {
		r = eval_fail(id, "the line has no command", out);
		goto out;
	}
	q.kind = QUESTION_EXEC;
	q.text = json_string_value(v);
	q.len = json_string_length(v);
	q.dialect = DIALECT_BASH;
	if (name != NULL && dialect_parse(name, &q.dialect) != ERR_OK) {
		r = eval_fail(id, "the shell is not one of bash, dash, sh, zsh, mksh, busybox, fish, csh", out);
		goto out;
	}
	who = json_object_get(in, "who");
	q.subject = eval_str(who, "subject");
	q.issuer = eval_str(who, "issuer");
	list = json_object_get(who, "groups");
	q.groups = groups;
	json_array_foreach(list, i, v) {
		if (q.ngroups < EVAL_MAX_GROUPS && json_is_string(v))
			groups[q.ngroups++] = json_string_value(v);
	}
	target = json_object_get(in, "target");
	q.target = eval_str(target, "name");
	list = json_object_get(target, "tags");
	q.tags = tags;
	json_object_foreach(list, name, v) {
		if (q.ntags < EVAL_MAX_TAGS && json_is_string(v)) {
			tags[q.ntags].name = name;
			tags[q.ntags++].value = json_string_value(v);
		}
	}
	r = policy_decide(p, &q, &a);
	if (r != ERR_OK)
		r = eval_fail(id, "out of memory", out);
	else
		r = eval_answer(id, &a, out);
	policy_answer_free(&a);
out:
	json_decref(in);
	return r;
}

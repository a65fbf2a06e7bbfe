/* Whether a file operation is allowed: each path that it names, and each that one of them leads to, by the path rules; the strictest
 * answer counts. The same rules hold for the paths of commands. */
#include <string.h>

#include "base/err.h"
#include "policy/answer.h"
#include "policy/path.h"
#include "policy/rules.h"

enum { FILE_PATH_MAX = 4096 };

static const uint16_t does[] = { EFFECT_READ, EFFECT_WRITE, EFFECT_DELETE, EFFECT_READ, EFFECT_WRITE };
static const char *const names[] = { "read", "write", "delete", "list", "change" };

static bool path_form(const char *path, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)path[i] < 32 || path[i] == 127)
			return false;
	}
	return n > 0 && n < FILE_PATH_MAX;
}

/* What is done, as a person reads it: write '/srv/x'; read '/srv/y'. */
static int file_say(struct buf *out, const struct policy_path *w)
{
	int r = buf_printf(out, "%s%s%s '", out->len > 0 ? "; " : "", names[w->op], w->tree ? " all of" : "");

	for (size_t i = 0; i < w->len && r == ERR_OK; i++)
		r = w->path[i] == '\'' ? buf_put_str(out, "'\\''") : buf_put_u8(out, (uint8_t)w->path[i]);
	return r < 0 ? r : buf_put_str(out, "'");
}

/* 0 allow, 1 approve, 2 no rule, 3 deny */
static unsigned strictness(const struct judgement *j)
{
	return j->verdict < 0 ? 2 : j->verdict == VERDICT_DENY ? 3 : (unsigned)j->verdict;
}

static int file_judge(const struct scope *s, const struct policy_path *w, struct arena *arena, struct judgement *worst, const struct policy_path **which)
{
	const char *home = s->q->cwd != NULL && s->q->cwd[0] == '/' ? s->q->cwd : NULL;
	bool below = home != NULL && w->path[0] != '/'; /* relative, or ~/ */
	size_t skip = below && w->path[0] == '~' && (w->len == 1 || w->path[1] == '/') ? 1 : 0, n = below ? strlen(home) + 1 : 0;
	char *path = arena_alloc(arena, n + w->len + 1);
	struct judgement j;

	if (path == NULL)
		return ERR_NOMEM;
	if (below) {
		memcpy(path, home, n - 1);
		path[n - 1] = '/';
	}
	memcpy(path + n, w->path + skip, w->len - skip);
	path[n + w->len - skip] = '\0';
	j = judge_path(s, does[w->op], path, home, w->tree);
	if (j.verdict < 0 && s->policy->profile == PROFILE_GUARD)
		j.verdict = VERDICT_ALLOW;
	if (*which == NULL || strictness(&j) > strictness(worst)) {
		*worst = j;
		*which = w;
	}
	return ERR_OK;
}

int decide_file(const struct policy *p, const struct policy_question *q, struct policy_answer *a, struct pooled *mem)
{
	struct scope scope = { p, q, NULL, false }, with = { p, q, NULL, true };
	struct policy_path first = { .op = q->op, .path = q->text, .len = q->len };
	const struct policy_path *which = NULL, *w = &first, *ignored = NULL;
	struct judgement worst = { -1, NULL }, shadow = { -1, NULL };
	int r = ERR_OK;

	buf_clear(&mem->text);
	for (size_t i = 0; i <= q->npaths && r == ERR_OK; i++) {
		w = i == 0 ? &first : &q->paths[i - 1];
		if (w->path == NULL || !path_form(w->path, w->len) || (unsigned)w->op > FILE_META) {
			a->rule = "gate:bytes";
			a->reason = "a path that is empty, too long or holds control bytes";
			return ERR_OK;
		}
		r = file_judge(&scope, w, &mem->arena, &worst, &which);
		if (r == ERR_OK && p->any_shadow)
			r = file_judge(&with, w, &mem->arena, &shadow, &ignored);
		/* A tree stands in the list again, as one. */
		if (r == ERR_OK && !(i == 0 && q->npaths > 0 && q->paths[0].tree && q->paths[0].op == q->op))
			r = file_say(&mem->text, w);
	}
	if (r < 0)
		return r;
	answer_rule(a, worst.rule);
	if (worst.verdict < 0)
		worst.verdict = VERDICT_DENY;
	if (worst.rule != NULL && worst.rule->reason != NULL)
		a->reason = answer_text(&mem->arena, worst.rule->reason);
	else if (worst.rule == NULL && worst.verdict == VERDICT_DENY)
		a->reason = answer_printf(&mem->arena, "no rule allows it to %s %s%.300s", names[which->op], which->tree ? "all of " : "",
					  arena_copy(&mem->arena, which->path, which->len));
	else
		a->reason = answer_printf(&mem->arena, "rule %s says %s", a->rule, verdict_name((enum verdict)worst.verdict));
	answer_verdict(p, a, worst.verdict, p->any_shadow ? (shadow.verdict < 0 ? VERDICT_DENY : shadow.verdict) : worst.verdict);
	a->text = arena_copy(&mem->arena, buf_ptr(&mem->text), mem->text.len);
	a->text_len = mem->text.len;
	a->canonical = true;
	return a->text == NULL || a->reason == NULL ? ERR_NOMEM : ERR_OK;
}

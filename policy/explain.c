/* policy_explain(): what a person reads to understand a verdict. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "policy/answer.h"
#include "policy/rules.h"
#include "policy/shell/dump.h"
#include "policy/shell/parse.h"
#include "policy/shell/render.h"
#include "policy/walk.h"

struct out {
	struct buf *b;
	int r;
};

static void put(struct out *o, const char *s)
{
	if (o->r == ERR_OK)
		o->r = buf_put_str(o->b, s);
}

/* Bytes from outside, so that a terminal shows them and does nothing else. */
static void put_safe(struct out *o, const char *s, size_t n)
{
	for (size_t i = 0; i < n && o->r == ERR_OK; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '\n')
			put(o, "\\n");
		else if (c < 32 || c > 126)
			o->r = buf_printf(o->b, "\\x%02x", c);
		else
			o->r = buf_put_u8(o->b, c);
	}
}

static void put_field(struct out *o, const struct field *f)
{
	bool plain = f->n > 0;

	if (f->kind == CONFIDENCE_OPAQUE) {
		put(o, "<");
		put_safe(o, f->p, f->n);
		put(o, (f->flags & FIELD_MULTI) ? "?...>" : "?>");
		return;
	}
	for (uint32_t i = 0; i < f->n; i++)
		plain = plain && strchr(" \t\n'\"$`\\;&|<>(){}#!", f->p[i]) == NULL;
	if (f->kind == CONFIDENCE_PATTERN)
		put(o, "<");
	else if (!plain)
		put(o, "'");
	put_safe(o, f->p, f->n);
	if (f->kind == CONFIDENCE_PATTERN)
		put(o, ">");
	else if (!plain)
		put(o, "'");
}

static unsigned act_depth(const struct act *a)
{
	unsigned d = 0;

	for (; a->outer != NULL && d < 20; a = a->outer)
		d++;
	return d;
}

static void put_effects(struct out *o, const struct act *a)
{
	char names[128] = "";

	table_effect_names(a->effects, names, sizeof(names));
	put(o, "      effects: ");
	put(o, names[0] != '\0' ? names : (a->paths != NULL ? "only on paths" : a->neutral ? "those of what it runs" : "none"));
	for (const struct path_use *u = a->paths; u != NULL; u = u->next) {
		char what[64] = "";

		table_effect_names(u->effects, what, sizeof(what));
		put(o, "; ");
		put(o, what);
		put(o, " ");
		if (u->path.kind == CONFIDENCE_OPAQUE)
			put(o, "a path that is not known");
		else {
			put(o, u->maybe ? "perhaps " : "");
			put_safe(o, u->path.p, u->path.n);
		}
	}
	put(o, "\n");
}

static void put_act(struct out *o, const struct scope *s, const struct act *a, const struct act *which)
{
	struct judgement j = judge_act(s, a);

	put(o, a == which ? "  > " : "    ");
	for (unsigned i = act_depth(a); i > 0; i--)
		put(o, "  ");
	if (a->kind == ACT_COMMAND) {
		for (unsigned i = 0; i < a->argc && i < 200; i++) {
			if (i > 0)
				put(o, " ");
			put_field(o, &a->argv[i]);
		}
		if (a->argc > 200)
			put(o, " ...");
	} else {
		put(o, a->kind == ACT_REDIRECT ? "(a redirection)" : "(a construct)");
	}
	if (o->r == ERR_OK && a->at.line > 0)
		o->r = buf_printf(o->b, "   [%u:%u]", a->at.line, a->at.col);
	put(o, "\n");
	put_effects(o, a);
	if (a->why != NULL) {
		put(o, a->opaque ? "      not known: " : "      note: ");
		put_safe(o, a->why, strlen(a->why));
		put(o, "\n");
	}
	put(o, "      rules: ");
	if (a->neutral && j.verdict < 0)
		put(o, "none; what it runs decides\n");
	else if (j.verdict < 0)
		put(o, "none matches\n");
	else if (o->r == ERR_OK)
		o->r = buf_printf(o->b, "%s: %s\n", j.rule != NULL ? j.rule->id : "default", verdict_name((enum verdict)j.verdict));
}

static void put_would_pass(struct out *o, const struct policy_question *q, const struct policy_answer *a, const struct act *which)
{
	if (a->verdict == VERDICT_ALLOW)
		return;
	put(o, "what would pass:\n");
	if (a->instead != NULL) {
		put(o, "  ");
		put_safe(o, a->instead, strlen(a->instead));
		put(o, "\n");
	}
	if (which != NULL && which->opaque) {
		put(o, "  the same with every command word, option and path written out: no eval, no variable as command, no text piped into a shell\n");
	} else if (which != NULL && which->kind == ACT_COMMAND && (which->effects & EFFECT_UNKNOWN) != 0) {
		put(o, "  options and subcommands that the tables know (docs/policy.md), or a rule that names the command:\n    allow: [\"");
		for (unsigned i = 0; i < which->argc && i < 40; i++) {
			if (i > 0)
				put(o, " ");
			if (which->argv[i].kind == CONFIDENCE_EXACT)
				put_safe(o, which->argv[i].p, which->argv[i].n);
			else
				put(o, (which->argv[i].flags & FIELD_MULTI) ? "**" : "*");
		}
		put(o, "\"]\n");
	} else if (a->verdict == VERDICT_APPROVE) {
		put(o, "  a person's approval");
		for (size_t i = 0; i < a->napprovers; i++) {
			put(o, i == 0 ? " (" : ", ");
			put(o, a->approvers[i]);
		}
		put(o, a->napprovers > 0 ? ")\n" : "\n");
	} else if (strcmp(a->rule, "default") == 0 && q->kind == QUESTION_FILE) {
		put(o, "  a rule for this identity and target that names the path:\n    allow: [{ ");
		put(o, q->op == FILE_DELETE ? "delete" : q->op == FILE_READ || q->op == FILE_LIST ? "read" : "write");
		put(o, ": [\"");
		put_safe(o, q->text, q->len);
		put(o, "\"] }]\n");
	} else if (strcmp(a->rule, "default") == 0) {
		put(o, "  a rule for this identity and target that allows it, or commands that only read where the pack core.readonly is used\n");
	}
}

int policy_explain(const struct policy *p, const struct policy_question *q, struct buf *b)
{
	struct out o = { b, ERR_OK };
	struct policy_answer a;
	struct arena arena;
	struct sh_ast *ast = NULL;
	struct reading r;
	struct scope scope = { p, q, NULL, false };
	const struct act *which = NULL;
	int rc = policy_decide(p, q, &a);

	if (rc != ERR_OK)
		return rc;
	arena_init(&arena, ARENA_MAX_DEFAULT * 2);
	o.r = buf_printf(b, "verdict:    %s\n", verdict_name(a.verdict));
	if (o.r == ERR_OK && !a.enforced)
		o.r = buf_printf(b, "            (not enforced here; it would be %s)\n", verdict_name(a.would_be));
	if (o.r == ERR_OK)
		o.r = buf_printf(b, "rule:       %s\nconfidence: %s\n", a.rule, confidence_name(a.confidence));
	put(&o, "reason:     ");
	put_safe(&o, a.reason, strlen(a.reason));
	put(&o, "\n");
	if (a.needs_stdin)
		put(&o, "            (standard input is a program: Sallyport reads it first, and decides on it)\n");
	if ((q->kind == QUESTION_EXEC || q->kind == QUESTION_STATEMENT) && q->text != NULL && shell_parse(q->text, q->len, q->dialect, &arena, &ast, NULL) == ERR_OK) {
		put(&o, "tree:\n");
		if (o.r == ERR_OK)
			o.r = ast_dump(ast, b);
		put(&o, "\n");
		if (o.r == ERR_OK && acts_read(&r, &arena, q, ast) == ERR_OK) {
			(void)judge_acts(&scope, &r, &which);
			put(&o, "what would run, after unwrapping (> decided it; <...> is not known to the byte):\n");
			for (const struct act *x = r.acts; x != NULL && o.r == ERR_OK; x = x->next)
				if (!x->again || answer_shows(&r, x))
					put_act(&o, &scope, x, which);
		}
		if (a.text != NULL) {
			put(&o, a.canonical ? "the target's shell would get:\n  " : "the target's shell would get these exact bytes:\n  ");
			put_safe(&o, a.text, a.text_len);
			put(&o, "\n");
		}
	}
	put_would_pass(&o, q, &a, which);
	policy_answer_free(&a);
	arena_free(&arena);
	return o.r;
}

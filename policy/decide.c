/* policy_decide(): from a question to an answer. Everything an answer holds lies in one arena, taken from a pool of this
 * thread's, so that deciding takes nothing from the heap once it is warm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/answer.h"
#include "policy/destination.h"
#include "policy/path.h"
#include "policy/shell/dump.h"
#include "policy/shell/parse.h"
#include "policy/shell/render.h"

#define POOL_MAX 4
#define KEEP_MAX 65536 /* a buffer that grew beyond is given back */
#define STDIN_CAP SHELL_MAX_LEN
#define RENDER_MAX ((size_t)1 << 20)
#define ARG_MAX_ONE 131000 /* bytes in one argument that Linux takes (MAX_ARG_STRLEN less a page's worth of care) */

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = { "allow", "approve", "deny" };

	return v <= VERDICT_DENY ? names[v] : "deny";
}

const char *confidence_name(enum confidence c)
{
	static const char *const names[] = { "exact", "pattern", "opaque", "raw" };

	return c <= CONFIDENCE_RAW ? names[c] : "opaque";
}

/* ---- Memory -------------------------------------------------------------------------------------------------------------- */

static __thread struct pooled *pool[POOL_MAX];
static __thread unsigned npool;

static struct pooled *pool_take(void)
{
	struct pooled *p;

	if (npool > 0)
		return pool[--npool];
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	arena_init(&p->arena, ARENA_MAX_DEFAULT * 2);
	arena_init(&p->again, ARENA_MAX_DEFAULT * 2);
	buf_init(&p->text, RENDER_MAX);
	buf_init(&p->dump[0], DUMP_MAX);
	buf_init(&p->dump[1], DUMP_MAX);
	return p;
}

static void pool_give(struct pooled *p)
{
	if (p == NULL)
		return;
	arena_reset(&p->arena);
	arena_reset(&p->again);
	if (npool < POOL_MAX && p->text.cap <= KEEP_MAX && p->dump[0].cap <= KEEP_MAX && p->dump[1].cap <= KEEP_MAX) {
		buf_clear(&p->text);
		pool[npool++] = p;
		return;
	}
	arena_free(&p->arena);
	arena_free(&p->again);
	buf_free(&p->text);
	buf_free(&p->dump[0]);
	buf_free(&p->dump[1]);
	free(p);
}

/* ---- Statements --------------------------------------------------------------------------------------------------------------- */

/* Whether a rendering is read as the tree that was decided. It always should be (fuzz_shell); were it not, what ran would be something else. */
static bool reads_back(struct pooled *p, const struct sh_ast *ast)
{
	const char *s = p->text.len > 0 ? (const char *)buf_ptr(&p->text) : "";
	struct sh_ast *again;

	arena_reset(&p->again);
	return shell_parse(s, p->text.len, ast->dialect, &p->again, &again, NULL) == ERR_OK &&
	       ast_equal_in(ast, again, &p->dump[0], &p->dump[1]);
}

static const char *render_keep(struct pooled *p, const struct sh_ast *ast, bool runs, size_t *n)
{
	buf_clear(&p->text);
	if (shell_render(ast, &p->text) != ERR_OK || p->text.len > ARG_MAX_ONE || (runs && !reads_back(p, ast)))
		return NULL;
	*n = p->text.len;
	return arena_copy(&p->arena, buf_ptr(&p->text), p->text.len);
}

/* The shell whose program came on standard input gets it as -c TEXT instead: code never travels where a command that it
 * runs could eat a part of it. Changes the tree in place. */
static bool stdin_into_tree(struct pooled *p, const struct policy_question *q, const struct reading *r)
{
	struct sh_simple *s = (struct sh_simple *)r->stdin_command;
	struct sh_word *shell = s->words, **at;
	struct sh_part *part;
	struct sh_word *dash_c, *text, *zero;
	unsigned skip;

	/* The words of the tree are the words of the argv only where none of them expands. */
	for (const struct sh_word *w = s->words; w != NULL; w = w->next) {
		if (!ast_word_exact(w))
			return false;
	}
	if (r->stdin_argc > s->nwords)
		return false;
	for (skip = s->nwords - r->stdin_argc; skip > 0; skip--)
		shell = shell->next;
	{
		static const char *const shells[] = { "sh", "bash", "dash", "ash", "zsh", "mksh", "rbash", NULL };
		char name[64];
		size_t n = ast_word_bytes(shell, name, sizeof(name) - 1);
		bool found = false;

		if (n == (size_t)-1 || n >= sizeof(name) - 1)
			return false;
		name[n] = '\0';
		for (unsigned i = 0; shells[i] != NULL; i++)
			found = found || strcmp(shells[i], strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name) == 0;
		if (!found)
			return false;
	}
	/* -s goes; what follows it (or --) are parameters; other options stay in front of -c. */
	at = &shell->next;
	while (*at != NULL) {
		char o[64];
		size_t n = ast_word_bytes(*at, o, sizeof(o) - 1);

		if (n == (size_t)-1 || n >= sizeof(o) - 1)
			return false;
		o[n] = '\0';
		if (strcmp(o, "-s") == 0 || strcmp(o, "--") == 0 || strcmp(o, "-") == 0) {
			*at = (*at)->next;
			if (strcmp(o, "-s") != 0)
				break;
			continue;
		}
		if (o[0] == '-' && o[1] != '-' && strchr(o, 's') != NULL)
			return false; /* a cluster with s in it */
		if (o[0] != '-' && o[0] != '+')
			break;
		/* -o NAME, -euo NAME, +o NAME */
		if (o[1] != '-' && o[n - 1] == 'o' && (*at)->next != NULL)
			at = &(*at)->next;
		at = &(*at)->next;
	}
	dash_c = arena_alloc(&p->arena, 3 * sizeof(*dash_c));
	part = arena_alloc(&p->arena, 3 * sizeof(*part));
	if (dash_c == NULL || part == NULL)
		return false;
	text = dash_c + 1;
	zero = dash_c + 2;
	for (unsigned i = 0; i < 3; i++) {
		dash_c[i].parts = &part[i];
		part[i].kind = SH_SQUOTE;
		part[i].quoted = true;
	}
	part[0].text.p = "-c";
	part[0].text.n = 2;
	part[1].text.p = arena_copy(&p->arena, q->stdin_bytes, q->stdin_len);
	part[1].text.n = (uint32_t)q->stdin_len;
	part[2].text.p = "sh";
	part[2].text.n = 2;
	if (part[1].text.p == NULL)
		return false;
	dash_c->next = text;
	text->next = zero;
	zero->next = *at;
	*at = dash_c;
	s->nwords += 3;
	return true;
}

static int decide_text(const struct policy *p, const struct policy_question *q, struct policy_answer *a, struct pooled *mem)
{
	struct sh_error e;
	struct sh_ast *ast;
	struct reading r;
	struct scope scope = { p, q, NULL, false };
	struct judgement j, shadow;
	const struct act *which, *ignored;
	int rc;

	memset(&e, 0, sizeof(e));
	if (q->text == NULL || q->len > SHELL_MAX_LEN) {
		a->rule = "gate:length";
		a->reason = "the text is over the limit of 128 KiB";
		answer_verdict(p, a, VERDICT_DENY, VERDICT_DENY);
		a->enforced = true;
		a->verdict = VERDICT_DENY;
		return ERR_OK;
	}
	rc = shell_parse(q->text, q->len, q->dialect, &mem->arena, &ast, &e);
	if (rc == ERR_NOMEM)
		return rc;
	if (rc != ERR_OK) {
		a->rule = rc == ERR_REFUSED ? "gate:bytes" : rc == ERR_LIMIT ? "gate:limit" : "parse";
		a->line = e.at.line;
		a->column = e.at.col;
		a->confidence = CONFIDENCE_OPAQUE;
		a->reason = answer_printf(&mem->arena, "line %u column %u: %s", e.at.line, e.at.col, e.text);
		/* observe lets through what does not parse, as it is; not what the gate refuses, which could not even be shown. */
		if (p->profile == PROFILE_OBSERVE && (rc == ERR_MALFORMED || rc == ERR_UNSUPPORTED)) {
			answer_verdict(p, a, VERDICT_DENY, VERDICT_DENY);
			a->text = arena_copy(&mem->arena, q->text, q->len);
			a->text_len = q->len;
			return a->text != NULL ? ERR_OK : ERR_NOMEM;
		}
		return ERR_OK;
	}
	rc = acts_read(&r, &mem->arena, q, ast);
	if (rc != ERR_OK)
		return rc;
	if (!answer_commands(a, &r, &mem->arena))
		return ERR_NOMEM;
	a->confidence = answer_confidence(&r);
	if (decide_transfer(p, q, a, mem, ast, &r)) {
		a->text = render_keep(mem, ast, a->verdict != VERDICT_DENY, &a->text_len);
		a->canonical = a->text != NULL;
		if (a->text == NULL)
			a->verdict = VERDICT_DENY;
		return a->reason != NULL ? ERR_OK : ERR_NOMEM;
	}
	j = judge_acts(&scope, &r, &which);
	shadow = j;
	if (p->any_shadow) {
		scope.shadow = true;
		shadow = judge_acts(&scope, &r, &ignored);
	}
	answer_rule(a, j.rule);
	a->reason = answer_reason(&mem->arena, &j, which);
	if (a->reason == NULL)
		return ERR_NOMEM;
	for (const struct act *x = r.acts; x != NULL && !q->stdin_known; x = x->next) {
		/* An interpreter's program is asked for only where some rule may let it run. */
		/* At a managed shell's terminal the rule that allows it is the whole decision: keys go to what runs. */
		if (x->code_stdin && j.verdict != VERDICT_DENY && !(q->kind == QUESTION_STATEMENT && q->has_pty))
			r.needs_stdin = true;
	}
	if (r.needs_stdin && !q->stdin_known && p->profile != PROFILE_OBSERVE) {
		a->needs_stdin = true;
		a->stdin_cap = STDIN_CAP;
		a->verdict = VERDICT_DENY;
		a->reason = "its program comes on standard input, which must be seen first";
		return ERR_OK;
	}
	if (q->stdin_known) {
		for (const struct act *x = r.acts; x != NULL; x = x->next) {
			if (x->code_stdin && q->stdin_len > STDIN_CAP)
				j.verdict = VERDICT_DENY;
		}
	}
	answer_verdict(p, a, j.verdict, shadow.verdict);
	if (r.used_stdin) {
		if (!stdin_into_tree(mem, q, &r)) {
			a->verdict = VERDICT_DENY;
			a->rule = "gate:stdin";
			a->reason = "a program on standard input, in a form that cannot be given as -c";
			return ERR_OK;
		}
		a->stdin_consumed = true;
	}
	a->text = render_keep(mem, ast, a->verdict != VERDICT_DENY, &a->text_len);
	a->canonical = a->text != NULL;
	if (a->text == NULL && r.used_stdin)
		a->verdict = VERDICT_DENY;
	/* What is not understood, or cannot be written canonically, runs only as the exact bytes that a person approved. */
	if (a->verdict != VERDICT_DENY && (a->text == NULL || (a->confidence == CONFIDENCE_OPAQUE && a->verdict == VERDICT_APPROVE && !r.used_stdin))) {
		bool opaque_act = a->text == NULL;

		for (const struct act *x = r.acts; x != NULL; x = x->next)
			opaque_act = opaque_act || x->opaque;
		if (opaque_act) {
			a->canonical = false;
			a->text = arena_copy(&mem->arena, q->text, q->len);
			a->text_len = q->len;
			if (a->text == NULL)
				return ERR_NOMEM;
			if (a->verdict == VERDICT_ALLOW && p->profile == PROFILE_ENFORCE) {
				a->verdict = a->would_be = VERDICT_DENY;
				a->rule = "gate:render";
				a->reason = "it cannot be written in a canonical form";
			}
		}
	}
	return ERR_OK;
}

/* For the rules' own tests: what one rule alone says of a text; verdict -1: it does not match. */
int decide_statement(const struct policy *p, const struct rule *only, const char *text, enum dialect d, int *verdict)
{
	struct pooled *mem = pool_take();
	struct policy_question q;
	struct scope scope = { p, &q, only, true };
	struct sh_ast *ast;
	struct reading r;
	const struct act *which;
	int rc;

	*verdict = -1;
	if (mem == NULL)
		return ERR_NOMEM;
	memset(&q, 0, sizeof(q));
	q.kind = QUESTION_EXEC;
	q.text = text;
	q.len = strlen(text);
	q.dialect = d;
	rc = shell_parse(q.text, q.len, d, &mem->arena, &ast, NULL);
	if (rc == ERR_OK)
		rc = acts_read(&r, &mem->arena, &q, ast);
	if (rc == ERR_OK)
		*verdict = judge_acts(&scope, &r, &which).verdict;
	pool_give(mem);
	return rc;
}

/* ---- The other questions --------------------------------------------------------------------------------------------------------- */

static void decide_simple(const struct policy *p, struct policy_answer *a, struct arena *arena, struct judgement j, const char *what, const char *text, size_t len)
{
	char shown[160];
	size_t n = len < sizeof(shown) - 1 ? len : sizeof(shown) - 1;

	memcpy(shown, text, n);
	shown[n] = '\0';
	answer_rule(a, j.rule);
	if (j.verdict < 0)
		j.verdict = VERDICT_DENY;
	if (j.rule != NULL && j.rule->reason != NULL)
		a->reason = answer_text(arena, j.rule->reason);
	else if (j.verdict == VERDICT_DENY && j.rule == NULL)
		a->reason = answer_printf(arena, "no rule allows this %s: %s", what, shown);
	else
		a->reason = answer_printf(arena, "rule %s says %s", a->rule, verdict_name((enum verdict)j.verdict));
	answer_verdict(p, a, j.verdict, j.verdict);
	a->text = arena_copy(arena, text, len);
	a->text_len = len;
	a->canonical = true;
}

static bool decide_printable(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)s[i] < 32 || s[i] == 127)
			return false;
	}
	return true;
}

/* Where a forward leads to, or listens. Not looked up: the name is the target's to resolve. */
static void decide_destination(const struct scope *scope, struct policy_answer *a, struct arena *arena, bool listen)
{
	const char *text = scope->q->text != NULL ? scope->q->text : "";
	size_t len = scope->q->text != NULL ? scope->q->len : 0;
	struct destination d;

	if (destination_parse(text, len, listen, &d) < 0) {
		a->rule = "gate:destination";
		a->reason = "no HOST:PORT or socket path in its usual spelling";
		a->instead = "a name, an address as 127.0.0.1 or [::1], a port from 1 to 65535; a path without . or ..";
		return;
	}
	decide_simple(scope->policy, a, arena, judge_other(scope, listen ? MATCH_LISTEN : MATCH_FORWARD, text, len),
		      listen ? "remote forward" : "forward", text, len);
}

static int decide_shell(const struct policy *p, const struct policy_question *q, struct policy_answer *a, struct pooled *mem)
{
	struct scope scope = { p, q, NULL, false };
	struct judgement j = judge_other(&scope, MATCH_SHELL, "managed", 7);

	(void)mem;
	/* A managed shell runs nothing by itself: every statement is a question of its own. Who has no rule at all gets none. */
	if (j.verdict < 0) {
		for (const struct rule *r = p->rules; r != NULL && j.verdict < 0; r = r->next) {
			if (!rule_applies(&scope, r))
				continue;
			for (unsigned v = VERDICT_ALLOW; v <= VERDICT_APPROVE; v++) {
				if (r->nmatches > 0)
					j.verdict = VERDICT_ALLOW;
			}
		}
		if (p->profile != PROFILE_ENFORCE)
			j.verdict = VERDICT_ALLOW;
		a->reason = j.verdict == VERDICT_ALLOW ? "each statement is decided by itself" : "no rule here applies to this identity and target";
	} else {
		answer_rule(a, j.rule);
		a->reason = j.rule != NULL && j.rule->reason != NULL ? answer_text(&mem->arena, j.rule->reason) : "a rule says so";
	}
	answer_verdict(p, a, j.verdict < 0 ? VERDICT_DENY : j.verdict, -1);
	a->text = "";
	a->canonical = true;
	return ERR_OK;
}

static int decide_raw(const struct policy *p, const struct policy_question *q, struct policy_answer *a)
{
	struct scope scope = { p, q, NULL, false };

	a->confidence = CONFIDENCE_RAW;
	a->reason = "no rule with  pty: raw  applies";
	a->text = "";
	for (const struct rule *r = p->rules; r != NULL; r = r->next) {
		if (!r->pty_raw || !rule_applies(&scope, r))
			continue;
		answer_rule(a, r);
		a->pty_raw = true;
		a->reason = r->reason != NULL ? r->reason : "a rule gives a raw terminal; what is typed is recorded, not decided";
		answer_verdict(p, a, VERDICT_ALLOW, -1);
		a->canonical = true;
		return ERR_OK;
	}
	return ERR_OK;
}

int policy_decide(const struct policy *p, const struct policy_question *q, struct policy_answer *a)
{
	struct pooled *mem = pool_take();
	struct scope scope = { p, q, NULL, false };
	const char *text = q->text != NULL ? q->text : "";
	size_t len = q->text != NULL ? q->len : 0;
	int r = ERR_OK;

	memset(a, 0, sizeof(*a));
	a->verdict = VERDICT_DENY;
	if (mem == NULL)
		return ERR_NOMEM;
	answer_start(a, mem);
	switch (q->kind) {
	case QUESTION_EXEC:
	case QUESTION_STATEMENT:
		r = decide_text(p, q, a, mem);
		break;
	case QUESTION_FILE:
		r = decide_file(p, q, a, mem);
		break;
	case QUESTION_SHELL:
		r = decide_shell(p, q, a, mem);
		break;
	case QUESTION_PTY_RAW:
		r = decide_raw(p, q, a);
		break;
	case QUESTION_SUBSYSTEM:
		decide_simple(p, a, &mem->arena, judge_other(&scope, MATCH_SUBSYSTEM, text, len), "subsystem", text, len);
		break;
	case QUESTION_FORWARD:
		decide_destination(&scope, a, &mem->arena, false);
		break;
	case QUESTION_LISTEN:
		decide_destination(&scope, a, &mem->arena, true);
		break;
	case QUESTION_ENV:
		if (!decide_printable(text, len) || memchr(text, '=', len) == NULL) {
			a->rule = "gate:bytes";
			a->reason = "an environment variable that is not NAME=value in printable bytes";
			break;
		}
		{
			/* A rule names variables, or a variable with a value; a dangerous one only by its full name, a locale with other bytes
			 * for characters only with its value. */
			size_t name = (size_t)((const char *)memchr(text, '=', len) - text);
			struct judgement j = judge_other(&scope, MATCH_ENV, text, name), with = judge_other(&scope, MATCH_ENV, text, len);

			bool plain = var_value_plain(text, name, text + name + 1, len - name - 1);

			if (with.verdict > j.verdict)
				j = with;
			if (j.verdict != VERDICT_DENY && j.rule != NULL && (!plain || table_var(text, name) == VAR_DANGEROUS)) {
				bool named = false;

				for (const struct match *m = p->others; m != NULL; m = m->next) {
					if (m->kind == MATCH_ENV && m->rule == j.rule && strncmp(m->glob, text, name) == 0 &&
					    ((plain && m->glob[name] == '\0') || m->glob[name] == '='))
						named = true;
				}
				if (!named)
					j.verdict = -1, j.rule = NULL;
			}
			decide_simple(p, a, &mem->arena, j, "environment variable", text, name);
			a->text = arena_copy(&mem->arena, text, len);
			a->text_len = len;
		}
		break;
	case QUESTION_OTHER:
		decide_simple(p, a, &mem->arena, judge_other(&scope, MATCH_REQUEST, text, len), "request", text, len);
		break;
	}
	if (r == ERR_OK && a->reason == NULL)
		r = ERR_NOMEM;
	if (r != ERR_OK) {
		policy_answer_free(a);
		a->verdict = VERDICT_DENY;
		a->rule = "gate:memory";
		a->reason = "out of memory";
	}
	return r;
}

void policy_answer_free(struct policy_answer *a)
{
	if (a == NULL)
		return;
	pool_give(a->arena);
	memset(a, 0, sizeof(*a));
}

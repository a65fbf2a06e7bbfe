/* `sallyport policy simulate FILE --audit DIR`: replays the decisions of an audit directory against another policy and prints
 * the verdicts that would change. Reads the records only; whether they are genuine is `sallyport audit verify`'s matter. */
#include "cli/cli.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "audit/chain.h"
#include "cli/evidence.h"
#include "cli/policy.h"
#include "policy/policy.h"

#define MAX_GROUPS 64
#define MAX_TAGS 64

struct target_tags {
	char *copy;
	const char *name;
	struct tag tags[MAX_TAGS];
	size_t n;
};

struct simulation {
	const struct policy *p;
	enum dialect dialect;
	struct target_tags targets[MAX_TAGS];
	size_t ntargets;
	unsigned long decisions, changed, skipped;
	unsigned long moves[3][3];
};

static int simulate_kind(const char *s)
{
	static const char *const names[] = { "exec", "statement", "shell", "pty-raw", "file", "subsystem", "forward", "env", "other", "listen", NULL };

	for (int i = 0; s != NULL && names[i] != NULL; i++) {
		if (strcmp(names[i], s) == 0)
			return i;
	}
	return -1;
}

static int simulate_verdict(const char *s)
{
	for (int v = VERDICT_ALLOW; s != NULL && v <= VERDICT_DENY; v++) {
		if (strcmp(verdict_name((enum verdict)v), s) == 0)
			return v;
	}
	return -1;
}

static void simulate_record(struct simulation *s, json_t *j)
{
	static const char *const ops[] = { "read", "write", "delete", "list", "meta", NULL };
	json_t *who = json_object_get(j, "identity"), *list = json_object_get(who, "groups"), *v;
	const char *groups[MAX_GROUPS], *command = json_string_value(json_object_get(j, "command"));
	const char *op = json_string_value(json_object_get(j, "op"));
	int kind = simulate_kind(json_string_value(json_object_get(j, "kind"))), was = simulate_verdict(json_string_value(json_object_get(j, "verdict")));
	struct policy_question q;
	struct policy_answer a;
	size_t i;

	/* Text that masking changed is not what was asked; a program on standard input is not in the record. */
	if (kind < 0 || was < 0 || command == NULL || strstr(command, "[masked:") != NULL || json_object_get(j, "stdin_sha256") != NULL) {
		s->skipped++;
		return;
	}
	memset(&q, 0, sizeof(q));
	q.kind = (enum question_kind)kind;
	for (int k = 0; op != NULL && ops[k] != NULL; k++) {
		if (strcmp(ops[k], op) == 0)
			q.op = (enum file_op)k;
	}
	q.text = command;
	q.len = strlen(command);
	q.dialect = s->dialect;
	q.has_pty = json_is_true(json_object_get(j, "pty"));
	q.issuer = json_string_value(json_object_get(who, "issuer"));
	q.subject = json_string_value(json_object_get(who, "subject"));
	q.target = json_string_value(json_object_get(j, "target"));
	q.login = json_string_value(json_object_get(j, "login"));
	q.cwd = json_string_value(json_object_get(j, "cwd"));
	q.groups = groups;
	json_array_foreach(list, i, v) {
		if (q.ngroups < MAX_GROUPS && json_is_string(v))
			groups[q.ngroups++] = json_string_value(v);
	}
	for (size_t t = 0; t < s->ntargets; t++) {
		if (q.target != NULL && strcmp(s->targets[t].name, q.target) == 0) {
			q.tags = s->targets[t].tags;
			q.ntags = s->targets[t].n;
		}
	}
	if (policy_decide(s->p, &q, &a) != ERR_OK || a.needs_stdin) {
		s->skipped++;
		policy_answer_free(&a);
		return;
	}
	s->decisions++;
	s->moves[was][a.verdict]++;
	if ((int)a.verdict != was) {
		s->changed++;
		printf("seq %lld  %s -> %s  %s -> %s  %s@%s  ", (long long)json_integer_value(json_object_get(j, "seq")), verdict_name((enum verdict)was),
		       verdict_name(a.verdict), json_string_value(json_object_get(j, "rule")), a.rule, q.subject != NULL ? q.subject : "?", q.target != NULL ? q.target : "?");
		evidence_print(stdout, command, strlen(command), 4096);
		putchar('\n');
	}
	policy_answer_free(&a);
}

static int simulate_take(void *ctx, struct view line, const struct chain_record *rec)
{
	json_t *j;

	if (!view_is(&rec->event, "decision"))
		return 0;
	j = json_loadb((const char *)line.p, line.n, 0, NULL);
	if (j != NULL)
		simulate_record(ctx, j);
	json_decref(j);
	return 0;
}

static int simulate_dir(struct simulation *s, const char *dir)
{
	struct evidence e;
	struct why w = { .text = "" };
	int r = evidence_open(&e, "policy", dir, NULL);

	if (r != CLI_OK)
		return r;
	r = evidence_each(&e, simulate_take, s, &w);
	evidence_close(&e);
	if (r < 0 && r != ERR_EOF)
		return cli_fail("policy", "%s", w.text[0] != '\0' ? w.text : err_text(r));
	return CLI_OK;
}

int policy_simulate(int argc, char **argv)
{
	static const char usage[] = "simulate FILE [--audit DIR] [--shell DIALECT] [--on TARGET,TAG=VALUE,…]…";
	struct simulation *s = calloc(1, sizeof(*s));
	struct policy *p = NULL;
	const char *file = NULL, *dir = NULL;
	int r = CLI_OK;

	if (s == NULL)
		return cli_fail("policy", "out of memory");
	for (int i = 1; i < argc && r == CLI_OK; i++) {
		if (strcmp(argv[i], "--audit") == 0 && i + 1 < argc) {
			dir = argv[++i];
		} else if (strcmp(argv[i], "--shell") == 0 && i + 1 < argc) {
			if (dialect_parse(argv[++i], &s->dialect) != ERR_OK)
				r = cli_usage("policy", "%s", usage);
		} else if (strcmp(argv[i], "--on") == 0 && i + 1 < argc && s->ntargets < MAX_TAGS) {
			struct target_tags *t = &s->targets[s->ntargets];

			t->copy = strdup(argv[++i]);
			if (t->copy != NULL)
				t->n = policy_on(t->copy, t->tags, MAX_TAGS, &t->name);
			if (t->name != NULL)
				s->ntargets++;
			else
				r = cli_usage("policy", "%s", usage);
		} else if (file == NULL && argv[i][0] != '-') {
			file = argv[i];
		} else {
			r = cli_usage("policy", "%s", usage);
		}
	}
	if (r == CLI_OK && (file == NULL))
		r = cli_usage("policy", "%s", usage);
	if (r == CLI_OK)
		r = policy_open(file, &p);
	if (r == CLI_OK) {
		s->p = p;
		r = simulate_dir(s, dir);
	}
	if (r == CLI_OK) {
		printf("%lu decisions, %lu would change, %lu not replayed (masked text or a program on standard input)\n", s->decisions, s->changed, s->skipped);
		for (int from = 0; from < 3; from++) {
			for (int to = 0; to < 3; to++) {
				if (from != to && s->moves[from][to] > 0)
					printf("  %s -> %s: %lu\n", verdict_name((enum verdict)from), verdict_name((enum verdict)to), s->moves[from][to]);
			}
		}
	}
	policy_free(p);
	for (size_t i = 0; i < MAX_TAGS; i++)
		free(s->targets[i].copy);
	free(s);
	return r;
}

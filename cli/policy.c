/* `sallyport policy`: check, test, explain, simulate, eval, parse. Reads files and lines, and gives them to the policy room; decides
 * nothing itself. */
#include "cli/cli.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/err.h"
#include "cli/policy.h"
#include "policy/jsonl_parse.h"
#include "policy/mask.h"
#include "policy/policy.h"

#define POLICY_FILE_MAX ((size_t)1 << 20)
#define OUT_MAX ((size_t)64 << 20)

static int policy_read(const char *name, char **data, size_t *n)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
	size_t got;

	*data = NULL;
	*n = 0;
	if (f == NULL)
		return cli_fail("policy", "%s: %s", name, strerror(errno));
	*data = malloc(POLICY_FILE_MAX + 1);
	if (*data == NULL) {
		if (f != stdin)
			fclose(f);
		return cli_fail("policy", "out of memory");
	}
	got = fread(*data, 1, POLICY_FILE_MAX + 1, f);
	if (f != stdin)
		fclose(f);
	if (got > POLICY_FILE_MAX) {
		free(*data);
		*data = NULL;
		return cli_fail("policy", "%s: a policy file is at most 1 MiB", name);
	}
	*n = got;
	return CLI_OK;
}

int policy_open(const char *name, struct policy **p)
{
	struct buf errors;
	char *data;
	size_t n;
	int r = policy_read(name, &data, &n);

	*p = NULL;
	if (r != CLI_OK)
		return r;
	buf_init(&errors, OUT_MAX);
	r = policy_load(name, data, n, p, &errors);
	free(data);
	if (r != ERR_OK) {
		if (errors.len > 0)
			fputs(buf_cstr(&errors), stderr);
		else
			cli_fail("policy", "%s: %s", name, err_text(r));
		r = CLI_FAILED;
	}
	buf_free(&errors);
	return r == ERR_OK ? CLI_OK : CLI_FAILED;
}

/* The masking rules of the policy's file. */
static int policy_masks(const char *name, const struct policy *p, struct mask_set **set)
{
	const char *section = policy_mask_section(p);
	struct buf errors;
	int r;

	buf_init(&errors, OUT_MAX);
	r = mask_load(name, section, section == NULL ? 0 : strlen(section), set, &errors);
	if (r != ERR_OK && errors.len > 0)
		fputs(buf_cstr(&errors), stderr);
	else if (r != ERR_OK)
		cli_fail("policy", "%s: %s", name, err_text(r));
	buf_free(&errors);
	return r == ERR_OK ? CLI_OK : CLI_FAILED;
}

/* What is printed ends up in terminals' and CI's logs: a secret in the command is not in it. */
static int policy_put_masked(const char *name, const struct policy *p, const struct buf *text)
{
	uint8_t key[MASK_KEY_LEN];
	struct mask_set *set;
	struct buf out;
	int r = policy_masks(name, p, &set);

	if (r != CLI_OK)
		return r;
	buf_init(&out, 4 * OUT_MAX);
	if (RAND_bytes(key, sizeof(key)) != 1 || mask_text(set, key, buf_ptr(text), text->len, &out, NULL, NULL, NULL) < 0)
		r = cli_fail("policy", "the text cannot be masked, and is not shown");
	else
		fwrite(buf_ptr(&out), 1, out.len, stdout);
	buf_free(&out);
	mask_set_free(set);
	return r;
}

static int policy_check(int argc, char **argv, bool tests)
{
	struct policy *p;
	struct mask_set *masks;
	int r;

	if (argc != 2)
		return cli_usage("policy", "%s FILE", argv[0]);
	r = policy_open(argv[1], &p);
	if (r != CLI_OK)
		return r;
	r = policy_masks(argv[1], p, &masks);
	mask_set_free(masks);
	if (r != CLI_OK) {
		policy_free(p);
		return r;
	}
	printf("%s: ok%s, version %.16s\n", argv[1], tests ? ", every rule test passed" : "", policy_version(p));
	policy_free(p);
	return CLI_OK;
}

/* --as WHO is group:NAME, subject@ISSUER, or both: "subject@issuer,group:a,group:b". */
struct identity_args {
	char *copy;
	const char *subject, *issuer;
	const char *groups[64];
	size_t n;
};

static void policy_as(struct identity_args *id, const char *text)
{
	char *save = NULL;

	id->copy = strdup(text);
	if (id->copy == NULL)
		return;
	for (char *s = strtok_r(id->copy, ",", &save); s != NULL; s = strtok_r(NULL, ",", &save)) {
		char *at;

		if (strncmp(s, "group:", 6) == 0) {
			if (id->n < 64)
				id->groups[id->n++] = s + 6;
			continue;
		}
		at = strrchr(s, '@');
		if (at != NULL) {
			*at = '\0';
			id->issuer = at + 1;
			id->subject = s;
		} else if (id->n < 64) {
			id->groups[id->n++] = s;
		}
	}
}

/* --on TARGET[,tag=value…] */
size_t policy_on(char *text, struct tag *tags, size_t cap, const char **name)
{
	char *save = NULL;
	size_t n = 0;

	for (char *s = strtok_r(text, ",", &save); s != NULL; s = strtok_r(NULL, ",", &save)) {
		char *eq = strchr(s, '=');

		if (eq == NULL) {
			*name = s;
		} else if (n < cap) {
			*eq = '\0';
			tags[n].name = s;
			tags[n++].value = eq + 1;
		}
	}
	return n;
}

static int policy_explain_verb(int argc, char **argv)
{
	static const char usage[] = "explain 'COMMAND' [--policy FILE] [--as SUBJECT@ISSUER,GROUP,…] [--on TARGET,TAG=VALUE,…] [--shell DIALECT] [--pty] [--cwd DIR] [--op OP]";
	static const char *const ops[] = { "read", "write", "delete", "list", "change" };
	struct identity_args id = { .copy = NULL };
	struct policy_question q;
	struct policy *p = NULL;
	struct tag tags[64];
	struct buf out;
	const char *file = "/etc/sallyport/policy.yaml", *command = NULL;
	char *on = NULL;
	int r;

	memset(&q, 0, sizeof(q));
	q.kind = QUESTION_EXEC;
	q.dialect = DIALECT_BASH;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--pty") == 0) {
			q.has_pty = true;
		} else if (strncmp(argv[i], "--", 2) == 0 && i + 1 < argc) {
			const char *v = argv[++i];

			if (strcmp(argv[i - 1], "--policy") == 0)
				file = v;
			else if (strcmp(argv[i - 1], "--as") == 0)
				policy_as(&id, v);
			else if (strcmp(argv[i - 1], "--on") == 0)
				on = strdup(v);
			else if (strcmp(argv[i - 1], "--cwd") == 0)
				q.cwd = v;
			else if (strcmp(argv[i - 1], "--op") == 0) { /* not a command: what sftp and scp ask about a path */
				unsigned k = 0;

				while (k < 5 && strcmp(ops[k], v) != 0)
					k++;
				if (k == 5)
					return cli_usage("policy", "%s  (OP: read, write, delete, list, change)", usage);
				q.kind = QUESTION_FILE;
				q.op = (enum file_op)k;
			}
			else if (strcmp(argv[i - 1], "--shell") != 0 || dialect_parse(v, &q.dialect) != ERR_OK)
				return cli_usage("policy", "%s", usage);
		} else if (command == NULL) {
			command = argv[i];
		} else {
			return cli_usage("policy", "%s", usage);
		}
	}
	if (command == NULL)
		return cli_usage("policy", "%s", usage);
	q.text = command;
	q.len = strlen(command);
	q.subject = id.subject;
	q.issuer = id.issuer;
	q.groups = id.groups;
	q.ngroups = id.n;
	q.tags = tags;
	if (on != NULL)
		q.ntags = policy_on(on, tags, 64, &q.target);
	r = policy_open(file, &p);
	if (r == CLI_OK) {
		buf_init(&out, OUT_MAX);
		if (policy_explain(p, &q, &out) == ERR_OK)
			r = policy_put_masked(file, p, &out);
		else
			r = cli_fail("policy", "out of memory");
		buf_free(&out);
	}
	policy_free(p);
	free(id.copy);
	free(on);
	return r;
}

/* Each line of stdin through one function, an answer line a question line. */
static int policy_lines(int (*line_fn)(const void *ctx, const char *line, size_t n, struct buf *out), const void *ctx)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	struct buf out;
	int r = CLI_OK;

	buf_init(&out, OUT_MAX);
	while (r == CLI_OK && (n = getline(&line, &cap, stdin)) >= 0) {
		if (n > 0 && line[n - 1] == '\n')
			n--;
		if (n == 0)
			continue;
		if (line_fn(ctx, line, (size_t)n, &out) != ERR_OK)
			r = cli_fail("policy", "out of memory");
		else if (fwrite(buf_ptr(&out), 1, out.len, stdout) != out.len)
			r = cli_fail("policy", "cannot write: %s", strerror(errno));
		buf_clear(&out);
	}
	if (r == CLI_OK && (ferror(stdin) || fflush(stdout) != 0))
		r = cli_fail("policy", "%s", strerror(errno));
	free(line);
	buf_free(&out);
	return r;
}

static int policy_line_eval(const void *ctx, const char *line, size_t n, struct buf *out)
{
	return policy_eval_line(ctx, line, n, out);
}

static int policy_line_parse(const void *ctx, const char *line, size_t n, struct buf *out)
{
	(void)ctx;
	return parse_jsonl_line(line, n, out);
}

static int policy_eval_verb(int argc, char **argv)
{
	const char *file = NULL;
	struct policy *p;
	int r;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--policy") == 0 && i + 1 < argc)
			file = argv[++i];
		else if (strcmp(argv[i], "--jsonl") != 0)
			return cli_usage("policy", "eval --policy FILE --jsonl < QUESTIONS");
	}
	if (file == NULL)
		return cli_usage("policy", "eval --policy FILE --jsonl < QUESTIONS");
	r = policy_open(file, &p);
	if (r != CLI_OK)
		return r;
	r = policy_lines(policy_line_eval, p);
	policy_free(p);
	return r;
}

int cli_policy(int argc, char **argv)
{
	static const char usage[] = "check FILE | test FILE | explain 'COMMAND' … | simulate FILE --audit DIR | eval --policy FILE --jsonl | parse --jsonl";

	if (argc < 2)
		return cli_usage("policy", "%s", usage);
	argc--;
	argv++;
	if (strcmp(argv[0], "check") == 0)
		return policy_check(argc, argv, false);
	if (strcmp(argv[0], "test") == 0)
		return policy_check(argc, argv, true);
	if (strcmp(argv[0], "explain") == 0)
		return policy_explain_verb(argc, argv);
	if (strcmp(argv[0], "simulate") == 0)
		return policy_simulate(argc, argv);
	if (strcmp(argv[0], "eval") == 0)
		return policy_eval_verb(argc, argv);
	if (strcmp(argv[0], "parse") == 0) {
		if (argc > 2 || (argc == 2 && strcmp(argv[1], "--jsonl") != 0))
			return cli_usage("policy", "parse --jsonl < LINES");
		return policy_lines(policy_line_parse, NULL);
	}
	return cli_usage("policy", "%s", usage);
}

/* How long a decision takes: parse, resolve, match, render, with 500 rules and the texts of the corpora of what agents run, those of at most 256
 * bytes, beside what it takes to match the same texts against as many regular expressions; whether it takes anything from the heap once it is warm;
 * how long twenty texts take that hold more than most; and how long hostile ones do. Exit 1 when a figure is missed.
 *
 *   decide [DIRECTORY]    of the corpora, tests/corpus if it is not said */
#include <jansson.h>
#include <malloc.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/policy.h"

#define RULES 500
#define MAX_TEXTS 4096
#define TIMES 4000 /* decisions in a run, or all texts once if they are more */
#define RUNS 50

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct policy *bench_policy(unsigned rules)
{
	struct buf text, errors;
	struct policy *p;

	buf_init(&text, 1 << 20);
	buf_init(&errors, 1 << 20);
	buf_put_str(&text, "version: 1\npacks: [core.readonly, core.protected-paths, core.destructive]\nwho: { ops: { groups: [ops] } }\nrules:\n");
	for (unsigned i = 0; i < rules; i++)
		buf_printf(&text, "  - { id: r%u, who: [ops], on: { role: web }, allow: [\"app%u --mode * {start,stop} **\", \"systemctl restart svc%u\"] }\n", i, i, i);
	if (policy_load("bench", buf_ptr(&text), text.len, &p, &errors) != ERR_OK) {
		fprintf(stderr, "%s", errors.len > 0 ? buf_cstr(&errors) : "?");
		exit(2);
	}
	buf_free(&text);
	buf_free(&errors);
	return p;
}

static const char *const mixed[] = {
	"ls -la /var/log", "ps aux --sort=-%mem | head -n 20", "journalctl -u nginx --since '1 hour ago' --no-pager", "systemctl restart svc77",
	"find /var/log -name '*.log' -mtime -1 -size +10M", "grep -rn \"ERROR\" /var/log/app --include='*.log' | awk '{print $1}' | sort | uniq -c | sort -rn | head",
	"for f in /etc/*.conf; do head -n 1 \"$f\"; done", "if [ -f /etc/debian_version ]; then cat /etc/debian_version; fi", "rm -rf /srv/data/victim",
	"x=rm; $x -rf /srv/data/victim", "sudo -u postgres timeout 5 app499 --mode fast start now", "echo cm0gLXJmIC9zcnYvZGF0YQ== | base64 -d | sh",
	"cat <<'Z'\nhello\nZ", "sh -c 'uptime; df -h | head -n 5; free -m'", "find . -type f -name '*.c' -print0 | xargs -0 wc -l",
	"date > /srv/out/x; tee ~/.bashrc < /etc/hosts", "awk 'BEGIN{system(\"rm -rf /srv/data/victim\")}'", "env LC_ALL=C sort names.txt | uniq -c",
	"a=1; b=2; c=$((a+b)); echo \"$c\" && test -d /srv/app && echo yes || echo no", "docker ps --format '{{.Names}}' | while read -r n; do docker inspect \"$n\"; done",
};

struct texts {
	const char *const *text;
	size_t n;
	unsigned rounds; /* in a run */
};

/* The commands of a corpus that are short enough, behind the n that are there; the process ends before they do. */
static size_t corpus_read(const char *dir, const char *name, const char **out, size_t n)
{
	char path[4096], line[65536];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	in = fopen(path, "r");
	if (in == NULL) {
		perror(path);
		exit(2);
	}
	while (fgets(line, sizeof(line), in) != NULL) {
		json_t *j = json_loads(line, 0, NULL);
		const char *text = json_string_value(json_object_get(j, "command"));

		if (text != NULL && strlen(text) <= 256 && n < MAX_TEXTS)
			out[n++] = strdup(text);
		json_decref(j);
	}
	fclose(in);
	return n;
}

/* One run over the texts; t: rounds times as many times as there are texts, sorted then. Gives their number. */
static size_t bench_run(const struct policy *p, const struct texts *x, double *t)
{
	static const char *const groups[] = { "ops" };
	static const struct tag tags[] = { { "role", "web" } };
	size_t k = 0;

	for (unsigned round = 0; round < x->rounds; round++) {
		for (size_t i = 0; i < x->n; i++) {
			struct policy_question q = { .kind = QUESTION_EXEC, .text = x->text[i], .len = strlen(x->text[i]), .dialect = DIALECT_BASH, .groups = groups,
						     .ngroups = 1, .tags = tags, .ntags = 1, .target = "web1" };
			struct policy_answer a;
			double s = now_us();

			if (policy_decide(p, &q, &a) != ERR_OK)
				exit(2);
			policy_answer_free(&a);
			t[k++] = now_us() - s;
		}
	}
	qsort(t, k, sizeof(*t), compare);
	return k;
}

/* The peer: what a bastion does that takes a command for text, with a regular expression for each rule. */
static void peer_compile(regex_t *re)
{
	for (unsigned i = 0; i < RULES; i++) {
		char text[128];

		snprintf(text, sizeof(text), "^(app%u --mode [^ ]+ (start|stop)( .*)?|systemctl restart svc%u)$", i, i);
		if (regcomp(&re[i], text, REG_EXTENDED | REG_NOSUB) != 0)
			exit(2);
	}
}

/* The middle of the texts, in microseconds. */
static double peer_run(const regex_t *re, const struct texts *x, double *t)
{
	size_t n = x->n < 100 ? x->n : 100, step = x->n / n;

	for (size_t i = 0; i < n; i++) {
		double s = now_us();
		unsigned k = 0;

		while (k < RULES && regexec(&re[k], x->text[i * step], 0, NULL, 0) != 0)
			k++;
		t[i] = now_us() - s;
	}
	qsort(t, n, sizeof(*t), compare);
	return t[n / 2];
}

struct figures { /* of all runs, each sorted; microseconds, but times */
	double median[RUNS], p99[RUNS], peer[RUNS], times[RUNS];
	unsigned met;
	long heap; /* bytes that stayed taken */
};

static void bench_runs(const struct policy *p, const struct texts *x, struct figures *f)
{
	double *t = malloc(sizeof(*t) * x->n * x->rounds);
	static regex_t re[RULES];
	const struct timespec pause = { 0, 100000000 };
	struct mallinfo2 before;

	peer_compile(re);
	(void)peer_run(re, x, t);
	(void)bench_run(p, x, t);
	f->met = 0;
	before = mallinfo2();
	for (unsigned run = 0; run < RUNS; run++) {
		size_t n;

		nanosleep(&pause, NULL);
		n = bench_run(p, x, t);
		f->median[run] = t[n / 2];
		f->p99[run] = t[n * 99 / 100];
		f->met += f->median[run] <= 10 && f->p99[run] <= 50;
		f->peer[run] = peer_run(re, x, t);
		f->times[run] = f->peer[run] / f->median[run];
	}
	f->heap = (long)mallinfo2().uordblks - (long)before.uordblks;
	free(t);
	for (unsigned i = 0; i < RULES; i++)
		regfree(&re[i]);
	qsort(f->median, RUNS, sizeof(double), compare);
	qsort(f->p99, RUNS, sizeof(double), compare);
	qsort(f->peer, RUNS, sizeof(double), compare);
	qsort(f->times, RUNS, sizeof(double), compare);
}

/* Other guests of a machine share its caches, which can double every figure for seconds. What counts is the middle of many runs; the range beside it
 * tells how far the machine was its own. */
static int bench_figures(const struct policy *p, const char *dir)
{
	static const char *corpus[MAX_TEXTS];
	struct texts agents = { corpus, corpus_read(dir, "benign-own.jsonl", corpus, corpus_read(dir, "benign.jsonl", corpus, 0)), 1 };
	const struct texts more = { mixed, sizeof(mixed) / sizeof(mixed[0]), TIMES / (sizeof(mixed) / sizeof(mixed[0])) };
	static struct figures f;
	int bad;

	agents.rounds = 1 + (unsigned)(TIMES / agents.n);
	bench_runs(p, &agents, &f);
	bad = f.median[RUNS / 2] > 10 || f.p99[RUNS / 2] > 50 || f.heap != 0;
	printf("decision, 500 rules, <= 256 B: median %.1f us (<= 10), p99 %.1f us (<= 50), heap after warm-up %+ld B (0)%s\n", f.median[RUNS / 2], f.p99[RUNS / 2], f.heap,
	       bad ? "  MISSED" : "");
	printf("  %zu texts of agents; the middle of %u runs, of which %u kept both; of all: median %.1f to %.1f us, p99 %.1f to %.1f us\n", agents.n, RUNS, f.met, f.median[0],
	       f.median[RUNS - 1], f.p99[0], f.p99[RUNS - 1]);
	printf("  matching the same texts against %u regular expressions takes %.1f us, %.1f times as long (%.1f to %.1f)\n", RULES, f.peer[RUNS / 2], f.times[RUNS / 2], f.times[0],
	       f.times[RUNS - 1]);
	bench_runs(p, &more, &f);
	printf("  twenty texts that hold more than most: median %.1f us (%.1f to %.1f), p99 %.1f us (%.1f to %.1f)\n", f.median[RUNS / 2], f.median[0], f.median[RUNS - 1],
	       f.p99[RUNS / 2], f.p99[0], f.p99[RUNS - 1]);
	return bad;
}

static double bench_one(const struct policy *p, const char *text, size_t n, const char **rule)
{
	struct policy_question q = { .kind = QUESTION_EXEC, .text = text, .len = n, .dialect = DIALECT_BASH };
	static char kept[64];
	struct policy_answer a;
	double s = now_us();

	if (policy_decide(p, &q, &a) != ERR_OK) {
		snprintf(kept, sizeof(kept), "error");
	} else {
		snprintf(kept, sizeof(kept), "%s", a.rule);
		if (a.verdict == VERDICT_ALLOW)
			snprintf(kept, sizeof(kept), "allow by %s", a.rule);
	}
	policy_answer_free(&a);
	*rule = kept;
	return now_us() - s;
}

static int bench_hostile(const struct policy *p)
{
	static const struct {
		const char *name, *head, *unit, *tail;
		size_t bytes;
		double limit_ms;
	} cases[] = {
		{ "1 MB of $(", "", "$(", "", 1000000, 10 },
		{ "1 MB of words", "echo ", "a ", "", 1000000, 10 },
		{ "1 MB of (", "", "(", "", 1000000, 10 },
		{ "128 KiB of $(", "", "$(", "", 131000, 10 },
		{ "128 KiB of words", "echo ", "a ", "", 131000, 100 },
		{ "128 KiB of commands", "", "ls;", "", 131000, 400 },
		{ "128 KiB of assignments", "", "x=$x;", "", 131000, 400 },
		{ "128 KiB of new names", "", "a=1;b=2;c=$a;", "", 131000, 400 },
		{ "128 KiB of && chains", "ls", "&&cd x", "", 131000, 400 },
		{ "128 KiB of pipes", "ls", "|cat", "", 131000, 400 },
		{ "128 KiB of braces", "echo ", "{a,b}", "", 131000, 400 },
		{ "128 KiB of globs", "ls ", "*", "", 131000, 400 },
		{ "128 KiB of nested ifs", "", "if ls;then ", "", 131000, 400 },
		{ "128 KiB of functions", "", "f(){ f;};", "", 131000, 400 },
		{ "128 KiB of loops", "", "for i in 1;do ls;done;", "", 131000, 400 },
		{ "128 KiB of sed", "sed '", "s/a/b/;", "'", 131000, 400 },
		{ "128 KiB of sh -c", "", "sh -c 'ls';", "", 131000, 400 },
		{ "128 KiB of redirections", "ls ", ">a ", "", 131000, 400 },
		{ "128 KiB of here-strings", "cat ", "<<<a ", "", 131000, 400 },
		{ "128 KiB of unknown programs", "", "zz a b;", "", 131000, 400 },
		{ "128 KiB of a path", "cat ", "/a", "", 131000, 400 },
		{ "128 KiB of dots", "cat ", "/..", "", 131000, 400 },
		{ "128 KiB of paths", "rm ", "/a/b ", "", 131000, 400 },
	};
	int bad = 0;

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		size_t n = strlen(cases[c].head), u = strlen(cases[c].unit);
		char *t = malloc(cases[c].bytes + 64);
		const char *rule;
		double us;

		memcpy(t, cases[c].head, n);
		while (n + u + strlen(cases[c].tail) <= cases[c].bytes) {
			memcpy(t + n, cases[c].unit, u);
			n += u;
		}
		memcpy(t + n, cases[c].tail, strlen(cases[c].tail));
		n += strlen(cases[c].tail);
		us = bench_one(p, t, n, &rule);
		printf("hostile: %-30s %8.2f ms (<= %.0f)  %s%s\n", cases[c].name, us / 1000, cases[c].limit_ms, rule, us / 1000 > cases[c].limit_ms ? "  MISSED" : "");
		bad |= us / 1000 > cases[c].limit_ms;
		free(t);
	}
	return bad;
}

int main(int argc, char **argv)
{
	struct policy *p = bench_policy(RULES);
	int bad = bench_figures(p, argc > 1 ? argv[1] : access("tests/corpus/benign.jsonl", R_OK) == 0 ? "tests/corpus" : "../tests/corpus");

	bad |= bench_hostile(p);
	policy_free(p);
	return bad;
}

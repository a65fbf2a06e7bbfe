/* What parsing costs: time per text of at most 256 bytes, and how it grows to 128 KiB and past it. Prints a table; the
 * figures that the design promises fail the run when they are missed by far (the machine may be busy). */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/shell/parse.h"
#include "policy/shell/render.h"

static double clock_us(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* Every line's "command" of at most 256 bytes, each parsed (and rendered) many times. */
static int short_texts(const char *path)
{
	enum { REPEAT = 20, MAX = 400000 };
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0, n = 0;
	struct arena a;
	struct buf out;
	static double parse[MAX], both[MAX];
	if (f == NULL) {
		perror(path);
		return 1;
	}
	arena_init(&a, ARENA_MAX_DEFAULT);
	buf_init(&out, 1 << 20);
	while (getline(&line, &cap, f) > 0) {
		json_t *o = json_loads(line, JSON_ALLOW_NUL, NULL), *c = json_object_get(o, "command");
		const char *s = json_string_value(c);
		size_t len = json_string_length(c);
		for (int k = 0; s != NULL && len <= 256 && k < REPEAT && n < MAX; k++) {
			struct sh_ast *ast;
			double t0 = clock_us(CLOCK_MONOTONIC);
			arena_reset(&a);
			int r = shell_parse(s, len, DIALECT_BASH, &a, &ast, NULL);
			double t1 = clock_us(CLOCK_MONOTONIC);
			buf_clear(&out);
			if (r == ERR_OK)
				r = shell_render(ast, &out);
			parse[n] = t1 - t0;
			both[n++] = clock_us(CLOCK_MONOTONIC) - t0;
		}
		json_decref(o);
	}
	fclose(f);
	free(line);
	arena_free(&a);
	buf_free(&out);
	if (n == 0)
		return 1;
	qsort(parse, n, sizeof(parse[0]), by_value);
	qsort(both, n, sizeof(both[0]), by_value);
	printf("texts of at most 256 bytes (%zu parses): median %.2f us, p99 %.2f us; with rendering: median %.2f us, "
	       "p99 %.2f us\n",
	       n, parse[n / 2], parse[n * 99 / 100], both[n / 2], both[n * 99 / 100]);
	return parse[n / 2] > 10 || parse[n * 99 / 100] > 50;
}

/* Each grows by repeating one piece between a head and a tail. */
static const struct shape {
	const char *name, *head, *piece, *tail;
	size_t max; /* pieces; 0: as many as fit */
} shapes[] = {
	{"plain words", "echo", " word", "", 0},
	{"one-byte words", "a", " a", "", 0},
	{"statements", "", "a;", "", 0},
	{"lines", "", "a\n", "", 0},
	{"and-or", "a", "&&a", "", 0},
	{"pipes", "a", "|a", "", 0},
	{"one long quote", "echo '", "xxxxxxxx", "'", 0},
	{"double quotes", "echo \"", "$x y ", "\"", 0},
	{"parameters", "echo ", "${x:-y}", "", 0},
	{"substitutions", "echo ", "$(a)", "", 0},
	{"backquotes", "echo ", "`a`", "", 0},
	{"arithmetic", "echo ", "$((1+(2)))", "", 0},
	{"arithmetic or not", "", "((a);(b));", "", 0},
	{"continuations", "echo ", "\\\n", "x", 0},
	{"here-documents", "", "cat <<E\nx\nE\n", "", 0},
	{"one here-document", "cat <<E\n", "$x line\n", "E\n", 0},
	{"stripped here-document", "cat <<-E\n", "\tline\n", "E\n", 0},
	{"braces", "echo ", "{a,b}", "", 0},
	{"open braces", "echo ", "{a", "", 60},
	{"brackets", "echo ", "[", "", 0},
	{"bracket pairs", "echo ", "[a]", "", 0},
	{"case items", "case x in ", "a) b;;", "esac", 0},
	{"elif", "if a; then b;", "elif c; then d;", "fi", 0},
	{"terms in [[", "[[ a", " && b", " ]]", 200},
	{"arrays", "a=(", "b ", ")", 0},
	{"globs", "echo ", "*?", "", 0},
	{"backslashes", "echo ", "\\x", "", 0},
	{"nested $(", "echo ", "$(", "", 0},
	{"nested ((", "echo ", "$((", "", 0},
	{"nested (", "", "(", "", 0},
	{"nested ${", "echo ", "${x:-", "", 0},
	{"nested {", "", "{ ", "", 0},
	{"nested \"", "echo ", "\"$(a ", "", 0},
	{"unclosed '", "", "'a ", "", 0},
	{"subscripts", "", "a[", "", 0},
	{"tried arithmetic", "echo ", "$((a) ", "", 0},
};

static char *grow(const struct shape *s, size_t size, size_t *len)
{
	size_t h = strlen(s->head), p = strlen(s->piece), t = strlen(s->tail), k = (size - h - t) / p;
	if (s->max != 0 && k > s->max)
		k = s->max;
	char *text = malloc(h + k * p + t + 1);
	if (text == NULL)
		exit(1);
	memcpy(text, s->head, h);
	for (size_t i = 0; i < k; i++)
		memcpy(text + h + i * p, s->piece, p);
	memcpy(text + h + k * p, s->tail, t);
	*len = h + k * p + t;
	return text;
}

static double best(const char *text, size_t len, struct arena *a, int *r, size_t *held)
{
	double least = 1e18;
	for (int k = 0; k < 3; k++) {
		struct sh_ast *ast;
		double t0 = clock_us(CLOCK_THREAD_CPUTIME_ID);
		*r = shell_parse(text, len, DIALECT_BASH, a, &ast, NULL);
		double t = clock_us(CLOCK_THREAD_CPUTIME_ID) - t0;
		*held = a->used;
		arena_reset(a);
		least = t < least ? t : least;
	}
	return least;
}

static int growth(void)
{
	static const size_t sizes[] = {8 << 10, 32 << 10, 128 << 10};
	struct arena a;
	int bad = 0;
	arena_init(&a, ARENA_MAX_DEFAULT);
	a.keep = a.max; /* what the kernel takes for fresh pages is not the parser's */
	printf("%-24s %10s %10s %10s %10s %8s  %s\n", "shape (us of CPU)", "8 KiB", "32 KiB", "128 KiB", "1 MiB", "arena",
	       "result at 128 KiB");
	for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++) {
		double t[3], big;
		int r = 0, rb;
		size_t len, held = 0, unused;
		for (size_t i = 0; i < 3; i++) {
			char *text = grow(&shapes[k], sizes[i], &len);
			t[i] = best(text, len, &a, &r, &held);
			free(text);
		}
		char *text = grow(&shapes[k], (size_t)1 << 20, &len);
		big = best(text, len, &a, &rb, &unused);
		free(text);
		/* Four times the bytes: no more than eight times the time, above what the clock can tell; 1 MiB in 10
		 * ms. */
		bool linear = t[2] < 8 * t[1] + 500 && t[1] < 8 * t[0] + 500, quick = big < 10000;
		bad += !linear || !quick;
		printf("%-24s %10.0f %10.0f %10.0f %10.0f %5.1f MB  %s%s%s\n", shapes[k].name, t[0], t[1], t[2], big,
		       (double)held / 1e6, err_text(r), linear ? "" : "  NOT LINEAR", quick ? "" : "  SLOW AT 1 MiB");
	}
	arena_free(&a);
	return bad > 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: parse CORPUS.jsonl\n");
		return 64;
	}
	int r = short_texts(argv[1]);
	return growth() | r;
}

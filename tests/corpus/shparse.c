/* The parser at work on a corpus, for the harness scripts beside this file.
 *
 *   shparse jsonl                  {"id","command","shell"} lines on stdin -> {"id","ok","error","at"} lines
 *   shparse score SHELL            corpus lines with "valid_in" on stdin -> one row of figures; -v lists what differs
 *   shparse render SHELL           a text on stdin -> its canonical rendering
 *   shparse dump SHELL             a text on stdin -> its tree */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/jsonl_parse.h"
#include "policy/shell/dump.h"
#include "policy/shell/parse.h"
#include "policy/shell/render.h"

static int jsonl(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	struct buf out;
	buf_init(&out, 1 << 20);
	while ((n = getline(&line, &cap, stdin)) > 0) {
		buf_clear(&out);
		if (line[n - 1] == '\n')
			n--;
		if (parse_jsonl_line(line, (size_t)n, &out) != ERR_OK)
			return 1;
		fwrite(buf_ptr(&out), 1, out.len, stdout);
	}
	buf_free(&out);
	free(line);
	return 0;
}

struct score {
	unsigned valid, invalid, refused, accepted, rendered, unsupported, unequal, unstable;
};

/* Parses, renders, parses again: the trees must be equal, and the second rendering the same bytes. */
static void round_trip(const char *id, const struct sh_ast *ast, enum dialect d, struct score *s, bool verbose)
{
	struct arena a;
	struct sh_ast *again;
	struct sh_error e;
	struct buf x, y;
	arena_init(&a, ARENA_MAX_DEFAULT);
	buf_init(&x, 4 << 20);
	buf_init(&y, 4 << 20);
	int r = shell_render(ast, &x);
	if (r == ERR_UNSUPPORTED) {
		s->unsupported++;
		if (verbose)
			printf("  %s: no rendering\n", id);
	} else if (r != ERR_OK || shell_parse((const char *)buf_ptr(&x), x.len, d, &a, &again, &e) != ERR_OK ||
		   !ast_equal(ast, again)) {
		s->unequal++;
		printf("  %s: the rendering reads differently (%s)\n%s\n", id, r == ERR_OK ? e.text : err_text(r),
		       buf_cstr(&x));
	} else {
		s->rendered++;
		if (shell_render(again, &y) != ERR_OK || x.len != y.len ||
		    (x.len > 0 && memcmp(buf_ptr(&x), buf_ptr(&y), x.len) != 0)) {
			s->unstable++;
			printf("  %s: rendered twice\n%s\n---\n%s\n", id, buf_cstr(&x), buf_cstr(&y));
		}
	}
	buf_free(&x);
	buf_free(&y);
	arena_free(&a);
}

static int score(enum dialect d, bool verbose)
{
	struct score s = {0};
	struct arena a;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	arena_init(&a, ARENA_MAX_DEFAULT);
	while ((n = getline(&line, &cap, stdin)) > 0) {
		json_t *o = json_loadb(line, (size_t)n, JSON_ALLOW_NUL, NULL), *v, *c = json_object_get(o, "command");
		const char *id = json_string_value(json_object_get(o, "id"));
		struct sh_ast *ast;
		struct sh_error e;
		bool valid = false;
		size_t k;
		if (c == NULL || id == NULL)
			return 1;
		json_array_foreach(json_object_get(o, "valid_in"), k,
				   v) if (strcmp(json_string_value(v), dialect_name(d)) == 0) valid = true;
		int r = shell_parse(json_string_value(c), json_string_length(c), d, &a, &ast, &e);
		if (valid)
			s.valid++;
		else
			s.invalid++;
		if (valid && r != ERR_OK) {
			s.refused++;
			if (verbose)
				printf("  %s:%u:%u: refused: %s\n", id, e.at.line, e.at.col, e.text);
		} else if (!valid && r == ERR_OK) {
			s.accepted++;
			if (verbose)
				printf("  %s: accepted\n", id);
		}
		if (r == ERR_OK)
			round_trip(id, ast, d, &s, verbose);
		arena_reset(&a);
		json_decref(o);
	}
	free(line);
	arena_free(&a);
	printf("%-8s valid %u refused %u  invalid %u accepted %u  round trips %u unsupported %u unequal %u unstable "
	       "%u\n",
	       dialect_name(d), s.valid, s.refused, s.invalid, s.accepted, s.rendered, s.unsupported, s.unequal,
	       s.unstable);
	return s.unequal + s.unstable > 0;
}

static int one(enum dialect d, bool dump)
{
	static char text[1 << 20];
	size_t n = fread(text, 1, sizeof(text), stdin);
	struct arena a;
	struct sh_ast *ast;
	struct sh_error e;
	struct buf out;
	arena_init(&a, ARENA_MAX_DEFAULT);
	buf_init(&out, 64 << 20);
	if (shell_parse(text, n, d, &a, &ast, &e) != ERR_OK) {
		fprintf(stderr, "%u:%u: %s\n", e.at.line, e.at.col, e.text);
		return 2;
	}
	int r = dump ? ast_dump(ast, &out) : shell_render(ast, &out);
	if (r != ERR_OK)
		fprintf(stderr, "%s\n", err_text(r));
	else
		printf("%s\n", buf_cstr(&out));
	buf_free(&out);
	arena_free(&a);
	return r == ERR_OK ? 0 : 3;
}

int main(int argc, char **argv)
{
	enum dialect d;
	if (argc == 2 && strcmp(argv[1], "jsonl") == 0)
		return jsonl();
	if (argc < 3 || dialect_parse(argv[2], &d) != ERR_OK)
		return 64;
	if (strcmp(argv[1], "score") == 0)
		return score(d, argc > 3 && strcmp(argv[3], "-v") == 0);
	if (strcmp(argv[1], "render") == 0 || strcmp(argv[1], "dump") == 0)
		return one(d, argv[1][0] == 'd');
	return 64;
}

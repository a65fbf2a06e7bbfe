/* What is refused, and where; what a stream's statements are; that a walk reaches everything; that bounds hold. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "policy/shell/gate.h"
#include "policy/shell/parse.h"

#define B DIALECT_BASH
#define D DIALECT_DASH
#define Z DIALECT_ZSH
#define M DIALECT_MKSH
#define X DIALECT_BUSYBOX

static void refusals_have_their_place(void **state)
{
	static const struct {
		enum dialect d;
		const char *text;
		int code;
		unsigned line, col;
	} rows[] = {
		{B, "echo 'a", ERR_MALFORMED, 1, 6},
		{B, "a\nb \"c", ERR_MALFORMED, 2, 3},
		{B, "echo $(a", ERR_MALFORMED, 1, 9},
		{B, "echo `a(`", ERR_MALFORMED, 1, 9},
		{B, "if a; then b", ERR_MALFORMED, 1, 13},
		{B, "a;;", ERR_MALFORMED, 1, 2},
		{B, "a && && b", ERR_MALFORMED, 1, 6},
		{B, ")", ERR_MALFORMED, 1, 1},
		{B, "fi", ERR_MALFORMED, 1, 1},
		{B, "a\n\tdone", ERR_MALFORMED, 2, 2},
		{B, "( )", ERR_MALFORMED, 1, 3},
		{B, "echo a(b)", ERR_MALFORMED, 1, 7},
		{B, "echo @(a|b)", ERR_MALFORMED, 1, 7},     /* extglob was not declared */
		{B, "shopt -s extglob; echo @(a)", ERR_MALFORMED, 1, 25}, /* it holds from the next line */
		{B, "case x in a) b", ERR_MALFORMED, 1, 15},
		{B, "for i in a; b", ERR_MALFORMED, 1, 13},
		{B, "[[ a b ]]", ERR_MALFORMED, 1, 6},
		{B, "cat <", ERR_MALFORMED, 1, 6},
		{B, "f() ls", ERR_MALFORMED, 1, 5},
		{B, "${ { ls; }; }", ERR_UNSUPPORTED, 1, 1},
		{D, "${ ls; }", ERR_UNSUPPORTED, 1, 3},
		{B, "echo $z$", ERR_UNSUPPORTED, 1, 6},
		{B, "x=$(cat <<E)\nE\n", ERR_UNSUPPORTED, 1, 5},
		{D, "a=(b)", ERR_MALFORMED, 1, 3},
		{D, "cat <<<a", ERR_MALFORMED, 1, 7},
		{D, "[[ a && b ]] | |", ERR_MALFORMED, 1, 16},
		{D, "select x in a; do b; done", ERR_MALFORMED, 1, 16},
		{M, "a |& b", ERR_UNSUPPORTED, 1, 3},
		{Z, "repeat 3 a", ERR_UNSUPPORTED, 1, 1},
		{X, "a |& b", ERR_MALFORMED, 1, 3},
		{DIALECT_FISH, "ls; ls", ERR_UNSUPPORTED, 1, 3},
		{DIALECT_FISH, "ls $x", ERR_UNSUPPORTED, 1, 4},
		{DIALECT_FISH, "ls 'a\\'", ERR_UNSUPPORTED, 1, 4},
		{DIALECT_FISH, "if a", ERR_UNSUPPORTED, 1, 1},
		{DIALECT_CSH, "ls 'a!b'", ERR_UNSUPPORTED, 1, 4},
		{DIALECT_CSH, "ls > x", ERR_UNSUPPORTED, 1, 4},
		{DIALECT_CSH, "ls *", ERR_UNSUPPORTED, 1, 4},
		{DIALECT_CSH, "%1", ERR_UNSUPPORTED, 1, 1},
		{B, "a\rb", ERR_REFUSED, 1, 2},
		{B, "a\033[2Kb", ERR_REFUSED, 1, 2},
		{B, "a\n\xc2\x85", ERR_REFUSED, 2, 1},
		{B, "a\xff", ERR_REFUSED, 1, 2},
		{B, "a\xc0\x80", ERR_REFUSED, 1, 2},
		{B, "a\xed\xa0\x80", ERR_REFUSED, 1, 2},
		{B, "echo \xe2\x80\xae", ERR_REFUSED, 1, 6},
		{B, "echo \"\xe2\x80\x8b\"", ERR_REFUSED, 1, 7},
		{B, "cat <<'E'\n\xe2\x80\xae\nE\n", ERR_REFUSED, 2, 1},
		{B, "# \xe2\x80\xae", ERR_REFUSED, 1, 3},
		{B, "echo $'\xe2\x80\xae'", ERR_REFUSED, 1, 8},
	};
	struct arena a;
	(void)state;
	arena_init(&a, ARENA_MAX_DEFAULT);
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct sh_ast *ast;
		struct sh_error e;
		int r = shell_parse(rows[k].text, strlen(rows[k].text), rows[k].d, &a, &ast, &e);
		if (r != rows[k].code || e.at.line != rows[k].line || e.at.col != rows[k].col)
			fail_msg("%s: %d at %u:%u (%s)", rows[k].text, r, e.at.line, e.at.col, e.text);
		assert_null(ast);
		assert_true(e.text[0] != '\0');
		arena_reset(&a);
	}
	arena_free(&a);
}

static void hidden_characters_pass_in_single_quotes(void **state)
{
	struct arena a;
	struct sh_ast *ast;
	char nul[] = "a\0b";
	(void)state;
	arena_init(&a, ARENA_MAX_DEFAULT);
	assert_int_equal(shell_parse("echo '\xe2\x80\xae'", 10, B, &a, &ast, NULL), ERR_OK);
	assert_int_equal(shell_parse(nul, 3, B, &a, &ast, NULL), ERR_REFUSED);
	assert_int_equal(shell_parse("echo '\xe2\x80\xae' \xe2\x80\xae", 14, B, &a, &ast, NULL), ERR_REFUSED);
	assert_true(gate_clean("a\t\n", 3));
	assert_false(gate_clean("\x7f", 1));
	arena_free(&a);
}

/* The bound lies within a character: what stands behind that is not looked at. */
static void the_gate_stops_at_its_bound(void **state)
{
	struct gate g;
	(void)state;
	for (size_t n = 1; n < 40; n++) {
		char text[64];
		memset(text, 'a', sizeof(text));
		memcpy(text + n - 1, "\xc3\xa9", 2);
		text[n + 3] = 1;
		gate_scan(text, sizeof(text), n, &g);
		assert_int_equal(g.code, ERR_LIMIT);
		assert_int_equal(g.clean, n + 1);
	}
}

static void statements_of_a_stream(void **state)
{
	static const struct {
		enum dialect d;
		const char *text;
		bool eof;
		int code;
		size_t taken;
	} rows[] = {
		{B, "ls\npwd\n", false, ERR_OK, 3},
		{B, "ls", false, ERR_AGAIN, 0},
		{B, "ls", true, ERR_OK, 2},
		{B, "\nls\n", false, ERR_OK, 1},
		{B, "# c\nls\n", false, ERR_OK, 4},
		{B, "a; b\nc\n", false, ERR_OK, 5},
		{B, "a;\nb\n", false, ERR_OK, 3},
		{B, "a &&\n", false, ERR_AGAIN, 0},
		{B, "a &&\nb\nc\n", false, ERR_OK, 7},
		{B, "a |\n", true, ERR_MALFORMED, 0},
		{B, "a \\\n", false, ERR_AGAIN, 0},
		{B, "a \\\nb\nc\n", false, ERR_OK, 6},
		{B, "echo 'a\n", false, ERR_AGAIN, 0},
		{B, "echo \"a\n", false, ERR_AGAIN, 0},
		{B, "echo $(a\n", false, ERR_AGAIN, 0},
		{B, "echo `a\n", false, ERR_AGAIN, 0},
		{B, "echo $((1+\n", false, ERR_AGAIN, 0},
		{B, "echo ${x:-\n", false, ERR_AGAIN, 0},
		{B, "echo `a(`\n", false, ERR_MALFORMED, 0},
		{B, "if a\n", false, ERR_AGAIN, 0},
		{B, "if a\nthen b\nfi\nc\n", false, ERR_OK, 15},
		{B, "f() {\n", false, ERR_AGAIN, 0},
		{B, "case x in\n", false, ERR_AGAIN, 0},
		{B, "cat <<E\n", false, ERR_AGAIN, 0},
		{B, "cat <<E\nx\n", false, ERR_AGAIN, 0},
		{B, "cat <<E\nx\nE", false, ERR_AGAIN, 0},
		{B, "cat <<E\nx\nE\nls\n", false, ERR_OK, 12},
		{B, "cat <<E\nx\n", true, ERR_OK, 10},
		{M, "cat <<E\nx\n", true, ERR_MALFORMED, 0},
		{B, "cat <<A <<B\n1\nA\n2\nB\nls\n", false, ERR_OK, 20},
		{B, "ls\n)\n", false, ERR_OK, 3},
		{B, ")\n", false, ERR_MALFORMED, 0},
		{B, "a )\n", false, ERR_MALFORMED, 0},
		{B, "a \\\n)\n", false, ERR_MALFORMED, 0},
		{B, "ls\n\001", false, ERR_OK, 3},
		{B, "ls\001\n", false, ERR_REFUSED, 0},
		{B, "ls 'a\001", false, ERR_REFUSED, 0},
		{DIALECT_FISH, "ls\nls; ls\n", false, ERR_OK, 3},
		{DIALECT_FISH, "ls", false, ERR_AGAIN, 0},
	};
	struct arena a;
	(void)state;
	arena_init(&a, ARENA_MAX_DEFAULT);
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct sh_ast *ast;
		struct sh_error e;
		size_t taken;
		int r = shell_parse_statement(rows[k].text, strlen(rows[k].text), rows[k].eof, rows[k].d, &a, &ast,
		&taken, &e);
		if (r != rows[k].code || taken != rows[k].taken)
			fail_msg("%s: %d, %zu taken (%s)", rows[k].text, r, taken, e.text);
		arena_reset(&a);
	}
	arena_free(&a);
}

/* Cut anywhere, a statement is unfinished or complete: never refused, and never more than it is. */
static void unfinished_is_not_wrong(void **state)
{
	static const char text[] = "if [ -f \"$x\" ] && cat <<E | tr a `echo b`; then\n$(ls)\nE\n"
				   "\tcase $y in (a|b) f() { g; };; *) h $((1+2)) ${z:-'q'};; esac\nelse [[ a == b* ]] # c\nfi >o\n";
	struct arena a;
	struct sh_ast *ast;
	struct sh_error e;
	size_t taken;
	(void)state;
	arena_init(&a, ARENA_MAX_DEFAULT);
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		int r = shell_parse_statement(text, n, false, B, &a, &ast, &taken, &e);
		if (r != ERR_AGAIN)
			fail_msg("cut at %zu: %d (%s)", n, r, e.text);
		arena_reset(&a);
	}
	assert_int_equal(shell_parse_statement(text, sizeof(text) - 1, false, B, &a, &ast, &taken, &e), ERR_OK);
	assert_int_equal(taken, sizeof(text) - 1);
	arena_free(&a);
}

static int count_rm(void *ctx, const struct sh_command *c, unsigned depth)
{
	(void)depth;
	if (c->kind == SH_SIMPLE && c->simple->words != NULL && ast_word_is(c->simple->words, "rm"))
		++*(unsigned *)ctx;
	return 0;
}

static void walk_reaches_every_command(void **state)
{
	static const char *const texts[] = {
		"rm", "a;rm", "a&&rm", "a||rm", "a|rm", "a&rm", "(rm)", "{ rm; }", "if rm; then a; fi",
		"if a; then rm; fi", "if a; then b; elif rm; then c; fi",
		"if a; then b; else rm; fi", "while rm; do a; done", "while a; do rm; done",
		"for i in $(rm); do a; done", "for i in a; do rm; done",
		"for ((i=$(rm);;)); do a; done", "for ((;;)); do rm; done", "select i in a; do rm; done",
		"case $(rm) in a) b;; esac", "case a in $(rm)) b;; esac",
		"case a in b) rm;; esac", "f() { rm; }", "function f { rm; }", "f() { a; } >$(rm)", "coproc rm",
		"coproc X { rm; }", "! rm", "time rm",
		"echo $(rm)", "echo `rm`", "echo \"$(rm)\"", "echo \"`rm`\"", "echo <(rm)", "echo >(rm)",
		"echo $(( $(rm) ))", "echo $[ $(rm) ]", "(( $(rm) ))",
		"x=$(rm)", "x=$(rm) a", "a=(b $(rm))", "a=([$(rm)]=b)", "a=([0]=$(rm))", "a[$(rm)]=b",
		"declare x=$(rm)", "declare x=($(rm))",
		"a >$(rm)", "a <<<$(rm)", "cat <<E\n$(rm)\nE\n", "cat <<E\n`rm`\nE\n", "cat <<E\n${x:-$(rm)}\nE\n",
		"echo ${x:-$(rm)}", "echo ${x[$(rm)]}",
		"echo ${x/$(rm)/a}", "echo ${x/a/$(rm)}", "echo ${x:$(rm):1}", "echo ${x:1:$(rm)}", "echo ${x#$(rm)}",
		"echo ${x^$(rm)}", "echo {a,$(rm)}",
		"[[ $(rm) ]]", "[[ a == $(rm) ]]", "[[ a =~ $(rm) ]]", "[[ ! ( -f $(rm) ) ]]",
		"[[ a == @(b|$(rm)) ]]", "shopt -s extglob\necho +($(rm))",
		"echo $(echo $(echo $(rm)))", "echo \"${x:-\"$(rm)\"}\"", "$(rm)", "export a=b$(rm)", "echo ${ rm;}",
		"echo \"${| rm;}\"", "echo ${x?$(rm)}", "echo ~$(rm)", "echo $\"a$(rm)\"",
	};
	struct arena a;
	(void)state;
	arena_init(&a, ARENA_MAX_DEFAULT);
	for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
		struct sh_ast *ast;
		struct sh_error e;
		unsigned n = 0;
		struct sh_visitor v = {.command = count_rm, .ctx = &n};
		if (shell_parse(texts[k], strlen(texts[k]), B, &a, &ast, &e) != ERR_OK)
			fail_msg("%s: %s", texts[k], e.text);
		assert_int_equal(ast_walk(ast, &v), 0);
		if (n != 1)
			fail_msg("%s: reached %u times", texts[k], n);
		arena_reset(&a);
	}
	arena_free(&a);
}

static int place_of_rm(void *ctx, const struct sh_command *c, unsigned depth)
{
	(void)depth;
	if (c->kind == SH_SIMPLE && c->simple->words != NULL && ast_word_is(c->simple->words, "rm"))
		*(struct sh_pos *)ctx = c->at;
	return 0;
}

/* The bytes of the text, even where what is read was made from them. */
static void places_are_of_the_original(void **state)
{
	static const char *const texts[] = {"a\nrm", "echo `a; rm`", "echo `a \\`b; rm\\``",
		"cat <<-E\n\t\tx\n\t\t$(a\nrm)\n\tE\n", "a \\\n && rm", "echo \"`a \\\"b\\\"; rm`\"",
					    "cat <<E\n`a; rm`\nE\n"};
	struct arena a;
	(void)state;
	arena_init(&a, ARENA_MAX_DEFAULT);
	for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
		struct sh_ast *ast;
		struct sh_pos at = {0, 0, 0};
		struct sh_visitor v = {.command = place_of_rm, .ctx = &at};
		const char *rm = strstr(texts[k], "rm"), *bol = rm;
		unsigned line = 1;
		assert_int_equal(shell_parse(texts[k], strlen(texts[k]), B, &a, &ast, NULL), ERR_OK);
		ast_walk(ast, &v);
		for (const char *s = texts[k]; s < rm; s++)
			line += *s == '\n';
		while (bol > texts[k] && bol[-1] != '\n')
			bol--;
		assert_int_equal(at.off, rm - texts[k]);
		assert_int_equal(at.line, line);
		assert_int_equal(at.col, rm - bol + 1);
		arena_reset(&a);
	}
	arena_free(&a);
}

static int nested(const char *open, const char *middle, const char *close, unsigned n)
{
	struct arena a;
	struct sh_ast *ast;
	size_t o = strlen(open), c = strlen(close), m = strlen(middle);
	char *text = malloc(n * (o + c) + m + 1), *p = text;
	assert_non_null(text);
	for (unsigned k = 0; k < n; k++, p += o)
		memcpy(p, open, o);
	memcpy(p, middle, m);
	p += m;
	for (unsigned k = 0; k < n; k++, p += c)
		memcpy(p, close, c);
	arena_init(&a, ARENA_MAX_DEFAULT);
	int r = shell_parse(text, (size_t)(p - text), B, &a, &ast, NULL);
	arena_free(&a);
	free(text);
	return r;
}

static void depth_is_capped(void **state)
{
	static const struct {
		const char *open, *middle, *close;
		unsigned fits;
	} rows[] = {
		{"( ", "a", " )", 64},	    {"{ ", "a", ";}", 64},	  {"$(", "a", ")",
		64},		       {"\"$(", "a", ")\"", 32},
		{"if a; then ", "b", ";fi", 64}, {"${x:-", "a", "}", 64},
		{"$((", "1", "))", 64},	       {"while a;do ", "b", ";done", 64},
		{"case a in b) ", "c", ";; esac", 64}, {"<(", "a", ")", 64}, {"f() { ", "a", ";}", 21},
	};
	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		if (nested(rows[k].open, rows[k].middle, rows[k].close, rows[k].fits) != ERR_OK)
			fail_msg("%s: %u do not fit", rows[k].open, rows[k].fits);
		if (nested(rows[k].open, rows[k].middle, rows[k].close, 65) != ERR_LIMIT)
			fail_msg("%s: 65 are not refused", rows[k].open);
		if (nested(rows[k].open, rows[k].middle, rows[k].close, 5000) != ERR_LIMIT)
			fail_msg("%s: 5000 are not refused", rows[k].open);
	}
}

static void length_and_memory_are_capped(void **state)
{
	struct arena a;
	struct sh_ast *ast;
	struct sh_error e;
	char *text = malloc(SHELL_MAX_LEN + 1);
	(void)state;
	assert_non_null(text);
	memset(text, 'a', SHELL_MAX_LEN + 1);
	arena_init(&a, ARENA_MAX_DEFAULT);
	assert_int_equal(shell_parse(text, SHELL_MAX_LEN, B, &a, &ast, &e), ERR_OK);
	assert_int_equal(shell_parse(text, SHELL_MAX_LEN + 1, B, &a, &ast, &e), ERR_LIMIT);
	/* The worst shape that is known fits. */
	for (size_t k = 0; k < SHELL_MAX_LEN; k += 2)
		memcpy(text + k, "a\n", 2);
	arena_reset(&a);
	assert_int_equal(shell_parse(text, SHELL_MAX_LEN, B, &a, &ast, &e), ERR_OK);
	assert_true(a.held <= ARENA_MAX_DEFAULT);
	arena_reset(&a);
	assert_true(a.held <= (size_t)2 << 20);
	arena_free(&a);
	arena_init(&a, 64 << 10);
	assert_int_equal(shell_parse(text, SHELL_MAX_LEN, B, &a, &ast, &e), ERR_NOMEM);
	assert_int_equal(shell_parse(text, 2000, B, &a, &ast, &e), ERR_LIMIT);
	assert_null(ast);
	assert_true(a.held <= 64 << 10);
	arena_free(&a);
	free(text);
}

static void no_heap_once_warm(void **state)
{
	static const char text[] = "for i in a b; do echo \"$i\" | grep -c x >/tmp/y; done\n";
	struct arena a;
	struct sh_ast *ast;
	(void)state;
	arena_init(&a, ARENA_MAX_DEFAULT);
	assert_int_equal(shell_parse(text, sizeof(text) - 1, B, &a, &ast, NULL), ERR_OK);
	size_t held = a.held;
	for (int k = 0; k < 1000; k++) {
		arena_reset(&a);
		assert_int_equal(shell_parse(text, sizeof(text) - 1, B, &a, &ast, NULL), ERR_OK);
	}
	assert_int_equal(a.held, held);
	arena_free(&a);
}

static void arena_rewinds(void **state)
{
	volatile size_t huge = SIZE_MAX - 3; /* not known to the compiler, which would warn */
	struct arena a;
	(void)state;
	arena_init(&a, 1 << 20);
	char *x = arena_copy(&a, "abc", 3);
	assert_string_equal(x, "abc");
	struct arena_mark m = arena_mark(&a);
	for (int k = 0; k < 100; k++)
		assert_non_null(arena_alloc(&a, 5000));
	arena_rewind(&a, m);
	char *y = arena_alloc(&a, 40000);
	assert_non_null(y);
	for (int k = 0; k < 40000; k++)
		assert_int_equal(y[k], 0);
	assert_string_equal(x, "abc");
	assert_null(arena_alloc(&a, 1 << 20));
	assert_null(arena_alloc(&a, huge));
	arena_free(&a);
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_have_their_place),
		cmocka_unit_test(hidden_characters_pass_in_single_quotes),
		cmocka_unit_test(the_gate_stops_at_its_bound),
		cmocka_unit_test(statements_of_a_stream),
		cmocka_unit_test(unfinished_is_not_wrong),
		cmocka_unit_test(walk_reaches_every_command),
		cmocka_unit_test(places_are_of_the_original),
		cmocka_unit_test(depth_is_capped),
		cmocka_unit_test(length_and_memory_are_capped),
		cmocka_unit_test(no_heap_once_warm),
		cmocka_unit_test(arena_rewinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

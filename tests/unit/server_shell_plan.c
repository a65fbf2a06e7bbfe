/* Statements taken apart: what is asked, in which order, for which statuses. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/shell/parse.h"
#include "server/shell_plan.h"

struct script {
	const char *text;
	const char *asked; /* lines "text\n" of what would run or is done here, with "!" before a refusal and "=N" at an exit */
};

/* The target: `false` and `test -d /nope` fail, pwd says /where, a value is "v\n"-less "sub". */
static int pretend(const struct shell_step *s, const char **out)
{
	const char *text = (const char *)buf_ptr(&s->text);

	*out = "";
	if (s->kind == STEP_CD) {
		*out = "noise of a start-up file\n/where\n";
		return memmem(text, s->text.len, "/nope", 5) != NULL;
	}
	if (s->kind == STEP_VALUE) {
		*out = "sub";
		return memmem(text, s->text.len, "false", 5) != NULL ? 3 : 0;
	}
	return memmem(text, s->text.len, "false", 5) != NULL || memmem(text, s->text.len, "/nope", 5) != NULL;
}

static void run(const char *script, struct buf *got)
{
	struct shell_state st = { 0 };
	struct shell_step step = { 0 };
	struct shell_plan *p;
	struct arena arena;
	struct sh_ast *ast;
	size_t n = strlen(script), taken;
	const char *out = "";
	bool ended = false;

	arena_init(&arena, ARENA_MAX_DEFAULT);
	buf_init(&step.text, 1 << 18);
	while (n > 0 && !ended) {
		arena_reset(&arena);
		assert_int_equal(shell_parse_statement(script, n, true, DIALECT_BASH, &arena, &ast, &taken, NULL), ERR_OK);
		p = shell_plan_new(ast, (struct view){ (const uint8_t *)script, taken }, &st);
		assert_non_null(p);
		script += taken;
		n -= taken;
		for (unsigned guard = 0; shell_plan_next(p, &step); guard++) {
			assert_true(guard < 100);
			if (step.kind == STEP_EXIT) {
				(void)buf_printf(got, "=%d\n", step.status);
				ended = true;
				break;
			}
			if (step.kind == STEP_ERROR || step.kind == STEP_REFUSE) {
				(void)buf_printf(got, "!\n");
				shell_plan_done(p, &step, step.kind == STEP_REFUSE, step.status, (struct view){ (const uint8_t *)"", 0 });
				continue;
			}
			(void)buf_put(got, buf_ptr(&step.text), step.text.len);
			(void)buf_put_str(got, "\n");
			{
				int status = step.kind == STEP_LOCAL ? 0 : pretend(&step, &out);

				shell_plan_done(p, &step, true, status, (struct view){ (const uint8_t *)out, strlen(out) });
			}
		}
		shell_plan_free(p);
	}
	buf_free(&step.text);
	shell_state_free(&st);
	arena_free(&arena);
}

static const struct script scripts[] = {
	{ "echo a; echo b | cat\n", "'echo' 'a'; 'echo' 'b' | 'cat'\n" },
	{ "cd /x\nls\n", "'cd' '/x' && pwd\ncd -- '/where' && { 'ls'\n}\n" },
	{ "cd /nope\nls\n", "'cd' '/nope' && pwd\n'ls'\n" },
	{ "cd /x\ncd -\ncd -\n", "'cd' '/x' && pwd\ncd -- '/where' && { cd && pwd\n}\ncd -- '/where' && { cd -- '/where' && pwd\n}\n" },
	{ "cd -\n", "!\n" },
	{ "cd /x && ls || pwd\n", "'cd' '/x' && pwd\ncd -- '/where' && { 'ls'\n}\n" },
	{ "cd /nope && ls || pwd\n", "'cd' '/nope' && pwd\n'pwd'\n" },
	{ "(cd /x && make)\n", "('cd' '/x' && 'make')\n" },
	{ "x=1; y=\"a $x\"; echo $y\n", "x='1'\ny='a 1'\ny='a 1'; 'echo' ${y}\n" },
	{ "x=\"a'b\"\necho $x\n", "x='a'\\''b'\nx='a'\\''b'; 'echo' ${x}\n" },
	{ "x=$(ls)\necho $x\n", "x=$('ls'); sallyport_status=$?; printf %s \"$x\"; exit \"$sallyport_status\"\nx='sub'; 'echo' ${x}\n" },
	{ "x=$(false) || echo bad\n", "x=$('false'); sallyport_status=$?; printf %s \"$x\"; exit \"$sallyport_status\"\n'echo' 'bad'\n" },
	{ "export A=b\nenv\n", "export A='b'\nexport A='b'; 'env'\n" },
	{ "A=b\nexport A\nenv\nunset A\nenv\n", "A='b'\nexport A='b'\nexport A='b'; 'env'\nunset 'A'\nunset A; 'env'\n" },
	{ "false\necho $?\n", "'false'\n'echo' '1'\n" },
	{ "false\nif [ $? -ne 0 ]; then echo x; fi\n", "'false'\nif '[' '1' '-ne' '0' ']'; then 'echo' 'x'; fi\n" },
	{ "false\ntrue; echo $?\n", "'false'\n(exit 1); 'true'; 'echo' $?\n" },
	{ "set -- 'a b' c\necho \"$1\"\nshift\necho $#\n", "set '--' 'a b' 'c'\nset -- 'a b' 'c'; 'echo' \"${1}\"\nshift\nset -- 'c'; 'echo' $#\n" },
	{ "umask 027\ntouch x\n", "umask '027'\numask 027; 'touch' 'x'\n" },
	{ "exit 7\nls\n", "=7\n" },
	{ "false\nexit\n", "'false'\n=1\n" },
	{ "false || exit 4\n", "'false'\n=4\n" },
	{ "if false; then exit 1; else cd /x; fi\n", "'false'\n'cd' '/x' && pwd\n" },
	{ "if test a; then exit 1; fi\n", "'test' 'a'\n=1\n" },
	{ "for i in 1 2; do n=$i; done; echo $n\n", "n='1'\nn='2'\nn='2'; 'echo' ${n}\n" },
	{ "for i in 1 2; do if test $i; then break; fi; x=1; done; ls\n", "i='1'; 'test' ${i}\n'ls'\n" },
	{ "set -e\nfalse\nls\n", "set '-e'\nset -e; 'false'\n=1\n" },
	{ "set -e\nfalse || true\nif test; then ls; fi\n! true\nls\n", "set '-e'\nset -e; 'false'\nset -e; 'true'\nset -e; if 'test'; then 'ls'; fi\nset -e; ! 'true'\nset -e; 'ls'\n" },
	{ "f() { ls; }\n", "!\n" }, { "ls &\n", "!\n" }, { "alias l=ls\n", "!\n" }, { "eval ls\n", "!\n" }, { ". ./f\n", "!\n" }, { "exec ls\n", "!\n" },
	{ "x=(1 2)\n", "!\n" }, { "CDPATH=/x\n", "!\n" }, { "command cd /x\n", "!\n" }, { "trap ls EXIT\n", "!\n" }, { "{ ls; cd /x; } > f\n", "!\n" },
	{ "case a in a) exit 1;; esac\n", "!\n" },
	{ "read x\necho $x\nx=1\necho $x\n", "'read' 'x'\n!\nx='1'\nx='1'; 'echo' ${x}\n" },
	{ "for i in *; do echo $i; done\necho $i\n", "for i in *; do 'echo' ${i}; done\n!\n" },
	{ "cat <<E\nhi $x\nE\n", "'cat' <<EOF\nhi ${x}\nEOF\n\n" },
};

static void asked(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		struct buf got;

		buf_init(&got, 1 << 20);
		run(scripts[i].text, &got);
		if (strcmp(buf_cstr(&got), scripts[i].asked) != 0 && ++wrong)
			print_error("case %zu: %s\n got: %s\nwant: %s\n", i, scripts[i].text, buf_cstr(&got), scripts[i].asked);
		buf_free(&got);
	}
	assert_int_equal(wrong, 0);
}

/* zsh evaluates the argument of exit: a value's status goes another way there. */
static void in_zsh(void **state)
{
	static const char text[] = "x=$(ls)\n";
	struct shell_state st = { 0 };
	struct shell_step step = { 0 };
	struct shell_plan *p;
	struct arena arena;
	struct sh_ast *ast;
	size_t taken;

	(void)state;
	arena_init(&arena, ARENA_MAX_DEFAULT);
	buf_init(&step.text, 1 << 18);
	assert_int_equal(shell_parse_statement(text, sizeof(text) - 1, true, DIALECT_ZSH, &arena, &ast, &taken, NULL), ERR_OK);
	p = shell_plan_new(ast, (struct view){ (const uint8_t *)text, taken }, &st);
	assert_non_null(p);
	assert_true(shell_plan_next(p, &step));
	assert_string_equal(buf_cstr(&step.text), "x=$('ls') && printf %s \"$x\" || { printf %s \"$x\"; false; }");
	shell_plan_free(p);
	buf_free(&step.text);
	shell_state_free(&st);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(asked), cmocka_unit_test(in_zsh) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Statements of a managed shell: any bytes are taken apart into a bounded number of steps, and what is asked is never longer than its bounds. The
 * target's answers are bytes of the input too. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/shell/parse.h"
#include "server/shell_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct shell_state st = { 0 };
	struct shell_step step = { 0 };
	struct arena arena;
	struct sh_ast *ast;
	const char *text = (const char *)p;
	size_t left = n, taken;
	unsigned steps = 0;

	if (n < 2 || n > 4096)
		return 0;
	arena_init(&arena, ARENA_MAX_DEFAULT);
	buf_init(&step.text, 1 << 18);
	text++;
	left--;
	while (left > 0 && steps < 300) {
		struct shell_plan *plan;

		arena_reset(&arena);
		if (shell_parse_statement(text, left, true, (enum dialect)(p[0] % 5), &arena, &ast, &taken, NULL) != ERR_OK)
			break;
		plan = shell_plan_new(ast, (struct view){ (const uint8_t *)text, taken }, &st);
		text += taken;
		left -= taken;
		while (plan != NULL && steps++ < 300 && shell_plan_next(plan, &step)) {
			uint8_t dice = p[steps % n];
			struct view out = { p, dice % n };

			if (step.kind == STEP_EXIT)
				break;
			if (step.text.len > 2 * SHELL_MAX_LEN + SHELL_STATE_BYTES * 4)
				abort();
			shell_plan_done(plan, &step, (dice & 3) != 0 && step.kind != STEP_ERROR, step.kind == STEP_LOCAL ? 0 : dice >> 2 & 1, out);
		}
		shell_plan_free(plan);
		if (step.kind == STEP_EXIT)
			break;
	}
	buf_free(&step.text);
	shell_state_free(&st);
	arena_free(&arena);
	return 0;
}

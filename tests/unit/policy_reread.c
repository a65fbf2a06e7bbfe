/* What runs is what was decided, even if the rendering were wrong: here it is, by the linker (--wrap). */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/policy.h"
#include "policy/shell/render.h"

int __real_shell_render(const struct sh_ast *ast, struct buf *out);
int __wrap_shell_render(const struct sh_ast *ast, struct buf *out);

static const char *wrong; /* what a faulty rendering adds; NULL: nothing */

int __wrap_shell_render(const struct sh_ast *ast, struct buf *out)
{
	int r = __real_shell_render(ast, out);

	return r == ERR_OK && wrong != NULL ? buf_put_str(out, wrong) : r;
}

static void expect(const struct policy *p, const char *text, const char *added, enum verdict verdict, const char *rule, const char *runs)
{
	struct policy_question q = { .kind = QUESTION_EXEC, .text = text, .len = strlen(text), .dialect = DIALECT_BASH };
	struct policy_answer a;

	wrong = added;
	assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
	assert_int_equal(a.verdict, verdict);
	assert_string_equal(a.rule, rule);
	if (runs != NULL) {
		assert_int_equal(a.text_len, strlen(runs));
		assert_memory_equal(a.text, runs, a.text_len);
	}
	policy_answer_free(&a);
}

static void a_rendering_that_reads_differently_does_not_run(void **state)
{
	static const char text[] = "version: 1\nprofile: enforce\npacks: [core.readonly]\nrules:\n  - id: restart\n    approve: [\"systemctl restart nginx\"]\n";
	static const char *const faults[] = { "; rm -rf /", " x", "'", " >f", " $x", "\n#", " &" };
	struct policy *p;
	struct buf e;

	(void)state;
	buf_init(&e, 1 << 16);
	assert_int_equal(policy_load("test", text, strlen(text), &p, &e), ERR_OK);
	buf_free(&e);
	expect(p, "ls /var/log", NULL, VERDICT_ALLOW, "core.readonly.read", "'ls' '/var/log'");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(faults[i], "\n#") == 0) { /* a comment is no other tree */
			expect(p, "ls /var/log", faults[i], VERDICT_ALLOW, "core.readonly.read", NULL);
			continue;
		}
		expect(p, "ls /var/log", faults[i], VERDICT_DENY, "gate:render", NULL);
		/* A person approves bytes, and those run. */
		expect(p, "systemctl restart nginx", faults[i], VERDICT_APPROVE, "restart", "systemctl restart nginx");
	}
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_rendering_that_reads_differently_does_not_run) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

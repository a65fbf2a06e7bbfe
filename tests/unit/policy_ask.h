/* What the tests of policies ask: load this text, decide this command. */
#ifndef TESTS_UNIT_POLICY_ASK_H
#define TESTS_UNIT_POLICY_ASK_H

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/policy.h"

#define COUNT(x) (sizeof(x) / sizeof((x)[0]))

static inline struct policy *loaded(const char *text)
{
	struct policy *p;
	struct buf e;

	buf_init(&e, 1 << 20);
	if (policy_load("test.yaml", text, strlen(text), &p, &e) != ERR_OK)
		fail_msg("%s", e.len > 0 ? buf_cstr(&e) : "?");
	buf_free(&e);
	return p;
}

/* Whether the answer, allow or not, is another than wanted, which is said. */
static inline unsigned differs(const struct policy *p, const char *text, bool permit)
{
	struct policy_question q = { .kind = QUESTION_EXEC, .text = text, .len = strlen(text), .dialect = DIALECT_BASH };
	struct policy_answer a;
	bool wrong;

	assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
	wrong = permit != (a.verdict == VERDICT_ALLOW);
	if (wrong)
		print_error("%s: %s by %s (%s)\n", text, verdict_name(a.verdict), a.rule, a.reason);
	policy_answer_free(&a);
	return wrong;
}

/* Loads the policy, which allows none of the commands no and all of yes. */
static inline void ask_all(const char *policy, const char *const *no, size_t nno, const char *const *yes, size_t nyes)
{
	struct policy *p = loaded(policy);
	unsigned wrong = 0;

	for (size_t i = 0; i < nno; i++)
		wrong += differs(p, no[i], false);
	for (size_t i = 0; i < nyes; i++)
		wrong += differs(p, yes[i], true);
	policy_free(p);
	assert_int_equal(wrong, 0);
}

#endif

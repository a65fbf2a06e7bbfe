/* Policy files from nowhere: loading never crashes, never leaks, and a policy that loaded decides. */
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const groups[] = { "ops" };
	static const struct tag tags[] = { { "role", "web" } };
	struct policy *p;
	struct buf errors;

	buf_init(&errors, 1 << 20);
	if (policy_load("fuzz", data, size, &p, &errors) == ERR_OK) {
		static const char *const texts[] = { "rm -fr /etc", "sudo app start $x", "ls *.conf > /tmp/x" };

		for (unsigned i = 0; i < 3; i++) {
			struct policy_question q = { .kind = QUESTION_EXEC, .text = texts[i], .len = strlen(texts[i]), .groups = groups, .ngroups = 1, .tags = tags, .ntags = 1,
						     .target = "web1" };
			struct policy_answer a;

			policy_decide(p, &q, &a);
			policy_answer_free(&a);
		}
		policy_free(p);
	}
	buf_free(&errors);
	return 0;
}

/* Command texts from nowhere, in every dialect: deciding never crashes; the answer is whole; and what is allowed under the
 * read-only pack, written canonically, is allowed again: rendering never turns a text into another verdict. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct policy *fuzz_policy(void)
{
	static struct policy *p;
	static const char text[] = "version: 1\npacks: [core.readonly, core.protected-paths, core.destructive]\nrules:\n"
				   "  - { id: a, approve: [\"systemctl restart *\"], allow: [\"app --mode * /srv/** **\", { write: [\"/tmp/**\"] }], deny: [\"app {a,b} **\"] }\n";
	struct buf errors;

	if (p == NULL) {
		buf_init(&errors, 1 << 20);
		if (policy_load("fuzz", text, strlen(text), &p, &errors) != ERR_OK)
			abort();
		buf_free(&errors);
	}
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_question q;
	struct policy_answer a, b;
	char *text;

	if (size < 1)
		return 0;
	memset(&q, 0, sizeof(q));
	q.kind = QUESTION_EXEC;
	q.dialect = (enum dialect)(data[0] % 7);
	q.has_pty = (data[0] & 8) != 0;
	q.cwd = (data[0] & 16) != 0 ? "/srv/app" : NULL;
	text = malloc(size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	q.text = text;
	q.len = size - 1;
	if (policy_decide(fuzz_policy(), &q, &a) == ERR_OK) {
		if (a.rule == NULL || a.reason == NULL || (a.verdict != VERDICT_DENY && a.text == NULL))
			abort();
		if (a.verdict == VERDICT_ALLOW && a.canonical) {
			q.text = a.text;
			q.len = a.text_len;
			if (policy_decide(fuzz_policy(), &q, &b) == ERR_OK && b.verdict != VERDICT_ALLOW && strncmp(b.rule, "gate:l", 6) != 0)
				abort();
			policy_answer_free(&b);
		}
		policy_answer_free(&a);
	}
	free(text);
	return 0;
}

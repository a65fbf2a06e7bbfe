/* Inside of decide.c: filling an answer. Not for other files. */
#ifndef POLICY_ANSWER_H
#define POLICY_ANSWER_H

#include "policy/rules.h"

/* Everything an answer holds, the text buffer that rendering uses, and what reading it again takes. */
struct pooled {
	struct arena arena, again;
	struct buf text, dump[2];
};

void answer_start(struct policy_answer *a, struct pooled *p);
void answer_rule(struct policy_answer *a, const struct rule *r);
bool answer_shows(const struct reading *r, const struct act *x);
bool answer_commands(struct policy_answer *a, const struct reading *r, struct arena *arena); /* false: no memory */
enum confidence answer_confidence(const struct reading *r);
const char *answer_reason(struct arena *arena, const struct judgement *j, const struct act *x);
/* Profile and shadow rules: what is really enforced. */
void answer_verdict(const struct policy *p, struct policy_answer *a, int verdict, int shadow);

/* Printable ASCII in the arena, for a person; NULL on no memory. */
const char *answer_text(struct arena *a, const char *s);
const char *answer_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif

/* How one act is held against one pattern: what its words may be (pattern_word.c), restrictions of tools that are not read by meaning
 * (pattern_loose.c). For pattern_match.c alone. */
#ifndef POLICY_PATTERN_FIT_H
#define POLICY_PATTERN_FIT_H

#include "policy/rules.h"

/* What is asked: sure, the act surely is of the pattern (allow); else it may be, and opaque tells whether words that are not known count. */
struct fit {
	const struct pattern *p;
	const struct act *a;
	bool sure, opaque;
	bool spelled; /* the pattern is to hold for what a wrapper runs as well */
};

/* One pattern word against one word of the act, from byte off on. */
bool word_match(const struct fit *q, const struct pword *w, const struct field *f, size_t off);

/* A restriction, by words: options in any place and spelling, and between the other words what may be options and their arguments. */
bool loose_match(const struct fit *q);

/* A byte that names and relative paths begin with, and no option. */
bool path_byte(char c);
/* Whether the act stands in the directory that the login begins in. */
bool act_at_login(const struct act *a);
/* A relative path (a glob's as well) with a slash before it, without what does not count; false where it is too long. Two of them are one. */
bool relative_clean(const char *path, char *out);
bool relative_same(const char *rule, const char *path);
const struct tool *tool_root(const struct tool *t);

#endif

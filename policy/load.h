/* Inside of load.c: what is shared while a file is loaded. Not for other files. */
#ifndef POLICY_LOAD_H
#define POLICY_LOAD_H

#include "policy/rules.h"

#define MAX_RULES 20000

struct load {
	struct policy *p;
	struct yaml_doc *d;
	const char *pack; /* NULL: the file itself */
	bool nomem;
};

/* load_rule.c: the who section, and the rules of a file or pack. */
void load_who(struct load *l, const struct yaml_node *root);
void load_rules(struct load *l, const struct yaml_node *root);

void *load_alloc(struct load *l, size_t n); /* from the policy's arena; NULL sets nomem */
const char **load_strs(struct load *l, const struct yaml_node *m, const char *key, bool required, size_t *n);

#endif

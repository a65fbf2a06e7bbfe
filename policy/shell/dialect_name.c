/* The dialects' names, as configuration and JSON lines write them. */
#include <string.h>

#include "policy/policy.h"

static const struct {
	const char *name;
	enum dialect d;
} names[] = {
	/* the first of each dialect is the one that is written */
	{"bash", DIALECT_BASH},       {"dash", DIALECT_DASH}, {"zsh", DIALECT_ZSH}, {"mksh", DIALECT_MKSH},
	{"busybox", DIALECT_BUSYBOX}, {"fish", DIALECT_FISH}, {"csh", DIALECT_CSH}, {"sh", DIALECT_DASH},
	{"ash", DIALECT_BUSYBOX},     {"tcsh", DIALECT_CSH},
};

const char *dialect_name(enum dialect d)
{
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		if (names[k].d == d)
			return names[k].name;
	return "unknown";
}

int dialect_parse(const char *name, enum dialect *out)
{
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		if (strcmp(names[k].name, name) == 0) {
			*out = names[k].d;
			return ERR_OK;
		}
	}
	return ERR_NOTFOUND;
}

/* Inside masking: the value behind a name, for mask_field.c and mask_program.c. */
#ifndef POLICY_MASK_FIELD_H
#define POLICY_MASK_FIELD_H

#include "policy/mask_int.h"

struct field {
	size_t key;      /* where the key begins */
	size_t v, e;     /* the value */
	uint8_t quote;   /* the value's, or 0 */
	unsigned slashes; /* backslashes before the quote */
	bool gap;        /* blanks before the delimiter */
	bool spaced;     /* blanks around it */
	bool colon, tag;
	bool pair;       /* "name": KEY, "value": …: the key is in a value of its own */
	uint8_t after;   /* the byte behind the value, 0: none */
};

/* A quoted value from f->v on: up to the same quote, behind as many backslashes, or the end of the line. M_YES, M_MORE. */
int mask_field_quoted(const struct mtext *x, struct field *f);
/* A value without quotes: up to a blank, a quote, or what begins the next pair. M_YES, M_MORE. */
int mask_field_bare(const struct mtext *x, struct field *f);
bool mask_field_ends(uint8_t c);

/* Passwords that only their program knows as such. */
int mask_program_anchors(struct mask_set *set);

#endif

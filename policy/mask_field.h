/* Inside masking: the value behind a name, for mask_field.c (the name), mask_field_value.c (how far the value goes) and mask_program.c. */
#ifndef POLICY_MASK_FIELD_H
#define POLICY_MASK_FIELD_H

#include "policy/mask_int.h"

/* What kind of name it is. */
#define F_WORD 1u   /* the name is short: a word must begin there (DB_PASS, dbPass, not bypass) */
#define F_CUT 2u    /* the literal's last byte is what follows a name of three letters */
#define F_AUTH 4u   /* the value has a scheme before it */
#define F_LINE 8u   /* the value goes to the end of the line */
#define F_JSON 16u  /* only as a quoted key with a quoted value */
#define F_BEARER 32u /* no key: a scheme with a token */

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

static inline bool mask_field_key(uint8_t c) /* a byte of a key */
{
	return mask_is(c, CLS_B64URL) || c == '.';
}

/* The value from f->v on, behind a name with these flags: sets v, e, quote, slashes, after. M_YES, M_NO: none is there, M_MORE. */
int mask_field_value(const struct mtext *x, unsigned flags, struct field *f);
/* A quoted value from f->v on: up to the same quote, behind as many backslashes, or the end of the line. M_YES, M_MORE. */
int mask_field_quoted(const struct mtext *x, struct field *f);
/* A value without quotes: up to a blank, a quote, or what begins the next pair. M_YES, M_MORE. */
int mask_field_bare(const struct mtext *x, struct field *f);
bool mask_field_ends(uint8_t c);

/* Passwords that only their program knows as such. */
int mask_program_anchors(struct mask_set *set);

#endif

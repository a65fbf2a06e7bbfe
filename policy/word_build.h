/* Inside of word.c and its parts: the word in hand while it is resolved. Not for other files. */
#ifndef POLICY_WORD_BUILD_H
#define POLICY_WORD_BUILD_H

#include "policy/walk.h"

#define MAX_ALTS 512 /* words that braces may make of one */

struct build {
	struct walk *w;
	enum word_mode mode;
	struct field *out; /* finished ones */
	unsigned nout, cap;
	bool overflow;
	/* the one in hand: bytes as a pattern, literal metacharacters behind a backslash */
	char *text;
	size_t n, room;
	bool started; /* something was there, be it empty quotes */
	bool glob;    /* an active metacharacter */
	bool opaque;  /* something unknown; text holds what came before it */
	bool multi;   /* may be split, or vanish */
	bool home;
	bool dots;   /* an active pattern in it may match a leading dot */
	bool numeric_only; /* nothing but one numeric value so far */
	bool digits_only;  /* nothing but one value of digits, which may be empty */
	bool nodash;       /* of the opaque part, when nothing stands before it */
	bool hollow;       /* and nothing but what may be empty came so far */
	bool rooted;       /* the same as nodash */
	bool nosplit;
	bool blanks;       /* a literal of it holds what would be split or globbed when used unquoted */
};

/* word_build.c: adding to the word in hand, and ending it. */
void build_room(struct build *b, size_t n);
void build_literal(struct build *b, const char *p, size_t n);
void build_glob(struct build *b, const char *p, size_t n);
void build_unknown(struct build *b, bool multi, unsigned flags); /* something that is not known comes here */
void build_value(struct build *b, const struct field *v, bool quoted); /* a value, as it becomes part of the word */
void build_finish(struct build *b);
bool build_splits(const struct build *b); /* unquoted values are split here */

/* word.c */
void build_part(struct build *b, const struct sh_part *p, bool quoted);

/* word_param.c */
bool param_is(const struct sh_param *p, char c);
bool param_parts_many(const struct sh_part *p);
void param_build(struct build *b, const struct sh_part *part, bool quoted);

/* word_arith.c: whether a variable held, at some time before, what is no number. */
bool word_was_text(struct walk *w, const char *name, size_t n);

/* word_number.c: whether a command substitution can print nothing but digits, blanks and newlines. */
bool word_number(const struct walk *w, const struct sh_list *body);

/* word_brace.c: whether a word has braces to expand, and its alternatives, each built and ended. */
bool brace_any(const struct sh_part *p);
/* Whether an expansion that may be split stands in the word, its alternatives included. */
/* a range whose values count as if they were written */
bool brace_live(const struct sh_part *p);
bool brace_splits(const struct sh_part *p, bool quoted);
void brace_build(struct build *b, const struct sh_part *parts);

static inline bool word_digit(char c)
{
	return c >= '0' && c <= '9';
}

#endif

/* What the words of a managed shell are worth, where that is known here: literal text and variables that Sallyport keeps. Anything that
 * the target would have to work out, or that it would split or glob, is ERR_UNSUPPORTED. Pure; distrusts the words. */
#ifndef SERVER_SHELL_VALUE_H
#define SERVER_SHELL_VALUE_H

#include "policy/shell/ast.h"
#include "server/shell_state.h"

/* A word's value, into out, which is cleared first. field: an argument, in which what is not quoted is split and globbed. */
int value_word(const struct shell_state *st, const struct sh_word *w, bool field, struct buf *out);

/* A list's words; "$@" is as many as there are. ERR_OK, ERR_UNSUPPORTED, ERR_NOMEM. Freed with value_free(). */
int value_words(const struct shell_state *st, const struct sh_word *w, char ***out, unsigned *n);
int value_for(const struct shell_state *st, const struct sh_for *f, char ***words, unsigned *n); /* of a for loop */
void value_free(char **words, unsigned n);

/* The value of an assignment. */
int value_assigned(const struct shell_state *st, const struct sh_assign *a, struct buf *out);

bool value_is_number(const char *s); /* of at most five digits */
bool value_is_name(const char *p, size_t n);

#endif

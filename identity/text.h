/* Text from outside that a person will read: names, subjects, groups. */
#ifndef IDENTITY_TEXT_H
#define IDENTITY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether n bytes at s are 1 to max bytes of valid UTF-8 without control characters (C0, DEL, C1), line and paragraph
 * separators, bidirectional controls, zero-width or other invisible format characters, surrogates or noncharacters.
 * What passes looks on a screen like what it is. */
bool text_ok(const char *s, size_t n, size_t max);

/* Whether text matches the glob: '*' any run of bytes (also none), '?' one character, all else itself. There is no escape
 * and no class. Takes time in proportion to the product of the lengths at worst. */
bool text_glob(const char *glob, const char *text);

#endif

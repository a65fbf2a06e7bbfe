/* Paths as rules see them: absolute and lexically normalised where the text alone allows it. Nothing looks at a host. */
#ifndef POLICY_PATH_H
#define POLICY_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/acts.h"

/* Whether path rule `pattern` (components with * ? [..] {..} not included; ** for any number of components, none too) matches
 * the path. A path that begins with "~/" is below an unknown home directory.
 * sure: every path that the field can be matches. Else: some path that it can be matches. */
bool path_match(const char *pattern, const struct path_use *p, bool sure);

/* The same for a path given as bytes (file operations): absolute, else below the home directory. */
bool path_match_text(const char *pattern, const char *path);

/* Makes a word a path: joined to cwd where it is relative, normalised. u->path points into out (PATH_BUF bytes), or is OPAQUE. */
#define PATH_BUF 8200
void path_resolve(const struct field *cwd, const struct field *word, size_t off, struct path_use *u, char *out);

/* glob with * and ? (backslash: the next byte as it is) over bytes, no meaning of '/' (subjects, names, words). */
bool glob_match(const char *pattern, const char *text, size_t n);

#endif

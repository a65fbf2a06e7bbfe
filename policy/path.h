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

/* The same for the path and all that lies below it: every one of them; any one of them (as path_touches() below). */
bool path_match_tree(const char *pattern, const struct path_use *p, bool sure);

/* words_bits() of a component that a path has which path_match() or path_match_tree() says yes to, 0: of none; and of those that a path has. Where a
 * bit of the first is not in the second they say no, unless the path is only known if a cd came through. */
uint64_t path_needs(const char *pattern);
uint64_t path_words(const struct path_use *u);

/* The same for a path given as bytes (file operations): absolute, else below the home directory. home: what ~ stands for, absolute; NULL: not
 * known, and then ~ may be any of the usual places. */
bool path_match_text(const char *pattern, const char *path, const char *home);

/* Whether the pattern surely matches the path and everything below it; whether it may match it or something below. Patterns that begin with
 * two stars and a slash match names anywhere: below a path that is a home directory, or has one below, they may match; elsewhere they count for the path
 * itself, and where its end is their beginning, or no tree could be copied anywhere (docs/policy.md says so). */
bool path_covers(const char *pattern, const char *path, const char *home);
bool path_touches(const char *pattern, const char *path, const char *home);

/* Makes a word a path: joined to cwd where it is relative, normalised. u->path points into out (PATH_BUF bytes), or is OPAQUE. */
#define PATH_BUF 8200
void path_resolve(const struct field *cwd, const struct field *word, size_t off, struct path_use *u, char *out);

/* The same for a word of the act: for a restriction (not sure) behind a cd that may have failed it is below the directory that the cd leads to. */
void act_resolve(const struct act *a, const struct field *word, size_t off, bool sure, struct path_use *u, char *out);

/* Removes "." and empty components, and resolves "..": result in out (cap PATH_MAX_LEN), dots tells whether there was a "..".
 * in begins with '/' or '~'. Returns its length; 0: it leads above an unknown home. */
#define PATH_MAX_LEN 4096
size_t path_clean(const char *in, size_t n, char *out, bool *dots);

/* glob with * and ? (backslash: the next byte as it is) over bytes, no meaning of '/' (subjects, names, words). */
bool glob_match(const char *pattern, const char *text, size_t n);

/* Whether a glob of a rule and one of a command, where brackets count as well, have a name in common; yes when in doubt. */
bool globs_meet(const char *r, size_t rn, const char *c, size_t cn);

#endif

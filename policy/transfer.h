/* File transfers by command: what the far end of `scp -O` (scp -t, scp -f) and of rsync (rsync --server) would do to which paths, read off its words by a
 * table. Pure. A word that is not in the table is refused: the program would do something that nobody here knows. */
#ifndef POLICY_TRANSFER_H
#define POLICY_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"

enum { TRANSFER_PATHS_MAX = 32 };

struct transfer_plan {
	enum transfer kind;
	bool recursive, times, directory; /* scp: -r, -p, -d */
	bool links, safe_links;           /* rsync: -l; and none of them leads out of the tree */
	/* As the words have it: absolute, relative to the home directory, or ~/ and what follows. scp has one. */
	struct policy_path paths[TRANSFER_PATHS_MAX];
	size_t npaths;
	const char *why, *word; /* of a refusal: one sentence, and the word that it is about; NULL: none */
};

/* Whether the words are the far end of a transfer. */
bool transfer_is(const char *const *argv, size_t argc);

/* ERR_OK, ERR_REFUSED (why, word), ERR_NOTFOUND (they are none). Strings of the plan are argv's. */
int transfer_read(const char *const *argv, size_t argc, struct transfer_plan *out);

const char *transfer_name(enum transfer t); /* as rules name it: "scp", "rsync"; "" */

#endif

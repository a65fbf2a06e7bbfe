/* The text of a checkpoint (C2SP tlog-checkpoint, without its signatures): origin, size, root hash in base64, then any
 * further lines. Parsed so that the audit key signs nothing else, and nothing that contradicts what it signed. Pure. */
#ifndef VAULT_CHECKPOINT_H
#define VAULT_CHECKPOINT_H

#include "base/buf.h"
#include "base/err.h"

enum { CHECKPOINT_MAX = 4096 }; /* bytes */

struct checkpoint {
	uint64_t size;
	char root[45]; /* base64 of 32 bytes; "" while there is none */
};

/* ERR_MALFORMED, ERR_LIMIT. */
int checkpoint_parse(const struct view *text, struct checkpoint *c, struct why *w);

/* Whether c may follow last: the log never shrinks, and a size has one root. ERR_REFUSED. */
int checkpoint_follows(const struct checkpoint *last, const struct checkpoint *c, struct why *w);

#endif

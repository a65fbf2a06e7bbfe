/* Whose signature stands under a checkpoint, and whether that key is one that the auditor trusts: identity/sshsig.h in the words of
 * the verifier. Pure. */
#ifndef AUDIT_TRUST_H
#define AUDIT_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TRUST_BLOB_MAX 16384 /* bytes of a key blob */

/* Whether an armoured SSHSIG is one over the message in the namespace, by the key that it carries. That key's blob is appended
 * to *key: whether it is to be believed is another question. */
int trust_verify(struct view armoured, const char *space, struct view message, struct buf *key, struct why *w);

/* Reads a public key line into its blob, appended. */
int trust_key_line(const char *line, struct buf *blob, struct why *w);

/* Whether an allowed_signers text lets the key sign in the namespace at that time (Unix seconds). */
bool trust_allowed(struct view signers, const struct buf *key, const char *space, uint64_t at_s);

#endif

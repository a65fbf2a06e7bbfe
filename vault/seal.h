/* One key as it lies on disk. Bytes in, bytes out; no files here.
 *
 *     8 bytes   "SPKEY\0\0\1": the form and its version
 *     string    name
 *     u8        kind (enum store_kind)
 *     u64       created, Unix seconds
 *     string    public blob
 *     12 bytes  nonce, random
 *     string    AES-256-GCM ciphertext of the private fields (key_write_private), 16 bytes of tag behind
 *
 * Everything before the nonce is authenticated with it: a file under another name, of another kind or version, or with
 * another public key does not open. */
#ifndef VAULT_SEAL_H
#define VAULT_SEAL_H

#include "vault/key.h"
#include "vault/master.h"

#define SEAL_MAX (KEY_PRIVATE_MAX + KEY_BLOB_MAX + 256) /* bytes of a sealed key */
#define SEAL_NAME_MAX 64

struct seal {
	struct view name;
	uint8_t kind;
	uint64_t created_at;
	struct view public_blob;
	struct view authenticated; /* all of the above, as written */
	struct view nonce, body;
};

/* Appends a sealed key to out. created_at in Unix seconds. */
int seal_close(const uint8_t master[MASTER_SIZE], const char *name, uint8_t kind, uint64_t created_at, const struct key *k,
	       struct buf *out);

/* Takes the form apart; nothing in it is proven yet. Views point into p. ERR_MALFORMED. */
int seal_parse(const uint8_t *p, size_t n, struct seal *s);

/* Opens it. ERR_SIGNATURE when it is not what was sealed under this master key; ERR_MALFORMED, ERR_CRYPTO, ERR_NOMEM. */
int seal_open(const uint8_t master[MASTER_SIZE], const struct seal *s, struct key **out);

#endif

/* Makes the good and the bad things that the identity tests hold against the code: keys, tokens, key sets, SSH blobs and
 * signatures. Test code only: everything aborts on failure. */
#ifndef TESTS_UNIT_IDENTITY_MINT_H
#define TESTS_UNIT_IDENTITY_MINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "identity/jws.h"
#include "identity/ossl.h"
#include "identity/pkey.h"

struct mint_key {
	EVP_PKEY *pkey;
	enum pkey_kind kind;
};

/* A fresh key pair; bits for RSA only. */
struct mint_key mint_key(enum pkey_kind kind, int bits);
void mint_key_free(struct mint_key *key);

/* header.payload.signature of the two JSON texts, signed as alg. free() it. */
char *mint_token(const struct mint_key *key, enum jws_alg alg, const char *header, const char *claims);

/* The same with HMAC-SHA-256 under any bytes: what an algorithm confusion sends. */
char *mint_token_hs256(const void *secret, size_t n, const char *header, const char *claims);

/* base64url of bytes, NUL-terminated; free() it. */
char *mint_b64url(const void *p, size_t n);

/* A JWK object of the public key; extra is further members (",\"use\":\"sig\"") or "". kid NULL: none. free() it. */
char *mint_jwk(const struct mint_key *key, const char *kid, const char *extra);

/* PEM of the public key, NUL-terminated; free() it. */
char *mint_pem(const struct mint_key *key);

/* Appends the SSH public key blob, and an SSH signature blob over data under the algorithm's name. For RSA the name chooses the
 * digest: ssh-rsa (SHA-1), rsa-sha2-256, rsa-sha2-512; NULL is the key's own usual one. */
void mint_ssh_key(const struct mint_key *key, struct buf *out);
void mint_ssh_sign(const struct mint_key *key, const char *alg, struct view data, struct buf *out);

static inline struct view mint_view(const struct buf *b)
{
	return (struct view){ buf_ptr(b), b->len };
}

#endif

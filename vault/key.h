/* Private keys of the vault: made, read, written, asked to sign. Encodings are SSH's: public "blobs" of RFC 4253 6.6,
 * RFC 8709 and RFC 5656; private fields as in OpenSSH's PROTOCOL.key; signatures of RFC 8332, 8709 and 5656.
 *
 * Types: ssh-ed25519; ecdsa-sha2-nistp256; ssh-rsa of 3072 to 8192 bits, which signs with SHA-256 or SHA-512 only. */
#ifndef VAULT_KEY_H
#define VAULT_KEY_H

#include "base/buf.h"
#include "base/err.h"

#define KEY_BLOB_MAX 2048     /* bytes of a public blob: an 8192 bit RSA key takes about 1,050 */
#define KEY_PRIVATE_MAX 8192  /* bytes of the private fields */
#define KEY_SIGNATURE_MAX 2048
#define KEY_RSA_BITS_MIN 3072
#define KEY_RSA_BITS_MAX 8192

enum key_type { KEY_ED25519 = 1, KEY_ECDSA_P256 = 2, KEY_RSA = 3 };

/* KEY_SIGN_PLAIN is the only algorithm of ed25519 and ecdsa; RSA has no plain one here (that would be SHA-1). */
enum key_sign { KEY_SIGN_PLAIN, KEY_SIGN_RSA_SHA256, KEY_SIGN_RSA_SHA512 };

struct key; /* a private key; the owner frees */

/* A fresh key (RSA: 3072 bits). */
int key_generate(enum key_type type, struct key **out);

/* Reads "string type, fields…" from v's front, leaving what follows (a comment, padding). Checks only what makes the key
 * usable; key_check() checks it whole. ERR_MALFORMED, ERR_UNSUPPORTED (type or size), ERR_CRYPTO, ERR_NOMEM. */
int key_read_private(struct view *v, struct key **out);

/* Writes the same; b must be a secret one (secmem_buf). */
int key_write_private(const struct key *k, struct buf *b);

/* Whether private and public part belong together, primes included; slow for RSA (100 ms). ERR_REFUSED if not. */
int key_check(const struct key *k);

/* Appends the public blob, without an outer length. */
int key_write_public(const struct key *k, struct buf *b);

/* Appends the signature blob ("string algorithm, string signature") over n bytes at p, without an outer length.
 * ERR_REFUSED when the algorithm is not one of this key's. */
int key_sign(const struct key *k, enum key_sign how, const uint8_t *p, size_t n, struct buf *b);

enum key_type key_type_of(const struct key *k);
void key_free(struct key *k);

/* Takes over an EVP_PKEY (void here, so that readers of this header need no OpenSSL) on success. ERR_UNSUPPORTED for
 * other types, curves, sizes. */
int key_wrap(void *evp_pkey, struct key **out);

/* "ssh-ed25519"…; NULL for no type. key_type_by_name() takes the short names of the command line too (ed25519, ecdsa,
 * rsa); 0 when unknown. */
const char *key_type_name(enum key_type t);
enum key_type key_type_by_name(const char *name);
enum key_type key_type_by_view(const struct view *v); /* exactly the name in a blob */

/* A public blob of ours, read to the last byte: its type into *out. ERR_MALFORMED, ERR_UNSUPPORTED. */
int key_check_public(const uint8_t *p, size_t n, enum key_type *out);

/* "SHA256:" and 43 characters of base64, as ssh-keygen -l prints. */
#define KEY_FINGERPRINT_MAX 64
int key_fingerprint(const uint8_t *blob, size_t n, char out[KEY_FINGERPRINT_MAX]);

/* Appends "TYPE BASE64 COMMENT" (comment may be NULL), no newline: a line of authorized_keys. */
int key_write_line(const uint8_t *blob, size_t n, const char *comment, struct buf *b);

#endif

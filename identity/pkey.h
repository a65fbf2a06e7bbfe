/* Public keys and signatures over OpenSSL's EVP: the one place of this room that calls it for keys.
 *
 * Makers give an EVP_PKEY (freed with EVP_PKEY_free) that was checked before any signature is verified with it: the
 * point lies on its curve, the RSA modulus has 2048 to 8192 bits. Larger moduli cost seconds of CPU for one packet. */
#ifndef IDENTITY_PKEY_H
#define IDENTITY_PKEY_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct evp_pkey_st; /* EVP_PKEY, by the name that needs no header */

enum { PKEY_RSA_MIN_BITS = 2048, PKEY_RSA_MAX_BITS = 8192 };

enum pkey_kind { PKEY_ED25519, PKEY_P256, PKEY_P384, PKEY_P521, PKEY_RSA };

enum pkey_scheme {
	PKEY_EDDSA,                                     /* 64 bytes, RFC 8032 */
	PKEY_ECDSA_SHA256, PKEY_ECDSA_SHA384, PKEY_ECDSA_SHA512, /* DER; pkey_ecdsa_der() makes it from r and s */
	PKEY_RSA_SHA256, PKEY_RSA_SHA384, PKEY_RSA_SHA512,       /* PKCS #1 v1.5, as long as the modulus */
	PKEY_PSS_SHA256                                 /* salt as long as the digest, RFC 7518 section 3.5 */
};

/* 32 raw bytes. */
int pkey_ed25519(struct view raw, struct evp_pkey_st **out, struct why *why);

/* An uncompressed point (0x04, x, y) of exactly the curve's length. */
int pkey_ec(enum pkey_kind kind, struct view point, struct evp_pkey_st **out, struct why *why);

/* Big-endian magnitudes. e is odd and between 3 and 2^32 - 1. ERR_LIMIT when the modulus has a size outside the limits. */
int pkey_rsa(struct view n, struct view e, struct evp_pkey_st **out, struct why *why);

/* Bytes of one coordinate or scalar of the curve; 0 for a key that has none. */
size_t pkey_coordinate(enum pkey_kind kind);

/* DER of an ECDSA signature from big-endian r and s, appended to out. */
int pkey_ecdsa_der(struct view r, struct view s, struct buf *out);

/* ERR_OK only when the signature over data is right; ERR_SIGNATURE otherwise, whatever the library returned. */
int pkey_verify(struct evp_pkey_st *key, enum pkey_scheme scheme, struct view data, struct view sig);

#endif

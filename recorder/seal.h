/* Recordings that only their readers can read: what is stored is encrypted to the certificates of an auditor, as it comes.
 *
 * The form is CMS AuthEnvelopedData (RFC 5083) under AES-256-GCM, in BER of indefinite length, as OpenSSL streams it: a head with the content key
 * for each reader (RSA-OAEP or ECDH), then one octet string for each write, then the tag. `openssl cms -decrypt -inform DER` undoes it. Whatever was
 * written to the file can be decrypted, also when the rest never came (seal_scan.h). */
#ifndef RECORDER_SEAL_H
#define RECORDER_SEAL_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct seal_readers;

/* list: strings (proto_list_next()), each a certificate in PEM with an RSA or EC key. ERR_OK, ERR_MALFORMED, ERR_NOMEM. */
int seal_readers_load(struct view list, struct seal_readers **out, struct why *w);
void seal_readers_free(struct seal_readers *r); /* NULL is fine */

struct seal;
typedef int seal_write_fn(void *ctx, const void *p, size_t n);

/* Encrypted bytes go to fn, which returns ERR_OK or an error. readers must outlive it. NULL on no memory or no cryptography. */
struct seal *seal_new(const struct seal_readers *readers, seal_write_fn *fn, void *ctx);

/* ERR_OK, ERR_CRYPTO, or what fn returned. */
int seal_put(struct seal *s, const void *p, size_t n);
int seal_end(struct seal *s);
void seal_free(struct seal *s);

#endif

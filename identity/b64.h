/* Base64 as the protocols here mean it, with no leniency: a second spelling of the same bytes would be a second token
 * to a replay cache, and a second key to a revocation list. */
#ifndef IDENTITY_B64_H
#define IDENTITY_B64_H

#include <stddef.h>

#include "base/buf.h"

enum b64 {
	B64_STD, /* RFC 4648 section 4, padding required */
	B64_URL  /* RFC 4648 section 5, padding refused (RFC 7515 section 2) */
};

/* Appends the decoded bytes of n characters at s. ERR_MALFORMED for any character outside the alphabet (white space
 * too), a wrong length or padding, or trailing bits that are not zero; ERR_LIMIT or ERR_NOMEM from the buffer. On
 * failure nothing is appended. */
int b64_decode(enum b64 kind, const char *s, size_t n, struct buf *out);

/* Appends the encoding of n bytes, without a line break. */
int b64_encode(enum b64 kind, const void *p, size_t n, struct buf *out);

#endif

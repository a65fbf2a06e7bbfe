/* SHA-256 over pieces, and hexadecimal: what the chain and the tree are made of. */
#ifndef AUDIT_DIGEST_H
#define AUDIT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32
#define DIGEST_HEX (2 * DIGEST_SIZE) /* without a NUL */

/* SHA-256 of the byte `prefix` (or of nothing when it is negative), then a, then b. a and b may be empty.
 * ERR_OK or ERR_CRYPTO. */
int digest_pieces(int prefix, const void *a, size_t an, const void *b, size_t bn, uint8_t out[DIGEST_SIZE]);

/* SHA-256 of n bytes. */
int digest(const void *p, size_t n, uint8_t out[DIGEST_SIZE]);

/* Lower-case hex, NUL-terminated. */
void digest_hex(const uint8_t d[DIGEST_SIZE], char out[DIGEST_HEX + 1]);

/* Reads exactly 64 lower-case hex digits; false when they are anything else. */
bool digest_unhex(const char *s, size_t n, uint8_t out[DIGEST_SIZE]);

#endif

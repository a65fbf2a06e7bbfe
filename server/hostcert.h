/* The host certificate that a target shows in its key exchange: what to say to be shown one, and where it stands in the answer. Pure. */
#ifndef SERVER_HOSTCERT_H
#define SERVER_HOSTCERT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends all that is said, at once: version, KEXINIT with nothing but certificates as host keys, and the first message of a curve25519 exchange.
 * Nothing in it depends on the answer. random: fresh bytes, for the cookie and as a point that nobody will use. */
int hostcert_hello(const uint8_t random[32], struct buf *out);

/* Looks for the certificate in what came so far; blob points into it. ERR_OK; ERR_AGAIN (more is needed); ERR_UNSUPPORTED (there is none);
 * ERR_MALFORMED. The blob is not looked into. */
int hostcert_read(const struct buf *in, struct view *blob, struct why *why);

#endif

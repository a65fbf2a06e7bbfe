/* Receipts: what was approved, by whom, as a JWT that anybody can verify with /.well-known/jwks.json. */
#ifndef APPROVE_RECEIPT_H
#define APPROVE_RECEIPT_H

#include <jansson.h>

#include "base/err.h"

struct control;
struct approval;

/* Reads the signing key from the state folder, makes it at the first start (P-256, control/receipt.pem, 0600). */
int receipt_open(struct control *c);
void receipt_close(struct control *c);

/* The receipt of a decided request; *out is free()d by the caller. ERR_WRONGSTATE while nobody has answered. */
int receipt_make(struct control *c, const struct approval *a, char **out);

/* {"keys":[…]}: the public key. */
json_t *receipt_jwks(struct control *c);

#endif

/* For whom recordings are encrypted. */
#ifndef APPROVE_SEALED_H
#define APPROVE_SEALED_H

#include "approve/config.h"
#include "base/buf.h"

/* Reads the certificates that the configuration names into a list of strings (PEM, as rec_start carries it); empty when it names none. Each must be one with an
 * RSA or EC key. A line in errors for each that is not. ERR_OK, ERR_SYS, ERR_MALFORMED. */
int sealed_load(const struct config *cfg, struct buf *list, struct buf *errors);

#endif

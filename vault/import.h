/* Private keys as people have them, read by the command line only: the daemon never parses PEM or DER.
 *
 * OpenSSH's own format (PROTOCOL.key) and PEM (PKCS#8, PKCS#1, SEC1), unencrypted. There is no export. */
#ifndef VAULT_IMPORT_H
#define VAULT_IMPORT_H

#include "vault/key.h"

#define IMPORT_MAX (16 * 1024) /* bytes of the text; an RSA key of 8192 bits takes 7,000 */

/* Reads the first private key in n bytes of text and checks it whole (key_check). ERR_MALFORMED, ERR_UNSUPPORTED
 * (encrypted, or a type the vault has not), ERR_REFUSED (its parts do not belong together), ERR_CRYPTO, ERR_NOMEM. */
int key_import(const uint8_t *text, size_t n, struct key **out, struct why *w);

#endif

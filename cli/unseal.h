/* Opening an encrypted recording (recorder/seal.h) with its reader's private key. */
#ifndef CLI_UNSEAL_H
#define CLI_UNSEAL_H

#include "base/err.h"

/* Takes over fd, an encrypted file. *out: a descriptor with what was in it, at its beginning; the clear text lies in memory only. key: a private key in PEM, NULL
 * when there is none. A file whose end a crash took is opened as far as it goes, with a warning. ERR_OK, ERR_NOTFOUND (a key is needed), ERR_CRYPTO, ERR_SYS. */
int unseal(int fd, const char *key, int *out, struct why *w);

#endif

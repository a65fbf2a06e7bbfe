/* The master key that the store is sealed under: 32 bytes, kept in secure memory. In a file or descriptor it stands as 32
 * raw bytes or as 64 hexadecimal digits with at most one newline behind. */
#ifndef VAULT_MASTER_H
#define VAULT_MASTER_H

#include "base/err.h"

#include <stdint.h>

#define MASTER_SIZE 32

/* Each puts the key into *out (MASTER_SIZE bytes, master_free() it) and NULL on failure.
 *
 * The file must be regular, no symbolic link, of the running user or root, and closed to group and others (0600, 0400);
 * ERR_REFUSED otherwise. ERR_SYS when it cannot be opened or read, ERR_MALFORMED when it is not of the form above. */
int master_from_file(const char *path, uint8_t **out, struct why *w);

/* $CREDENTIALS_DIRECTORY/name, as systemd's LoadCredential= puts it there (readable by the group there, by ACL).
 * ERR_NOTFOUND when the variable is not set. name holds no slash. */
int master_from_credential(const char *name, uint8_t **out, struct why *w);

/* Reads to the end of fd, which stays the caller's. A regular file must be closed to others, and to its group but for
 * reading (a credential is that). */
int master_from_fd(int fd, uint8_t **out, struct why *w);

/* A fresh random one in a new file, 0600, in hexadecimal. ERR_EXISTS when there is one: it is never overwritten. */
int master_create(const char *path, struct why *w);

void master_free(uint8_t *key);

#endif

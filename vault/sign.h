/* What the vault composes and signs by itself: a target login certificate, and an SSHSIG. */
#ifndef VAULT_SIGN_H
#define VAULT_SIGN_H

#include "vault/key.h"

/* The signature that a key makes when nobody chooses: RSA with SHA-512, others their own. */
enum key_sign sign_default(const struct key *k);

/* Appends an OpenSSH user certificate (PROTOCOL.certkeys) for the Ed25519 key `subject`, signed by `ca`: one principal, a
 * random serial and nonce, permit-pty and nothing else. key_id: printable. Times in Unix seconds. */
int sign_login_certificate(const struct key *ca, const struct key *subject, const char *principal, const char *key_id,
			   uint64_t valid_after, uint64_t valid_before, struct buf *out);

/* Appends the binary SSHSIG (PROTOCOL.sshsig, sha512) of n bytes of text. */
int sign_sshsig(const struct key *k, const char *space, const uint8_t *text, size_t n, struct buf *out);

#endif

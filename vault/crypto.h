/* libcrypto's headers, as the vault uses them. <openssl/types.h> has a typedef with the name of one of our error codes;
 * it is renamed while the headers are read, so that both can be used. */
#ifndef VAULT_CRYPTO_H
#define VAULT_CRYPTO_H

#define ERR_STATE openssl_ERR_STATE
#include <openssl/bn.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#undef ERR_STATE

#endif

/* OpenSSL's headers, included in one place: its types.h has a typedef called ERR_STATE, which is one of our error
 * codes (base/err.h). Include this before base/err.h instead of <openssl/…>. */
#ifndef AUDIT_CRYPTO_H
#define AUDIT_CRYPTO_H

#define ERR_STATE OPENSSL_TYPE_ERR_STATE
#include <openssl/evp.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#undef ERR_STATE

#endif

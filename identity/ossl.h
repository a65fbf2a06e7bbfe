/* OpenSSL's headers, for the files of this room that call it. They bring a type named ERR_STATE, which is also one of
 * our error codes: it is renamed here while they are read. Nothing but this room's .c files (and tests) include it. */
#ifndef IDENTITY_OSSL_H
#define IDENTITY_OSSL_H

#define ERR_STATE OSSL_ERR_STATE
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#undef ERR_STATE

#endif

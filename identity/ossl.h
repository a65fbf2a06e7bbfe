/* OpenSSL's headers, for the .c files of this room that call it and for tests. */
#ifndef IDENTITY_OSSL_H
#define IDENTITY_OSSL_H

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#endif

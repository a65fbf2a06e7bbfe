/* JSON Web Signature, compact form (RFC 7515), taken apart and verified: the form and the signature, not the claims.
 * Three segments and nothing else; never JSON serialisation, never encryption. */
#ifndef IDENTITY_JWS_H
#define IDENTITY_JWS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "identity/pkey.h"

struct json_t; /* of jansson */

enum { JWS_MAX = 16384, JWS_KID_MAX = 128 }; /* bytes */

enum jws_alg { JWS_RS256, JWS_RS384, JWS_RS512, JWS_PS256, JWS_ES256, JWS_ES384, JWS_EDDSA, JWS_ALGS };
enum { JWS_ALGS_ALL = (1 << JWS_ALGS) - 1 };

enum jws_typ { JWS_TYP_ABSENT, JWS_TYP_JWT, JWS_TYP_AT, JWS_TYPS };
enum { JWS_TYPS_ALL = (1 << JWS_TYPS) - 1 };

/* The algorithm of a name, exactly spelled, or ERR_UNSUPPORTED ("none", HS256, whatever else). */
int jws_alg(const char *name);
const char *jws_alg_name(enum jws_alg alg);

/* The one kind of key that may verify this algorithm. */
enum pkey_kind jws_alg_kind(enum jws_alg alg);

/* What a token says, before anybody vouched for it. */
struct jws {
	enum jws_alg alg;
	enum jws_typ typ;
	char kid[JWS_KID_MAX + 1]; /* empty when absent */
	struct json_t *claims;     /* an object; owned */
	struct view signed_part;   /* header '.' payload, in the token's memory: the very bytes that were parsed */
	struct buf sig;            /* decoded */
};

/* Takes a token apart. The token's memory must live as long as *out is used; on failure *out is empty. */
int jws_parse(const char *tok, size_t len, struct jws *out, struct why *why);

/* Verifies the signature with a key whose kind must be the algorithm's own. */
int jws_verify(const struct jws *jws, struct evp_pkey_st *key, enum pkey_kind kind, struct why *why);

/* Wipes and frees what it holds; the struct may be used again. */
void jws_clear(struct jws *jws);

#endif

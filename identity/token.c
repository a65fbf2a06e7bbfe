/* Token verification; see token.h. Distrusts the token. The order is the point: form, then whose it claims to be, then the
 * signature with that issuer's keys, and only then what it says. */
#include "identity/token.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "identity/claims.h"
#include "identity/ossl.h"

static const struct issuer *token_issuer(const struct issuer *const *issuers, size_t n, json_t *claims)
{
	const char *iss = json_string_value(json_object_get(claims, "iss"));

	for (size_t i = 0; iss != NULL && i < n; i++) {
		if (strcmp(issuers[i]->issuer, iss) == 0)
			return issuers[i];
	}
	return NULL;
}

static int token_signature(const struct jws *jws, const struct issuer *iss, const struct jwks *set, struct why *why)
{
	EVP_PKEY *key;
	int r;

	if ((iss->algs >> jws->alg & 1) == 0)
		return why_fail(why, ERR_REFUSED, "issuer %s is not configured for %s", iss->name, jws_alg_name(jws->alg));
	if ((iss->typs >> jws->typ & 1) == 0)
		return why_fail(why, ERR_REFUSED, "issuer %s is not configured for tokens of this typ", iss->name);
	if (set == NULL)
		return why_fail(why, ERR_NOTFOUND, "the keys of issuer %s are not at hand", iss->name);
	r = jwks_find(set, jws->kid, jws->alg, &key, why);
	return r < 0 ? r : jws_verify(jws, key, jws_alg_kind(jws->alg), why);
}

/* Length before content, so that no issuer and jti run into another's. */
static int token_replay(const struct jws *jws, const struct identity *id, uint8_t out[32])
{
	struct buf b;
	unsigned n = 32;
	int r;

	buf_init(&b, JWS_MAX + IDENTITY_URL_MAX + 64);
	if ((r = buf_put_string(&b, id->iss, strlen(id->iss))) < 0 || (r = buf_put_u8(&b, id->jti != NULL ? 'j' : 't')) < 0)
		goto out;
	r = id->jti != NULL ? buf_put_string(&b, id->jti, strlen(id->jti)) :
		buf_put_string(&b, jws->signed_part.p, jws->signed_part.n);
	if (r == ERR_OK && EVP_Digest(buf_ptr(&b), b.len, out, &n, EVP_sha256(), NULL) != 1)
		r = ERR_CRYPTO;
out:
	buf_free(&b);
	return r;
}

static int token_identity(const struct jws *jws, const struct issuer *iss, int64_t now, struct identity **out,
	struct why *why)
{
	struct identity *id = calloc(1, sizeof(*id));
	int r;

	if (id == NULL)
		return why_fail(why, ERR_NOMEM, "no memory for the identity");
	id->issuer = strdup(iss->name);
	id->iss = strdup(iss->issuer);
	if (id->issuer == NULL || id->iss == NULL)
		r = why_fail(why, ERR_NOMEM, "no memory for the identity");
	else if ((r = claims_audience(jws->claims, iss, why)) == ERR_OK &&
	    (r = claims_times(jws->claims, iss, now, &id->iat, &id->exp, why)) == ERR_OK &&
	    (r = claims_required(jws->claims, iss, why)) == ERR_OK &&
	    (r = claims_identity(jws->claims, iss, id, why)) == ERR_OK)
		r = identity_check(id, why);
	if (r < 0)
		identity_free(id);
	else
		*out = id;
	return r;
}

int token_verify(const struct issuer *const *issuers, size_t n, token_keys_fn keys, void *arg, const char *tok,
	size_t len, int64_t now, struct identity **out, struct token_facts *facts, struct why *why)
{
	struct token_facts dummy;
	struct jws jws;
	const struct issuer *iss;
	int r;

	*out = NULL;
	if (facts == NULL)
		facts = &dummy;
	memset(facts, 0, sizeof(*facts));
	r = jws_parse(tok, len, &jws, why);
	if (r < 0)
		return r;
	memcpy(facts->kid, jws.kid, sizeof(facts->kid));
	facts->issuer = iss = token_issuer(issuers, n, jws.claims);
	if (iss == NULL) {
		r = why_fail(why, ERR_REFUSED, "the token's issuer is not one that is configured");
		goto out;
	}
	r = token_signature(&jws, iss, keys(arg, iss), why);
	if (r == ERR_OK)
		r = token_identity(&jws, iss, now, out, why);
	if (r == ERR_OK) {
		facts->replay_until = (*out)->exp + iss->skew;
		r = token_replay(&jws, *out, facts->replay_key);
		if (r < 0) {
			identity_free(*out);
			*out = NULL;
			why_set(why, "the token cannot be marked as used");
		}
	}
out:
	jws_clear(&jws);
	return r;
}

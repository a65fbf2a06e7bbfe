/* JWKS; see jwks.h. Distrusts the document: it came over a network, from an issuer that is trusted for its own tokens
 * only. */
#include "identity/jwks.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "identity/b64.h"
#include "identity/ossl.h"

struct jwks_key {
	char kid[JWS_KID_MAX + 1]; /* empty: none */
	enum pkey_kind kind;
	int alg;                   /* enum jws_alg, or -1: any of the kind */
	EVP_PKEY *pkey;
};

struct jwks {
	struct jwks_key keys[JWKS_KEYS_MAX];
	size_t n;
	size_t skipped;
};

void jwks_free(struct jwks *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->n; i++)
		EVP_PKEY_free(set->keys[i].pkey);
	free(set);
}

size_t jwks_count(const struct jwks *set)
{
	return set->n;
}

size_t jwks_skipped(const struct jwks *set)
{
	return set->skipped;
}

/* Appends the decoded member, which must have exactly want bytes unless want is 0. */
static int jwks_bytes(json_t *jwk, const char *member, size_t want, struct buf *out)
{
	json_t *v = json_object_get(jwk, member);
	size_t mark = out->len;
	int r;

	if (!json_is_string(v))
		return ERR_MALFORMED;
	r = b64_decode(B64_URL, json_string_value(v), json_string_length(v), out);
	if (r == ERR_OK && (out->len == mark || (want != 0 && out->len - mark != want)))
		r = ERR_MALFORMED;
	return r;
}

static int jwks_rsa(json_t *jwk, EVP_PKEY **out)
{
	struct buf n, e;
	int r;

	/* One byte more than the limit, for those who put a zero before it. */
	buf_init(&n, PKEY_RSA_MAX_BITS / 8 + 1);
	buf_init(&e, 8);
	if ((r = jwks_bytes(jwk, "n", 0, &n)) == ERR_OK && (r = jwks_bytes(jwk, "e", 0, &e)) == ERR_OK)
		r = pkey_rsa((struct view){ buf_ptr(&n), n.len }, (struct view){ buf_ptr(&e), e.len }, out, NULL);
	buf_free(&n);
	buf_free(&e);
	return r;
}

static int jwks_ec(json_t *jwk, enum pkey_kind kind, EVP_PKEY **out)
{
	size_t len = pkey_coordinate(kind);
	struct buf point;
	int r;

	buf_init(&point, 2 * 66 + 1);
	r = buf_put_u8(&point, 4);
	if (r == ERR_OK && (r = jwks_bytes(jwk, "x", len, &point)) == ERR_OK && (r = jwks_bytes(jwk, "y", len, &point)) == ERR_OK)
		r = pkey_ec(kind, (struct view){ buf_ptr(&point), point.len }, out, NULL);
	buf_free(&point);
	return r;
}

static int jwks_okp(json_t *jwk, EVP_PKEY **out)
{
	struct buf x;
	int r;

	buf_init(&x, 32);
	r = jwks_bytes(jwk, "x", 32, &x);
	if (r == ERR_OK)
		r = pkey_ed25519((struct view){ buf_ptr(&x), x.len }, out, NULL);
	buf_free(&x);
	return r;
}

static bool jwks_is(json_t *jwk, const char *member, const char *value)
{
	const char *s = json_string_value(json_object_get(jwk, member));

	return s != NULL && strcmp(s, value) == 0;
}

static int jwks_kind(json_t *jwk)
{
	if (jwks_is(jwk, "kty", "RSA"))
		return PKEY_RSA;
	if (jwks_is(jwk, "kty", "EC") && jwks_is(jwk, "crv", "P-256"))
		return PKEY_P256;
	if (jwks_is(jwk, "kty", "EC") && jwks_is(jwk, "crv", "P-384"))
		return PKEY_P384;
	if (jwks_is(jwk, "kty", "OKP") && jwks_is(jwk, "crv", "Ed25519"))
		return PKEY_ED25519;
	return ERR_UNSUPPORTED;
}

/* "use" and "key_ops", where present, must let the key verify signatures. */
static bool jwks_may_verify(json_t *jwk)
{
	json_t *use = json_object_get(jwk, "use"), *ops = json_object_get(jwk, "key_ops");
	bool verify = ops == NULL;

	if (use != NULL && !jwks_is(jwk, "use", "sig"))
		return false;
	if (ops != NULL && !json_is_array(ops))
		return false;
	for (size_t i = 0; i < json_array_size(ops); i++) {
		const char *op = json_string_value(json_array_get(ops, i));

		if (op != NULL && strcmp(op, "verify") == 0)
			verify = true;
	}
	return verify;
}

static int jwks_kid(json_t *jwk, char kid[JWS_KID_MAX + 1])
{
	json_t *v = json_object_get(jwk, "kid");
	size_t n = json_string_length(v);

	kid[0] = '\0';
	if (v == NULL)
		return ERR_OK;
	if (!json_is_string(v) || n == 0 || n > JWS_KID_MAX)
		return ERR_MALFORMED;
	memcpy(kid, json_string_value(v), n + 1);
	return ERR_OK;
}

/* Fills one key; any failure means that it is left out. */
static int jwks_key(json_t *jwk, struct jwks_key *key)
{
	json_t *alg = json_object_get(jwk, "alg");
	int kind, r;

	memset(key, 0, sizeof(*key));
	if (!json_is_object(jwk) || !jwks_may_verify(jwk))
		return ERR_UNSUPPORTED;
	/* A private key that is published is nobody's key any more. */
	if (json_object_get(jwk, "d") != NULL)
		return ERR_REFUSED;
	kind = jwks_kind(jwk);
	if (kind < 0)
		return kind;
	key->kind = (enum pkey_kind)kind;
	key->alg = -1;
	if (alg != NULL) {
		key->alg = json_is_string(alg) ? jws_alg(json_string_value(alg)) : ERR_MALFORMED;
		if (key->alg < 0 || jws_alg_kind((enum jws_alg)key->alg) != key->kind)
			return ERR_UNSUPPORTED;
	}
	r = jwks_kid(jwk, key->kid);
	if (r < 0)
		return r;
	if (key->kind == PKEY_RSA)
		return jwks_rsa(jwk, &key->pkey);
	if (key->kind == PKEY_ED25519)
		return jwks_okp(jwk, &key->pkey);
	return jwks_ec(jwk, key->kind, &key->pkey);
}

int jwks_parse(const char *json, size_t n, struct jwks **out, struct why *why)
{
	struct jwks *set = NULL;
	json_t *root = NULL, *keys;
	int r = ERR_OK;

	*out = NULL;
	if (n > JWKS_MAX)
		return why_fail(why, ERR_LIMIT, "the key set has more than %d bytes", JWKS_MAX);
	root = json_loadb(json, n, JSON_REJECT_DUPLICATES, NULL);
	keys = json_object_get(root, "keys");
	if (!json_is_array(keys)) {
		r = why_fail(why, ERR_MALFORMED, "the key set is not JSON with a \"keys\" array");
		goto out;
	}
	if (json_array_size(keys) > JWKS_KEYS_MAX) {
		r = why_fail(why, ERR_LIMIT, "the key set has more than %d keys", JWKS_KEYS_MAX);
		goto out;
	}
	set = calloc(1, sizeof(*set));
	if (set == NULL) {
		r = why_fail(why, ERR_NOMEM, "no memory for the key set");
		goto out;
	}
	for (size_t i = 0; i < json_array_size(keys); i++) {
		if (jwks_key(json_array_get(keys, i), &set->keys[set->n]) == ERR_OK)
			set->n++;
		else
			set->skipped++;
	}
	if (set->n == 0)
		r = why_fail(why, ERR_NOTFOUND, "the key set holds no key that can be used here");
out:
	json_decref(root);
	if (r < 0)
		jwks_free(set);
	else
		*out = set;
	return r;
}

int jwks_find(const struct jwks *set, const char *kid, enum jws_alg alg, struct evp_pkey_st **key, struct why *why)
{
	size_t suitable = 0, named = 0;

	*key = NULL;
	for (size_t i = 0; i < set->n; i++) {
		const struct jwks_key *k = &set->keys[i];

		if (kid[0] != '\0' && strcmp(k->kid, kid) != 0)
			continue;
		named++;
		if (k->kind != jws_alg_kind(alg) || (k->alg >= 0 && k->alg != (int)alg))
			continue;
		suitable++;
		*key = k->pkey;
	}
	if (suitable == 1)
		return ERR_OK;
	*key = NULL;
	if (suitable > 1)
		return why_fail(why, ERR_REFUSED, kid[0] == '\0' ? "the token names no key, and the issuer has more than one" :
			"the issuer has more than one key of the token's name");
	if (named > 0 && kid[0] != '\0')
		return why_fail(why, ERR_REFUSED, "the key that the token names is not one for %s", jws_alg_name(alg));
	return why_fail(why, ERR_NOTFOUND, "the issuer has no key of the token's name");
}

/* Public keys and signatures over EVP; see pkey.h. Distrusts keys and signatures alike. */
#include "identity/pkey.h"

#include <string.h>

#include "identity/ossl.h"

size_t pkey_coordinate(enum pkey_kind kind)
{
	switch (kind) {
	case PKEY_P256:
		return 32;
	case PKEY_P384:
		return 48;
	case PKEY_P521:
		return 66;
	default:
		return 0;
	}
}

static const char *pkey_group(enum pkey_kind kind)
{
	return kind == PKEY_P256 ? "prime256v1" : kind == PKEY_P384 ? "secp384r1" : "secp521r1";
}

int pkey_ed25519(struct view raw, EVP_PKEY **out, struct why *why)
{
	*out = NULL;
	if (raw.n != 32)
		return why_fail(why, ERR_MALFORMED, "an Ed25519 public key has 32 bytes, not %zu", raw.n);
	*out = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw.p, raw.n);
	if (*out == NULL) {
		ERR_clear_error();
		return why_fail(why, ERR_CRYPTO, "the crypto library refuses the Ed25519 key");
	}
	return ERR_OK;
}

/* Whether the library itself finds the public key sound: on the curve, not at infinity, of the right order. */
static bool pkey_sound(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ok = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static int pkey_from_params(const char *type, OSSL_PARAM *params, EVP_PKEY **out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	int r = ERR_CRYPTO;

	if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) == 1)
		r = ERR_OK;
	EVP_PKEY_CTX_free(ctx);
	return r;
}

int pkey_ec(enum pkey_kind kind, struct view point, EVP_PKEY **out, struct why *why)
{
	size_t len = pkey_coordinate(kind);
	OSSL_PARAM params[3];

	*out = NULL;
	if (len == 0)
		return why_fail(why, ERR_WRONGSTATE, "not an elliptic curve");
	if (point.n != 2 * len + 1 || point.p[0] != 4)
		return why_fail(why, ERR_MALFORMED, "an uncompressed point of this curve has %zu bytes and begins with 04",
			2 * len + 1);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)pkey_group(kind), 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.p, point.n);
	params[2] = OSSL_PARAM_construct_end();
	if (pkey_from_params("EC", params, out) < 0 || !pkey_sound(*out)) {
		EVP_PKEY_free(*out);
		*out = NULL;
		ERR_clear_error();
		return why_fail(why, ERR_MALFORMED, "the elliptic curve point is not on its curve");
	}
	return ERR_OK;
}

int pkey_rsa(struct view n, struct view e, EVP_PKEY **out, struct why *why)
{
	OSSL_PARAM_BLD *bld = NULL;
	OSSL_PARAM *params = NULL;
	BIGNUM *bn = NULL, *be = NULL;
	int bits, r = ERR_CRYPTO;

	*out = NULL;
	while (n.n > 0 && n.p[0] == 0)
		n.p++, n.n--;
	while (e.n > 0 && e.p[0] == 0)
		e.p++, e.n--;
	/* Sizes first: no big number is made of bytes that are refused anyway. */
	if (n.n < PKEY_RSA_MIN_BITS / 8 || n.n > PKEY_RSA_MAX_BITS / 8)
		return why_fail(why, ERR_LIMIT, "an RSA modulus must have %d to %d bits", PKEY_RSA_MIN_BITS, PKEY_RSA_MAX_BITS);
	if (e.n == 0 || e.n > 4 || (e.p[e.n - 1] & 1) == 0 || (e.n == 1 && e.p[0] < 3) || (n.p[n.n - 1] & 1) == 0)
		return why_fail(why, ERR_MALFORMED, "the RSA modulus or exponent cannot be one");
	bn = BN_bin2bn(n.p, (int)n.n, NULL);
	be = BN_bin2bn(e.p, (int)e.n, NULL);
	bits = bn == NULL ? 0 : BN_num_bits(bn);
	if (bn == NULL || be == NULL)
		goto out;
	if (bits < PKEY_RSA_MIN_BITS || bits > PKEY_RSA_MAX_BITS) {
		r = ERR_LIMIT;
		goto out;
	}
	bld = OSSL_PARAM_BLD_new();
	if (bld == NULL || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) != 1 ||
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) != 1)
		goto out;
	params = OSSL_PARAM_BLD_to_param(bld);
	if (params != NULL)
		r = pkey_from_params("RSA", params, out);
out:
	if (r < 0) {
		EVP_PKEY_free(*out);
		*out = NULL;
		ERR_clear_error();
		why_set(why, r == ERR_LIMIT ? "an RSA modulus must have %d to %d bits" :
			"the crypto library refuses the RSA key (%d to %d bits)", PKEY_RSA_MIN_BITS, PKEY_RSA_MAX_BITS);
	}
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(bn);
	BN_free(be);
	return r;
}

int pkey_ecdsa_der(struct view vr, struct view vs, struct buf *out)
{
	ECDSA_SIG *sig = NULL;
	BIGNUM *br = NULL, *bs = NULL;
	uint8_t *der = NULL;
	int len, r = ERR_CRYPTO;

	if (vr.n > 66 || vs.n > 66)
		return ERR_MALFORMED;
	sig = ECDSA_SIG_new();
	br = BN_bin2bn(vr.p, (int)vr.n, NULL);
	bs = BN_bin2bn(vs.p, (int)vs.n, NULL);
	if (sig == NULL || br == NULL || bs == NULL || ECDSA_SIG_set0(sig, br, bs) != 1)
		goto out;
	br = bs = NULL;
	len = i2d_ECDSA_SIG(sig, &der);
	if (len <= 0)
		goto out;
	r = buf_put(out, der, (size_t)len);
out:
	OPENSSL_free(der);
	BN_free(br);
	BN_free(bs);
	ECDSA_SIG_free(sig);
	if (r < 0)
		ERR_clear_error();
	return r;
}

static const EVP_MD *pkey_md(enum pkey_scheme scheme)
{
	switch (scheme) {
	case PKEY_ECDSA_SHA256:
	case PKEY_RSA_SHA256:
	case PKEY_PSS_SHA256:
		return EVP_sha256();
	case PKEY_ECDSA_SHA384:
	case PKEY_RSA_SHA384:
		return EVP_sha384();
	case PKEY_ECDSA_SHA512:
	case PKEY_RSA_SHA512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

/* The scheme belongs to the key's type: no caller's mistake can make one key verify another's algorithm. */
static bool pkey_fits(EVP_PKEY *key, enum pkey_scheme scheme)
{
	switch (scheme) {
	case PKEY_EDDSA:
		return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
	case PKEY_ECDSA_SHA256:
	case PKEY_ECDSA_SHA384:
	case PKEY_ECDSA_SHA512:
		return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
	default:
		return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	}
}

int pkey_verify(EVP_PKEY *key, enum pkey_scheme scheme, struct view data, struct view sig)
{
	EVP_MD_CTX *ctx;
	EVP_PKEY_CTX *pctx = NULL; /* owned by ctx */
	int r = ERR_SIGNATURE;

	if (!pkey_fits(key, scheme))
		return ERR_SIGNATURE;
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL)
		return ERR_NOMEM;
	if (EVP_DigestVerifyInit(ctx, &pctx, pkey_md(scheme), NULL, key) != 1)
		goto out;
	if (scheme == PKEY_PSS_SHA256 &&
	    (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) != 1 ||
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) != 1))
		goto out;
	if (EVP_DigestVerify(ctx, sig.p, sig.n, data.p, data.n) == 1)
		r = ERR_OK;
out:
	EVP_MD_CTX_free(ctx);
	if (r < 0)
		ERR_clear_error();
	return r;
}

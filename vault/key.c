/* Private keys over libcrypto's EVP; see key.h. Distrusts: every byte of a key that it is given to read. */
#include "vault/key.h"

#include <stdlib.h>
#include <string.h>

#include "vault/crypto.h"
#include "vault/secmem.h"

struct key {
	enum key_type type;
	EVP_PKEY *pkey;
};

enum key_type key_type_of(const struct key *k)
{
	return k->type;
}

void key_free(struct key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

int key_wrap(void *evp_pkey, struct key **out)
{
	EVP_PKEY *pkey = evp_pkey;
	enum key_type type = 0;
	char group[32] = "";
	struct key *k;

	*out = NULL;
	if (EVP_PKEY_is_a(pkey, "ED25519")) {
		type = KEY_ED25519;
	} else if (EVP_PKEY_is_a(pkey, "EC")) {
		if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) == 1 && strcmp(group, "prime256v1") == 0)
			type = KEY_ECDSA_P256;
	} else if (EVP_PKEY_is_a(pkey, "RSA")) {
		int bits = EVP_PKEY_get_bits(pkey);

		if (bits >= KEY_RSA_BITS_MIN && bits <= KEY_RSA_BITS_MAX)
			type = KEY_RSA;
	}
	if (type == 0)
		return ERR_UNSUPPORTED;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return ERR_NOMEM;
	k->type = type;
	k->pkey = pkey;
	*out = k;
	return ERR_OK;
}

int key_generate(enum key_type type, struct key **out)
{
	EVP_PKEY *pkey = NULL;
	int r;

	*out = NULL;
	switch (type) {
	case KEY_ED25519:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	case KEY_ECDSA_P256:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
		break;
	case KEY_RSA:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)KEY_RSA_BITS_MIN);
		break;
	}
	if (pkey == NULL)
		return ERR_CRYPTO;
	r = key_wrap(pkey, out);
	if (r < 0)
		EVP_PKEY_free(pkey);
	return r;
}

/* ---- reading ---- */

/* An mpint of RFC 4251: not negative, no needless leading zero. Secret ones land in the secure heap. */
static int key_read_mpint(struct view *v, BIGNUM **out)
{
	struct view s;
	BIGNUM *bn;

	if (view_string(v, &s) < 0 || s.n == 0 || s.n > KEY_RSA_BITS_MAX / 8 + 1 || (s.p[0] & 0x80) != 0)
		return ERR_MALFORMED;
	if (s.p[0] == 0 && (s.n == 1 || (s.p[1] & 0x80) == 0))
		return ERR_MALFORMED;
	bn = BN_secure_new();
	if (bn == NULL || BN_bin2bn(s.p, (int)s.n, bn) == NULL) {
		BN_clear_free(bn);
		return ERR_NOMEM;
	}
	*out = bn;
	return ERR_OK;
}

static int key_from_params(const char *name, OSSL_PARAM_BLD *bld, EVP_PKEY **out)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
	int r = ERR_CRYPTO;

	*out = NULL;
	if (params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, out, EVP_PKEY_KEYPAIR, params) == 1)
		r = ERR_OK;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params); /* wipes its secure part */
	return r;
}

static int key_read_ed25519(struct view *v, EVP_PKEY **out)
{
	struct view pk, sk;
	uint8_t derived[32];
	size_t n = sizeof(derived);

	if (view_string(v, &pk) < 0 || view_string(v, &sk) < 0 || pk.n != 32 || sk.n != 64)
		return ERR_MALFORMED;
	*out = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, sk.p, 32);
	if (*out == NULL || EVP_PKEY_get_raw_public_key(*out, derived, &n) != 1)
		return ERR_CRYPTO;
	/* A public part that is not the seed's own would make Ed25519 give away the key. */
	if (n != 32 || memcmp(derived, pk.p, 32) != 0 || memcmp(derived, sk.p + 32, 32) != 0)
		return ERR_MALFORMED;
	return ERR_OK;
}

static int key_read_ecdsa(struct view *v, EVP_PKEY **out)
{
	OSSL_PARAM_BLD *bld = NULL;
	struct view curve, q;
	BIGNUM *d = NULL;
	int r = ERR_MALFORMED;

	if (view_string(v, &curve) < 0 || view_string(v, &q) < 0)
		goto out;
	if (!view_is(&curve, "nistp256") || q.n != 65 || q.p[0] != 4)
		goto out;
	r = key_read_mpint(v, &d);
	if (r < 0)
		goto out;
	r = ERR_CRYPTO;
	bld = OSSL_PARAM_BLD_new();
	if (bld == NULL ||
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, q.p, q.n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, d) != 1)
		goto out;
	r = key_from_params("EC", bld, out);
out:
	OSSL_PARAM_BLD_free(bld);
	BN_clear_free(d);
	return r;
}

/* The order in PROTOCOL.key is n e d iqmp p q; EVP wants the two CRT exponents too. */
enum { RSA_N, RSA_E, RSA_D, RSA_IQMP, RSA_P, RSA_Q, RSA_WIRE, RSA_DP = RSA_WIRE, RSA_DQ, RSA_ALL };

static const char *const key_rsa_params[RSA_ALL] = {
	[RSA_N] = OSSL_PKEY_PARAM_RSA_N,
	[RSA_E] = OSSL_PKEY_PARAM_RSA_E,
	[RSA_D] = OSSL_PKEY_PARAM_RSA_D,
	[RSA_IQMP] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	[RSA_P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
	[RSA_Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,
	[RSA_DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
	[RSA_DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
};

/* exp = d mod (prime - 1) */
static int key_rsa_exponent(const BIGNUM *d, const BIGNUM *prime, BIGNUM **exp)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *p1 = BN_secure_new(), *x = BN_secure_new();
	int r = ERR_CRYPTO;

	if (ctx != NULL && p1 != NULL && x != NULL && BN_copy(p1, prime) != NULL && BN_sub_word(p1, 1) == 1 &&
	    !BN_is_zero(p1)) {
		BN_set_flags(p1, BN_FLG_CONSTTIME);
		if (BN_mod(x, d, p1, ctx) == 1) {
			*exp = x;
			x = NULL;
			r = ERR_OK;
		}
	}
	BN_clear_free(p1);
	BN_clear_free(x);
	BN_CTX_free(ctx);
	return r;
}

static int key_read_rsa(struct view *v, EVP_PKEY **out)
{
	OSSL_PARAM_BLD *bld = NULL;
	BIGNUM *bn[RSA_ALL] = { NULL };
	int r = ERR_OK;

	for (int i = 0; i < RSA_WIRE && r == ERR_OK; i++)
		r = key_read_mpint(v, &bn[i]);
	if (r < 0)
		goto out;
	if (BN_num_bits(bn[RSA_N]) < KEY_RSA_BITS_MIN || BN_num_bits(bn[RSA_N]) > KEY_RSA_BITS_MAX) {
		r = ERR_UNSUPPORTED;
		goto out;
	}
	r = key_rsa_exponent(bn[RSA_D], bn[RSA_P], &bn[RSA_DP]);
	if (r == ERR_OK)
		r = key_rsa_exponent(bn[RSA_D], bn[RSA_Q], &bn[RSA_DQ]);
	if (r < 0)
		goto out;
	r = ERR_CRYPTO;
	bld = OSSL_PARAM_BLD_new();
	if (bld == NULL)
		goto out;
	for (int i = 0; i < RSA_ALL; i++) {
		if (OSSL_PARAM_BLD_push_BN(bld, key_rsa_params[i], bn[i]) != 1)
			goto out;
	}
	r = key_from_params("RSA", bld, out);
out:
	OSSL_PARAM_BLD_free(bld);
	for (int i = 0; i < RSA_ALL; i++)
		BN_clear_free(bn[i]);
	return r;
}

int key_read_private(struct view *v, struct key **out)
{
	EVP_PKEY *pkey = NULL;
	struct view name;
	int r;

	*out = NULL;
	if (view_string(v, &name) < 0)
		return ERR_MALFORMED;
	switch (key_type_by_view(&name)) {
	case KEY_ED25519:
		r = key_read_ed25519(v, &pkey);
		break;
	case KEY_ECDSA_P256:
		r = key_read_ecdsa(v, &pkey);
		break;
	case KEY_RSA:
		r = key_read_rsa(v, &pkey);
		break;
	default:
		return ERR_UNSUPPORTED;
	}
	if (r == ERR_OK)
		r = key_wrap(pkey, out);
	if (r < 0)
		EVP_PKEY_free(pkey);
	return r;
}

int key_check(const struct key *k)
{
	EVP_PKEY_CTX *ctx;
	int ok;

	if (k->type == KEY_ED25519)
		return ERR_OK; /* the public part is always derived */
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	if (ctx == NULL)
		return ERR_NOMEM;
	ok = EVP_PKEY_public_check(ctx) == 1 && EVP_PKEY_private_check(ctx) == 1 && EVP_PKEY_pairwise_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok ? ERR_OK : ERR_REFUSED;
}

/* ---- writing ---- */

static int key_put_mpint(const EVP_PKEY *pkey, const char *param, struct buf *b)
{
	BIGNUM *bn = BN_secure_new(); /* get_bn_param() fills one that is there, in place */
	uint8_t *p;
	size_t n;
	int r = ERR_CRYPTO;

	if (bn == NULL || EVP_PKEY_get_bn_param(pkey, param, &bn) != 1)
		goto out;
	n = (size_t)BN_num_bytes(bn);
	if (BN_num_bits(bn) % 8 == 0)
		n++; /* a zero byte keeps it positive (and is the whole of zero's encoding, which no key has) */
	p = buf_reserve(b, 4 + n);
	r = ERR_LIMIT;
	if (p == NULL)
		goto out;
	(void)buf_put_u32(b, (uint32_t)n);
	r = BN_bn2binpad(bn, p + 4, (int)n) == (int)n ? ERR_OK : ERR_CRYPTO;
	buf_added(b, n);
out:
	BN_clear_free(bn);
	return r;
}

/* The uncompressed point, whatever form the key was imported in. */
static int key_put_point(const EVP_PKEY *pkey, struct buf *b)
{
	BIGNUM *x = NULL, *y = NULL;
	uint8_t q[65] = { 4 };
	int r = ERR_CRYPTO;

	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 && BN_bn2binpad(x, q + 1, 32) == 32 &&
	    BN_bn2binpad(y, q + 33, 32) == 32)
		r = buf_put_string(b, q, sizeof(q));
	BN_free(x);
	BN_free(y);
	return r;
}

static int key_put_name(const struct key *k, struct buf *b)
{
	const char *name = key_type_name(k->type);
	int r = buf_put_string(b, name, strlen(name));

	if (r == ERR_OK && k->type == KEY_ECDSA_P256)
		r = buf_put_string(b, "nistp256", 8);
	return r;
}

int key_write_public(const struct key *k, struct buf *b)
{
	uint8_t pk[32];
	size_t n = sizeof(pk);
	int r = key_put_name(k, b);

	if (r < 0)
		return r;
	switch (k->type) {
	case KEY_ED25519:
		if (EVP_PKEY_get_raw_public_key(k->pkey, pk, &n) != 1 || n != sizeof(pk))
			return ERR_CRYPTO;
		return buf_put_string(b, pk, n);
	case KEY_ECDSA_P256:
		return key_put_point(k->pkey, b);
	case KEY_RSA:
		r = key_put_mpint(k->pkey, OSSL_PKEY_PARAM_RSA_E, b);
		return r < 0 ? r : key_put_mpint(k->pkey, OSSL_PKEY_PARAM_RSA_N, b);
	}
	return ERR_WRONGSTATE;
}

static int key_put_ed25519(const struct key *k, struct buf *b)
{
	uint8_t pk[32], *sk = secmem_alloc(64);
	size_t npk = 32, nsk = 32;
	int r = ERR_NOMEM;

	if (sk == NULL)
		return r;
	r = ERR_CRYPTO;
	if (EVP_PKEY_get_raw_public_key(k->pkey, pk, &npk) != 1 || npk != 32 ||
	    EVP_PKEY_get_raw_private_key(k->pkey, sk, &nsk) != 1 || nsk != 32)
		goto out;
	memcpy(sk + 32, pk, 32);
	r = buf_put_string(b, pk, 32);
	if (r == ERR_OK)
		r = buf_put_string(b, sk, 64);
out:
	secmem_free(sk, 64);
	return r;
}

int key_write_private(const struct key *k, struct buf *b)
{
	int r = key_put_name(k, b);

	if (r < 0)
		return r;
	switch (k->type) {
	case KEY_ED25519:
		return key_put_ed25519(k, b);
	case KEY_ECDSA_P256:
		r = key_put_point(k->pkey, b);
		return r < 0 ? r : key_put_mpint(k->pkey, OSSL_PKEY_PARAM_PRIV_KEY, b);
	case KEY_RSA:
		for (int i = 0; i < RSA_WIRE && r == ERR_OK; i++)
			r = key_put_mpint(k->pkey, key_rsa_params[i], b);
		return r;
	}
	return ERR_WRONGSTATE;
}

/* ---- signing ---- */

static const struct key_alg {
	enum key_type type;
	enum key_sign how;
	const char *name;
	const char *digest; /* NULL: the algorithm hashes by itself */
} key_algs[] = {
	{ KEY_ED25519, KEY_SIGN_PLAIN, "ssh-ed25519", NULL },
	{ KEY_ECDSA_P256, KEY_SIGN_PLAIN, "ecdsa-sha2-nistp256", "SHA256" },
	{ KEY_RSA, KEY_SIGN_RSA_SHA256, "rsa-sha2-256", "SHA256" },
	{ KEY_RSA, KEY_SIGN_RSA_SHA512, "rsa-sha2-512", "SHA512" },
};

/* RFC 5656 3.1.2: mpint r, mpint s; libcrypto gives DER. */
static int key_put_ecdsa_signature(const uint8_t *der, size_t n, struct buf *b)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
	uint8_t raw[2 * (4 + 33)];
	const BIGNUM *half[2];
	size_t used = 0;

	if (sig == NULL)
		return ERR_CRYPTO;
	ECDSA_SIG_get0(sig, &half[0], &half[1]);
	for (int i = 0; i < 2; i++) {
		size_t len = (size_t)BN_num_bytes(half[i]) + (BN_num_bits(half[i]) % 8 == 0);

		raw[used] = raw[used + 1] = raw[used + 2] = 0;
		raw[used + 3] = (uint8_t)len;
		if (len > 33 || BN_bn2binpad(half[i], raw + used + 4, (int)len) != (int)len) {
			ECDSA_SIG_free(sig);
			return ERR_CRYPTO;
		}
		used += 4 + len;
	}
	ECDSA_SIG_free(sig);
	return buf_put_string(b, raw, used);
}

static int key_sign_alg(const struct key *k, const struct key_alg *alg, const uint8_t *p, size_t n, struct buf *b)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[KEY_RSA_BITS_MAX / 8];
	size_t len = sizeof(sig);
	int r;

	if (ctx == NULL)
		return ERR_NOMEM;
	r = ERR_CRYPTO;
	if (EVP_DigestSignInit_ex(ctx, NULL, alg->digest, NULL, NULL, k->pkey, NULL) != 1 ||
	    EVP_DigestSign(ctx, sig, &len, p, n) != 1)
		goto out;
	r = buf_put_string(b, alg->name, strlen(alg->name));
	if (r < 0)
		goto out;
	r = k->type == KEY_ECDSA_P256 ? key_put_ecdsa_signature(sig, len, b) : buf_put_string(b, sig, len);
out:
	EVP_MD_CTX_free(ctx);
	return r;
}

int key_sign(const struct key *k, enum key_sign how, const uint8_t *p, size_t n, struct buf *b)
{
	for (size_t i = 0; i < sizeof(key_algs) / sizeof(key_algs[0]); i++) {
		if (key_algs[i].type == k->type && key_algs[i].how == how)
			return key_sign_alg(k, &key_algs[i], p, n, b);
	}
	return ERR_REFUSED;
}

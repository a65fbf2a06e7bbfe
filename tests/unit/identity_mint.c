/* Test keys, tokens and signatures; see identity_mint.h. */
#include "tests/unit/identity_mint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/b64.h"
#include "identity/sshkey.h"

#define MUST(x) do { if (!(x)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); abort(); } } while (0)

struct mint_key mint_key(enum pkey_kind kind, int bits)
{
	struct mint_key k = { NULL, kind };

	if (kind == PKEY_RSA)
		k.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	else if (kind == PKEY_ED25519)
		k.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		k.pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind == PKEY_P256 ? "P-256" : kind == PKEY_P384 ? "P-384" : "P-521");
	MUST(k.pkey != NULL);
	return k;
}

void mint_key_free(struct mint_key *key)
{
	EVP_PKEY_free(key->pkey);
	key->pkey = NULL;
}

char *mint_b64url(const void *p, size_t n)
{
	struct buf b;
	char *s;

	buf_init(&b, 1 << 21);
	MUST(b64_encode(B64_URL, p, n, &b) == ERR_OK);
	s = strdup(buf_cstr(&b));
	MUST(s != NULL);
	buf_free(&b);
	return s;
}

/* A raw signature of the key: DER for ECDSA. */
static void mint_raw(const struct mint_key *key, const EVP_MD *md, int pss, struct view data, struct buf *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	size_t n = 2048;
	uint8_t *to = buf_reserve(out, n);

	MUST(ctx != NULL && to != NULL && EVP_DigestSignInit(ctx, &pctx, md, NULL, key->pkey) == 1);
	if (pss) {
		MUST(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1);
		MUST(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, pss) == 1);
	}
	MUST(EVP_DigestSign(ctx, to, &n, data.p, data.n) == 1);
	buf_added(out, n);
	EVP_MD_CTX_free(ctx);
}

static void mint_rs(struct view der, size_t half, uint8_t *r, uint8_t *s)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der.p, (long)der.n);

	MUST(sig != NULL);
	MUST(BN_bn2binpad(ECDSA_SIG_get0_r(sig), r, (int)half) == (int)half);
	MUST(BN_bn2binpad(ECDSA_SIG_get0_s(sig), s, (int)half) == (int)half);
	ECDSA_SIG_free(sig);
}

static char *mint_input(const char *header, const char *claims)
{
	char *h = mint_b64url(header, strlen(header)), *c = mint_b64url(claims, strlen(claims)), *s;

	MUST(asprintf(&s, "%s.%s", h, c) > 0);
	free(h);
	free(c);
	return s;
}

static char *mint_join(char *input, const void *sig, size_t n)
{
	char *e = mint_b64url(sig, n), *tok;

	MUST(asprintf(&tok, "%s.%s", input, e) > 0);
	free(e);
	free(input);
	return tok;
}

char *mint_token(const struct mint_key *key, enum jws_alg alg, const char *header, const char *claims)
{
	static const char *const mds[] = { "SHA256", "SHA384", "SHA512", "SHA256", "SHA256", "SHA384", NULL };
	const EVP_MD *md = mds[alg] == NULL ? NULL : EVP_get_digestbyname(mds[alg]);
	char *input = mint_input(header, claims), *tok;
	size_t half = pkey_coordinate(key->kind);
	struct buf sig;

	buf_init(&sig, 4096);
	mint_raw(key, md, alg == JWS_PS256 ? RSA_PSS_SALTLEN_DIGEST : 0, (struct view){ (uint8_t *)input, strlen(input) }, &sig);
	if (half > 0) {
		uint8_t rs[2 * 66];

		mint_rs(mint_view(&sig), half, rs, rs + half);
		tok = mint_join(input, rs, 2 * half);
	} else {
		tok = mint_join(input, buf_ptr(&sig), sig.len);
	}
	buf_free(&sig);
	return tok;
}

char *mint_token_hs256(const void *secret, size_t n, const char *header, const char *claims)
{
	char *input = mint_input(header, claims);
	uint8_t mac[32];
	size_t len = 0;

	MUST(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, secret, n, (uint8_t *)input, strlen(input), mac, sizeof(mac),
		&len) != NULL);
	return mint_join(input, mac, len);
}

static char *mint_bn(const struct mint_key *key, const char *param, size_t pad)
{
	BIGNUM *bn = NULL;
	uint8_t bytes[2048];
	size_t n;

	MUST(EVP_PKEY_get_bn_param(key->pkey, param, &bn) == 1);
	n = pad > 0 ? pad : (size_t)BN_num_bytes(bn);
	MUST(BN_bn2binpad(bn, bytes, (int)n) == (int)n);
	BN_free(bn);
	return mint_b64url(bytes, n);
}

char *mint_jwk(const struct mint_key *key, const char *kid, const char *extra)
{
	size_t half = pkey_coordinate(key->kind);
	char *a = NULL, *b = NULL, *name = NULL, *s;

	MUST(kid == NULL || asprintf(&name, "\"kid\":\"%s\",", kid) > 0);
	if (key->kind == PKEY_RSA) {
		a = mint_bn(key, OSSL_PKEY_PARAM_RSA_N, 0);
		b = mint_bn(key, OSSL_PKEY_PARAM_RSA_E, 0);
		MUST(asprintf(&s, "{%s\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s}", name ? name : "", a, b, extra) > 0);
	} else if (half > 0) {
		a = mint_bn(key, OSSL_PKEY_PARAM_EC_PUB_X, half);
		b = mint_bn(key, OSSL_PKEY_PARAM_EC_PUB_Y, half);
		MUST(asprintf(&s, "{%s\"kty\":\"EC\",\"crv\":\"P-%zu\",\"x\":\"%s\",\"y\":\"%s\"%s}", name ? name : "",
			half == 66 ? 521 : half * 8, a, b, extra) > 0);
	} else {
		uint8_t raw[32];
		size_t n = sizeof(raw);

		MUST(EVP_PKEY_get_raw_public_key(key->pkey, raw, &n) == 1);
		a = mint_b64url(raw, n);
		MUST(asprintf(&s, "{%s\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"%s}", name ? name : "", a, extra) > 0);
	}
	free(a);
	free(b);
	free(name);
	return s;
}

char *mint_pem(const struct mint_key *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p, *s;
	long n;

	MUST(bio != NULL && PEM_write_bio_PUBKEY(bio, key->pkey) == 1);
	n = BIO_get_mem_data(bio, &p);
	s = strndup(p, (size_t)n);
	MUST(s != NULL);
	BIO_free(bio);
	return s;
}

static void mint_mpint(const uint8_t *p, size_t n, struct buf *out)
{
	while (n > 0 && *p == 0)
		p++, n--;
	MUST(buf_put_u32(out, (uint32_t)(n + (n > 0 && (*p & 0x80) != 0))) == ERR_OK);
	if (n > 0 && (*p & 0x80) != 0)
		MUST(buf_put_u8(out, 0) == ERR_OK);
	MUST(buf_put(out, p, n) == ERR_OK);
}

static void mint_mpint_param(const struct mint_key *key, const char *param, struct buf *out)
{
	BIGNUM *bn = NULL;
	uint8_t bytes[16384];

	MUST(EVP_PKEY_get_bn_param(key->pkey, param, &bn) == 1 && (size_t)BN_num_bytes(bn) <= sizeof(bytes));
	mint_mpint(bytes, (size_t)BN_bn2bin(bn, bytes), out);
	BN_free(bn);
}

void mint_ssh_key(const struct mint_key *key, struct buf *out)
{
	const char *name = sshkey_name(key->kind);
	uint8_t raw[256];
	size_t n = sizeof(raw);

	MUST(buf_put_string(out, name, strlen(name)) == ERR_OK);
	if (key->kind == PKEY_RSA) {
		mint_mpint_param(key, OSSL_PKEY_PARAM_RSA_E, out);
		mint_mpint_param(key, OSSL_PKEY_PARAM_RSA_N, out);
		return;
	}
	if (key->kind == PKEY_ED25519) {
		MUST(EVP_PKEY_get_raw_public_key(key->pkey, raw, &n) == 1);
	} else {
		MUST(buf_put_string(out, name + strlen("ecdsa-sha2-"), 8) == ERR_OK);
		MUST(EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof(raw), &n) == 1);
	}
	MUST(buf_put_string(out, raw, n) == ERR_OK);
}

void mint_ssh_sign(const struct mint_key *key, const char *alg, struct view data, struct buf *out)
{
	size_t half = pkey_coordinate(key->kind);
	const EVP_MD *md = NULL;
	struct buf raw;

	if (alg == NULL)
		alg = key->kind == PKEY_RSA ? "rsa-sha2-512" : sshkey_name(key->kind);
	if (key->kind == PKEY_RSA)
		md = strcmp(alg, "ssh-rsa") == 0 ? EVP_sha1() : strcmp(alg, "rsa-sha2-256") == 0 ? EVP_sha256() : EVP_sha512();
	else if (half > 0)
		md = half == 32 ? EVP_sha256() : half == 48 ? EVP_sha384() : EVP_sha512();
	buf_init(&raw, 4096);
	mint_raw(key, md, 0, data, &raw);
	if (half > 0) {
		uint8_t r[66], s[66];

		mint_rs(mint_view(&raw), half, r, s);
		buf_clear(&raw);
		mint_mpint(r, half, &raw);
		mint_mpint(s, half, &raw);
	}
	MUST(buf_put_string(out, alg, strlen(alg)) == ERR_OK);
	MUST(buf_put_string(out, buf_ptr(&raw), raw.len) == ERR_OK);
	buf_free(&raw);
}

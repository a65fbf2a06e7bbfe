/* SSHSIG forms and verification; see sshsig.h. Distrusts every byte of a signature. */
#include "audit/sshsig.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

static const char begin_line[] = "-----BEGIN SSH SIGNATURE-----";
static const char end_line[] = "-----END SSH SIGNATURE-----";

int sshsig_parse(struct view blob, struct sshsig *out, struct why *w)
{
	struct view magic, reserved;
	uint32_t version;

	memset(out, 0, sizeof(*out));
	if (blob.n > SSHSIG_MAX || view_bytes(&blob, 6, &magic) < 0 || memcmp(magic.p, "SSHSIG", 6) != 0 ||
	    view_u32(&blob, &version) < 0 || version != 1 || view_string(&blob, &out->key) < 0 ||
	    view_string(&blob, &out->space) < 0 || view_string(&blob, &reserved) < 0 || view_string(&blob, &out->hash) < 0 ||
	    view_string(&blob, &out->signature) < 0 || view_end(&blob) < 0 || out->space.n == 0)
		return why_fail(w, ERR_MALFORMED, "not an SSH signature");
	return ERR_OK;
}

static int put_base64(struct buf *out, struct view v)
{
	uint8_t *to = buf_reserve(out, (v.n + 2) / 3 * 4 + 1);

	if (to == NULL)
		return ERR_LIMIT;
	buf_added(out, (size_t)EVP_EncodeBlock(to, v.p, (int)v.n));
	return ERR_OK;
}

int sshsig_armor(struct view blob, struct buf *out)
{
	struct buf b64;
	int r = blob.n > SSHSIG_MAX ? ERR_LIMIT : buf_printf(out, "%s\n", begin_line);

	buf_init(&b64, 2 * SSHSIG_MAX);
	if (r == ERR_OK)
		r = put_base64(&b64, blob);
	for (size_t i = 0; i < b64.len && r == ERR_OK; i += 70) /* ssh-keygen's width */
		r = buf_printf(out, "%.*s\n", (int)(b64.len - i < 70 ? b64.len - i : 70), (const char *)buf_ptr(&b64) + i);
	buf_free(&b64);
	return r == ERR_OK ? buf_printf(out, "%s\n", end_line) : r;
}

/* Strict base64 without anything between its digits. */
static int get_base64(struct view v, struct buf *out)
{
	struct buf back;
	size_t pad = 0;
	uint8_t *to;
	int n, r;

	if (v.n == 0 || v.n % 4 != 0)
		return ERR_MALFORMED;
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if (c == '=')
			pad++;
		else if (pad > 0 || !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/'))
			return ERR_MALFORMED;
	}
	to = pad > 2 ? NULL : buf_reserve(out, v.n / 4 * 3 + 1);
	if (to == NULL)
		return ERR_MALFORMED;
	n = EVP_DecodeBlock(to, v.p, (int)v.n);
	if (n < 0 || (size_t)n < pad)
		return ERR_MALFORMED;
	buf_init(&back, v.n + 16);
	r = put_base64(&back, (struct view){ to, (size_t)n - pad });
	if (r == ERR_OK && (back.len != v.n || memcmp(buf_ptr(&back), v.p, v.n) != 0))
		r = ERR_MALFORMED;
	buf_free(&back);
	if (r == ERR_OK)
		buf_added(out, (size_t)n - pad);
	return r;
}

int sshsig_dearmor(struct view text, struct buf *out)
{
	const uint8_t *p, *end;
	struct buf b64;
	int r = ERR_OK;

	if (text.n > SSHSIG_MAX)
		return ERR_LIMIT;
	p = text.n > 0 ? memmem(text.p, text.n, begin_line, sizeof(begin_line) - 1) : NULL;
	if (p == NULL)
		return ERR_MALFORMED;
	p += sizeof(begin_line) - 1;
	end = memmem(p, (size_t)(text.p + text.n - p), end_line, sizeof(end_line) - 1);
	if (end == NULL)
		return ERR_MALFORMED;
	buf_init(&b64, SSHSIG_MAX);
	for (; p < end && r == ERR_OK; p++)
		if (*p != '\n' && *p != '\r')
			r = buf_put_u8(&b64, *p);
	if (r == ERR_OK)
		r = get_base64((struct view){ buf_ptr(&b64), b64.len }, out);
	buf_free(&b64);
	return r;
}

/* A public key by its parameters; NULL when they make none. */
static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *bld)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY *key = NULL;

	if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *rsa_key(struct view v)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *e = NULL, *n = NULL;
	EVP_PKEY *key = NULL;
	struct view ev, nv;

	if (view_string(&v, &ev) == ERR_OK && view_string(&v, &nv) == ERR_OK && view_end(&v) == ERR_OK && ev.n <= 8 && nv.n <= 2049) {
		e = BN_bin2bn(ev.p, (int)ev.n, NULL);
		n = BN_bin2bn(nv.p, (int)nv.n, NULL);
	}
	if (bld != NULL && e != NULL && n != NULL && BN_num_bits(n) >= 2048 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1 && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1)
		key = key_from("RSA", bld);
	OSSL_PARAM_BLD_free(bld);
	BN_free(e);
	BN_free(n);
	return key;
}

static EVP_PKEY *ec_key(const char *curve, struct view point)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;

	if (bld != NULL && point.n > 0 && point.p[0] == 4 &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.n) == 1)
		key = key_from("EC", bld);
	OSSL_PARAM_BLD_free(bld);
	return key;
}

static const struct key_kind {
	const char *name, *curve, *curve_name, *digest;
	bool fido, rsa;
} kinds[] = {
	{ "ssh-ed25519", NULL, NULL, NULL, false, false },
	{ "sk-ssh-ed25519@openssh.com", NULL, NULL, NULL, true, false },
	{ "ecdsa-sha2-nistp256", "P-256", "nistp256", "SHA256", false, false },
	{ "ecdsa-sha2-nistp384", "P-384", "nistp384", "SHA384", false, false },
	{ "ecdsa-sha2-nistp521", "P-521", "nistp521", "SHA512", false, false },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", "P-256", "nistp256", "SHA256", true, false },
	{ "ssh-rsa", NULL, NULL, NULL, false, true },
};

/* Parses a key blob. *application is set for FIDO keys. */
static const struct key_kind *parse_key(struct view blob, EVP_PKEY **key, struct view *application)
{
	const struct key_kind *k = NULL;
	struct view type, curve, point;

	*key = NULL;
	if (view_string(&blob, &type) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (view_is(&type, kinds[i].name))
			k = &kinds[i];
	if (k == NULL)
		return NULL;
	if (k->rsa) {
		*key = rsa_key(blob);
		return k;
	}
	if (k->curve != NULL && (view_string(&blob, &curve) < 0 || !view_is(&curve, k->curve_name)))
		return k;
	if (view_string(&blob, &point) < 0 || (k->fido && view_string(&blob, application) < 0) || view_end(&blob) < 0)
		return k;
	if (k->curve != NULL)
		*key = ec_key(k->curve, point);
	else if (point.n == 32)
		*key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point.p, 32);
	return k;
}

/* r and s as two SSH integers → DER. */
static int ecdsa_der(struct view v, struct buf *out)
{
	struct view rv, sv;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = NULL, *s = NULL;
	unsigned char *der = NULL;
	int n, code = ERR_SIGNATURE;

	if (sig != NULL && view_string(&v, &rv) == ERR_OK && view_string(&v, &sv) == ERR_OK && view_end(&v) == ERR_OK && rv.n <= 67 &&
	    sv.n <= 67) {
		r = BN_bin2bn(rv.p, (int)rv.n, NULL);
		s = BN_bin2bn(sv.p, (int)sv.n, NULL);
	}
	if (r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL;
		n = i2d_ECDSA_SIG(sig, &der);
		if (n > 0)
			code = buf_put(out, der, (size_t)n);
	}
	OPENSSL_free(der);
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return code;
}

static int check(EVP_PKEY *key, const char *digest, struct view sig, struct view message)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int r = ERR_CRYPTO;

	if (ctx != NULL && EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL) == 1)
		r = EVP_DigestVerify(ctx, sig.p, sig.n, message.p, message.n) == 1 ? ERR_OK : ERR_SIGNATURE;
	EVP_MD_CTX_free(ctx);
	return r;
}

/* What a FIDO token signs: SHA-256 of the application, flags, counter, SHA-256 of the message (PROTOCOL.u2f). */
static int fido_message(struct view application, struct view *sig, struct view message, struct buf *out)
{
	uint8_t d[32];
	uint32_t counter;
	uint8_t flags;
	unsigned n;

	if (view_u8(sig, &flags) < 0 || view_u32(sig, &counter) < 0 || view_end(sig) < 0)
		return ERR_MALFORMED;
	if ((flags & 1) == 0) /* nobody touched it */
		return ERR_SIGNATURE;
	if (EVP_Digest(application.p, application.n, d, &n, EVP_sha256(), NULL) != 1 || buf_put(out, d, 32) < 0 ||
	    buf_put_u8(out, flags) < 0 || buf_put_u32(out, counter) < 0 ||
	    EVP_Digest(message.p, message.n, d, &n, EVP_sha256(), NULL) != 1)
		return ERR_CRYPTO;
	return buf_put(out, d, 32);
}

static int check_blob(const struct sshsig *s, struct view message, struct why *w)
{
	struct view application = { NULL, 0 }, rest = s->signature, type, sig;
	const struct key_kind *k;
	const char *digest;
	struct buf der, fido;
	EVP_PKEY *key = NULL;
	int r;

	buf_init(&der, 1024);
	buf_init(&fido, 1024);
	k = parse_key(s->key, &key, &application);
	if (k == NULL) {
		r = why_fail(w, ERR_UNSUPPORTED, "a signature by a key of an unknown type");
		goto out;
	}
	digest = k->digest;
	r = ERR_MALFORMED;
	if (key == NULL || view_string(&rest, &type) < 0 || view_string(&rest, &sig) < 0 || (!k->fido && view_end(&rest) < 0))
		goto out;
	if (k->rsa) {
		digest = view_is(&type, "rsa-sha2-256") ? "SHA256" : view_is(&type, "rsa-sha2-512") ? "SHA512" : NULL;
		if (digest == NULL)
			goto out;
	} else if (!view_is(&type, k->name)) {
		goto out;
	}
	if (k->curve != NULL) {
		r = ecdsa_der(sig, &der);
		if (r < 0)
			goto out;
		sig = (struct view){ buf_ptr(&der), der.len };
	}
	if (k->fido) {
		r = fido_message(application, &rest, message, &fido);
		if (r < 0)
			goto out;
		message = (struct view){ buf_ptr(&fido), fido.len };
	}
	r = check(key, digest, sig, message);
out:
	if (r < 0 && r != ERR_UNSUPPORTED)
		why_set(w, "the signature is not one over this text");
	EVP_PKEY_free(key);
	buf_free(&der);
	buf_free(&fido);
	return r;
}

int sshsig_verify(struct view sig, const char *space, struct view message, struct buf *key, struct why *w)
{
	uint8_t d[64];
	struct buf blob, tbs;
	struct sshsig s;
	unsigned n;
	int r = ERR_OK;

	buf_init(&blob, SSHSIG_MAX);
	buf_init(&tbs, 4096);
	if (sig.n < 6 || memcmp(sig.p, "SSHSIG", 6) != 0) {
		r = sshsig_dearmor(sig, &blob);
		if (r < 0)
			why_set(w, "not an SSH signature");
		sig = (struct view){ buf_ptr(&blob), blob.len };
	}
	if (r == ERR_OK)
		r = sshsig_parse(sig, &s, w);
	if (r < 0)
		goto out;
	if (!view_is(&s.space, space)) {
		r = why_fail(w, ERR_SIGNATURE, "the signature was made for another purpose than %s", space);
		goto out;
	}
	if (!view_is(&s.hash, "sha512") && !view_is(&s.hash, "sha256")) {
		r = why_fail(w, ERR_UNSUPPORTED, "a signature over an unknown hash");
		goto out;
	}
	r = ERR_CRYPTO;
	if (EVP_Digest(message.p, message.n, d, &n, view_is(&s.hash, "sha512") ? EVP_sha512() : EVP_sha256(), NULL) != 1)
		goto out;
	if (buf_put(&tbs, "SSHSIG", 6) < 0 || buf_put_string(&tbs, s.space.p, s.space.n) < 0 || buf_put_string(&tbs, "", 0) < 0 ||
	    buf_put_string(&tbs, s.hash.p, s.hash.n) < 0 || buf_put_string(&tbs, d, n) < 0)
		goto out;
	r = check_blob(&s, (struct view){ buf_ptr(&tbs), tbs.len }, w);
	if (r == ERR_OK)
		r = buf_put(key, s.key.p, s.key.n);
out:
	buf_free(&blob);
	buf_free(&tbs);
	return r;
}

/* Takes the next word, up to a blank. */
static struct view word(struct view *v)
{
	struct view out;

	while (v->n > 0 && (v->p[0] == ' ' || v->p[0] == '\t')) {
		v->p++;
		v->n--;
	}
	out.p = v->p;
	out.n = 0;
	while (v->n > 0 && v->p[0] != ' ' && v->p[0] != '\t' && v->p[0] != '\r' && v->p[0] != '\n') {
		v->p++;
		v->n--;
		out.n++;
	}
	return out;
}

int sshsig_key_line(struct view line, struct buf *blob)
{
	struct view type = word(&line), b64 = word(&line), inner, v;
	size_t before = blob->len;
	int r = type.n == 0 ? ERR_MALFORMED : get_base64(b64, blob);

	if (r < 0)
		return r;
	v = (struct view){ buf_ptr(blob) + before, blob->len - before };
	if (view_string(&v, &inner) < 0 || inner.n != type.n || memcmp(inner.p, type.p, type.n) != 0) {
		blob->len = before;
		return ERR_MALFORMED;
	}
	return ERR_OK;
}

int sshsig_fingerprint(struct view key, char out[52])
{
	unsigned char d[32], b64[48];
	unsigned n;

	if (EVP_Digest(key.p, key.n, d, &n, EVP_sha256(), NULL) != 1)
		return ERR_CRYPTO;
	EVP_EncodeBlock(b64, d, 32);
	memcpy(out, "SHA256:", 7);
	memcpy(out + 7, b64, 43); /* without the padding */
	out[50] = '\0';
	return ERR_OK;
}

/* SSHSIG; see sshsig.h. Distrusts the signature and its text. */
#include "identity/sshsig.h"

#include <string.h>

#include "identity/b64.h"
#include "identity/ossl.h"

static const char sshsig_magic[] = "SSHSIG";
static const char sshsig_begin[] = "-----BEGIN SSH SIGNATURE-----";
static const char sshsig_end[] = "-----END SSH SIGNATURE-----";

enum { SSHSIG_COLUMNS = 70 }; /* as OpenSSH wraps */

static const char *sshsig_hash_name(enum sshsig_hash hash)
{
	return hash == SSHSIG_SHA512 ? "sha512" : "sha256";
}

static bool sshsig_ns_ok(const char *ns)
{
	size_t n = strnlen(ns, SSHSIG_NAMESPACE_MAX + 1);

	if (n == 0 || n > SSHSIG_NAMESPACE_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (ns[i] <= 0x20 || ns[i] > 0x7e)
			return false;
	}
	return true;
}

int sshsig_tbs(const char *ns, enum sshsig_hash hash, struct view message, struct buf *out)
{
	uint8_t md[64];
	unsigned n = sizeof(md);
	size_t mark = out->len;
	int r;

	if (!sshsig_ns_ok(ns))
		return ERR_MALFORMED;
	if (EVP_Digest(message.p, message.n, md, &n, hash == SSHSIG_SHA512 ? EVP_sha512() : EVP_sha256(), NULL) != 1)
		return ERR_CRYPTO;
	if ((r = buf_put(out, sshsig_magic, 6)) < 0 || (r = buf_put_string(out, ns, strlen(ns))) < 0 ||
	    (r = buf_put_string(out, NULL, 0)) < 0 || /* reserved */
	    (r = buf_put_string(out, sshsig_hash_name(hash), 6)) < 0 || (r = buf_put_string(out, md, n)) < 0)
		out->len = mark;
	return r;
}

int sshsig_armor(struct view key, const char *ns, enum sshsig_hash hash, struct view signature, struct buf *out)
{
	struct buf raw, b64;
	size_t mark = out->len;
	int r;

	if (!sshsig_ns_ok(ns))
		return ERR_MALFORMED;
	buf_init(&raw, SSHSIG_TEXT_MAX);
	buf_init(&b64, SSHSIG_TEXT_MAX);
	if ((r = buf_put(&raw, sshsig_magic, 6)) < 0 || (r = buf_put_u32(&raw, 1)) < 0 ||
	    (r = buf_put_string(&raw, key.p, key.n)) < 0 || (r = buf_put_string(&raw, ns, strlen(ns))) < 0 ||
	    (r = buf_put_string(&raw, NULL, 0)) < 0 || (r = buf_put_string(&raw, sshsig_hash_name(hash), 6)) < 0 ||
	    (r = buf_put_string(&raw, signature.p, signature.n)) < 0 ||
	    (r = b64_encode(B64_STD, buf_ptr(&raw), raw.len, &b64)) < 0)
		goto out;
	r = buf_printf(out, "%s\n", sshsig_begin);
	for (size_t i = 0; r == ERR_OK && i < b64.len; i += SSHSIG_COLUMNS) {
		size_t n = b64.len - i < SSHSIG_COLUMNS ? b64.len - i : SSHSIG_COLUMNS;

		r = buf_printf(out, "%.*s\n", (int)n, (const char *)buf_ptr(&b64) + i);
	}
	if (r == ERR_OK)
		r = buf_printf(out, "%s\n", sshsig_end);
out:
	if (r < 0)
		out->len = mark;
	buf_free(&raw);
	buf_free(&b64);
	return r;
}

/* The base64 between the two marks, line breaks taken out. */
static int sshsig_dearmor(const char *text, size_t n, struct buf *out)
{
	struct buf b64;
	int r = ERR_OK;

	buf_init(&b64, SSHSIG_TEXT_MAX);
	while (n > 0 && strchr("\r\n", text[n - 1]) != NULL && text[n - 1] != '\0')
		n--;
	while (n > 0 && (*text == '\n' || *text == '\r'))
		text++, n--;
	if (n < sizeof(sshsig_begin) + sizeof(sshsig_end) || memcmp(text, sshsig_begin, sizeof(sshsig_begin) - 1) != 0 ||
	    memcmp(text + n - sizeof(sshsig_end) + 1, sshsig_end, sizeof(sshsig_end) - 1) != 0)
		r = ERR_MALFORMED;
	for (size_t i = sizeof(sshsig_begin) - 1; r == ERR_OK && i < n - sizeof(sshsig_end) + 1; i++) {
		if (text[i] != '\n' && text[i] != '\r')
			r = buf_put_u8(&b64, (uint8_t)text[i]);
	}
	if (r == ERR_OK)
		r = b64_decode(B64_STD, (const char *)buf_ptr(&b64), b64.len, out);
	buf_free(&b64);
	return r;
}

int sshsig_parse(const char *text, size_t n, struct sshsig *out, struct why *why)
{
	struct view v, magic, key, reserved, hash;
	uint32_t version;
	int r;

	memset(out, 0, sizeof(*out));
	if (n > SSHSIG_TEXT_MAX)
		return why_fail(why, ERR_LIMIT, "the signature has more than %d bytes", SSHSIG_TEXT_MAX);
	buf_init(&out->raw, SSHSIG_TEXT_MAX);
	r = sshsig_dearmor(text, n, &out->raw);
	if (r < 0) {
		why_set(why, "not an SSH signature: it stands between BEGIN and END SSH SIGNATURE, in base64");
		goto out;
	}
	v = (struct view){ buf_ptr(&out->raw), out->raw.len };
	r = ERR_MALFORMED;
	if (view_bytes(&v, 6, &magic) < 0 || !view_is(&magic, sshsig_magic) || view_u32(&v, &version) < 0) {
		why_set(why, "not an SSH signature");
		goto out;
	}
	if (version != 1) {
		r = why_fail(why, ERR_UNSUPPORTED, "an SSH signature of another version");
		goto out;
	}
	if (view_string(&v, &key) < 0 || view_string(&v, &out->ns) < 0 || view_string(&v, &reserved) < 0 ||
	    view_string(&v, &hash) < 0 || view_string(&v, &out->signature) < 0 || view_end(&v) < 0) {
		why_set(why, "the SSH signature is cut off, or something follows it");
		goto out;
	}
	if (!view_is(&hash, "sha512") && !view_is(&hash, "sha256")) {
		r = why_fail(why, ERR_UNSUPPORTED, "the SSH signature's hash is neither sha512 nor sha256");
		goto out;
	}
	out->hash = view_is(&hash, "sha512") ? SSHSIG_SHA512 : SSHSIG_SHA256;
	r = sshkey_parse(key, &out->key, why);
out:
	if (r < 0)
		sshsig_free(out);
	return r;
}

void sshsig_free(struct sshsig *sig)
{
	if (sig == NULL)
		return;
	buf_free(&sig->raw);
	memset(sig, 0, sizeof(*sig));
}

int sshsig_verify(const struct sshsig *sig, const char *ns, struct view message, struct why *why)
{
	struct buf tbs;
	int r;

	if (!view_is(&sig->ns, ns))
		return why_fail(why, ERR_REFUSED, "the signature is for another namespace than %s", ns);
	buf_init(&tbs, 512);
	r = sshsig_tbs(ns, sig->hash, message, &tbs);
	if (r < 0)
		why_set(why, "the signed bytes cannot be made");
	else
		r = sshkey_verify(&sig->key, sig->signature, (struct view){ buf_ptr(&tbs), tbs.len }, why);
	buf_free(&tbs);
	return r;
}

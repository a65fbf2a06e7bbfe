/* SSH public keys and signatures; see sshkey.h. Distrusts every blob and every line: both come from whoever connects. */
#include "identity/sshkey.h"

#include <stdlib.h>
#include <string.h>

#include "identity/b64.h"
#include "identity/ossl.h"

static const struct {
	const char *name;
	const char *curve; /* NULL but for ECDSA */
	enum pkey_kind kind;
} sshkey_types[] = {
	{ "ssh-ed25519", NULL, PKEY_ED25519 },
	{ "ecdsa-sha2-nistp256", "nistp256", PKEY_P256 },
	{ "ecdsa-sha2-nistp384", "nistp384", PKEY_P384 },
	{ "ecdsa-sha2-nistp521", "nistp521", PKEY_P521 },
	{ "ssh-rsa", NULL, PKEY_RSA },
};

enum { SSHKEY_TYPES = sizeof(sshkey_types) / sizeof(sshkey_types[0]) };

const char *sshkey_name(enum pkey_kind kind)
{
	return sshkey_types[kind].name;
}

int sshkey_kind(struct view name)
{
	for (int i = 0; i < SSHKEY_TYPES; i++) {
		if (view_is(&name, sshkey_types[i].name))
			return (int)sshkey_types[i].kind;
	}
	return ERR_UNSUPPORTED;
}

/* A positive mpint in its one shortest form (RFC 4251 section 5), given as its magnitude. */
static int sshkey_read_mpint(struct view *v, struct view *out)
{
	if (view_string(v, out) < 0 || out->n == 0 || (out->p[0] & 0x80) != 0)
		return ERR_MALFORMED;
	if (out->p[0] == 0) {
		if (out->n < 2 || (out->p[1] & 0x80) == 0)
			return ERR_MALFORMED;
		out->p++;
		out->n--;
	}
	return ERR_OK;
}

static size_t sshkey_bits(struct view magnitude)
{
	size_t bits = magnitude.n * 8;

	for (uint8_t top = magnitude.n > 0 ? magnitude.p[0] : 0x80; (top & 0x80) == 0 && bits > 0; top = (uint8_t)(top << 1))
		bits--;
	return bits;
}

int sshkey_read_body(enum pkey_kind kind, struct view *v, struct sshkey *out, struct why *why)
{
	const uint8_t *start = v->p;
	struct view curve;
	size_t bits;

	memset(out, 0, sizeof(*out));
	out->kind = kind;
	out->name = sshkey_name(kind);
	switch (kind) {
	case PKEY_ED25519:
		if (view_string(v, &out->pk) < 0 || out->pk.n != 32)
			return why_fail(why, ERR_MALFORMED, "an ssh-ed25519 key does not hold 32 bytes");
		break;
	case PKEY_RSA:
		if (sshkey_read_mpint(v, &out->e) < 0 || sshkey_read_mpint(v, &out->n) < 0)
			return why_fail(why, ERR_MALFORMED, "an ssh-rsa key has broken numbers");
		bits = sshkey_bits(out->n);
		if (bits < PKEY_RSA_MIN_BITS || bits > PKEY_RSA_MAX_BITS)
			return why_fail(why, ERR_LIMIT, "an RSA key must have %d to %d bits, not %zu", PKEY_RSA_MIN_BITS,
				PKEY_RSA_MAX_BITS, bits);
		if (out->e.n > 4)
			return why_fail(why, ERR_LIMIT, "an RSA exponent over 32 bits is refused");
		break;
	default:
		if (view_string(v, &curve) < 0 || view_string(v, &out->pk) < 0 || !view_is(&curve, sshkey_types[kind].curve))
			return why_fail(why, ERR_MALFORMED, "an ECDSA key names another curve than its type");
		if (out->pk.n != 2 * pkey_coordinate(kind) + 1 || out->pk.p[0] != 4)
			return why_fail(why, ERR_MALFORMED, "an ECDSA key holds no uncompressed point of its curve");
	}
	out->body.p = start;
	out->body.n = (size_t)(v->p - start);
	return ERR_OK;
}

int sshkey_parse(struct view blob, struct sshkey *out, struct why *why)
{
	struct view v = blob, name;
	int kind, r;

	memset(out, 0, sizeof(*out));
	if (blob.n > SSHKEY_BLOB_MAX)
		return why_fail(why, ERR_LIMIT, "the key has more than %d bytes", SSHKEY_BLOB_MAX);
	if (view_string(&v, &name) < 0)
		return why_fail(why, ERR_MALFORMED, "the key does not begin with its type");
	kind = sshkey_kind(name);
	if (kind < 0)
		return why_fail(why, ERR_UNSUPPORTED, "keys of this type are not accepted; use ssh-ed25519");
	r = sshkey_read_body((enum pkey_kind)kind, &v, out, why);
	if (r < 0)
		return r;
	if (view_end(&v) < 0)
		return why_fail(why, ERR_MALFORMED, "bytes follow the key");
	out->blob = blob;
	return ERR_OK;
}

static int sshkey_evp(const struct sshkey *key, EVP_PKEY **out, struct why *why)
{
	if (key->kind == PKEY_ED25519)
		return pkey_ed25519(key->pk, out, why);
	if (key->kind == PKEY_RSA)
		return pkey_rsa(key->n, key->e, out, why);
	return pkey_ec(key->kind, key->pk, out, why);
}

int sshkey_sound(const struct sshkey *key, struct why *why)
{
	EVP_PKEY *pkey;
	int r = sshkey_evp(key, &pkey, why);

	EVP_PKEY_free(pkey);
	return r;
}

/* ECDSA signatures are two mpints in a string (RFC 5656 section 3.1.2). */
static int sshkey_verify_ecdsa(EVP_PKEY *pkey, enum pkey_kind kind, struct view raw, struct view data)
{
	enum pkey_scheme scheme = kind == PKEY_P256 ? PKEY_ECDSA_SHA256 : kind == PKEY_P384 ? PKEY_ECDSA_SHA384 :
		PKEY_ECDSA_SHA512;
	struct view r1, s1;
	struct buf der;
	int r;

	if (sshkey_read_mpint(&raw, &r1) < 0 || sshkey_read_mpint(&raw, &s1) < 0 || view_end(&raw) < 0)
		return ERR_SIGNATURE;
	buf_init(&der, 160);
	r = pkey_ecdsa_der(r1, s1, &der);
	if (r == ERR_OK)
		r = pkey_verify(pkey, scheme, data, (struct view){ buf_ptr(&der), der.len });
	buf_free(&der);
	return r < 0 ? ERR_SIGNATURE : ERR_OK;
}

int sshkey_verify(const struct sshkey *key, struct view sig, struct view data, struct why *why)
{
	struct view alg, raw;
	EVP_PKEY *pkey = NULL;
	int r;

	if (view_string(&sig, &alg) < 0 || view_string(&sig, &raw) < 0 || view_end(&sig) < 0)
		return why_fail(why, ERR_MALFORMED, "the signature is not of the SSH form");
	if (key->kind == PKEY_RSA) {
		if (!view_is(&alg, "rsa-sha2-256") && !view_is(&alg, "rsa-sha2-512"))
			return why_fail(why, ERR_REFUSED, "an RSA signature must be rsa-sha2-256 or rsa-sha2-512");
		if (raw.n != key->n.n)
			return why_fail(why, ERR_SIGNATURE, "the RSA signature is not as long as its key");
	} else if (!view_is(&alg, key->name)) {
		return why_fail(why, ERR_REFUSED, "the signature algorithm is not the one of the %s key", key->name);
	}
	r = sshkey_evp(key, &pkey, why);
	if (r < 0)
		return r;
	if (key->kind == PKEY_ED25519)
		r = raw.n == 64 ? pkey_verify(pkey, PKEY_EDDSA, data, raw) : ERR_SIGNATURE;
	else if (key->kind == PKEY_RSA)
		r = pkey_verify(pkey, view_is(&alg, "rsa-sha2-256") ? PKEY_RSA_SHA256 : PKEY_RSA_SHA512, data, raw);
	else
		r = sshkey_verify_ecdsa(pkey, key->kind, raw, data);
	EVP_PKEY_free(pkey);
	return r < 0 ? why_fail(why, r, "the signature does not match") : ERR_OK;
}

int sshkey_parse_line(const char *line, size_t n, struct buf *blob, char **comment, struct why *why)
{
	struct view v, name;
	const char *type, *data, *rest;
	size_t type_n, data_n, mark = blob->len;
	int r;

	if (comment != NULL)
		*comment = NULL;
	if (n > SSHKEY_LINE_MAX)
		return why_fail(why, ERR_LIMIT, "the public key line has more than %d bytes", SSHKEY_LINE_MAX);
	if (n > 0 && line[n - 1] == '\n')
		n--;
	if (n > 0 && line[n - 1] == '\r')
		n--;
	if (n == 0)
		return why_fail(why, ERR_MALFORMED, "there is no public key line");
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			return why_fail(why, ERR_MALFORMED, "not one public key line: control byte or second line");
	}
	type = line;
	data = memchr(line, ' ', n);
	if (data == NULL)
		return why_fail(why, ERR_MALFORMED, "not a public key line: TYPE BASE64 COMMENT is wanted");
	type_n = (size_t)(data - type);
	data++;
	rest = memchr(data, ' ', n - type_n - 1);
	data_n = rest == NULL ? n - type_n - 1 : (size_t)(rest - data);
	r = b64_decode(B64_STD, data, data_n, blob);
	if (r < 0)
		return why_fail(why, r, "the public key is not base64 (options before the key type are not accepted)");
	v = (struct view){ buf_ptr(blob) + mark, blob->len - mark };
	if (view_string(&v, &name) < 0 || name.n != type_n || memcmp(name.p, type, type_n) != 0) {
		r = why_fail(why, ERR_MALFORMED, "the key line's type and its data do not agree");
		goto out;
	}
	if (comment != NULL) {
		*comment = rest == NULL ? strdup("") : strndup(rest + 1, n - (size_t)(rest + 1 - line));
		if (*comment == NULL)
			r = ERR_NOMEM;
	}
out:
	if (r < 0)
		blob->len = mark;
	return r;
}

int sshkey_format_line(struct view blob, const char *comment, struct buf *out)
{
	struct view v = blob, name;
	size_t mark = out->len;
	int r = view_string(&v, &name);

	if (r == ERR_OK)
		r = buf_put(out, name.p, name.n);
	if (r == ERR_OK)
		r = buf_put_u8(out, ' ');
	if (r == ERR_OK)
		r = b64_encode(B64_STD, blob.p, blob.n, out);
	if (r == ERR_OK && comment != NULL && comment[0] != '\0') {
		for (const char *c = comment; *c != '\0'; c++) {
			if ((unsigned char)*c < 0x20 || *c == 0x7f)
				r = ERR_MALFORMED;
		}
		if (r == ERR_OK)
			r = buf_printf(out, " %s", comment);
	}
	if (r < 0)
		out->len = mark;
	return r;
}

void sshkey_fingerprint(struct view blob, char out[SSHKEY_FINGERPRINT])
{
	uint8_t md[32];
	unsigned n = sizeof(md);
	struct buf b;

	buf_init(&b, 64);
	out[0] = '\0';
	if (EVP_Digest(blob.p, blob.n, md, &n, EVP_sha256(), NULL) == 1 && b64_encode(B64_STD, md, n, &b) == ERR_OK) {
		memcpy(out, "SHA256:", 7);
		memcpy(out + 7, buf_ptr(&b), 43); /* the 44th is the padding */
		out[50] = '\0';
	}
	buf_free(&b);
}

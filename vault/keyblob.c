/* Public keys as bytes and as text: types, blobs, lines, fingerprints; see key.h. Distrusts: every blob. */
#include "vault/key.h"

#include <string.h>

#include "vault/crypto.h"

static const struct {
	enum key_type type;
	const char *name;  /* in blobs */
	const char *alias; /* on the command line */
} key_types[] = {
	{ KEY_ED25519, "ssh-ed25519", "ed25519" },
	{ KEY_ECDSA_P256, "ecdsa-sha2-nistp256", "ecdsa" },
	{ KEY_RSA, "ssh-rsa", "rsa" },
};
#define KEY_NTYPES (sizeof(key_types) / sizeof(key_types[0]))

const char *key_type_name(enum key_type t)
{
	for (size_t i = 0; i < KEY_NTYPES; i++) {
		if (key_types[i].type == t)
			return key_types[i].name;
	}
	return NULL;
}

enum key_type key_type_by_name(const char *name)
{
	for (size_t i = 0; i < KEY_NTYPES; i++) {
		if (strcmp(key_types[i].name, name) == 0 || strcmp(key_types[i].alias, name) == 0)
			return key_types[i].type;
	}
	return 0;
}

enum key_type key_type_by_view(const struct view *v)
{
	for (size_t i = 0; i < KEY_NTYPES; i++) {
		if (view_is(v, key_types[i].name))
			return key_types[i].type;
	}
	return 0;
}

static int key_check_mpint(struct view *v, size_t *bytes)
{
	struct view s;

	if (view_string(v, &s) < 0 || s.n == 0 || (s.p[0] & 0x80) != 0)
		return ERR_MALFORMED;
	if (s.p[0] == 0 && (s.n == 1 || (s.p[1] & 0x80) == 0))
		return ERR_MALFORMED;
	*bytes = s.p[0] == 0 ? s.n - 1 : s.n;
	return ERR_OK;
}

int key_check_public(const uint8_t *p, size_t n, enum key_type *out)
{
	struct view v = { p, n }, name, s;
	size_t bytes;

	*out = 0;
	if (n > KEY_BLOB_MAX || view_string(&v, &name) < 0)
		return ERR_MALFORMED;
	*out = key_type_by_view(&name);
	switch (*out) {
	case KEY_ED25519:
		if (view_string(&v, &s) < 0 || s.n != 32)
			return ERR_MALFORMED;
		break;
	case KEY_ECDSA_P256:
		if (view_string(&v, &s) < 0 || !view_is(&s, "nistp256"))
			return ERR_MALFORMED;
		if (view_string(&v, &s) < 0 || s.n != 65 || s.p[0] != 4)
			return ERR_MALFORMED;
		break;
	case KEY_RSA:
		if (key_check_mpint(&v, &bytes) < 0 || key_check_mpint(&v, &bytes) < 0)
			return ERR_MALFORMED;
		if (bytes < KEY_RSA_BITS_MIN / 8 || bytes > KEY_RSA_BITS_MAX / 8)
			return ERR_UNSUPPORTED;
		break;
	default:
		return ERR_UNSUPPORTED;
	}
	return view_end(&v);
}

int key_fingerprint(const uint8_t *blob, size_t n, char out[KEY_FINGERPRINT_MAX])
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned len;

	memcpy(out, "SHA256:", 8);
	if (EVP_Digest(blob, n, md, &len, EVP_sha256(), NULL) != 1 || len != 32)
		return ERR_CRYPTO;
	EVP_EncodeBlock((unsigned char *)out + 7, md, 32);
	out[7 + 43] = '\0'; /* without the padding, as ssh-keygen */
	return ERR_OK;
}

int key_write_line(const uint8_t *blob, size_t n, const char *comment, struct buf *b)
{
	struct view v = { blob, n }, name;
	uint8_t *p;
	int r;

	if (n > KEY_BLOB_MAX || view_string(&v, &name) < 0)
		return ERR_MALFORMED;
	r = buf_put(b, name.p, name.n);
	if (r == ERR_OK)
		r = buf_put_str(b, " ");
	if (r < 0)
		return r;
	p = buf_reserve(b, (n + 2) / 3 * 4 + 1);
	if (p == NULL)
		return ERR_LIMIT;
	buf_added(b, (size_t)EVP_EncodeBlock(p, blob, (int)n));
	return comment == NULL ? ERR_OK : buf_printf(b, " %s", comment);
}

/* Certificates and SSHSIGs that the vault composes; see sign.h. */
#include "vault/sign.h"

#include <string.h>

#include "vault/crypto.h"

enum key_sign sign_default(const struct key *k)
{
	return key_type_of(k) == KEY_RSA ? KEY_SIGN_RSA_SHA512 : KEY_SIGN_PLAIN;
}

static int sign_put_cstr(struct buf *b, const char *s)
{
	return buf_put_string(b, s, strlen(s));
}

/* string algorithm, string nonce, string pk: the head of an Ed25519 certificate. */
static int sign_put_subject(const struct key *subject, struct buf *b)
{
	uint8_t nonce[32];
	struct buf blob;
	struct view v, name, pk;
	int r;

	if (key_type_of(subject) != KEY_ED25519)
		return ERR_UNSUPPORTED;
	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		return ERR_CRYPTO;
	buf_init(&blob, KEY_BLOB_MAX);
	r = key_write_public(subject, &blob);
	v = (struct view){ buf_ptr(&blob), blob.len };
	if (r == ERR_OK && (view_string(&v, &name) < 0 || view_string(&v, &pk) < 0))
		r = ERR_CRYPTO;
	if (r == ERR_OK)
		r = sign_put_cstr(b, "ssh-ed25519-cert-v01@openssh.com");
	if (r == ERR_OK)
		r = buf_put_string(b, nonce, sizeof(nonce));
	if (r == ERR_OK)
		r = buf_put_string(b, pk.p, pk.n);
	buf_free(&blob);
	return r;
}

static int sign_put_rest(const struct key *ca, const char *principal, const char *key_id, uint64_t valid_after,
			 uint64_t valid_before, struct buf *b)
{
	static const char extensions[] = "\0\0\0\012permit-pty\0\0\0"; /* its own NUL is the fourth of the empty data's length */
	struct buf blob, names;
	uint64_t serial;
	int r;

	if (RAND_bytes((uint8_t *)&serial, sizeof(serial)) != 1)
		return ERR_CRYPTO;
	buf_init(&blob, KEY_BLOB_MAX);
	buf_init(&names, 512);
	r = key_write_public(ca, &blob);
	if (r == ERR_OK)
		r = sign_put_cstr(&names, principal);
	if (r == ERR_OK)
		r = buf_put_u64(b, serial >> 1); /* 63 bits: some readers keep serials signed */
	if (r == ERR_OK)
		r = buf_put_u32(b, 1); /* SSH_CERT_TYPE_USER */
	if (r == ERR_OK)
		r = sign_put_cstr(b, key_id);
	if (r == ERR_OK)
		r = buf_put_string(b, buf_ptr(&names), names.len);
	if (r == ERR_OK)
		r = buf_put_u64(b, valid_after);
	if (r == ERR_OK)
		r = buf_put_u64(b, valid_before);
	if (r == ERR_OK)
		r = buf_put_string(b, "", 0);
	if (r == ERR_OK)
		r = buf_put_string(b, extensions, sizeof(extensions));
	if (r == ERR_OK)
		r = buf_put_string(b, "", 0);
	if (r == ERR_OK)
		r = buf_put_string(b, buf_ptr(&blob), blob.len);
	buf_free(&blob);
	buf_free(&names);
	return r;
}

int sign_login_certificate(const struct key *ca, const struct key *subject, const char *principal, const char *key_id,
			   uint64_t valid_after, uint64_t valid_before, struct buf *out)
{
	struct buf tbs, sig;
	int r;

	buf_init(&tbs, 8192);
	buf_init(&sig, KEY_SIGNATURE_MAX);
	r = sign_put_subject(subject, &tbs);
	if (r == ERR_OK)
		r = sign_put_rest(ca, principal, key_id, valid_after, valid_before, &tbs);
	if (r == ERR_OK)
		r = key_sign(ca, sign_default(ca), buf_ptr(&tbs), tbs.len, &sig);
	if (r == ERR_OK)
		r = buf_put(out, buf_ptr(&tbs), tbs.len);
	if (r == ERR_OK)
		r = buf_put_string(out, buf_ptr(&sig), sig.len);
	buf_free(&tbs);
	buf_free(&sig);
	return r;
}

int sign_sshsig(const struct key *k, const char *space, const uint8_t *text, size_t n, struct buf *out)
{
	struct buf tbs, sig, blob;
	uint8_t md[64];
	unsigned len;
	int r;

	if (EVP_Digest(text, n, md, &len, EVP_sha512(), NULL) != 1 || len != sizeof(md))
		return ERR_CRYPTO;
	buf_init(&tbs, 1024);
	buf_init(&sig, KEY_SIGNATURE_MAX);
	buf_init(&blob, KEY_BLOB_MAX);
	r = key_write_public(k, &blob);
	/* What is signed: magic, namespace, reserved, hash algorithm, hash. */
	if (r == ERR_OK)
		r = buf_put_str(&tbs, "SSHSIG");
	if (r == ERR_OK)
		r = sign_put_cstr(&tbs, space);
	if (r == ERR_OK)
		r = sign_put_cstr(&tbs, "");
	if (r == ERR_OK)
		r = sign_put_cstr(&tbs, "sha512");
	if (r == ERR_OK)
		r = buf_put_string(&tbs, md, len);
	if (r == ERR_OK)
		r = key_sign(k, sign_default(k), buf_ptr(&tbs), tbs.len, &sig);
	/* What is kept: magic, version, key, namespace, reserved, hash algorithm, signature. */
	if (r == ERR_OK)
		r = buf_put_str(out, "SSHSIG");
	if (r == ERR_OK)
		r = buf_put_u32(out, 1);
	if (r == ERR_OK)
		r = buf_put_string(out, buf_ptr(&blob), blob.len);
	if (r == ERR_OK)
		r = sign_put_cstr(out, space);
	if (r == ERR_OK)
		r = sign_put_cstr(out, "");
	if (r == ERR_OK)
		r = sign_put_cstr(out, "sha512");
	if (r == ERR_OK)
		r = buf_put_string(out, buf_ptr(&sig), sig.len);
	buf_free(&tbs);
	buf_free(&sig);
	buf_free(&blob);
	return r;
}

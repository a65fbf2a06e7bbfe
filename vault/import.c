/* Reading private keys from text; see import.h. Distrusts: the text. */
#include "vault/import.h"

#include <string.h>

#include "vault/crypto.h"
#include "vault/secmem.h"

static const char import_begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char import_end[] = "-----END OPENSSH PRIVATE KEY-----";

/* Base64 between the two lines, into a secure buffer. */
static int import_decode(const uint8_t *text, size_t n, struct buf *raw)
{
	const uint8_t *from = memmem(text, n, import_begin, sizeof(import_begin) - 1), *to;
	EVP_ENCODE_CTX *ctx;
	int len = 0, last = 0, r = ERR_MALFORMED;
	uint8_t *p;

	from += sizeof(import_begin) - 1;
	n -= (size_t)(from - text);
	to = memmem(from, n, import_end, sizeof(import_end) - 1);
	if (to == NULL)
		return ERR_MALFORMED;
	n = (size_t)(to - from);
	ctx = EVP_ENCODE_CTX_new();
	p = buf_reserve(raw, n);
	if (ctx == NULL || p == NULL) {
		EVP_ENCODE_CTX_free(ctx);
		return ERR_NOMEM;
	}
	EVP_DecodeInit(ctx);
	if (EVP_DecodeUpdate(ctx, p, &len, from, (int)n) >= 0 && EVP_DecodeFinal(ctx, p + len, &last) >= 0) {
		buf_added(raw, (size_t)(len + last));
		r = ERR_OK;
	}
	EVP_ENCODE_CTX_free(ctx);
	return r;
}

/* The private section: two equal check numbers, the key, its comment, padding 1 2 3… */
static int import_private(struct view *v, struct key **out)
{
	uint32_t a, b;
	struct view comment;
	int r;

	if (view_u32(v, &a) < 0 || view_u32(v, &b) < 0 || a != b)
		return ERR_MALFORMED;
	r = key_read_private(v, out);
	if (r < 0)
		return r;
	if (view_string(v, &comment) < 0 || v->n > 255)
		return ERR_MALFORMED;
	for (size_t i = 0; i < v->n; i++) {
		if (v->p[i] != i + 1)
			return ERR_MALFORMED;
	}
	return ERR_OK;
}

static int import_openssh(const uint8_t *text, size_t n, struct key **out, struct why *w)
{
	static const char magic[] = "openssh-key-v1"; /* its NUL belongs to it */
	struct view v, head, cipher, kdf, options, pub, priv;
	struct buf raw;
	uint32_t nkeys;
	int r = secmem_buf(&raw, n);

	if (r < 0)
		return why_fail(w, r, "no memory for the key");
	r = import_decode(text, n, &raw);
	if (r < 0)
		goto bad;
	r = ERR_MALFORMED;
	v = (struct view){ buf_ptr(&raw), raw.len };
	if (view_bytes(&v, sizeof(magic), &head) < 0 || memcmp(head.p, magic, sizeof(magic)) != 0)
		goto bad;
	if (view_string(&v, &cipher) < 0 || view_string(&v, &kdf) < 0 || view_string(&v, &options) < 0 ||
	    view_u32(&v, &nkeys) < 0)
		goto bad;
	if (!view_is(&cipher, "none") || !view_is(&kdf, "none")) {
		r = why_fail(w, ERR_UNSUPPORTED, "the key is encrypted; take its passphrase off first (ssh-keygen -p -N '')");
		goto out;
	}
	if (nkeys != 1 || view_string(&v, &pub) < 0 || view_string(&v, &priv) < 0 || view_end(&v) < 0)
		goto bad;
	r = import_private(&priv, out);
	if (r == ERR_UNSUPPORTED) {
		why_set(w, "the vault holds ed25519, ecdsa nistp256 and rsa keys of 3072 to 8192 bits");
		goto out;
	}
bad:
	if (r < 0)
		why_set(w, "not a well-formed OpenSSH private key: %s", err_text(r));
out:
	secmem_buf_free(&raw);
	return r;
}

/* libcrypto asks for a passphrase at the terminal unless told not to. */
static int import_no_passphrase(char *p, int n, int rw, void *asked)
{
	(void)p;
	(void)n;
	(void)rw;
	*(int *)asked = 1;
	return -1;
}

static int import_pem(const uint8_t *text, size_t n, struct key **out, struct why *w)
{
	BIO *bio = BIO_new_mem_buf(text, (int)n);
	EVP_PKEY *pkey;
	int asked = 0, r;

	if (bio == NULL)
		return why_fail(w, ERR_NOMEM, "no memory for the key");
	pkey = PEM_read_bio_PrivateKey(bio, NULL, import_no_passphrase, &asked);
	BIO_free(bio);
	if (asked != 0) {
		EVP_PKEY_free(pkey);
		return why_fail(w, ERR_UNSUPPORTED, "the key is encrypted; take its passphrase off first");
	}
	if (pkey == NULL)
		return why_fail(w, ERR_MALFORMED, "no private key in OpenSSH or PEM form found");
	r = key_wrap(pkey, out);
	if (r < 0) {
		EVP_PKEY_free(pkey);
		return why_fail(w, r, "the vault holds ed25519, ecdsa nistp256 and rsa keys of 3072 to 8192 bits");
	}
	return ERR_OK;
}

int key_import(const uint8_t *text, size_t n, struct key **out, struct why *w)
{
	struct key *k = NULL;
	int r;

	*out = NULL;
	if (n == 0 || n > IMPORT_MAX)
		return why_fail(w, n == 0 ? ERR_MALFORMED : ERR_LIMIT, n == 0 ? "no key was given" : "too long to be a key");
	if (memmem(text, n, import_begin, sizeof(import_begin) - 1) != NULL)
		r = import_openssh(text, n, &k, w);
	else
		r = import_pem(text, n, &k, w);
	if (r == ERR_OK) {
		r = key_check(k);
		if (r < 0)
			why_set(w, "the parts of the key do not belong together");
	}
	if (r < 0) {
		key_free(k);
		return r;
	}
	*out = k;
	return ERR_OK;
}

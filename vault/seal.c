/* Sealing one key; see seal.h. Distrusts: whatever was read from disk. */
#include "vault/seal.h"

#include <string.h>

#include "vault/crypto.h"
#include "vault/secmem.h"

enum { SEAL_MAGIC = 8, SEAL_NONCE = 12, SEAL_TAG = 16 };

static const uint8_t seal_magic[SEAL_MAGIC] = { 'S', 'P', 'K', 'E', 'Y', 0, 0, 1 };

static int seal_encrypt(const uint8_t master[MASTER_SIZE], const uint8_t *nonce, const struct view *aad,
			const struct view *plain, uint8_t *body)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n, r = ERR_CRYPTO;

	if (ctx == NULL)
		return ERR_NOMEM;
	if (EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, master, nonce) == 1 &&
	    EVP_EncryptUpdate(ctx, NULL, &n, aad->p, (int)aad->n) == 1 &&
	    EVP_EncryptUpdate(ctx, body, &n, plain->p, (int)plain->n) == 1 && n == (int)plain->n &&
	    EVP_EncryptFinal_ex(ctx, body + n, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SEAL_TAG, body + plain->n) == 1)
		r = ERR_OK;
	EVP_CIPHER_CTX_free(ctx);
	return r;
}

static int seal_decrypt(const uint8_t master[MASTER_SIZE], const struct seal *s, uint8_t *plain)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t len = s->body.n - SEAL_TAG;
	uint8_t tag[SEAL_TAG];
	int n, r = ERR_SIGNATURE;

	if (ctx == NULL)
		return ERR_NOMEM;
	memcpy(tag, s->body.p + len, SEAL_TAG);
	if (EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, master, s->nonce.p) == 1 &&
	    EVP_DecryptUpdate(ctx, NULL, &n, s->authenticated.p, (int)s->authenticated.n) == 1 &&
	    EVP_DecryptUpdate(ctx, plain, &n, s->body.p, (int)len) == 1 && n == (int)len &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, SEAL_TAG, tag) == 1 &&
	    EVP_DecryptFinal_ex(ctx, plain + n, &n) == 1)
		r = ERR_OK;
	EVP_CIPHER_CTX_free(ctx);
	return r;
}

static int seal_put_head(const char *name, uint8_t kind, uint64_t created_at, const struct key *k, struct buf *b)
{
	struct buf blob;
	int r;

	buf_init(&blob, KEY_BLOB_MAX);
	r = key_write_public(k, &blob);
	if (r == ERR_OK)
		r = buf_put(b, seal_magic, sizeof(seal_magic));
	if (r == ERR_OK)
		r = buf_put_string(b, name, strlen(name));
	if (r == ERR_OK)
		r = buf_put_u8(b, kind);
	if (r == ERR_OK)
		r = buf_put_u64(b, created_at);
	if (r == ERR_OK)
		r = buf_put_string(b, buf_ptr(&blob), blob.len);
	buf_free(&blob);
	return r;
}

int seal_close(const uint8_t master[MASTER_SIZE], const char *name, uint8_t kind, uint64_t created_at, const struct key *k,
	       struct buf *out)
{
	struct buf head, plain;
	struct view aad, text;
	uint8_t nonce[SEAL_NONCE], *body;
	int r;

	buf_init(&head, SEAL_MAX);
	r = secmem_buf(&plain, KEY_PRIVATE_MAX);
	if (r == ERR_OK)
		r = key_write_private(k, &plain);
	if (r == ERR_OK)
		r = seal_put_head(name, kind, created_at, k, &head);
	if (r < 0)
		goto out;
	r = ERR_CRYPTO;
	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		goto out;
	r = ERR_LIMIT;
	if (buf_reserve(out, head.len + SEAL_NONCE + 4 + plain.len + SEAL_TAG) == NULL)
		goto out;
	(void)buf_put(out, buf_ptr(&head), head.len);
	(void)buf_put(out, nonce, sizeof(nonce));
	(void)buf_put_u32(out, (uint32_t)(plain.len + SEAL_TAG));
	body = buf_reserve(out, plain.len + SEAL_TAG);
	aad = (struct view){ buf_ptr(&head), head.len };
	text = (struct view){ buf_ptr(&plain), plain.len };
	r = seal_encrypt(master, nonce, &aad, &text, body);
	buf_added(out, plain.len + SEAL_TAG);
out:
	secmem_buf_free(&plain);
	buf_free(&head);
	return r;
}

int seal_parse(const uint8_t *p, size_t n, struct seal *s)
{
	struct view v = { p, n }, magic;

	memset(s, 0, sizeof(*s));
	if (n > SEAL_MAX || view_bytes(&v, SEAL_MAGIC, &magic) < 0 || memcmp(magic.p, seal_magic, SEAL_MAGIC) != 0)
		return ERR_MALFORMED;
	if (view_string(&v, &s->name) < 0 || s->name.n == 0 || s->name.n > SEAL_NAME_MAX)
		return ERR_MALFORMED;
	if (view_u8(&v, &s->kind) < 0 || view_u64(&v, &s->created_at) < 0 || view_string(&v, &s->public_blob) < 0)
		return ERR_MALFORMED;
	s->authenticated = (struct view){ p, (size_t)(v.p - p) };
	if (view_bytes(&v, SEAL_NONCE, &s->nonce) < 0 || view_string(&v, &s->body) < 0)
		return ERR_MALFORMED;
	if (s->body.n <= SEAL_TAG || s->body.n > KEY_PRIVATE_MAX + SEAL_TAG)
		return ERR_MALFORMED;
	return view_end(&v);
}

int seal_open(const uint8_t master[MASTER_SIZE], const struct seal *s, struct key **out)
{
	size_t n = s->body.n - SEAL_TAG;
	uint8_t *plain = secmem_alloc(n);
	struct view v = { plain, n };
	struct key *k = NULL;
	struct buf blob;
	int r;

	*out = NULL;
	if (plain == NULL)
		return ERR_NOMEM;
	buf_init(&blob, KEY_BLOB_MAX);
	r = seal_decrypt(master, s, plain);
	if (r == ERR_OK)
		r = key_read_private(&v, &k);
	if (r == ERR_OK)
		r = view_end(&v);
	if (r == ERR_OK)
		r = key_write_public(k, &blob);
	if (r == ERR_OK && (blob.len != s->public_blob.n || memcmp(buf_ptr(&blob), s->public_blob.p, blob.len) != 0))
		r = ERR_MALFORMED;
	secmem_free(plain, n);
	buf_free(&blob);
	if (r < 0) {
		key_free(k);
		return r;
	}
	*out = k;
	return ERR_OK;
}

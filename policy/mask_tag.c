/* Masking: placeholders. `[masked:RULE:hhhh]`, where hhhh is the beginning of an HMAC-SHA256 of the value under the
 * session's key: equal values are equal within a session, and without the key nothing can be tried out. */
#include "policy/mask_int.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

struct mtag {
	EVP_MAC_CTX *ctx;
	uint8_t key[MASK_KEY_LEN];
};

int mask_tag_new(const uint8_t key[MASK_KEY_LEN], struct mtag **out)
{
	struct mtag *t = calloc(1, sizeof(*t));
	EVP_MAC *mac;

	*out = NULL;
	if (t == NULL)
		return ERR_NOMEM;
	memcpy(t->key, key, MASK_KEY_LEN);
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	t->ctx = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	if (t->ctx == NULL) {
		mask_tag_free(t);
		return ERR_CRYPTO;
	}
	*out = t;
	return ERR_OK;
}

void mask_tag_free(struct mtag *t)
{
	if (t == NULL)
		return;
	EVP_MAC_CTX_free(t->ctx);
	wipe(t->key, sizeof(t->key));
	free(t);
}

int mask_tag_begin(struct mtag *t)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_init(t->ctx, t->key, sizeof(t->key), params) == 1 ? ERR_OK : ERR_CRYPTO;
}

int mask_tag_add(struct mtag *t, const uint8_t *p, size_t n)
{
	return n == 0 || EVP_MAC_update(t->ctx, p, n) == 1 ? ERR_OK : ERR_CRYPTO;
}

/* As long as the value: `[masked:RULE:hhhh***]`, a shorter form where that does not fit, stars where none does. */
static int tag_same_length(const char *id, const char *hash, uint64_t width, struct buf *out)
{
	char head[MASK_TAG_MAX];
	size_t used = 0;
	int r = ERR_OK;

	if (width >= strlen(id) + 14)
		used = (size_t)snprintf(head, sizeof(head), "[masked:%s:%s", id, hash) + 1;
	else if (width >= 6)
		used = (size_t)snprintf(head, sizeof(head), "[%s", hash) + 1;
	if (used > 0)
		r = buf_put_str(out, head);
	for (uint64_t i = used; r >= 0 && i < width; i++)
		r = buf_put_u8(out, '*');
	if (r >= 0 && used > 0)
		r = buf_put_u8(out, ']');
	return r;
}

int mask_tag_put(struct mtag *t, const struct mrule *r, uint64_t width, struct buf *out)
{
	EVP_MAC_CTX *copy = EVP_MAC_CTX_dup(t->ctx);
	uint8_t md[EVP_MAX_MD_SIZE];
	char hash[5];
	size_t n = 0;
	int ok = copy != NULL && EVP_MAC_final(copy, md, &n, sizeof(md)) == 1 && n >= 2;

	EVP_MAC_CTX_free(copy);
	if (!ok)
		return ERR_CRYPTO;
	snprintf(hash, sizeof(hash), "%02x%02x", md[0], md[1]);
	if (r->same_length)
		return tag_same_length(r->id, hash, width, out);
	return buf_printf(out, "[masked:%s:%s]", r->id, hash);
}

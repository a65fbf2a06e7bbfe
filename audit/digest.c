/* SHA-256 over pieces; see digest.h. One context is kept, since a fresh one costs more than hashing a record does: not
 * for threads. */
#include "audit/digest.h"

#include <openssl/evp.h>

#include "base/err.h"

static EVP_MD *md;
static EVP_MD_CTX *ctx;

static bool ready(void)
{
	if (md == NULL)
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (ctx == NULL)
		ctx = EVP_MD_CTX_new();
	return md != NULL && ctx != NULL;
}

int digest_pieces(int prefix, const void *a, size_t an, const void *b, size_t bn, uint8_t out[DIGEST_SIZE])
{
	uint8_t first = (uint8_t)prefix;

	if (!ready() || EVP_DigestInit_ex2(ctx, md, NULL) != 1)
		return ERR_CRYPTO;
	if (prefix >= 0 && EVP_DigestUpdate(ctx, &first, 1) != 1)
		return ERR_CRYPTO;
	if (an > 0 && EVP_DigestUpdate(ctx, a, an) != 1)
		return ERR_CRYPTO;
	if (bn > 0 && EVP_DigestUpdate(ctx, b, bn) != 1)
		return ERR_CRYPTO;
	return EVP_DigestFinal_ex(ctx, out, NULL) == 1 ? ERR_OK : ERR_CRYPTO;
}

int digest(const void *p, size_t n, uint8_t out[DIGEST_SIZE])
{
	return digest_pieces(-1, p, n, NULL, 0, out);
}

void digest_hex(const uint8_t d[DIGEST_SIZE], char out[DIGEST_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < DIGEST_SIZE; i++) {
		out[2 * i] = digits[d[i] >> 4];
		out[2 * i + 1] = digits[d[i] & 15];
	}
	out[DIGEST_HEX] = '\0';
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool digest_unhex(const char *s, size_t n, uint8_t out[DIGEST_SIZE])
{
	if (n != DIGEST_HEX)
		return false;
	for (int i = 0; i < DIGEST_SIZE; i++) {
		int hi = nibble(s[2 * i]), lo = nibble(s[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

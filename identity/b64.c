/* Strict base64; see b64.h. Distrusts every character. */
#include "identity/b64.h"

#include <string.h>

#include "base/err.h"

static const char b64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char b64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int b64_value(enum b64 kind, char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (kind == B64_STD ? '+' : '-'))
		return 62;
	if (c == (kind == B64_STD ? '/' : '_'))
		return 63;
	return -1;
}

int b64_decode(enum b64 kind, const char *s, size_t n, struct buf *out)
{
	size_t tail, want;
	uint32_t acc = 0;
	uint8_t *to;
	size_t done = 0;

	if (kind == B64_STD) {
		if (n % 4 != 0)
			return ERR_MALFORMED;
		if (n > 0 && s[n - 1] == '=') {
			n--;
			if (s[n - 1] == '=')
				n--;
		}
	}
	tail = n % 4;
	if (tail == 1)
		return ERR_MALFORMED;
	want = n / 4 * 3 + (tail == 0 ? 0 : tail - 1);
	to = buf_reserve(out, want);
	if (to == NULL)
		return want > out->max || out->len > out->max - want ? ERR_LIMIT : ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		int v = b64_value(kind, s[i]);

		if (v < 0)
			return ERR_MALFORMED;
		acc = acc << 6 | (uint32_t)v;
		if (i % 4 == 3) {
			to[done++] = (uint8_t)(acc >> 16);
			to[done++] = (uint8_t)(acc >> 8);
			to[done++] = (uint8_t)acc;
			acc = 0;
		}
	}
	if (tail == 2) {
		if ((acc & 0x0f) != 0)
			return ERR_MALFORMED;
		to[done++] = (uint8_t)(acc >> 4);
	} else if (tail == 3) {
		if ((acc & 0x03) != 0)
			return ERR_MALFORMED;
		to[done++] = (uint8_t)(acc >> 10);
		to[done++] = (uint8_t)(acc >> 2);
	}
	buf_added(out, done);
	return ERR_OK;
}

int b64_encode(enum b64 kind, const void *p, size_t n, struct buf *out)
{
	const char *abc = kind == B64_STD ? b64_std : b64_url;
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i += 3) {
		size_t have = n - i < 3 ? n - i : 3;
		uint32_t acc = (uint32_t)b[i] << 16 | (have > 1 ? (uint32_t)b[i + 1] << 8 : 0) | (have > 2 ? b[i + 2] : 0);
		char q[4] = { abc[acc >> 18], abc[acc >> 12 & 63], abc[acc >> 6 & 63], abc[acc & 63] };
		size_t chars = have + 1;
		int r;

		if (kind == B64_STD) {
			memset(q + chars, '=', 4 - chars);
			chars = 4;
		}
		r = buf_put(out, q, chars);
		if (r < 0)
			return r;
	}
	return ERR_OK;
}

/* The byte gate. Distrusts everything: it is the first to see the bytes. */
#include "policy/shell/gate.h"

#include <string.h>

#include "base/err.h"

/* Code points that do not show or turn the text around, besides C0 and C1. */
static const struct {
	uint32_t from, to;
} hidden[] = {
	{0x00ad, 0x00ad}, {0x034f, 0x034f}, {0x061c, 0x061c}, {0x115f, 0x1160}, {0x17b4, 0x17b5},
	{0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
	{0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff},
};

/* One UTF-8 sequence as RFC 3629 has it: its length, and the code point; 0 when it is none. */
static size_t utf8(const unsigned char *p, size_t n, uint32_t *cp)
{
	size_t len;
	uint32_t c, least;
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		len = 2, c = p[0] & 0x1fu, least = 0x80;
	} else if ((p[0] & 0xf0) == 0xe0) {
		len = 3, c = p[0] & 0x0fu, least = 0x800;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		len = 4, c = p[0] & 0x07u, least = 0x10000;
	} else {
		return 0;
	}
	if (n < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return len;
}

static bool is_hidden(uint32_t cp)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (cp >= hidden[i].from && cp <= hidden[i].to)
			return true;
	return false;
}

size_t gate_hidden(const unsigned char *p, size_t n)
{
	uint32_t cp = 0;
	if (p[0] < 0xc2)
		return 0;
	size_t len = utf8(p, n, &cp);
	return len > 0 && is_hidden(cp) ? len : 0;
}

void gate_scan(const char *text, size_t len, size_t max, struct gate *out)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = len < max ? len : max, i = 0;
	out->what = NULL;
	out->code = ERR_REFUSED;
	out->lines = 0;
	out->hidden = false;
	while (i < n) { /* a sequence may end behind max */
		/* Printable bytes, eight at a time: neither below a space, nor the last of the first half, nor of the second. */
		for (uint64_t v; n - i >= sizeof(v); i += sizeof(v)) {
			memcpy(&v, p + i, sizeof(v));
			if (((v | (v - 0x2020202020202020) | (v + 0x0101010101010101)) & 0x8080808080808080) != 0)
				break;
		}
		while (i < n && p[i] >= 0x20 && p[i] < 0x7f)
			i++;
		if (i == n)
			break;
		if (p[i] == '\n' || p[i] == '\t') {
			out->lines += p[i] == '\n';
			i++;
		} else if (p[i] < 0x80) {
			out->what = p[i] == 0 ? "a NUL byte" : "a control character";
			break;
		} else {
			uint32_t cp = 0;
			size_t k = utf8(p + i, len - i, &cp);
			if (k == 0) {
				out->what = "bytes that are not UTF-8";
				break;
			}
			if (cp < 0xa0) {
				out->what = "a control character";
				break;
			}
			if (is_hidden(cp))
				out->hidden = true;
			i += k;
		}
	}
	if (out->what == NULL && len > max) {
		out->what = "a text longer than 128 KiB";
		out->code = ERR_LIMIT;
	}
	if (out->what == NULL)
		out->code = ERR_OK;
	out->clean = i;
}

bool gate_clean(const char *p, size_t n)
{
	struct gate g;
	gate_scan(p, n, n, &g);
	return g.what == NULL;
}

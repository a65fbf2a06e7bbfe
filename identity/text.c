/* Readable text and globs; see text.h. Distrusts the text. */
#include "identity/text.h"

#include <stdint.h>
#include <string.h>

/* Ranges that are not shown as what they are. */
static const uint32_t text_hidden[][2] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x034f, 0x034f }, { 0x061c, 0x061c },
	{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
	{ 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xd800, 0xdfff }, { 0xfdd0, 0xfdef }, { 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0xe0000, 0xe0fff },
};

static bool text_shown(uint32_t c)
{
	for (size_t i = 0; i < sizeof(text_hidden) / sizeof(text_hidden[0]); i++) {
		if (c >= text_hidden[i][0] && c <= text_hidden[i][1])
			return false;
	}
	return c <= 0x10ffff && (c & 0xfffe) != 0xfffe;
}

/* One code point at s (n > 0 bytes left) in its shortest form; its length, or 0. */
static size_t text_next(const uint8_t *s, size_t n, uint32_t *c)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 :
		s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	if (len == 0 || len > n)
		return 0;
	*c = len == 1 ? s[0] : s[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	return *c >= least[len] ? len : 0;
}

bool text_ok(const char *s, size_t n, size_t max)
{
	uint32_t c;

	if (n == 0 || n > max)
		return false;
	for (size_t i = 0, len; i < n; i += len) {
		len = text_next((const uint8_t *)s + i, n - i, &c);
		if (len == 0 || !text_shown(c))
			return false;
	}
	return true;
}

bool text_glob(const char *glob, const char *text)
{
	const char *star = NULL, *mark = NULL;

	/* The last star is the only one worth going back to. */
	while (*text != '\0') {
		if (*glob == '*') {
			star = ++glob;
			mark = text;
		} else if (*glob == '?' || *glob == *text) {
			bool any = *glob == '?';

			glob++;
			text++;
			while (any && (*text & 0xc0) == 0x80)
				text++;
		} else if (star != NULL) {
			glob = star;
			text = ++mark;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}

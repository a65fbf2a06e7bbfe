/* UTF-8 by Unicode's table 3-7, one character at a time. */
#ifndef RECORDER_UTF8_H
#define RECORDER_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length of the well-formed character at p, which has n ≥ 1 bytes; 0 when there is none; -1 when the n bytes are the beginning
 * of one that more bytes could complete. */
static inline int utf8_length(const uint8_t *p, size_t n)
{
	uint8_t lo = 0x80, hi = 0xbf;
	size_t k;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	k = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;
	if (n > 1 && (p[1] < lo || p[1] > hi))
		return 0;
	for (size_t i = 2; i < k && i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n < k ? -1 : (int)k;
}

#endif

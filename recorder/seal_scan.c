/* See seal_scan.h. Distrusts the file: a table of the elements that may come, each of a bounded head, contents passed over. */
#include "recorder/seal_scan.h"

#include <string.h>

/* AuthEnvelopedData as it is streamed; a step's length is open (0x80) or stands in its head. */
static const struct {
	uint8_t tag;
	bool open;
} steps[] = {
	{ 0x30, true },  /* ContentInfo */
	{ 0x06, false }, /*   id-ct-authEnvelopedData */
	{ 0xa0, true },  /*   content */
	{ 0x30, true },  /*     AuthEnvelopedData */
	{ 0x02, false }, /*       version */
	{ 0x31, false }, /*       recipientInfos */
	{ 0x30, true },  /*       EncryptedContentInfo */
	{ 0x06, false }, /*         id-data */
	{ 0x30, false }, /*         AES-256-GCM, its nonce */
	{ 0xa0, true },  /*         encryptedContent */
	{ 0x04, false }, /*           octet strings, any number */
	{ 0x00, false }, /*         its end */
	{ 0x00, false }, /*       end of EncryptedContentInfo */
	{ 0x04, false }, /*       the tag */
	{ 0x00, false }, /*     three more ends */
	{ 0x00, false },
	{ 0x00, false },
};
enum { STEPS = sizeof(steps) / sizeof(*steps), STRINGS = 10 };

const uint8_t seal_scan_end[28] = { 0, 0, 0, 0, 0x04, 16 };

void seal_scan_init(struct seal_scan *s)
{
	memset(s, 0, sizeof(*s));
}

/* The head's content length; false while more of the head must come. */
static bool length(struct seal_scan *s)
{
	size_t extra;

	if (s->n < 2)
		return false;
	if (steps[s->step].open) {
		s->bad = s->bad || s->head[1] != 0x80;
		s->left = 0;
		return true;
	}
	if (s->head[1] < 0x80) {
		s->left = s->head[1];
		return true;
	}
	extra = s->head[1] & 0x7f;
	if (extra == 0 || extra > 4) {
		s->bad = true;
		return true;
	}
	if (s->n < 2 + extra)
		return false;
	s->left = 0;
	for (size_t i = 0; i < extra; i++)
		s->left = s->left << 8 | s->head[2 + i];
	return true;
}

/* An element is whole. */
static void passed(struct seal_scan *s)
{
	if (s->step == STRINGS - 1 || s->step == STRINGS)
		s->keep = s->offset;
	if (s->step != STRINGS)
		s->step++;
	s->n = 0;
	s->ended = s->step == STEPS;
}

void seal_scan(struct seal_scan *s, const uint8_t *p, size_t n)
{
	size_t k;

	while (n > 0 && !s->bad) {
		if (s->ended) {
			s->bad = true;
			return;
		}
		if (s->left > 0) {
			k = s->left < n ? (size_t)s->left : n;
			s->left -= k;
			s->offset += k;
			p += k;
			n -= k;
			if (s->left == 0)
				passed(s);
			continue;
		}
		if (s->n == 0 && s->step == STRINGS && *p == 0x00)
			s->step++; /* no more of them */
		s->head[s->n++] = *p++;
		s->offset++;
		n--;
		if (s->head[0] != steps[s->step].tag)
			s->bad = true;
		else if (length(s) && !s->bad && s->left == 0)
			passed(s);
		else if (s->n == sizeof(s->head) && s->left == 0)
			s->bad = true;
	}
}

/* How far an encrypted recording goes: reading the outside of what seal.h writes, without a key. Pure. */
#ifndef RECORDER_SEAL_SCAN_H
#define RECORDER_SEAL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seal_scan {
	unsigned step;      /* which element comes next */
	uint8_t head[6];    /* of an element: tag and length, as far as they came */
	size_t n;
	uint64_t left;      /* bytes of the element's content still to come */
	uint64_t offset;    /* bytes read */
	uint64_t keep;      /* whole up to here: the head, and octet strings to their last byte; 0 before the head was */
	bool ended;         /* the structure is complete */
	bool bad;           /* not one of ours, or bytes after its end */
};

void seal_scan_init(struct seal_scan *s);
void seal_scan(struct seal_scan *s, const uint8_t *p, size_t n);

/* What completes the form after `keep` bytes: ends of content, and a tag of zeros, which says to everybody that the end never came. */
extern const uint8_t seal_scan_end[28];

#endif

/* How long something took, counted into buckets for /metrics. One set of bounds serves all: from a disk's millisecond to a person's hour. */
#ifndef APPROVE_HISTOGRAM_H
#define APPROVE_HISTOGRAM_H

#include <stdint.h>

#include "base/buf.h"

enum { HISTOGRAM_BUCKETS = 16 };

struct histogram {
	uint64_t n[HISTOGRAM_BUCKETS + 1]; /* one a bound, not added up, and what is beyond the last */
	uint64_t us; /* all together */
};

void histogram_add(struct histogram *h, int64_t us); /* microseconds; below 0 counts as 0 */

/* Appends the whole of it, HELP and TYPE included, in Prometheus' text form. name: without unit: "_seconds" is added here. */
int histogram_write(const struct histogram *h, struct buf *out, const char *name, const char *help);

#endif

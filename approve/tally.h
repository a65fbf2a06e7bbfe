/* How often each of a bounded set of names came up: the labels of a counter in /metrics. Names beyond the bound, or too long for
 * a slot, count under "other", so that nobody who chooses names can make the process grow. */
#ifndef APPROVE_TALLY_H
#define APPROVE_TALLY_H

#include <stdint.h>

#include "base/buf.h"

enum { TALLY_NAMES = 512, TALLY_NAME_MAX = 100 };

struct tally {
	struct {
		char name[TALLY_NAME_MAX], second[16];
		uint64_t n;
	} slot[TALLY_NAMES];
	unsigned used;
	uint64_t other;
};

/* Adds n to (name, second); second may be "". */
void tally_add(struct tally *t, const char *name, const char *second, uint64_t n);

/* Appends METRIC{label="name",label2="second"} N lines, in Prometheus' text form; label2 NULL: names alone. */
int tally_write(const struct tally *t, struct buf *out, const char *metric, const char *label, const char *label2);

#endif

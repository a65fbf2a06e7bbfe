/* Durations in buckets; see histogram.h. */
#include "approve/histogram.h"

static const struct {
	int64_t us;
	const char *le; /* the same in seconds */
} bounds[HISTOGRAM_BUCKETS] = {
	{ 1000, "0.001" }, { 2500, "0.0025" }, { 5000, "0.005" }, { 10000, "0.01" }, { 25000, "0.025" }, { 50000, "0.05" },
	{ 100000, "0.1" }, { 250000, "0.25" }, { 500000, "0.5" }, { 1000000, "1" }, { 2500000, "2.5" }, { 5000000, "5" },
	{ 30000000, "30" }, { 60000000, "60" }, { 600000000, "600" }, { 3600000000, "3600" },
};

void histogram_add(struct histogram *h, int64_t us)
{
	unsigned i = 0;

	if (us < 0)
		us = 0;
	while (i < HISTOGRAM_BUCKETS && us > bounds[i].us)
		i++;
	h->n[i]++;
	h->us += (uint64_t)us;
}

int histogram_write(const struct histogram *h, struct buf *out, const char *name, const char *help)
{
	unsigned long long sum = 0;
	int r = buf_printf(out, "# HELP %s_seconds %s\n# TYPE %s_seconds histogram\n", name, help, name);

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS && r >= 0; i++) {
		sum += h->n[i];
		r = buf_printf(out, "%s_seconds_bucket{le=\"%s\"} %llu\n", name, bounds[i].le, sum);
	}
	sum += h->n[HISTOGRAM_BUCKETS];
	return r < 0 ? r : buf_printf(out, "%s_seconds_bucket{le=\"+Inf\"} %llu\n%s_seconds_sum %.6f\n%s_seconds_count %llu\n", name, sum,
				      name, (double)h->us / 1e6, name, sum);
}

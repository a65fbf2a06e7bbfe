/* Fuzz target: a text, cut in pieces, gives what the whole gives, and both what the reference gives. With a text in which
 * nothing is found, out is in. Pauses anywhere break nothing.
 *
 * Input: one byte of options, four of a seed for the pieces, the text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mask.h"
#include "policy/mask_int.h"
#include "tests/fuzz/mask_reference.h"
#include "tests/unit/mask_cases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[MASK_KEY_LEN] = "0123456789abcdef0123456789abcde";
static struct mask_set *set;

#define OUT_MAX (64u << 20)

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_mask: %s\n", what);
		abort();
	}
}

static void open_set(void)
{
	struct buf errors;

	buf_init(&errors, 1 << 16);
	if (mask_load("fuzz", mask_policy, strlen(mask_policy), &set, &errors) < 0) {
		fprintf(stderr, "%s", buf_cstr(&errors));
		abort();
	}
	buf_free(&errors);
}

struct plan {
	enum mask_mode mode;
	uint32_t seed;   /* 0: whole */
	bool pauses;
};

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static uint64_t run(const struct plan *plan, const uint8_t *p, size_t n, struct buf *out)
{
	struct mask_stream *st;
	uint32_t seed = plan->seed;
	uint64_t count;

	must(mask_stream_new(set, key, plan->mode, NULL, NULL, &st) == ERR_OK, "new");
	mask_stream_columns(st, plan->mode == MASK_PTY ? 20 : 0);
	for (size_t i = 0; i < n;) {
		size_t k = plan->seed == 0 ? n : 1 + next_random(&seed) % (next_random(&seed) % 4 == 0 ? 97 : 5);

		k = k < n - i ? k : n - i;
		must(mask_feed(st, p + i, k, out) == ERR_OK, "feed");
		if (plan->pauses && next_random(&seed) % 8 == 0) {
			must(mask_flush_idle(st, out) == ERR_OK, "flush");
			must(mask_held(st) == 0, "held after a flush");
		}
		i += k;
	}
	must(mask_finish(st, out) == ERR_OK, "finish");
	must(mask_held(st) == 0, "held at the end");
	count = mask_count(st);
	mask_stream_free(st);
	return count;
}

static void equal(const struct buf *a, const struct buf *b, const char *what)
{
	if (a->len == b->len && (a->len == 0 || memcmp(buf_ptr(a), buf_ptr(b), a->len) == 0))
		return;
	fprintf(stderr, "%s\n--- one\n%.*s\n--- other\n%.*s\n", what, (int)a->len, (const char *)buf_ptr(a), (int)b->len,
		(const char *)buf_ptr(b));
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole, other;
	struct plan plan = { .mode = MASK_PLAIN };
	uint64_t count;
	uint8_t options;

	if (set == NULL)
		open_set();
	if (size < 5 || size > 65536)
		return 0;
	options = data[0];
	buf_init(&whole, OUT_MAX);
	buf_init(&other, OUT_MAX);
	plan.mode = (options & 1) != 0 ? MASK_PTY : MASK_PLAIN;
	count = run(&plan, data + 5, size - 5, &whole);
	if (count == 0)
		must(whole.len == size - 5 && (size == 5 || memcmp(buf_ptr(&whole), data + 5, size - 5) == 0), "out is not in");
	memcpy(&plan.seed, data + 1, 4);
	plan.seed |= 1;
	(void)run(&plan, data + 5, size - 5, &other);
	equal(&whole, &other, "cut differs from whole");
	buf_clear(&other);
	if (plan.mode == MASK_PLAIN && memchr(data + 5, 0x1b, size - 5) == NULL) {
		must(mask_reference(set, key, data + 5, size - 5, &other) == ERR_OK, "reference");
		equal(&whole, &other, "whole differs from the reference");
		buf_clear(&other);
	}
	plan.pauses = true;
	(void)run(&plan, data + 5, size - 5, &other);
	buf_free(&whole);
	buf_free(&other);
	return 0;
}

/* Fuzzes the filter before a person's terminal: its output must pass it unchanged. */
#include <stdlib.h>
#include <string.h>

#include "cli/termsafe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct termsafe t;
	struct buf one, two;

	buf_init(&one, 1 << 24);
	buf_init(&two, 1 << 24);
	termsafe_init(&t);
	if (termsafe_put(&t, &one, data, size) < 0)
		abort();
	termsafe_init(&t);
	if (termsafe_put(&t, &two, buf_ptr(&one), one.len) < 0 || one.len != two.len ||
	    (one.len > 0 && memcmp(buf_ptr(&one), buf_ptr(&two), one.len) != 0))
		abort();
	buf_free(&one);
	buf_free(&two);
	return 0;
}

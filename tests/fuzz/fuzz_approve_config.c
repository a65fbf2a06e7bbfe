/* The configuration reader over anything. */
#include <stdint.h>
#include <stdlib.h>

#include "approve/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *c;
	struct buf errors;
	int r;

	buf_init(&errors, 1 << 20);
	r = config_parse("f", "/x", data, size, &c, &errors);
	if ((r >= 0) != (c != NULL) || (r == -3 && errors.len == 0))
		abort(); /* a refusal says why */
	config_free(c);
	buf_free(&errors);
	return 0;
}

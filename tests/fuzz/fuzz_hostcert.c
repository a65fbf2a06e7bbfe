/* What a target may send while its host certificate is looked for. */
#include <stdint.h>
#include <stdlib.h>

#include "server/hostcert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view blob = { NULL, 0 };
	struct why why = { "" };
	struct buf in;
	int r;

	buf_init(&in, 1 << 20);
	if (buf_put(&in, data, size) == ERR_OK) {
		r = hostcert_read(&in, &blob, &why);
		/* What is found lies inside of what came. */
		if (r == ERR_OK && blob.n > 0 && (blob.p < buf_ptr(&in) || blob.p + blob.n > buf_ptr(&in) + in.len))
			abort();
		if (r != ERR_OK && r != ERR_AGAIN && why.text[0] == '\0')
			abort();
	}
	buf_free(&in);
	return 0;
}

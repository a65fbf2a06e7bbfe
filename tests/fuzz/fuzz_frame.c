/* Fuzzes a frame's payload; the first byte is its type. What was read is written back as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "recorder/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame f;
	struct buf out;

	if (size == 0 || frame_read(data[0], (struct view){ data + 1, size - 1 }, &f) < 0)
		return 0;
	buf_init(&out, FRAME_MAX + 1024);
	if (frame_write(&out, &f) < 0 || out.len != size - 1 || memcmp(buf_ptr(&out), data + 1, size - 1) != 0)
		abort();
	buf_free(&out);
	return 0;
}

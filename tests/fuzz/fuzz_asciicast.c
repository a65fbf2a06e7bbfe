/* Fuzzes the reader with whole files, and the writer with their bytes: what was written comes back. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "recorder/asciicast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct asciicast_reader r;
	struct asciicast_event e;
	struct asciicast a;
	struct buf out, back;
	const uint8_t *p, *nl, *end = data + size;

	asciicast_reader_init(&r);
	for (p = data; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			nl = end;
		(void)asciicast_read(&r, (struct view){ p, (size_t)(nl - p) }, &e);
		if (nl == end)
			break;
	}
	asciicast_reader_free(&r);

	buf_init(&out, 1 << 26);
	buf_init(&back, 1 << 24);
	asciicast_init(&a, 0);
	for (size_t i = 0, n; i < size; i += n) {
		n = 1 + data[i] % 31;
		n = n < size - i ? n : size - i;
		if (asciicast_data(&a, &out, ASCIICAST_OUT, i, data + i, n) < 0)
			abort();
	}
	if (asciicast_flush(&a, &out, size) < 0)
		abort();
	asciicast_reader_init(&r);
	for (p = buf_ptr(&out), end = p == NULL ? NULL : p + out.len; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL || asciicast_read(&r, (struct view){ p, (size_t)(nl - p) }, &e) < 0)
			abort();
		if (e.code == 'o' && buf_put(&back, e.data.p, e.data.n) < 0)
			abort();
	}
	if (back.len != size || (size > 0 && memcmp(buf_ptr(&back), data, size) != 0))
		abort();
	asciicast_reader_free(&r);
	buf_free(&out);
	buf_free(&back);
	return 0;
}

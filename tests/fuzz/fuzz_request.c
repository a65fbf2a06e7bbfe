/* What an agent may send to open a channel, and as a global request. What is read lies inside of what came, and a name is printable. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int r, const struct request *q, const uint8_t *data, size_t size)
{
	if (r != ERR_OK && r != ERR_MALFORMED)
		abort();
	for (const char *p = q->name; *p != '\0'; p++) {
		if (*p < 0x21 || *p > 0x7e)
			abort();
	}
	if (q->host.n > 0 && (q->host.p < data || q->host.p + q->host.n > data + size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = { data, size };
	struct request q;

	check(request_read_open(v, &q), &q, data, size);
	check(request_read_global(v, &q), &q, data, size);
	(void)request_is_tcp_listen(v);
	(void)request_is_unix_listen(v);
	return 0;
}

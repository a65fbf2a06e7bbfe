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

/* A socket's request becomes a port's that says the same, in the same place. */
static void rewritten(const uint8_t *data, size_t size)
{
	struct view v = { data, size };
	struct request before, after;
	uint8_t *copy = malloc(size > 0 ? size : 1); /* so that a byte too many is found */

	if (copy == NULL)
		return;
	if (size > 0)
		memcpy(copy, data, size);
	if (request_is_listen(v) && request_read_global(v, &before) == ERR_OK) {
		struct view now = { copy, size };

		request_unix_listen_as_tcp(copy, size, 1);
		(void)request_read_global(now, &after); /* what was left over stands behind it */
		if ((before.kind == REQUEST_STREAMLOCAL_FORWARD && after.kind != REQUEST_TCPIP_FORWARD) || after.host.n != before.host.n ||
		    (before.host.n > 0 && memcmp(after.host.p, before.host.p, before.host.n) != 0) || after.want_reply != before.want_reply)
			abort();
	}
	request_unix_open_as_tcp(copy, size, 1);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = { data, size };
	struct request q;

	check(request_read_open(v, &q), &q, data, size);
	check(request_read_global(v, &q), &q, data, size);
	rewritten(data, size);
	return 0;
}

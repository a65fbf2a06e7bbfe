/* What an agent may name as a destination, and what control may be asked about: whatever is taken reads back as itself. The first byte says which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/destination.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void made(struct view host, uint32_t port, bool listen, bool path)
{
	struct destination d;
	struct buf b;
	int r;

	buf_init(&b, 4096);
	r = path ? destination_path_text(host, &b) : destination_text(host, port, listen, &b);
	if (r != ERR_OK && r != ERR_MALFORMED)
		abort();
	if (destination_parse(b.len == 0 ? "" : (const char *)buf_ptr(&b), b.len, listen, &d) != r)
		abort();
	if (r == ERR_OK) {
		/* The text and what is opened say the same. */
		if (d.is_path ? strlen(d.path) != b.len : d.port != port)
			abort();
		for (size_t i = 0; i < b.len; i++) {
			if (buf_ptr(&b)[i] < 0x21 || buf_ptr(&b)[i] > 0x7e)
				abort();
		}
	}
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = { data, size };
	struct destination d;
	uint8_t how = 0;
	uint32_t port = 0;
	char *glob = NULL;
	struct why why;

	if (view_u8(&in, &how) < 0)
		return 0;
	(void)destination_parse(in.n == 0 ? "" : (const char *)in.p, in.n, (how & 1) != 0, &d);
	if (view_strdup(&in, &glob) == ERR_OK)
		(void)destination_pattern(glob, &why);
	free(glob);
	if (view_u32(&in, &port) == ERR_OK)
		made(in, (how & 4) != 0 ? port & 0xffff : port, (how & 1) != 0, (how & 2) != 0);
	return 0;
}

/* What the API reads by itself of what strangers send: paths, forms, and the text that approvers see of it. The first byte chooses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "approve/http_call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void escape(const uint8_t *p, size_t n)
{
	struct buf b;
	bool escaped;

	buf_init(&b, 16 << 20);
	if (ask_escape(p, n, &b, &escaped) < 0)
		abort();
	for (size_t i = 0; i < b.len; i++) {
		if (buf_ptr(&b)[i] < 0x20 || buf_ptr(&b)[i] > 0x7e)
			abort(); /* not printable ASCII */
	}
	if (!escaped && (b.len != n || (n > 0 && memcmp(buf_ptr(&b), p, n) != 0)))
		abort(); /* changed, and it does not say so */
	buf_free(&b);
}

static void path(const uint8_t *p, size_t n)
{
	char text[CALL_PATH_MAX], id[64] = "";
	bool known;

	if (n >= sizeof(text))
		return;
	memcpy(text, p, n);
	text[n] = '\0';
	if (route_find("GET", text, id, sizeof(id), &known) != NULL && (strchr(id, '/') != NULL || strchr(id, '.') != NULL))
		abort(); /* an id that could leave a folder */
}

static void form(const uint8_t *p, size_t n)
{
	struct view v = { p, n };
	struct buf b;

	buf_init(&b, 1024);
	if (api_form_field(v, "public_key", &b) == ERR_OK && b.len > n)
		abort(); /* decoding never grows */
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const what[])(const uint8_t *p, size_t n) = { escape, path, form };

	if (size > 0)
		what[data[0] % 3](data + 1, size - 1);
	return 0;
}

/* Fuzzes the verifier with whole logs. A first line that begins with '{"size"' is a checkpoint, too. */
#include <stdlib.h>
#include <string.h>

#include "audit/verify.h"

static struct view first;

static int next(void *ctx, struct buf *text, struct buf *sig, struct checkpoint *c)
{
	int *done = ctx, r;

	if (*done)
		return ERR_EOF;
	*done = 1;
	r = checkpoint_line_read(first, text, sig, c, NULL);
	return r < 0 ? ERR_EOF : ERR_OK;
}

static void fault(void *ctx, const struct verify_fault *f)
{
	(void)ctx;
	if (f->text[0] == '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int done = 0;
	struct verify_options o = { .fault = fault, .checkpoints = { next, &done },
				    .allowed_signers = { (const uint8_t *)"x", 1 }, .partial = size % 2 == 0 };
	const uint8_t *p = data, *end = data + size, *nl;
	struct verify_report report;
	struct verify *v;

	nl = size > 0 ? memchr(data, '\n', size) : NULL;
	first = (struct view){ data, nl == NULL ? size : (size_t)(nl - data) };
	v = verify_new(&o);
	if (v == NULL)
		return 0;
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			break;
		if (verify_line(v, (struct view){ p, (size_t)(nl - p) }) < 0)
			abort();
	}
	(void)verify_end(v, &report);
	verify_free(v);
	return 0;
}

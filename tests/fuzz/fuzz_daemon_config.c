/* The supervisor's reading of the configuration, over anything: it starts with it, or says why not. */
#include <stdlib.h>

#include "base/err.h"
#include "server/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *c;
	struct buf errors;
	int r;

	buf_init(&errors, 1 << 20);
	r = config_read_text("sallyport.yaml", data, size, false, &c, &errors);
	if ((r >= 0) != (c != NULL) || (r < 0 && errors.len == 0))
		abort(); /* a refusal says why */
	if (c != NULL && (c->host_key == NULL || c->state == NULL || c->vault_store == NULL || c->nlisten == 0))
		abort(); /* what it cannot do without */
	config_free(c);
	buf_free(&errors);
	return 0;
}

/* The supervisor's reading of the configuration, over anything: it starts with it, or says why not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "server/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	struct config *c;
	struct buf errors;
	int r;

	if (fd < 0) {
		fd = memfd_create("config", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		return 0;
	buf_init(&errors, 1 << 20);
	r = config_read(path, false, &c, &errors);
	if ((r >= 0) != (c != NULL) || (r < 0 && errors.len == 0))
		abort(); /* a refusal says why */
	if (c != NULL && (c->host_key == NULL || c->state == NULL || c->vault_store == NULL || c->nlisten == 0))
		abort(); /* what it cannot do without */
	config_free(c);
	buf_free(&errors);
	return 0;
}

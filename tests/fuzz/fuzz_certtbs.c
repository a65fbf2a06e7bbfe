/* What control may ask to have certified. What passes has one principal of plain letters, the CA's own key, minutes to live;
 * that is looked at once more here, on the bytes. */
#include <stdlib.h>
#include <string.h>

#include "vault/certtbs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 2000000, LIFETIME = 900 };

static const char ca_blob[] = "\0\0\0\013ssh-ed25519\0\0\0\040CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view ca = { (const uint8_t *)ca_blob, sizeof(ca_blob) - 1 };
	struct certtbs c;
	struct why why;

	if (certtbs_parse(data, size, &c, &why) < 0 || certtbs_check(&c, &ca, NOW, LIFETIME, &why) < 0)
		return 0;
	/* The CA's key is the last string, so it must be the end of the bytes. */
	if (size < ca.n || memcmp(data + size - ca.n, ca.p, ca.n) != 0)
		abort();
	if (c.n_principals != 1 || c.principal.n == 0 || c.type != 1)
		abort();
	for (size_t i = 0; i < c.principal.n; i++) {
		if (c.principal.p[i] == ',' || c.principal.p[i] <= ' ' || c.principal.p[i] > 'z')
			abort();
	}
	if (c.valid_before > NOW + LIFETIME + CERTTBS_SKEW || c.valid_before <= NOW)
		abort();
	return 0;
}

/* Fuzzes key sets and discovery documents: every key that is found must be usable as what it is found for. */
#include <stdlib.h>
#include <string.h>

#include "identity/fetch.h"
#include "identity/jwks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const kids[] = { "", "k", "1" };
	struct jwks *set;
	char *uri;
	struct why why;

	if (jwks_parse((const char *)data, size, &set, &why) == ERR_OK) {
		if (jwks_count(set) == 0 || jwks_count(set) + jwks_skipped(set) > JWKS_KEYS_MAX)
			abort();
		for (unsigned i = 0; i < 3; i++) {
			for (int alg = 0; alg < JWS_ALGS; alg++) {
				struct evp_pkey_st *key;
				int r = jwks_find(set, kids[i], (enum jws_alg)alg, &key, &why);

				if ((r == ERR_OK) != (key != NULL))
					abort();
				if (key != NULL)
					pkey_verify(key, PKEY_EDDSA, (struct view){ data, size }, (struct view){ data, size < 64 ? size : 64 });
			}
		}
	} else if (set != NULL) {
		abort();
	}
	jwks_free(set);
	if (fetch_discovery((const char *)data, size, "https://a.example", &uri, &why) == ERR_OK && !issuer_url_ok(uri, true))
		abort();
	free(uri);
	return 0;
}

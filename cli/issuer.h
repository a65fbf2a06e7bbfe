/* The demo's token issuer: a P-256 key and its JWKS in a directory, and tokens signed with libjwt. For demos and tests: an
 * issuer that anyone with the directory can use proves nothing. */
#ifndef CLI_ISSUER_H
#define CLI_ISSUER_H

#include <stdint.h>

#include "base/err.h"

#define ISSUER_DEMO_URL "https://issuer.demo.sallyport"
#define ISSUER_DEMO_AUDIENCE "sallyport"

/* Makes DIR/key.pem (0600) and DIR/jwks.json. */
int issuer_create(const char *dir, struct why *why);

struct issuer_claims {
	const char *subject;
	const char *groups;       /* comma-separated, may be empty */
	const char *audience;     /* NULL: ISSUER_DEMO_AUDIENCE */
	const char *on_behalf_of; /* the person an agent acts for (RFC 8693): becomes sub, and subject becomes act.sub. May be NULL */
	int64_t ttl;              /* seconds */
};

/* A token on the heap; free with issuer_token_free(). NULL on failure, why says. */
char *issuer_token(const char *dir, const struct issuer_claims *c, struct why *why);
void issuer_token_free(char *token);

#endif

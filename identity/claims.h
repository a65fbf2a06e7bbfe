/* The claims of a token whose signature is verified, held against its issuer's configuration. */
#ifndef IDENTITY_CLAIMS_H
#define IDENTITY_CLAIMS_H

#include <stdint.h>

#include "base/err.h"
#include "identity/identity.h"
#include "identity/issuer.h"

struct json_t; /* of jansson */

/* aud (RFC 7519 section 4.1.3): one expected value, or a list that contains one; of several, azp must be an expected value
 * too (OpenID Connect Core section 3.1.3.7), unless the configuration itself requires an azp claim. */
int claims_audience(struct json_t *claims, const struct issuer *iss, struct why *why);

/* exp (required), nbf and iat: integers, within the clock skew, and not older than the issuer's max_age. */
int claims_times(struct json_t *claims, const struct issuer *iss, int64_t now, int64_t *iat, int64_t *exp,
	struct why *why);

/* Every required claim is there and matches. */
int claims_required(struct json_t *claims, const struct issuer *iss, struct why *why);

/* Subject, delegation, groups, names and jti, into id, which already has its issuer and times. */
int claims_identity(struct json_t *claims, const struct issuer *iss, struct identity *id, struct why *why);

#endif

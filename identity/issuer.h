/* One token issuer as configured: what is trusted of it, and where in its tokens things are. */
#ifndef IDENTITY_ISSUER_H
#define IDENTITY_ISSUER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "identity/identity.h"
#include "identity/jws.h"

enum {
	ISSUER_AUDIENCES_MAX = 16,
	ISSUER_REQUIRE_MAX = 32,
	ISSUER_SKEW_MAX = 60,              /* seconds; also the default */
	ISSUER_LIFETIME_DEFAULT = 15 * 60, /* seconds */
	ISSUER_LIFETIME_MAX = 24 * 3600,   /* seconds */
	ISSUER_LIFETIME_MIN = 30,          /* seconds */
	ISSUER_AGE_MAX = 366 * 24 * 3600   /* seconds */
};

enum issuer_groups { ISSUER_GROUPS_ARRAY, ISSUER_GROUPS_SPACE, ISSUER_GROUPS_COMMA };

struct issuer_require {
	char *claim; /* a top-level claim's name, or a JSON Pointer where it begins with '/' */
	char *glob;  /* text_glob(); booleans match as "true" and "false", integers in decimal, arrays by any element */
};

/* Strings are owned, NULL where not set. issuer_set() fills it from words; the keys are those of the configuration file:
 *
 *   key            value                                                               default
 *   name           short name, [a-z0-9][a-z0-9._-]*, 32 bytes                          required
 *   issuer         the exact `iss`: an https URL, or any text beside jwks_file         required
 *   audiences      one audience; repeated for more                                     at least one
 *   algorithms     RS256 RS384 RS512 PS256 ES256 ES384 EdDSA; repeated                 all of them
 *   types          the header's typ: absent (or empty), JWT, at+jwt; repeated          all of them
 *   discovery      an https URL that ends in /.well-known/openid-configuration         made of the issuer
 *   jwks_url       the https URL of the keys, where there is no discovery              none
 *   jwks_file      keys from a file instead                                            none
 *   ca_file        PEM certificates to trust for https, instead of the system's        none
 *   subject        JSON Pointer of the subject                                         /sub
 *   groups         JSON Pointer of the groups                                          /groups
 *   groups_format  array, space, comma                                                 array
 *   max_age        duration since iat; 0: no limit                                     0
 *   clock_skew     duration that clocks may differ, 0 to 60s                           60s
 *   single_use     true, false: a token buys one certificate                           true
 *   lifetime       duration that a certificate lives, 30s to 24h                       15m
 *
 * A duration is digits and a unit of s, m, h, d; here, without a unit, seconds. `audience`, `typ` and `skew` are understood too.
 * issuer_require() adds a required claim (`required_claims` in the file). */
struct issuer {
	char *name;
	char *issuer;
	char *audiences[ISSUER_AUDIENCES_MAX];
	size_t n_audiences;
	unsigned algs; /* 1 << enum jws_alg */
	unsigned typs; /* 1 << enum jws_typ */
	char *discovery;
	char *jwks_url;
	char *jwks_file;
	char *ca_file;
	char *subject;
	char *groups;
	enum issuer_groups groups_format;
	struct issuer_require require[ISSUER_REQUIRE_MAX];
	size_t n_require;
	int64_t max_age;
	int64_t skew;
	bool single_use;
	int64_t lifetime;
	unsigned set; /* which keys were set, by their place in the table of issuer.c */
};

/* A new one with the defaults, NULL on no memory. */
struct issuer *issuer_new(void);

/* Frees all, the struct too. NULL is fine. */
void issuer_free(struct issuer *iss);

/* Sets one key from its word. ERR_NOTFOUND for an unknown key, ERR_EXISTS for a second value of a key that has one,
 * ERR_MALFORMED, ERR_LIMIT, ERR_NOMEM; why says which key and what is wanted. */
int issuer_set(struct issuer *iss, const char *key, const char *value, struct why *why);

/* Adds a required claim. */
int issuer_require(struct issuer *iss, const char *claim, const char *glob, struct why *why);

/* Whether it is complete; fills in what is derived (the discovery URL). Call once after the last issuer_set(). */
int issuer_finish(struct issuer *iss, struct why *why);

/* Whether several can stand beside each other: short names and issuer URLs are unique, so that a token has one home. */
int issuer_check_set(const struct issuer *const *issuers, size_t n, struct why *why);

/* The i-th key of the file and what it takes; NULL behind the last. */
enum issuer_kind { ISSUER_ONE, ISSUER_MANY, ISSUER_DURATION };
const char *issuer_key(unsigned i, enum issuer_kind *kind);

/* Whether the text is an https URL with a host, without user, fragment, or any byte outside printable ASCII. Query only
 * where allowed. */
bool issuer_url_ok(const char *url, bool query);

#endif

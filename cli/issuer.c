/* The demo's token issuer; see issuer.h. Key by OpenSSL, signature by libjwt. */
#include "cli/issuer.h"

#include <fcntl.h>
#include <jansson.h>
#include <jwt.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DEMO_KID "demo-1"

/* Base64url without padding (RFC 7515 section 2). out holds 4 bytes for each 3, and a NUL. */
static void base64url(const uint8_t *in, size_t n, char *out)
{
	EVP_EncodeBlock((unsigned char *)out, in, (int)n);
	for (char *p = out; *p != '\0'; p++) {
		if (*p == '+')
			*p = '-';
		else if (*p == '/')
			*p = '_';
		else if (*p == '=')
			*p = '\0';
	}
}

static int write_jwks(const char *dir, EVP_PKEY *key, struct why *why)
{
	uint8_t point[65];
	size_t n = 0;
	char x[48], y[48], path[4096];
	json_t *jwks;
	int r;

	if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n) != 1 || n != 65)
		return why_fail(why, ERR_CRYPTO, "cannot read the issuer's public key");
	base64url(point + 1, 32, x);
	base64url(point + 33, 32, y);
	jwks = json_pack("{s:[{s:s,s:s,s:s,s:s,s:s,s:s,s:s}]}", "keys", "kty", "EC", "crv", "P-256", "use", "sig", "alg", "ES256",
			 "kid", DEMO_KID, "x", x, "y", y);
	snprintf(path, sizeof(path), "%s/jwks.json", dir);
	r = jwks != NULL && json_dump_file(jwks, path, JSON_INDENT(2)) == 0 ? ERR_OK : ERR_SYS;
	json_decref(jwks);
	return r < 0 ? why_fail(why, r, "cannot write %s", path) : r;
}

int issuer_create(const char *dir, struct why *why)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	char path[4096];
	FILE *f = NULL;
	int fd, r = ERR_SYS;

	if (key == NULL)
		return why_fail(why, ERR_CRYPTO, "cannot make the issuer's key");
	/* libjwt and others take an uncompressed point only. */
	EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed");
	if (mkdir(dir, 0700) < 0 && access(dir, W_OK) < 0) {
		why_set(why, "cannot make %s", dir);
		goto out;
	}
	snprintf(path, sizeof(path), "%s/key.pem", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (f == NULL || PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) != 1) {
		why_set(why, "cannot write %s", path);
		goto out;
	}
	r = write_jwks(dir, key, why);
out:
	if (f != NULL)
		fclose(f);
	EVP_PKEY_free(key);
	return r;
}

static json_t *split_groups(const char *groups)
{
	json_t *list = json_array();
	const char *p = groups, *end;

	while (list != NULL && p != NULL && *p != '\0') {
		end = strchrnul(p, ',');
		if (end > p)
			json_array_append_new(list, json_stringn(p, (size_t)(end - p)));
		p = *end == ',' ? end + 1 : end;
	}
	return list;
}

static json_t *claims_json(const struct issuer_claims *c)
{
	int64_t now = time(NULL);
	uint8_t random[16];
	char jti[33];
	json_t *claims;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return NULL;
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(jti + 2 * i, 3, "%02x", random[i]);
	claims = json_pack("{s:s,s:s,s:s,s:o,s:I,s:I,s:I,s:s}", "iss", ISSUER_DEMO_URL, "sub",
			   c->on_behalf_of != NULL ? c->on_behalf_of : c->subject, "aud",
			   c->audience != NULL ? c->audience : ISSUER_DEMO_AUDIENCE, "groups", split_groups(c->groups), "iat",
			   (json_int_t)now, "nbf", (json_int_t)now, "exp", (json_int_t)(now + c->ttl), "jti", jti);
	if (claims != NULL && c->on_behalf_of != NULL)
		json_object_set_new(claims, "act", json_pack("{s:s}", "sub", c->subject));
	return claims;
}

char *issuer_token(const char *dir, const struct issuer_claims *c, struct why *why)
{
	char path[4096], pem[4096], *text = NULL, *token = NULL;
	json_t *claims = NULL;
	jwt_t *jwt = NULL;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/key.pem", dir);
	f = fopen(path, "re");
	if (f == NULL) {
		why_set(why, "no issuer in %s (%s cannot be read)", dir, path);
		return NULL;
	}
	n = fread(pem, 1, sizeof(pem) - 1, f);
	fclose(f);
	pem[n] = '\0';
	claims = claims_json(c);
	text = claims != NULL ? json_dumps(claims, JSON_COMPACT) : NULL;
	if (text == NULL || jwt_new(&jwt) != 0 || jwt_add_grants_json(jwt, text) != 0 ||
	    jwt_add_header(jwt, "kid", DEMO_KID) != 0 ||
	    jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)pem, (int)n) != 0 || (token = jwt_encode_str(jwt)) == NULL)
		why_set(why, "cannot sign the token");
	explicit_bzero(pem, sizeof(pem));
	jwt_free(jwt);
	free(text);
	json_decref(claims);
	return token;
}

void issuer_token_free(char *token)
{
	if (token != NULL)
		free(token);
}

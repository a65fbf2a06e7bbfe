/* JWS compact form; see jws.h. Distrusts all of it: the header is the attacker's until the signature is verified, so
 * it chooses nothing but which of our own keys is tried. */
#include "identity/jws.h"

#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "identity/b64.h"

static const struct {
	const char *name;
	enum pkey_kind kind;
	enum pkey_scheme scheme;
} jws_algs[JWS_ALGS] = {
	[JWS_RS256] = { "RS256", PKEY_RSA, PKEY_RSA_SHA256 },
	[JWS_RS384] = { "RS384", PKEY_RSA, PKEY_RSA_SHA384 },
	[JWS_RS512] = { "RS512", PKEY_RSA, PKEY_RSA_SHA512 },
	[JWS_PS256] = { "PS256", PKEY_RSA, PKEY_PSS_SHA256 },
	[JWS_ES256] = { "ES256", PKEY_P256, PKEY_ECDSA_SHA256 },
	[JWS_ES384] = { "ES384", PKEY_P384, PKEY_ECDSA_SHA384 },
	[JWS_EDDSA] = { "EdDSA", PKEY_ED25519, PKEY_EDDSA },
};

/* Header members that make a token something that is not understood here, or that would name a key of its own. */
static const char *const jws_refused[] = { "crit", "b64", "enc", "zip", "jku", "jwk", "x5u" };

int jws_alg(const char *name)
{
	for (int i = 0; i < JWS_ALGS; i++) {
		if (strcmp(jws_algs[i].name, name) == 0)
			return i;
	}
	return ERR_UNSUPPORTED;
}

const char *jws_alg_name(enum jws_alg alg)
{
	return jws_algs[alg].name;
}

enum pkey_kind jws_alg_kind(enum jws_alg alg)
{
	return jws_algs[alg].kind;
}

/* Decodes one segment into a JSON object. A claim named twice has two values, and two readers: refused. */
static int jws_object(const char *s, size_t n, const char *what, json_t **out, struct why *why)
{
	struct buf b;
	int r;

	*out = NULL;
	buf_init_secret(&b, JWS_MAX);
	r = b64_decode(B64_URL, s, n, &b);
	if (r < 0) {
		why_set(why, "the token's %s is not base64url", what);
		goto out;
	}
	*out = json_loadb((const char *)buf_ptr(&b), b.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(*out)) {
		json_decref(*out);
		*out = NULL;
		r = why_fail(why, ERR_MALFORMED, "the token's %s is not a JSON object without doubled members", what);
	}
out:
	buf_free(&b);
	return r;
}

static int jws_typ_of(json_t *header, enum jws_typ *out)
{
	json_t *v = json_object_get(header, "typ");
	const char *s = json_string_value(v);

	*out = JWS_TYP_ABSENT;
	if (v == NULL)
		return ERR_OK;
	if (s == NULL)
		return ERR_MALFORMED;
	/* Media types have no case, and "application/" may be left out (RFC 7515 section 4.1.9). */
	if (strncasecmp(s, "application/", 12) == 0)
		s += 12;
	if (strcasecmp(s, "JWT") == 0)
		*out = JWS_TYP_JWT;
	else if (strcasecmp(s, "at+jwt") == 0)
		*out = JWS_TYP_AT;
	else
		return ERR_REFUSED;
	return ERR_OK;
}

static int jws_kid_of(json_t *header, char kid[JWS_KID_MAX + 1])
{
	json_t *v = json_object_get(header, "kid");
	const char *s = json_string_value(v);
	size_t n = json_string_length(v);

	kid[0] = '\0';
	if (v == NULL)
		return ERR_OK;
	if (s == NULL || n == 0 || n > JWS_KID_MAX)
		return ERR_MALFORMED;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < 0x20 || s[i] > 0x7e)
			return ERR_MALFORMED;
	}
	memcpy(kid, s, n + 1);
	return ERR_OK;
}

static int jws_header(json_t *header, struct jws *out, struct why *why)
{
	const char *name = json_string_value(json_object_get(header, "alg"));
	int r;

	for (size_t i = 0; i < sizeof(jws_refused) / sizeof(jws_refused[0]); i++) {
		if (json_object_get(header, jws_refused[i]) != NULL)
			return why_fail(why, ERR_REFUSED, "tokens with \"%s\" in the header are not accepted", jws_refused[i]);
	}
	if (name == NULL)
		return why_fail(why, ERR_MALFORMED, "the token's header names no algorithm");
	r = jws_alg(name);
	if (r < 0)
		return why_fail(why, ERR_REFUSED, "the token's algorithm is not one that is accepted");
	out->alg = (enum jws_alg)r;
	r = jws_typ_of(header, &out->typ);
	if (r < 0)
		return why_fail(why, r, "the token's typ is not JWT or at+jwt");
	r = jws_kid_of(header, out->kid);
	if (r < 0)
		return why_fail(why, r, "the token's kid is not 1 to %d printable characters", JWS_KID_MAX);
	return ERR_OK;
}

int jws_parse(const char *tok, size_t len, struct jws *out, struct why *why)
{
	const char *dot1, *dot2, *end = tok + len;
	json_t *header = NULL;
	int r;

	memset(out, 0, sizeof(*out));
	if (len > JWS_MAX)
		return why_fail(why, ERR_LIMIT, "the token has more than %d bytes", JWS_MAX);
	dot1 = len == 0 ? NULL : memchr(tok, '.', len);
	dot2 = dot1 == NULL ? NULL : memchr(dot1 + 1, '.', (size_t)(end - dot1 - 1));
	if (dot2 == NULL || memchr(dot2 + 1, '.', (size_t)(end - dot2 - 1)) != NULL)
		return why_fail(why, ERR_MALFORMED, "a token is three parts with dots between them");
	if (dot1 == tok || dot2 == dot1 + 1 || dot2 + 1 == end)
		return why_fail(why, ERR_MALFORMED, "a part of the token is empty");
	buf_init(&out->sig, PKEY_RSA_MAX_BITS / 8);
	out->signed_part = (struct view){ (const uint8_t *)tok, (size_t)(dot2 - tok) };
	r = jws_object(tok, (size_t)(dot1 - tok), "header", &header, why);
	if (r == ERR_OK)
		r = jws_header(header, out, why);
	if (r < 0)
		goto out;
	r = b64_decode(B64_URL, dot2 + 1, (size_t)(end - dot2 - 1), &out->sig);
	if (r < 0) {
		why_set(why, "the token's signature is not base64url, or too long");
		goto out;
	}
	r = jws_object(dot1 + 1, (size_t)(dot2 - dot1 - 1), "payload", &out->claims, why);
out:
	json_decref(header);
	if (r < 0)
		jws_clear(out);
	return r;
}

int jws_verify(const struct jws *jws, struct evp_pkey_st *key, enum pkey_kind kind, struct why *why)
{
	struct view raw = { buf_ptr(&jws->sig), jws->sig.len };
	size_t half = pkey_coordinate(kind);
	struct buf der;
	int r;

	if (kind != jws_algs[jws->alg].kind)
		return why_fail(why, ERR_REFUSED, "the key is not of the type that %s needs", jws_algs[jws->alg].name);
	if (half == 0) {
		r = pkey_verify(key, jws_algs[jws->alg].scheme, jws->signed_part, raw);
		return r < 0 ? why_fail(why, ERR_SIGNATURE, "the token's signature does not match") : ERR_OK;
	}
	/* RFC 7518 section 3.4: r and s, each as long as the curve, side by side. */
	if (raw.n != 2 * half)
		return why_fail(why, ERR_SIGNATURE, "the token's signature has the wrong length");
	buf_init(&der, 160);
	r = pkey_ecdsa_der((struct view){ raw.p, half }, (struct view){ raw.p + half, half }, &der);
	if (r == ERR_OK)
		r = pkey_verify(key, jws_algs[jws->alg].scheme, jws->signed_part, (struct view){ buf_ptr(&der), der.len });
	buf_free(&der);
	return r < 0 ? why_fail(why, ERR_SIGNATURE, "the token's signature does not match") : ERR_OK;
}

void jws_clear(struct jws *jws)
{
	json_decref(jws->claims);
	buf_free(&jws->sig);
	memset(jws, 0, sizeof(*jws));
}

/* Tokens: what is good gives an identity, and each of the ways to be bad is refused with the right code. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/token.h"
#include "tests/unit/identity_mint.h"

#define NOW 1800000000
#define ISS "https://idp.example.com"
#define AUD "https://bastion.example.com"
#define CLAIMS(more) "{\"iss\":\"" ISS "\",\"sub\":\"agent-7\",\"aud\":\"" AUD "\",\"exp\":1800000600" more "}"
#define GOOD CLAIMS("")

static struct mint_key rsa, rsa2, p256, p384, ed, other_ed;
static struct issuer *issuer, *other;
static struct jwks *set, *other_set;
static const struct jwks *no_set;

static const struct jwks *keys(void *arg, const struct issuer *iss)
{
	(void)arg;
	if (no_set != NULL)
		return NULL;
	return iss == issuer ? set : other_set;
}

static int verify(const char *tok, size_t len, struct identity **id, struct token_facts *facts, struct why *why)
{
	const struct issuer *const issuers[] = { other, issuer };

	why->text[0] = '\0';
	return token_verify(issuers, 2, keys, NULL, tok, len, NOW, id, facts, why);
}

static struct issuer *make_issuer(const char *name, const char *url)
{
	struct issuer *iss = issuer_new();

	assert_int_equal(issuer_set(iss, "name", name, NULL), ERR_OK);
	assert_int_equal(issuer_set(iss, "issuer", url, NULL), ERR_OK);
	assert_int_equal(issuer_set(iss, "audiences", AUD, NULL), ERR_OK);
	assert_int_equal(issuer_set(iss, "audiences", "second", NULL), ERR_OK);
	assert_int_equal(issuer_finish(iss, NULL), ERR_OK);
	return iss;
}

static int setup(void **state)
{
	char *jwk[6], *doc;
	struct why why;

	(void)state;
	rsa = mint_key(PKEY_RSA, 2048);
	rsa2 = mint_key(PKEY_RSA, 3072);
	p256 = mint_key(PKEY_P256, 0);
	p384 = mint_key(PKEY_P384, 0);
	ed = mint_key(PKEY_ED25519, 0);
	other_ed = mint_key(PKEY_ED25519, 0);
	jwk[0] = mint_jwk(&rsa, "rsa", ",\"use\":\"sig\"");
	jwk[1] = mint_jwk(&rsa2, "rsa-384-only", ",\"alg\":\"RS384\"");
	jwk[2] = mint_jwk(&p256, "p256", ",\"key_ops\":[\"verify\"]");
	jwk[3] = mint_jwk(&p384, "p384", "");
	jwk[4] = mint_jwk(&ed, "ed", ",\"alg\":\"EdDSA\"");
	jwk[5] = mint_jwk(&other_ed, "theirs", "");
	if (asprintf(&doc, "{\"keys\":[%s,%s,%s,%s,%s]}", jwk[0], jwk[1], jwk[2], jwk[3], jwk[4]) < 0)
		return -1;
	assert_int_equal(jwks_parse(doc, strlen(doc), &set, &why), ERR_OK);
	assert_int_equal(jwks_count(set), 5);
	free(doc);
	if (asprintf(&doc, "{\"keys\":[%s]}", jwk[5]) < 0)
		return -1;
	assert_int_equal(jwks_parse(doc, strlen(doc), &other_set, &why), ERR_OK);
	free(doc);
	for (int i = 0; i < 6; i++)
		free(jwk[i]);
	issuer = make_issuer("idp", ISS);
	other = make_issuer("other", "https://other.example.com");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mint_key_free(&rsa);
	mint_key_free(&rsa2);
	mint_key_free(&p256);
	mint_key_free(&p384);
	mint_key_free(&ed);
	mint_key_free(&other_ed);
	jwks_free(set);
	jwks_free(other_set);
	issuer_free(issuer);
	issuer_free(other);
	return 0;
}

static const struct {
	const char *name;
	struct mint_key *key;
	enum jws_alg alg;
	const char *header, *claims;
} good[] = {
	{ "RS256", &rsa, JWS_RS256, "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", GOOD },
	{ "RS384", &rsa, JWS_RS384, "{\"alg\":\"RS384\",\"kid\":\"rsa\"}", GOOD },
	{ "RS384 with a key for it alone", &rsa2, JWS_RS384, "{\"alg\":\"RS384\",\"kid\":\"rsa-384-only\"}", GOOD },
	{ "RS512", &rsa, JWS_RS512, "{\"alg\":\"RS512\",\"kid\":\"rsa\"}", GOOD },
	{ "PS256", &rsa, JWS_PS256, "{\"alg\":\"PS256\",\"kid\":\"rsa\"}", GOOD },
	{ "ES256", &p256, JWS_ES256, "{\"alg\":\"ES256\",\"kid\":\"p256\"}", GOOD },
	{ "ES384", &p384, JWS_ES384, "{\"alg\":\"ES384\",\"kid\":\"p384\"}", GOOD },
	{ "EdDSA", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", GOOD },
	{ "no kid, one key for the algorithm", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", GOOD },
	{ "typ JWT", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", GOOD },
	{ "typ jwt", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"typ\":\"jwt\"}", GOOD },
	{ "typ at+jwt", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}", GOOD },
	{ "typ application/at+jwt", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"typ\":\"application/at+jwt\"}", GOOD },
	{ "x5t is only a name", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"x5t\":\"AAAA\"}", GOOD },
	{ "spaces in JSON", &ed, JWS_EDDSA, " { \"alg\" : \"EdDSA\" } ", GOOD },
	{ "aud array of one", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"agent-7\",\"aud\":[\"" AUD "\"],\"exp\":1800000600}" },
	{ "aud array with azp", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"agent-7\",\"aud\":[\"x\",\"" AUD "\"],\"azp\":\"second\",\"exp\":1800000600}" },
	{ "second audience", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"agent-7\",\"aud\":\"second\",\"exp\":1800000600}" },
	{ "azp of one audience is the client", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"azp\":\"whoever\"") },
	{ "expired within the skew", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"agent-7\",\"aud\":\"" AUD "\",\"exp\":1799999941}" },
	{ "nbf within the skew", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"nbf\":1800000060") },
	{ "iat within the skew", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"iat\":1800000060") },
};

static void good_tokens_give_the_identity(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char *tok = mint_token(good[i].key, good[i].alg, good[i].header, good[i].claims);
		struct identity *id;
		struct token_facts facts;
		struct why why;
		int r = verify(tok, strlen(tok), &id, &facts, &why);

		if (r < 0)
			fail_msg("%s: %s: %s", good[i].name, err_text(r), why.text);
		assert_string_equal(id->issuer, "idp");
		assert_string_equal(id->iss, ISS);
		assert_string_equal(id->subject, "agent-7");
		assert_ptr_equal(facts.issuer, issuer);
		assert_int_equal(facts.replay_until, id->exp + 60);
		identity_free(id);
		free(tok);
	}
}

/* Bad by what they say; all are signed properly with the key named. */
static const struct {
	const char *name;
	struct mint_key *key;
	enum jws_alg alg;
	const char *header, *claims;
	int want;
} bad[] = {
	/* J1, J3: header */
	{ "alg none, signed", &ed, JWS_EDDSA, "{\"alg\":\"none\"}", GOOD, ERR_REFUSED },
	{ "alg None", &ed, JWS_EDDSA, "{\"alg\":\"None\"}", GOOD, ERR_REFUSED },
	{ "alg HS256", &ed, JWS_EDDSA, "{\"alg\":\"HS256\",\"kid\":\"ed\"}", GOOD, ERR_REFUSED },
	{ "alg in other case", &ed, JWS_EDDSA, "{\"alg\":\"eddsa\"}", GOOD, ERR_REFUSED },
	{ "alg with a blank", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA \"}", GOOD, ERR_REFUSED },
	{ "alg missing", &ed, JWS_EDDSA, "{\"kid\":\"ed\"}", GOOD, ERR_MALFORMED },
	{ "alg a number", &ed, JWS_EDDSA, "{\"alg\":1}", GOOD, ERR_MALFORMED },
	{ "alg an array", &ed, JWS_EDDSA, "{\"alg\":[\"EdDSA\"]}", GOOD, ERR_MALFORMED },
	{ "alg twice", &ed, JWS_EDDSA, "{\"alg\":\"none\",\"alg\":\"EdDSA\"}", GOOD, ERR_MALFORMED },
	{ "PS384", &rsa, JWS_PS256, "{\"alg\":\"PS384\",\"kid\":\"rsa\"}", GOOD, ERR_REFUSED },
	{ "RS256 said, PS256 signed", &rsa, JWS_PS256, "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", GOOD, ERR_SIGNATURE },
	{ "PS256 said, RS256 signed", &rsa, JWS_RS256, "{\"alg\":\"PS256\",\"kid\":\"rsa\"}", GOOD, ERR_SIGNATURE },
	{ "RS256 said, RS512 signed", &rsa, JWS_RS512, "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", GOOD, ERR_SIGNATURE },
	{ "ES256 with a P-384 key", &p384, JWS_ES384, "{\"alg\":\"ES256\",\"kid\":\"p384\"}", GOOD, ERR_REFUSED },
	{ "RS256 with an EC key", &p256, JWS_ES256, "{\"alg\":\"RS256\",\"kid\":\"p256\"}", GOOD, ERR_REFUSED },
	{ "RS256 with a key for RS384", &rsa2, JWS_RS256, "{\"alg\":\"RS256\",\"kid\":\"rsa-384-only\"}", GOOD, ERR_REFUSED },
	{ "crit", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"crit\":[\"exp\"],\"exp\":1}", GOOD, ERR_REFUSED },
	{ "empty crit", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"crit\":[]}", GOOD, ERR_REFUSED },
	{ "b64 false", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"b64\":false}", GOOD, ERR_REFUSED },
	{ "jku", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"jku\":\"https://127.0.0.1/k\"}", GOOD, ERR_REFUSED },
	{ "x5u", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"x5u\":\"https://127.0.0.1/k\"}", GOOD, ERR_REFUSED },
	{ "jwk", &other_ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"jwk\":{\"kty\":\"OKP\"}}", GOOD, ERR_REFUSED },
	{ "typ of something else", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"typ\":\"dpop+jwt\"}", GOOD, ERR_REFUSED },
	{ "typ a number", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"typ\":1}", GOOD, ERR_MALFORMED },
	{ "header an array", &ed, JWS_EDDSA, "[\"alg\",\"EdDSA\"]", GOOD, ERR_MALFORMED },
	{ "header with something behind", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}x", GOOD, ERR_MALFORMED },
	/* J2: kid */
	{ "kid unknown", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"eD\"}", GOOD, ERR_NOTFOUND },
	{ "kid a path", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"../../ed\"}", GOOD, ERR_NOTFOUND },
	{ "kid with SQL", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"x' OR '1'='1\"}", GOOD, ERR_NOTFOUND },
	{ "kid empty", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"\"}", GOOD, ERR_MALFORMED },
	{ "kid a number", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":1}", GOOD, ERR_MALFORMED },
	{ "kid null", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":null}", GOOD, ERR_MALFORMED },
	{ "kid with a newline", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"ed\\n\"}", GOOD, ERR_MALFORMED },
	{ "kid with a NUL", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"ed\\u0000x\"}", GOOD, ERR_MALFORMED },
	{ "kid twice", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"ed\",\"kid\":\"ed\"}", GOOD, ERR_MALFORMED },
	{ "no kid, two keys would do", &rsa, JWS_RS384, "{\"alg\":\"RS384\"}", GOOD, ERR_REFUSED },
	{ "kid of another key", &rsa2, JWS_RS384, "{\"alg\":\"RS384\",\"kid\":\"rsa\"}", GOOD, ERR_SIGNATURE },
	/* J5: iss, aud */
	{ "another issuer's key", &other_ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", GOOD, ERR_SIGNATURE },
	{ "another issuer's kid", &other_ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"theirs\"}", GOOD, ERR_NOTFOUND },
	{ "our key for the other issuer", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"https://other.example.com\",\"sub\":\"a\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_SIGNATURE },
	{ "issuer with a slash more", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "/\",\"sub\":\"a\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_REFUSED },
	{ "issuer longer", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS ".evil\",\"sub\":\"a\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_REFUSED },
	{ "issuer shorter", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"https://idp.example.co\",\"sub\":\"a\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_REFUSED },
	{ "issuer in capitals", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"HTTPS://IDP.EXAMPLE.COM\",\"sub\":\"a\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_REFUSED },
	{ "issuer missing", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"sub\":\"a\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_REFUSED },
	{ "issuer an array", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":[\"" ISS "\"],\"sub\":\"a\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_REFUSED },
	{ "issuer twice", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"iss\":\"" ISS "\""), ERR_MALFORMED },
	{ "aud of another", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\",\"aud\":\"" AUD ".evil\",\"exp\":1800000600}", ERR_REFUSED },
	{ "aud a prefix", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\",\"aud\":\"https://bastion\",\"exp\":1800000600}", ERR_REFUSED },
	{ "aud missing", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\",\"exp\":1800000600}", ERR_MALFORMED },
	{ "aud empty array", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\",\"aud\":[],\"exp\":1800000600}", ERR_MALFORMED },
	{ "aud array with a number", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\",\"aud\":[\"" AUD "\",1],\"exp\":1800000600}", ERR_MALFORMED },
	{ "aud array without us", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\",\"aud\":[\"x\",\"y\"],\"azp\":\"second\",\"exp\":1800000600}", ERR_REFUSED },
	{ "aud array without azp", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\",\"aud\":[\"" AUD "\",\"x\"],\"exp\":1800000600}", ERR_REFUSED },
	{ "aud array with another's azp", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\",\"aud\":[\"" AUD "\",\"x\"],\"azp\":\"x\",\"exp\":1800000600}", ERR_REFUSED },
	{ "aud an object", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\",\"aud\":{\"0\":\"" AUD "\"},\"exp\":1800000600}", ERR_MALFORMED },
	/* J6: times */
#define EXP(v) "{\"iss\":\"" ISS "\",\"sub\":\"a\",\"aud\":\"" AUD "\",\"exp\":" v "}"
	{ "expired", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("1799999940"), ERR_EXPIRED },
	{ "exp 1", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("1"), ERR_EXPIRED },
	{ "exp 0", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("0"), ERR_MALFORMED },
	{ "exp negative", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("-1"), ERR_MALFORMED },
	{ "exp a string", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("\"1800000600\""), ERR_MALFORMED },
	{ "exp a float", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("1800000600.0"), ERR_MALFORMED },
	{ "exp 1e300", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("1e300"), ERR_MALFORMED },
	{ "exp 18e8", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("18e8"), ERR_MALFORMED },
	{ "exp NaN", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("NaN"), ERR_MALFORMED },
	{ "exp 2^63", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("9223372036854775808"), ERR_MALFORMED },
	{ "exp 2^63 - 1", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("9223372036854775807"), ERR_MALFORMED },
	{ "exp in milliseconds", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("1800000600000"), ERR_MALFORMED },
	{ "exp null", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("null"), ERR_MALFORMED },
	{ "exp true", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("true"), ERR_MALFORMED },
	{ "exp an array", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("[1800000600]"), ERR_MALFORMED },
	{ "exp twice", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", EXP("1,\"exp\":1800000600"), ERR_MALFORMED },
	{ "exp missing", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\",\"aud\":\"" AUD "\"}", ERR_MALFORMED },
	{ "nbf ahead", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"nbf\":1800000061"), ERR_EXPIRED },
	{ "nbf a string", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"nbf\":\"1\""), ERR_MALFORMED },
	{ "iat ahead", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"iat\":1800000061"), ERR_EXPIRED },
	{ "iat a float", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"iat\":1799999999.5"), ERR_MALFORMED },
	/* who */
	{ "no subject", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_MALFORMED },
	{ "subject empty", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_MALFORMED },
	{ "subject a number", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":7,\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_MALFORMED },
	{ "subject with an escape", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\\u001b[2K\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_MALFORMED },
	{ "subject that runs backwards", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\\u202eb\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_MALFORMED },
	{ "subject with a NUL", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\\u0000b\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_MALFORMED },
	{ "subject not UTF-8", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		"{\"iss\":\"" ISS "\",\"sub\":\"a\xff\",\"aud\":\"" AUD "\",\"exp\":1800000600}", ERR_MALFORMED },
	{ "groups a string, an array configured", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"groups\":\"sre\""),
		ERR_MALFORMED },
	{ "groups with a number", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"groups\":[\"sre\",1]"), ERR_MALFORMED },
	{ "groups with an empty one", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"groups\":[\"\"]"), ERR_MALFORMED },
	{ "jti a number", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"jti\":1"), ERR_MALFORMED },
	{ "jti empty", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"jti\":\"\""), ERR_MALFORMED },
	{ "act a string", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"act\":\"x\""), ERR_MALFORMED },
	{ "act without a subject", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", CLAIMS(",\"act\":{}"), ERR_MALFORMED },
	{ "act of another issuer", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		CLAIMS(",\"act\":{\"sub\":\"x\",\"iss\":\"https://other.example.com\"}"), ERR_REFUSED },
	{ "claims an array", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", "[]", ERR_MALFORMED },
	{ "claims with something behind", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", GOOD "{}", ERR_MALFORMED },
	{ "claims cut off", &ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", "{\"iss\":\"" ISS "\"", ERR_MALFORMED },
};

static void bad_tokens_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *tok = mint_token(bad[i].key, bad[i].alg, bad[i].header, bad[i].claims);
		struct identity *id = (struct identity *)1;
		struct why why;
		int r = verify(tok, strlen(tok), &id, NULL, &why);

		if (r != bad[i].want || id != NULL || why.text[0] == '\0')
			fail_msg("%s: %s (%s), not %s", bad[i].name, err_text(r), why.text, err_text(bad[i].want));
		free(tok);
	}
}

/* Bad by their form: the token's text is made of a good one. */
static void refuse_text(const char *name, const char *tok, size_t len, int want)
{
	struct identity *id = (struct identity *)1;
	struct why why;
	int r = verify(tok, len, &id, NULL, &why);

	if (r != want || id != NULL)
		fail_msg("%s: %s (%s), not %s", name, err_text(r), why.text, err_text(want));
}

static void refuse_format(const char *name, int want, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void refuse_format(const char *name, int want, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	assert_true(vasprintf(&s, fmt, ap) >= 0);
	va_end(ap);
	refuse_text(name, s, strlen(s), want);
	free(s);
}

static void broken_forms_are_refused(void **state)
{
	char *tok = mint_token(&ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", GOOD);
	char *h = strdup(tok), *p, *s, *big;

	(void)state;
	p = strchr(h, '.');
	*p++ = '\0';
	s = strchr(p, '.');
	*s++ = '\0';
	refuse_text("nothing", "", 0, ERR_MALFORMED);
	refuse_text("dots", "..", 2, ERR_MALFORMED);
	refuse_format("one part", ERR_MALFORMED, "%s", h);
	refuse_format("two parts", ERR_MALFORMED, "%s.%s", h, p);
	refuse_format("no signature", ERR_MALFORMED, "%s.%s.", h, p);
	refuse_format("no payload", ERR_MALFORMED, "%s..%s", h, s);
	refuse_format("no header", ERR_MALFORMED, ".%s.%s", p, s);
	refuse_format("four parts", ERR_MALFORMED, "%s.%s.%s.%s", h, p, s, s);
	refuse_format("five parts", ERR_MALFORMED, "%s.%s.%s.%s.%s", h, p, s, p, s);
	refuse_format("a dot behind", ERR_MALFORMED, "%s.", tok);
	refuse_format("padding", ERR_MALFORMED, "%s.%s.%s==", h, p, s);
	refuse_format("a newline behind", ERR_MALFORMED, "%s\n", tok);
	refuse_format("a blank before", ERR_MALFORMED, " %s", tok);
	refuse_format("Bearer", ERR_MALFORMED, "Bearer %s", tok);
	refuse_format("a blank within", ERR_MALFORMED, "%s. %s.%s", h, p, s);
	refuse_format("JSON serialisation", ERR_MALFORMED,
		"{\"protected\":\"%s\",\"payload\":\"%s\",\"signature\":\"%s\"}", h, p, s);
	refuse_format("JSON with dots", ERR_MALFORMED,
		"{\"payload\":\"%s\",\"signatures\":[{\"protected\":\"%s\",\"signature\":\"%s\"}],\"x\":\"..\"}", p, h, s);
	refuse_format("signature of other length", ERR_SIGNATURE, "%s.%s.AAAA", h, p);
	refuse_format("signature of zeros", ERR_SIGNATURE, "%s.%s.%s", h, p,
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	refuse_text("cut off", tok, strlen(tok) - 2, ERR_SIGNATURE);
	/* The last character of a 64-byte value carries four unused bits. */
	tok[strlen(tok) - 1]++;
	refuse_text("second spelling of the signature", tok, strlen(tok), ERR_MALFORMED);
	tok[strlen(tok) - 1]--;
	p[5] = p[5] == 'A' ? 'B' : 'A';
	assert_true(asprintf(&big, "%s.%s.%s", h, p, s) > 0);
	{
		struct identity *id;
		struct why why;

		assert_true(verify(big, strlen(big), &id, NULL, &why) < 0);
		assert_null(id);
	}
	free(big);
	big = calloc(1, 9 << 20);
	memset(big, 'A', (9 << 20) - 1);
	refuse_text("9 MB", big, (9 << 20) - 1, ERR_LIMIT);
	refuse_text("16 KiB and one", big, JWS_MAX + 1, ERR_LIMIT);
	refuse_text("16 KiB without a dot", big, JWS_MAX, ERR_MALFORMED);
	big[0] = '\0';
	refuse_text("NUL", big, 100, ERR_MALFORMED);
	free(big);
	free(h);
	free(tok);
}

/* J1: HMAC under what everybody knows, and no signature at all. */
static void algorithm_confusion_is_refused(void **state)
{
	struct mint_key *all[] = { &rsa, &p256, &ed };
	static const char *const headers[] = { "{\"alg\":\"HS256\"}", "{\"alg\":\"HS256\",\"kid\":\"rsa\"}",
		"{\"alg\":\"RS256\",\"kid\":\"rsa\"}", "{\"alg\":\"ES256\",\"kid\":\"p256\"}", "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}",
		"{\"alg\":\"none\"}" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *pem = mint_pem(all[i]);

		for (size_t j = 0; j < sizeof(headers) / sizeof(headers[0]); j++) {
			char *tok = mint_token_hs256(pem, strlen(pem), headers[j], GOOD);
			struct identity *id;
			struct why why;
			int r = verify(tok, strlen(tok), &id, NULL, &why);

			assert_true(r == ERR_REFUSED || r == ERR_SIGNATURE);
			assert_null(id);
			free(tok);
		}
		free(pem);
	}
}

/* r = 0, s = 0 and r = n, s = n have passed elsewhere. */
static void psychic_signatures_are_refused(void **state)
{
	char *tok = mint_token(&p256, JWS_ES256, "{\"alg\":\"ES256\",\"kid\":\"p256\"}", GOOD), *dot = strrchr(tok, '.');
	static const uint8_t order[32] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
	uint8_t rs[64] = { 0 };
	char *e = mint_b64url(rs, sizeof(rs));

	(void)state;
	strcpy(dot + 1, e);
	refuse_text("zeros", tok, strlen(tok), ERR_SIGNATURE);
	free(e);
	memcpy(rs, order, 32);
	memcpy(rs + 32, order, 32);
	e = mint_b64url(rs, sizeof(rs));
	strcpy(dot + 1, e);
	refuse_text("the order", tok, strlen(tok), ERR_SIGNATURE);
	free(e);
	free(tok);
}

/* A signature is as long as its curve says, to the byte. */
static void ecdsa_signatures_have_their_length(void **state)
{
	char *tok = mint_token(&p256, JWS_ES256, "{\"alg\":\"ES256\",\"kid\":\"p256\"}", GOOD), *longer;
	struct identity *id;
	struct why why;

	(void)state;
	assert_int_equal(verify(tok, strlen(tok), &id, NULL, &why), ERR_OK);
	identity_free(id);
	/* 64 bytes end in a character with four unused bits, all zero: "AA" adds a byte and leaves the others. */
	assert_true(asprintf(&longer, "%sA", tok) > 0);
	refuse_text("65 bytes", longer, strlen(longer), ERR_SIGNATURE);
	free(longer);
	strcpy(strrchr(tok, '.') + 1, "AAAA");
	refuse_text("3 bytes", tok, strlen(tok), ERR_SIGNATURE);
	free(tok);
}

/* The last line of defence: whatever a caller mixes up, and whatever the library returns, only a fitting key verifies. */
static void keys_verify_their_own_algorithm_only(void **state)
{
	static const uint8_t message[] = "m", garbage[64] = { 0x30, 0x80, 1 };
	struct view data = { message, 1 }, alg, raw, v, junk = { garbage, sizeof(garbage) };
	struct jws jws;
	struct buf sig;
	struct why why;
	char *tok;

	(void)state;
	buf_init(&sig, 4096);
	mint_ssh_sign(&rsa, "rsa-sha2-256", data, &sig);
	v = mint_view(&sig);
	assert_int_equal(view_string(&v, &alg), ERR_OK);
	assert_int_equal(view_string(&v, &raw), ERR_OK);
	assert_int_equal(pkey_verify(rsa.pkey, PKEY_RSA_SHA256, data, raw), ERR_OK);
	assert_int_equal(pkey_verify(rsa.pkey, PKEY_ECDSA_SHA256, data, raw), ERR_SIGNATURE);
	assert_int_equal(pkey_verify(rsa.pkey, PKEY_EDDSA, data, raw), ERR_SIGNATURE);
	assert_int_equal(pkey_verify(p256.pkey, PKEY_ECDSA_SHA256, data, junk), ERR_SIGNATURE);
	assert_int_equal(pkey_verify(ed.pkey, PKEY_EDDSA, data, junk), ERR_SIGNATURE);
	assert_int_equal(pkey_verify(ed.pkey, PKEY_EDDSA, data, (struct view){ garbage, 0 }), ERR_SIGNATURE);
	buf_free(&sig);
	tok = mint_token(&ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}", GOOD);
	assert_int_equal(jws_parse(tok, strlen(tok), &jws, &why), ERR_OK);
	assert_int_equal(jws_verify(&jws, ed.pkey, PKEY_ED25519, &why), ERR_OK);
	assert_int_equal(jws_verify(&jws, ed.pkey, PKEY_RSA, &why), ERR_REFUSED);
	assert_int_equal(jws_verify(&jws, p256.pkey, PKEY_P256, &why), ERR_REFUSED);
	jws_clear(&jws);
	free(tok);
}

static void without_keys_it_asks_for_them(void **state)
{
	char *tok = mint_token(&ed, JWS_EDDSA, "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}", GOOD);
	struct token_facts facts;
	struct identity *id;
	struct why why;

	(void)state;
	no_set = set;
	assert_int_equal(verify(tok, strlen(tok), &id, &facts, &why), ERR_NOTFOUND);
	no_set = NULL;
	assert_ptr_equal(facts.issuer, issuer);
	assert_string_equal(facts.kid, "ed");
	free(tok);
}

static void replay(const char *claims, enum jws_alg alg, struct mint_key *key, const char *header, uint8_t out[32])
{
	char *tok = mint_token(key, alg, header, claims);
	struct token_facts facts;
	struct identity *id;
	struct why why;

	assert_int_equal(verify(tok, strlen(tok), &id, &facts, &why), ERR_OK);
	memcpy(out, facts.replay_key, 32);
	identity_free(id);
	free(tok);
}

/* J7: a token has one replay key, however often its signature is made again. */
static void replay_keys_name_the_token(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	replay(GOOD, JWS_ES256, &p256, "{\"alg\":\"ES256\",\"kid\":\"p256\"}", a);
	replay(GOOD, JWS_ES256, &p256, "{\"alg\":\"ES256\",\"kid\":\"p256\"}", b);
	assert_memory_equal(a, b, 32);
	replay(CLAIMS(",\"nonce\":1"), JWS_ES256, &p256, "{\"alg\":\"ES256\",\"kid\":\"p256\"}", b);
	assert_memory_not_equal(a, b, 32);
	replay(CLAIMS(",\"jti\":\"1\""), JWS_ES256, &p256, "{\"alg\":\"ES256\",\"kid\":\"p256\"}", a);
	replay(CLAIMS(",\"jti\":\"1\",\"nonce\":1"), JWS_EDDSA, &ed, "{\"alg\":\"EdDSA\"}", b);
	assert_memory_equal(a, b, 32);
	replay(CLAIMS(",\"jti\":\"2\""), JWS_EDDSA, &ed, "{\"alg\":\"EdDSA\"}", b);
	assert_memory_not_equal(a, b, 32);
}

/* RFC 8693: the agent acts, the person stands behind it. */
static void delegation_names_both(void **state)
{
	char *tok = mint_token(&ed, JWS_EDDSA, "{\"alg\":\"EdDSA\"}",
		CLAIMS(",\"groups\":[\"b\",\"a\",\"b\"],\"act\":{\"sub\":\"agent-9\",\"act\":{\"sub\":\"planner\"}},"
		"\"email\":\"p@example.com\",\"name\":\"P\\u0007\""));
	struct identity *id;
	struct why why;

	(void)state;
	assert_int_equal(verify(tok, strlen(tok), &id, NULL, &why), ERR_OK);
	assert_string_equal(id->subject, "agent-9");
	assert_string_equal(id->on_behalf_of, "agent-7");
	assert_int_equal(id->n_via, 1);
	assert_string_equal(id->via[0], "planner");
	assert_int_equal(id->n_groups, 2);
	assert_string_equal(id->groups[0], "a");
	assert_string_equal(id->email, "p@example.com");
	assert_null(id->name);
	identity_free(id);
	free(tok);
}

static void other_settings_are_held(void **state)
{
	struct issuer *strict = issuer_new();
	const struct issuer *const issuers[] = { strict };
	char *tok;
	struct identity *id;
	struct why why;
	static const struct {
		const char *header, *claims;
		enum jws_alg alg;
		int want;
	} rows[] = {
		{ "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}", CLAIMS(",\"iat\":1799999700,\"team\":\"a-1\""), JWS_EDDSA, ERR_OK },
		{ "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", CLAIMS(",\"iat\":1799999700,\"team\":\"a-1\""), JWS_EDDSA, ERR_REFUSED },
		{ "{\"alg\":\"EdDSA\"}", CLAIMS(",\"iat\":1799999700,\"team\":\"a-1\""), JWS_EDDSA, ERR_REFUSED },
		{ "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}", CLAIMS(",\"team\":\"a-1\""), JWS_EDDSA, ERR_MALFORMED },
		{ "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}", CLAIMS(",\"iat\":1799999699,\"team\":\"a-1\""), JWS_EDDSA, ERR_EXPIRED },
		{ "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}", CLAIMS(",\"iat\":1799999700,\"team\":\"b-1\""), JWS_EDDSA, ERR_REFUSED },
		{ "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}", CLAIMS(",\"iat\":1799999700"), JWS_EDDSA, ERR_REFUSED },
		{ "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}", CLAIMS(",\"iat\":1800000001,\"team\":\"a-1\""), JWS_EDDSA, ERR_EXPIRED },
	};

	(void)state;
	assert_int_equal(issuer_set(strict, "name", "strict", &why), ERR_OK);
	assert_int_equal(issuer_set(strict, "issuer", ISS, &why), ERR_OK);
	assert_int_equal(issuer_set(strict, "audiences", AUD, &why), ERR_OK);
	assert_int_equal(issuer_set(strict, "algorithms", "EdDSA", &why), ERR_OK);
	assert_int_equal(issuer_set(strict, "types", "at+jwt", &why), ERR_OK);
	assert_int_equal(issuer_set(strict, "max_age", "5m", &why), ERR_OK);
	assert_int_equal(issuer_set(strict, "clock_skew", "0", &why), ERR_OK);
	assert_int_equal(issuer_require(strict, "team", "a-*", &why), ERR_OK);
	assert_int_equal(issuer_finish(strict, &why), ERR_OK);
	issuer_free(issuer);
	issuer = strict;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r;

		tok = mint_token(&ed, rows[i].alg, rows[i].header, rows[i].claims);
		r = token_verify(issuers, 1, keys, NULL, tok, strlen(tok), NOW, &id, NULL, &why);
		if (r != rows[i].want)
			fail_msg("row %zu: %s (%s)", i, err_text(r), why.text);
		identity_free(id);
		free(tok);
	}
	tok = mint_token(&rsa, JWS_RS256, "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"at+jwt\"}",
		CLAIMS(",\"iat\":1799999700,\"team\":\"a-1\""));
	assert_int_equal(token_verify(issuers, 1, keys, NULL, tok, strlen(tok), NOW, &id, NULL, &why), ERR_REFUSED);
	free(tok);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_tokens_give_the_identity),
		cmocka_unit_test(bad_tokens_are_refused),
		cmocka_unit_test(broken_forms_are_refused),
		cmocka_unit_test(algorithm_confusion_is_refused),
		cmocka_unit_test(psychic_signatures_are_refused),
		cmocka_unit_test(ecdsa_signatures_have_their_length),
		cmocka_unit_test(keys_verify_their_own_algorithm_only),
		cmocka_unit_test(without_keys_it_asks_for_them),
		cmocka_unit_test(replay_keys_name_the_token),
		cmocka_unit_test(delegation_names_both),
		cmocka_unit_test(other_settings_are_held),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

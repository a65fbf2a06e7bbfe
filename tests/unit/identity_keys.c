/* Key sets, when to fetch them, discovery documents, JSON Pointers, globs, readable text, and the identity's own text. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "identity/b64.h"
#include "identity/fetch.h"
#include "identity/identity.h"
#include "identity/jsonptr.h"
#include "identity/jwks_cache.h"
#include "identity/text.h"
#include "tests/unit/identity_mint.h"

#define NOW 1800000000

static struct jwks *parse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static struct jwks *parse(const char *fmt, ...)
{
	struct jwks *set;
	va_list ap;
	char *doc;

	va_start(ap, fmt);
	assert_true(vasprintf(&doc, fmt, ap) >= 0);
	va_end(ap);
	jwks_parse(doc, strlen(doc), &set, NULL);
	free(doc);
	return set;
}

static size_t usable(const char *jwk)
{
	struct jwks *set = parse("{\"keys\":[%s]}", jwk);
	size_t n = set == NULL ? 0 : jwks_count(set);

	jwks_free(set);
	return n;
}

static void unfit_keys_are_left_out(void **state)
{
	struct mint_key weak = mint_key(PKEY_RSA, 1024), rsa = mint_key(PKEY_RSA, 2048), p256 = mint_key(PKEY_P256, 0),
		p521 = mint_key(PKEY_P521, 0), ed = mint_key(PKEY_ED25519, 0);
	static const struct {
		const char *extra;
		size_t n;
	} rows[] = {
		{ "", 1 }, { ",\"use\":\"sig\"", 1 }, { ",\"use\":\"enc\"", 0 }, { ",\"use\":1", 0 },
		{ ",\"key_ops\":[\"verify\"]", 1 }, { ",\"key_ops\":[\"sign\",\"verify\"]", 1 }, { ",\"key_ops\":[\"sign\"]", 0 },
		{ ",\"key_ops\":[]", 0 }, { ",\"key_ops\":\"verify\"", 0 }, { ",\"alg\":\"RS256\"", 1 }, { ",\"alg\":\"PS256\"", 1 },
		{ ",\"alg\":\"ES256\"", 0 }, { ",\"alg\":\"RSA-OAEP\"", 0 }, { ",\"alg\":\"HS256\"", 0 }, { ",\"alg\":1", 0 },
		{ ",\"d\":\"AQAB\"", 0 }, { ",\"kid\":1", 0 }, { ",\"kid\":\"\"", 0 }, { ",\"x5c\":[\"AAAA\"]", 1 },
	};
	char *jwk;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		jwk = mint_jwk(&rsa, NULL, rows[i].extra);
		if (usable(jwk) != rows[i].n)
			fail_msg("%s", rows[i].extra);
		free(jwk);
	}
	jwk = mint_jwk(&weak, NULL, "");
	assert_int_equal(usable(jwk), 0);
	free(jwk);
	jwk = mint_jwk(&p521, NULL, "");
	assert_int_equal(usable(jwk), 0);
	free(jwk);
	jwk = mint_jwk(&p256, NULL, "");
	assert_int_equal(usable(jwk), 1);
	/* A point off the curve, and a coordinate of another length. */
	{
		char *x = strstr(jwk, "\"x\":\"") + 5;

		x[3] = x[3] == 'A' ? 'B' : 'A';
		assert_int_equal(usable(jwk), 0);
		memmove(x, x + 4, strlen(x + 4) + 1);
		assert_int_equal(usable(jwk), 0);
	}
	free(jwk);
	jwk = mint_jwk(&ed, NULL, "");
	assert_int_equal(usable(jwk), 1);
	memcpy(strstr(jwk, "Ed25519"), "Ed25518", 7);
	assert_int_equal(usable(jwk), 0);
	free(jwk);
	assert_int_equal(usable("{\"kty\":\"oct\",\"k\":\"AAAA\"}"), 0);
	assert_int_equal(usable("{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}"), 0);
	assert_int_equal(usable("{}"), 0);
	assert_int_equal(usable("1"), 0);
	mint_key_free(&weak);
	mint_key_free(&rsa);
	mint_key_free(&p256);
	mint_key_free(&p521);
	mint_key_free(&ed);
}

static void sets_have_bounds(void **state)
{
	struct mint_key ed = mint_key(PKEY_ED25519, 0);
	char *jwk = mint_jwk(&ed, "a", ""), *big;
	struct jwks *set;
	struct evp_pkey_st *key;
	struct buf b;

	(void)state;
	for (int n = 64; n <= 65; n++) {
		buf_init(&b, 1 << 20);
		buf_put_str(&b, "{\"keys\":[");
		for (int i = 0; i < n; i++)
			buf_printf(&b, "%s%s", i > 0 ? "," : "", jwk);
		buf_put_str(&b, "]}");
		assert_int_equal(jwks_parse(buf_cstr(&b), b.len, &set, NULL), n == 64 ? ERR_OK : ERR_LIMIT);
		/* 64 of one name: which is it? */
		if (n == 64)
			assert_int_equal(jwks_find(set, "a", JWS_EDDSA, &key, NULL), ERR_REFUSED);
		jwks_free(set);
		buf_free(&b);
	}
	big = calloc(1, JWKS_MAX + 2);
	memset(big, ' ', JWKS_MAX + 1);
	assert_int_equal(jwks_parse(big, JWKS_MAX + 1, &set, NULL), ERR_LIMIT);
	assert_int_equal(jwks_parse(big, JWKS_MAX, &set, NULL), ERR_MALFORMED);
	assert_null(parse("{\"keys\":{}}"));
	assert_null(parse("{\"keys\":[]}"));
	assert_null(parse("[]"));
	assert_null(parse("{\"keys\":[%s],\"keys\":[]}", jwk));
	/* A bad neighbour does not cost the good key. */
	set = parse("{\"keys\":[{\"kty\":\"oct\"},%s,7]}", jwk);
	assert_non_null(set);
	assert_int_equal(jwks_count(set), 1);
	assert_int_equal(jwks_skipped(set), 2);
	assert_int_equal(jwks_find(set, "a", JWS_EDDSA, &key, NULL), ERR_OK);
	assert_int_equal(jwks_find(set, "", JWS_EDDSA, &key, NULL), ERR_OK);
	assert_int_equal(jwks_find(set, "A", JWS_EDDSA, &key, NULL), ERR_NOTFOUND);
	assert_int_equal(jwks_find(set, "a", JWS_ES256, &key, NULL), ERR_REFUSED);
	assert_null(key);
	jwks_free(set);
	free(big);
	free(jwk);
	mint_key_free(&ed);
}

/* J4: 10,000 made-up names over ten minutes cost at most one fetch in 30 s, and the good set stays when fetches fail. */
static void a_storm_costs_one_fetch_in_thirty_seconds(void **state)
{
	struct mint_key ed = mint_key(PKEY_ED25519, 0);
	char *jwk = mint_jwk(&ed, "good", "");
	struct jwks *set = parse("{\"keys\":[%s]}", jwk);
	struct jwks_cache c;
	unsigned fetches = 0;
	int64_t now = NOW, last = 0;
	char kid[32];

	(void)state;
	jwks_cache_init(&c);
	assert_int_equal(jwks_cache_missing(&c, "good", now), JWKS_WANT_FETCH);
	assert_int_equal(jwks_cache_missing(&c, "other", now), JWKS_WANT_WAIT);
	assert_int_equal(jwks_cache_missing(&c, "good", now), JWKS_WANT_NOTHING); /* asked for already */
	jwks_cache_done(&c, set, now);
	assert_int_equal(jwks_cache_missing(&c, "other", now + 1), JWKS_WANT_NOTHING);
	now += 30;
	for (int i = 0; i < 10000; i++) {
		snprintf(kid, sizeof(kid), "random-%d", i);
		if (jwks_cache_missing(&c, kid, now) == JWKS_WANT_FETCH) {
			fetches++;
			assert_true(last == 0 || now - last >= 30);
			last = now;
			jwks_cache_done(&c, NULL, now); /* it fails each time */
		}
		if (i % 17 == 0)
			now++;
	}
	assert_true(fetches >= 15 && fetches <= 10000 / 17 / 30 + 1);
	assert_ptr_equal(c.set, set);
	/* A clock that was set back does not lock the keys out. */
	assert_int_equal(jwks_cache_missing(&c, "after the clock", now - 100000), JWKS_WANT_FETCH);
	jwks_cache_done(&c, NULL, now - 100000);
	jwks_cache_free(&c);
	free(jwk);
	mint_key_free(&ed);
}

static void old_sets_are_refreshed_and_replaced(void **state)
{
	struct mint_key a = mint_key(PKEY_ED25519, 0);
	char *jwk = mint_jwk(&a, "a", "");
	struct jwks_cache c;

	(void)state;
	jwks_cache_init(&c);
	assert_false(jwks_cache_should_refresh(&c, NOW));
	assert_int_equal(jwks_cache_missing(&c, "a", NOW), JWKS_WANT_FETCH);
	jwks_cache_done(&c, parse("{\"keys\":[%s]}", jwk), NOW);
	assert_false(jwks_cache_should_refresh(&c, NOW + JWKS_CACHE_REFRESH - 1));
	assert_true(jwks_cache_should_refresh(&c, NOW + JWKS_CACHE_REFRESH));
	assert_false(jwks_cache_should_refresh(&c, NOW + JWKS_CACHE_REFRESH));
	assert_int_equal(jwks_cache_missing(&c, "b", NOW + JWKS_CACHE_REFRESH), JWKS_WANT_WAIT);
	jwks_cache_done(&c, parse("{\"keys\":[%s]}", jwk), NOW + JWKS_CACHE_REFRESH);
	assert_false(jwks_cache_should_refresh(&c, NOW + JWKS_CACHE_REFRESH + 100));
	jwks_cache_free(&c);
	free(jwk);
	mint_key_free(&a);
}

static void discovery_is_held_to_its_issuer(void **state)
{
	static const struct {
		const char *doc;
		int want;
	} rows[] = {
		{ "{\"issuer\":\"https://a.example\",\"jwks_uri\":\"https://k.example/jwks?v=1\"}", ERR_OK },
		{ "{\"issuer\":\"https://a.example/\",\"jwks_uri\":\"https://k.example/jwks\"}", ERR_REFUSED },
		{ "{\"issuer\":\"https://b.example\",\"jwks_uri\":\"https://k.example/jwks\"}", ERR_REFUSED },
		{ "{\"issuer\":\"https://a.example\",\"jwks_uri\":\"http://k.example/jwks\"}", ERR_REFUSED },
		{ "{\"issuer\":\"https://a.example\",\"jwks_uri\":\"https://u:p@k.example/jwks\"}", ERR_REFUSED },
		{ "{\"issuer\":\"https://a.example\",\"jwks_uri\":\"file:///etc/passwd\"}", ERR_REFUSED },
		{ "{\"issuer\":\"https://a.example\",\"jwks_uri\":\"https://k.example/\\njwks\"}", ERR_REFUSED },
		{ "{\"issuer\":\"https://a.example\",\"jwks_uri\":[\"https://k.example/\"]}", ERR_MALFORMED },
		{ "{\"issuer\":\"https://a.example\"}", ERR_MALFORMED },
		{ "{\"issuer\":\"https://a.example\",\"issuer\":\"x\",\"jwks_uri\":\"https://k.example/\"}", ERR_MALFORMED },
		{ "<html>", ERR_MALFORMED },
		{ "", ERR_MALFORMED },
	};
	char *uri;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = fetch_discovery(rows[i].doc, strlen(rows[i].doc), "https://a.example", &uri, NULL);

		if (r != rows[i].want || (uri != NULL) != (r == ERR_OK))
			fail_msg("%s: %s", rows[i].doc, err_text(r));
		free(uri);
	}
}

static void pointers_follow_rfc_6901(void **state)
{
	/* The example of RFC 6901 section 5, and what is no pointer. */
	static const struct {
		const char *pointer;
		int want;
	} rows[] = {
		{ "/foo/0", 100 }, { "/foo/1", 101 }, { "/", 0 }, { "/a~1b", 1 }, { "/c%d", 2 }, { "/e^f", 3 }, { "/g|h", 4 },
		{ "/i\\j", 5 }, { "/k\"l", 6 }, { "/ ", 7 }, { "/m~0n", 8 }, { "/foo/2", -1 }, { "/foo/00", -1 }, { "/foo/-", -1 },
		{ "/foo/0/x", -1 }, { "foo", -1 }, { "/nope", -1 }, { "/m~2n", -1 }, { "/m~", -1 }, { "/foo/9999999999999999999", -1 },
	};
	json_t *root = json_loads("{\"foo\":[100,101],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,"
		"\"k\\\"l\":6,\" \":7,\"m~n\":8}", 0, NULL);

	(void)state;
	assert_non_null(root);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *v = jsonptr_get(root, rows[i].pointer);

		if ((v == NULL ? -1 : (int)json_integer_value(v)) != rows[i].want)
			fail_msg("%s", rows[i].pointer);
	}
	assert_ptr_equal(jsonptr_get(root, ""), root);
	assert_false(jsonptr_ok("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"));
	json_decref(root);
}

static void globs_match_whole_texts(void **state)
{
	static const struct {
		const char *glob, *text;
		bool want;
	} rows[] = {
		{ "a", "a", true }, { "a", "ab", false }, { "a", "ba", false }, { "*", "", true }, { "*", "a/b", true },
		{ "repo:acme/infra:*", "repo:acme/infra:ref:main", true }, { "repo:acme/infra:*", "repo:acme/infra-x:ref", false },
		{ "*a*b", "xaxxab", true }, { "*a*b", "xaxxabc", false }, { "?", "", false }, { "?", "\xc3\xa9", true },
		{ "??", "\xc3\xa9", false }, { "a*", "a", true }, { "**a**", "a", true }, { "[ab]", "a", false }, { "\\*", "*", false },
		{ "", "", true }, { "", "a", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (text_glob(rows[i].glob, rows[i].text) != rows[i].want)
			fail_msg("%s on %s", rows[i].glob, rows[i].text);
	}
	/* No blow-up: 40 stars on a text that almost matches. */
	assert_false(text_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void text_is_readable_or_refused(void **state)
{
	static const char *const good[] = { "a", "a b", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "~" };
	static const char *const bad[] = { "", "\x01", "a\n", "\x7f", "\xc2\x9b", "\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xe2\x80\xae", "\xe2\x80\x8b", "\xe2\x81\xa6", "\xef\xbb\xbf", "\xc3", "\xe2\x82", "\xef\xbf\xbe",
		"\xf3\xa0\x81\x81", "\xe2\x80\xa8" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(text_ok(good[i], strlen(good[i]), 10));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (text_ok(bad[i], strlen(bad[i]), 10))
			fail_msg("text %zu was taken", i);
	}
	assert_false(text_ok("aaa", 3, 2));
	assert_false(text_ok("a\0b", 3, 9));
}

static void base64_has_one_spelling(void **state)
{
	static const struct {
		enum b64 kind;
		const char *s;
		int want; /* length, or < 0 */
	} rows[] = {
		{ B64_URL, "", 0 }, { B64_URL, "AA", 1 }, { B64_URL, "AAA", 2 }, { B64_URL, "AAAA", 3 }, { B64_URL, "A", -1 },
		{ B64_URL, "AB", -1 }, { B64_URL, "AAB", -1 }, { B64_URL, "AA==", -1 }, { B64_URL, "A+", -1 }, { B64_URL, "-_8", 2 },
		{ B64_URL, "AA\n", -1 }, { B64_URL, "A A", -1 }, { B64_STD, "AA==", 1 }, { B64_STD, "AA", -1 }, { B64_STD, "AAA=", 2 },
		{ B64_STD, "A===", -1 }, { B64_STD, "====", -1 }, { B64_STD, "AA=A", -1 }, { B64_STD, "AB==", -1 }, { B64_STD, "+/8=", 2 },
		{ B64_STD, "-_8=", -1 }, { B64_STD, "AA==AA==", -1 },
	};
	uint8_t bytes[70];
	struct buf b, again;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r;

		buf_init(&b, 16);
		r = b64_decode(rows[i].kind, rows[i].s, strlen(rows[i].s), &b);
		if ((r < 0 ? -1 : (int)b.len) != rows[i].want || (r < 0 && b.len != 0))
			fail_msg("%s: %d", rows[i].s, r);
		buf_free(&b);
	}
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(i * 37 + n);
		for (int kind = 0; kind < 2; kind++) {
			buf_init(&b, 128);
			buf_init(&again, 128);
			assert_int_equal(b64_encode((enum b64)kind, bytes, n, &b), ERR_OK);
			assert_int_equal(b64_decode((enum b64)kind, buf_cstr(&b), b.len, &again), ERR_OK);
			assert_int_equal(again.len, n);
			assert_true(n == 0 || memcmp(buf_ptr(&again), bytes, n) == 0);
			buf_free(&b);
			buf_free(&again);
		}
	}
}

#define TEXT "{\"issuer\":\"a\",\"iss\":\"https://a\",\"subject\":\"s\",\"groups\":[\"g\",\"h\"],\"exp\":1}"

static void an_identity_has_one_text(void **state)
{
	static const char *const bad[] = {
		"", "{}", "[]", "null",
		" " TEXT, TEXT "\n", /* white space */
		"{\"iss\":\"https://a\",\"issuer\":\"a\",\"subject\":\"s\",\"groups\":[],\"exp\":1}", /* order */
		"{\"issuer\":\"a\",\"iss\":\"https://a\",\"subject\":\"s\",\"groups\":[\"h\",\"g\"],\"exp\":1}",
		"{\"issuer\":\"a\",\"iss\":\"https://a\",\"subject\":\"s\",\"groups\":[\"g\",\"g\"],\"exp\":1}",
		"{\"issuer\":\"a\",\"iss\":\"https://a\",\"subject\":\"s\",\"groups\":[],\"admin\":true,\"exp\":1}",
		"{\"issuer\":\"a\",\"iss\":\"https://a\",\"subject\":\"\\u0073\",\"groups\":[],\"exp\":1}", /* spelling */
		"{\"issuer\":\"a\",\"iss\":\"https://a\",\"subject\":\"s\\u0007\",\"groups\":[],\"exp\":1}",
		"{\"issuer\":\"A\",\"iss\":\"https://a\",\"subject\":\"s\",\"groups\":[],\"exp\":1}",
		"{\"issuer\":\"a\",\"iss\":\"https://a\",\"subject\":\"s\",\"groups\":[],\"exp\":0}",
		"{\"issuer\":\"a\",\"iss\":\"https://a\",\"subject\":\"s\",\"groups\":[],\"exp\":\"1\"}",
		"{\"issuer\":\"a\",\"iss\":\"https://a\",\"subject\":\"s\",\"groups\":[]}",
		"{\"issuer\":\"a\",\"iss\":\"https://a\",\"subject\":\"s\",\"groups\":[],\"via\":[\"v\"],\"exp\":1}",
		"{\"issuer\":\"a\",\"iss\":\"https://a\",\"subject\":\"s\",\"subject\":\"s\",\"groups\":[],\"exp\":1}",
	};
	static const char full[] = "{\"issuer\":\"a\",\"iss\":\"https://a\",\"subject\":\"\\u00E9\\uD83D\\uDE00\\\"\",\"groups\":[],"
		"\"on_behalf_of\":\"p\",\"via\":[\"v\"],\"email\":\"e@x\",\"name\":\"N\",\"jti\":\"j\",\"iat\":1,\"exp\":2}";
	struct identity *id;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (identity_parse(bad[i], strlen(bad[i]), &id, NULL) == ERR_OK || id != NULL)
			fail_msg("%s", bad[i]);
	}
	assert_int_equal(identity_parse(full, strlen(full), &id, NULL), ERR_OK);
	assert_string_equal(id->subject, "\xc3\xa9\xf0\x9f\x98\x80\"");
	assert_int_equal(identity_text(id, &text, NULL), ERR_OK);
	assert_string_equal(text, full);
	free(text);
	identity_free(id);
	assert_int_equal(identity_parse(TEXT, strlen(TEXT), &id, NULL), ERR_OK);
	assert_true(identity_in_group(id, "g"));
	assert_false(identity_in_group(id, "i"));
	identity_free(id);
}

static struct identity *person(const char *iss, const char *subject, const char *for_whom, const char *email)
{
	struct identity *id = calloc(1, sizeof(*id));

	id->issuer = strdup("a");
	id->iss = strdup(iss);
	id->subject = strdup(subject);
	id->on_behalf_of = for_whom == NULL ? NULL : strdup(for_whom);
	id->email = email == NULL ? NULL : strdup(email);
	id->exp = 1;
	return id;
}

/* P3: nobody approves what they, or an agent of theirs, asked for. */
static void one_person_is_recognised(void **state)
{
	static const struct {
		const char *a[4], *b[4]; /* iss, subject, on_behalf_of, email */
		bool want;
	} rows[] = {
		{ { "i", "x", NULL, NULL }, { "i", "x", NULL, NULL }, true },
		{ { "i", "x", NULL, NULL }, { "j", "x", NULL, NULL }, false },
		{ { "i", "x", NULL, NULL }, { "i", "y", NULL, NULL }, false },
		{ { "i", "bot", "x", NULL }, { "i", "x", NULL, NULL }, true },
		{ { "i", "x", NULL, NULL }, { "i", "bot", "x", NULL }, true },
		{ { "i", "bot", "x", NULL }, { "i", "bot2", "x", NULL }, true },
		{ { "i", "bot", "x", NULL }, { "i", "bot", "y", NULL }, true },
		{ { "i", "x", NULL, "P@e" }, { "j", "y", NULL, "p@E" }, true },
		{ { "i", "x", NULL, "p@e" }, { "i", "y", NULL, "q@e" }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct identity *a = person(rows[i].a[0], rows[i].a[1], rows[i].a[2], rows[i].a[3]);
		struct identity *b = person(rows[i].b[0], rows[i].b[1], rows[i].b[2], rows[i].b[3]);

		if (identity_may_be_same(a, b) != rows[i].want)
			fail_msg("row %zu", i);
		identity_free(a);
		identity_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unfit_keys_are_left_out),
		cmocka_unit_test(sets_have_bounds),
		cmocka_unit_test(a_storm_costs_one_fetch_in_thirty_seconds),
		cmocka_unit_test(old_sets_are_refreshed_and_replaced),
		cmocka_unit_test(discovery_is_held_to_its_issuer),
		cmocka_unit_test(pointers_follow_rfc_6901),
		cmocka_unit_test(globs_match_whole_texts),
		cmocka_unit_test(text_is_readable_or_refused),
		cmocka_unit_test(base64_has_one_spelling),
		cmocka_unit_test(an_identity_has_one_text),
		cmocka_unit_test(one_person_is_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

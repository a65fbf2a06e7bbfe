# identity: OIDC token to identity, JWKS, OpenSSH certificates and signatures. Pure: libcrypto and jansson, no I/O.
# libfetch.a is the one part that talks to the network (curl), for the control process.
noinst_LIBRARIES += libidentity.a
libidentity_a_SOURCES = identity/b64.c identity/b64.h identity/cidr.c identity/cidr.h identity/pkey.c identity/pkey.h identity/ossl.h \
	identity/sshkey.c identity/sshkey.h identity/sshcert.c identity/sshcert.h identity/sshcert_check.c \
	identity/text.c identity/text.h identity/identity.c identity/identity.h identity/jsonptr.c identity/jsonptr.h \
	identity/issuer.c identity/issuer.h identity/issuer_conf.c identity/issuer_conf.h identity/jws.c identity/jws.h identity/jwks.c identity/jwks.h \
	identity/claims.c identity/claims.h identity/token.c identity/token.h \
	identity/jwks_cache.c identity/jwks_cache.h identity/sshsig.c identity/sshsig.h identity/sshsig_allowed.c
libidentity_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
IDENTITY_LIBS = libidentity.a libyamltree.a libbase.a $(CRYPTO_LIBS) $(JANSSON_LIBS) $(YAML_LIBS)

noinst_LIBRARIES += libfetch.a
libfetch_a_SOURCES = identity/http_fetch.c identity/http_fetch.h identity/fetch.c identity/fetch.h
libfetch_a_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS)
FETCH_LIBS = libfetch.a $(IDENTITY_LIBS) $(CURL_LIBS) -lpthread

if HAVE_CMOCKA
noinst_LIBRARIES += libmint.a
libmint_a_SOURCES = tests/unit/identity_mint.c tests/unit/identity_mint.h
libmint_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
IDENTITY_TEST_LIBS = libmint.a $(IDENTITY_LIBS) $(CMOCKA_LIBS)

IDENTITY_TESTS = tests/unit/identity_token tests/unit/identity_sshcert tests/unit/identity_sshsig \
	tests/unit/identity_issuers tests/unit/identity_keys tests/unit/identity_fixtures
check_PROGRAMS += $(IDENTITY_TESTS)
TESTS += $(IDENTITY_TESTS)
tests_unit_identity_token_SOURCES = tests/unit/identity_token.c tests/unit/unit.h
tests_unit_identity_token_LDADD = $(IDENTITY_TEST_LIBS)
tests_unit_identity_sshcert_SOURCES = tests/unit/identity_sshcert.c tests/unit/unit.h
tests_unit_identity_sshcert_LDADD = $(IDENTITY_TEST_LIBS)
tests_unit_identity_sshsig_SOURCES = tests/unit/identity_sshsig.c tests/unit/unit.h
tests_unit_identity_sshsig_LDADD = $(IDENTITY_TEST_LIBS)
tests_unit_identity_issuers_SOURCES = tests/unit/identity_issuers.c tests/unit/unit.h
tests_unit_identity_issuers_LDADD = $(IDENTITY_TEST_LIBS)
tests_unit_identity_fixtures_SOURCES = tests/unit/identity_fixtures.c tests/unit/unit.h
tests_unit_identity_fixtures_LDADD = $(IDENTITY_LIBS) $(CMOCKA_LIBS)
tests_unit_identity_keys_SOURCES = tests/unit/identity_keys.c tests/unit/unit.h
tests_unit_identity_keys_LDADD = libmint.a $(FETCH_LIBS) $(CMOCKA_LIBS)
endif

# Our code with arguments, for the end-to-end tests of this room; they need nothing of the daemon.
if HAVE_CMOCKA
noinst_PROGRAMS += tests/e2e/identity_tool
tests_e2e_identity_tool_SOURCES = tests/e2e/identity_tool.c
tests_e2e_identity_tool_LDADD = libmint.a $(FETCH_LIBS)
endif
EXTRA_DIST += tests/e2e/idp.sh tests/e2e/idp/package.json tests/e2e/idp/package-lock.json tests/e2e/idp/server.mjs \
	tests/e2e/idp/bad.mjs tests/e2e/60-token-real-provider.sh tests/e2e/61-fetch-bounds.sh \
	tests/e2e/62-certificates-openssh.sh tests/e2e/63-sshsig-openssh.sh

ISSUER_FIXTURES = github gitlab kubernetes entra okta google
EXTRA_DIST += $(ISSUER_FIXTURES:%=tests/fixtures/issuers/%.yaml) $(ISSUER_FIXTURES:%=tests/fixtures/issuers/%.json)
EXTRA_DIST += tests/fixtures/tokens/make tests/fixtures/tokens/jwks.json tests/fixtures/tokens/good.jsonl tests/fixtures/tokens/bad.jsonl

check_PROGRAMS += tests/fuzz/fuzz_token tests/fuzz/fuzz_jwks tests/fuzz/fuzz_sshcert tests/fuzz/fuzz_sshsig
TESTS += tests/fuzz/identity-corpora.sh
EXTRA_DIST += tests/fuzz/identity-corpora.sh tests/fuzz/corpus/token tests/fuzz/corpus/jwks tests/fuzz/corpus/sshcert tests/fuzz/corpus/sshsig
if FUZZER
IDENTITY_REPLAY =
else
IDENTITY_REPLAY = tests/fuzz/replay.c
endif
tests_fuzz_fuzz_token_SOURCES = tests/fuzz/fuzz_token.c $(IDENTITY_REPLAY)
tests_fuzz_fuzz_token_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_token_LDADD = $(IDENTITY_LIBS)
tests_fuzz_fuzz_jwks_SOURCES = tests/fuzz/fuzz_jwks.c $(IDENTITY_REPLAY)
tests_fuzz_fuzz_jwks_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_jwks_LDADD = $(FETCH_LIBS)
tests_fuzz_fuzz_sshcert_SOURCES = tests/fuzz/fuzz_sshcert.c $(IDENTITY_REPLAY)
tests_fuzz_fuzz_sshcert_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_sshcert_LDADD = $(IDENTITY_LIBS)
tests_fuzz_fuzz_sshsig_SOURCES = tests/fuzz/fuzz_sshsig.c $(IDENTITY_REPLAY)
tests_fuzz_fuzz_sshsig_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_sshsig_LDADD = $(IDENTITY_LIBS)

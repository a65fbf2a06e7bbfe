# identity: OIDC token to identity, JWKS, OpenSSH certificates and signatures. Pure: libcrypto and jansson, no I/O.
# libfetch.a is the one part that talks to the network (curl), for the control process.
noinst_LIBRARIES += libidentity.a
libidentity_a_SOURCES = identity/b64.c identity/b64.h identity/cidr.c identity/cidr.h identity/pkey.c identity/pkey.h identity/ossl.h \
	identity/sshkey.c identity/sshkey.h identity/sshcert.c identity/sshcert.h identity/sshcert_check.c \
	identity/text.c identity/text.h identity/identity.c identity/identity.h identity/jsonptr.c identity/jsonptr.h \
	identity/issuer.c identity/issuer.h identity/issuer_conf.c identity/issuer_conf.h identity/jws.c identity/jws.h identity/jwks.c identity/jwks.h \
	identity/claims.c identity/claims.h identity/token.c identity/token.h
libidentity_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
IDENTITY_LIBS = libidentity.a libbase.a $(CRYPTO_LIBS) $(JANSSON_LIBS)

if HAVE_CMOCKA
noinst_LIBRARIES += libmint.a
libmint_a_SOURCES = tests/unit/identity_mint.c tests/unit/identity_mint.h
libmint_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
IDENTITY_TEST_LIBS = libmint.a $(IDENTITY_LIBS) $(CMOCKA_LIBS)

IDENTITY_TESTS = tests/unit/identity_token
check_PROGRAMS += $(IDENTITY_TESTS)
TESTS += $(IDENTITY_TESTS)
tests_unit_identity_token_SOURCES = tests/unit/identity_token.c tests/unit/unit.h
tests_unit_identity_token_LDADD = $(IDENTITY_TEST_LIBS)
endif

# identity: OIDC token to identity, JWKS, OpenSSH certificates and signatures. Pure: libcrypto and jansson, no I/O.
# libfetch.a is the one part that talks to the network (curl), for the control process.
noinst_LIBRARIES += libidentity.a
libidentity_a_SOURCES = identity/b64.c identity/b64.h identity/cidr.c identity/cidr.h identity/pkey.c identity/pkey.h identity/ossl.h \
	identity/sshkey.c identity/sshkey.h identity/sshcert.c identity/sshcert.h identity/sshcert_check.c
libidentity_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
IDENTITY_LIBS = libidentity.a libbase.a $(CRYPTO_LIBS) $(JANSSON_LIBS)

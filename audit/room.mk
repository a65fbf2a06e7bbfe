# audit: events to canonical lines, chain, tree, checkpoints, verification, export.
noinst_LIBRARIES += libaudit.a
libaudit_a_SOURCES = audit/digest.c audit/digest.h audit/crypto.h audit/merkle.c audit/merkle.h
libaudit_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)

AUDIT_LIBS = libaudit.a libbase.a $(JANSSON_LIBS) $(CRYPTO_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/audit_merkle
TESTS += tests/unit/audit_merkle
tests_unit_audit_merkle_SOURCES = tests/unit/audit_merkle.c tests/unit/unit.h
tests_unit_audit_merkle_LDADD = $(AUDIT_LIBS) $(CMOCKA_LIBS)
endif

# audit: events to canonical lines, chain, tree, checkpoints, verification, export.
noinst_LIBRARIES += libaudit.a
libaudit_a_SOURCES = audit/digest.c audit/digest.h audit/merkle.c audit/merkle.h \
	audit/chain.c audit/chain.h audit/events.c audit/events.h audit/events.tbl audit/filter.c audit/filter.h audit/ocsf.c audit/ocsf.h audit/syslog.c audit/syslog.h audit/checkpoint.c audit/checkpoint.h \
	audit/trust.c audit/trust.h audit/witness.c audit/witness.h \
	audit/segments.c audit/segments.h audit/follow.c audit/follow.h audit/log.c audit/log.h audit/log_impl.h audit/open.c \
	audit/verify.c audit/verify.h audit/verify_impl.h audit/verify_keys.c audit/verify_dir.c audit/verify_dir.h \
	audit/verify_recordings.c audit/verify_recordings.h
libaudit_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)

AUDIT_LIBS = libaudit.a libidentity.a libbase.a $(JANSSON_LIBS) $(CRYPTO_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/audit_merkle tests/unit/audit_log tests/unit/audit_verify tests/unit/audit_events tests/unit/audit_witness
TESTS += tests/unit/audit_merkle tests/unit/audit_log tests/unit/audit_verify tests/unit/audit_events tests/unit/audit_witness
tests_unit_audit_witness_SOURCES = tests/unit/audit_witness.c tests/unit/unit.h tests/unit/fixture.c tests/unit/fixture.h
tests_unit_audit_witness_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_audit_witness_LDADD = $(AUDIT_LIBS) $(CMOCKA_LIBS)
tests_unit_audit_log_SOURCES = tests/unit/audit_log.c tests/unit/unit.h
tests_unit_audit_log_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_audit_log_LDADD = $(AUDIT_LIBS) $(CMOCKA_LIBS)
tests_unit_audit_merkle_SOURCES = tests/unit/audit_merkle.c tests/unit/unit.h
tests_unit_audit_merkle_LDADD = $(AUDIT_LIBS) $(CMOCKA_LIBS)
tests_unit_audit_events_SOURCES = tests/unit/audit_events.c tests/unit/unit.h
tests_unit_audit_events_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_audit_events_LDADD = $(AUDIT_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += docs/events.md docs/auditor.md
tests_unit_audit_verify_SOURCES = tests/unit/audit_verify.c tests/unit/unit.h tests/unit/fixture.c tests/unit/fixture.h
tests_unit_audit_verify_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_audit_verify_LDADD = $(AUDIT_LIBS) $(CMOCKA_LIBS)
endif

noinst_PROGRAMS += tests/bench/audit
tests_bench_audit_SOURCES = tests/bench/audit.c
tests_bench_audit_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_bench_audit_LDADD = $(AUDIT_LIBS)

check_PROGRAMS += tests/security/tamper
TESTS += tests/security/tamper
tests_security_tamper_SOURCES = tests/security/tamper.c tests/unit/fixture.c tests/unit/fixture.h
tests_security_tamper_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)
tests_security_tamper_LDADD = $(AUDIT_LIBS)

dist_check_SCRIPTS += tests/tree/events.sh
TESTS += tests/tree/events.sh

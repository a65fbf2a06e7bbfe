# recorder: frames from a session worker to compressed asciicast on disk. libframe.a is the part the worker links.
noinst_LIBRARIES += libframe.a librecorder.a
libframe_a_SOURCES = recorder/frame.c recorder/frame.h
librecorder_a_SOURCES = recorder/asciicast.c recorder/asciicast_read.c recorder/asciicast.h recorder/utf8.h recorder/sink.c recorder/seal.c recorder/seal.h recorder/seal_scan.c recorder/seal_scan.h \
	recorder/sink.h recorder/recording.c recorder/recording.h recorder/repair.c recorder/repair.h
librecorder_a_CPPFLAGS = $(AM_CPPFLAGS) $(ZLIB_CFLAGS) $(ISAL_CFLAGS) $(CRYPTO_CFLAGS)

RECORDER_LIBS = librecorder.a libframe.a libbase.a $(ZLIB_LIBS) $(ISAL_LIBS) $(CRYPTO_LIBS)

pkglibexec_PROGRAMS += sallyport-recorder
sallyport_recorder_SOURCES = recorder/recorderd.c recorder/forget.c recorder/forget.h
sallyport_recorder_LDADD = librecorder.a libframe.a libsandbox.a libbase.a $(ZLIB_LIBS) $(ISAL_LIBS) $(RECORDER_CRYPTO_LIBS) $(SECCOMP_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/recorder_frame tests/unit/recorder_asciicast tests/unit/recorder_process tests/unit/cli_termsafe
TESTS += tests/unit/recorder_frame tests/unit/recorder_asciicast tests/unit/recorder_process tests/unit/cli_termsafe
tests_unit_recorder_frame_SOURCES = tests/unit/recorder_frame.c tests/unit/unit.h
tests_unit_recorder_frame_LDADD = libframe.a libbase.a $(CMOCKA_LIBS)
tests_unit_recorder_asciicast_SOURCES = tests/unit/recorder_asciicast.c tests/unit/unit.h
tests_unit_recorder_asciicast_LDADD = $(RECORDER_LIBS) $(CMOCKA_LIBS)
tests_unit_recorder_process_SOURCES = tests/unit/recorder_process.c tests/unit/unit.h
tests_unit_recorder_process_LDADD = $(RECORDER_LIBS) $(CMOCKA_LIBS)
tests_unit_cli_termsafe_SOURCES = tests/unit/cli_termsafe.c cli/termsafe.c tests/unit/unit.h
tests_unit_cli_termsafe_LDADD = libbase.a $(CMOCKA_LIBS)
EXTRA_tests_unit_recorder_process_DEPENDENCIES = sallyport-recorder$(EXEEXT)
endif

noinst_PROGRAMS += tests/bench/recorder
tests_bench_recorder_SOURCES = tests/bench/recorder.c
tests_bench_recorder_LDADD = $(RECORDER_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_asciicast tests/fuzz/fuzz_frame tests/fuzz/fuzz_seal tests/fuzz/fuzz_witness tests/fuzz/fuzz_audit tests/fuzz/fuzz_termsafe
TESTS += tests/fuzz/audit-corpora.sh
EXTRA_DIST += tests/fuzz/audit-corpora.sh tests/fuzz/corpus/asciicast tests/fuzz/corpus/frame tests/fuzz/corpus/seal tests/fuzz/corpus/witness tests/fuzz/corpus/audit tests/fuzz/corpus/termsafe
if FUZZER
RECORDER_REPLAY =
else
RECORDER_REPLAY = tests/fuzz/replay.c
endif
tests_fuzz_fuzz_asciicast_SOURCES = tests/fuzz/fuzz_asciicast.c $(RECORDER_REPLAY)
tests_fuzz_fuzz_asciicast_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_asciicast_LDADD = $(RECORDER_LIBS)
tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c $(RECORDER_REPLAY)
tests_fuzz_fuzz_frame_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_frame_LDADD = libframe.a libbase.a
tests_fuzz_fuzz_audit_SOURCES = tests/fuzz/fuzz_audit.c $(RECORDER_REPLAY)
tests_fuzz_fuzz_audit_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_audit_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_audit_LDADD = $(AUDIT_LIBS)
tests_fuzz_fuzz_termsafe_SOURCES = tests/fuzz/fuzz_termsafe.c cli/termsafe.c $(RECORDER_REPLAY)
tests_fuzz_fuzz_termsafe_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_termsafe_LDADD = libbase.a
tests_fuzz_fuzz_seal_SOURCES = tests/fuzz/fuzz_seal.c $(RECORDER_REPLAY)
tests_fuzz_fuzz_seal_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_seal_LDADD = librecorder.a libbase.a
tests_fuzz_fuzz_witness_SOURCES = tests/fuzz/fuzz_witness.c $(RECORDER_REPLAY)
tests_fuzz_fuzz_witness_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_witness_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_witness_LDADD = $(AUDIT_LIBS)

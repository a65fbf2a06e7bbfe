# Tests of the tree itself: who includes what, who links what.
AM_TESTS_ENVIRONMENT = srcdir='$(srcdir)'; export srcdir; top_builddir='$(top_builddir)'; export top_builddir;
dist_check_SCRIPTS += tests/tree/includes.sh tests/tree/links.sh
TESTS += tests/tree/includes.sh tests/tree/links.sh
EXTRA_DIST += tests/run

# Fuzz targets of what several rooms share, and the command that runs them all.
hold_fuzz = tests/fuzz/fuzz_ipc tests/fuzz/fuzz_daemon_config tests/fuzz/fuzz_recording tests/fuzz/fuzz_control
check_PROGRAMS += $(hold_fuzz)
TESTS += tests/fuzz/process-corpora.sh
EXTRA_DIST += tests/fuzz/process-corpora.sh tests/fuzz/run tests/fuzz/corpus/ipc tests/fuzz/corpus/recording tests/fuzz/corpus/daemon_config \
	tests/fuzz/corpus/control
if FUZZER
HOLD_REPLAY =
else
HOLD_REPLAY = tests/fuzz/replay.c
endif
tests_fuzz_fuzz_ipc_SOURCES = tests/fuzz/fuzz_ipc.c $(HOLD_REPLAY)
tests_fuzz_fuzz_ipc_LDADD = libbase.a
tests_fuzz_fuzz_ipc_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_daemon_config_SOURCES = tests/fuzz/fuzz_daemon_config.c server/config.c server/config.h server/penalty.c server/penalty.h $(HOLD_REPLAY)
tests_fuzz_fuzz_daemon_config_LDADD = libyamltree.a libbase.a $(YAML_LIBS)
tests_fuzz_fuzz_daemon_config_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_recording_SOURCES = tests/fuzz/fuzz_recording.c cli/cast.c cli/cast.h cli/unseal.c cli/unseal.h $(HOLD_REPLAY)
tests_fuzz_fuzz_recording_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(ZLIB_CFLAGS)
tests_fuzz_fuzz_recording_LDADD = librecorder.a libframe.a libsandbox.a libbase.a $(JANSSON_LIBS) $(ZLIB_LIBS) $(ISAL_LIBS) $(CRYPTO_LIBS) $(SECCOMP_LIBS)
tests_fuzz_fuzz_recording_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_control_SOURCES = tests/fuzz/fuzz_control.c $(HOLD_REPLAY)
tests_fuzz_fuzz_control_CPPFLAGS = $(libapprove_a_CPPFLAGS)
tests_fuzz_fuzz_control_LDADD = $(APPROVE_LIBS)
tests_fuzz_fuzz_control_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

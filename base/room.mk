# base: the floor for all rooms. libbase.a links nothing but libc; libyamltree.a (strict YAML) is apart, so that the
# programs that read no files do not carry libyaml.
noinst_LIBRARIES += libbase.a libyamltree.a libsandbox.a
libsandbox_a_SOURCES = base/sandbox.c base/sandbox.h base/landlock.c base/landlock.h
libsandbox_a_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)
libbase_a_SOURCES = base/err.c base/err.h base/buf.c base/buf.h base/ipc.c base/ipc.h base/proto.c base/proto.h \
	base/loop.c base/loop.h base/log.c base/log.h base/process.c base/process.h base/lastgood.c base/lastgood.h base/zygote.c base/zygote.h
libbase_a_CPPFLAGS = $(AM_CPPFLAGS) -DPKGLIBEXECDIR=\"$(pkglibexecdir)\"
libyamltree_a_SOURCES = base/yaml.c base/yaml.h
libyamltree_a_CPPFLAGS = $(AM_CPPFLAGS) $(YAML_CFLAGS)

if HAVE_CMOCKA
base_tests = tests/unit/base_buf tests/unit/base_ipc tests/unit/base_log tests/unit/base_sandbox
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
tests_unit_base_sandbox_SOURCES = tests/unit/base_sandbox.c tests/unit/unit.h
tests_unit_base_sandbox_LDADD = libsandbox.a libbase.a $(SECCOMP_LIBS) $(CMOCKA_LIBS) -lpthread
tests_unit_base_log_SOURCES = tests/unit/base_log.c tests/unit/unit.h
tests_unit_base_log_LDADD = libbase.a $(CMOCKA_LIBS)
tests_unit_base_ipc_SOURCES = tests/unit/base_ipc.c tests/unit/unit.h
tests_unit_base_ipc_LDADD = libbase.a $(CMOCKA_LIBS)
tests_unit_base_buf_SOURCES = tests/unit/base_buf.c tests/unit/unit.h
tests_unit_base_buf_LDADD = libbase.a $(CMOCKA_LIBS)
endif

# Plain main() of a fuzz target: replays a corpus. With --enable-fuzzer libFuzzer brings main() instead.
EXTRA_DIST += tests/fuzz/replay.c

# base: the floor for all rooms. Links nothing but libc.
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = base/err.c base/err.h base/buf.c base/buf.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/base_buf
TESTS += tests/unit/base_buf
tests_unit_base_buf_SOURCES = tests/unit/base_buf.c tests/unit/unit.h
tests_unit_base_buf_LDADD = libbase.a $(CMOCKA_LIBS)
endif

# Masking: streaming redaction. Links libbase, libcrypto (HMAC), PCRE2 (custom rules), libyaml.
noinst_LIBRARIES += libmask.a
libmask_a_SOURCES = policy/mask.h policy/mask_int.h policy/mask_stream.h policy/mask_address.c policy/mask_block.c policy/mask_bound.c \
	policy/mask_field.c policy/mask_load.c policy/mask_number.c policy/mask_regex.c policy/mask_scan.c policy/mask_set.c \
	policy/mask_stream.c policy/mask_tag.c policy/mask_token.c policy/mask_tty.c
libmask_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(PCRE2_CFLAGS) $(YAML_CFLAGS)
MASK_LIBS = libmask.a libyamltree.a libbase.a $(CRYPTO_LIBS) $(PCRE2_LIBS) $(YAML_LIBS)

noinst_PROGRAMS += tests/bench/mask
tests_bench_mask_SOURCES = tests/bench/mask.c
tests_bench_mask_LDADD = $(MASK_LIBS)

if HAVE_CMOCKA
mask_tests = tests/unit/mask_stream
check_PROGRAMS += $(mask_tests)
TESTS += $(mask_tests)
tests_unit_mask_stream_SOURCES = tests/unit/mask_stream.c tests/unit/mask_cases.h tests/unit/unit.h
tests_unit_mask_stream_LDADD = $(MASK_LIBS) $(CMOCKA_LIBS)
endif

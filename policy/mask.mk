# Masking: streaming redaction. Links libbase, libcrypto (HMAC), PCRE2 (custom rules), libyaml.
noinst_LIBRARIES += libmask.a
libmask_a_SOURCES = policy/mask.h policy/mask_block.h policy/mask_int.h policy/mask_stream.h policy/mask_address.c \
	policy/mask_block.c policy/mask_bound.c policy/mask_emit.c policy/mask_field.c policy/mask_field.h policy/mask_field_value.c \
	policy/mask_program.c policy/mask_k8s.c policy/mask_load.c \
	policy/mask_number.c policy/mask_pem.c policy/mask_regex.c policy/mask_scan.c policy/mask_set.c policy/mask_stream.c \
	policy/mask_tag.c policy/mask_token.c policy/mask_tty.c policy/mask_value.c
libmask_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(PCRE2_CFLAGS) $(YAML_CFLAGS)
MASK_LIBS = libmask.a libyamltree.a libbase.a $(CRYPTO_LIBS) $(PCRE2_LIBS) $(YAML_LIBS)

noinst_PROGRAMS += tests/bench/mask tests/bench/mask_false_alarms
tests_bench_mask_SOURCES = tests/bench/mask.c
tests_bench_mask_LDADD = $(MASK_LIBS)
tests_bench_mask_false_alarms_SOURCES = tests/bench/mask_false_alarms.c
tests_bench_mask_false_alarms_LDADD = $(MASK_LIBS)

if HAVE_CMOCKA
mask_tests = tests/unit/mask_stream tests/unit/mask_load
check_PROGRAMS += $(mask_tests)
TESTS += $(mask_tests)
tests_unit_mask_stream_SOURCES = tests/unit/mask_stream.c tests/unit/mask_cases.h tests/unit/unit.h
tests_unit_mask_stream_LDADD = $(MASK_LIBS) $(CMOCKA_LIBS)
tests_unit_mask_load_SOURCES = tests/unit/mask_load.c tests/unit/unit.h
tests_unit_mask_load_LDADD = $(MASK_LIBS) $(CMOCKA_LIBS)
endif

# The stream against the reference; make check replays a corpus that is made on the spot.
check_PROGRAMS += tests/fuzz/fuzz_mask tests/fuzz/mask_corpus
TESTS += tests/fuzz/mask-corpus.sh
EXTRA_DIST += tests/fuzz/mask-corpus.sh tests/fuzz/corpus/mask docs/masking.md
if FUZZER
MASK_REPLAY =
else
MASK_REPLAY = tests/fuzz/replay.c
endif
tests_fuzz_mask_corpus_SOURCES = tests/fuzz/mask_corpus.c tests/unit/mask_cases.h
tests_fuzz_fuzz_mask_SOURCES = tests/fuzz/fuzz_mask.c tests/fuzz/mask_reference.c tests/fuzz/mask_reference.h $(MASK_REPLAY)
tests_fuzz_fuzz_mask_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_mask_LDADD = $(MASK_LIBS)

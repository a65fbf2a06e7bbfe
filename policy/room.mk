# policy: from a tree to a verdict. libpolicy.a links libshell.a, libyamltree.a, libbase.a and libcrypto (the version's digest).
noinst_LIBRARIES += libpolicy.a libpolicyjson.a libtransfer.a
libtransfer_a_SOURCES = policy/transfer.c policy/transfer.h
libpolicy_a_SOURCES = \
	policy/acts.h policy/policy.h policy/rules.h policy/walk.h \
	policy/answer.c policy/answer.h \
	policy/command.c policy/command.h \
	policy/command_builtin.c \
	policy/command_shell.c \
	policy/command_wrap.c \
	policy/decide.c \
	policy/decide_file.c \
	policy/decide_transfer.c \
	policy/destination.c policy/destination.h \
	policy/embed.h \
	policy/explain.c \
	policy/load.c policy/load.h \
	policy/load_rule.c \
	policy/match.c \
	policy/options.c policy/options_apply.c policy/options_effects.c policy/options_scan.h \
	policy/path.c policy/path.h policy/path_match.c \
	policy/pattern.c policy/pattern_alias.c policy/pattern_fit.h policy/pattern_grant.c policy/pattern_loose.c policy/pattern_match.c \
	policy/pattern_name.c policy/pattern_object.c policy/pattern_option.c policy/pattern_refs.c policy/pattern_signal.c policy/pattern_star.c \
	policy/pattern_within.c policy/pattern_word.c policy/pattern_written.c \
	policy/places.c \
	policy/prog_find.c \
	policy/prog_other.c \
	policy/prog_text.c \
	policy/state.c \
	policy/table.c policy/table.h \
	policy/var_value.c \
	policy/walk.c \
	policy/walk_compound.c \
	policy/walk_integer.c \
	policy/walk_loop.c \
	policy/walk_misread.c \
	policy/walk_simple.c \
	policy/word.c \
	policy/word_arith.c \
	policy/word_brace.c \
	policy/word_build.c policy/word_build.h \
	policy/word_number.c \
	policy/word_param.c
nodist_libpolicy_a_SOURCES = policy/embed.c
libpolicy_a_CPPFLAGS = $(AM_CPPFLAGS) $(YAML_CFLAGS) $(CRYPTO_CFLAGS)

POLICY_EMBED = \
	$(top_srcdir)/policy/tables/effects.tbl \
	$(top_srcdir)/policy/tables/wrappers.tbl \
	$(top_srcdir)/policy/tables/vars.tbl \
	$(top_srcdir)/policy/packs/core.readonly.yaml \
	$(top_srcdir)/policy/packs/core.protected-paths.yaml \
	$(top_srcdir)/policy/packs/core.destructive.yaml
EXTRA_DIST += policy/tables/embed.sh policy/tables/effects.tbl policy/tables/wrappers.tbl policy/tables/vars.tbl \
	policy/packs/core.readonly.yaml policy/packs/core.protected-paths.yaml policy/packs/core.destructive.yaml
BUILT_SOURCES += policy/embed.c
CLEANFILES += policy/embed.c
policy/embed.c: $(POLICY_EMBED) $(top_srcdir)/policy/tables/embed.sh
	$(AM_V_GEN)mkdir -p policy && sh $(top_srcdir)/policy/tables/embed.sh $(POLICY_EMBED) > $@.new && mv $@.new $@

# The one file that reads JSON stands apart.
libpolicyjson_a_SOURCES = policy/jsonl_eval.c
libpolicyjson_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
POLICY_LIBS = libpolicy.a libtransfer.a libshell.a libyamltree.a libbase.a $(YAML_LIBS) $(CRYPTO_LIBS) -lpthread
POLICY_JSON_LIBS = libpolicyjson.a $(POLICY_LIBS) $(JANSSON_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/policy_decide tests/unit/policy_reread tests/unit/policy_load tests/unit/policy_files tests/unit/policy_places tests/unit/policy_patterns tests/unit/policy_permissions
TESTS += tests/unit/policy_decide tests/unit/policy_reread tests/unit/policy_load tests/unit/policy_files tests/unit/policy_places tests/unit/policy_patterns tests/unit/policy_permissions
tests_unit_policy_files_SOURCES = tests/unit/policy_files.c tests/unit/unit.h
tests_unit_policy_files_LDADD = $(POLICY_LIBS) $(CMOCKA_LIBS)
tests_unit_policy_decide_SOURCES = tests/unit/policy_decide.c tests/unit/policy_ask.h tests/unit/unit.h
tests_unit_policy_decide_LDADD = $(POLICY_LIBS) $(CMOCKA_LIBS)
tests_unit_policy_permissions_SOURCES = tests/unit/policy_permissions.c tests/unit/policy_ask.h tests/unit/unit.h
tests_unit_policy_permissions_LDADD = $(POLICY_LIBS) $(CMOCKA_LIBS)
tests_unit_policy_patterns_SOURCES = tests/unit/policy_patterns.c tests/unit/policy_ask.h tests/unit/unit.h
tests_unit_policy_patterns_LDADD = $(POLICY_LIBS) $(CMOCKA_LIBS)
tests_unit_policy_places_SOURCES = tests/unit/policy_places.c tests/unit/policy_ask.h tests/unit/unit.h
tests_unit_policy_places_LDADD = $(POLICY_LIBS) $(CMOCKA_LIBS)
tests_unit_policy_reread_SOURCES = tests/unit/policy_reread.c tests/unit/unit.h
tests_unit_policy_reread_LDADD = $(POLICY_LIBS) $(CMOCKA_LIBS)
tests_unit_policy_reread_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=shell_render
tests_unit_policy_load_SOURCES = tests/unit/policy_load.c tests/unit/unit.h
tests_unit_policy_load_LDADD = $(POLICY_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/policy_destination
TESTS += tests/unit/policy_destination
tests_unit_policy_destination_SOURCES = tests/unit/policy_destination.c tests/unit/unit.h
tests_unit_policy_destination_LDADD = $(POLICY_LIBS) $(CMOCKA_LIBS)
endif

TESTS += tests/corpus/bypass.sh tests/corpus/benign.sh tests/corpus/policy-cli.sh tests/corpus/deeds.sh tests/corpus/sound.sh
dist_check_SCRIPTS += tests/corpus/policy-cli.sh tests/corpus/bypass.sh tests/corpus/benign.sh tests/corpus/score.sh tests/corpus/deeds.sh tests/corpus/sound.sh
EXTRA_DIST += tests/corpus/deeds.py tests/corpus/sound.py tests/corpus/sound_text.py
noinst_PROGRAMS += tests/corpus/sound_stub
tests_corpus_sound_stub_SOURCES = tests/corpus/sound_stub.c
EXTRA_DIST += tests/corpus/mutants.py tests/corpus/bypass.jsonl tests/corpus/bypass-own.jsonl tests/corpus/benign.jsonl tests/corpus/benign-own.jsonl

noinst_PROGRAMS += tests/bench/decide
tests_bench_decide_SOURCES = tests/bench/decide.c
tests_bench_decide_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_bench_decide_LDADD = $(POLICY_LIBS) $(JANSSON_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_policy tests/fuzz/fuzz_eval tests/fuzz/fuzz_destination tests/fuzz/fuzz_resolve
TESTS += tests/fuzz/policy-corpora.sh
EXTRA_DIST += tests/fuzz/policy-corpora.sh tests/fuzz/shell.dict tests/fuzz/corpus/policy tests/fuzz/corpus/eval tests/fuzz/corpus/destination
if FUZZER
POLICY_REPLAY =
else
POLICY_REPLAY = tests/fuzz/replay.c
endif
tests_fuzz_fuzz_policy_SOURCES = tests/fuzz/fuzz_policy.c $(POLICY_REPLAY)
tests_fuzz_fuzz_policy_LDADD = $(POLICY_LIBS)
tests_fuzz_fuzz_policy_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_eval_SOURCES = tests/fuzz/fuzz_eval.c $(POLICY_REPLAY)
tests_fuzz_fuzz_eval_LDADD = $(POLICY_LIBS)
tests_fuzz_fuzz_eval_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_destination_SOURCES = tests/fuzz/fuzz_destination.c $(POLICY_REPLAY)
tests_fuzz_fuzz_destination_LDADD = $(POLICY_LIBS)
tests_fuzz_fuzz_destination_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_resolve_SOURCES = tests/fuzz/fuzz_resolve.c $(POLICY_REPLAY)
tests_fuzz_fuzz_resolve_LDADD = $(POLICY_LIBS)
tests_fuzz_fuzz_resolve_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

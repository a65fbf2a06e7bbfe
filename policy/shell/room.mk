# policy/shell: bytes to a syntax tree and back. libshell.a links libbase.a only.
noinst_LIBRARIES += libshell.a libshelljson.a
libshell_a_SOURCES = \
	policy/shell/arena.c policy/shell/arena.h \
	policy/shell/arith.c \
	policy/shell/ast.c policy/shell/ast.h \
	policy/shell/brace.c \
	policy/shell/command.c \
	policy/shell/compound.c \
	policy/shell/cond.c \
	policy/shell/dialect.c policy/shell/dialect.h \
	policy/shell/dialect_name.c \
	policy/shell/dollar.c \
	policy/shell/dump.c policy/shell/dump.h \
	policy/shell/gate.c policy/shell/gate.h \
	policy/shell/glob.c \
	policy/shell/heredoc.c \
	policy/shell/lex.c \
	policy/shell/param.c \
	policy/shell/parse.c policy/shell/parse.h \
	policy/shell/plain.c \
	policy/shell/quote.c \
	policy/shell/render.c policy/shell/render.h \
	policy/shell/render_word.c policy/shell/render_state.h \
	policy/shell/simple.c \
	policy/shell/state.h \
	policy/shell/word.c
# The one file that reads JSON stands apart, so that programs that only decide do not link jansson for it.
libshelljson_a_SOURCES = policy/jsonl_parse.c policy/jsonl_parse.h
libshelljson_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
SHELL_JSON_LIBS = libshelljson.a libshell.a libbase.a $(JANSSON_LIBS)

noinst_PROGRAMS += tests/corpus/shparse
tests_corpus_shparse_SOURCES = tests/corpus/shparse.c
tests_corpus_shparse_LDADD = $(SHELL_JSON_LIBS)

noinst_PROGRAMS += tests/bench/parse
tests_bench_parse_SOURCES = tests/bench/parse.c
tests_bench_parse_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_bench_parse_LDADD = $(SHELL_JSON_LIBS)

# The real shells against the rendering.
noinst_PROGRAMS += tests/corpus/argv_diff tests/corpus/argv_stub
tests_corpus_argv_stub_SOURCES = tests/corpus/argv_stub.c
tests_corpus_argv_diff_SOURCES = tests/corpus/argv_diff.c tests/corpus/argv_gen.c tests/corpus/argv_gen.h
tests_corpus_argv_diff_LDADD = libshell.a libbase.a

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/shell_parse tests/unit/shell_render
TESTS += tests/unit/shell_parse tests/unit/shell_render
tests_unit_shell_parse_SOURCES = tests/unit/shell_parse.c tests/unit/unit.h
tests_unit_shell_parse_LDADD = libshell.a libbase.a $(CMOCKA_LIBS)
tests_unit_shell_render_SOURCES = tests/unit/shell_render.c tests/unit/unit.h
tests_unit_shell_render_LDADD = libshell.a libbase.a $(CMOCKA_LIBS)
endif

TESTS += tests/corpus/parse.sh tests/corpus/argv_diff.sh tests/corpus/accept.sh
dist_check_SCRIPTS += tests/corpus/parse.sh tests/corpus/argv_diff.sh tests/corpus/accept.sh
EXTRA_DIST += tests/corpus/README.md tests/corpus/parse.jsonl tests/corpus/accept_diff.py

check_PROGRAMS += tests/fuzz/fuzz_shell
TESTS += tests/fuzz/shell-corpora.sh
EXTRA_DIST += tests/fuzz/shell-corpora.sh tests/fuzz/corpus/shell
if FUZZER
SHELL_REPLAY =
else
SHELL_REPLAY = tests/fuzz/replay.c
endif
tests_fuzz_fuzz_shell_SOURCES = tests/fuzz/fuzz_shell.c $(SHELL_REPLAY)
tests_fuzz_fuzz_shell_LDADD = libshell.a libbase.a
tests_fuzz_fuzz_shell_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

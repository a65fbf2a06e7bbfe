/* Each text has one canonical rendering, and it is the one written here. */
#include "tests/unit/unit.h"

#include <string.h>

#include "policy/shell/parse.h"
#include "policy/shell/render.h"

#define B DIALECT_BASH
#define D DIALECT_DASH
#define Z DIALECT_ZSH
#define M DIALECT_MKSH
#define X DIALECT_BUSYBOX

static const struct {
	enum dialect d;
	const char *in, *out;
} rows[] = {
	/* words */
	{B, "ls -l /tmp", "'ls' '-l' '/tmp'"},
	{B, "l\\\ns  -l # gone", "'ls' '-l'"},
	{B, "echo it\\'s \"a b\"'c'", "'echo' 'it'\\''s' 'a bc'"},
	{B, "echo $'a\\tb\\x01'", "'echo' $'a\\011b\\001'"},
	{B, "echo $'\\u20ac'", "'echo' '\xe2\x82\xac'"},
	{D, "echo $'a'", "'echo' '$a'"},
	{B, "echo \"\xc3\xa9\\\\ $x\"", "'echo' '\xc3\xa9\\ '\"${x}\""},
	{B, "echo \"a $x\" ${y}z", "'echo' \"a ${x}\" ${y}z"},
	{B, "echo ${x:-a b} \"${x:-it}\"", "'echo' ${x:-a b} \"${x:-it}\""},
	{B, "echo *.c [a-z]* a[1 {}", "'echo' *.c [a-z]* 'a[1' '{}'"},
	{B, "echo ~/x 'y z'* ~", "'echo' ~/x 'y z'* ~"},
	{B, "echo {a,'b c'}x {1..3} {a}", "'echo' {'a','b c'}x {1..3} '{a}'"},
	{D, "echo {a,b}", "'echo' '{a,b}'"},
	{M, "echo {1..3} {a,b}", "'echo' '{1..3}' {'a','b'}"},
	{B, "echo `ls \\`pwd\\``", "'echo' $('ls' $('pwd'))"},
	{B, "echo \"$\\\n(date)\"", "'echo' \"$('date')\""},
	{B, "echo $((1 + $x)) $[2]", "'echo' $((1 + ${x})) $((2))"},
	{M, "echo $((a); b)", "'echo' $( ('a'); 'b')"},
	{B, "echo ${a[1]} ${!x} ${#x} ${x//a/b} ${x:1:2} ${x@Q}",
		"'echo' ${a[1]} ${!x} ${#x} ${x//a/b} ${x:1:2} ${x@Q}"},
	{B, "diff <(ls) >(cat)", "'diff' <('ls') >('cat')"},
	{Z, "echo =ls (a|b)*", "'echo' =ls (a|b)*"},
	/* commands */
	{B, "a;b&c&&d||e|f|&g", "'a'; 'b' & 'c' && 'd' || 'e' | 'f' |& 'g'"},
	{B, "a\nb\n\n\nc", "'a'\n'b'\n'c'"},
	{B, "x=1 y=$z PATH+=:/x cmd", "x='1' y=${z} PATH+=':/x' 'cmd'"},
	{B, "export a=$b c=~/d; 'export' a=$b", "export a=${b} c=~/d; 'export' a=${b}"},
	{B, "declare -A m=([k]=v) -x", "declare -A m=([k]='v') -x"},
	{B, "echo ~:x ~/a:~", "'echo' ~:x ~/a:'~'"},
	{B, "a=(1 '2 3' [4]=5 $x)", "a=('1' '2 3' [4]='5' ${x})"},
	{B, "a[i+1]=$x", "a[i+1]=${x}"},
	{B, "! time -p ls", "time -p ! 'ls'"},
	{D, "time -p ls", "'time' '-p' 'ls'"},
	{B, "ls >a 2>&1 <b >>c 2>|d &>e <>f 3>&- {fd}<g", "'ls' >'a' 2>&1 <'b' >>'c' 2>|'d' &>'e' <>'f' 3>&- {fd}<'g'"},
	{D, "ls &>a", "'ls' & >'a'"},
	{D, "ls 12>a", "'ls' '12' >'a'"},
	{B, "cat <<<\"a $x\"", "'cat' <<< \"a ${x}\""},
	{B, "cat <<E\na $x \\$y\nE", "'cat' <<EOF\na ${x} \\$y\nEOF\n"},
	{B, "cat <<'E' | b\n$x\nEOF\nE\n", "'cat' <<'EOF1' | 'b'\n$x\nEOF\nEOF1\n"},
	{B, "cat <<-E; x\n\t\ta\n\tE\n", "'cat' <<'EOF'\na\nEOF\n'x'"},
	{B, "while a <<E; do b; done\nE\n", "while 'a' <<'EOF'\nEOF\ndo 'b'; done"},
	{B, "( a ); { b; }", "('a'); { 'b'; }"},
	{B, "( (a) )", "( ('a'))"},
	{B, "((a);b)", "( ('a'); 'b')"},
	{B, "((x+1))", "((x+1))"},
	{D, "((x))", "( ('x'))"},
	{B, "if a\nthen b\nelif c;then d;else e;fi >f", "if 'a'; then 'b'; elif 'c'; then 'd'; else 'e'; fi >'f'"},
	{B, "for i in a $b; do c; done", "for i in 'a' ${b}; do 'c'; done"},
	{B, "for i; { c; }", "for i; do 'c'; done"},
	{B, "for((;;))do a;done", "for ((;;)); do 'a'; done"},
	{B, "until a;do b;done", "until 'a'; do 'b'; done"},
	{B, "case $x in a|'b c') d;; *) e;& f*) ;; esac", "case ${x} in ('a' | 'b c') 'd' ;; (*) 'e' ;& (f*) ;; esac"},
	{B, "case x in esac", "case 'x' in esac"},
	{B, "f(){ a; }", "f() { 'a'; }"},
	{B, "function f { a; } 2>x", "function f { 'a'; } 2>'x'"},
	{D, "f() ls", "f() 'ls'"},
	{B, "coproc ls; coproc N { a; }", "coproc 'ls'; coproc N { 'a'; }"},
	{B, "[[ -f a && ! ( b == c* || $d =~ ^x(y|z)$ ) ]]", "[[ -f 'a' && ! ( 'b' == c* || ${d} =~ ^x(y|z)$ ) ]]"},
	{B, "[[ a == @(b|c d) ]]", "[[ 'a' == @('b'|'c d') ]]"},
	{B, "shopt -s extglob\necho !(a|b*)", "'shopt' '-s' 'extglob'\n'echo' !('a'|b*)"},
	{M, "x=${ echo a; }; type b", "x=${ 'echo' 'a'; }; type 'b'"},
		{M, "x=${ echo a & }", "x=${ 'echo' 'a' & }"},
	{X, "[[ a = b && c ]]", "'[[' 'a' '=' 'b' '&&' 'c' ']]'"},
	{Z, "{ echo a }", "{ 'echo' 'a'; }"},
	/* fish and csh: words */
	{DIALECT_FISH, "ls -l '/tmp/a b'", "'ls' '-l' '/tmp/a b'"},
	{DIALECT_CSH, "  ps aux\n", "'ps' 'aux'"},
	{B, "", ""},
	{B, "# only a comment", ""},
};

static void rendering_is_canonical(void **state)
{
	struct arena a;
	struct buf out;
	(void)state;
	arena_init(&a, ARENA_MAX_DEFAULT);
	buf_init(&out, 1 << 20);
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		struct sh_ast *x, *y;
		struct sh_error e;
		buf_clear(&out);
		if (shell_parse(rows[k].in, strlen(rows[k].in), rows[k].d, &a, &x, &e) != ERR_OK)
			fail_msg("%s: %s", rows[k].in, e.text);
		assert_int_equal(shell_render(x, &out), ERR_OK);
		assert_string_equal(buf_cstr(&out), rows[k].out);
		if (shell_parse(rows[k].out, strlen(rows[k].out), rows[k].d, &a, &y, &e) != ERR_OK)
			fail_msg("%s: %s", rows[k].out, e.text);
		assert_true(ast_equal(x, y));
		arena_reset(&a);
	}
	buf_free(&out);
	arena_free(&a);
}

static bool same(enum dialect d, const char *s, const char *t)
{
	struct arena a;
	struct sh_ast *x, *y;
	arena_init(&a, ARENA_MAX_DEFAULT);
	assert_int_equal(shell_parse(s, strlen(s), d, &a, &x, NULL), ERR_OK);
	assert_int_equal(shell_parse(t, strlen(t), d, &a, &y, NULL), ERR_OK);
	bool r = ast_equal(x, y);
	arena_free(&a);
	return r;
}

/* Equality must not be so generous that the round trip proves nothing. */
static void equality_tells_apart(void **state)
{
	(void)state;
	assert_true(same(B, "ls 'a' b", "\"ls\" \\a b"));
	assert_true(same(B, "a;b", "a\nb"));
	assert_true(same(B, "`a`", "$(a)"));
	assert_true(same(B, "cat <<E\nx\nE\n", "cat <<'F'\nx\nF\n"));
	assert_false(same(B, "ls a b", "ls ab"));
	assert_false(same(B, "ls a b", "ls 'a b'"));
	assert_false(same(B, "a;b", "a&b"));
	assert_false(same(B, "a;b", "a&&b"));
	assert_false(same(B, "a&&b", "a||b"));
	assert_false(same(B, "a|b", "a|&b"));
	assert_false(same(B, "$x", "\"$x\""));
	assert_false(same(B, "$x''", "$x"));
	assert_false(same(B, "echo *", "echo '*'"));
	assert_false(same(B, "echo ~", "echo \\~"));
	assert_false(same(B, "echo {a,b}", "echo '{a,b}'"));
	assert_false(same(B, "echo [a-z]x", "echo ['a-z']x"));
	assert_false(same(B, "echo ${x:-a b}", "echo ${x:-'a b'}"));
	assert_false(same(B, "a >x", "a >>x"));
	assert_false(same(B, "a >x 2>y", "a 2>y >x"));
	assert_false(same(B, "x=1 a", "a x=1"));
	assert_false(same(B, "(a)", "{ a; }"));
	assert_false(same(B, "if a; then b; fi", "if a; then b; else c; fi"));
	assert_false(same(B, "case a in b) c;; esac", "case a in b) c;& esac"));
	assert_false(same(B, "export a=$x", "'export' a=$x"));
	assert_false(same(B, "[[ a == b ]]", "[[ a != b ]]"));
	assert_false(same(B, "[[ a =~ b. ]]", "[[ a =~ 'b.' ]]"));
	assert_false(same(B, "cat <<E\n$x\nE\n", "cat <<'E'\n$x\nE\n"));
	assert_false(same(B, "! a", "a"));
	assert_false(same(B, "echo $((1))", "echo $((2))"));
}

/* What cannot be written so that it surely means the same has no rendering. */
static void some_have_no_rendering(void **state)
{
	static const struct {
		enum dialect d;
		const char *text;
	} none[] = {
		{D, "cat <<E\nno newline"}, /* dash gives the body none; a rendering would */
	};
	struct arena a;
	struct buf out;
	(void)state;
	arena_init(&a, ARENA_MAX_DEFAULT);
	buf_init(&out, 1 << 20);
	for (size_t k = 0; k < sizeof(none) / sizeof(none[0]); k++) {
		struct sh_ast *x;
		assert_int_equal(shell_parse(none[k].text, strlen(none[k].text), none[k].d, &a, &x, NULL), ERR_OK);
		assert_int_equal(shell_render(x, &out), ERR_UNSUPPORTED);
	}
	buf_free(&out);
	arena_free(&a);
}

static void full_buffer_is_an_error(void **state)
{
	struct arena a;
	struct sh_ast *x;
	struct buf out;
	(void)state;
	arena_init(&a, ARENA_MAX_DEFAULT);
	assert_int_equal(shell_parse("echo a b c <<E\nx\nE\n", 19, B, &a, &x, NULL), ERR_OK);
	for (size_t max = 0; max < 30; max++) {
		buf_init(&out, max);
		assert_int_equal(shell_render(x, &out), ERR_LIMIT);
		buf_free(&out);
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rendering_is_canonical),
		cmocka_unit_test(equality_tells_apart),
		cmocka_unit_test(some_have_no_rendering),
		cmocka_unit_test(full_buffer_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

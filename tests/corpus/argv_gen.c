/* Random shell text: exact statements are built from quoting alone, active ones from a table of expansions. */
#include "tests/corpus/argv_gen.h"

#include <string.h>

#define BASH (1u << DIALECT_BASH)
#define DASH (1u << DIALECT_DASH)
#define ZSH (1u << DIALECT_ZSH)
#define MKSH (1u << DIALECT_MKSH)
#define BUSYBOX (1u << DIALECT_BUSYBOX)
#define ALL (BASH | DASH | ZSH | MKSH | BUSYBOX)
#define NOZSH (ALL & ~ZSH)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint32_t rnd(uint64_t *s, uint32_t n)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)(*s >> 33) % n;
}

static void put(struct buf *b, const char *s)
{
	(void)buf_put_str(b, s);
}

static void one(struct buf *b, char c)
{
	(void)buf_put(b, &c, 1);
}

/* ---- exact words ---- */

static const char plain[] = "abcxyzABZ019_./:@%+,-=";
static const char punct[] = " !\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\nab'";
static const char *const wide[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xce\xbc"};

static void literal(struct buf *b, uint64_t *s, enum dialect d, int first)
{
	for (uint32_t k = 1 + rnd(s, 5); k > 0; k--, first = 0) {
		char c = plain[rnd(s, sizeof(plain) - 1)];
		if ((first && (c == '=' || c == '-')) || (c == ',' && d == DIALECT_FISH))
			c = 'q';
		one(b, c);
	}
}

static void single(struct buf *b, uint64_t *s)
{
	one(b, '\'');
	for (uint32_t k = rnd(s, 9); k > 0; k--) {
		char c = punct[rnd(s, sizeof(punct) - 1)];
		if (rnd(s, 12) == 0)
			put(b, wide[rnd(s, COUNT(wide))]);
		else if (c != '\'')
			one(b, c);
	}
	one(b, '\'');
}

static void twice(struct buf *b, uint64_t *s)
{
	one(b, '"');
	for (uint32_t k = rnd(s, 9); k > 0; k--) {
		char c = punct[rnd(s, sizeof(punct) - 1)];
		if (rnd(s, 20) == 0)
			put(b, "\\\n"); /* a continuation: nothing */
		if (c == '"' || c == '$' || c == '`' || c == '\\')
			one(b, '\\');
		one(b, c);
		if (c == '\\' || rnd(s, 15) != 0)
			continue;
		put(b, "\\q"); /* an ordinary backslash */
	}
	one(b, '"');
}

static void escape(struct buf *b, uint64_t *s)
{
	char c = punct[rnd(s, sizeof(punct) - 1)];
	one(b, '\\');
	one(b, c == '\n' ? '\'' : c);
}

static void cquote(struct buf *b, uint64_t *s, enum dialect d)
{
	static const char *const some[] = {"\\n", "\\t", "\\\\", "\\'", "\\a", "\\b", "\\f", "\\r", "\\v", "\\001",
		"\\x7f", "\\x1b", "\\377",
					   "\\303\\251", "x", "Y", " ", "\"", "$", "*", "\\x80", "\\1", "\\12"};
	if (d == DIALECT_DASH) {
		single(b, s);
		return;
	}
	put(b, "$'");
	for (uint32_t k = rnd(s, 6); k > 0; k--) {
		uint32_t i = rnd(s, COUNT(some));
		put(b, some[i]);
		if (some[i][0] == '\\')
			one(b, '.'); /* so that no digit runs into an escape */
	}
	one(b, '\'');
}

static void word(struct buf *b, uint64_t *s, enum dialect d)
{
	for (uint32_t k = 1 + rnd(s, 3), first = 1; k > 0; k--, first = 0) {
		switch (rnd(s, 7)) {
		case 0:
		case 1:
			literal(b, s, d, (int)first);
			break;
		case 2:
			single(b, s);
			break;
		case 3:
			twice(b, s);
			break;
		case 4:
			escape(b, s);
			break;
		case 5:
			cquote(b, s, d);
			break;
		case 6:
			put(b, rnd(s, 2) == 0 ? "''" : "\"\"");
			if (rnd(s, 3) == 0)
				put(b, "\\\n");
			break;
		}
	}
}

static void blank(struct buf *b, uint64_t *s)
{
	static const char *const some[] = {" ", " ", " ", "  ", "\t", " \\\n", "\\\n "};
	put(b, some[rnd(s, COUNT(some))]);
}

static void name(struct buf *b, uint64_t *s)
{
	static const char *const some[] = {"cmd", "c'm'd", "\"cmd\"", "\\cmd", "c\\\nmd", "'cmd'", "argv", "cm\"d\""};
	put(b, some[rnd(s, COUNT(some))]);
}

static void simple(struct buf *b, uint64_t *s, enum dialect d)
{
	static const char *const redirs[] = {" 2>/dev/null", " >/dev/null", " 2>&1", " </dev/null", " 3>&1 4<&0",
		" 2>>/dev/null >&2"};
	if (rnd(s, 12) == 0) {
		put(b, "v=");
		word(b, s, d);
		one(b, ' ');
	}
	if (rnd(s, 10) == 0)
		put(b, "2>/dev/null ");
	name(b, s);
	for (uint32_t k = rnd(s, 5); k > 0; k--) {
		blank(b, s);
		word(b, s, d);
	}
	if (rnd(s, 5) == 0)
		put(b, redirs[rnd(s, COUNT(redirs))]);
}

/* A body is literal; when the delimiter is unquoted nothing special is left in it. */
static void heredoc(struct buf *b, uint64_t *s)
{
	static const char *const begin[] = {"sin <<E\n", "sin <<'E'\n", "sin <<\\E\n", "sin <<-\"E\"\n", "sin <<-E\n",
		"sin <<E 2>&1\n"};
	static const char *const end[] = {"E\n", "E\n", "E\n", "\tE\n", "E\n", "E\n"};
	uint32_t k = rnd(s, COUNT(begin));
	put(b, begin[k]);
	for (uint32_t n = rnd(s, 4); n > 0; n--) {
		if (k >= 3 && k < 5)
			put(b, "\t\t");
		for (uint32_t m = rnd(s, 10); m > 0; m--) {
			char c = punct[rnd(s, sizeof(punct) - 1)];
			if (c != '\n' && c != '\t' && (k == 1 || k == 2 || k == 3 || (c != '$' && c != '`' && c != '\\')))
				one(b, c);
		}
		put(b, rnd(s, 4) == 0 ? "EOF\n" : ".\n");
	}
	put(b, end[k]);
}

static void list(struct buf *b, uint64_t *s, enum dialect d, unsigned depth)
{
	static const struct {
		const char *open, *middle, *close;
	} some[] = {
		{"{ ", "; ", "; }"},	       {"( ", "\n", ")"},	     {"if ", "; then ", "; fi"},
		{"if\n", "\nthen\n", "\nfi"},  {"for i in 1; do ", ";", "; done"},
		{"case x in y) ;; x) ", "\n", " ;; esac"},
		{"! ! { ", "&& ", "; }"},      {"case x in (x|y) ", ";", "\nesac"},
		{"while ", "; do ", "; break; done"},
		{"{ ", " && ", "\n} 2>/dev/null"}, {"( ( ", "; ", " ) )"},
	};
	uint32_t k = rnd(s, COUNT(some));
	if (k == 6)
		k = 0; /* not every shell has two bangs */
	put(b, some[k].open);
	if (depth < 3 && rnd(s, 4) == 0)
		list(b, s, d, depth + 1);
	else
		simple(b, s, d);
	put(b, some[k].middle);
	simple(b, s, d);
	put(b, some[k].close);
}

void gen_exact(struct buf *b, uint64_t *s, enum dialect d)
{
	static const char *const between[] = {"; ", "\n", " && ", ";", " # a comment; cmd no\n", " &&\n"};
	for (uint32_t k = 1 + rnd(s, 3);;) {
		bool here = false;
		switch (rnd(s, 6)) {
		case 0:
			list(b, s, d, 0);
			break;
		case 1:
			heredoc(b, s);
			here = true;
			break;
		default:
			simple(b, s, d);
		}
		if (--k == 0)
			break;
		if (!here)
			put(b, between[rnd(s, COUNT(between))]);
	}
	one(b, '\n');
}

/* ---- expansions ---- */

static const struct {
	unsigned shells;
	const char *text;
} words[] = {
	{ALL, "$x"}, {ALL, "\"$x\""}, {ALL, "${x}"}, {ALL, "\"${x}y\""}, {ALL, "$x\"$x\"'$x'"}, {ALL, "${z:-d  e}"},
	{ALL, "\"${z:-d  e}\""},
	{ALL, "${z:-\"d  e\"}"}, {ALL, "${z:-'d  e'}"}, {ALL, "\"${z:-'d'}\""}, {ALL, "${z:-d\\ e}"},
	{ALL, "\"${z:-\\}}\""}, {ALL, "${z-d}"},
	{ALL, "${x:+w $x}"}, {ALL, "\"${x:+\"w $x\"}\""}, {ALL, "${u=g h}"}, {ALL, "${#x}"}, {ALL, "${x#a}"},
	{ALL, "\"${x#a }\""},
	{ALL, "\"${x#\"a \"}\""}, {ALL, "\"${x%' b'}\""}, {ALL, "${x##*' '}"}, {ALL, "\"${x%%[ b]*}\""}, {ALL,
		"\"$@\""},
	{ALL, "\"$*\""},
	{ALL, "$#"}, {ALL, "$1"}, {ALL, "$10"}, {ALL, "${10}"}, {ALL, "\"$@\"''"}, {ALL, "x\"$@\"y"}, {ALL, "$?"},
	{ALL, "$(echo hi  ho)"},
	{ALL, "\"$(echo 'a  b')\""}, {ALL, "`echo hi`"}, {ALL, "\"`echo \\\"q  r\\\"`\""},
	{ALL, "`echo \\`echo deep\\``"}, {ALL, "$(echo $(echo \"a  b\"))"},
	{ALL, "\"$(echo \"$(echo \"a  b\")\")\""}, {ALL, "$((1+2))"}, {ALL, "\"$(( n * 3 ))\""}, {ALL, "$((n>3?1:0))"},
	{ALL, "$(( (1) + $(echo 2) ))"},
	{ALL, "f*"}, {ALL, "*.txt"}, {ALL, "[fg]*"}, {ALL, "f[12]"}, {NOZSH, "f[!1]"}, {ALL, "\"f\"*"}, {ALL, "'f'?"},
	{ALL, "f\\ *"}, {NOZSH, "no*match"},
	{NOZSH, "f\\*"}, {ALL, "[[:alpha:]]1"}, {NOZSH, "[f'g']*"}, {NOZSH, "[a-]*"}, {NOZSH, "f[]1]"},
	{NOZSH, "[\"a-z\"]1"}, {NOZSH, "[x"}, {NOZSH, "[]"},
	{NOZSH, "x]"}, {NOZSH, "[$z]"}, {ALL, "~"}, {ALL, "~/x"}, {ALL, "~/'a b'"}, {ALL, "~/f#x"}, {ALL, "'~'"},
	{ALL, "\\~/x"}, {ALL, "x~"}, {ALL, "a=~"},
	{ALL, "a=~/b:~/c"}, {ALL, "~\"/x\""}, {ALL, "\"~\"/x"}, {ALL, "{a,b}"}, {ALL, "x{a,'b c',\"d\"}y"},
	{ALL, "{a,b}{c,d}"}, {ALL, "\"{a,b}\""},
	{ALL, "{a,b\\,c}"}, {ALL, "{}"}, {ALL, "{a}"}, {ALL, "x{,y}"}, {ALL, "{a,$x}"}, {ALL, "{a,\"$x\"}"},
	{ALL, "{'a',b}$z"}, {NOZSH, "{a,b"}, {ALL, "a{b,c{d,e}}"},
	{ALL, "{1..3}"}, {ALL, "{3..1}"}, {ALL, "{1..5..2}"}, {ALL, "{a..c}"}, {ALL, "{01..03}"}, {ALL, "{1..}"},
	{ALL, "{'1'..3}"}, {ALL, "{a,1..3}"},
	{BASH | ZSH, "{a{b,c}}"}, {NOZSH & ~MKSH, "{a,{b,c}"}, {ALL, "$z{a,b}"}, {ALL, "a,b"}, {ALL, "{a,b}*"},
	{NOZSH, "{~,~/x}/y"}, {NOZSH, "a{~,~}"}, {ALL, "\\{a,b}"},
	{ALL, "{a\\,b}"}, {BASH | MKSH | ZSH | BUSYBOX, "${x/a/b}"},
	{BASH | MKSH | ZSH | BUSYBOX, "\"${x//[ab]/\"c  d\"}\""}, {BASH | MKSH | ZSH | BUSYBOX, "${x/ /_}"},
	{BASH | MKSH | ZSH, "${x/#a/_}"}, {BASH | MKSH | ZSH, "${x/%b/_}"},
	{BASH | MKSH | ZSH | BUSYBOX, "\"${x/'a'/}\""}, {BASH | MKSH | ZSH | BUSYBOX, "${x:1}"},
	{BASH | MKSH | ZSH | BUSYBOX, "\"${x:0:2}\""}, {BASH | ZSH | BUSYBOX, "${x: -1}"}, {BASH, "${x^^}"},
	{BASH, "${x^}"}, {BASH, "\"${x@Q}\""}, {BASH, "${!r}"}, {BASH, "\"${!x*}\""},
	{BASH | MKSH, "\"${arr[@]}\""}, {BASH | MKSH | ZSH, "${arr[1]}"}, {BASH | MKSH | ZSH, "${#arr[@]}"},
	{BASH | MKSH, "\"${!arr[@]}\""}, {BASH | ZSH, "\"${arr[@]:1:1}\""},
	{BASH | MKSH, "${arr[n-1]}"}, {BASH | ZSH, "$'a\\tb'$x"}, {BASH, "$\"x $x\""}, {BASH | ZSH, "$[1+n]"},
	{BASH | ZSH | BUSYBOX, "\"$z\"$'\\001'"}, {ALL, "$"}, {ALL, "a$"},
	{ALL, "\"$\""}, {ALL, "\"a$ b\""}, {ALL, "$x$"}, {ALL, "a#b"}, {ALL, "$x#b"}, {ALL, "a\\\nb$x"}, {ALL,
		"$\\\nx"},
	{ALL, "\"$\\\n{x}\""}, {ALL, "$\\\n(echo a)"},
	{ALL, "\"\\$x \\` \\\\ \\q $z\""}, {ALL, "\"'$x'\""}, {ALL, "'\"'$x'\"'"}, {ALL, "$x=b"}, {ALL, "\"$x\"=b"},
	{ALL, "!$x"}, {ALL, "^$z"}, {ALL, "a^b$z"}, {ALL, "%$z"}, {ALL, "=$z"},
	{ALL, "\"${x#'a'}\""}, {ALL, "${x#\"a\"}"}, {ALL, "\"${x#\\a}\""}, {ALL, "${x%%\\ *}"}, {ALL, "\"${z:-$x}\""},
	{ALL, "${z:-$x}"}, {ALL, "${z:-\"$x\"}"}, {ALL, "${z:-\"$x\"y}"}, {ALL, "${z:-'$x'}"}, {ALL, "\"${z:-$(echo a  b)}\""},
	{ALL, "${z:-$(echo a  b)}"}, {ALL, "${z:-{a,b}}"}, {ALL, "${z:-~}"}, {ALL, "${z:-*.txt}"}, {NOZSH, "\"${z:-*.txt}\""},
	{ALL, "${z:-\\*}"}, {ALL, "${x:-unused $(argv never)}"}, {ALL, "${x+a\\ b}"}, {ALL, "\"${x+\\\"}\""},
	{ALL, "\"a\\\\$x\""}, {ALL, "\"\\\\\\$x\""}, {ALL, "\"a`echo b\\\\\\\\c`d\""}, {ALL, "`echo '\\$x'`"}, {ALL, "\"`echo '$x'`\""},
	{ALL, "$(echo '\\$x' \"\\$x\")"}, {ALL, "$(echo a # comment )\n)"}, {ALL, "$(case a in (a) echo b;; esac)"},
	{ALL, "$(case a in a) echo \")\";; esac)"}, {ALL, "$(echo a; echo b)"}, {ALL, "\"$(echo a\necho b)\""}, {ALL, "$( (echo a) )"},
	{ALL, "$( { echo a; } )"}, {ALL, "$(if true; then echo t; fi)"}, {ALL, "$(for i in 1 2; do echo $i; done)"},
	{ALL, "$((n+$(echo 2)))"}, {ALL, "$((n + (2 * 3)))"}, {ALL, "$(( n<<1 | 1 ))"}, {ALL, "\"$(( n == 3 ))\""}, {ALL, "$((\nn\n+1))"},
	{ALL, "\xc3\xa9$x"}, {ALL, "\"\xe2\x82\xac\\\\$x\""}, {ALL, "\"\xc3\xa9\\$x\""}, {ALL, "*[!a-z].txt"}, {NOZSH, "[!a-z]*"},
	{NOZSH, "f[\\12]"}, {NOZSH, "[[:digit:]f]*"}, {NOZSH, "\\[f]*"}, {NOZSH, "f['1'2]"}, {NOZSH, "f[\"$n\"1]"}, {NOZSH, "[f-g]*[0-9t]"},
	{NOZSH, "f[!\"2\"]"}, {ALL, "?1"}, {ALL, "\\?1"}, {ALL, "f' '*"}, {ALL, "{f,g}*"}, {ALL, "{\"a b\",c\\ d}"}, {ALL, "{$x,b}"},
	{ALL, "{\"$x\",\"${y}\"}"}, {ALL, "{$(echo a b),c}"}, {ALL, "{`echo a`,c}"}, {ALL, "a{,}b"}, {ALL, "{a,b,}"}, {ALL, "{,a}{b,}"},
	{ALL, "{a,{b,{c,d}}}e"}, {ALL, "{-1..1}"}, {ALL, "{z..x}"}, {ALL, "{1..10..3}"}, {ALL, "x{1..2}{a..b}"}, {ALL, "{a..1}"}, {ALL, "{1...3}"},
	{NOZSH, "{a,b}}"}, {NOZSH & ~MKSH, "{{a,b}"}, {BASH, "~+"}, {BASH, "~-/x"}, {ALL, "~root"}, {ALL, "~nosuchuser/x"}, {ALL, "~:x"},
	{NOZSH, "a:~"}, {NOZSH, "--opt=~/x"}, {ALL, "./~"}, {ALL, "-x~y"}, {ALL, "\"$@\"x"}, {ALL, "$*"}, {ALL, "'a'\"$*\"b"}, {ALL, "${@}"},
	{ALL, "\"${*}\""}, {ALL, "${#}"}, {ALL, "\"$#x\""}, {ALL, "${1}x"}, {ALL, "$1$2"}, {ALL, "\"${2}\""}, {NOZSH, "${1#o}"},
	{BASH, "${x,,}"}, {BASH, "\"${x^^[a]}\""}, {BASH, "${x~~}"}, {BASH, "${x@U}"}, {BASH, "\"${arr[*]}\""}, {BASH, "\"${arr[@]/q/z}\""},
	{BASH, "\"${arr[@]#p}\""}, {BASH, "${arr[-1]}"}, {BASH, "${arr[n-2]}"}, {BASH, "\"${arr[$((n-2))]}\""}, {BASH, "${x:n-2:1}"},
	{BASH, "${x: -2:1}"}, {BASH, "${x:(-2)}"}, {BASH, "\"${@:2}\""}, {BASH, "\"${@:1:1}\""}, {BASH, "${x/\\ /_}"}, {BASH, "${x/a/\\/}"},
	{BASH, "\"${x/a/\"/\"}\""}, {BASH, "${x//a/$y}"}, {BASH, "\"${x/[a-b]/\"$n\"}\""}, {BASH, "$'\\'\\\"'"}, {BASH, "$'\\u00e9'$x"},
	{BASH, "$'a\\0b'$x"}, {BASH, "$'\\cA\\c?'"}, {BASH | ZSH | MKSH, "$'\\e[0m'"}, {BASH | MKSH, "$'\\q'"}, {MKSH, "a=~"}, {MKSH, "x=y=~"},
	{ZSH, "${(U)x}"}, {ZSH, "$arr[1]"}, {ZSH, "${x:t}"}, {ZSH, "${${x}#a}"}, {ZSH, "f(1|2)"}, {ZSH, "f*(N)"},
};

static const struct {
	unsigned shells;
	const char *text; /* "@" is replaced by a random word */
} forms[] = {
	{ALL, "cmd @ @\n"}, {ALL, "cmd @ @ @\n"}, {ALL, "argv @\n"}, {ALL, "cmd @; cmd @\n"},
	{ALL, "v=@ ; cmd \"$v\"\n"}, {ALL, "v=@\ncmd $v\n"},
	{ALL, "for i in @ @; do cmd \"$i\"; done\n"}, {ALL, "for i in @\ndo cmd $i @\ndone\n"},
	{ALL, "if cmd @; then cmd @; else argv @; fi\n"},
	{ALL, "case $x in a*) cmd @;; *) argv;; esac\n"}, {ALL, "case @ in @) cmd yes;; *) cmd no;; esac\n"},
	{ALL, "case \"$x\" in 'a b'|c) cmd @;; esac\n"},
	{ALL, "sin <<E\n$x \\$x \"q\" '$x' `echo a` $((n+1)) ${z:-w} \\\\ \\q\nE\n"}, {ALL,
		"sin <<'E'\n$x `a` \\\nE\n"},
	{ALL, "sin <<-E\n\t$x\n\t\tb\n\tE\ncmd @\n"},
	{ALL, "sin <<E; cmd @\nbody $x\nE\n"}, {ALL, "{ sin <<A && sin <<B; } 2>&1\n1 $x\nA\n2\nB\n"},
	{ALL, "sin <<E | cmd @\nb\nE\n"}, {ALL, "sin <<E\n$(echo \"$x\")\nE\n"},
	{ALL, "cmd $(sin <<E\nb $x\nE\n) @\n"}, {ALL, "f() { cmd @ \"$@\"; }; f @\n"}, {ALL, "f() (cmd @)\nf\n"},
	{ALL, "( cmd @; v=1; cmd $v )\n"}, {ALL, "{ cmd @; } >/dev/null\n"},
	{ALL, "cmd @ >o; sin <o\n"}, {ALL, "echo @ >o; sin <o\n"},
	{ALL, "n=0; while [ $n -lt 2 ]; do n=$((n+1)); cmd $n @; done; n=3\n"},
	{ALL, "until cmd @; do argv; break; done\n"},
	{ALL, "! cmd @\ncmd $?\n"}, {ALL, "cmd @ || argv @\n"}, {ALL, "cmd @ && argv @\n"}, {ALL, "false || cmd @\n"},
	{ALL, "v=@ cmd @\n"}, {ALL, "export v=@; cmd \"$v\"\n"},
	{ALL, "set -- @ @; cmd \"$@\"; set -- one 'two  three' ''\n"}, {ALL, "cmd @ & wait\n"}, {ALL, "eval 'cmd @'\n"},
	{ALL, "echo @ | sin\n"},
	{BASH | ZSH | MKSH, "sin <<<@\n"}, {BASH | ZSH | MKSH, "[[ $x == a* ]] && cmd @\n"},
	{BASH | ZSH | MKSH, "if [[ -n $z || ! ( $x = 'a b' ) ]]; then cmd 1; else cmd @; fi\n"},
	{BASH | ZSH, "[[ abc =~ ^a(b|c)+$ ]] && cmd @\n"}, {BASH, "[[ 'a b' =~ ^a\\ b$ ]] && cmd @\n"},
	{BASH, "[[ a.b =~ \"a.\"b ]] && cmd @\n"}, {BASH | ZSH | MKSH, "(( n > 2 )) && cmd @\n"},
	{BASH | ZSH | MKSH, "( (cmd @); cmd @)\n"}, {BASH | ZSH, "for ((i=0;i<2;i++)); do cmd $i @; done\n"},
	{BASH | MKSH | ZSH, "b=(@ @); cmd \"${b[@]}\"\n"}, {BASH, "declare -a b=(@ 'x y'); cmd \"${b[@]}\"\n"},
	{BASH, "declare v=@; cmd \"$v\"\n"}, {BASH, "b=([2]=@ [5]=q); cmd \"${!b[@]}\" \"${b[@]}\"\n"},
	{BASH | MKSH, "b=(1); b[1+1]=@; b+=(z); cmd \"${b[@]}\"\n"}, {BASH | ZSH, "sin < <(echo @)\n"},
	{BASH, "shopt -s extglob\ncmd @(f1|f2) !(f*) *(q)x ?(f)1\n"},
	{BASH, "shopt -s extglob\ncase @ in @(a|b)*) cmd 1;; *) cmd 2;; esac\n"}, {MKSH, "cmd @(f1|f2) !(f*)\n"},
	{BASH | ZSH | MKSH, "function g { cmd @; }; g\n"},
	{BASH | ZSH, "case a in a) cmd @;& b) cmd 2;; c) argv;; esac\n"},
	{BASH | MKSH, "case a in a) cmd @;;& *) cmd 2;; esac\n"},
	{BASH | ZSH | MKSH | BUSYBOX, "cmd @ &>/dev/null\n"}, {BASH, "cmd @ |& sin\n"},
	{BASH | ZSH, "exec {fd}>o; cmd @ >&$fd; exec {fd}>&-\n"}, {MKSH, "cmd ${ echo $x; }@\n"},
	{BASH, "v=~/a:~/b; cmd \"$v\"\n"}, {ALL, "v=~/a; cmd \"$v\"\n"}, {BUSYBOX, "[[ a = a && b = b ]] && cmd @\n"},
	{ALL, "cmd @ 2>&1 3>&- \n"}, {ALL, "cmd \\\n @ # comment\ncmd @\n"},
	{BASH, "time -p cmd @ 2>/dev/null\n"}, {BASH | MKSH, "select i in a; do cmd @; break; done </dev/null\n"},
	{BASH, "local_test() { local a=@ b; cmd \"$a\"; }; local_test\n"},
	{DASH | BUSYBOX | ZSH, "local_test() { local a=@ b; cmd \"$a\"; }; local_test\n"},
	{ALL, "case @ in *[!a-z]*) cmd 1;; [a-z]*) cmd 2;; esac\n"}, {ALL, "case 'a*' in a\\*) cmd @;; *) cmd no;; esac\n"},
	{ALL, "case 'a b' in \"$x\") cmd @;; esac\n"}, {ALL, "case '[' in '[') cmd @;; *) cmd no;; esac\n"},
	{ALL, "case f1 in [f'g'][0-9]) cmd @;; *) cmd no;; esac\n"}, {ALL, "case $y in \\*) cmd @;; *) cmd no;; esac\n"},
	{ALL, "case a in b) ;; (a) cmd @ ;;\nesac\n"}, {ALL, "case a in a) cmd @\nesac\n"}, {ALL, "case a in\na | b )\ncmd @\n;;\n*) cmd no;; esac; cmd 2\n"},
	{ALL, "for i in 1 2; do sin <<E; done\n$i @\nE\n"}, {ALL, "while sin <<E; do cmd @; break; done\nx\nE\n"},
	{ALL, "if sin <<A; then sin <<B; fi\n1\nA\n2 $x\nB\n"}, {ALL, "f() { sin; }; f <<E\n$x\nE\n"}, {ALL, "f() { sin <<E\n$1 b\nE\n}; f @\n"},
	{ALL, "f() { cmd @; } >o; f; sin <o\n"}, {ALL, "( sin <<E )\n$x\nE\n"}, {ALL, "{ sin <<E\nx\nE\n} && cmd @\n"}, {ALL, "sin <<E && cmd @\nx\nE\n"},
	{ALL, "sin <<E & wait\nx $x\nE\n"}, {ALL, "cmd \"$(sin <<E\na\nE\n)\" @\n"}, {ALL, "echo \"$(\nsin <<'E'\n$x ` \" ' \\\nE\n)\" | sin\n"},
	{ALL, "sin <<E\n${z:-\"q\"} ${x#a} \"$x\" '${x}' $(echo \"a  b\") `echo \\$x`\nE\n"}, {ALL, "sin <<E\n\\\\$x \\a \\` \\\"\nE\n"},
	{ALL, "sin <<E\n@\nE\n"}, {ALL, "sin <<E\n@ \"@\"\nE\n"}, {ALL, "cmd `echo @`\n"}, {ALL, "cmd \"`echo @`\"\n"}, {ALL, "cmd `echo 'a\\b' \"c\\d\" e\\\\f`\n"},
	{ALL, "sin <<E\na\\\nb\nE\n"}, {ALL, "sin <<'E'\na\\\nb\nE\n"}, {ALL, "sin <<-E\n\ta\\\n\tb\n\tE\n"}, {ALL, "sin <<''\na\n\n"}, {ALL, "sin <<E F\n$x\nE\n"},
	{ALL, "cmd @ <<E | sin\n$x\nE\n"}, {ALL, "sin 3<<A <<B\n1\nA\n2\nB\n"}, {ALL, "sin <<E <o\nx\nE\n"}, {ALL, "EOF=1; sin <<EOF\nEOF1\nEOF2\n EOF\nEOF\n"},
	{ALL, "sin <<E\nEOF\nEOF1\n$x\nE\n"}, {ALL, "cmd @ &\nwait; cmd @\n"}, {ALL, "cmd @ & cmd @ & wait\n"}, {ALL, "{ cmd @ & } ; wait\n"}, {ALL, "if cmd @ & then wait; fi\n"},
	{ALL, "! false && cmd @\n"}, {ALL, "! { false; } && cmd @\n"}, {ALL, "true && ! false || argv; cmd @\n"}, {ALL, "( exit 3 ) || cmd $? @\n"},
	{ALL, "set -- @; for i; do cmd \"$i\"; done\n"}, {ALL, "set -- @; for i do cmd \"$i\"; done\n"}, {ALL, "for i\nin @\ndo cmd \"$i\"\ndone >o; sin <o\n"},
	{ALL, "v='a b' w=$x cmd @\n"}, {ALL, "v=$x$y\ncmd \"$v\"\n"}, {ALL, "v=\"$x\"'c d'\\ e; cmd \"$v\"\n"}, {ALL, "v=*; cmd \"$v\"\n"}, {ALL, "v=`echo 'a  b'`; cmd \"$v\"\n"},
	{ALL, "v=$(cmd @); cmd \"$v\"\n"}, {ALL, "v={a,b}; cmd \"$v\"\n"}, {ALL, "v=a=b=c; cmd \"$v\"\n"}, {ALL, "v= cmd @\n"}, {ALL, "v=\ncmd \"$v\" @\n"},
	{ALL, "export v='a b' w=@\ncmd \"$v\" \"$w\"\n"}, {ALL, "export v=~/x; cmd \"$v\"\n"}, {ALL, "export v=$x; cmd \"$v\"\n"}, {ALL, "readonly rv=$x; cmd \"$rv\"\n"},
	{NOZSH, "export v=a:~/x; cmd \"$v\"\n"}, {ALL, "export \"v=$x\"; cmd \"$v\"\n"}, {ALL, "e=export; $e v=a; cmd \"$v\"\n"}, {ALL, "command cmd @\n"},
	{ALL, "cmd @ >o 2>&1 </dev/null; cmd 2 >>o\n"}, {ALL, ">o; cmd @\n"}, {ALL, "cmd @ >\"o\"; cmd @ <'o'\n"}, {ALL, "exec 5>o; echo @ >&5; exec 5>&-; sin <o\n"},
	{ALL, "cmd @ 2>/dev/null 1>&2\n"}, {ALL, "f=o; echo a >$f; sin <\"$f\"\n"}, {ALL, "{ cmd @; cmd 2; } 2>&1 | sin\n"}, {ALL, "cmd @ | { sin; cmd x; }\n"},
	{BASH | ZSH | MKSH, "[[ 'a b' == \"$x\" ]] && cmd @\n"}, {BASH | ZSH | MKSH, "[[ ab == a'*' ]] || cmd @\n"}, {BASH | ZSH | MKSH, "[[ ab == [a-b]? ]] && cmd @\n"},
	{BASH | ZSH | MKSH, "[[ $x != $y && -z $z ]] && cmd @\n"}, {BASH | ZSH | MKSH, "[[ a < b || 1 -lt 2 ]] && cmd @\n"}, {BASH | ZSH | MKSH, "[[ -d . && ! -e nope ]] && cmd @\n"},
	{BASH | MKSH, "[[ abc == @(a|x)b* ]] && cmd @\n"}, {BASH | MKSH, "[[ 'a|b' == *'|'* ]] && cmd @\n"}, {BASH, "r='a.c'; [[ abc =~ $r ]] && cmd @\n"}, {BASH, "[[ 'a.c' =~ ^\"a.c\"$ ]] && cmd @\n"},
	{BASH, "[[ 'a b' =~ (a b) ]] && cmd \"${BASH_REMATCH[1]}\" @\n"}, {BASH, "[[ a1 =~ ^[[:alpha:]][0-9]$ ]] && cmd @\n"}, {BASH, "[[ 'a]' =~ []] ]] && cmd @\n"},
	{BASH, "[[ 'x y' =~ ^x[[:space:]]y$ ]] && cmd @\n"}, {BASH, "[[ 'a\\b' =~ a\\\\b ]] && cmd @\n"}, {BASH, "[[ ab =~ \\bab ]] && cmd @ || cmd no\n"},
	{BASH | ZSH | MKSH, "(( n == 3 && (n > 1) )) && cmd @\n"}, {BASH | ZSH | MKSH, "((n++)); cmd $n @\n"}, {BASH | ZSH, "for ((i=0, j=1; i<2; i++, j+=2)) { cmd $i $j @; }\n"},
	{BASH, "b=(a [3]=@ 'c d'); cmd \"${!b[@]}\" \"${b[@]}\"\n"}, {BASH, "declare -A m=([k]=v ['a b']=@); cmd \"${m[k]}\" \"${m[a b]}\"\n"}, {BASH, "b=(@\n# comment\n@ ); cmd \"${b[@]}\"\n"},
	{BASH, "b=(1 2); b[0]+=x b+=(3); cmd \"${b[@]}\"\n"}, {BASH, "b=(*.txt {x,y} $x); cmd \"${b[@]}\"\n"}, {BASH, "local_test() { local -a a=(@ 'b c'); cmd \"${a[@]}\"; }; local_test\n"},
	{BASH, "declare -i i=n+1; cmd $i @\n"}, {BASH, "declare v=$x w='c d'; cmd \"$v\" \"$w\"\n"}, {BASH, "typeset v={a,b}; cmd \"$v\"\n"}, {BASH, "declare \"v=a  b\"; cmd \"$v\"\n"},
	{BASH, "shopt -s extglob\ncmd +([f1]) *(x|f)1 @(g|h).txt !(*.txt|f*)\n"}, {BASH, "shopt -s extglob\nv='  x '; cmd \"${v##+([[:space:]])}\" \"${v/#*( )/-}\"\n"},
	{BASH, "shopt -s extglob\ncmd @('f 3'|\"g.txt\"|h\\.txt)\n"}, {BASH, "shopt -s extglob\ncmd @(f@(1|2)|g*)\n"}, {BASH, "cmd <(echo @) >o; sin < <(echo $x; echo y)\n"},
	{BASH, "coproc { cmd @; }; wait\n"}, {BASH, "coproc cmd @; wait\n"}, {BASH | ZSH | MKSH, "time cmd @\n"}, {BASH, "! time cmd @\n"}, {BASH, "alias foo='cmd x'; foo @ 2>/dev/null || cmd @\n"},
	{ALL, "readonly_v=1; { cmd @; cmd @; } | sin\n"}, {ALL, "if false; then argv; elif cmd @; then cmd 2; fi\n"},
};

/* ---- quotes in expansions in quotes ---- */

static void in_double(struct buf *b, uint64_t *s, enum dialect d, unsigned depth, int argument);

static void braced(struct buf *b, uint64_t *s, enum dialect d, unsigned depth, int quoted)
{
	static const char *const values[] = {"${z:-", "${x+", "${z-", "${u:=", "${x:+", "${1-"}, *const patterns[] = {"${x#", "${x%%", "${x##"};
	uint32_t pattern = rnd(s, 4) == 0;
	put(b, pattern ? patterns[rnd(s, COUNT(patterns))] : values[rnd(s, COUNT(values))]);
	if (quoted && !pattern) {
		in_double(b, s, d, depth + 1, 1);
	} else {
		for (uint32_t k = rnd(s, 3); k > 0; k--) {
			if (rnd(s, 2) == 0) {
				one(b, '"');
				in_double(b, s, d, depth + 1, 0);
				one(b, '"');
			} else {
				word(b, s, d);
			}
		}
	}
	one(b, '}');
}

/* What may stand between double quotes, or (argument) in ${…} there. */
static void in_double(struct buf *b, uint64_t *s, enum dialect d, unsigned depth, int argument)
{
	static const char *const some[] = {"a", "b c", "\\q", "\\(", "\\;", "\\$", "\\\"", "\\\\", "\\`", "\\'", "\\}", "\\\n", "(", ")", ";", "|", ">o", "{", "*", "~", "#", "$ ", "$x",
					   "${y}", "$((n))", "\n", "'", "%", "$(echo a)", "$(echo 'b \\c')", "$(echo \"d\\e\")", "`echo f`", "`echo \\$x`", "`echo \\\\\\$x`", "`echo 'g \\h'`", "`echo \\`echo i\\``",
					   "`echo j\\;k`", "`echo \\\"l m\\\"`"};
	for (uint32_t k = rnd(s, 4); k > 0; k--) {
		uint32_t what = rnd(s, 8);
		if (what == 0 && depth < 3) {
			braced(b, s, d, depth, 1);
		} else if (what <= 2 && argument && depth < 3) {
			one(b, '"');
			in_double(b, s, d, depth + 1, 0);
			one(b, '"');
		} else {
			put(b, some[rnd(s, COUNT(some))]);
		}
	}
}

static void nested(struct buf *b, uint64_t *s, enum dialect d)
{
	uint32_t quoted = rnd(s, 3) > 0;
	put(b, quoted ? "\"" : "");
	braced(b, s, d, 0, quoted > 0);
	put(b, quoted ? "\"" : "");
}

static void random_word(struct buf *b, uint64_t *s, enum dialect d, int plain_place)
{
	if (plain_place && rnd(s, 4) == 0) {
		nested(b, s, d);
		return;
	}
	for (;;) {
		uint32_t k = rnd(s, COUNT(words));
		if ((words[k].shells & (1u << d)) != 0) {
			put(b, words[k].text);
			return;
		}
	}
}

void gen_active(struct buf *b, uint64_t *s, enum dialect d)
{
	uint32_t k;
	do
		k = rnd(s, COUNT(forms));
	while ((forms[k].shells & (1u << d)) == 0);
	for (const char *p = forms[k].text; *p != '\0'; p++) {
		if (*p != '@' || p[1] == '(' || (p > forms[k].text && (p[-1] == '$' || p[-1] == '['))) {
			one(b, *p);
			continue;
		}
		random_word(b, s, d, strstr(forms[k].text, "'cmd @'") == NULL);
		if (rnd(s, 8) == 0) {
			one(b, rnd(s, 2) == 0 ? '/' : '.');
			word(b, s, d);
		}
	}
}

const char *gen_prelude(enum dialect d)
{
	static const char common[] = "x='a b'\ny='*'\nz=\nn=3\nunset u\nset -- one 'two  three' ''\n";
	static const char arrays[] = "x='a b'\ny='*'\nz=\nn=3\nr=x\nunset u\nset -- one 'two  three' ''\narr=(p 'q r' s)\n";
	return d == DIALECT_DASH || d == DIALECT_BUSYBOX ? common : arrays;
}

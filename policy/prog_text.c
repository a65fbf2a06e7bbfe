/* The little languages of sed and awk, recognised only as far as a program surely just reads its input and prints, in every
 * implementation alike. Anything that is not surely of that kind is taken for code. */
#include <string.h>

#include "policy/walk.h"

/* Whether the bytes are UTF-8: a byte that only begins a character takes the one behind it along in some implementations. */
static bool text_utf8(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		unsigned more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 4;

		if (more == 4 || more >= n - i)
			return false;
		for (; more > 0; more--) {
			if (((unsigned char)p[++i] & 0xc0) != 0x80)
				return false;
		}
	}
	return true;
}

/* ---- sed --------------------------------------------------------------------------------------------------------------- */

struct sed {
	const char *p, *end;
	bool label; /* a label has been seen: whether it ends before the end of its line differs */
};

static void sed_blank(struct sed *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == ';' || *s->p == '\n'))
		s->p++;
}

/* From behind the [ of a bracket expression to behind its ]. Whether the delimiter counts inside differs between implementations, and
 * busybox takes the ] of a class such as [:space:] for the end. */
static bool sed_bracket(struct sed *s, char delim)
{
	const char *q = s->p;
	bool class = false;

	if (q < s->end && *q == '^')
		q++;
	if (q < s->end && *q == ']')
		q++;
	for (; q < s->end && *q != ']'; q++) {
		if (*q == delim || *q == '\n')
			return false;
		if (*q == '\\' && (q + 1 >= s->end || q[1] == delim || strchr("[]\\\n", q[1]) != NULL))
			return false;
		if (*q != '[')
			continue;
		if (q + 1 >= s->end || strchr(":.=", q[1]) == NULL) {
			if (class)
				return false;
			continue;
		}
		class = true;
		{
			char kind = q[1];

			for (q += 2; q + 1 < s->end && !(*q == kind && q[1] == ']'); q++) {
				if (*q < 'a' || *q > 'z')
					return false;
			}
			q++;
		}
	}
	if (q >= s->end)
		return false;
	s->p = q + 1;
	return true;
}

/* Up to and including the next unescaped delimiter; brackets of a regex may hold it. */
static bool sed_delimited(struct sed *s, char delim, bool regex)
{
	while (s->p < s->end) {
		char c = *s->p++;

		if (c == '\n')
			return false;
		if (c == '\\') {
			/* Where a label takes all of its line, the next line is a command and no longer text. */
			if (s->p >= s->end || (*s->p == '\n' && (regex || s->label)))
				return false;
			s->p++;
		} else if (c == delim) {
			return true;
		} else if (c == '[' && regex && !sed_bracket(s, delim)) {
			return false;
		}
	}
	return false;
}

/* Bytes that delimit in all implementations alike. */
static bool sed_delimiter(char c)
{
	return c != '\0' && strchr("/,|#@:!_%~+=-", c) != NULL;
}

static bool sed_address(struct sed *s, bool *any)
{
	*any = false;
	if (s->p >= s->end)
		return true;
	if (*s->p >= '0' && *s->p <= '9') {
		while (s->p < s->end && ((*s->p >= '0' && *s->p <= '9') || *s->p == '~'))
			s->p++;
		*any = true;
	} else if (*s->p == '$') {
		s->p++;
		*any = true;
	} else if (*s->p == '/' || *s->p == '\\') {
		char delim = '/';

		if (*s->p++ == '\\') {
			if (s->p >= s->end || !sed_delimiter(*s->p))
				return false;
			delim = *s->p++;
		}
		if (!sed_delimited(s, delim, true))
			return false;
		while (s->p < s->end && (*s->p == 'I' || *s->p == 'M'))
			s->p++;
		*any = true;
	}
	return true;
}

static bool sed_command(struct sed *s)
{
	char c;
	bool any;

	sed_blank(s);
	if (s->p >= s->end)
		return true;
	if (!sed_address(s, &any))
		return false;
	if (any) {
		while (s->p < s->end && *s->p == ' ')
			s->p++;
		if (s->p < s->end && *s->p == ',') {
			s->p++;
			while (s->p < s->end && *s->p == ' ')
				s->p++;
			if (s->p < s->end && (*s->p == '+' || *s->p == '~')) {
				s->p++;
				if (s->p >= s->end || *s->p < '0' || *s->p > '9')
					return false;
			}
			if (!sed_address(s, &any) || !any)
				return false;
		}
	}
	while (s->p < s->end && (*s->p == ' ' || *s->p == '!'))
		s->p++;
	if (s->p >= s->end)
		return false;
	c = *s->p++;
	if (c == '{' || c == '}')
		return true;
	if (c == 's' || c == 'y') {
		char delim;

		if (s->p >= s->end)
			return false;
		delim = *s->p++;
		if (!sed_delimiter(delim) || !sed_delimited(s, delim, true) || !sed_delimited(s, delim, false))
			return false;
		if (c == 'y')
			return s->p >= s->end || strchr(";}\n ", *s->p) != NULL;
		/* Flags: never e or w. m, M, i, I, g, p and a number. */
		while (s->p < s->end && strchr("gpiImM0123456789", *s->p) != NULL)
			s->p++;
		return s->p >= s->end || strchr(";}\n ", *s->p) != NULL;
	}
	if (strchr("pPdDgGhHxnN=lz", c) != NULL)
		return s->p >= s->end || strchr(";}\n ", *s->p) != NULL;
	if (c == 'q' || c == 'Q') {
		while (s->p < s->end && (*s->p == ' ' || (*s->p >= '0' && *s->p <= '9')))
			s->p++;
		return s->p >= s->end || strchr(";}\n", *s->p) != NULL;
	}
	if (c == 'b' || c == 't' || c == 'T' || c == ':') {
		while (s->p < s->end && *s->p == ' ')
			s->p++;
		while (s->p < s->end && ((*s->p >= 'a' && *s->p <= 'z') || (*s->p >= 'A' && *s->p <= 'Z') || (*s->p >= '0' && *s->p <= '9') || *s->p == '_'))
			s->p++;
		/* Whether ; ends a label differs between implementations: only the end of the line surely does. */
		s->label = true;
		return s->p >= s->end || *s->p == '\n' || *s->p == ';' || *s->p == '}';
	}
	return false; /* a c i: text that may go on; e r R w W F v: never */
}

bool prog_sed_reads(const char *p, size_t n)
{
	struct sed s = { .p = p, .end = p + n };

	if (!text_utf8(p, n) || (n >= 1 && p[0] == '#'))
		return false;
	while (s.p < s.end) {
		const char *before = s.p;

		if (!sed_command(&s))
			return false;
		if (s.p == before)
			return false;
	}
	return true;
}

/* ---- awk --------------------------------------------------------------------------------------------------------------- */

#define AWK_DEPTH 64

/* What a slash is, by what stands before it. */
enum awk_before {
	AWK_OPERATOR, /* an operand must follow: a slash begins a regex */
	AWK_VALUE,    /* a slash divides */
	AWK_REGEX,    /* a regex: a value, but a slash behind it is not understood */
	AWK_UNSURE    /* implementations differ */
};

struct awk {
	const char *p, *end;
	enum awk_before before;
	bool print;           /* a > here would be output */
	bool control;         /* the word before was if, while or the like */
	unsigned depth, parens;
	char open[AWK_DEPTH]; /* ( or [ that are open; c for the ( of if, while and for */
};

static bool awk_in(const char *p, size_t n, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (strlen(*list) == n && memcmp(*list, p, n) == 0)
			return true;
	}
	return false;
}

static bool awk_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool awk_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool awk_next(const struct awk *k, char c)
{
	return k->p + 1 < k->end && k->p[1] == c;
}

static bool awk_comment(struct awk *k)
{
	while (k->p < k->end && *k->p != '\n')
		k->p++;
	return k->p >= k->end || k->p[-1] != '\\';
}

static bool awk_string(struct awk *k)
{
	for (k->p++; k->p < k->end && *k->p != '"'; k->p++) {
		if (*k->p == '\\' && ++k->p >= k->end)
			return false;
		if (*k->p == '\n')
			return false;
	}
	if (k->p >= k->end)
		return false;
	k->p++;
	k->before = AWK_VALUE;
	return true;
}

/* From the [ of a bracket expression in a regex to its ]. Some implementations know no brackets here, others count them, and they
 * disagree about a ] that comes first, about a slash inside and about a backslash before a bracket. */
static bool awk_bracket(struct awk *k)
{
	const char *q = k->p + 1;

	if (q < k->end && *q == '^')
		q++;
	if (q < k->end && *q == ']')
		return false;
	for (; q < k->end && *q != ']'; q++) {
		if (*q == '/' || *q == '\n')
			return false;
		if (*q == '\\') {
			if (++q >= k->end || strchr("[]\\\n", *q) != NULL)
				return false;
		} else if (*q == '[') {
			if (++q >= k->end || *q != ':')
				return false;
			do
				q++;
			while (q < k->end && *q >= 'a' && *q <= 'z');
			if (q + 1 >= k->end || *q != ':' || *++q != ']')
				return false;
		}
	}
	k->p = q;
	return q < k->end;
}

static bool awk_regex(struct awk *k)
{
	for (k->p++; k->p < k->end && *k->p != '/'; k->p++) {
		if (*k->p == '\n' || *k->p == ']')
			return false;
		if (*k->p == '\\') {
			if (++k->p >= k->end || *k->p == '\n')
				return false;
		} else if (*k->p == '[' && !awk_bracket(k)) {
			return false;
		}
	}
	if (k->p >= k->end)
		return false;
	k->p++;
	k->before = AWK_REGEX;
	return true;
}

static bool awk_slash(struct awk *k)
{
	if (k->before == AWK_OPERATOR)
		return awk_regex(k);
	if (k->before != AWK_VALUE)
		return false;
	k->p++;
	k->before = AWK_OPERATOR;
	return !(k->p + 1 < k->end && *k->p == '=' && (k->p[1] == '=' || k->p[1] == '~'));
}

/* A number ends where the digits do, whatever follows: in 1e5system(...) there are two words. */
static bool awk_number(struct awk *k)
{
	const char *from = k->p;

	while (k->p < k->end && (awk_digit(*k->p) || *k->p == '.'))
		k->p++;
	if (memchr(from, '.', (size_t)(k->p - from)) != NULL && k->p - from == 1)
		return false;
	if (k->p + 1 < k->end && (*k->p == 'e' || *k->p == 'E')) {
		k->p++;
		if (k->p + 1 < k->end && (*k->p == '+' || *k->p == '-'))
			k->p++;
		if (!awk_digit(*k->p))
			return false;
		while (k->p < k->end && awk_digit(*k->p))
			k->p++;
	}
	k->before = AWK_VALUE;
	return k->p >= k->end || !(awk_letter(*k->p) || *k->p == '.');
}

static bool awk_word(struct awk *k)
{
	static const char *const harmful[] = { "system", "getline", "close", "fflush", "load", "include", "ARGV", "ARGC", "PROCINFO", "FUNCTAB",
		"extension", "namespace", "SYMTAB", NULL };
	static const char *const controls[] = { "if", "while", "for", "switch", NULL };
	static const char *const printing[] = { "print", "printf", NULL };
	/* Words of the language and functions, in any implementation: none of them is a variable that could be divided. */
	static const char *const reserved[] = { "BEGIN", "BEGINFILE", "END", "ENDFILE", "function", "func", "else", "do", "break", "continue", "next",
		"nextfile", "exit", "return", "delete", "in", "case", "default", "length", "substr", "index", "split", "sub", "gsub", "gensub", "match",
		"sprintf", "sin", "cos", "atan2", "exp", "log", "sqrt", "int", "rand", "srand", "srandom", "tolower", "toupper", "and", "or", "xor",
		"compl", "lshift", "rshift", "strtonum", "patsplit", "asort", "asorti", "mktime", "strftime", "systime", "bindtextdomain", "dcgettext",
		"dcngettext", "isarray", "typeof", "mkbool", "intdiv", "stopme", "adump", "abort", NULL };
	const char *s = k->p;
	size_t n;

	while (k->p < k->end && (awk_letter(*k->p) || awk_digit(*k->p)))
		k->p++;
	n = (size_t)(k->p - s);
	if (awk_in(s, n, harmful))
		return false;
	if (awk_in(s, n, printing)) {
		/* A for may print in its parentheses, and > is output there too. */
		if (k->depth > 0)
			return false;
		k->print = true;
		k->before = AWK_OPERATOR;
		return true;
	}
	k->control = awk_in(s, n, controls);
	k->before = k->control || awk_in(s, n, reserved) ? AWK_UNSURE : AWK_VALUE;
	return true;
}

/* A newline ends a statement behind a value. Behind an operator, or a word that may be one, it need not. */
static bool awk_newline(struct awk *k)
{
	bool value = k->before == AWK_VALUE || k->before == AWK_REGEX;

	k->p++;
	if (k->depth > 0)
		return !value;
	if (value) {
		k->print = false;
		k->before = AWK_OPERATOR;
	}
	return true;
}

static bool awk_open(struct awk *k, char c)
{
	if (k->depth == AWK_DEPTH)
		return false;
	k->open[k->depth++] = c;
	k->parens += c != '[';
	k->p++;
	k->before = AWK_OPERATOR;
	return true;
}

static bool awk_close(struct awk *k, char c)
{
	char open;

	if (k->depth == 0)
		return false;
	open = k->open[--k->depth];
	if ((open == '[') != (c == ']'))
		return false;
	k->parens -= open != '[';
	k->p++;
	/* Behind if (x) a slash begins a regex in most, and divides in mawk. */
	k->before = open == 'c' ? AWK_UNSURE : AWK_VALUE;
	return true;
}

static bool awk_statement(struct awk *k, char c)
{
	if (k->depth > 0 && (c != ';' || k->open[k->depth - 1] != 'c'))
		return false;
	k->p++;
	k->print = false;
	k->before = AWK_OPERATOR;
	return true;
}

static bool awk_operator(struct awk *k, char c)
{
	switch (c) {
	case '|':
	case '&':
		/* a || b is the only pipe that is none. */
		if (!awk_next(k, c) || (k->p + 2 < k->end && (k->p[2] == '|' || k->p[2] == '&')))
			return false;
		k->p++;
		break;
	case '>':
		/* A comparison outside of print, or inside parentheses. */
		if ((k->print && k->parens == 0) || awk_next(k, '>'))
			return false;
		break;
	default:
		if (c == '\0' || strchr("=,!~<*%?:^+-$", c) == NULL)
			return false; /* continuations, gawk's @include, indirect calls */
	}
	k->p++;
	/* x++ / 2 or ++ /regex/, and $/regex/ */
	k->before = c == '+' || c == '-' || c == '$' ? AWK_UNSURE : AWK_OPERATOR;
	return true;
}

static bool awk_token(struct awk *k)
{
	char c = *k->p;
	bool control = k->control;

	if (c == ' ' || c == '\t') {
		k->p++;
		return true;
	}
	if (c != '\n' && c != '#')
		k->control = false;
	if (awk_letter(c))
		return awk_word(k);
	if (awk_digit(c) || c == '.')
		return awk_number(k);
	switch (c) {
	case '#':
		return awk_comment(k);
	case '"':
		return awk_string(k);
	case '/':
		return awk_slash(k);
	case '\n':
		return awk_newline(k);
	case '(':
		return awk_open(k, control ? 'c' : '(');
	case '[':
		return awk_open(k, '[');
	case ')':
	case ']':
		return awk_close(k, c);
	case '{':
	case '}':
	case ';':
		return awk_statement(k, c);
	default:
		return awk_operator(k, c);
	}
}

bool prog_awk_reads(const char *p, size_t n)
{
	struct awk k = { .p = p, .end = p + n, .before = AWK_OPERATOR };

	if (!text_utf8(p, n))
		return false;
	while (k.p < k.end) {
		if (!awk_token(&k))
			return false;
	}
	return true;
}

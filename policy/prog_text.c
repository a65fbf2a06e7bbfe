/* The little languages of sed and awk, recognised only as far as a program surely just reads its input and prints. Anything that
 * is not surely of that kind is taken for code. */
#include <string.h>

#include "policy/walk.h"

/* ---- sed --------------------------------------------------------------------------------------------------------------- */

struct sed {
	const char *p, *end;
};

static void sed_blank(struct sed *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == ';' || *s->p == '\n'))
		s->p++;
}

/* Up to and including the next unescaped delimiter; brackets of a regex may hold it. */
static bool sed_delimited(struct sed *s, char delim, bool regex)
{
	while (s->p < s->end) {
		char c = *s->p++;

		if (c == '\n' && regex)
			return false;
		if (c == '\\') {
			if (s->p >= s->end)
				return false;
			s->p++;
		} else if (c == delim) {
			return true;
		} else if (c == '[' && regex) {
			/* Whether the delimiter counts inside a bracket differs between implementations. */
			const char *q = s->p;

			if (q < s->end && *q == '^')
				q++;
			if (q < s->end && *q == ']')
				q++;
			while (q < s->end && *q != ']') {
				if (*q == delim || *q == '\n')
					return false;
				if (*q == '\\' && (q + 1 >= s->end || q[1] == delim || q[1] == ']' || q[1] == '\\'))
					return false;
				if (*q == '[' && q + 1 < s->end && strchr(":.=", q[1]) != NULL) {
					/* [:space:] and its like */
					char kind = q[1];

					for (q += 2; q + 1 < s->end && !(*q == kind && q[1] == ']'); q++) {
						if (*q < 'a' || *q > 'z')
							return false;
					}
					q++;
				}
				q++;
			}
			if (q >= s->end)
				return false;
			s->p = q + 1;
		}
	}
	return false;
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
			if (s->p >= s->end || *s->p == '\n' || *s->p == '\\')
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
			if (s->p < s->end && (*s->p == '+' || *s->p == '~'))
				s->p++;
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
		if (delim == '\n' || delim == '\\' || !sed_delimited(s, delim, true) || !sed_delimited(s, delim, false))
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
		return s->p >= s->end || *s->p == '\n' || *s->p == ';' || *s->p == '}';
	}
	return false; /* a c i: text that may go on; e r R w W F v: never */
}

bool prog_sed_reads(const char *p, size_t n)
{
	struct sed s = { p, p + n };

	if (n >= 1 && p[0] == '#')
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

static bool awk_word(const char *p, size_t n, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (strlen(*list) == n && memcmp(*list, p, n) == 0)
			return true;
	}
	return false;
}

/* Whether a '/' here begins a regular expression: by what came before it. */
static bool awk_regex_here(char before)
{
	return before == '\0' || strchr("(,=!~&|{};\n<>+-*%?:^", before) != NULL;
}

bool prog_awk_reads(const char *p, size_t n)
{
	static const char *const harmful[] = { "system", "getline", "close", "fflush", "load", "include", "ARGV", "ARGC", "PROCINFO", "FUNCTAB",
		"extension", "namespace", "SYMTAB", NULL };
	static const char *const keywords[] = { "return", "in", "case", "else", "do", "if", "while", "for", "exit", "delete", NULL };
	static const char *const printing[] = { "print", "printf", NULL };
	const char *end = p + n;
	char before = '\0';
	unsigned paren = 0;
	bool print = false, keyword = false;

	while (p < end) {
		char c = *p;

		if (c == '#') {
			while (p < end && *p != '\n')
				p++;
			continue;
		}
		if (c == '"') {
			for (p++; p < end && *p != '"'; p++) {
				if (*p == '\n')
					return false;
				if (*p == '\\' && ++p >= end)
					return false;
			}
			if (p >= end)
				return false;
			p++;
			before = '"';
				continue;
		}
		if (c == '\\' || c == '`' || c == '@' || c == '\'')
			return false; /* continuations, gawk's @include, indirect calls */
		if (c == '/') {
			unsigned open = 0, closed = 0;

			/* x++ / 2 or + /regex/ ; return /regex/ ; if (x) /regex/ or (x) / 2: where it cannot be told, it is code. */
			if (before == '+' || before == '-' || (before == 'a' && keyword))
				return false;
			if (!awk_regex_here(before)) {
				if (before == ')' && (memchr(p + 1, '"', (size_t)(end - p - 1)) != NULL || memchr(p + 1, '/', (size_t)(end - p - 1)) != NULL))
					return false;
				before = '/';
				p++;
				continue;
			}
			for (p++; p < end && *p != '/'; p++) {
				if (*p == '\n')
					return false;
				if (*p == '[' && p + 2 < end && (p[1] == ']' || (p[1] == '^' && p[2] == ']')))
					return false;
				open += *p == '[';
				closed += *p == ']';
				if (*p == '\\' && ++p >= end)
					return false;
			}
			/* A slash inside a bracket expression ends the regex in some, and not in others. */
			if (p >= end || open != closed)
				return false;
			p++;
			before = ')';
			continue;
		}
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_') {
			const char *s = p;

			while (p < end && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_' || (*p >= '0' && *p <= '9')))
				p++;
			if (awk_word(s, (size_t)(p - s), harmful))
				return false;
			if (awk_word(s, (size_t)(p - s), printing)) {
				print = true;
				before = ',';
			} else {
				before = 'a';
				keyword = awk_word(s, (size_t)(p - s), keywords);
			}
			continue;
		}
		if (c == '|') {
			/* a || b is the only pipe that is none. */
			if (p + 1 >= end || p[1] != '|' || (p + 2 < end && p[2] == '&'))
				return false;
			p += 2;
			before = '|';
			continue;
		}
		if (c == '>') {
			/* A comparison outside of print, or inside parentheses. */
			if (print && paren == 0)
				return false;
			if (p + 1 < end && p[1] == '>')
				return false;
		}
		if (c == '(')
			paren++;
		if (c == ')' && paren > 0)
			paren--;
		if (c == '{' || c == '}' || c == ';' || c == '\n') {
			if (c != '\n' || (paren == 0 && strchr(",&|{", before) == NULL))
				print = false;
			if (c == '{' || c == '}')
				paren = 0;
		}
		if (c != ' ' && c != '\t')
			before = c;
		p++;
	}
	return true;
}

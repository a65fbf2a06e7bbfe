/* The byte gate: what a command text may be made of, before anything is read into it. */
#ifndef POLICY_SHELL_GATE_H
#define POLICY_SHELL_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gate {
	size_t clean;     /* bytes from the start that may be parsed; all of them when what is NULL */
	const char *what; /* why not further; static storage */
	int code;         /* ERR_OK, ERR_LIMIT, ERR_REFUSED */
	size_t lines;     /* newlines in the clean part */
	bool hidden;      /* holds characters that do not show (gate_hidden): only single quotes may hold those */
};

/* Looks at no more than max + 1 bytes, whatever len is. */
void gate_scan(const char *text, size_t len, size_t max, struct gate *out);

/* Length in bytes of a character at p that turns the direction of text, has no width, or otherwise does not show,
 * else 0.
 * n is how many bytes there are. */
size_t gate_hidden(const unsigned char *p, size_t n);

/* Whether the bytes may stand in a text at all: valid UTF-8 without controls but tab and newline. Hidden characters
 * pass. */
bool gate_clean(const char *p, size_t n);

#endif

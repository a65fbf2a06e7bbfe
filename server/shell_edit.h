/* A line editor as a state machine: bytes of a terminal in, bytes for its screen out, an event when a line is done. Pure: no tty, no
 * globals, no signals. Distrusts every byte that comes in; what it shows of them is printable.
 *
 * Why not one of Debian's: readline and libedit keep their state in globals, read from a descriptor that must be a terminal, look at
 * ~/.inputrc or ~/.editrc and terminfo, and hold key macros and an external editor (Ctrl-X Ctrl-E) that this editor must not have. A worker
 * holds many shells and no files.
 *
 * Keys, as in bash: arrows, Home, End, Delete, Ctrl-A B E F, Alt-B F, Ctrl-arrows; Ctrl-D H K U W, Alt-D, Alt-Backspace, Ctrl-Y, Ctrl-T;
 * Ctrl-P N, up, down, Ctrl-R; Ctrl-L; Ctrl-C; Ctrl-D on an empty line; Ctrl-Z. Return or Ctrl-J ends a line. A paste in brackets is put
 * in as it is, lines and all, and runs only after Return. */
#ifndef SERVER_SHELL_EDIT_H
#define SERVER_SHELL_EDIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	EDIT_LINE_MAX = 64 * 1024,     /* bytes of a line; more rings the bell */
	EDIT_HISTORY_MAX = 500,        /* lines */
	EDIT_HISTORY_BYTES = 256 * 1024
};

enum edit_event {
	EDIT_MORE,   /* all input was used; nothing is done yet */
	EDIT_LINE,   /* Return: edit_text() is the line, without newline at its end */
	EDIT_CANCEL, /* Ctrl-C */
	EDIT_EOF,    /* Ctrl-D on an empty line */
	EDIT_STOP    /* Ctrl-Z: the line is as before, and still being edited */
};

struct edit;

struct edit *edit_new(unsigned columns); /* NULL: no memory */
void edit_free(struct edit *e);          /* NULL is fine */

/* Begins a line: paints the prompt (printable, no escape sequences) into out. */
void edit_prompt(struct edit *e, const char *prompt, struct buf *out);

/* Takes bytes in, up to an event; *used is how many. Screen bytes are appended to out; should out not take them they are lost, and
 * the next change paints anew. */
enum edit_event edit_input(struct edit *e, const uint8_t *p, size_t n, size_t *used, struct buf *out);

/* The line; valid until the next call. */
struct view edit_text(const struct edit *e);

/* A line for the history. Empty ones, and repetitions of the last, are left out. */
void edit_remember(struct edit *e, struct view line);

/* The terminal is now this wide; paints anew where a line is being edited. */
void edit_columns(struct edit *e, unsigned columns, struct buf *out);

/* Paints the prompt and line again, below what was printed meanwhile. */
void edit_again(struct edit *e, struct buf *out);

/* Bytes of the character that p begins with, if it is one that a terminal shows in a cell of its own; 0: a control character, an invisible
 * one, or not UTF-8. */
size_t edit_shown(const char *p, size_t n);

/* Cells that a character takes on a terminal: 0, 1 or 2. */
unsigned edit_width(uint32_t c);

#endif

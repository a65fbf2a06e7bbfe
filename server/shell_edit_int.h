/* Inside the line editor: the line and its keys, shared by its files; see shell_edit.h. */
#ifndef SERVER_SHELL_EDIT_INT_H
#define SERVER_SHELL_EDIT_INT_H

#include <stdbool.h>

#include "server/shell_edit.h"

enum { EDIT_PROMPT_MAX = 640, EDIT_SEARCH_MAX = 256 };

enum input { IN_PLAIN, IN_ESC, IN_CSI, IN_SS3, IN_STRING };

struct edit {
	unsigned cols;
	bool active;
	char prompt[EDIT_PROMPT_MAX];
	char *line;   /* EDIT_LINE_MAX bytes */
	size_t n, at; /* bytes; the cursor */
	unsigned row; /* of the cursor on the screen, below the prompt's first */
	/* input */
	enum input in;
	char seq[32];
	unsigned nseq;
	uint8_t utf[4];
	unsigned nutf, want;
	bool paste, cr; /* cr: the last byte was a Return; a line feed behind it is no second one */
	/* kill and yank */
	char *killed;
	size_t nkilled;
	bool killing; /* the last key killed: the next kill adds to it */
	/* history, oldest first */
	char **past;
	unsigned npast, look; /* look: shown now; npast: the line itself */
	size_t past_bytes;
	char *saved; /* the line while an older one is shown */
	size_t nsaved;
	/* Ctrl-R */
	bool searching, failing;
	char wanted[EDIT_SEARCH_MAX];
	size_t nwanted;
	unsigned hit;
};

/* shell_edit_line.c: places in the line are byte offsets on a character's border */
size_t edit_next(const struct edit *e, size_t i);
size_t edit_prev(const struct edit *e, size_t i);
size_t edit_next_cluster(const struct edit *e, size_t i); /* a character together with what stands upon it */
size_t edit_prev_cluster(const struct edit *e, size_t i);
size_t edit_word_left(const struct edit *e); /* of the cursor */
size_t edit_word_right(const struct edit *e);
uint32_t edit_decode(const char *p, size_t n); /* well-formed UTF-8 of one character */
bool edit_insert(struct edit *e, const char *p, size_t n); /* at the cursor; false: no room */
void edit_cut(struct edit *e, size_t from, size_t to);
void edit_kill(struct edit *e, size_t from, size_t to, bool before); /* kept for Ctrl-Y; before: in front of what the last key killed */
void edit_history(struct edit *e, int step, struct buf *out);
void edit_search_begin(struct edit *e);
void edit_search_end(struct edit *e, bool keep);
bool edit_search_key(struct edit *e, unsigned char c, struct buf *out); /* whether the key was the search's own */
void edit_search_typed(struct edit *e, const char *p, size_t n, struct buf *out);

/* shell_edit_paint.c: bytes for the screen */
void edit_paint(struct edit *e, struct buf *out, size_t at); /* anew, from the prompt's row on; at: where the cursor ends up */
void edit_repaint(struct edit *e, struct buf *out);
bool edit_echo(const struct edit *e, const char *p, size_t n, struct buf *out);
void edit_clear(struct edit *e, struct buf *out);
void edit_bell(struct buf *out);
void edit_finish(struct edit *e, struct buf *out, const char *mark); /* the line is done: the cursor goes below it */

#endif

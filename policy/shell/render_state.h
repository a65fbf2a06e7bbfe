/* What the two halves of the rendering share. Nothing outside of policy/shell includes this. */
#ifndef POLICY_SHELL_RENDER_STATE_H
#define POLICY_SHELL_RENDER_STATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "policy/shell/ast.h"
#include "policy/shell/dialect.h"

#define RENDER_HEREDOCS 16

struct pending { /* a here-document whose body is written at the next newline */
	struct buf body;
	char delim[24];
};

struct render {
	struct buf *out;
	int r; /* the first failure; nothing is written behind it */
	enum dialect dialect;
	const struct traits *t; /* NULL for fish and csh */
	struct pending pending[RENDER_HEREDOCS];
	unsigned npending;
	unsigned base;  /* pendings below belong to what stands around a substitution: no newline may be written */
	unsigned depth; /* 0: top level, where newlines are kept */
	unsigned braces; /* around what is written */
};

/* Where parts stand: it decides how bytes are quoted. */
enum place {
	PLACE_WORD,    /* unquoted */
	PLACE_DQ,      /* in "…" */
	PLACE_HEREDOC, /* in an expanded here-document */
	PLACE_ARG,     /* in ${…}, its quotes its own */
	PLACE_ARG_DQ,  /* in ${…} inside double quotes */
	PLACE_ARITH,
	PLACE_REGEX
};

void render_put(struct render *r, const char *s);
void render_bytes(struct render *r, const void *p, size_t n);
void render_fail(struct render *r, int code);
void render_quote(struct render *r, const char *p, size_t n);
void render_word(struct render *r, const struct sh_word *w);
void render_parts(struct render *r, const struct sh_part *x, enum place at);
void render_assign(struct render *r, const struct sh_assign *a);
void render_list(struct render *r, const struct sh_list *l);
void render_list_end(struct render *r, const struct sh_list *l); /* what stands between a list and the keyword behind it */
void render_newline(struct render *r); /* with the bodies that wait */
void render_close(struct render *r);   /* the same, but only when a body waits: before ) */
bool render_opens_paren(const struct sh_list *l); /* whether its text begins with "(" */

#endif

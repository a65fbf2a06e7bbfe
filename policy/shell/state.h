/* The parser's own state and what its files give each other. Nothing outside of policy/shell includes this.
 *
 * There is no token stream: what a byte means depends on where it stands, so each construct reads the bytes itself. The
 * cursor never stands on a line continuation ("cooked") unless a construct reads raw bytes on purpose.
 *
 * A mistake ends the parse at once: ps_fail() jumps to where shell_parse() began. Everything is in the arena, so there
 * is nothing to undo. */
#ifndef POLICY_SHELL_STATE_H
#define POLICY_SHELL_STATE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "policy/shell/arena.h"
#include "policy/shell/ast.h"
#include "policy/shell/dialect.h"
#include "policy/shell/parse.h"

#define END (-1) /* what ps_cur() says behind the last byte */

/* Bytes being read: the text itself, a stretch of it (here-document), or bytes made from it (backquotes). */
struct src {
	const char *p;
	uint32_t n;
	uint32_t base;       /* offset in the text of p[0], when there is no map */
	const uint32_t *map; /* offset in the text of each byte, and of the end: n + 1 entries; or NULL */
};

struct heredocs { /* seen, body not yet read */
	struct sh_redir *item[16];
	unsigned n;
};

struct ps {
	struct src s;
	uint32_t i; /* cursor in s */
	const struct traits *t;
	enum dialect dialect;
	struct arena *a;
	unsigned depth;
	uint64_t budget;     /* steps left: makes the linear bound a fact */
	bool extglob;        /* in force now */
	bool extglob_next;   /* from the next line on */
	bool streaming;      /* running out of bytes may mean ERR_AGAIN */
	bool nested;         /* s is not the text itself: its end is not the end of the input */
	bool in_heredoc;     /* in a body, and in no substitution in it */
	bool in_funsub;      /* } at the place of a command closes ${ …;} */
	bool hidden;         /* the gate saw characters that only single quotes may hold */
	bool line_done;      /* list_parse() stopped behind the newline that it was asked for */
	bool outer_heredoc;  /* a construct around this one waits for a here-document's body */
	bool backquote_dq;   /* inside backquotes inside double quotes */
	unsigned quoted_args; /* around: arguments of a ${…} that is quoted */
	unsigned arg_strings; /* and "…" in arguments, of any */
	struct heredocs here;
	const uint32_t *lines; /* offset of each line's first byte */
	uint32_t nlines, line_at;
	uint8_t *not_arith;  /* a bit an offset: `((` there was tried and is no arithmetic */
	struct {             /* the last answer of ps_reserved(), which is asked again and again at one place */
		const char *p;
		uint32_t n, i, after;
		unsigned word;
	} reserved;
	jmp_buf *jump;
	struct sh_error err;
};

/* ---- lex.c: the cursor ---- */


_Noreturn void ps_fail(struct ps *p, int code, uint32_t at, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Runs f; false when it failed, with p->err set. The caller puts back what it had read so far. */
bool ps_guard(struct ps *p, void (*f)(struct ps *p, void *arg), void *arg);
_Noreturn void ps_expected(struct ps *p, const char *what); /* "expected …, found …" at the cursor */
_Noreturn void ps_left_out(struct ps *p, uint32_t at, const char *what); /* ERR_UNSUPPORTED */
void *ps_room(struct ps *p, size_t n); /* not zeroed: for what is written whole */
void *ps_new(struct ps *p, size_t n);
struct sh_text ps_text(struct ps *p, const char *s, size_t n);
static inline uint32_t ps_orig(const struct ps *p, uint32_t i)
{
	return p->s.map != NULL ? p->s.map[i] : p->s.base + i;
}
struct sh_pos ps_pos_line(struct ps *p, uint32_t off); /* of an offset in the text: looks for its line */
static inline struct sh_pos ps_pos(struct ps *p, uint32_t i)
{
	uint32_t off = ps_orig(p, i > p->s.n ? p->s.n : i);
	return p->nlines == 1 ? (struct sh_pos){off, 1, off + 1} : ps_pos_line(p, off);
}
static inline int ps_cur(const struct ps *p)
{
	return p->i < p->s.n ? (unsigned char)p->s.p[p->i] : END;
}
void ps_cook(struct ps *p);                       /* steps over line continuations */
void ps_hidden(struct ps *p);                     /* refuses a hidden character at the cursor */
_Noreturn void ps_tangled(struct ps *p, uint32_t at); /* the budget of steps is gone */
static inline void ps_adv(struct ps *p)           /* one byte, then cooks */
{
	if (p->hidden)
		ps_hidden(p);
	p->i++;
	if (--p->budget == 0)
		ps_tangled(p, p->i);
	if (p->i < p->s.n && p->s.p[p->i] == '\\')
		ps_cook(p);
}
void ps_adv_n(struct ps *p, unsigned n);          /* n cooked bytes */
uint32_t ps_join(const struct ps *p, uint32_t i); /* steps over line continuations from there */
static inline uint32_t ps_after(const struct ps *p, uint32_t i) /* index of the cooked byte behind byte i */
{
	i++;
	return i < p->s.n && p->s.p[i] == '\\' ? ps_join(p, i) : i;
}
static inline int ps_at(const struct ps *p, uint32_t i) /* byte at index i, or END */
{
	return i < p->s.n ? (unsigned char)p->s.p[i] : END;
}
int ps_peek(const struct ps *p, unsigned k);      /* k-th cooked byte behind the cursor; 0 is ps_cur() */
bool ps_looking(const struct ps *p, const char *s); /* whether the cooked bytes at the cursor are s */
void ps_enter(struct ps *p);                      /* one construct deeper, ERR_LIMIT over the cap */
void ps_leave(struct ps *p);
void ps_blanks(struct ps *p);                     /* blanks and a comment, up to a newline */
void ps_newlines(struct ps *p);                   /* blanks, comments and newlines, reading here-documents */
void ps_newline(struct ps *p);                    /* the newline at the cursor, and the bodies that follow it */
/* Ends a word: blank, newline, ;&|<>() and END. */
static inline bool ps_is_meta(int c)
{
	switch (c) {
	case END:
	case ' ':
	case '\t':
	case '\n':
	case ';':
	case '&':
	case '|':
	case '<':
	case '>':
	case '(':
	case ')':
		return true;
	}
	return false;
}
static inline bool ps_is_name(int c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

enum rw { /* reserved words */
	RW_NONE, RW_IF, RW_THEN, RW_ELIF, RW_ELSE, RW_FI, RW_FOR, RW_SELECT, RW_IN, RW_WHILE, RW_UNTIL, RW_DO, RW_DONE,
	RW_CASE, RW_ESAC, RW_LBRACE, RW_RBRACE, RW_BANG, RW_COND, RW_FUNCTION, RW_COPROC, RW_TIME,
	RW_ZSH /* one that only zsh has: left out */
};
enum rw ps_reserved(struct ps *p, uint32_t *after); /* the reserved word at the cursor; *after: index behind it */
bool ps_accept(struct ps *p, enum rw w);                  /* takes it and the blanks behind it */
bool ps_accept_word(struct ps *p, const char *word);      /* the same for a word that is reserved only here */
void ps_expect(struct ps *p, enum rw w, const char *what);

/* ---- word.c, dollar.c, quote.c: words ---- */

struct parts { /* a word being put together */
	struct sh_part *first, **tail;
	uint32_t lit;     /* first byte of a run of literal bytes, when in_lit */
	bool in_lit;
	bool quoted;      /* literal bytes stand in quotes */
	bool dollar;         /* holds an unquoted $ that begins nothing */
	bool bracket, brace; /* holds "[" or "{" whose meaning is settled at the end */
};
void parts_init(struct parts *b, bool quoted);
struct sh_part *parts_add(struct ps *p, struct parts *b, enum sh_part_kind kind, uint32_t at, bool quoted);
void parts_byte(struct ps *p, struct parts *b); /* the byte at the cursor is literal: steps over it */
void parts_flush(struct ps *p, struct parts *b);
void parts_text(struct ps *p, struct parts *b, enum sh_part_kind kind, uint32_t at, uint32_t n, bool quoted);

enum word_mode {
	WORD_ARG,     /* argument, redirection target, for word: SH_WORD_PLAIN */
	WORD_VALUE,   /* of an assignment: tilde behind ':' too; no braces */
	WORD_SUBJECT, /* case subject, here-string: no braces */
	WORD_PATTERN, /* case pattern, right side of == */
	WORD_DECL     /* value in an argument of a declaration builtin: as VALUE, and braces may count */
};
struct sh_word *word_parse(struct ps *p, enum word_mode m); /* NULL: no word here */
/* The same with parts that were read before. */
struct sh_word *word_continue(struct ps *p, enum word_mode m, struct parts *b, uint32_t start);
struct sh_word *word_new(struct ps *p, enum sh_word_kind kind, uint32_t at);
void word_finish(struct ps *p, struct parts *b, bool braces);

void quote_single(struct ps *p, struct parts *b);  /* at ' */
void quote_c(struct ps *p, struct parts *b);       /* at $' */
void quote_double(struct ps *p, struct parts *b);  /* at " */
void quote_arg_string(struct ps *p, struct parts *b); /* at " in the argument of a ${…} */
void quote_escape(struct ps *p, struct parts *b);  /* at \ , unquoted */

enum dq { DQ_STRING, DQ_HEREDOC, DQ_ARG };
void quote_body(struct ps *p, struct parts *b, enum dq mode);   /* up to the closing " or } or the end */

bool dollar_parse(struct ps *p, struct parts *b, bool quoted);  /* at $ : false when it is an ordinary byte */
void dollar_backquote(struct ps *p, struct parts *b, bool quoted, bool heredoc);
void dollar_procsub(struct ps *p, struct parts *b, enum sh_comsub_kind kind);
struct sh_list *dollar_list(struct ps *p);                      /* list up to and with ')' of a substitution */

struct sh_param *param_braced(struct ps *p, bool quoted);       /* behind "${" */
struct sh_word *param_arg(struct ps *p, bool quoted, bool pattern, bool slash); /* up to } or / */

/* ---- arith.c ---- */

enum arith_end { ARITH_PARENS, ARITH_BRACKET, ARITH_COLON, ARITH_BRACE, ARITH_SEMI };
struct sh_word *arith_parse(struct ps *p, enum arith_end end); /* up to, not with, what ends it */
/* Behind "((": takes "))" too. NULL, and the cursor where it was, when it is no arithmetic. */
struct sh_word *arith_try(struct ps *p, uint32_t opens_at);

/* ---- glob.c ---- */

void glob_extended(struct ps *p, struct parts *b); /* at the operator, "(" behind it */
void glob_zsh(struct ps *p, struct parts *b);
struct sh_word *glob_regex(struct ps *p);
bool glob_extended_here(const struct ps *p);

/* ---- brace.c ---- */

void brace_settle(struct ps *p, struct parts *b);

/* ---- heredoc.c ---- */

void heredoc_delimiter(struct ps *p, struct sh_redir *r); /* behind the operator */
void heredoc_bodies(struct ps *p);                        /* cursor on the first line's first byte */

/* ---- command.c, simple.c, compound.c, cond.c ---- */

struct sh_list *list_parse(struct ps *p, bool one_line); /* one_line: stops behind the newline that ends a statement */
struct sh_list *list_body(struct ps *p, const char *what, bool may_be_empty);
struct sh_command *command_parse(struct ps *p);
struct sh_command *command_new(struct ps *p, enum sh_command_kind kind, uint32_t at);
void command_redirs(struct ps *p, struct sh_command *c);
bool redir_parse(struct ps *p, struct sh_redir **out); /* false: none here */
/* NAME=value at the cursor. NULL when it is none; *not_one is then a word that had to be read to know, or NULL. */
struct sh_assign *assign_parse(struct ps *p, enum word_mode m, bool arrays, struct sh_word **not_one);
struct sh_word *assign_word(struct ps *p, struct sh_assign *a);
struct sh_command *simple_parse(struct ps *p);
struct sh_command *compound_parse(struct ps *p); /* NULL: none here */
struct sh_command *function_body(struct ps *p);
struct sh_command *function_keyword(struct ps *p, uint32_t at); /* behind `function` */
struct sh_cond *cond_parse(struct ps *p);

/* ---- plain.c: fish and csh ---- */

void plain_parse(struct ps *p, struct sh_ast *out, bool one_line);

#endif

/* The syntax tree of a shell text: what policy/shell/parse.c builds, and what resolution, rules and rendering read.
 *
 * Everything lives in one arena and is read-only once parsed. Lists are singly linked by `next`, in source order, NULL
 * at the end. Bytes are struct sh_text: pointer and length, no NUL inside (the gate refuses it), NUL-terminated for
 * convenience. Every node says where it begins in the text that was given to the parser (struct sh_pos) and `end`, the
 * byte offset one past it; inside backquotes and here-documents too, where they are the offsets of the original
 * bytes.
 *
 * What is *not* kept: comments, blanks, line continuations; which of `;` and newline ended a command, and which of
 * `$(...)` and backquotes was written, are kept only as flags. Two trees that mean the same run are ast_equal(). */
#ifndef POLICY_SHELL_AST_H
#define POLICY_SHELL_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

struct sh_list;
struct sh_command;
struct sh_word;
struct sh_assign;

struct sh_pos {
	uint32_t off;  /* bytes from the start, 0-based */
	uint32_t line; /* 1-based */
	uint32_t col;  /* 1-based, in bytes */
};

struct sh_text {
	const char *p; /* p[n] == 0; never NULL */
	uint32_t n;    /* bytes */
};

/* ---- Words ------------------------------------------------------------------------------------------------------ */

enum sh_part_kind {
	SH_LITERAL, /* text: bytes without any special meaning where they stand. Unquoted: the rest of the word
		     * decides */
	SH_ESCAPED, /* text: one character that stood behind a backslash (the backslash is not in text). Quoted */
	SH_SQUOTE,  /* text: the bytes between '…' . Quoted */
	SH_CQUOTE,  /* text: the decoded bytes of $'…' . Quoted. (a shell without $'…' never yields it) */
	SH_DQUOTE,  /* parts: what stands inside "…"; they are all `quoted`. locale: it was $"…" */
	SH_PARAM,   /* param: $x ${x…} */
	SH_COMSUB,  /* comsub: $(…) `…` and mksh's ${ …;} ${|…;} */
	SH_PROCSUB, /* comsub: <(…) >(…) and zsh's =(…) */
	SH_ARITH,   /* arith: $((…)) $[…] */
	SH_GLOB,    /* text: one of "*" "?" "[" "]": active where a pattern counts. "[" and "]" come in pairs,
		     * literals between
	             * them are the bracket expression's source. In regex words never used. zsh: also "(…)" whole, and
	             * "=" at the start of a word: opaque at best */
	SH_EXTGLOB, /* ext: ?(…) *(…) +(…) @(…) !(…) */
	SH_BRACE,   /* brace: {a,b} {1..9} in the shells that have it */
	SH_TILDE    /* text: "~" "~user" "~+" … : subject to tilde expansion. In assignments also after '=' and ':' */
};

struct sh_part {
	struct sh_part *next;
	struct sh_pos at;
	uint32_t end;
	uint8_t kind; /* enum sh_part_kind */
	bool quoted;  /* result is not split, globbed or brace expanded: it stands in quotes, or is one itself */
	bool locale;  /* SH_DQUOTE: $"…", translated by the run-time's locale: not exact */
	union {
		struct sh_text text;
		struct sh_part *parts; /* SH_DQUOTE */
		struct sh_param *param;
		struct sh_comsub *comsub;
		struct sh_arith *arith;
		struct sh_extglob *ext;
		struct sh_brace *brace;
	};
};

enum sh_word_kind {
	SH_WORD_PLAIN,   /* argument: braces, tilde, parameters, splitting, globs */
	SH_WORD_VALUE,   /* right side of an assignment, `case` subject, here-string, redirection target: no
			  * splitting; see kind of owner */
	SH_WORD_PATTERN, /* `case` pattern, right side of == in [[ ]], pattern of ${x#…}: globs match, nothing is
			  * split */
	SH_WORD_REGEX,   /* right side of =~ : literals are regex source (unquoted ones active, quoted ones literal) */
	SH_WORD_HEREDOC, /* here-document body: as in double quotes but that " is ordinary; or one SH_SQUOTE when it
			  * was quoted */
	SH_WORD_ARITH    /* text of an arithmetic expression, subscript, ${x:off:len}: source of the expression, see
			  * sh_arith */
};

struct sh_word {
	struct sh_word *next;
	struct sh_pos at;
	uint32_t end;
	uint8_t kind;            /* enum sh_word_kind */
	struct sh_part *parts;   /* NULL: the empty word (only where one can be: values, arms of braces, here-doc
				  * bodies) */
	struct sh_assign *assign;/* argument NAME=…, NAME+=…, NAME[i]=… or NAME=(…) of a declaration builtin (declare,
				  * export, local,
	                          * readonly, typeset …: see sh_simple.declaration): the same thing taken apart. parts
	                          * is then NULL when it is an array, else parts is the whole word too (name and =
	                          * included) */
};

/* $x ${x} ${#x} ${!x} ${x[i]:-w} ${x//p/r} … */
enum sh_param_op {
	SH_OP_NONE,
	SH_OP_LENGTH,     /* ${#x} ${#x[@]}: no arg */
	SH_OP_DEFAULT,    /* ${x-w} ${x:-w} : arg */
	SH_OP_ASSIGN,     /* ${x=w} ${x:=w} : arg. Changes x */
	SH_OP_ERROR,      /* ${x?w} ${x:?w} : arg */
	SH_OP_ALT,        /* ${x+w} ${x:+w} : arg */
	SH_OP_PREFIX,     /* ${x#p} ${x##p} : arg is a pattern */
	SH_OP_SUFFIX,     /* ${x%p} ${x%%p} : arg is a pattern */
	SH_OP_REPLACE,    /* ${x/p/r} ${x//p/r} ${x/#p/r} ${x/%p/r} : arg pattern, arg2 replacement (NULL: none given)
			   * */
	SH_OP_CASE,       /* ${x^p} ${x^^p} ${x,p} ${x,,p} ${x~p} ${x~~p} : arg is a pattern or NULL */
	SH_OP_SUBSTRING,  /* ${x:off} ${x:off:len} : arg, arg2 (NULL: none) are arithmetic: they can run code by
			   * subscripts */
	SH_OP_TRANSFORM,  /* ${x@Q} … : op_text is "@Q". @P @E evaluate */
	SH_OP_OTHER       /* a dialect's own (zsh ${(f)x} ${x:h} ${${x}}), names (${!x*}), or what this shell will
			   * call a bad
	                   * substitution: op_text, then arg holds the source with what expands in it. Never exact */
};

struct sh_param {
	struct sh_text name;      /* "x" "10" "@" "*" "#" "?" "-" "$" "!" "0" "_"; may be "" with SH_OP_OTHER */
	bool braced;
	bool indirect;            /* ${!x}: the value of x names the parameter. With op_text "*" or "@" and SH_OP_OTHER:
	                           * ${!x*} names of variables. With subscript @ or *: ${!x[@]} the keys */
	uint8_t op;               /* enum sh_param_op */
	struct sh_text op_text;   /* the operator as written: ":-" "//" "@Q" … "" for none */
	struct sh_text flags;     /* "#" of a ${#…} that is SH_OP_OTHER; else "" */
	struct sh_word *subscript;/* between [ ]; NULL: none. kind ARITH; "@" and "*" are one literal or glob part */
	struct sh_word *arg;      /* NULL: none; an empty argument is a word without parts */
	struct sh_word *arg2;
};

enum sh_comsub_kind { SH_COMSUB_DOLLAR, SH_COMSUB_BACKQUOTE, SH_COMSUB_FUNSUB, SH_COMSUB_VALSUB, SH_PROCSUB_IN,
	SH_PROCSUB_OUT, SH_PROCSUB_TEMP };

struct sh_comsub {
	uint8_t kind; /* enum sh_comsub_kind. DOLLAR and BACKQUOTE mean the same; FUNSUB ${ …;} VALSUB ${|…;} run in
		       * this shell */
	struct sh_list *body; /* never NULL; may be empty */
};

/* An arithmetic expression is kept as its source: literals, quotes, and the expansions inside it as parts. A name in it
 * whose value holds `a[$(cmd)]` runs cmd in bash, mksh and zsh: arithmetic over names is never exact. */
struct sh_arith {
	bool bracket;         /* it was $[…]; means the same as $((…)) */
	struct sh_word *expr; /* kind ARITH, never NULL; no parts: empty */
};

struct sh_extglob {
	char op;               /* '?' '*' '+' '@' '!' */
	struct sh_word *alts;  /* at least one, kind PATTERN, each may be empty */
};

enum sh_brace_kind {
	SH_BRACE_LIST,  /* {a,b,…}: alts, two or more, each may be empty and hold braces again */
	SH_BRACE_RANGE, /* {1..9} {a..f..2}: text holds what stands between the braces */
	SH_BRACE_MAYBE  /* an unquoted brace or comma whose part in an expansion is not certain: text is that byte.
			 * Not exact */
};

struct sh_brace {
	uint8_t kind; /* enum sh_brace_kind */
	struct sh_text text;
	struct sh_word *alts;
};

/* ---- Redirections ----------------------------------------------------------------------------------------------- */

enum sh_redir_op {
	SH_REDIR_IN,       /* [n]<w */
	SH_REDIR_OUT,      /* [n]>w */
	SH_REDIR_CLOBBER,  /* [n]>|w  (zsh also >!) */
	SH_REDIR_APPEND,   /* [n]>>w  (zsh also >>| >>!) */
	SH_REDIR_RDWR,     /* [n]<>w */
	SH_REDIR_DUPIN,    /* [n]<&w : w is digits, digits-, - or anything */
	SH_REDIR_DUPOUT,   /* [n]>&w : as above; in bash and zsh without n and w not a number it means &>w */
	SH_REDIR_BOTH,     /* &>w : stdout and stderr */
	SH_REDIR_BOTHAPP,  /* &>>w */
	SH_REDIR_HERE,     /* [n]<<delim, [n]<<-delim */
	SH_REDIR_HERESTR   /* [n]<<<w */
};

struct sh_redir {
	struct sh_redir *next;
	struct sh_pos at;
	uint32_t end;           /* behind the operator and its word; a here-document's body stands later */
	uint8_t op;             /* enum sh_redir_op */
	int32_t fd;             /* -1: not given, the operator's default */
	struct sh_text fd_name; /* {name}> in bash, zsh; "" for none. Assigns to the variable */
	struct sh_word *target; /* kind PLAIN (HERESTR: VALUE). NULL for HERE */
	/* here-document */
	bool strip_tabs;        /* <<- */
	bool delim_quoted;      /* no expansion in the body */
	struct sh_text delim;   /* after quote removal */
	struct sh_word *body;   /* kind HEREDOC, never NULL for HERE; tabs already stripped; ends in a newline unless
				 * empty or cut by the end of input */
};

/* ---- Assignments ------------------------------------------------------------------------------------------------ */

struct sh_element { /* of an array: value, [index]=value, [index]+=value */
	struct sh_element *next;
	struct sh_word *index; /* kind ARITH, NULL: none */
	bool append;
	struct sh_word *value; /* never NULL; with an index VALUE, else PLAIN (it is split and globbed) */
};

struct sh_assign {
	struct sh_assign *next;
	struct sh_pos at;
	uint32_t end;
	struct sh_text name;
	struct sh_word *subscript; /* kind ARITH: NAME[…]=; NULL: none */
	bool append;               /* += */
	bool is_array;             /* NAME=( … ): elements; else value */
	struct sh_word *value;     /* kind VALUE, never NULL unless is_array; no parts: empty */
	struct sh_element *elements;
};

/* ---- Commands --------------------------------------------------------------------------------------------------- */

enum sh_command_kind {
	SH_SIMPLE,   /* simple; with no words, no assigns, no redirs: the empty command behind a lone `!` or `time` */
	SH_SUBSHELL, /* group: ( … ) */
	SH_GROUP,    /* group: { …; } */
	SH_IF,       /* if_ */
	SH_FOR,      /* for_: for x in … */
	SH_SELECT,   /* for_ */
	SH_CFOR,     /* cfor: for ((a;b;c)) */
	SH_WHILE,    /* loop */
	SH_UNTIL,    /* loop */
	SH_CASE,     /* case_ */
	SH_COND,     /* cond: [[ … ]] */
	SH_ARITHCMD, /* arith: (( … )) */
	SH_FUNCTION, /* func */
	SH_COPROC    /* coproc */
};

struct sh_simple {
	struct sh_assign *assigns; /* before the command word */
	struct sh_word *words;     /* command word first; NULL: assignments and redirections only */
	uint32_t nwords;
	bool declaration; /* the command word is, unquoted and in this dialect, a declaration builtin: arguments
			   * NAME=… are
	                   * assignments (not split, tilde after = and :) */
	bool extglob;              /* it is the one that switched extended patterns on for the lines behind it */
};

struct sh_clause { /* if or elif */
	struct sh_clause *next;
	struct sh_list *cond, *body;
};

struct sh_if {
	struct sh_clause *clauses; /* at least one */
	struct sh_list *otherwise; /* NULL: no else */
};

struct sh_for {
	struct sh_text name;
	struct sh_pos name_at;
	bool has_in;           /* false: over "$@" */
	struct sh_word *words;
	struct sh_list *body;
};

struct sh_cfor {
	struct sh_word *init, *test, *step; /* kind ARITH, never NULL, may be empty */
	struct sh_list *body;
};

struct sh_loop {
	struct sh_list *cond, *body;
};

enum sh_case_end { SH_CASE_BREAK /* ;; or last */, SH_CASE_FALL /* ;& */, SH_CASE_TEST /* ;;& , mksh and zsh ;| */ };

struct sh_case_item {
	struct sh_case_item *next;
	struct sh_word *patterns; /* at least one, kind PATTERN */
	struct sh_list *body;     /* may be empty */
	uint8_t end;              /* enum sh_case_end */
};

struct sh_case {
	struct sh_word *subject; /* kind VALUE */
	struct sh_case_item *items;
};

enum sh_cond_kind { SH_COND_WORD, SH_COND_UNARY, SH_COND_BINARY, SH_COND_NOT, SH_COND_AND, SH_COND_OR, SH_COND_PAREN };

struct sh_cond {
	struct sh_pos at;
	uint8_t kind;           /* enum sh_cond_kind */
	struct sh_text op;      /* UNARY "-f", BINARY "==" "=~" "-nt" "<" … ; -eq -ne -lt -le -gt -ge evaluate
				 * arithmetic; -v a subscript */
	struct sh_word *a, *b;  /* WORD, UNARY: a; BINARY: a op b (b PATTERN for = == !=, REGEX for =~) */
	struct sh_cond *l, *r;  /* NOT, PAREN: l; AND, OR: l and r */
};

struct sh_func {
	struct sh_word *name; /* exact in every accepted text */
	bool keyword;         /* `function name` (mksh: other scoping) */
	bool parens;          /* name() */
	struct sh_command *body; /* its redirections are its own, applied at each call */
};

struct sh_coproc {
	struct sh_text name; /* "" for none */
	struct sh_command *body;
};

struct sh_command {
	struct sh_command *next; /* the next of the pipeline */
	struct sh_pos at;
	uint32_t end;
	uint8_t kind;            /* enum sh_command_kind */
	bool pipe_both;          /* |& stands between this and next */
	struct sh_redir *redirs; /* in source order */
	union {
		struct sh_simple *simple;
		struct sh_list *group;
		struct sh_if *if_;
		struct sh_for *for_;
		struct sh_cfor *cfor;
		struct sh_loop *loop;
		struct sh_case *case_;
		struct sh_cond *cond;
		struct sh_word *arith; /* SH_ARITHCMD: kind ARITH */
		struct sh_func *func;
		struct sh_coproc *coproc;
	};
};

enum sh_link { SH_FIRST, SH_AND, SH_OR }; /* what stands before a pipeline in its and-or list */
enum sh_time { SH_TIME_NO, SH_TIME_YES, SH_TIME_POSIX /* time -p */ };

struct sh_pipeline {
	struct sh_pipeline *next; /* of the same and-or list */
	struct sh_pos at;
	uint32_t end;
	uint8_t link; /* enum sh_link */
	uint8_t timed; /* enum sh_time */
	bool negated; /* an odd number of ! */
	struct sh_command *commands; /* never NULL */
};

enum sh_sep { SH_SEQ /* ; newline or end */, SH_BACKGROUND /* & */, SH_DISOWN /* zsh &! &| ; mksh and bash never */ };

struct sh_andor {
	struct sh_andor *next; /* of the same list */
	struct sh_pos at;
	uint32_t end;
	uint8_t sep; /* enum sh_sep */
	bool newline; /* a newline ended it: kept, since some shells read the next line only then */
	struct sh_pipeline *pipelines; /* never NULL */
};

struct sh_list {
	struct sh_pos at;
	uint32_t end;
	struct sh_andor *items; /* NULL: empty */
};

struct sh_ast {
	enum dialect dialect;
	uint32_t len; /* bytes of the text */
	struct sh_list *list; /* never NULL */
};

/* ---- Reading a tree --------------------------------------------------------------------------------------------- */

/* Called for each node, before its children, in source order. Every function may be NULL; one that returns other than 0
 * ends the walk with that value. `depth` counts the constructs around the node (0: top level). Reached is everything
 * that stands anywhere: all branches, function bodies, coprocesses, substitutions in words, in assignments, in array
 * elements and subscripts, in arithmetic, in here-document bodies, in case subjects and patterns, in redirection
 * targets, in [[ ]], in operators' arguments. */
struct sh_visitor {
	int (*command)(void *ctx, const struct sh_command *c, unsigned depth);
	int (*redir)(void *ctx, const struct sh_redir *r, unsigned depth);
	int (*assign)(void *ctx, const struct sh_assign *a, unsigned depth);
	int (*word)(void *ctx, const struct sh_word *w, unsigned depth);
	int (*part)(void *ctx, const struct sh_part *p, unsigned depth);
	void *ctx;
};

int ast_walk(const struct sh_ast *ast, const struct sh_visitor *v);
int ast_walk_list(const struct sh_list *list, const struct sh_visitor *v);
int ast_walk_command(const struct sh_command *c, const struct sh_visitor *v);
int ast_walk_word(const struct sh_word *w, const struct sh_visitor *v);

/* The text of a word that is one part, plain or quoted, as most are: exact then. NULL for any other. */
static inline const struct sh_text *ast_word_text(const struct sh_word *w)
{
	const struct sh_part *x = w->parts;
	bool one = x != NULL && x->next == NULL && x->kind <= SH_CQUOTE && w->assign == NULL;
	return one && w->kind != SH_WORD_REGEX && w->kind != SH_WORD_ARITH ? &x->text : NULL;
}

/* Whether the word is known to the byte from the text alone: literals and quotes only, nothing that expands. */
bool ast_word_exact(const struct sh_word *w);

/* The bytes of an exact word: returns the length and, when it fits, writes that many bytes to out (no NUL).
 * (size_t)-1 when the word is not exact. out may be NULL with cap 0. */
size_t ast_word_bytes(const struct sh_word *w, char *out, size_t cap);

/* Whether an exact word is s, and whether all of it was unquoted (for reserved words and declaration builtins). */
bool ast_word_is(const struct sh_word *w, const char *s);

/* Whether two trees mean the same: positions, and how exact bytes were quoted, do not count. */
bool ast_equal(const struct sh_ast *a, const struct sh_ast *b);

#endif

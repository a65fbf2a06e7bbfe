/* What a shell text would do: the list of acts that a walk over its syntax tree finds, each with its words as far as they are
 * known and its effects as far as the tables know them. Rules are matched against acts (policy/match.h), nothing else.
 *
 * All memory is the reading's arena. Distrusts the text; every construct that is not understood becomes an opaque act. */
#ifndef POLICY_ACTS_H
#define POLICY_ACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"
#include "policy/shell/arena.h"
#include "policy/shell/ast.h"
#include "policy/shell/parse.h"
#include "policy/table.h"

enum field_flag {
	FIELD_MULTI = 1,   /* may become any number of words, none too */
	FIELD_NODASH = 2,  /* no word of it begins with - or +; what is OPAQUE may still be empty, and then what stands behind it begins the word */
	FIELD_NUMERIC = 4, /* an integer, which may be negative */
	FIELD_HOME = 8,    /* begins with a tilde that the shell replaces by a home directory */
	FIELD_NOSPLIT = 16, /* holds no blank and no glob byte, so that even unquoted it is one word */
	FIELD_DIGITS = 32, /* OPAQUE: nothing but digits, blanks and newlines, and perhaps nothing at all */
	FIELD_ROOTED = 64, /* begins with / or ./ */
	FIELD_DOTS = 128,  /* PATTERN: an active * of it may become a leading dot */
	FIELD_COUNT = FIELD_NUMERIC | FIELD_NODASH | FIELD_NOSPLIT, /* lengths and what else is never negative */
	FIELD_NAME = 256   /* a declaration's NAME=(...) or NAME[...]=: p is the name, and what it is given was walked */
};

/* One word of an argv. EXACT: p is the word. PATTERN: p is a glob, literal metacharacters behind a backslash. OPAQUE: p is
 * the part of it that is known to come first, perhaps nothing. */
struct field {
	const char *p; /* NUL-terminated */
	uint32_t n;
	uint8_t kind;  /* enum confidence: EXACT, PATTERN, OPAQUE */
	uint16_t flags;
};

static inline bool field_rooted(const char *p, size_t n)
{
	return n > 0 && (p[0] == '/' || (n > 1 && p[0] == '.' && p[1] == '/'));
}

/* Arithmetic cannot run code for it. */
static inline bool field_number(const struct field *f)
{
	return (f->flags & (FIELD_NUMERIC | FIELD_DIGITS)) != 0;
}

struct path_use {
	struct path_use *next;
	uint16_t effects;
	struct field path; /* made absolute and normalised where that is possible (policy/path.h) */
	bool maybe;        /* only if every cd before it came through: to a restriction it is this path, else it is not known */
	bool tree;         /* and all that lies below it, none of which is named */
	bool some;         /* of a tree: some of it, and which is not known */
	bool dots;         /* has a .. that could not be, or should not be, resolved without looking at the host */
};

enum act_kind {
	ACT_COMMAND,
	ACT_REDIRECT, /* a redirection: only paths */
	ACT_EVAL      /* a construct that evaluates a string, or changes how the rest is read: always opaque */
};

struct act {
	struct act *next;
	const struct act *outer;  /* the wrapper that runs it, NULL */
	uint8_t kind;
	bool opaque;              /* what runs is not known: no allow rule matches */
	bool neutral;             /* a wrapper without a say of its own: its inner command decides */
	bool covered;             /* a call of a function whose body is judged where it is defined */
	bool again;               /* found when the same text was read as another dialect */
	bool code;                /* runs code that is not looked into: an interpreter */
	bool code_stdin;          /* and reads that code from the standard input of the whole statement */
	uint8_t confidence;       /* the worst of its words */
	uint16_t effects;         /* those without a path */
	struct path_use *paths;
	struct field *argv;
	unsigned argc;
	const struct tool *tool;  /* NULL: not in the tables */
	/* options as parsed, for rules */
	struct act_opt {
		uint16_t group;   /* 0: not known */
		uint16_t at;      /* index of the word */
		int16_t arg;      /* index of the word that is or holds its argument; -1: none */
		uint16_t arg_off; /* where in that word */
	} *opts;
	unsigned nopts;
	uint16_t *ops;            /* indices of operands, subcommands included */
	unsigned nops;
	const char *why;          /* why it is opaque or of unknown effect; printable; NULL */
	struct sh_pos at;
	struct field cwd;         /* where relative words of it point */
	struct field maybe;       /* and where if every cd before it came through: for restrictions, where cwd is not known */
};

/* Where commands get their standard input from. */
enum stdin_kind { STDIN_EXEC, STDIN_PIPE, STDIN_FILE, STDIN_TEXT, STDIN_NULL };

struct reading {
	struct arena *arena;
	const struct policy_question *q;
	struct act *acts, **tail;
	unsigned nacts;
	bool needs_stdin;       /* a shell or interpreter reads its program from the exec's standard input */
	bool used_stdin;        /* and it was given, and judged */
	const struct sh_simple *stdin_command; /* the simple command that reads it */
	unsigned stdin_argc;    /* words of it from the shell's name on */
	bool failed;            /* out of memory: whatever was found is worthless */
	struct sh_error inner_error;
	unsigned budget;
	unsigned npaths;
};

/* Fills r from a tree. ERR_OK, ERR_NOMEM, ERR_LIMIT (too much work: deny). */
int acts_read(struct reading *r, struct arena *a, const struct policy_question *q, const struct sh_ast *ast);

#endif

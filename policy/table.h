/* What is known of tools: which options they have, what those do, and which programs run other programs or code.
 *
 * Facts come from policy/tables/ (effects.tbl, wrappers.tbl, vars.tbl), text that a reviewer reads, compiled in and parsed once.
 * The tables are ours; a mistake in them is a defect that the unit tests find, so loading aborts the program on one. */
#ifndef POLICY_TABLE_H
#define POLICY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum effect {
	EFFECT_READ = 1,
	EFFECT_WRITE = 2,
	EFFECT_DELETE = 4,
	EFFECT_EXEC = 8,
	EFFECT_NET = 16,
	EFFECT_PRIV = 32,
	EFFECT_CHANGE = 64,
	EFFECT_QUERY = 128,
	EFFECT_UNKNOWN = 256 /* no table says; in no set that a rule can name */
};

enum tool_kind { TOOL_PLAIN, TOOL_WRAP, TOOL_RUNNER };

enum tool_flag {
	TOOL_ANY = 1 << 0,
	TOOL_LOOSE = 1 << 1,
	TOOL_SUB = 1 << 2,
	TOOL_DIGITS = 1 << 3,
	TOOL_PLUS = 1 << 4,
	TOOL_ONEDASH = 1 << 5,
	TOOL_POSIX = 1 << 6,
	TOOL_BUNDLE = 1 << 7,
	TOOL_PAGER = 1 << 8,
	/* wrappers */
	TOOL_ASSIGNS = 1 << 9,
	TOOL_MORE = 1 << 10,
	TOOL_ELSEWHERE = 1 << 11,
	TOOL_APPLET = 1 << 12,
	TOOL_SHELL = 1 << 13,
	TOOL_STDIN_SHELL = 1 << 14,
	TOOL_STDIN_CODE = 1 << 15,
	TOOL_ATFILE = 1 << 16, /* @FILE holds options */
	/* places that it writes to and no word names whole (places.c) */
	TOOL_TREE = 1 << 17,  /* operands: all that lies below them */
	TOOL_INTO = 1 << 18,  /* the last operand may be a directory, which the others go into */
	TOOL_HERE = 1 << 19,  /* below the working directory, unless a word names a file or a directory */
	TOOL_STEMS = 1 << 20, /* an operand's name without its extension, or with one more */
	TOOL_URLS = 1 << 22,  /* there, what an operand's last component says */
	TOOL_HOSTS = 1 << 23, /* operands may name a host, which is looked up */
	TOOL_LINKS = 1 << 24, /* the other operands stay the same files: written as well, unless OPT_NAMED */
	TOOL_MOVES = 1 << 25, /* a wrapper that changes the working directory, unless OPT_HERE */
	TOOL_FRONT = 1 << 26, /* its own options stand before the subcommand: behind it the same letters are another's */
	TOOL_BELOW = 1 << 27, /* it reads all below the operands, or below the working directory */
	TOOL_PIPED = 1 << 28, /* that not when its input is a pipe */
	TOOL_PERMUTES = 1 << 29, /* a wrapper that takes its options out of the inner command as well */
	TOOL_OWN = 1 << 21    /* only files of its own: path rules do not speak of them */
};

/* The bits that are no constants of an enum: */
#define TOOL_UNITS (UINT64_C(1) << 31)     /* operands are globs over units, and one without an extension is a service */
#define TOOL_SHORT (UINT64_C(1) << 32)     /* the beginning of a subcommand's name stands for it */
#define TOOL_OBJECTS (UINT64_C(1) << 34)   /* operands are kinds of objects, by any of their names, and objects: KIND NAME, KIND/NAME, KIND,KIND */
#define TOOL_FAR (UINT64_C(1) << 35)       /* operands may be HOST:FILE, and DIRECTORY/ is what is in it */
#define TOOL_CONTAINER (UINT64_C(1) << 33) /* `container` may stand before a subcommand or not */

enum tool_then { THEN_NONE, THEN_COMMAND, THEN_SHELL };

enum tool_prog { PROG_NONE, PROG_SED, PROG_AWK, PROG_FIND, PROG_DD, PROG_NAMES, PROG_SET, PROG_DATE, PROG_SYSCTL, PROG_SERVICE, PROG_WORDS, PROG_MACROS, PROG_URIS,
	PROG_CONFIGS, PROG_LINES, PROG_CURL, PROG_QUOTED, PROG_SERVER, PROG_DATABASE, PROG_PACKAGES };

/* What an option does besides having, or not, an argument. */
enum opt_mod {
	OPT_ARG_PATH = 1 << 0,  /* takes: effects apply to the path that is the argument */
	OPT_OPS_SET = 1 << 1,   /* operands do `ops` instead */
	OPT_OPS_ADD = 1 << 2,   /* operands do `ops` as well */
	OPT_DOES_SET = 1 << 3,  /* the run does `effects` instead of its default */
	OPT_FIRST = 1 << 4,     /* takes the first operand place */
	OPT_PROG = 1 << 5,      /* its argument is program text */
	OPT_LOCAL = 1 << 6,     /* switches pager and terminal effects off */
	OPT_REMOTE = 1 << 7,    /* path that may name a host */
	OPT_INNER = 1 << 8,
	OPT_SPLIT = 1 << 9,
	OPT_STOP = 1 << 10,
	OPT_CWD = 1 << 11,
	OPT_OPAQUE = 1 << 12,
	OPT_NAMES = 1 << 13,
	OPT_PLAIN = 1 << 17,   /* its argument is one word without a comma or an equals sign */
	OPT_FINAL = 1 << 16,   /* OPS_SET that no later option undoes */
	OPT_DRY = 1 << 15,     /* the run only tells what it would do */
	OPT_CONFIG = 1 << 14,  /* a configuration that can load code: harmless only below /etc */
	/* places that it writes to and no word names whole */
	OPT_TREE = 1 << 18,    /* operands: all that lies below them */
	OPT_HERE = 1 << 19,    /* it writes below the working directory */
	OPT_INTO = 1 << 20,    /* its argument stands for that, or for the last operand */
	OPT_NAMED = 1 << 21,   /* it does not write there */
	OPT_OUT = 1 << 22,     /* what an `rpath` option names is written */
	OPT_WHOLE = 1 << 23,   /* the last operand becomes what the others are, or more than their names is kept */
	/* where versions of a tool read a word differently: else the option is unknown */
	OPT_ALONE = 1 << 24,   /* in a word of its own, before no other letter and behind none */
	OPT_APART = 1 << 25,   /* its argument is never attached, but for a number */
	OPT_NUMBER = 1 << 26,  /* its argument is a number */
	OPT_MAYNAME = 1 << 27, /* its argument is a variable to some shells */
	OPT_SUFFIX = 1 << 28,  /* what was there is kept, under its name and this */
	OPT_SURE = 1 << 30,    /* every version takes the next word, whatever it is */
	OPT_FORMAT = 1 << 29   /* its argument may name a file behind %output */
};

/* The bits that are no constants of an enum: */
#define OPT_HOST (UINT64_C(1) << 31)  /* its argument, or the word behind, may name a host, which is looked up */
#define OPT_UNDER (UINT64_C(1) << 32) /* its argument, or else the operands, are relative to what OPT_INTO names */
#define OPT_LIST (UINT64_C(1) << 33)  /* all words behind it may be its arguments */
#define OPT_UNSETS (UINT64_C(1) << 34) /* takes the variable that is its argument out of the environment, without one all of them */
#define OPT_LETTERS (UINT64_C(1) << 35) /* there are versions where it takes no argument, and what is attached are options */
#define OPT_BELOW (UINT64_C(1) << 37) /* it reads all below the operands, or below the working directory */
#define OPT_STARTS (UINT64_C(1) << 38) /* with it the first operand begins the inner command, where else there is none */
#define OPT_PORT (UINT64_C(1) << 39) /* its argument is a host, and a port behind a colon */
#define OPT_TWO (UINT64_C(1) << 40) /* the word behind its argument is one too */
#define OPT_REPO (UINT64_C(1) << 36) /* path that may name a repository, which is fetched */

enum opt_arg { OPT_FLAG, OPT_TAKES, OPT_MAYBE };

struct opt {
	const char *name; /* with its dashes; without one it is an operand that does something of its own */
	uint16_t len;
	uint16_t group;   /* spellings of one option have the same; unique in all tables; never 0 */
	uint8_t arg;      /* enum opt_arg */
	uint16_t effects; /* bits of enum effect */
	uint16_t ops;     /* for OPS_SET, OPS_ADD */
	uint64_t mods;    /* bits of enum opt_mod */
	const char *unless; /* arguments with which `effects` are none, with bars between; a star: more may stand behind a comma; NULL: there are none */
};

#define TOOL_PLACES 3

struct tool {
	const char *name; /* "ip addr show" */
	uint16_t len;
	uint8_t kind, then, prog, skip;
	uint64_t flags;
	uint16_t does, bare, tty;
	uint16_t equals;          /* what an operand that holds = does */
	bool ops_none;            /* an operand is an unknown effect */
	uint8_t nplaces;          /* places given by number */
	bool has_last;
	uint16_t place[TOOL_PLACES], rest, last; /* effects of operands; 0: only text */
	struct opt *opts;
	unsigned nopts;
	const struct tool *parent; /* "ip addr" of "ip addr show": its options count too */
	const char *pager;         /* option that switches the pager off is marked local */
	struct tool *hash_next;
};

/* By name, subcommands behind a blank; NULL: not known. Thread-safe. */
const struct tool *table_find(const char *name, size_t len);

/* parent's subcommand; NULL: not known. */
const struct tool *table_sub(const struct tool *parent, const char *sub, size_t len);

/* How many tools, wrappers and runners there are (names, not lines), for tests. */
void table_counts(unsigned *tools, unsigned *wraps, unsigned *runners);

/* The bits of a list of effect names ("read,write"); -1 when one is not an effect. */
int table_effects(const char *text, size_t len);

/* Appends their names, joined by commas, to out (cap bytes, NUL-terminated always). */
void table_effect_names(unsigned bits, char *out, size_t cap);

/* What setting a variable can do. */
enum var_class {
	VAR_PLAIN,    /* nothing by itself, when only the shell has it; unknown when programs get it */
	VAR_HARMLESS, /* nothing, even when programs get it */
	VAR_DANGEROUS /* changes what runs: PATH, LD_*, IFS… */
};
enum var_class table_var(const char *name, size_t len);

/* var_value.c: whether a value leaves bytes the characters that they are here (LANG, LC_*: C, POSIX, UTF-8), and leads to no file (TZ, LANGUAGE). Of any
 * other name: yes. */
bool var_value_plain(const char *name, size_t n, const char *value, size_t len);

#endif

/* Inside of acts_read(): the state that a walk over a tree carries, and the parts of it that lie in files of their own.
 * Not for other rooms. */
#ifndef POLICY_WALK_H
#define POLICY_WALK_H

#include "policy/acts.h"

#define WALK_BUDGET 200000 /* nodes looked at, substitutions and inner texts together */
#define WALK_DEPTH 48      /* constructs and inner texts inside each other */
#define UNWRAP_DEPTH 8
#define MAX_FIELDS 4096  /* words of one command */
#define MAX_ACTS 1024    /* commands, redirections and the like of one statement: over it is a denial */
#define MAX_PATHS 4096   /* paths that they name */
#define MAX_VARS 129 /* two of them are the working directory */

struct var_slot {
	const char *name;
	uint32_t n;
	bool exported;
	bool set;            /* false: known to be unset is never claimed; the slot only says that it is not known */
	struct field value;  /* as "$x" would be: EXACT, PATTERN or OPAQUE with flags */
};

struct undo {
	uint32_t slot;
	struct var_slot old;
};

/* A working directory: where the text surely stands; where it stands if every cd so far came through. Either is OPAQUE when it is not known. */
struct place {
	struct field sure, maybe;
};

/* Variables, the working directory (slots 0 and 1, without a name) and positional parameters, with a trail to go back. */
struct state {
	struct var_slot *vars;
	unsigned nvars;
	struct field *ever;  /* of each slot: what all values that it was given have in common */
	bool *has_ever;
	struct undo *trail;
	unsigned ntrail, cap_trail;
	bool lost;           /* too many, or something unknown may have been assigned: nothing is known any more */
	struct field *params; /* $1… ; NULL with params_known false */
	unsigned nparams;
	bool params_known;
	bool params_set;     /* by set, once */
};

struct function {
	struct function *next;
	const char *name;
	uint32_t n;
	bool sure;           /* defined for certain at every later place of this shell */
};

/* Names whose assignment may be evaluated: integers in zsh, arrays in bash (walk_integer.c). */
struct integer_name {
	struct integer_name *next;
	const char *name;
	uint32_t n;
};

struct walk {
	struct reading *r;
	enum dialect dialect;
	struct state state;
	struct function *functions;
	struct integer_name *integers;
	enum stdin_kind stdin_kind;
	struct field stdin_text; /* STDIN_TEXT: the here-document or here-string; EXACT when known */
	bool stdout_tty;
	unsigned depth;
	unsigned branch;         /* inside something that may not run, or runs apart: 0 is straight line */
	bool in_function;
	bool stdin_redirected;   /* this command's input was redirected already */
	bool unsets;             /* this text may unset functions */
	bool outside;            /* the words are run by another program: the shell's own commands are not there */
	bool pathless;           /* and PATH is not, or may not be, in its environment */
	const struct act *outer; /* the wrapper whose inner text this is */
	bool again;              /* an inner text is read as a second dialect */
	unsigned unrolled;       /* for loops around that are walked round by round */
	bool top;                /* the statement itself, not an inner text */
	struct field there;      /* the working directory behind the last and-or list, if that came through */
};

/* word.c: resolves a word to fields appended to out (at most cap), walking every substitution in it exactly as it would run.
 * Returns how many, or -1 when there are too many or memory is out. */
enum word_mode { WORD_ARGUMENT, WORD_VALUE, WORD_PATTERN };
int word_fields(struct walk *w, const struct sh_word *word, struct field *out, unsigned cap);
struct field word_single(struct walk *w, const struct sh_word *word, enum word_mode mode);
void word_scan(struct walk *w, const struct sh_word *word);
/* The same for a word that is split and globbed where it stands, but whose fields nobody needs. */
void word_scan_fields(struct walk *w, const struct sh_word *word);
/* Checks an arithmetic expression: anything whose value could be code makes an opaque act. Returns true when it is safe. */
bool word_arith(struct walk *w, const struct sh_word *expr);
struct field field_exact(struct walk *w, const char *p, size_t n);
struct field field_opaque(unsigned flags);

/* state.c */
void state_init(struct walk *w, struct state *s);
const struct var_slot *state_get(const struct state *s, const char *name, size_t n);
void state_set(struct walk *w, const char *name, size_t n, const struct field *value, bool exported);
unsigned state_mark(const struct state *s);
void state_undo(struct state *s, unsigned mark);  /* what was assigned since happened elsewhere */
void state_join(struct state *s, unsigned mark);  /* what was assigned since may have happened */
void state_lose(struct state *s);                 /* anything may have been assigned */
void state_again(struct state *s, const char *name, size_t n); /* what it is given next is given for certain */
struct place state_place(const struct state *s);
void state_set_place(struct walk *w, const struct place *p);
struct place place_nowhere(void);
/* The one and the other alone. */
struct field state_cwd(const struct state *s);
void state_set_cwd(struct walk *w, const struct field *f);
void state_set_maybe(struct walk *w, const struct field *f);
bool place_same(const struct field *a, const struct field *b);

/* walk.c */
void walk_text(struct walk *w, const struct sh_list *list); /* all of a text; in the state of one that begins */
void walk_list(struct walk *w, const struct sh_list *list);
/* What comes between these may not happen: what it assigns and defines is not known behind it. */
struct doubt { unsigned mark, nparams; struct field *params; };
struct doubt walk_doubt(struct walk *w);
void walk_doubt_end(struct walk *w, const struct doubt *d);
void walk_subshell(struct walk *w, const struct sh_list *list, enum stdin_kind in, bool stdout_tty);
struct act *walk_act(struct walk *w, enum act_kind kind, struct sh_pos at);
void walk_eval(struct walk *w, struct sh_pos at, const char *why); /* adds an opaque act */
bool walk_spend(struct walk *w, unsigned n); /* false: the budget is gone, an act that says so was added */
void walk_assigned(struct walk *w, const char *name, size_t n, const struct field *value, bool exported, struct sh_pos at);
/* The same for a name that is declared or unset, and given no value. */
void walk_touched(struct walk *w, const char *name, size_t n, const struct field *value, bool exported, struct sh_pos at);

/* var_value.c */
bool var_value_harmless(const char *name, size_t n, const struct field *value);

/* walk_simple.c, walk_loop.c: parts of walk.c */
void walk_redir(struct walk *w, const struct sh_redir *r);
void walk_command(struct walk *w, const struct sh_command *c);
void walk_redirs_around(struct walk *w, const struct sh_command *c); /* those of a compound command */
void walk_simple(struct walk *w, const struct sh_command *c);
void walk_for(struct walk *w, const struct sh_command *c);
void walk_cfor(struct walk *w, const struct sh_cfor *f);
void walk_loop_start(struct walk *w, const struct sh_list *cond, const struct sh_list *body);

/* walk_text() shows these every node of a text before it is walked. walk_integer.c: finds the variables that it may turn into integers (zsh) or
 * arrays (bash); and whether a name is one. What is assigned to it from then on may be evaluated. */
void integers_command(struct walk *w, const struct sh_command *c);
void integers_word(struct walk *w, const struct sh_word *word);
void integers_assign(struct walk *w, const struct sh_assign *a);
void integers_redir(struct walk *w, const struct sh_redir *r);
bool integers_have(const struct walk *w, const char *name, size_t n);
/* walk_misread.c: reports what the shell would read otherwise */
void misreads_word(struct walk *w, const struct sh_word *word);
void misreads_part(struct walk *w, const struct sh_part *p);

/* command.c: a simple command whose words are known as far as they can be. */
void command_run(struct walk *w, struct field *argv, unsigned argc, struct sh_pos at, const struct sh_simple *simple);
/* An inner shell text, in the dialects that the named shell may be; params are $0, $1… */
void command_text(struct walk *w, const char *shell, const struct field *text, struct field *params, unsigned nparams,
		  const struct act *outer, struct sh_pos at);

/* options.c: reads argv[1…] by the tool's tables. Fills a->opts, a->ops, a->effects, a->paths, a->tool (the subcommand's). */
struct parsed {
	uint64_t mods;         /* of all options seen (enum opt_mod) */
	bool unknown;          /* an option or operand that no table knows */
	const char *unknown_word;
	int inner_at;          /* wrappers: index of the inner command's first word; -1 */
	int inner_text;        /* index of the word that holds the inner shell text; -1 */
	uint32_t inner_off;
	int split_text;        /* env -S; inner_at is then the first word behind it, which may not be there */
	uint32_t split_off;
	int prog_at;           /* index of the word that holds program text given by option; -1 */
	uint32_t prog_off;
	bool local;
	uint16_t ops_set, ops_add;
	bool has_ops_set, ops_final;
	bool stop;
	bool homeless;         /* HOME is not, or may not be, in the environment of the inner command */
	bool pathless;         /* and so of PATH */
	bool dry;              /* nothing is done: only told */
	bool extglob;          /* the command is the one that the parser heeds (ast.h) */
	int cwd_at;
	uint32_t cwd_off;
	unsigned first;        /* operand places taken by options */
	const char *replace;   /* xargs: what the words that are read stand for in those of the command; NULL: they come behind them */
	/* for places.c: indices of words, -1, and where in them the argument begins */
	int into_at, suffix_at, remote_at;
	uint32_t into_off, suffix_off, remote_off;
	bool many;             /* one of these was given twice */
	bool named_late;       /* an OPT_NAMED with an argument stands behind an operand */
};
void options_read(struct walk *w, struct act *a, const struct tool *tool, struct parsed *p);
const struct opt *options_find(const struct tool *t, const char *name, size_t n);
bool option_acts(const struct opt *o);     /* it does anything, and does not only say how its argument is written */
bool tool_has(const struct tool *t, uint64_t flag); /* it or a parent has the flag */

/* The path that a word names, for rules. */
void path_add(struct walk *w, struct act *a, unsigned effects, const struct field *word, size_t off);
/* tree: and all that lies below it. */
void path_add_tree(struct walk *w, struct act *a, unsigned effects, const struct field *word, size_t off, bool tree);
/* The directory that a word names, as a working directory. */
struct place path_directory(struct walk *w, const struct field *word, size_t off);
/* Whether a file's name may be `host:file`, or `scheme:…` which loads something: a colon that no slash comes before. */
bool path_elsewhere(const struct field *word, size_t off);

/* prog_*.c: true when the program text can only read its input and write to its output. */
bool prog_sed_reads(const char *p, size_t n);
bool prog_awk_reads(const char *p, size_t n);
/* find's expression: argv[1…]; adds effects and paths to a, and runs the inner commands of -exec. */
void prog_find(struct walk *w, struct act *a);
void prog_other(struct walk *w, struct act *a, enum tool_prog prog, const struct parsed *p);
/* test and [ : false when evaluating the words could run code, or is not known */
bool prog_test_safe(const struct walk *w, const struct field *argv, unsigned argc);

#endif

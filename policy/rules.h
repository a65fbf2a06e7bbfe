/* A loaded policy: rules, and how one act is matched against them. Not for other rooms (they see policy/policy.h). */
#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include "base/yaml.h"
#include "policy/acts.h"
#include "policy/policy.h"

enum profile { PROFILE_ENFORCE, PROFILE_GUARD, PROFILE_OBSERVE };

#define PATTERN_WORDS 128 /* of one pattern, at most */

/* One pattern word after braces are expanded: a glob (backslash: the next byte as it is). */
struct pword {
	const char *text;
	bool literal; /* no active * or ? : plain holds the bytes */
	const char *plain;
	bool any, many; /* "*" "**" */
	bool path;      /* begins with a slash, a tilde or two stars and a slash: matched as a path */
};

struct pattern {
	/* What tells most patterns from an act, before the rest is looked at. */
	uint64_t needs; /* words_bits() of a word that an act which surely is of the pattern has; 0: of none */
	uint64_t sub;   /* words_bits() of the subcommand, which an act that subcommand_plain() says yes of has, or is not of the pattern; 0: of none */
	struct pattern *also; /* for restrictions: the same by another name of its subcommand; its needs are those of that name */
	const char *source;
	struct pword *words;
	unsigned n;
	bool open;            /* has ** */
	/* by meaning, where the tables know the tool */
	const struct tool *tool;
	bool semantic;
	struct popt {
		uint16_t group;
		bool early;              /* stands before every operand */
		const struct pword *arg; /* NULL: none asked for */
	} *opts;
	unsigned nopts;
	const struct pword **ops;
	unsigned nops;
	unsigned nsubs; /* so many of them, from the first on, name the subcommand */
};

enum match_kind { MATCH_COMMAND, MATCH_EFFECTS, MATCH_PATH, MATCH_ENV, MATCH_FORWARD, MATCH_SUBSYSTEM, MATCH_REQUEST, MATCH_SHELL, MATCH_LISTEN };

struct match {
	uint8_t kind;    /* enum match_kind */
	uint8_t verdict; /* enum verdict */
	uint16_t effects; /* EFFECTS: the set; PATH: what is done to the path */
	struct rule *rule;
	struct match *next; /* in its index */
	struct pattern pattern;
	const char *glob; /* PATH and the others */
	uint64_t needs;   /* PATH: path_needs() */
};

struct who {
	const char *name;
	const char *issuer, *subject; /* subject is a glob; NULL: any */
	const char **groups;          /* any of them */
	size_t ngroups;
};

struct rule {
	const char *id;
	unsigned line;
	bool from_pack;
	const struct who **who; /* none: everybody */
	size_t nwho;
	struct tag *on;         /* name "target": the target's name; value is a glob; all must hold */
	size_t non;
	struct match *matches;
	size_t nmatches;
	const char **approvers;
	size_t napprovers;
	unsigned approvals, uses, ttl;
	const char *reason, *instead, *risk;
	bool shadow, pty_raw, digest, end, signed_required;
	const struct yaml_node *tests;
	struct rule *next;
};

#define RULES_HASH 1024

struct policy {
	struct yaml_doc docs[8];
	unsigned ndocs;
	struct arena arena;
	char version[65];
	uint8_t *source;
	size_t source_len;
	enum profile profile;
	enum verdict otherwise; /* enforce: what no rule matches */
	struct who *who;
	size_t nwho;
	struct rule *rules, **tail;
	size_t nrules;
	bool any_shadow;
	/* indices */
	struct match *by_name[RULES_HASH]; /* commands by the first word */
	struct match *by_any;              /* commands whose first word is a glob */
	struct match *effects, *others;
	struct match *paths[3][3];         /* by verdict, and by the effect's bit: read, write, delete */
	char *mask;
};

/* pattern.c. text is one pattern; appends to out every pattern that its braces make. ERR_OK, ERR_MALFORMED with *why set. */
int pattern_compile(struct arena *a, const char *text, struct pattern *out, unsigned cap, unsigned *n, const char **why);
/* Of a pattern that has its words: the rest, by what the tables know of its program. */
void pattern_read(struct arena *a, struct pattern *p);
/* pattern_alias.c. Of a restriction: finds the other names of its subcommand. False: no memory. */
bool pattern_alias(struct arena *a, struct pattern *p);
/* A set of words: bits that those of a word in it are among. They may be where it is not. */
uint64_t words_bits(const char *word, size_t n);
/* Of the words of an act that are known. */
uint64_t act_words(const struct act *a);
/* Whether the act's subcommand is known and is spelled in one way only, or it has none. */
bool subcommand_plain(const struct act *a);
/* pattern_match.c. sure: the act surely is of this pattern (allow). Else: it may be (deny, approve); opaque: words that are not known count as such. */
bool pattern_match(const struct pattern *p, const struct act *a, bool sure, bool opaque);
/* The act surely is of this pattern, and what its stars stand for changes nothing of what a wrapper makes of the other words. */
bool pattern_spells(const struct pattern *p, const struct act *a);

/* pattern_name.c: a path below a home directory that is not known, and nothing else of it unknown. */
bool field_home(const struct field *f);

/* match.c */
struct pooled;

struct scope {
	const struct policy *policy;
	const struct policy_question *q;
	const struct rule *only; /* rule tests: no other rule, whoever and wherever */
	bool shadow;             /* rules in shadow count */
};

struct judgement {
	int verdict; /* enum verdict, or -1: no rule matched */
	const struct rule *rule; /* NULL: the default */
};

/* Where the commands of a name stand in by_name. */
unsigned rules_hash(const char *name);
bool rule_applies(const struct scope *s, const struct rule *r);
struct judgement judge_act(const struct scope *s, const struct act *a);
/* A path outside a command: file operations. home: what ~ stands for, NULL where it is not known. tree: and all that lies below. */
struct judgement judge_path(const struct scope *s, unsigned effects, const char *path, const char *home, bool tree);
struct judgement judge_other(const struct scope *s, enum match_kind kind, const char *text, size_t len);

/* decide.c: the statement as a whole, without filling an answer. acts must be read. */
struct judgement judge_acts(const struct scope *s, const struct reading *r, const struct act **which);

/* decide_file.c */
int decide_file(const struct policy *p, const struct policy_question *q, struct policy_answer *a, struct pooled *mem);

/* decide_transfer.c: false: the statement is no file transfer, and nothing was done. Else the answer has its verdict, rule and reason. */
bool decide_transfer(const struct policy *p, const struct policy_question *q, struct policy_answer *a, struct pooled *mem, const struct sh_ast *ast,
		     struct reading *r);

/* load.c's tests use it */
int decide_statement(const struct policy *p, const struct rule *only, const char *text, enum dialect d, int *verdict);

#endif

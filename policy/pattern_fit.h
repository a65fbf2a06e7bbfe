/* How one act is held against one pattern: what its words may be (pattern_word.c, pattern_star.c), its program (pattern_name.c), its options
 * (pattern_option.c), what a word holds (pattern_within.c), restrictions of tools that are not read by meaning (pattern_loose.c, and their options:
 * pattern_written.c). For pattern_match.c alone. */
#ifndef POLICY_PATTERN_FIT_H
#define POLICY_PATTERN_FIT_H

#include "policy/rules.h"

/* What is asked: sure, the act surely is of the pattern (allow); else it may be, and opaque tells whether words that are not known count. */
struct fit {
	const struct pattern *p;
	const struct act *a;
	bool sure, opaque;
	bool spelled; /* the pattern is to hold for what a wrapper runs as well */
};

/* One pattern word against one word of the act, from byte off on. */
bool word_match(const struct fit *q, const struct pword *w, const struct field *f, size_t off);

/* Of a permission: the star stands for more than a name. */
bool star_strays(const struct fit *q, const struct pword *w, const char *s);
/* The act runs something else, which the pattern names as well. */
bool act_runs(const struct fit *q);

bool name_match(const struct pword *w, const struct act *a, bool sure);

/* The last part of its name; whether that is one of these, which end with NULL. */
const char *act_program(const struct act *a);
bool act_is(const struct act *a, const char *const *programs);

/* The word is --. */
bool double_dash(const struct field *f);
/* The act has the option; the pattern names it; what was not read may be it. */
bool option_match(const struct fit *q, const struct popt *o);
bool option_named(const struct fit *q, const struct act_opt *have);
bool option_behind(const struct fit *q, const struct popt *o);
/* The act has a word that may be an option; an option that no table has; words that were not read. */
bool act_has_unknown(const struct act *a);
bool act_has_foreign(const struct act *a);
bool act_is_cut(const struct act *a);
/* Of a permission: the option is none that the pattern gives an argument, or has that one. */
bool option_agrees(const struct fit *q, const struct act_opt *have);
/* pattern_grant.c. Of a permission with **: the options that it stands for are not those before the subcommand, unless they do nothing, and none that the pattern
 * gives another argument. The second is the same by words. */
bool many_allowed(const struct fit *q);
bool many_words_allowed(const struct fit *q);
bool tools_related(const struct tool *a, const struct tool *p);
/* A path that the act uses may be of this glob; effects: of those alone, 0: any. */
bool path_used(const struct fit *q, const char *glob, unsigned effects);

/* The word as the argument of an option, or one of a list that is. */
bool argument_within(const struct fit *q, const struct pword *w, char letter, const struct field *f);
/* Of a restriction (pattern_within.c). The word, or what stands in it behind an option's letter or name, a user or a scheme. */
bool word_within(const struct fit *q, const struct pword *w, const struct field *f);
/* The host that an act on the network names is the pattern's. */
bool host_within(const struct fit *q, const struct pword *w, const struct field *f);

/* What git push is given (pattern_refs.c): the word leads to the ref that the pattern names; all refs; a ref with the sign for the option. */
bool ref_match(const struct fit *q, const struct pword *w, const char *s);
bool refs_all(const struct act *a);
bool refs_signed(const struct act *a, const struct pword *w);

/* How many of the pattern's first words name a signal that the act sends (pattern_signal.c). */
unsigned signal_sent(const struct fit *q);

/* Of a restriction that is matched by words (pattern_written.c). The word is an option, or may be. */
bool field_option(const struct fit *q, const struct field *f);
/* The first word that a wrapper runs: its options are not the wrapper's. */
unsigned words_inner(const struct act *a);
/* The act has the option, by one of its names or as one of several letters. */
bool option_given(const struct fit *q, const struct pword *w);
/* The letter of the option before an argument: the last of a cluster, or the other name of a long one. */
char option_letter(const struct act *a, const struct pword *option);
/* A restriction, by words: options in any place and spelling, and between the other words what may be options and their arguments. */
bool loose_match(const struct fit *q);
/* The same for tools whose operands are kinds of objects and their names, in whichever of the ways they may be written. */
bool object_match(const struct fit *q);

/* Behind the last word that may be an option of the act's own; the letter surely has an argument; the other name of a program's option, NULL. */
unsigned words_end(const struct act *a);
bool letter_takes(const struct act *a, char letter);
const char *option_synonym(const char *program, const char *name, size_t n);

/* A byte that names and relative paths begin with, and no option. */
bool path_byte(char c);
/* Bytes that names are made of, and no sign of a shell. */
extern const char name_bytes[];
/* The program, by its name in a pattern, runs the file that its first operand names. */
bool pword_interprets(const struct pword *w);
/* Whether the act stands in the directory that the login begins in. */
bool act_at_login(const struct act *a);
/* A relative path (a glob's as well) with a slash before it, without what does not count; false where it is too long. Two of them are one. */
bool relative_clean(const char *path, char *out);
bool relative_same(const char *rule, const char *path);
const struct tool *tool_root(const struct tool *t);

#endif

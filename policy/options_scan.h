/* Inside options.c: a reading of one argv, what an option that was found in it means (options_apply.c), and what the words come to in the end
 * (options_effects.c). */
#ifndef POLICY_OPTIONS_SCAN_H
#define POLICY_OPTIONS_SCAN_H

#include "policy/walk.h"

struct scan {
	struct walk *w;
	struct act *a;
	const struct tool *tool;
	struct parsed *p;
	unsigned i; /* word at hand */
	bool ended; /* -- was seen */
	bool behind; /* and options before it, one of which may have taken it for its argument */
	bool many;  /* an operand before may be several words */
	unsigned nops;
	unsigned skipped;
	unsigned does;   /* what the run does by itself, as far as an option or a subcommand has not said something else */
	bool does_said;
	bool fills, counts; /* xargs: -I; -n, -L */
};

void scan_unknown(struct scan *s, const char *word); /* no table says what it does */
void scan_note(struct scan *s, const struct opt *o, int arg, size_t off);
/* arg: the index of the word that holds its argument, from byte off on; -1: it has none. */
void scan_apply(struct scan *s, const struct opt *o, int arg, size_t off);

/* Whether the word surely is no option. */
bool scan_plain(const struct scan *s, const struct field *f);
/* tool: the one that was asked for; from: the first operand behind subcommands; here: where the run began. */
void scan_effects(struct scan *s, const struct tool *tool, unsigned from, const struct place *here);

/* places.c: adds the paths that the run writes to beside those that words name whole. from: the first operand behind subcommands. */
void places_add(struct scan *s, unsigned from);
/* A relative word behind what `into` names; false: not to be told as one word. */
bool places_under(struct scan *s, const struct field *f, size_t off, struct field *out);

#endif

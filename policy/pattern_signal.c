/* Command patterns of rules: the signals that kill and its like send, by number and by name, in a restriction. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/pattern_fit.h"

/* Number of a signal, by that or by its name; 0: it is none. */
static int signal_number(const char *s)
{
	static const char *const names[] = { "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
		"CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "POLL", "PWR", "SYS" };
	const int n = sizeof(names) / sizeof(names[0]);

	if (*s != '\0' && s[strspn(s, "0123456789")] == '\0') {
		long number = strtol(s, NULL, 10);

		return number > 0 && number < n ? (int)number : 0;
	}
	s += strncasecmp(s, "SIG", 3) == 0 ? 3 : 0;
	for (int i = 1; i < n; i++) {
		if (strcasecmp(s, names[i]) == 0)
			return i;
	}
	return 0;
}

/* The signal that the word names, with the one behind it (NULL: there is none), where takes is set then; letters: its options with one. */
static int signal_named(const char *word, const char *next, const char *letters, bool *takes)
{
	static const char option[] = "--signal";
	int n;

	*takes = false;
	if (word[0] != '-' || word[1] == '\0')
		return 0;
	if (strncmp(word, option, sizeof(option) - 1) == 0 && word[sizeof(option) - 1] == '=')
		return signal_number(word + sizeof(option));
	n = signal_number(word + 1);
	if (n != 0)
		return n;
	if (strcmp(word, option) == 0 || (strchr(letters, word[1]) != NULL && word[2] == '\0')) {
		*takes = next != NULL;
		return next != NULL ? signal_number(next) : 0;
	}
	return strchr(letters, word[1]) != NULL ? signal_number(word + 2) : 0;
}

unsigned signal_sent(const struct fit *q)
{
	static const struct sender {
		const char *program, *letters;
	} senders[] = { { "kill", "sn" }, { "killall", "s" }, { "pkill", "" }, { "skill", "s" } };
	const struct pattern *p = q->p;
	const struct act *a = q->a;
	const char *letters = NULL;
	unsigned words;
	bool takes;
	int n;

	if (p->words[1].plain[0] != '-' || !p->words[1].literal)
		return 0;
	for (unsigned i = 0; i < sizeof(senders) / sizeof(senders[0]) && letters == NULL; i++)
		letters = strcmp(act_program(a), senders[i].program) == 0 ? senders[i].letters : NULL;
	n = letters != NULL ? signal_named(p->words[1].plain, p->n > 2 && p->words[2].literal ? p->words[2].plain : NULL, letters, &takes) : 0;
	if (n == 0)
		return 0;
	words = takes ? 2 : 1;
	for (unsigned i = 1; i < a->argc; i++) {
		if (a->argv[i].kind != CONFIDENCE_EXACT ? word_match(q, &p->words[words], &a->argv[i], 0) :
		    signal_named(a->argv[i].p, i + 1 < a->argc ? a->argv[i + 1].p : NULL, letters, &takes) == n)
			return words;
	}
	return 0;
}

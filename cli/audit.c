/* `sallyport audit`: verify, export, prove, query. */
#include "cli/audit.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct {
	const char *name;
	int (*fn)(int, char **);
	const char *what;
} verbs[] = {
	{ "verify", audit_verb_verify, "is every record there, unchanged, in its place, and are the recordings those of the log?" },
	{ "prove", audit_verb_prove, "an inclusion proof: this record is in the log that a checkpoint speaks of" },
	{ "query", audit_verb_query, "records by who, where, what and when" },
	{ "export", audit_verb_export, "a bundle for the auditor, which verifies without Sallyport" },
};

static void help(FILE *to)
{
	fputs("usage: sallyport audit VERB [...]\n\n", to);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		fprintf(to, "  %-8s %s\n", verbs[i].name, verbs[i].what);
	fputs("\n`sallyport audit VERB --help` tells more. All read the log in --dir DIR, else in SALLYPORT_AUDIT, else in\n"
	      "/var/lib/sallyport/audit; DIR may be an exported bundle.\n", to);
}

int cli_audit(int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
		help(stdout);
		return CLI_OK;
	}
	for (size_t i = 0; argc >= 2 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].fn(argc - 1, argv + 1);
	help(stderr);
	return CLI_USAGE;
}

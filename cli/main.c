/* The front door: finds the verb. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

static const struct verb {
	const char *name;
	cli_verb_fn *fn;
	const char *what;
} verbs[] = {
	{ "demo", cli_demo, "a whole bastion for this terminal: throw-away keys, a target, a sample policy" },
	{ "token", cli_token, "issue a demo token: token issue --sub NAME --groups A,B" },
	{ "init", cli_init, "make keys and a commented configuration for a new bastion" },
	{ "policy", cli_policy, "check, test, explain, simulate, eval, parse" },
	{ "vault", cli_vault, "add, list, rotate, remove target keys" },
	{ "audit", cli_audit, "verify, export, prove, query the evidence" },
	{ "replay", cli_replay, "play a recording safely in this terminal" },
	{ "recording", cli_recording, "list, commands, cat: what a recording holds" },
};

static void message(const char *verb, const char *fmt, va_list ap)
{
	fprintf(stderr, "sallyport %s: ", verb);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int cli_fail(const char *verb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(verb, fmt, ap);
	va_end(ap);
	return CLI_FAILED;
}

int cli_usage(const char *verb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(verb, fmt, ap);
	va_end(ap);
	return CLI_USAGE;
}

static void help(FILE *to)
{
	fprintf(to, "usage: sallyport VERB [...]\n\n");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].what);
	fprintf(to, "\n`sallyport VERB --help` tells more. `sallyport --version` prints the version.\n");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		help(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		help(stdout);
		return CLI_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("sallyport %s\n", PACKAGE_VERSION);
		return CLI_OK;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].fn(argc - 1, argv + 1);
	}
	fprintf(stderr, "sallyport: there is no verb \"%s\"\n\n", argv[1]);
	help(stderr);
	return CLI_USAGE;
}

/* `sallyport token issue`: the demo issuer. */
#include "cli/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "cli/issuer.h"

static const char usage[] =
	"usage: sallyport token issue --sub SUBJECT [--groups A,B] [--aud AUDIENCE] [--ttl 5m] [--on-behalf-of PERSON] [--issuer DIR]\n"
	"Prints a token of the demo issuer. DIR holds its key (default: the directory in SALLYPORT_ISSUER, which `sallyport demo`\n"
	"sets for its command and prints for the others). A token lives 5 minutes by default, 12 hours at most.\n";

static int issue(int argc, char **argv)
{
	static const struct option options[] = {
		{ "sub", required_argument, NULL, 's' }, { "groups", required_argument, NULL, 'g' },
		{ "aud", required_argument, NULL, 'a' }, { "ttl", required_argument, NULL, 't' },
		{ "on-behalf-of", required_argument, NULL, 'o' }, { "issuer", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	struct issuer_claims c = { .groups = "", .ttl = 300 };
	const char *dir = getenv("SALLYPORT_ISSUER");
	struct why why;
	uint64_t ttl;
	char *token;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 's': c.subject = optarg; break;
		case 'g': c.groups = optarg; break;
		case 'a': c.audience = optarg; break;
		case 'o': c.on_behalf_of = optarg; break;
		case 'i': dir = optarg; break;
		case 't':
			if (!yaml_parse_seconds(optarg, &ttl) || ttl == 0 || ttl > 12 * 3600)
				return cli_usage("token", "--ttl takes a duration such as 90s, 5m or 8h, 12h at most");
			c.ttl = (int64_t)ttl;
			break;
		case 'h': fputs(usage, stdout); return CLI_OK;
		default: fputs(usage, stderr); return CLI_USAGE;
		}
	}
	if (c.subject == NULL || c.subject[0] == '\0' || optind != argc) {
		fputs(usage, stderr);
		return CLI_USAGE;
	}
	if (dir == NULL)
		return cli_fail("token", "which issuer? --issuer DIR, or SALLYPORT_ISSUER as `sallyport demo` prints it");
	token = issuer_token(dir, &c, &why);
	if (token == NULL)
		return cli_fail("token", "%s", why.text);
	puts(token);
	issuer_token_free(token);
	return CLI_OK;
}

int cli_token(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "issue") == 0)
		return issue(argc - 1, argv + 1);
	if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return CLI_OK;
	}
	fputs(usage, stderr);
	return CLI_USAGE;
}

/* `sallyport recording`: list, commands, cat. */
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/chain.h"
#include "cli/cast.h"
#include "cli/cli.h"
#include "cli/evidence.h"
#include "cli/termsafe.h"

static const char usage[] =
	"usage: sallyport recording list [--json] [--recordings DIR]\n"
	"       sallyport recording commands ID [--json]     its statements, with time and verdict\n"
	"       sallyport recording cat ID [--stderr|--input] [--raw]\n"
	"`cat` writes a stream's exact bytes; to a terminal only what is safe there, unless --raw.\n"
	"--key FILE is the private key (PEM) for recordings that are encrypted.\n"
	"ID is a recording's id or a file. Recordings lie in --recordings DIR, else in SALLYPORT_RECORDINGS.\n";

struct options {
	bool json, raw;
	enum asciicast_stream stream;
	int dirfd;
};

static void print_json(json_t *j)
{
	char *s = j == NULL ? NULL : json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII);

	if (s != NULL)
		puts(s);
	free(s);
	json_decref(j);
}

static int commands(const struct options *o, struct cast *c)
{
	uint64_t start_ms = (uint64_t)json_integer_value(json_object_get(cast_header(c), "timestamp")) * 1000;
	char time[CHAIN_TIME_LEN + 1];
	struct asciicast_event e;
	struct why w = { "" };
	unsigned n = 0;
	int r;

	while ((r = cast_next(c, &e, &w)) == ERR_OK) {
		if (e.code != 'm')
			continue;
		n++;
		chain_time(start_ms + e.time_us / 1000, time);
		if (o->json) {
			print_json(json_pack("{s:i,s:s,s:I,s:o}", "marker", (int)n, "time", time, "at_ms", (json_int_t)(e.time_us / 1000), "label",
					     chain_text(e.data.p, e.data.n)));
			continue;
		}
		printf("%4u  %s  +%llu.%03llus  ", n, time, (unsigned long long)(e.time_us / 1000000), (unsigned long long)(e.time_us / 1000 % 1000));
		evidence_print(stdout, (const char *)e.data.p, e.data.n, 4096);
		putchar('\n');
	}
	return r == ERR_EOF ? CLI_OK : cli_fail("recording", "%s", w.text);
}

static int cat(const struct options *o, struct cast *c)
{
	bool safe = isatty(1) && !o->raw;
	struct asciicast_event e;
	struct termsafe t;
	struct why w = { "" };
	struct buf out;
	int r;

	termsafe_init(&t);
	buf_init(&out, 1 << 24);
	while ((r = cast_next(c, &e, &w)) == ERR_OK) {
		if ((e.code != 'o' && e.code != 'i') || e.stream != o->stream)
			continue;
		if (safe) {
			(void)termsafe_put(&t, &out, e.data.p, e.data.n);
			fwrite(buf_ptr(&out), 1, out.len, stdout);
			buf_clear(&out);
		} else if (fwrite(e.data.p, 1, e.data.n, stdout) != e.data.n) {
			break;
		}
	}
	buf_free(&out);
	if (fflush(stdout) != 0 || r == ERR_OK)
		return cli_fail("recording", "the output cannot be written");
	return r == ERR_EOF ? CLI_OK : cli_fail("recording", "%s", w.text);
}

/* One line of the list, from the header of the first part. */
static void list_one(const struct options *o, const char *id)
{
	char time[CHAIN_TIME_LEN + 1];
	struct why w = { "" };
	struct stat st = { 0 };
	const json_t *h;
	struct cast *c;
	char name[300];

	if (cast_open(o->dirfd, id, &c, &w) < 0) {
		fprintf(stderr, "sallyport recording: %s: %s\n", id, w.text);
		return;
	}
	h = cast_header(c);
	snprintf(name, sizeof(name), "%s.cast.gz", id);
	if (cast_sealed(c))
		strcat(name, ".cms");
	(void)fstatat(o->dirfd, name, &st, AT_SYMLINK_NOFOLLOW);
	chain_time((uint64_t)json_integer_value(json_object_get(h, "timestamp")) * 1000, time);
	if (o->json) {
		print_json(json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:I}", "recording", id, "time", time, "identity", evidence_field(h, "sallyport.identity"),
				     "target", evidence_field(h, "sallyport.target"), "login", evidence_field(h, "sallyport.login"), "title",
				     evidence_field(h, "title"), "bytes", (json_int_t)st.st_size));
	} else {
		printf("%-34s %s  ", id, time);
		evidence_print(stdout, evidence_field(h, "sallyport.identity"), strlen(evidence_field(h, "sallyport.identity")), 40);
		printf(" on ");
		evidence_print(stdout, evidence_field(h, "sallyport.target"), strlen(evidence_field(h, "sallyport.target")), 40);
		printf(": ");
		evidence_print(stdout, evidence_field(h, "title"), strlen(evidence_field(h, "title")), 80);
		putchar('\n');
	}
	cast_close(c);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int list(const struct options *o)
{
	struct dirent **names = NULL;
	char id[256];
	int n = o->dirfd < 0 ? -1 : scandirat(o->dirfd, ".", &names, NULL, by_name);

	if (n < 0)
		return cli_fail("recording", "where are the recordings? --recordings DIR, or SALLYPORT_RECORDINGS");
	for (int i = 0; i < n; i++) {
		size_t len = strlen(names[i]->d_name);

		if (len > 4 && strcmp(names[i]->d_name + len - 4, ".cms") == 0)
			len -= 4;
		if (len > 8 && len < 128 && strncmp(names[i]->d_name + len - 8, ".cast.gz", 8) == 0) {
			snprintf(id, sizeof(id), "%.*s", (int)(len - 8), names[i]->d_name);
			if (cast_id_ok(id)) /* further parts have a dot in their name */
				list_one(o, id);
		}
		free(names[i]);
	}
	free(names);
	return CLI_OK;
}

static int with_cast(const struct options *o, const char *id, int (*fn)(const struct options *, struct cast *))
{
	struct why w = { "" };
	struct cast *c;
	int code = cast_open(o->dirfd, id, &c, &w) < 0 ? cli_fail("recording", "%s", w.text) : fn(o, c);

	cast_close(c);
	return code;
}

int cli_recording(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "raw", no_argument, NULL, 'r' }, { "stderr", no_argument, NULL, 'e' },
		{ "input", no_argument, NULL, 'i' }, { "recordings", required_argument, NULL, 'd' }, { "key", required_argument, NULL, 'k' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct options opt = { .stream = ASCIICAST_OUT, .dirfd = -1 };
	const char *dir = getenv("SALLYPORT_RECORDINGS");
	int o, code = CLI_USAGE;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'j': opt.json = true; break;
		case 'r': opt.raw = true; break;
		case 'e': opt.stream = ASCIICAST_ERR; break;
		case 'i': opt.stream = ASCIICAST_IN; break;
		case 'd': dir = optarg; break;
		case 'k': cast_key(optarg); break;
		case 'h': fputs(usage, stdout); return CLI_OK;
		default: fputs(usage, stderr); return CLI_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	opt.dirfd = evidence_recordings(dir);
	if (argc == 1 && strcmp(argv[0], "list") == 0)
		code = list(&opt);
	else if (argc == 2 && strcmp(argv[0], "commands") == 0)
		code = with_cast(&opt, argv[1], commands);
	else if (argc == 2 && strcmp(argv[0], "cat") == 0)
		code = with_cast(&opt, argv[1], cat);
	else
		fputs(usage, stderr);
	if (opt.dirfd >= 0)
		close(opt.dirfd);
	return code;
}

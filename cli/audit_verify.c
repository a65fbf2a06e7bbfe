/* `sallyport audit verify`. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/events.h"
#include "audit/verify_dir.h"
#include "cli/audit.h"
#include "cli/cli.h"
#include "cli/evidence.h"

static const char usage[] =
	"usage: sallyport audit verify [--dir DIR] [--recordings DIR] [--checkpoint FILE]... [--allowed-signers FILE]\n"
	"                              [--all-signatures] [--events] [--json]\n"
	"Reads the whole log and every recording and says what is wrong with which record. Exit code 0: nothing is.\n"
	"  --checkpoint       a checkpoint that left the host in time: only with one is a log that was cut back noticed.\n"
	"                     FILE holds its text and then its signature, or a line of a checkpoints-N.jsonl, or FILE.sig is beside it\n"
	"  --allowed-signers  the keys that you trust (ssh-keygen(1)); without it the log's own first key is taken, and shown\n"
	"  --all-signatures   every checkpoint's signature, not only the last of each epoch and one in a thousand records\n"
	"  --events           every record's fields against the event catalogue (docs/events.md), too\n";

struct outside_list {
	struct buf text[VERIFY_MAX_FAULTS], sig[VERIFY_MAX_FAULTS];
	struct view texts[VERIFY_MAX_FAULTS], sigs[VERIFY_MAX_FAULTS];
	size_t n;
};

/* Splits "text, empty line, armoured signature"; other forms as the usage says. */
static int read_outside(const char *path, struct buf *text, struct buf *sig)
{
	static const char mark[] = "-----BEGIN SSH SIGNATURE-----", end_mark[] = "-----END SSH SIGNATURE-----\n";
	char beside[4096];
	struct checkpoint c;
	struct buf file;
	const uint8_t *p, *nl, *end;
	size_t n;
	int r = evidence_read_file(path, &file);

	buf_init(text, 1 << 16);
	buf_init(sig, 1 << 20);
	if (r < 0 || file.len == 0) {
		buf_free(&file);
		return r < 0 ? r : ERR_MALFORMED;
	}
	p = buf_ptr(&file);
	if (p[0] == '{') { /* the last line of a checkpoint file */
		n = file.len - (p[file.len - 1] == '\n');
		nl = memrchr(p, '\n', n);
		p = nl == NULL ? p : nl + 1;
		r = checkpoint_line_read((struct view){ p, n - (size_t)(p - buf_ptr(&file)) }, text, sig, &c, NULL);
		buf_free(&file);
		return r;
	}
	nl = memmem(p, file.len, mark, sizeof(mark) - 1);
	n = nl == NULL ? file.len : (size_t)(nl - p);
	end = nl == NULL ? NULL : memmem(nl, file.len - n, end_mark, sizeof(end_mark) - 1);
	if (nl != NULL) /* what a submission to a witness has after it is none of our business here */
		r = buf_put(sig, nl, end != NULL ? (size_t)(end - nl) + sizeof(end_mark) - 1 : file.len - n);
	while (n > 1 && p[n - 1] == '\n' && p[n - 2] == '\n')
		n--;
	if (r == ERR_OK)
		r = buf_put(text, p, n);
	buf_free(&file);
	if (r == ERR_OK && nl == NULL && snprintf(beside, sizeof(beside), "%s.sig", path) < (int)sizeof(beside) &&
	    evidence_read_file(beside, &file) == ERR_OK)
		r = buf_put(sig, buf_ptr(&file), file.len);
	if (nl == NULL)
		buf_free(&file);
	return r;
}

static int add_outside(struct outside_list *l, const char *path)
{
	int r;

	if (l->n == VERIFY_MAX_FAULTS)
		return ERR_LIMIT;
	r = read_outside(path, &l->text[l->n], &l->sig[l->n]);
	l->texts[l->n] = (struct view){ buf_ptr(&l->text[l->n]), l->text[l->n].len };
	l->sigs[l->n] = (struct view){ buf_ptr(&l->sig[l->n]), l->sig[l->n].len };
	l->n++;
	return r;
}

static void print_fault(void *ctx, const struct verify_fault *f)
{
	bool json = *(bool *)ctx;
	json_t *j;
	char *s;

	if (!json) {
		printf("%s: %s\n", verify_kind_name(f->kind), f->text);
		return;
	}
	j = json_pack("{s:s,s:I,s:s}", "fault", verify_kind_name(f->kind), "seq", (json_int_t)f->seq, "text", f->text);
	s = json_dumps(j, JSON_COMPACT);
	printf("%s\n", s != NULL ? s : "{}");
	free(s);
	json_decref(j);
}

static void print_json(const struct verify_dir_report *r, bool ok)
{
	char time[CHAIN_TIME_LEN + 1];
	json_t *j;
	char *s;

	chain_time(r->log.sealed_ms, time);
	j = json_pack("{s:b,s:I,s:I,s:I,s:I,s:s,s:I,s:s,s:b,s:i,s:I,s:I,s:I,s:I,s:I}", "verified", ok, "records", (json_int_t)r->log.records,
		      "segments", (json_int_t)r->segments, "checkpoints", (json_int_t)r->log.checkpoints, "sealed",
		      (json_int_t)r->log.sealed, "sealed_at", time, "signatures", (json_int_t)r->log.signatures, "key", r->log.key,
		      "key_trusted", r->log.key_trusted, "epochs", (int)r->log.epochs, "recordings", (json_int_t)r->recordings,
		      "recordings_deleted", (json_int_t)r->deleted, "recordings_open", (json_int_t)r->open, "recordings_unknown", (json_int_t)r->unknown, "faults",
		      (json_int_t)r->log.faults);
	s = json_dumps(j, JSON_COMPACT);
	printf("%s\n", s != NULL ? s : "{}");
	free(s);
	json_decref(j);
}

static void print_report(const struct verify_dir_report *r, bool ok, bool outside, bool signers, bool recordings)
{
	char time[CHAIN_TIME_LEN + 1];

	if (!ok) {
		printf("NOT verified: %llu fault%s in %llu records\n", (unsigned long long)r->log.faults, r->log.faults == 1 ? "" : "s",
		       (unsigned long long)r->log.records);
		return;
	}
	printf("verified: %llu records in %u segment%s, each unchanged and in its place\n", (unsigned long long)r->log.records, r->segments,
	       r->segments == 1 ? "" : "s");
	if (r->log.first_seq > 1)
		printf("cutting:  it begins at record %llu; what came before is not in this bundle\n", (unsigned long long)r->log.first_seq);
	chain_time(r->log.sealed_ms, time);
	if (r->log.sealed > 0)
		printf("sealed:   records up to %llu under a signed checkpoint of %s; %llu after it\n", (unsigned long long)r->log.sealed, time,
		       (unsigned long long)(r->log.first_seq + r->log.records - 1 - r->log.sealed));
	else
		printf("sealed:   nothing, there is no checkpoint\n");
	if (r->log.key[0] != '\0')
		printf("key:      %s%s\n", r->log.key, !signers ? ", as the log itself says (pin it with --allowed-signers)" :
		       r->log.key_trusted ? ", trusted" : "");
	if (recordings)
		printf("recorded: %llu recordings as the log says, %llu still open, %llu deleted by retention, %llu not in this bundle\n",
		       (unsigned long long)r->recordings, (unsigned long long)r->open, (unsigned long long)r->deleted,
		       (unsigned long long)r->absent);
	if (r->unknown > 0)
		printf("unknown:  %llu files among the recordings of which the log says nothing: they are being made, or are none of its own\n",
		       (unsigned long long)r->unknown);
	if (!outside)
		printf("note:     without --checkpoint from outside this host, a log cut back together with its checkpoints looks whole\n");
}

/* A record against the catalogue. */
static int check_event(void *ctx, struct view line, const struct chain_record *rec)
{
	static const char *const fixed[] = { "seq", "time", "mono", "session", "event", "prev" };
	const struct event *e = events_find((const char *)rec->event.p, rec->event.n);
	json_t *j = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	unsigned *wrong = ctx;
	struct why w = { "" };

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		json_object_del(j, fixed[i]);
	if (e == NULL)
		why_set(&w, "event %.*s is not in the catalogue", (int)rec->event.n, (const char *)rec->event.p);
	if (e == NULL || j == NULL || events_check(e, j, &w) < 0) {
		printf("event: record %llu: %s\n", (unsigned long long)rec->seq, w.text);
		(*wrong)++;
	}
	json_decref(j);
	return ERR_OK;
}

static int run(const struct evidence *e, const char *signers_path, struct outside_list *outside, bool all, bool json)
{
	struct verify_dir_options o = { .dirfd = e->log, .recordings_dirfd = e->recordings, .outside = outside->texts,
					.outside_sigs = outside->sigs, .noutside = outside->n };
	struct verify_dir_report report;
	struct why w = { "" };
	struct buf signers;
	int r;

	buf_init(&signers, 1);
	if (signers_path[0] != '\0' && evidence_read_file(signers_path, &signers) < 0) {
		buf_free(&signers);
		return cli_fail("audit", "%s: %s", signers_path, strerror(errno));
	}
	o.verify.allowed_signers.p = signers_path[0] == '\0' ? NULL : signers.len > 0 ? buf_ptr(&signers) : (const uint8_t *)"";
	o.verify.allowed_signers.n = signers.len;
	o.verify.partial = o.recordings_may_lack = e->bundle;
	o.verify.every_signature = all;
	o.verify.fault = print_fault;
	o.verify.ctx = &json;
	r = verify_dir(&o, &report, &w);
	buf_free(&signers);
	if (r < 0 && r != ERR_SIGNATURE)
		return cli_fail("audit", "%s", w.text[0] != '\0' ? w.text : err_text(r));
	if (json)
		print_json(&report, r == ERR_OK);
	else
		print_report(&report, r == ERR_OK, outside->n > 0, signers_path[0] != '\0' && signers_path != e->signers, e->recordings >= 0);
	return r == ERR_OK ? CLI_OK : CLI_FAILED;
}

int audit_verb_verify(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' }, { "recordings", required_argument, NULL, 'r' },
		{ "checkpoint", required_argument, NULL, 'c' }, { "allowed-signers", required_argument, NULL, 's' },
		{ "all-signatures", no_argument, NULL, 'a' }, { "events", no_argument, NULL, 'e' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	static struct outside_list outside;
	const char *dir = NULL, *recordings = NULL, *signers = NULL;
	bool all = false, json = false, catalogue = false;
	unsigned wrong = 0;
	struct why w = { "" };
	struct evidence e;
	int o, code;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'd': dir = optarg; break;
		case 'r': recordings = optarg; break;
		case 's': signers = optarg; break;
		case 'a': all = true; break;
		case 'e': catalogue = true; break;
		case 'j': json = true; break;
		case 'c':
			if (add_outside(&outside, optarg) < 0)
				return cli_fail("audit", "%s: not a checkpoint", optarg);
			break;
		case 'h': fputs(usage, stdout); return CLI_OK;
		default: fputs(usage, stderr); return CLI_USAGE;
		}
	}
	if (optind != argc) {
		fputs(usage, stderr);
		return CLI_USAGE;
	}
	code = evidence_open(&e, "audit", dir, recordings);
	if (code != CLI_OK)
		return code;
	code = run(&e, signers != NULL ? signers : e.signers, &outside, all, json);
	if (catalogue && evidence_each(&e, check_event, &wrong, &w) < 0)
		code = cli_fail("audit", "%s", w.text);
	if (wrong > 0)
		code = CLI_FAILED;
	evidence_close(&e);
	for (size_t i = 0; i < outside.n; i++) {
		buf_free(&outside.text[i]);
		buf_free(&outside.sig[i]);
	}
	return code;
}

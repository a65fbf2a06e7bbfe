/* `sallyport audit export`: one directory (or .tar.gz) that an auditor can take away and verify without us. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "audit/checkpoint.h"
#include "audit/digest.h"
#include "audit/ocsf.h"
#include "audit/segments.h"
#include "audit/trust.h"
#include "base/loop.h"
#include "cli/audit.h"
#include "cli/cli.h"
#include "cli/export.h"
#include "cli/spawn.h"
#include "identity/sshkey.h"

static const char usage[] =
	"usage: sallyport audit export --from TIME --to TIME --out DIR|FILE.tar.gz [--session ID] [--identity GLOB]\n"
	"                              [--format tables|ocsf] [--allowed-signers FILE] [--dir DIR] [--recordings DIR] [--no-recordings]\n"
	"TIME is 2026-01-31, 2026-01-31T12:00:00Z or `now`; from is included, to is not. DIR must not be there yet.\n"
	"Holds sessions, approvals, maskings, denials, certificates, policies and recordings as CSV and JSON, the policies in force, the log's\n"
	"segments (whole ones, so that they can be verified), the last checkpoint, SHA256SUMS, VERIFY.md and SOC2.md. With --format ocsf also\n"
	"ocsf.jsonl, every record of the window as an OCSF event. --session and --identity narrow the tables and recordings, not the log.\n";

struct export {
	struct evidence e;
	struct export_filter filter;
	const char *from, *to, *out, *signers;
	bool ocsf, recordings;
	int dirfd, logfd;
	struct export_tables *tables;
	FILE *ocsf_file;
	uint64_t first_seq, last_seq;   /* of the window */
	unsigned first_segment, last_segment;
	struct buf cp_text, cp_sig;     /* the last checkpoint within the exported segments */
	struct checkpoint cp;
	json_t *keys;                   /* lines of the epochs' keys */
	json_t *epochs;                 /* records about them, of the whole log */
	struct why w;
};

/* ---- one pass over the log: which segments, which rows ---- */

static int take_record(struct export *x, unsigned segment, struct view line, const struct chain_record *rec)
{
	uint64_t ms;
	json_t *j, *o;
	const char *key;
	int r = ERR_OK;
	bool deleted = view_is(&rec->event, "recording.deleted"), epoch = rec->event.n > 6 && memcmp(rec->event.p, "epoch.", 6) == 0;
	bool known = chain_time_parse((const char *)rec->time.p, rec->time.n, &ms) == ERR_OK;
	bool inside = known && ms >= x->filter.from_ms && ms < x->filter.to_ms;
	bool before = known && ms < x->filter.from_ms && (view_is(&rec->event, "policy.loaded") || view_is(&rec->event, "config.loaded"));

	if (!inside && !before && !deleted && !epoch && !view_is(&rec->event, "session.start"))
		return ERR_OK;
	j = json_loadb((const char *)line.p, line.n, 0, NULL);
	if (j == NULL)
		return ERR_OK;
	key = json_string_value(json_object_get(j, "key"));
	if (epoch)
		json_array_append(x->epochs, j);
	if (view_is(&rec->event, "epoch.open") && key != NULL)
		json_array_append_new(x->keys, json_string(key));
	if (inside || view_is(&rec->event, "session.start")) /* sessions that began before: their rows say who */
		r = export_tables_take(x->tables, j);
	else if (before)
		export_tables_before(x->tables, j);
	else if (deleted)
		r = export_tables_late(x->tables, j);
	if (inside && x->ocsf_file != NULL) {
		o = ocsf_event(j);
		if (o == NULL || json_dumpf(o, x->ocsf_file, JSON_COMPACT | JSON_ENSURE_ASCII) < 0 || fputc('\n', x->ocsf_file) == EOF)
			r = ERR_SYS;
		json_decref(o);
	}
	if (inside) {
		x->first_seq = x->first_seq == 0 ? rec->seq : x->first_seq;
		x->last_seq = rec->seq;
		x->first_segment = x->first_segment == 0 ? segment : x->first_segment;
		x->last_segment = segment;
	}
	json_decref(j);
	return r;
}

static int read_log(struct export *x)
{
	char name[SEGMENT_NAME_MAX];
	struct chain_record rec;
	struct lines l;
	struct view line;
	unsigned *numbers;
	size_t n;
	int r = segments_list(x->e.log, SEGMENT_LOG, &numbers, &n);

	if (r == ERR_OK && n == 0)
		r = why_fail(&x->w, ERR_NOTFOUND, "there is no audit log here (no log-000001.jsonl)");
	for (size_t i = 0; i < n && r == ERR_OK; i++) {
		segment_name(SEGMENT_LOG, numbers[i], name);
		r = lines_open(&l, x->e.log, name, 0);
		if (r < 0)
			break;
		while ((r = lines_next(&l, &line, NULL)) == ERR_OK) {
			if (chain_read(line, &rec, NULL) < 0)
				continue;
			r = take_record(x, numbers[i], line, &rec);
			if (r < 0)
				break;
		}
		r = r == ERR_EOF || r == ERR_MALFORMED ? ERR_OK : r;
		lines_close(&l);
	}
	free(numbers);
	return r;
}

/* ---- files into the bundle, and their sums ---- */

/* Copies a file, or what it holds right now: of the log's own files only whole lines. */
static int copy_file(struct export *x, int from_dir, const char *name, int to_dir, bool lines)
{
	char bytes[65536];
	struct stat st;
	off_t left = 0;
	ssize_t n;
	int in = openat(from_dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), out = -1, r = ERR_SYS;

	if (in < 0 || fstat(in, &st) < 0)
		goto out;
	left = st.st_size;
	while (lines && left > 0 && pread(in, bytes, 1, left - 1) == 1 && bytes[0] != '\n')
		left--;
	out = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (out < 0)
		goto out;
	while (left > 0 && (n = read(in, bytes, left < (off_t)sizeof(bytes) ? (size_t)left : sizeof(bytes))) > 0) {
		if (write(out, bytes, (size_t)n) != n)
			goto out;
		left -= n;
	}
	r = left == 0 ? ERR_OK : ERR_SYS;
out:
	if (r < 0)
		why_set(&x->w, "%s: %s", name, strerror(errno));
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return r;
}

/* SHA256SUMS, a line for every file of a folder; sub is "" or ends in a slash. */
static int sum_folder(struct export *x, const char *sub, FILE *sums)
{
	uint8_t bytes[65536], d[DIGEST_SIZE];
	char hex[DIGEST_HEX + 1];
	struct dirent **names;
	EVP_MD_CTX *ctx;
	struct stat st;
	ssize_t k;
	int dir = openat(x->dirfd, sub[0] != '\0' ? sub : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n, fd, r = ERR_OK;

	if (dir < 0)
		return errno == ENOENT ? ERR_OK : ERR_SYS;
	n = scandirat(dir, ".", &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		fd = openat(dir, names[i]->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && strcmp(names[i]->d_name, "SHA256SUMS") != 0) {
			ctx = EVP_MD_CTX_new();
			if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
				r = ERR_CRYPTO;
			while (r == ERR_OK && (k = read(fd, bytes, sizeof(bytes))) > 0)
				EVP_DigestUpdate(ctx, bytes, (size_t)k);
			if (r == ERR_OK && EVP_DigestFinal_ex(ctx, d, NULL) == 1) {
				digest_hex(d, hex);
				fprintf(sums, "%s  %s%s\n", hex, sub, names[i]->d_name);
			}
			EVP_MD_CTX_free(ctx);
		}
		if (fd >= 0)
			close(fd);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	close(dir);
	return n < 0 ? ERR_SYS : r;
}

/* The last checkpoint of these segments' files. */
static int find_checkpoint(struct export *x, unsigned segment)
{
	char name[SEGMENT_NAME_MAX];
	struct buf text, sig;
	struct checkpoint c;
	struct lines l;
	struct view line;
	int r;

	segment_name(SEGMENT_CHECKPOINTS, segment, name);
	r = lines_open(&l, x->e.log, name, 0);
	if (r < 0)
		return r == ERR_NOTFOUND ? ERR_OK : r;
	buf_init(&text, 1 << 16);
	buf_init(&sig, 1 << 16);
	while ((r = lines_next(&l, &line, NULL)) == ERR_OK) {
		if (checkpoint_line_read(line, &text, &sig, &c, NULL) < 0 || c.size < x->cp.size)
			continue;
		buf_clear(&x->cp_text);
		buf_clear(&x->cp_sig);
		x->cp = c;
		x->cp.origin = (struct view){ NULL, 0 };
		if (buf_put(&x->cp_text, buf_ptr(&text), text.len) < 0 || buf_put(&x->cp_sig, buf_ptr(&sig), sig.len) < 0)
			break;
	}
	lines_close(&l);
	buf_free(&text);
	buf_free(&sig);
	return r == ERR_EOF || r == ERR_MALFORMED ? ERR_OK : r;
}

static int copy_log(struct export *x)
{
	char name[SEGMENT_NAME_MAX];
	struct stat st;
	int r = ERR_OK;

	for (unsigned i = x->first_segment; i > 0 && i <= x->last_segment && r == ERR_OK; i++) {
		/* Checkpoints first: a live log then only has more records than they say. */
		segment_name(SEGMENT_CHECKPOINTS, i, name);
		r = find_checkpoint(x, i);
		if (r == ERR_OK && fstatat(x->e.log, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			r = copy_file(x, x->e.log, name, x->logfd, true);
		segment_name(SEGMENT_LOG, i, name);
		if (r == ERR_OK)
			r = copy_file(x, x->e.log, name, x->logfd, true);
	}
	return r;
}

static int put_text(struct export *x, const char *name, const void *p, size_t n)
{
	FILE *f = export_create(x->dirfd, name);

	if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
		return why_fail(&x->w, ERR_SYS, "%s: %s", name, strerror(errno));
	return ERR_OK;
}

/* checkpoint.txt, its signature, the key that made it, and an allowed_signers file. */
static int put_checkpoint(struct export *x, char fingerprint[SSHKEY_FINGERPRINT], const char **principal)
{
	struct buf key, line, own;
	const char *text;
	json_t *v;
	size_t i;
	int r = ERR_OK;

	fingerprint[0] = '\0';
	*principal = "sallyport";
	buf_init(&key, TRUST_BLOB_MAX);
	buf_init(&line, 1 << 20);
	buf_init(&own, 1);
	if (x->cp.size > 0) {
		r = put_text(x, "checkpoint.txt", buf_ptr(&x->cp_text), x->cp_text.len);
		if (r == ERR_OK)
			r = put_text(x, "checkpoint.txt.sig", buf_ptr(&x->cp_sig), x->cp_sig.len);
		if (r == ERR_OK && trust_verify((struct view){ buf_ptr(&x->cp_sig), x->cp_sig.len }, CHECKPOINT_NAMESPACE,
						(struct view){ buf_ptr(&x->cp_text), x->cp_text.len }, &key, NULL) == ERR_OK) {
			sshkey_fingerprint((struct view){ buf_ptr(&key), key.len }, fingerprint);
			r = sshkey_format_line((struct view){ buf_ptr(&key), key.len }, NULL, &line);
			if (r == ERR_OK)
				r = buf_put_u8(&line, '\n');
			if (r == ERR_OK)
				r = put_text(x, "signer.pub", buf_ptr(&line), line.len);
		}
	}
	if (r == ERR_OK && x->signers != NULL) {
		r = evidence_read_file(x->signers, &own);
		if (r < 0)
			why_set(&x->w, "%s: %s", x->signers, strerror(errno));
		else
			r = put_text(x, "allowed_signers", own.len > 0 ? buf_ptr(&own) : (const uint8_t *)"", own.len);
	} else if (r == ERR_OK) {
		text = "# The keys that the log itself names. Replace this file by one of your own.\n";
		buf_clear(&line);
		r = buf_put_str(&line, text);
		json_array_foreach(x->keys, i, v)
			if (r == ERR_OK)
				r = buf_printf(&line, "sallyport namespaces=\"" CHECKPOINT_NAMESPACE "\" %s\n", json_string_value(v));
		if (r == ERR_OK && json_array_size(x->keys) == 0 && key.len > 0) { /* a log that does not name its key */
			r = buf_put_str(&line, "sallyport namespaces=\"" CHECKPOINT_NAMESPACE "\" ");
			if (r == ERR_OK)
				r = sshkey_format_line((struct view){ buf_ptr(&key), key.len }, NULL, &line);
			if (r == ERR_OK)
				r = buf_put_u8(&line, '\n');
		}
		if (r == ERR_OK)
			r = put_text(x, "allowed_signers", buf_ptr(&line), line.len);
	}
	buf_free(&key);
	buf_free(&line);
	buf_free(&own);
	return r;
}

struct copy_recordings {
	struct export *x;
	int dirfd;
	unsigned missing;
};

static int copy_recording(void *ctx, const char *file)
{
	struct copy_recordings *c = ctx;

	if (copy_file(c->x, c->x->e.recordings, file, c->dirfd, false) < 0) {
		fprintf(stderr, "sallyport audit: %s\n", c->x->w.text);
		c->missing++;
	}
	return ERR_OK;
}

static int put_recordings(struct export *x, unsigned *missing)
{
	struct copy_recordings c = { .x = x };
	int r = ERR_OK;

	*missing = 0;
	if (!x->recordings || x->e.recordings < 0)
		return ERR_OK;
	if (mkdirat(x->dirfd, "recordings", 0700) < 0)
		return why_fail(&x->w, ERR_SYS, "recordings: %s", strerror(errno));
	c.dirfd = openat(x->dirfd, "recordings", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c.dirfd < 0)
		return ERR_SYS;
	r = export_tables_recordings(x->tables, copy_recording, &c);
	close(c.dirfd);
	*missing = c.missing;
	return r;
}

static int put_sums(struct export *x)
{
	static const char *const folders[] = { "", "log/", "policies/", "recordings/" };
	FILE *sums = export_create(x->dirfd, "SHA256SUMS");
	int r = sums == NULL ? ERR_SYS : ERR_OK;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && r == ERR_OK; i++)
		r = sum_folder(x, folders[i], sums);
	if (sums != NULL && fclose(sums) != 0)
		r = ERR_SYS;
	return r;
}

/* ---- the whole ---- */

static int make_folders(struct export *x, const char *dir)
{
	if (mkdir(dir, 0700) < 0)
		return why_fail(&x->w, ERR_SYS, "%s: %s", dir, strerror(errno));
	x->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->dirfd < 0 || mkdirat(x->dirfd, "log", 0700) < 0)
		return why_fail(&x->w, ERR_SYS, "%s: %s", dir, strerror(errno));
	x->logfd = openat(x->dirfd, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->ocsf)
		x->ocsf_file = export_create(x->dirfd, "ocsf.jsonl");
	return x->logfd < 0 || (x->ocsf && x->ocsf_file == NULL) ? why_fail(&x->w, ERR_SYS, "%s: %s", dir, strerror(errno)) : ERR_OK;
}

static int put_bundle_json(struct export *x, const struct export_facts *f)
{
	json_t *j = json_pack("{s:s,s:s,s:s*,s:s*,s:I,s:I,s:I}", "from", x->from, "to", x->to, "session", x->filter.session, "identity",
			      x->filter.identity, "first_seq", (json_int_t)f->first_seq, "last_seq", (json_int_t)f->last_seq, "sealed",
			      (json_int_t)f->sealed);
	char *s = j == NULL ? NULL : json_dumps(j, JSON_INDENT(1));
	int r = s == NULL ? ERR_NOMEM : put_text(x, "bundle.json", s, strlen(s));

	free(s);
	json_decref(j);
	return r;
}

/* Which key signed when, and who vouches for it: also of epochs that began before the window. */
static int put_keys(struct export *x)
{
	char *s = json_dumps(x->epochs, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	int r = s == NULL ? ERR_NOMEM : put_text(x, "keys.json", s, strlen(s));

	free(s);
	return r;
}

/* The number of the first record of the first segment that was copied. */
static uint64_t first_of_cutting(struct export *x)
{
	char name[SEGMENT_NAME_MAX];
	struct chain_record rec = { 0 };
	struct lines l;
	struct view line;

	segment_name(SEGMENT_LOG, x->first_segment, name);
	if (x->first_segment == 0 || lines_open(&l, x->logfd, name, 0) < 0)
		return 0;
	if (lines_next(&l, &line, NULL) == ERR_OK)
		(void)chain_read(line, &rec, NULL);
	lines_close(&l);
	return rec.seq;
}

static int build(struct export *x, unsigned *missing)
{
	char fingerprint[SSHKEY_FINGERPRINT];
	struct export_facts f = { .from = x->from, .to = x->to };
	int r = read_log(x);

	if (r == ERR_OK && x->last_seq == 0)
		r = why_fail(&x->w, ERR_NOTFOUND, "the log has no record in that time");
	if (r == ERR_OK)
		r = copy_log(x);
	if (r == ERR_OK)
		r = export_tables_write(x->tables, x->dirfd);
	if (r == ERR_OK)
		r = put_recordings(x, missing);
	if (r == ERR_OK)
		r = put_checkpoint(x, fingerprint, &f.principal);
	if (r < 0)
		return r;
	f.first_seq = first_of_cutting(x);
	f.last_seq = x->last_seq;
	f.sealed = x->cp.size;
	f.fingerprint = fingerprint;
	f.with_recordings = x->recordings;
	if (x->ocsf_file != NULL && fclose(x->ocsf_file) != 0)
		r = ERR_SYS;
	x->ocsf_file = NULL;
	if (r == ERR_OK)
		r = put_bundle_json(x, &f);
	if (r == ERR_OK)
		r = put_keys(x);
	if (r == ERR_OK)
		r = export_write_verify(x->dirfd, &f);
	if (r == ERR_OK)
		r = export_write_soc2(x->dirfd);
	return r == ERR_OK ? put_sums(x) : r;
}

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && strcmp(s + n - k, end) == 0;
}

/* FILE.tar.gz from the folder of that name beside it, which goes away. */
static int pack(const char *dir, const char *file, struct why *w)
{
	char parent[4096];
	const char *slash = strrchr(dir, '/'), *name = slash != NULL ? slash + 1 : dir;
	const char *tar[] = { "tar", "-C", parent, "-czf", file, name, NULL };
	const char *rm[] = { "rm", "-rf", "--", dir, NULL };
	int r;

	snprintf(parent, sizeof(parent), "%.*s", slash != NULL ? (int)(slash - dir) : 1, slash != NULL ? dir : ".");
	if (parent[0] == '\0')
		strcpy(parent, "/");
	r = spawn_run(tar, NULL, 0, w);
	return r == ERR_OK ? spawn_run(rm, NULL, 0, w) : r;
}

static int run(struct export *x)
{
	char dir[4096];
	bool packed = ends_in(x->out, ".tar.gz");
	unsigned missing = 0;
	int r;

	snprintf(dir, sizeof(dir), "%.*s", (int)(strlen(x->out) - (packed ? 7 : 0)), x->out);
	while (strlen(dir) > 1 && dir[strlen(dir) - 1] == '/')
		dir[strlen(dir) - 1] = '\0';
	x->tables = export_tables_new(&x->filter);
	x->keys = json_array();
	x->epochs = json_array();
	buf_init(&x->cp_text, 1 << 16);
	buf_init(&x->cp_sig, 1 << 16);
	r = x->tables == NULL ? ERR_NOMEM : make_folders(x, dir);
	if (r == ERR_OK)
		r = build(x, &missing);
	if (r == ERR_OK && packed)
		r = pack(dir, x->out, &x->w);
	if (r < 0)
		return cli_fail("audit", "%s", x->w.text[0] != '\0' ? x->w.text : r == ERR_SYS ? strerror(errno) : err_text(r));
	printf("%s: %zu commands and requests, %zu approvals, %zu denials, %zu maskings, %zu recordings; records up to %llu are under a signed "
	       "checkpoint\n", x->out, export_tables_rows(x->tables, "sessions"), export_tables_rows(x->tables, "approvals"),
	       export_tables_rows(x->tables, "denials"), export_tables_rows(x->tables, "maskings"), export_tables_rows(x->tables, "recordings"),
	       (unsigned long long)x->cp.size);
	return missing > 0 ? cli_fail("audit", "%u recordings could not be copied", missing) : CLI_OK;
}

/* "now", a day, or a time; UTC. */
static bool parse_time(const char *s, uint64_t *ms)
{
	char full[64];

	if (strcmp(s, "now") == 0) {
		*ms = (uint64_t)clock_wall_ms() + 1;
		return true;
	}
	if (strlen(s) == 10)
		snprintf(full, sizeof(full), "%sT00:00:00.000Z", s);
	else if (strlen(s) == 20 && s[19] == 'Z')
		snprintf(full, sizeof(full), "%.19s.000Z", s);
	else
		snprintf(full, sizeof(full), "%s", s);
	return chain_time_parse(full, strlen(full), ms) == ERR_OK;
}

int audit_verb_export(int argc, char **argv)
{
	static const struct option options[] = {
		{ "from", required_argument, NULL, 'f' }, { "to", required_argument, NULL, 't' }, { "out", required_argument, NULL, 'o' },
		{ "session", required_argument, NULL, 'S' }, { "identity", required_argument, NULL, 'i' },
		{ "format", required_argument, NULL, 'F' }, { "allowed-signers", required_argument, NULL, 's' },
		{ "dir", required_argument, NULL, 'd' }, { "recordings", required_argument, NULL, 'r' },
		{ "no-recordings", no_argument, NULL, 'n' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	struct export x = { .dirfd = -1, .logfd = -1, .recordings = true };
	const char *dir = NULL, *recordings = NULL;
	int o, code;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'f': x.from = optarg; break;
		case 't': x.to = optarg; break;
		case 'o': x.out = optarg; break;
		case 'S': x.filter.session = optarg; break;
		case 'i': x.filter.identity = optarg; break;
		case 's': x.signers = optarg; break;
		case 'd': dir = optarg; break;
		case 'r': recordings = optarg; break;
		case 'n': x.recordings = false; break;
		case 'F':
			x.ocsf = strcmp(optarg, "ocsf") == 0;
			if (!x.ocsf && strcmp(optarg, "tables") != 0)
				return cli_usage("audit", "--format is tables or ocsf");
			break;
		case 'h': fputs(usage, stdout); return CLI_OK;
		default: fputs(usage, stderr); return CLI_USAGE;
		}
	}
	if (optind != argc || x.from == NULL || x.to == NULL || x.out == NULL) {
		fputs(usage, stderr);
		return CLI_USAGE;
	}
	if (!parse_time(x.from, &x.filter.from_ms) || !parse_time(x.to, &x.filter.to_ms))
		return cli_usage("audit", "a time is 2026-01-31, 2026-01-31T12:00:00Z or now");
	code = evidence_open(&x.e, "audit", dir, recordings);
	if (code != CLI_OK)
		return code;
	code = run(&x);
	evidence_close(&x.e);
	export_tables_free(x.tables);
	json_decref(x.keys);
	json_decref(x.epochs);
	buf_free(&x.cp_text);
	buf_free(&x.cp_sig);
	if (x.ocsf_file != NULL)
		fclose(x.ocsf_file);
	if (x.dirfd >= 0)
		close(x.dirfd);
	if (x.logfd >= 0)
		close(x.logfd);
	return code;
}

/* Logs for tests; see fixture.h. */
#include "tests/unit/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "audit/segments.h"
#include "audit/trust.h"
#include "identity/sshsig.h"

#define MUST(x) do { if (!(x)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); abort(); } } while (0)

void fixture_key_new(struct fixture_key *k, unsigned n)
{
	uint8_t pub[32];
	size_t len = sizeof(pub);
	char b64[96];
	struct buf blob;

	k->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	MUST(k->key != NULL && EVP_PKEY_get_raw_public_key(k->key, pub, &len) == 1);
	buf_init(&blob, 128);
	MUST(buf_put_string(&blob, "ssh-ed25519", 11) == 0 && buf_put_string(&blob, pub, 32) == 0);
	EVP_EncodeBlock((unsigned char *)b64, buf_ptr(&blob), (int)blob.len);
	snprintf(k->line, sizeof(k->line), "ssh-ed25519 %s audit.%u", b64, n);
	buf_free(&blob);
}

void fixture_sign(const struct fixture_key *k, const char *space, struct view text, struct buf *armoured)
{
	uint8_t sig[64];
	size_t n = sizeof(sig);
	struct buf tbs, key;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	buf_init(&tbs, 1024);
	buf_init(&key, 1024);
	MUST(trust_key_line(k->line, &key, NULL) == 0 && sshsig_tbs(space, SSHSIG_SHA512, text, &tbs) == 0);
	MUST(EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->key) == 1 && EVP_DigestSign(ctx, sig, &n, buf_ptr(&tbs), tbs.len) == 1);
	buf_clear(&tbs);
	MUST(buf_put_string(&tbs, "ssh-ed25519", 11) == 0 && buf_put_string(&tbs, sig, 64) == 0);
	MUST(sshsig_armor((struct view){ buf_ptr(&key), key.len }, space, SSHSIG_SHA512, (struct view){ buf_ptr(&tbs), tbs.len }, armoured) == 0);
	EVP_MD_CTX_free(ctx);
	buf_free(&tbs);
	buf_free(&key);
}

static void clock_of(void *ctx, uint64_t *wall, uint64_t *mono)
{
	struct fixture *f = ctx;

	*mono = f->mono;
	*wall = 1700000000000 + f->mono;
}

static void append(struct fixture *f, const char *event, json_t *fields)
{
	struct why w = { "" };

	if (audit_append(f->log, event[0] == 'e' ? NULL : "s1", event, fields, NULL, &w) < 0) {
		fprintf(stderr, "%s\n", w.text);
		abort();
	}
}

static void commit(struct fixture *f)
{
	MUST(audit_commit(f->log, NULL) == 0);
}

void fixture_reopen(struct fixture *f, uint64_t segment_bytes)
{
	struct audit_options o = { .dirfd = f->dirfd, .origin = "sallyport/test", .segment_bytes = segment_bytes, .strict = true, .clock = clock_of,
				   .clock_ctx = f, .reserve_bytes = 4096 };
	struct why w = { "" };

	if (audit_open(&o, &f->log, NULL, &w) < 0) {
		fprintf(stderr, "%s\n", w.text);
		abort();
	}
}

void fixture_begin(struct fixture *f, uint64_t segment_bytes)
{
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	memset(f, 0, sizeof(*f));
	snprintf(f->dir, sizeof(f->dir), "%s/sallyport-fix-XXXXXX", tmp);
	MUST(mkdtemp(f->dir) != NULL);
	f->dirfd = open(f->dir, O_RDONLY | O_DIRECTORY);
	f->mono = 1000;
	fixture_reopen(f, segment_bytes);
	f->epoch = 1;
	fixture_key_new(&f->keys[1], 1);
	append(f, "epoch.open", json_pack("{s:i,s:s}", "epoch", 1, "key", f->keys[1].line));
	commit(f);
	fixture_checkpoint(f);
}

void fixture_checkpoint(struct fixture *f)
{
	struct buf text, sig;
	struct view t;

	buf_init(&text, 4096);
	buf_init(&sig, 65536);
	MUST(audit_checkpoint_text(f->log, &text, NULL) == 0);
	t = (struct view){ buf_ptr(&text), text.len };
	fixture_sign(&f->keys[f->epoch], CHECKPOINT_NAMESPACE, t, &sig);
	MUST(audit_checkpoint_store(f->log, t, (struct view){ buf_ptr(&sig), sig.len }, NULL) == 0);
	buf_free(&text);
	buf_free(&sig);
}

void fixture_fill(struct fixture *f, unsigned records)
{
	char reason[64];

	for (unsigned i = 0; i < records; i++) {
		f->mono += 20;
		snprintf(reason, sizeof(reason), "record %u of the work", i);
		append(f, "session.end", json_pack("{s:s,s:i}", "reason", reason, "count", (int)i));
		if (i % 3 == 2)
			commit(f);
		if (audit_checkpoint_wait(f->log, f->mono, AUDIT_CADENCE) == 0)
			fixture_checkpoint(f);
	}
	commit(f);
}

void fixture_recording(struct fixture *f, unsigned n)
{
	char name[64], id[32], hex[DIGEST_HEX + 1], bytes[3000];
	uint8_t d[DIGEST_SIZE];

	mkdirat(f->dirfd, "recordings", 0700);
	snprintf(id, sizeof(id), "s1-%u", n);
	snprintf(name, sizeof(name), "recordings/%s.cast.gz", id);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)random();
	fixture_write(f, name, bytes, sizeof(bytes));
	MUST(digest(bytes, sizeof(bytes), d) == 0);
	digest_hex(d, hex);
	append(f, "recording.closed", json_pack("{s:s,s:i,s:s,s:i}", "recording", id, "bytes", (int)sizeof(bytes), "sha256", hex, "part", 1));
	commit(f);
}

void fixture_turn(struct fixture *f)
{
	unsigned next = f->epoch + 1;

	fixture_key_new(&f->keys[next], next);
	append(f, "epoch.close", json_pack("{s:i,s:s}", "epoch", (int)f->epoch, "next_key", f->keys[next].line));
	commit(f);
	fixture_checkpoint(f);
	f->epoch = next;
	append(f, "epoch.open", json_pack("{s:i,s:s}", "epoch", (int)next, "key", f->keys[next].line));
	commit(f);
	fixture_checkpoint(f);
}

void fixture_end(struct fixture *f)
{
	audit_close(f->log);
	f->log = NULL;
}

void fixture_drop(struct fixture *f)
{
	char cmd[256];

	fixture_end(f);
	close(f->dirfd);
	for (int i = 0; i < 8; i++)
		EVP_PKEY_free(f->keys[i].key);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", f->dir);
	MUST(system(cmd) == 0);
}

void fixture_last_checkpoint(const struct fixture *f, struct buf *text, struct buf *sig)
{
	char name[SEGMENT_NAME_MAX];
	struct checkpoint c;
	unsigned *numbers;
	struct lines l;
	struct view line;
	size_t n;

	MUST(segments_list(f->dirfd, SEGMENT_CHECKPOINTS, &numbers, &n) == 0 && n > 0);
	segment_name(SEGMENT_CHECKPOINTS, numbers[n - 1], name);
	MUST(lines_open(&l, f->dirfd, name, 0) == 0);
	while (lines_next(&l, &line, NULL) == 0)
		MUST(checkpoint_line_read(line, text, sig, &c, NULL) == 0);
	lines_close(&l);
	free(numbers);
}

char *fixture_read(const struct fixture *f, const char *name, size_t *n)
{
	int fd = openat(f->dirfd, name, O_RDONLY);
	struct stat st;
	char *p;

	MUST(fd >= 0 && fstat(fd, &st) == 0);
	p = malloc((size_t)st.st_size + 1);
	MUST(p != NULL && read(fd, p, (size_t)st.st_size) == st.st_size);
	p[st.st_size] = '\0';
	*n = (size_t)st.st_size;
	close(fd);
	return p;
}

void fixture_write(const struct fixture *f, const char *name, const void *p, size_t n)
{
	int fd = openat(f->dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	MUST(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	close(fd);
}

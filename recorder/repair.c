/* Repair of cut recordings; see repair.h. Distrusts the files: inflation streams, what is kept of it is bounded. */
#include "recorder/repair.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "recorder/seal_scan.h"

#define CHUNK (64 * 1024)
#define TAIL_MAX (8u << 20) /* text after the last flush: the recorder never leaves more than a fraction of this */

/* What reading the file to its end found. */
struct scan {
	z_stream z;
	uint64_t keep;      /* stored bytes up to the last block that ended on a byte and a newline */
	uint64_t keep_raw;  /* their text, bytes */
	uLong keep_crc, crc;
	uint64_t raw;
	struct buf tail;    /* text after that, as far as it can be read */
	uint8_t last;       /* last byte of text */
	bool ended;         /* the gzip member has its end, at `keep`; or the encryption around it has, where the file ends */
	bool sealed;
	uint64_t size;
	SHA256_CTX sha256;
};

static int take_text(struct scan *s, const uint8_t *p, size_t n)
{
	if (n == 0)
		return ERR_OK;
	s->crc = crc32(s->crc, p, (uInt)n);
	s->raw += n;
	s->last = p[n - 1];
	return buf_put(&s->tail, p, n);
}

/* Inflates one chunk, block by block. ERR_EOF: nothing more can be read from here on. */
static int inflate_chunk(struct scan *s, uint8_t *in, size_t n, uint64_t offset)
{
	uint8_t out[CHUNK];
	int k, r;

	s->z.next_in = in;
	s->z.avail_in = (uInt)n;
	for (;;) {
		s->z.next_out = out;
		s->z.avail_out = sizeof(out);
		k = inflate(&s->z, Z_BLOCK);
		r = take_text(s, out, sizeof(out) - s->z.avail_out);
		if (r < 0)
			return r == ERR_LIMIT ? ERR_EOF : r;
		if (k == Z_STREAM_END) {
			s->ended = true;
			s->keep = offset + n - s->z.avail_in;
			return ERR_EOF;
		}
		if (k == Z_BUF_ERROR || (k == Z_OK && s->z.avail_in == 0 && s->z.avail_out > 0 && (s->z.data_type & 128) == 0))
			return ERR_OK;
		if (k != Z_OK)
			return ERR_EOF;
		if ((s->z.data_type & 128) != 0 && (s->z.data_type & 127) == 0 && s->raw > 0 && s->last == '\n') {
			s->keep = offset + n - s->z.avail_in;
			s->keep_raw = s->raw;
			s->keep_crc = s->crc;
			buf_clear(&s->tail);
		}
	}
}

static int scan_file(int fd, struct scan *s)
{
	uint8_t in[CHUNK];
	uint64_t offset = 0;
	bool reading = true;
	ssize_t n;
	int r;

	memset(s, 0, sizeof(*s));
	buf_init(&s->tail, TAIL_MAX);
	SHA256_Init(&s->sha256);
	s->crc = s->keep_crc = crc32(0, NULL, 0);
	if (inflateInit2(&s->z, 15 + 16) != Z_OK)
		return ERR_NOMEM;
	while ((n = read(fd, in, sizeof(in))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYS;
		SHA256_Update(&s->sha256, in, (size_t)n);
		s->size += (uint64_t)n;
		r = reading ? inflate_chunk(s, in, (size_t)n, offset) : ERR_OK;
		if (r == ERR_EOF)
			reading = false;
		else if (r < 0)
			return r;
		offset += (uint64_t)n;
	}
	return ERR_OK;
}

static int write_all(int fd, SHA256_CTX *c, const void *p, size_t n, uint64_t *total)
{
	const uint8_t *q = p;
	ssize_t k;

	SHA256_Update(c, p, n);
	*total += n;
	while (n > 0) {
		k = write(fd, q, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return ERR_SYS;
		q += k;
		n -= (size_t)k;
	}
	return ERR_OK;
}

/* The tail's whole lines, compressed, and the member's end: checksum and length. */
static int write_end(int fd, SHA256_CTX *c, const struct scan *s, size_t lines, uint64_t *total)
{
	uint8_t out[CHUNK], trailer[8];
	uint32_t crc = (uint32_t)crc32(s->keep_crc, buf_ptr(&s->tail), (uInt)lines), len = (uint32_t)(s->keep_raw + lines);
	z_stream z = { 0 };
	int k, r = ERR_OK;

	if (deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return ERR_NOMEM;
	z.next_in = (Bytef *)(uintptr_t)buf_ptr(&s->tail);
	z.avail_in = (uInt)lines;
	do {
		z.next_out = out;
		z.avail_out = sizeof(out);
		k = deflate(&z, Z_FINISH);
		r = write_all(fd, c, out, sizeof(out) - z.avail_out, total);
	} while (r == ERR_OK && k == Z_OK);
	deflateEnd(&z);
	for (int i = 0; i < 4; i++) {
		trailer[i] = (uint8_t)(crc >> (8 * i));
		trailer[4 + i] = (uint8_t)(len >> (8 * i));
	}
	return r == ERR_OK ? write_all(fd, c, trailer, sizeof(trailer), total) : r;
}

/* ---- encrypted ones: nothing inside can be looked at, but the form around it can be completed ---- */

static bool is_sealed(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".cms") == 0;
}

static int scan_sealed(int fd, struct scan *s)
{
	struct seal_scan form;
	uint8_t in[CHUNK];
	ssize_t n;

	memset(s, 0, sizeof(*s));
	s->sealed = true;
	seal_scan_init(&form);
	SHA256_Init(&s->sha256);
	while ((n = read(fd, in, sizeof(in))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYS;
		SHA256_Update(&s->sha256, in, (size_t)n);
		s->size += (uint64_t)n;
		seal_scan(&form, in, (size_t)n);
	}
	s->keep = form.keep;
	s->ended = form.ended && !form.bad;
	return ERR_OK;
}

static int rewrite(int dirfd, const char *name, int in, const struct scan *s, size_t lines, struct repair *out)
{
	static const uint8_t gzip_header[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	char fresh[RECORDING_NAME_MAX + 16];
	uint8_t bytes[CHUNK];
	SHA256_CTX c;
	ssize_t n = 0;
	int fd, r = ERR_OK;

	snprintf(fresh, sizeof(fresh), "%s.repair", name);
	(void)unlinkat(dirfd, fresh, 0); /* of a repair that was cut itself */
	fd = openat(dirfd, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return ERR_SYS;
	SHA256_Init(&c);
	out->bytes = 0;
	if (s->keep == 0 && !s->sealed)
		r = write_all(fd, &c, gzip_header, sizeof(gzip_header), &out->bytes);
	for (uint64_t at = 0; r == ERR_OK && at < s->keep; at += (uint64_t)n) {
		n = pread(in, bytes, s->keep - at < CHUNK ? (size_t)(s->keep - at) : CHUNK, (off_t)at);
		r = n > 0 ? write_all(fd, &c, bytes, (size_t)n, &out->bytes) : ERR_SYS;
	}
	if (r == ERR_OK && !s->ended)
		r = s->sealed ? write_all(fd, &c, seal_scan_end, sizeof(seal_scan_end), &out->bytes) : write_end(fd, &c, s, lines, &out->bytes);
	if (r == ERR_OK && fsync(fd) < 0)
		r = ERR_SYS;
	close(fd);
	SHA256_Final(out->sha256, &c);
	if (r == ERR_OK && (renameat(dirfd, fresh, dirfd, name) < 0 || fsync(dirfd) < 0))
		r = ERR_SYS;
	if (r < 0)
		(void)unlinkat(dirfd, fresh, 0);
	return r;
}

/* Whether a file without one readable line can be what a recorder left that was killed as it began: nothing, or some bytes of a beginning. */
static bool begun(int fd, const struct scan *s)
{
	static const uint8_t gzip[2] = { 0x1f, 0x8b }, cms[2] = { 0x30, 0x80 };
	uint8_t first[2];

	return s->size == 0 ||
	       (s->size < CHUNK && pread(fd, first, 2, 0) >= 1 && first[0] == (s->sealed ? cms : gzip)[0] &&
		(s->size < 2 || first[1] == (s->sealed ? cms : gzip)[1]));
}

/* What stands in such a file afterwards, so that players, and whoever looks, see what happened. */
static int stand_in(int fd, struct scan *s, size_t *lines)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return ERR_SYS;
	buf_clear(&s->tail);
	r = buf_printf(&s->tail, "{\"version\":2,\"width\":80,\"height\":24,\"timestamp\":%lld,\"title\":\"the recorder was killed before anything was written\"}\n",
		       (long long)st.st_mtime);
	s->keep = s->keep_raw = 0;
	s->keep_crc = crc32(0, NULL, 0);
	*lines = s->tail.len;
	s->raw = s->tail.len;
	return r;
}

int repair_file(int dirfd, const char *name, struct repair *out, struct why *w)
{
	const uint8_t *nl;
	struct scan s;
	size_t lines;
	int fd, r;

	memset(out, 0, sizeof(*out));
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return why_fail(w, ERR_SYS, "%s cannot be read: %s", name, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return why_fail(w, ERR_AGAIN, "%s is still being written", name);
	}
	r = is_sealed(name) ? scan_sealed(fd, &s) : scan_file(fd, &s);
	if (r < 0) {
		why_set(w, "%s cannot be read: %s", name, err_text(r));
		goto out;
	}
	SHA256_Final(out->was_sha256, &s.sha256);
	memcpy(out->sha256, out->was_sha256, SINK_DIGEST);
	out->bytes = out->was_bytes = s.size;
	out->raw = s.raw;
	if (s.ended && (s.sealed || s.keep == s.size))
		goto out;
	if (s.ended) { /* bytes after the end are none of ours, and players stumble over them */
		out->was_cut = true;
		r = rewrite(dirfd, name, fd, &s, 0, out);
		goto said;
	}
	nl = s.tail.len > 0 ? memrchr(buf_ptr(&s.tail), '\n', s.tail.len) : NULL;
	lines = nl == NULL ? 0 : (size_t)(nl + 1 - buf_ptr(&s.tail));
	if ((s.sealed ? s.keep == 0 : s.keep_raw + lines == 0) && !begun(fd, &s)) {
		r = why_fail(w, ERR_MALFORMED, "%s holds not one whole line", name);
		goto out;
	}
	out->was_cut = true;
	if (s.sealed && s.keep == 0)
		goto out; /* nothing can be opened, and nothing completed: it stays as it is, on record */
	if (!s.sealed && s.keep_raw + lines == 0) {
		r = stand_in(fd, &s, &lines);
		if (r < 0)
			goto out;
	}
	out->raw = s.keep_raw + lines;
	out->lost_text = s.sealed ? s.size - s.keep : s.raw - out->raw;
	r = rewrite(dirfd, name, fd, &s, lines, out);
said:
	if (r < 0)
		why_set(w, "%s cannot be repaired: %s", name, r == ERR_SYS ? strerror(errno) : err_text(r));
out:
	if (!s.sealed)
		inflateEnd(&s.z);
	buf_free(&s.tail);
	close(fd);
	return r;
}

static void hex(const uint8_t d[SINK_DIGEST], char out[2 * SINK_DIGEST + 1])
{
	for (int i = 0; i < SINK_DIGEST; i++)
		snprintf(out + 2 * i, 3, "%02x", d[i]);
}

/* "SESSION-CHANNEL[.PART].cast.gz", or with .cms behind it, exactly. *stem: bytes before ".cast.gz". */
static bool parse_name(const char *name, char session[RECORDING_MAX_SESSION + 1], unsigned *channel, unsigned *part, size_t *stem)
{
	const char *dash = strrchr(name, '-'), *cms = is_sealed(name) ? ".cms" : "";
	char back[RECORDING_NAME_MAX];
	size_t n = dash == NULL ? 0 : (size_t)(dash - name);

	*part = 1;
	if (n == 0 || n > RECORDING_MAX_SESSION || !recording_session_id_ok((struct view){ (const uint8_t *)name, n }))
		return false;
	memcpy(session, name, n);
	session[n] = '\0';
	if (sscanf(dash + 1, "%9u.%9u.cast.gz", channel, part) < 1)
		return false;
	if (*part == 1)
		snprintf(back, sizeof(back), "%s-%u.cast.gz%s", session, *channel, cms);
	else
		snprintf(back, sizeof(back), "%s-%u.%u.cast.gz%s", session, *channel, *part, cms);
	*stem = strlen(back) - strlen(".cast.gz") - strlen(cms);
	return strcmp(back, name) == 0;
}

static int write_sidecar(int dirfd, const char *sidecar, const char *line)
{
	char fresh[RECORDING_NAME_MAX + 8];
	int fd, r;

	snprintf(fresh, sizeof(fresh), "%s.new", sidecar);
	fd = openat(dirfd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	r = fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line) && fsync(fd) == 0 &&
			    renameat(dirfd, fresh, dirfd, sidecar) == 0 && fsync(dirfd) == 0 ?
		    ERR_OK :
		    ERR_SYS;
	if (fd >= 0)
		close(fd);
	return r;
}

/* One directory entry: repaired if it is a recording without a sidecar. Returns false when that did not work. */
static bool repair_entry(int dirfd, const char *name)
{
	char session[RECORDING_MAX_SESSION + 1], sidecar[RECORDING_NAME_MAX], line[1024];
	char sha[2 * SINK_DIGEST + 1], was[2 * SINK_DIGEST + 1];
	unsigned channel, part;
	struct why w = { "" };
	struct repair rep;
	struct stat st;
	size_t stem;
	int r;

	if (!parse_name(name, session, &channel, &part, &stem))
		return true;
	snprintf(sidecar, sizeof(sidecar), "%.*s.json", (int)stem, name);
	if (fstatat(dirfd, sidecar, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0)
		return true;
	r = repair_file(dirfd, name, &rep, &w);
	if (r == ERR_AGAIN)
		return true;
	if (r < 0) {
		fprintf(stderr, "sallyport-recorder: %s\n", w.text);
		return false;
	}
	hex(rep.sha256, sha);
	hex(rep.was_sha256, was);
	snprintf(line, sizeof(line),
		 "{\"recording\":\"%s-%u\",\"session\":\"%s\",\"channel\":%u,\"part\":%u,\"last\":true,\"file\":\"%s\",\"bytes\":%llu,"
		 "\"raw_bytes\":%llu,\"sha256\":\"%s\",\"complete\":false,\"repaired\":%s,\"was_bytes\":%llu,\"was_sha256\":\"%s\","
		 "\"lost_bytes\":%llu}\n",
		 session, channel, session, channel, part, name, (unsigned long long)rep.bytes, (unsigned long long)rep.raw, sha,
		 rep.was_cut ? "true" : "false", (unsigned long long)rep.was_bytes, was, (unsigned long long)rep.lost_text);
	(void)unlinkat(dirfd, sidecar, 0); /* an empty one, which a crash left */
	if (write_sidecar(dirfd, sidecar, line) < 0) {
		fprintf(stderr, "sallyport-recorder: %s cannot be written: %s\n", sidecar, strerror(errno));
		return false;
	}
	fputs(line, stdout);
	return true;
}

int repair_main(const char *dir)
{
	int dirfd = strncmp(dir, "fd:", 3) == 0 ? openat(atoi(dir + 3), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
						  open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int list = dirfd < 0 ? -1 : openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = list < 0 ? NULL : fdopendir(list);
	struct dirent *e;
	int code = 0;

	if (d != NULL && process_harden("sallyport-recorder", list) < 0)
		return 1;
	recording_umask(list);
	if (d != NULL && sandbox_enter(SANDBOX_RECORDER, &(struct landlock_path){ dirfd, true }, 1) == ERR_SYS)
		return 1;
	if (d == NULL) {
		fprintf(stderr, "sallyport-recorder: %s cannot be read: %s\n", dir, strerror(errno));
		return 1;
	}
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && !repair_entry(dirfd, e->d_name))
			code = 1;
	closedir(d);
	close(dirfd);
	fflush(stdout);
	return code;
}

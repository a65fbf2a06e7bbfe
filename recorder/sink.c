/* The compressed file; see sink.h. */
#include "recorder/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The low-level calls: OpenSSL's new interface would load its providers, half a megabyte for each idle session. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "config.h"
#include "recorder/seal.h"
#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#else
#include <zlib.h>
#endif

#define OUT_SIZE (16 * 1024)
#define WRITEBACK (256 * 1024) /* bytes that are sent on their way to the disk at once; whole pages, so that none goes twice */
#define PAGE 4096

struct sink {
	int fd;
	uint64_t raw, stored;
	uint64_t under_way; /* bytes whose way to the disk has begun */
	SHA256_CTX digest;
	struct seal *seal; /* NULL: in clear */
#ifdef HAVE_ISAL
	struct isal_zstream z;
#else
	z_stream z;
#endif
	uint8_t out[OUT_SIZE];
};

static int put(void *arg, const void *p, size_t n)
{
	struct sink *s = arg;
	size_t done = 0;
	ssize_t k;

	if (SHA256_Update(&s->digest, p, n) != 1)
		return ERR_CRYPTO;
	while (done < n) {
		k = write(s->fd, (const uint8_t *)p + done, n - done);
		if (k < 0 && errno == EINTR)
			continue;
		if (k == 0)
			errno = ENOSPC;
		if (k <= 0)
			return ERR_SYS;
		done += (size_t)k;
	}
	s->stored += n;
	return ERR_OK;
}

/* n compressed bytes. */
static int store(struct sink *s, size_t n)
{
	return s->seal != NULL ? seal_put(s->seal, s->out, n) : put(s, s->out, n);
}

#ifdef HAVE_ISAL

/* Level 0 keeps 80 KB of state instead of 365 and is the fastest; it gives away a sixth of the ratio. */
static int compressor_init(struct sink *s)
{
	isal_deflate_init(&s->z);
	s->z.gzip_flag = IGZIP_GZIP;
	s->z.level = 0;
	return ERR_OK;
}

static void compressor_free(struct sink *s)
{
	(void)s;
}

static int compress_all(struct sink *s, const void *p, size_t n, bool last)
{
	int r;

	s->z.next_in = (uint8_t *)p;
	s->z.avail_in = (uint32_t)n;
	s->z.flush = SYNC_FLUSH;
	s->z.end_of_stream = last;
	do {
		s->z.next_out = s->out;
		s->z.avail_out = OUT_SIZE;
		if (isal_deflate(&s->z) != COMP_OK)
			return ERR_CRYPTO;
		r = store(s, OUT_SIZE - s->z.avail_out);
		if (r < 0)
			return r;
	} while (s->z.avail_out == 0 || s->z.avail_in > 0 || (last && s->z.internal_state.state != ZSTATE_END));
	return ERR_OK;
}

const char *sink_compressor(void)
{
	return "isa-l";
}

#else

/* Level 1; a window of 8 KiB and 64 KiB of hash keep an idle recording near 100 KB. */
static int compressor_init(struct sink *s)
{
	return deflateInit2(&s->z, 1, Z_DEFLATED, 13 + 16, 7, Z_DEFAULT_STRATEGY) == Z_OK ? ERR_OK : ERR_NOMEM;
}

static void compressor_free(struct sink *s)
{
	deflateEnd(&s->z);
}

static int compress_all(struct sink *s, const void *p, size_t n, bool last)
{
	int r, k;

	s->z.next_in = (Bytef *)(uintptr_t)p;
	s->z.avail_in = (uInt)n;
	do {
		s->z.next_out = s->out;
		s->z.avail_out = OUT_SIZE;
		k = deflate(&s->z, last ? Z_FINISH : Z_SYNC_FLUSH);
		if (k == Z_STREAM_ERROR)
			return ERR_CRYPTO;
		r = store(s, OUT_SIZE - s->z.avail_out);
		if (r < 0)
			return r;
	} while (s->z.avail_out == 0 || (last && k != Z_STREAM_END));
	return ERR_OK;
}

const char *sink_compressor(void)
{
	return "zlib";
}

#endif

struct sink *sink_new(int fd, const struct seal_readers *readers)
{
	struct sink *s = calloc(1, sizeof(*s));

	if (s == NULL || compressor_init(s) < 0) {
		free(s);
		close(fd);
		return NULL;
	}
	s->fd = fd;
	SHA256_Init(&s->digest);
	if (readers != NULL && (s->seal = seal_new(readers, put, s)) == NULL) {
		sink_free(s);
		return NULL;
	}
	return s;
}

void sink_free(struct sink *s)
{
	if (s == NULL)
		return;
	compressor_free(s);
	seal_free(s->seal);
	close(s->fd);
	free(s);
}

int sink_write(struct sink *s, const void *p, size_t n)
{
	uint64_t upto;
	int r;

	s->raw += n;
	r = n == 0 ? ERR_OK : compress_all(s, p, n, false);
	/* Bulk is on its way to the disk before anybody waits for it. */
	upto = s->stored / PAGE * PAGE;
	if (r == ERR_OK && upto >= s->under_way + WRITEBACK) {
		(void)sync_file_range(s->fd, (off_t)s->under_way, (off_t)(upto - s->under_way), SYNC_FILE_RANGE_WRITE);
		s->under_way = upto;
	}
	return r;
}

int sink_finish(struct sink *s)
{
	int r = compress_all(s, NULL, 0, true);

	return r == ERR_OK && s->seal != NULL ? seal_end(s->seal) : r;
}

int sink_sync(struct sink *s)
{
	if (fdatasync(s->fd) < 0)
		return ERR_SYS;
	s->under_way = s->stored / PAGE * PAGE;
	return ERR_OK;
}

uint64_t sink_raw(const struct sink *s)
{
	return s->raw;
}

uint64_t sink_stored(const struct sink *s)
{
	return s->stored;
}

int sink_digest(const struct sink *s, uint8_t out[SINK_DIGEST])
{
	SHA256_CTX copy = s->digest;

	return SHA256_Final(out, &copy) == 1 ? ERR_OK : ERR_CRYPTO;
}

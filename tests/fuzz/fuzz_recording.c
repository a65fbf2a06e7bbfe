/* A recording's file as an auditor's reader and the repair after a crash find it. A first byte that is even: the rest is the file. Odd: the
 * rest is text that the recorder's own sink writes, and the second byte says where the file is cut; what is repaired then must be whole. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"
#include "cli/cast.h"
#include "recorder/repair.h"
#include "recorder/sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/dev/shm/fuzz-recording.XXXXXX";
static int dirfd_ = -1;

static void leave(void)
{
	(void)unlinkat(dirfd_, "r.cast.gz", 0);
	(void)rmdir(dir);
}

static void make_file(const uint8_t *data, size_t size)
{
	int fd = openat(dirfd_, "r.cast.gz", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct sink *s;
	struct stat st;

	if (fd < 0)
		abort();
	if (data[0] % 2 == 0) {
		if (write(fd, data + 1, size - 1) != (ssize_t)size - 1)
			abort();
		close(fd);
		return;
	}
	s = sink_new(dup(fd), NULL);
	for (size_t at = 2, n; s != NULL && at < size; at += n) {
		n = size - at < 512 ? size - at : 512;
		if (sink_write(s, data + at, n) < 0)
			abort();
	}
	if (s != NULL && data[1] == 255 && sink_finish(s) < 0)
		abort();
	sink_free(s);
	if (fstat(fd, &st) == 0 && data[1] < 254 && ftruncate(fd, st.st_size * data[1] / 254) < 0)
		abort();
	close(fd);
}

/* To the end or to a mistake, which has a reason. */
static void read_all(void)
{
	struct asciicast_event e;
	struct why w = { "" };
	struct cast *c;
	int r = cast_open(dirfd_, "r", &c, &w);

	while (r >= 0 && (r = cast_next(c, &e, &w)) >= 0)
		;
	if (r != ERR_EOF && r != ERR_NOMEM && w.text[0] == '\0')
		abort();
	cast_close(c);
}

static void must_be_whole(const struct repair *rep)
{
	char bytes[4096];
	uint64_t total = 0;
	gzFile gz = gzdopen(openat(dirfd_, "r.cast.gz", O_RDONLY | O_CLOEXEC), "rb");
	int n;

	if (gz == NULL)
		abort();
	while ((n = gzread(gz, bytes, sizeof(bytes))) > 0)
		total += (uint64_t)n;
	if (n < 0 || gzclose(gz) != Z_OK || total != rep->raw)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct repair rep, again;
	struct why w = { "" };
	int r;

	if (dirfd_ < 0) {
		if (mkdtemp(dir) == NULL || (dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
			abort();
		(void)atexit(leave);
	}
	if (size < 2)
		return 0;
	make_file(data, size);
	read_all();
	r = repair_file(dirfd_, "r.cast.gz", &rep, &w);
	if (r < 0 && w.text[0] == '\0')
		abort();
	if (r >= 0 && rep.was_cut) {
		must_be_whole(&rep);
		if (repair_file(dirfd_, "r.cast.gz", &again, &w) < 0 || again.was_cut || memcmp(again.sha256, rep.sha256, sizeof(rep.sha256)) != 0)
			abort(); /* once repaired it stays as it is */
		read_all();
	}
	return 0;
}

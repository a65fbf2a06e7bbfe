/* The log's directory, read; see segments.h. Distrusts the files: names are matched exactly, lines are bounded. */
#include "audit/segments.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/chain.h"

enum { CHUNK = 256 * 1024 };

void segment_name(const char *kind, unsigned number, char out[SEGMENT_NAME_MAX])
{
	snprintf(out, SEGMENT_NAME_MAX, "%s-%06u.jsonl", kind, number);
}

static int compare(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

int segments_list(int dirfd, const char *kind, unsigned **out, size_t *n)
{
	char name[SEGMENT_NAME_MAX];
	size_t cap = 0, k = strlen(kind);
	struct dirent *e;
	unsigned *more;
	unsigned long v;
	int fd, r = ERR_OK;
	DIR *d;

	*out = NULL;
	*n = 0;
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return ERR_SYS;
	}
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, kind, k) != 0 || e->d_name[k] != '-')
			continue;
		v = strtoul(e->d_name + k + 1, NULL, 10);
		if (v == 0 || v > 0x7fffffff)
			continue;
		segment_name(kind, (unsigned)v, name);
		if (strcmp(name, e->d_name) != 0)
			continue;
		if (*n == cap) {
			cap = cap == 0 ? 16 : cap * 2;
			more = reallocarray(*out, cap, sizeof(**out));
			if (more == NULL) {
				r = ERR_NOMEM;
				break;
			}
			*out = more;
		}
		(*out)[(*n)++] = (unsigned)v;
	}
	closedir(d);
	if (r < 0) {
		free(*out);
		*out = NULL;
		*n = 0;
	} else if (*n > 1) {
		qsort(*out, *n, sizeof(**out), compare);
	}
	return r;
}

int lines_open(struct lines *l, int dirfd, const char *name, uint64_t offset)
{
	struct stat st;

	memset(l, 0, sizeof(*l));
	buf_init(&l->in, CHAIN_MAX_LINE + 1 + CHUNK);
	l->fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (l->fd < 0)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_SYS;
	if (fstat(l->fd, &st) < 0 || !S_ISREG(st.st_mode) || lseek(l->fd, (off_t)offset, SEEK_SET) < 0) {
		lines_close(l);
		return ERR_SYS;
	}
	l->offset = offset;
	return ERR_OK;
}

void lines_close(struct lines *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	buf_free(&l->in);
}

static int fill(struct lines *l)
{
	uint8_t *to = buf_reserve(&l->in, CHUNK);
	ssize_t n;

	if (to == NULL)
		return ERR_LIMIT;
	do {
		n = read(l->fd, to, CHUNK);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return ERR_SYS;
	if (n == 0)
		l->eof = 1;
	buf_added(&l->in, (size_t)n);
	return ERR_OK;
}

int lines_next(struct lines *l, struct view *line, uint64_t *at)
{
	const uint8_t *p, *nl;
	int r;

	if (l->taken > 0)
		buf_consume(&l->in, l->taken);
	l->taken = 0;
	for (;;) {
		p = buf_ptr(&l->in);
		nl = l->in.len > l->scanned ? memchr(p + l->scanned, '\n', l->in.len - l->scanned) : NULL;
		if (nl != NULL || l->eof)
			break;
		l->scanned = l->in.len;
		if (l->in.len > CHAIN_MAX_LINE)
			return ERR_LIMIT;
		r = fill(l);
		if (r < 0)
			return r;
	}
	l->scanned = 0;
	line->p = p;
	line->n = nl != NULL ? (size_t)(nl - p) : l->in.len;
	if (at != NULL)
		*at = l->offset;
	if (nl == NULL && l->in.len == 0)
		return ERR_EOF;
	if (line->n > CHAIN_MAX_LINE)
		return ERR_LIMIT;
	l->taken = line->n + (nl != NULL);
	l->offset += l->taken;
	return nl != NULL ? ERR_OK : ERR_MALFORMED;
}

/* The number of the first record that begins at or after `at`, and where its line begins. false: none can be read there. */
static bool record_at(int fd, uint64_t at, uint64_t *seq, uint64_t *begins)
{
	static const char head[] = "{\"seq\":";
	char text[SEGMENT_NEAR / 4];
	ssize_t n = pread(fd, text, sizeof(text) - 1, (off_t)at);
	const char *p = text;

	if (n <= 0)
		return false;
	text[n] = '\0';
	if (at > 0) { /* in the middle of a line: the next one */
		p = memchr(text, '\n', (size_t)n);
		if (p == NULL)
			return false;
		p++;
	}
	if (strncmp(p, head, sizeof(head) - 1) != 0)
		return false;
	*seq = strtoull(p + sizeof(head) - 1, NULL, 10);
	*begins = at + (uint64_t)(p - text);
	return *seq > 0;
}

/* Halves the file until what is left is near. */
static uint64_t seek_within(int fd, uint64_t seq)
{
	uint64_t low = 0, high, middle, found, begins;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return 0;
	high = (uint64_t)st.st_size;
	while (high - low > SEGMENT_NEAR) {
		middle = low + (high - low) / 2;
		/* Lines longer than what record_at() looks at (policies) are rare: then the front half is read. */
		if (record_at(fd, middle, &found, &begins) && found <= seq && begins > low)
			low = begins;
		else
			high = middle;
	}
	return low;
}

size_t segments_seek(int dirfd, const unsigned *numbers, size_t n, uint64_t seq, uint64_t *offset)
{
	char name[SEGMENT_NAME_MAX];
	uint64_t first, begins;
	int fd;

	*offset = 0;
	for (size_t i = n; i-- > 0;) {
		segment_name(SEGMENT_LOG, numbers[i], name);
		fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd < 0)
			return 0;
		if (record_at(fd, 0, &first, &begins) && first <= seq) {
			*offset = seek_within(fd, seq);
			close(fd);
			return i;
		}
		close(fd);
	}
	return 0;
}

/* The kept copy of a file that was accepted; see lastgood.h. */
#include "base/lastgood.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return ERR_SYS;
		p += k;
		n -= (size_t)k;
	}
	return ERR_OK;
}

int lastgood_read(int dirfd, const char *name, struct buf *out, int64_t *saved_at)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY), r = ERR_OK;
	struct stat st;
	uint8_t *p;
	ssize_t n;

	*saved_at = 0;
	if (fd < 0)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_SYS;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		r = ERR_SYS;
	while (r == ERR_OK) {
		p = buf_reserve(out, 4096);
		n = p == NULL ? -1 : read(fd, p, 4096);
		if (n < 0)
			r = p == NULL ? ERR_LIMIT : errno == EINTR ? ERR_OK : ERR_SYS;
		else if (n == 0)
			break;
		else
			buf_added(out, (size_t)n);
	}
	*saved_at = st.st_mtime;
	close(fd);
	return r;
}

int lastgood_save(int dirfd, const char *name, const void *p, size_t n)
{
	char new_name[256];
	struct buf was;
	int64_t at;
	int fd, r;
	bool same;

	buf_init(&was, LASTGOOD_MAX + 4096);
	same = lastgood_read(dirfd, name, &was, &at) == ERR_OK && was.len == n && (n == 0 || memcmp(buf_ptr(&was), p, n) == 0);
	buf_free(&was);
	if (same)
		return ERR_OK;
	if (snprintf(new_name, sizeof(new_name), "%s.new", name) >= (int)sizeof(new_name))
		return ERR_LIMIT;
	fd = openat(dirfd, new_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return ERR_SYS;
	r = write_all(fd, p, n);
	if (r == ERR_OK && (fdatasync(fd) < 0 || renameat(dirfd, new_name, dirfd, name) < 0 || fsync(dirfd) < 0))
		r = ERR_SYS;
	close(fd);
	return r;
}

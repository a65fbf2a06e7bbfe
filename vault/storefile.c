/* Files of the key store; see storefile.h. Distrusts: links, modes, owners, crashes. */
#include "vault/storefile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/seal.h"

#define STOREFILE_DEAD ".dead"
#define STOREFILE_NEW ".new"
#define STOREFILE_NAME_MAX (SEAL_NAME_MAX + 16)

static int storefile_check(int dirfd, const char *file, const struct stat *st, struct why *w)
{
	struct stat dir;

	if (fstat(dirfd, &dir) < 0)
		return why_fail(w, ERR_SYS, "cannot look at the store: %s", strerror(errno));
	if (!S_ISREG(st->st_mode) || st->st_nlink != 1)
		return why_fail(w, ERR_REFUSED, "%s: not a regular file with one name", file);
	if ((st->st_mode & 0177) != 0 || (st->st_uid != dir.st_uid && st->st_uid != 0))
		return why_fail(w, ERR_REFUSED, "%s: open to others, or of another user (mode %04o)", file,
				(unsigned)(st->st_mode & 07777));
	if (st->st_size > SEAL_MAX)
		return why_fail(w, ERR_LIMIT, "%s: too long for a sealed key", file);
	return ERR_OK;
}

int storefile_read(int dirfd, const char *file, uint8_t **out, size_t *n, struct why *w)
{
	int fd = openat(dirfd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r;
	uint8_t *p = NULL;
	struct stat st;
	ssize_t got;

	*out = NULL;
	*n = 0;
	if (fd < 0)
		return why_fail(w, errno == ENOENT ? ERR_NOTFOUND : errno == ELOOP ? ERR_REFUSED : ERR_SYS, "%s: %s", file,
				strerror(errno));
	r = fstat(fd, &st) < 0 ? ERR_SYS : storefile_check(dirfd, file, &st, w);
	if (r < 0)
		goto out;
	r = ERR_NOMEM;
	p = malloc(SEAL_MAX + 1);
	if (p == NULL)
		goto out;
	while ((got = read(fd, p + *n, SEAL_MAX + 1 - *n)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		*n += (size_t)got;
		if (*n > SEAL_MAX)
			break;
	}
	r = got < 0 ? ERR_SYS : *n > SEAL_MAX ? ERR_LIMIT : ERR_OK;
	if (r < 0) {
		why_set(w, "%s: cannot be read: %s", file, r == ERR_SYS ? strerror(errno) : err_text(r));
		goto out;
	}
	*out = p;
	p = NULL;
out:
	free(p);
	close(fd);
	return r;
}

/* Zeroes over the whole of an open file, on the disk when it returns. */
static void storefile_overwrite(int fd)
{
	static const uint8_t zeros[4096];
	struct stat st;
	off_t at = 0;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	while (at < st.st_size) {
		size_t n = st.st_size - at < (off_t)sizeof(zeros) ? (size_t)(st.st_size - at) : sizeof(zeros);
		ssize_t done = pwrite(fd, zeros, n, at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			break;
		at += done;
	}
	(void)fsync(fd);
}

static int storefile_fill(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return ERR_SYS;
		p += done;
		n -= (size_t)done;
	}
	return fsync(fd) < 0 ? ERR_SYS : ERR_OK;
}

int storefile_write(int dirfd, const char *file, const uint8_t *p, size_t n, bool replace, struct why *w)
{
	char fresh[STOREFILE_NAME_MAX];
	int fd = -1, old, r;
	struct stat st, is;

	snprintf(fresh, sizeof(fresh), ".%s" STOREFILE_NEW, file);
	old = openat(dirfd, file, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (!replace && (old >= 0 || errno != ENOENT)) {
		r = why_fail(w, ERR_EXISTS, "%s is there already", file);
		goto out;
	}
	/* The lock is held, so a file of this name is what a crash left. */
	(void)unlinkat(dirfd, fresh, 0);
	fd = openat(dirfd, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? ERR_SYS : ERR_OK;
	/* root adds keys for the vault's user, which must be able to read them. */
	if (r == ERR_OK && geteuid() == 0 &&
	    (fstat(dirfd, &st) < 0 || fstat(fd, &is) < 0 ||
	     ((st.st_uid != is.st_uid || st.st_gid != is.st_gid) && fchown(fd, st.st_uid, st.st_gid) < 0))) /* not at all where it is ours: the vault's filter has no chown */
		r = ERR_SYS;
	if (r == ERR_OK)
		r = storefile_fill(fd, p, n);
	if (r == ERR_OK && (renameat(dirfd, fresh, dirfd, file) < 0 || fsync(dirfd) < 0))
		r = ERR_SYS;
	if (r < 0) {
		why_set(w, "cannot write %s: %s", file, strerror(errno));
		(void)unlinkat(dirfd, fresh, 0);
		goto out;
	}
	if (old >= 0)
		storefile_overwrite(old);
out:
	if (old >= 0)
		close(old);
	if (fd >= 0)
		close(fd);
	return r;
}

static void storefile_bury(int dirfd, const char *dead)
{
	int fd = openat(dirfd, dead, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0) {
		storefile_overwrite(fd);
		close(fd);
	}
	(void)unlinkat(dirfd, dead, 0);
}

int storefile_remove(int dirfd, const char *file, struct why *w)
{
	char dead[STOREFILE_NAME_MAX];

	snprintf(dead, sizeof(dead), "%s" STOREFILE_DEAD, file);
	if (renameat(dirfd, file, dirfd, dead) < 0)
		return why_fail(w, errno == ENOENT ? ERR_NOTFOUND : ERR_SYS, "cannot remove %s: %s", file, strerror(errno));
	if (fsync(dirfd) < 0)
		return why_fail(w, ERR_SYS, "cannot sync the store: %s", strerror(errno));
	storefile_bury(dirfd, dead);
	return fsync(dirfd) < 0 ? why_fail(w, ERR_SYS, "cannot sync the store: %s", strerror(errno)) : ERR_OK;
}

static bool storefile_ends(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0;
}

void storefile_sweep(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((d = readdir(dir)) != NULL) {
		if (storefile_ends(d->d_name, STOREFILE_SUFFIX STOREFILE_DEAD) ||
		    (d->d_name[0] == '.' && storefile_ends(d->d_name, STOREFILE_SUFFIX STOREFILE_NEW)))
			storefile_bury(dirfd, d->d_name);
	}
	closedir(dir);
}

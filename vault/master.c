/* The master key; see master.h. Distrusts: file modes and owners. */
#include "vault/master.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/crypto.h"
#include "vault/secmem.h"

#define MASTER_HEX (2 * MASTER_SIZE)
#define MASTER_TEXT (MASTER_HEX + 2) /* newline, and one byte that shows that there is more */

void master_free(uint8_t *key)
{
	secmem_free(key, MASTER_SIZE);
}

static int master_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int master_decode(const uint8_t *p, size_t n, uint8_t key[MASTER_SIZE])
{
	if (n == MASTER_SIZE) {
		memcpy(key, p, MASTER_SIZE);
		return ERR_OK;
	}
	if (n == MASTER_HEX + 1 && p[MASTER_HEX] == '\n')
		n--;
	if (n != MASTER_HEX)
		return ERR_MALFORMED;
	for (size_t i = 0; i < MASTER_SIZE; i++) {
		int hi = master_digit(p[2 * i]), lo = master_digit(p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return ERR_MALFORMED;
		key[i] = (uint8_t)(hi << 4 | lo);
	}
	return ERR_OK;
}

int master_from_fd(int fd, uint8_t **out, struct why *w)
{
	uint8_t *text = secmem_alloc(MASTER_TEXT), *key = secmem_alloc(MASTER_SIZE);
	size_t n = 0;
	struct stat st;
	ssize_t got = 0;
	int r = ERR_NOMEM;

	*out = NULL;
	if (text == NULL || key == NULL)
		goto out;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0137) != 0) {
		r = why_fail(w, ERR_REFUSED, "the master key is open to others (mode %04o); chmod 0600 it",
			     (unsigned)(st.st_mode & 07777));
		goto out;
	}
	while (n < MASTER_TEXT && (got = read(fd, text + n, MASTER_TEXT - n)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		n += (size_t)got;
	}
	r = got < 0 ? ERR_SYS : master_decode(text, n, key);
	if (r < 0) {
		if (r == ERR_SYS)
			why_set(w, "cannot read the master key: %s", strerror(errno));
		else
			why_set(w, "the master key must be 32 bytes or 64 hexadecimal digits");
		goto out;
	}
	*out = key;
	key = NULL;
out:
	secmem_free(text, MASTER_TEXT);
	master_free(key);
	return r;
}

/* forbidden: permission bits that refuse the file. */
static int master_from_path(const char *path, mode_t forbidden, uint8_t **out, struct why *w)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), r;
	struct stat st;

	*out = NULL;
	if (fd < 0 && errno == ELOOP)
		return why_fail(w, ERR_REFUSED, "%s is a symbolic link; name the master key file itself", path);
	if (fd < 0)
		return why_fail(w, ERR_SYS, "cannot open the master key %s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0)
		r = why_fail(w, ERR_SYS, "cannot look at the master key %s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		r = why_fail(w, ERR_REFUSED, "the master key %s is not a regular file", path);
	else if ((st.st_mode & forbidden) != 0)
		r = why_fail(w, ERR_REFUSED, "the master key %s is open to others (mode %04o); chmod 0600 it", path,
			     (unsigned)(st.st_mode & 07777));
	else if (st.st_uid != geteuid() && st.st_uid != 0 && geteuid() != 0) /* root may: the key is the service's */
		r = why_fail(w, ERR_REFUSED, "the master key %s belongs to another user", path);
	else
		r = master_from_fd(fd, out, w);
	close(fd);
	return r;
}

int master_from_file(const char *path, uint8_t **out, struct why *w)
{
	return master_from_path(path, 0177, out, w);
}

int master_from_credential(const char *name, uint8_t **out, struct why *w)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[4096];

	*out = NULL;
	if (dir == NULL)
		return why_fail(w, ERR_NOTFOUND, "no systemd credentials here: CREDENTIALS_DIRECTORY is not set");
	if (strchr(name, '/') != NULL || (size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return why_fail(w, ERR_REFUSED, "not the name of a credential");
	return master_from_path(path, 0137, out, w);
}

int master_create(const char *path, struct why *w)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *key = secmem_alloc(MASTER_SIZE), *text = secmem_alloc(MASTER_HEX + 1);
	int fd = -1, r = ERR_NOMEM;

	if (key == NULL || text == NULL)
		goto out;
	r = ERR_CRYPTO;
	if (RAND_priv_bytes(key, MASTER_SIZE) != 1)
		goto out;
	for (size_t i = 0; i < MASTER_SIZE; i++) {
		text[2 * i] = (uint8_t)digits[key[i] >> 4];
		text[2 * i + 1] = (uint8_t)digits[key[i] & 15];
	}
	text[MASTER_HEX] = '\n';
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		r = why_fail(w, errno == EEXIST ? ERR_EXISTS : ERR_SYS, "cannot make the master key %s: %s", path,
			     strerror(errno));
		goto out;
	}
	r = ERR_OK;
	if (write(fd, text, MASTER_HEX + 1) != MASTER_HEX + 1 || fsync(fd) < 0) {
		r = why_fail(w, ERR_SYS, "cannot write the master key %s: %s", path, strerror(errno));
		unlink(path);
	}
out:
	if (fd >= 0)
		close(fd);
	secmem_free(text, MASTER_HEX + 1);
	master_free(key);
	return r;
}

/* Checkpoints of other bastions; see witness.h. State and lines lie in audit/witness/LOG/ below the state folder: `state`, written before the line is, so that what was
 * accepted once is never taken for new; DAY.jsonl, a checkpoint a line, appended to and never changed; refused.jsonl, signed ones that contradict them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "approve/control.h"
#include "approve/witness.h"
#include "audit/chain.h"
#include "audit/witness.h"
#include "base/log.h"

enum { STATE_MAX = 64 << 10, SIGNERS_MAX = 256 << 10, REFUSED_MAX = 1 << 20 };

static const struct config_witnessed *find(struct control *c, struct view origin)
{
	for (size_t i = 0; i < c->config->n_witnessed; i++)
		if (view_is(&origin, c->config->witnessed[i].origin))
			return &c->config->witnessed[i];
	return NULL;
}

/* A folder's name of a log's: what is not plain is written as =XX. */
static int open_folder(const char *origin)
{
	char name[640] = "audit/witness/";
	size_t n = strlen(name);
	int fd;

	if (mkdir("audit/witness", 0700) < 0 && errno != EEXIST)
		return -1;
	for (const char *p = origin; *p != '\0' && n < sizeof(name) - 4; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_' || (*p == '.' && p > origin))
			name[n++] = *p;
		else
			n += (size_t)snprintf(name + n, 4, "=%02X", (unsigned char)*p);
	}
	name[n] = '\0';
	if (mkdir(name, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd;
}

static int slurp(int dirfd, const char *name, size_t max, struct buf *out)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	uint8_t *to;
	ssize_t n = -1;

	buf_init(out, max);
	while (fd >= 0 && (to = buf_reserve(out, 4096)) != NULL && (n = read(fd, to, 4096)) > 0)
		buf_added(out, (size_t)n);
	if (fd < 0)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_SYS;
	close(fd);
	return n == 0 ? ERR_OK : ERR_SYS;
}

static int load(int dirfd, struct witness_state *state, struct why *w)
{
	struct buf text;
	int r = slurp(dirfd, "state", STATE_MAX, &text);

	if (r == ERR_OK)
		r = witness_state_read((struct view){ buf_ptr(&text), text.len }, state);
	buf_free(&text);
	if (r == ERR_NOTFOUND)
		return ERR_OK; /* the first time */
	return r < 0 ? why_fail(w, ERR_SYS, "what is known of the log cannot be read") : ERR_OK;
}

static int write_all(int fd, const struct buf *b)
{
	const uint8_t *p = buf_ptr(b);
	size_t n = b->len;
	ssize_t k;

	while (n > 0) {
		k = write(fd, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return ERR_SYS;
		p += k;
		n -= (size_t)k;
	}
	return ERR_OK;
}

static int store_state(int dirfd, const struct witness_state *state)
{
	struct buf text;
	int fd, r;

	buf_init(&text, STATE_MAX);
	r = witness_state_write(state, &text);
	fd = r == ERR_OK ? openat(dirfd, "state.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
	if (r == ERR_OK)
		r = fd >= 0 && write_all(fd, &text) == ERR_OK && fdatasync(fd) == 0 && renameat(dirfd, "state.new", dirfd, "state") == 0 && fsync(dirfd) == 0 ?
			    ERR_OK :
			    ERR_SYS;
	if (fd >= 0)
		close(fd);
	buf_free(&text);
	return r;
}

/* Appends a line; a half one that a crash left before it was acknowledged is cut off first. */
static int append(int dirfd, const char *name, const struct witness_submission *s, off_t most)
{
	struct buf line;
	struct stat st;
	off_t end;
	char byte;
	int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), r = ERR_SYS;

	buf_init(&line, 128 << 10);
	if (fd < 0 || fstat(fd, &st) < 0)
		goto out;
	end = st.st_size;
	while (end > 0 && pread(fd, &byte, 1, end - 1) == 1 && byte != '\n')
		end--;
	if (most > 0 && end > most) {
		r = ERR_OK;
		goto out;
	}
	if ((end != st.st_size && ftruncate(fd, end) < 0) || lseek(fd, end, SEEK_SET) < 0)
		goto out;
	r = checkpoint_line_write(&line, s->text, s->sshsig, NULL);
	if (r == ERR_OK && (write_all(fd, &line) < 0 || fdatasync(fd) < 0 || (st.st_size == 0 && fsync(dirfd) < 0)))
		r = ERR_SYS;
out:
	if (fd >= 0)
		close(fd);
	buf_free(&line);
	return r;
}

static void tell_refused(struct control *c, int dirfd, const char *origin, const struct witness_submission *s, uint64_t known, const char *why)
{
	log_error("the log %s contradicts what it said before: %s", origin, why);
	(void)append(dirfd, "refused.jsonl", s, REFUSED_MAX);
	(void)control_record(c, NULL, "witness.refused",
			     json_pack("{s:s,s:s,s:I,s:s}", "log", origin, "reason", why, "size", (json_int_t)s->checkpoint.size, "expected",
				       known > 0 ? "an extension of what was seen before" : ""),
			     NULL);
}

int witness_keep(struct control *c, const struct witness_submission *s, uint64_t *size, struct why *w)
{
	const struct config_witnessed *log = find(c, s->checkpoint.origin);
	char day[CHAIN_TIME_LEN + 16];
	struct witness_state state;
	struct buf signers;
	int dirfd, r;

	*size = 0;
	if (log == NULL)
		return why_fail(w, ERR_NOTFOUND, "no log of that name is witnessed here");
	dirfd = open_folder(log->origin);
	if (dirfd < 0)
		return why_fail(w, ERR_SYS, "the witness's folder: %s", strerror(errno));
	witness_state_init(&state);
	r = slurp(AT_FDCWD, log->allowed_signers, SIGNERS_MAX, &signers);
	if (r < 0)
		r = why_fail(w, ERR_SYS, "the keys of that log cannot be read");
	else
		r = load(dirfd, &state, w);
	*size = state.tree.size;
	if (r == ERR_OK)
		r = witness_accept(&state, s, (struct view){ buf_ptr(&signers), signers.len }, (uint64_t)clock_wall_ms() / 1000, w);
	if (r == ERR_REFUSED)
		tell_refused(c, dirfd, log->origin, s, *size, w != NULL ? w->text : "");
	if (r == ERR_OK) {
		chain_time((uint64_t)clock_wall_ms(), day);
		strcpy(day + 10, ".jsonl");
		r = store_state(dirfd, &state);
		if (r == ERR_OK)
			r = append(dirfd, day, s, 0);
		if (r < 0)
			r = why_fail(w, ERR_SYS, "it cannot be kept: %s", strerror(errno));
		*size = state.tree.size;
	}
	buf_free(&signers);
	witness_state_free(&state);
	close(dirfd);
	return r;
}

/* The last whole line of the last day's file. */
int witness_last(struct control *c, const char *origin, struct buf *out)
{
	const struct config_witnessed *log = find(c, (struct view){ (const uint8_t *)origin, strlen(origin) });
	char day[CHAIN_TIME_LEN + 16];
	struct buf text, sig, file;
	struct checkpoint cp;
	int dirfd = log != NULL ? open_folder(log->origin) : -1, r = ERR_NOTFOUND;
	const uint8_t *nl;
	size_t n;

	buf_init(&text, 1 << 16);
	buf_init(&sig, 1 << 16);
	for (int64_t back = 0; dirfd >= 0 && back < 400 && r == ERR_NOTFOUND; back++) {
		chain_time((uint64_t)(clock_wall_ms() - back * 86400000), day);
		strcpy(day + 10, ".jsonl");
		r = slurp(dirfd, day, 1u << 30, &file);
		n = file.len;
		while (n > 0 && buf_ptr(&file)[n - 1] != '\n')
			n--;
		nl = n > 1 ? memrchr(buf_ptr(&file), '\n', n - 1) : NULL;
		if (r == ERR_OK && n > 0) {
			const uint8_t *p = nl != NULL ? nl + 1 : buf_ptr(&file);

			r = checkpoint_line_read((struct view){ p, n - 1 - (size_t)(p - buf_ptr(&file)) }, &text, &sig, &cp, NULL);
		} else if (r == ERR_OK) {
			r = ERR_NOTFOUND;
		}
		buf_free(&file);
	}
	if (r == ERR_OK)
		r = buf_put(out, buf_ptr(&text), text.len);
	if (r == ERR_OK)
		r = buf_put_u8(out, '\n');
	if (r == ERR_OK)
		r = buf_put(out, buf_ptr(&sig), sig.len);
	buf_free(&text);
	buf_free(&sig);
	if (dirfd >= 0)
		close(dirfd);
	return r;
}

/* Opening the audit log: recovery after a crash, the state cache, the refusal to go on from what does not verify.
 * Distrusts everything in the directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "audit/log_impl.h"
#include "audit/segments.h"

#define TORN_MAX (8u << 20) /* a crash can spoil no more than one commit */

int log_segment_open(struct audit_log *log, unsigned number, bool create)
{
	char name[SEGMENT_NAME_MAX];
	int fd;

	segment_name(SEGMENT_LOG, number, name);
	fd = openat(log->dirfd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT | O_EXCL : 0), 0600);
	if (fd < 0)
		return ERR_SYS;
	if (create && fsync(log->dirfd) < 0) {
		close(fd);
		unlinkat(log->dirfd, name, 0);
		return ERR_SYS;
	}
	log->fd = fd;
	return ERR_OK;
}

void log_state_save(struct audit_log *log)
{
	char hex[DIGEST_HEX + 1];
	struct buf b;
	int fd;

	buf_init(&b, 64 * 1024);
	digest_hex(log->durable.head, hex);
	(void)buf_printf(&b, "{\"size\":%llu,\"segment\":%u,\"offset\":%llu,\"head\":\"%s\",\"nodes\":[",
			 (unsigned long long)log->durable.seq, log->segment, (unsigned long long)log->size, hex);
	for (int i = 0; i < 64; i++) {
		if ((log->durable.tree.size >> i & 1) == 0) {
			(void)buf_printf(&b, "%snull", i > 0 ? "," : "");
			continue;
		}
		digest_hex(log->durable.tree.node[i], hex);
		(void)buf_printf(&b, "%s\"%s\"", i > 0 ? "," : "", hex);
	}
	(void)buf_put_str(&b, "]}\n");
	fd = openat(log->dirfd, "state.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		if (write(fd, buf_ptr(&b), b.len) == (ssize_t)b.len &&
		    renameat(log->dirfd, "state.new", log->dirfd, "state") == 0)
			log->state_seq = log->durable.seq;
		close(fd);
	}
	buf_free(&b);
}

static json_t *state_read(struct audit_log *log)
{
	int fd = openat(log->dirfd, "state", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char bytes[16384];
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = read(fd, bytes, sizeof(bytes));
	close(fd);
	return n > 0 && (size_t)n < sizeof(bytes) ? json_loadb(bytes, (size_t)n, 0, NULL) : NULL;
}

/* The line that ends right before offset must be the one that the state calls its last. */
static bool state_fits(struct audit_log *log, const struct chain *c, unsigned segment, uint64_t offset)
{
	char name[SEGMENT_NAME_MAX];
	uint8_t d[DIGEST_SIZE], *bytes, *start;
	size_t n = offset < CHAIN_MAX_LINE + 2 ? (size_t)offset : CHAIN_MAX_LINE + 2;
	bool ok = false;
	int fd;

	if (offset == 0)
		return segment > 1; /* right after a rotation: the first line's prev will tell */
	segment_name(SEGMENT_LOG, segment, name);
	fd = openat(log->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bytes = malloc(n);
	if (fd >= 0 && bytes != NULL && pread(fd, bytes, n, (off_t)(offset - n)) == (ssize_t)n && bytes[n - 1] == '\n') {
		start = memrchr(bytes, '\n', n - 1);
		start = start != NULL ? start + 1 : bytes;
		ok = digest(start, (size_t)(bytes + n - 1 - start), d) == ERR_OK && memcmp(d, c->head, DIGEST_SIZE) == 0;
	}
	if (fd >= 0)
		close(fd);
	free(bytes);
	return ok;
}

/* Loads the cache; false when there is none that fits, and everything is read from the first line. */
static bool state_load(struct audit_log *log, struct chain *c, unsigned *segment, uint64_t *offset)
{
	json_t *j = state_read(log), *nodes = json_object_get(j, "nodes"), *v;
	const char *head = json_string_value(json_object_get(j, "head"));
	bool ok = false;
	size_t i;

	chain_init(c);
	c->seq = c->tree.size = (uint64_t)json_integer_value(json_object_get(j, "size"));
	*segment = (unsigned)json_integer_value(json_object_get(j, "segment"));
	*offset = (uint64_t)json_integer_value(json_object_get(j, "offset"));
	if (c->seq == 0 || *segment == 0 || head == NULL || !digest_unhex(head, strlen(head), c->head) ||
	    json_array_size(nodes) != 64)
		goto out;
	json_array_foreach(nodes, i, v) {
		if ((c->seq >> i & 1) != 0 && (!json_is_string(v) ||
		    !digest_unhex(json_string_value(v), json_string_length(v), c->tree.node[i])))
			goto out;
	}
	ok = state_fits(log, c, *segment, *offset);
out:
	json_decref(j);
	if (!ok) {
		chain_init(c);
		*segment = 1;
		*offset = 0;
	}
	return ok;
}

/* The last checkpoint that was stored, and the end of its last whole line (a crash may have cut one). */
static int last_checkpoint(struct audit_log *log, struct checkpoint *last, struct why *w)
{
	char name[SEGMENT_NAME_MAX];
	struct buf text, sig;
	struct checkpoint c;
	struct lines l;
	struct view line;
	unsigned *numbers;
	uint64_t at, good;
	size_t n;
	int r = segments_list(log->dirfd, SEGMENT_CHECKPOINTS, &numbers, &n), fd;

	memset(last, 0, sizeof(*last));
	if (r < 0)
		return r;
	buf_init(&text, 1 << 20);
	buf_init(&sig, 1 << 20);
	for (; n > 0 && last->size == 0 && r == ERR_OK; n--) {
		segment_name(SEGMENT_CHECKPOINTS, numbers[n - 1], name);
		r = lines_open(&l, log->dirfd, name, 0);
		if (r < 0)
			break;
		good = 0;
		while ((r = lines_next(&l, &line, &at)) == ERR_OK) {
			if (checkpoint_line_read(line, &text, &sig, &c, w) == ERR_OK && c.size >= last->size)
				*last = c;
			good = l.offset;
		}
		lines_close(&l);
		if (r == ERR_MALFORMED) {
			fd = openat(log->dirfd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
			r = fd < 0 || ftruncate(fd, (off_t)good) < 0 ? ERR_SYS : ERR_OK;
			if (fd >= 0)
				close(fd);
		} else if (r == ERR_EOF) {
			r = ERR_OK;
		}
	}
	last->origin = (struct view){ NULL, 0 };
	buf_free(&text);
	buf_free(&sig);
	free(numbers);
	return r;
}

/* Moves the bytes from `at` to the end of the segment into a file of their own. */
static int set_aside(struct audit_log *log, unsigned segment, uint64_t at, uint64_t *bytes, struct why *w)
{
	char name[SEGMENT_NAME_MAX], torn[SEGMENT_NAME_MAX + 64];
	uint64_t wall, mono;
	uint8_t *copy = NULL;
	struct stat st;
	size_t n = 0;
	int in = -1, out = -1, r = ERR_SYS;

	segment_name(SEGMENT_LOG, segment, name);
	log->clock(log->clock_ctx, &wall, &mono);
	snprintf(torn, sizeof(torn), "torn-%llu-%llu", (unsigned long long)log->now.seq + 1, (unsigned long long)wall);
	in = openat(log->dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (in < 0 || fstat(in, &st) < 0)
		goto out;
	n = (size_t)((uint64_t)st.st_size - at);
	copy = malloc(n + 1);
	if (copy == NULL || pread(in, copy, n, (off_t)at) != (ssize_t)n)
		goto out;
	out = openat(log->dirfd, torn, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* On a full disk the copy may not fit: what was never acknowledged may be lost, the log must open. */
	if (out >= 0 && (write(out, copy, n) != (ssize_t)n || fdatasync(out) < 0))
		unlinkat(log->dirfd, torn, 0);
	if (ftruncate(in, (off_t)at) < 0 || fdatasync(in) < 0)
		goto out;
	*bytes += n;
	r = ERR_OK;
out:
	if (r < 0)
		why_set(w, "the torn end of %s cannot be set aside: %s", name, strerror(errno));
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	free(copy);
	return r;
}

/* Whether the bytes from `at` on can be what a crash left of one commit: holes (NUL) or no newline at the end. */
static bool crash_tail(struct audit_log *log, unsigned segment, uint64_t at, struct view line)
{
	char name[SEGMENT_NAME_MAX];
	struct stat st;

	segment_name(SEGMENT_LOG, segment, name);
	return memchr(line.p, '\0', line.n) != NULL && fstatat(log->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (uint64_t)st.st_size - at <= TORN_MAX;
}

static int check_root(struct audit_log *log, const struct checkpoint *cp, struct why *w)
{
	uint8_t root[DIGEST_SIZE];
	int r;

	if (log->now.seq != cp->size)
		return ERR_OK;
	r = merkle_root(&log->now.tree, root);
	if (r == ERR_OK && memcmp(root, cp->root, DIGEST_SIZE) != 0)
		r = why_fail(w, ERR_SIGNATURE, "record %llu and those before it are not what its checkpoint says",
			     (unsigned long long)cp->size);
	return r;
}

static int replay(struct audit_log *log, unsigned segment, bool last, uint64_t offset, const struct checkpoint *cp,
		  struct audit_opened *found, struct why *w)
{
	char name[SEGMENT_NAME_MAX];
	struct chain_record rec;
	struct lines l;
	struct view line;
	uint64_t at;
	int r;

	segment_name(SEGMENT_LOG, segment, name);
	r = lines_open(&l, log->dirfd, name, offset);
	if (r < 0)
		return why_fail(w, r, "%s cannot be read: %s", name, strerror(errno));
	while ((r = lines_next(&l, &line, &at)) == ERR_OK) {
		r = chain_read(line, &rec, w);
		if (r == ERR_OK && (rec.seq != log->now.seq + 1 || memcmp(rec.prev, log->now.head, DIGEST_SIZE) != 0))
			r = why_fail(w, ERR_SIGNATURE, "record %llu does not follow from the one before it",
				     (unsigned long long)rec.seq);
		else if (r < 0)
			why_set(w, "%s, offset %llu: not a record", name, (unsigned long long)at);
		if (r < 0 && last && crash_tail(log, segment, at, line))
			r = ERR_MALFORMED;
		else if (r < 0)
			goto out;
		if (r < 0)
			break;
		r = chain_push(&log->now, line, NULL);
		if (r == ERR_OK)
			r = check_root(log, cp, w);
		if (r < 0)
			goto out;
		found->replayed++;
	}
	if (r == ERR_MALFORMED && last)
		r = set_aside(log, segment, at, &found->torn_bytes, w);
	else if (r == ERR_MALFORMED)
		r = why_fail(w, ERR_SIGNATURE, "%s ends within a record though it is not the last segment", name);
	else if (r == ERR_EOF)
		r = ERR_OK;
	log->size = at;
out:
	lines_close(&l);
	return r;
}

int log_recover(struct audit_log *log, struct audit_opened *found, struct why *w)
{
	struct checkpoint cp;
	unsigned *numbers = NULL, from;
	uint64_t offset;
	size_t n;
	int r = last_checkpoint(log, &cp, w);

	if (r == ERR_OK)
		r = segments_list(log->dirfd, SEGMENT_LOG, &numbers, &n);
	if (r < 0) {
		why_set(w, "the audit log's directory cannot be read: %s", strerror(errno));
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		if (numbers[i] != i + 1) {
			r = why_fail(w, ERR_SIGNATURE, "segment %u of the audit log is missing", (unsigned)i + 1);
			goto out;
		}
	}
	if (!state_load(log, &log->now, &from, &offset) || from > n) {
		chain_init(&log->now);
		from = 1;
		offset = 0;
	}
	log->state_seq = log->now.seq;
	for (unsigned i = from; i <= n && r == ERR_OK; i++, offset = 0)
		r = replay(log, i, i == n, offset, &cp, found, w);
	if (r < 0)
		goto out;
	if (log->now.seq < cp.size) {
		r = why_fail(w, ERR_SIGNATURE, "the log has %llu records, its last checkpoint says %llu",
			     (unsigned long long)log->now.seq, (unsigned long long)cp.size);
		goto out;
	}
	log->segment = n > 0 ? (unsigned)n : 1;
	log->allocated = log->size;
	r = log_segment_open(log, log->segment, n == 0);
	if (r < 0)
		why_set(w, "segment %u of the audit log cannot be opened: %s", log->segment, strerror(errno));
	log->durable = log->now;
	log->cp_size = cp.size;
	found->records = log->now.seq;
out:
	free(numbers);
	return r;
}

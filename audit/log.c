/* The one writer of the audit log; see log.h. Trusts its caller's events but checks their form; distrusts the disk. */
#include "audit/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "audit/events.h"
#include "audit/log_impl.h"
#include "audit/segments.h"

#define SEGMENT_BYTES (64ull << 20)
#define RESERVE_BYTES (1ull << 20)
#define PENDING_MAX (64u << 20)
#define ALLOCATE_STEP (1ull << 20)

static void real_clock(void *ctx, uint64_t *wall_ms, uint64_t *mono_ms)
{
	struct timespec t;

	(void)ctx;
	clock_gettime(CLOCK_REALTIME, &t);
	*wall_ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
	clock_gettime(CLOCK_MONOTONIC, &t);
	*mono_ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t mono_now(const struct audit_log *log)
{
	uint64_t wall, mono;

	log->clock(log->clock_ctx, &wall, &mono);
	return mono;
}

static int take_lock(struct audit_log *log, struct why *w)
{
	log->lockfd = openat(log->dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log->lockfd < 0)
		return why_fail(w, ERR_SYS, "the audit log's lock cannot be opened: %s", strerror(errno));
	if (flock(log->lockfd, LOCK_EX | LOCK_NB) < 0)
		return why_fail(w, ERR_EXISTS, "another process writes this audit log");
	return ERR_OK;
}

int audit_open(const struct audit_options *o, struct audit_log **out, struct audit_opened *found, struct why *w)
{
	struct audit_opened dummy;
	struct audit_log *log = calloc(1, sizeof(*log));
	int r = ERR_NOMEM;

	*out = NULL;
	if (log == NULL)
		return ERR_NOMEM;
	if (found == NULL)
		found = &dummy;
	memset(found, 0, sizeof(*found));
	log->fd = log->cpfd = log->lockfd = -1;
	log->dirfd = fcntl(o->dirfd, F_DUPFD_CLOEXEC, 3);
	log->origin = strdup(o->origin);
	log->segment_bytes = o->segment_bytes > 0 ? o->segment_bytes : SEGMENT_BYTES;
	log->reserve_bytes = o->reserve_bytes > 0 ? o->reserve_bytes : RESERVE_BYTES;
	log->strict = o->strict;
	log->clock = o->clock != NULL ? o->clock : real_clock;
	log->clock_ctx = o->clock_ctx;
	log->can_allocate = true;
	buf_init(&log->pending, PENDING_MAX);
	if (log->origin == NULL)
		goto out;
	r = log->dirfd < 0 ? ERR_SYS : take_lock(log, w);
	if (r == ERR_OK)
		r = log_recover(log, found, w);
	if (r < 0)
		goto out;
	log->cp_mono = log->cp_synced = log->behind_since = mono_now(log);
	log_reserve(log, 0);
	*out = log;
	return ERR_OK;
out:
	audit_close(log);
	return r;
}

void audit_close(struct audit_log *log)
{
	if (log == NULL)
		return;
	if (log->fd >= 0 && log->health == AUDIT_HEALTHY)
		log_state_save(log);
	if (log->fd >= 0) {
		if (log->health != AUDIT_FAILED && ftruncate(log->fd, (off_t)log->size) < 0) {
			/* blocks behind the end stay allocated until the next writer: no harm */
		}
		close(log->fd);
	}
	if (log->cpfd >= 0)
		close(log->cpfd);
	if (log->lockfd >= 0)
		close(log->lockfd);
	if (log->dirfd >= 0)
		close(log->dirfd);
	buf_free(&log->pending);
	free(log->origin);
	free(log);
}

/* Where the file system cannot keep blocks behind the end, free space is all there is to go by. */
static bool space_left(const struct audit_log *log, uint64_t need)
{
	struct statvfs s;

	return fstatvfs(log->fd, &s) == 0 && (uint64_t)s.f_bavail * s.f_frsize >= need;
}

void log_reserve(struct audit_log *log, uint64_t more)
{
	uint64_t need = log->size + more + log->reserve_bytes;
	bool enough = log->allocated >= need;

	if (!enough && log->can_allocate) {
		if (fallocate(log->fd, FALLOC_FL_KEEP_SIZE, (off_t)log->size, (off_t)(need + ALLOCATE_STEP - log->size)) == 0) {
			log->allocated = need + ALLOCATE_STEP;
			enough = true;
		} else if (errno == EOPNOTSUPP || errno == ENOSYS) {
			log->can_allocate = false;
		} else if (fallocate(log->fd, FALLOC_FL_KEEP_SIZE, (off_t)log->size, (off_t)(need - log->size)) == 0) {
			log->allocated = need;
			enough = true;
		}
	}
	if (!enough && !log->can_allocate)
		enough = space_left(log, more + log->reserve_bytes);
	if (log->health != AUDIT_FAILED)
		log->health = enough ? AUDIT_HEALTHY : AUDIT_FULL;
	log->full_since = mono_now(log);
}

int audit_append(struct audit_log *log, const char *session, const char *event, json_t *fields, uint64_t *seq,
		 struct why *w)
{
	const struct event *e = events_find(event, strlen(event));
	uint64_t wall, mono;
	int r = ERR_OK;

	if (seq != NULL)
		*seq = 0;
	if (fields == NULL)
		return why_fail(w, ERR_NOMEM, "no fields for event %s", event);
	log->clock(log->clock_ctx, &wall, &mono);
	if (log->health == AUDIT_FULL && mono - log->full_since >= 1000)
		log_reserve(log, log->pending.len);
	if (e == NULL)
		r = why_fail(w, ERR_UNSUPPORTED, "the catalogue has no event %s", event);
	else if (log->health == AUDIT_FAILED)
		r = why_fail(w, ERR_UNAVAILABLE, "the audit log has failed and takes no records");
	else if (log->health == AUDIT_FULL && !e->closing)
		r = why_fail(w, ERR_UNAVAILABLE, "the disk of the audit log is full");
	else if (log->strict)
		r = events_check(e, fields, w);
	if (r == ERR_OK)
		r = chain_append(&log->now, &log->pending, wall, mono, session, event, fields, w);
	json_decref(fields);
	if (r < 0)
		return r;
	if (log->now.seq == log->cp_size + 1)
		log->behind_since = mono;
	if (seq != NULL)
		*seq = log->now.seq;
	return ERR_OK;
}

/* A segment that is full is left behind; when the next one cannot be made, this one grows on. */
static void rotate(struct audit_log *log)
{
	int old = log->fd;
	uint64_t size = log->size;

	if (log_segment_open(log, log->segment + 1, true) < 0) {
		log->fd = old;
		return;
	}
	if (ftruncate(old, (off_t)size) < 0) {
		/* only the blocks behind its end stay allocated */
	}
	close(old);
	if (log->cpfd >= 0) {
		fdatasync(log->cpfd);
		close(log->cpfd);
	}
	log->cpfd = -1;
	log->segment++;
	log->size = log->allocated = 0;
	log_state_save(log);
}

/* Back to what is on disk, after a write that did not succeed. */
static int undo(struct audit_log *log, int error, struct why *w)
{
	buf_clear(&log->pending);
	log->now = log->durable;
	if ((error == ENOSPC || error == EDQUOT || error == EFBIG) && ftruncate(log->fd, (off_t)log->size) == 0) {
		log->health = AUDIT_FULL;
		log->full_since = mono_now(log);
	} else {
		log->health = AUDIT_FAILED;
	}
	return why_fail(w, ERR_UNAVAILABLE, "the audit log cannot be written: %s", strerror(error));
}

int audit_commit(struct audit_log *log, struct why *w)
{
	ssize_t n;
	size_t len;

	if (log->health == AUDIT_FAILED)
		return why_fail(w, ERR_UNAVAILABLE, "the audit log has failed");
	if (log->pending.len == 0)
		return ERR_OK;
	if (log->size > 0 && log->size + log->pending.len > log->segment_bytes)
		rotate(log);
	if (log->health == AUDIT_HEALTHY)
		log_reserve(log, log->pending.len);
	len = log->pending.len;
	while (log->pending.len > 0) {
		n = pwrite(log->fd, buf_ptr(&log->pending), log->pending.len, (off_t)(log->size + len - log->pending.len));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return undo(log, n < 0 ? errno : EIO, w);
		buf_consume(&log->pending, (size_t)n);
	}
	/* After a failed sync the kernel may call the pages clean: what the disk holds is not known any more. */
	if (fdatasync(log->fd) < 0) {
		log->health = AUDIT_FAILED;
		log->now = log->durable;
		return why_fail(w, ERR_UNAVAILABLE, "the audit log cannot be made durable: %s", strerror(errno));
	}
	log->size += len;
	log->durable = log->now;
	if (log->durable.seq - log->state_seq >= LOG_STATE_EVERY)
		log_state_save(log);
	return ERR_OK;
}

enum audit_health audit_health(const struct audit_log *log)
{
	return log->health;
}

uint64_t audit_durable(const struct audit_log *log)
{
	return log->durable.seq;
}

uint64_t audit_checkpoint_wait(const struct audit_log *log, uint64_t mono_ms, struct audit_cadence cadence)
{
	uint64_t behind = log->durable.seq - log->cp_size, at = log->cp_mono + 60000;

	if (log->durable.seq == 0)
		return UINT64_MAX;
	if (behind >= cadence.records)
		at = log->cp_mono + 100;
	else if (behind > 0 && log->behind_since + cadence.ms < at)
		at = log->behind_since + cadence.ms;
	return at > mono_ms ? at - mono_ms : 0;
}

int audit_checkpoint_text(struct audit_log *log, struct buf *out, struct why *w)
{
	uint8_t root[DIGEST_SIZE];
	uint64_t wall, mono;
	int r;

	if (log->durable.seq == 0)
		return why_fail(w, ERR_NOTFOUND, "the log is empty");
	log->clock(log->clock_ctx, &wall, &mono);
	r = merkle_root(&log->durable.tree, root);
	if (r == ERR_OK)
		r = checkpoint_write(out, log->origin, log->durable.seq, root, log->durable.head, wall);
	return r < 0 ? why_fail(w, r, "no checkpoint: %s", err_text(r)) : ERR_OK;
}

int audit_checkpoint_store(struct audit_log *log, struct view text, struct view sshsig, struct why *w)
{
	char name[SEGMENT_NAME_MAX];
	struct checkpoint c;
	uint64_t mono = mono_now(log);
	struct buf line;
	int r = checkpoint_read(text, &c, w);

	if (r < 0)
		return r;
	buf_init(&line, 1 << 20);
	r = checkpoint_line_write(&line, text, sshsig, w);
	if (r < 0)
		goto out;
	if (log->cpfd < 0) {
		segment_name(SEGMENT_CHECKPOINTS, log->segment, name);
		log->cpfd = openat(log->dirfd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (log->cpfd >= 0)
			fsync(log->dirfd);
	}
	if (log->cpfd < 0 || write(log->cpfd, buf_ptr(&line), line.len) != (ssize_t)line.len) {
		r = why_fail(w, ERR_UNAVAILABLE, "a checkpoint cannot be written: %s", strerror(errno));
		goto out;
	}
	/* A checkpoint that a crash loses is made again; only its age on disk is bounded. */
	if (mono - log->cp_synced >= 10000) {
		fdatasync(log->cpfd);
		log->cp_synced = mono;
	}
	if (c.size > log->cp_size)
		log->cp_size = c.size;
	log->cp_mono = log->behind_since = mono;
out:
	buf_free(&line);
	return r;
}

/* Verification of a directory; see verify_dir.h. */
#include "audit/verify_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/segments.h"
#include "audit/verify_recordings.h"

/* The checkpoint files, one after the other. */
struct checkpoint_files {
	int dirfd;
	unsigned *numbers;
	size_t n, next;
	struct lines lines; /* fd -1: open the next file */
	uint64_t end;       /* of the last file when we began: a live log's later checkpoints speak of records that we do not read */
};

static int next_checkpoint(void *ctx, struct buf *text, struct buf *sig, struct checkpoint *c)
{
	struct checkpoint_files *f = ctx;
	char name[SEGMENT_NAME_MAX];
	struct view line;
	int r;

	for (;;) {
		if (f->lines.fd < 0) {
			if (f->next == f->n)
				return ERR_EOF;
			segment_name(SEGMENT_CHECKPOINTS, f->numbers[f->next++], name);
			r = lines_open(&f->lines, f->dirfd, name, 0);
			if (r < 0)
				return r;
		}
		r = f->next == f->n && f->lines.offset >= f->end ? ERR_EOF : lines_next(&f->lines, &line, NULL);
		if (r == ERR_OK)
			return checkpoint_line_read(line, text, sig, c, NULL) == ERR_OK ? ERR_OK : ERR_MALFORMED;
		lines_close(&f->lines);
		if (r != ERR_EOF && r != ERR_MALFORMED) /* a cut last line is what a crash leaves: a checkpoint less */
			return r;
	}
}

static void note_end(struct checkpoint_files *f)
{
	char name[SEGMENT_NAME_MAX];
	struct stat st;

	if (f->n == 0)
		return;
	segment_name(SEGMENT_CHECKPOINTS, f->numbers[f->n - 1], name);
	f->end = fstatat(f->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)st.st_size : 0;
}

/* Whether somebody writes this log right now: half a line at its end is then one that is being written. */
static bool live(int dirfd)
{
	int fd = openat(dirfd, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	return held;
}

/* One segment's lines into the verifier. */
static int feed(const struct verify_dir_options *o, unsigned number, bool last, struct verify *v, struct recordings *rec, uint64_t *seq)
{
	char name[SEGMENT_NAME_MAX];
	struct chain_record record;
	struct lines l;
	struct view line;
	int r;

	segment_name(SEGMENT_LOG, number, name);
	r = lines_open(&l, o->dirfd, name, 0);
	if (r < 0)
		return r;
	while ((r = lines_next(&l, &line, NULL)) == ERR_OK) {
		r = verify_line(v, line);
		if (r == ERR_OK && chain_read(line, &record, NULL) == ERR_OK) {
			*seq = record.seq;
			if (rec != NULL)
				r = recordings_take(rec, line, &record);
		}
		if (r < 0)
			break;
	}
	if (r == ERR_MALFORMED && last && live(o->dirfd)) {
		r = ERR_OK;
	} else if (r == ERR_MALFORMED) {
		verify_report_fault(v, VERIFY_TORN, *seq + 1, "%s ends within record %llu%s", name, (unsigned long long)*seq + 1,
				    last ? " (a crash leaves that; the next start sets it aside)" : "");
		r = ERR_OK;
	} else if (r == ERR_LIMIT) {
		verify_report_fault(v, VERIFY_MALFORMED, *seq + 1, "%s: a line longer than any record", name);
		r = ERR_OK;
	} else if (r == ERR_EOF) {
		r = ERR_OK;
	}
	lines_close(&l);
	return r;
}

static int feed_all(const struct verify_dir_options *o, struct verify *v, struct recordings *rec, struct verify_dir_report *out, struct why *w)
{
	unsigned *numbers, expect = 1;
	uint64_t seq = 0;
	size_t n;
	int r = segments_list(o->dirfd, SEGMENT_LOG, &numbers, &n);

	if (r == ERR_OK && n == 0)
		r = why_fail(w, ERR_NOTFOUND, "there is no audit log here (no log-000001.jsonl)");
	for (size_t i = 0; i < n && r == ERR_OK; i++) {
		if (i == 0 && o->verify.partial)
			expect = numbers[i];
		for (; expect < numbers[i]; expect++)
			verify_report_fault(v, VERIFY_SEGMENT, seq + 1, "segment log-%06u.jsonl is missing", expect);
		expect = numbers[i] + 1;
		r = feed(o, numbers[i], i + 1 == n, v, rec, &seq);
		if (r < 0)
			why_set(w, "segment %u cannot be read: %s", numbers[i], r == ERR_SYS ? strerror(errno) : err_text(r));
	}
	out->segments = (unsigned)n;
	free(numbers);
	return r;
}

int verify_dir(const struct verify_dir_options *o, struct verify_dir_report *out, struct why *w)
{
	struct checkpoint_files files = { .dirfd = o->dirfd, .lines = { .fd = -1 } };
	struct verify_options vo = o->verify;
	struct recordings *rec = NULL;
	struct verify *v = NULL;
	int r = segments_list(o->dirfd, SEGMENT_CHECKPOINTS, &files.numbers, &files.n), end;

	memset(out, 0, sizeof(*out));
	if (r < 0)
		return why_fail(w, r, "the directory cannot be read: %s", strerror(errno));
	note_end(&files);
	vo.checkpoints = (struct verify_source){ next_checkpoint, &files };
	v = verify_new(&vo);
	rec = o->recordings_dirfd >= 0 ? recordings_new() : NULL;
	if (v == NULL || (o->recordings_dirfd >= 0 && rec == NULL)) {
		r = why_fail(w, ERR_NOMEM, "no memory");
		goto out;
	}
	for (size_t i = 0; i < o->noutside && r == ERR_OK; i++)
		r = verify_outside(v, o->outside[i], o->outside_sigs[i], w);
	if (r == ERR_OK)
		r = feed_all(o, v, rec, out, w);
	if (r == ERR_OK && rec != NULL)
		r = recordings_check(rec, o, v, out);
	if (r == ERR_OK) {
		end = verify_end(v, &out->log);
		if (end < 0 && end != ERR_SIGNATURE)
			why_set(w, "%s", err_text(end));
		r = end;
	}
out:
	recordings_free(rec);
	verify_free(v);
	if (files.lines.fd >= 0)
		lines_close(&files.lines);
	free(files.numbers);
	return r;
}

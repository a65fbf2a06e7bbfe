/* What audit_commit() acknowledged is there after any end of the process, and nothing is appended to a log that does not
 * verify or to a disk that is full. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "audit/log.h"
#include "audit/segments.h"

static char dir[64];
static int dirfd_;

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/sallyport-audit-XXXXXX");
	assert_non_null(mkdtemp(dir));
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY);
	assert_true(dirfd_ >= 0);
	return 0;
}

static int drop_dir(void **state)
{
	char cmd[128];

	(void)state;
	close(dirfd_);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

static struct audit_log *opened(uint64_t segment_bytes, struct audit_opened *found)
{
	struct audit_options o = { .dirfd = dirfd_, .origin = "sallyport/test", .segment_bytes = segment_bytes, .strict = true };
	struct audit_log *log;
	struct why w = { "" };
	int r = audit_open(&o, &log, found, &w);

	if (r < 0)
		print_message("%s\n", w.text);
	assert_int_equal(r, ERR_OK);
	return log;
}

static int refused(struct why *w)
{
	struct audit_options o = { .dirfd = dirfd_, .origin = "sallyport/test" };
	struct audit_log *log;
	int r = audit_open(&o, &log, NULL, w);

	assert_null(log);
	return r;
}

static int say(struct audit_log *log, const char *reason, uint64_t *seq)
{
	return audit_append(log, "s1", "session.end", json_pack("{s:s}", "reason", reason), seq, NULL);
}

static char *slurp(const char *name, size_t *n)
{
	char path[256], *p = malloc(1 << 24);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	*n = fread(p, 1, 1 << 24, f);
	p[*n] = '\0';
	fclose(f);
	return p;
}

static void spill(const char *name, const char *p, size_t n)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	fclose(f);
}

static void a_line_is_canonical_and_chained(void **state)
{
	struct audit_log *log = opened(0, NULL);
	uint64_t seq;
	char *text, want[128], hex[DIGEST_HEX + 1];
	uint8_t d[DIGEST_SIZE];
	size_t n;

	(void)state;
	assert_int_equal(audit_append(log, NULL, "control.stop", json_pack("{s:s}", "reason", "\x7f\x1b]0;\xc2\x9b\xe2\x82\xac"), &seq, NULL), ERR_OK);
	assert_int_equal(seq, 1);
	assert_int_equal(say(log, "done", &seq), ERR_OK);
	assert_int_equal(seq, 2);
	assert_int_equal(audit_durable(log), 0);
	assert_int_equal(audit_commit(log, NULL), ERR_OK);
	assert_int_equal(audit_durable(log), 2);
	text = slurp("log-000001.jsonl", &n);
	assert_non_null(strstr(text, "\"session\":null,\"event\":\"control.stop\",\"reason\":\"\\u007f\\u001B]0;\\u009B\\u20AC\",\"prev\":\"0000"));
	for (size_t i = 0; i < n; i++)
		assert_true(text[i] == '\n' || (text[i] >= 0x20 && text[i] < 0x7f));
	assert_int_equal(digest(text, (size_t)(strchr(text, '\n') - text), d), ERR_OK);
	digest_hex(d, hex);
	snprintf(want, sizeof(want), "\"reason\":\"done\",\"prev\":\"%s\"}\n", hex);
	assert_string_equal(text + n - strlen(want), want);
	free(text);
	audit_close(log);
}

static void what_is_not_in_the_catalogue_is_refused(void **state)
{
	struct audit_log *log = opened(0, NULL);
	uint64_t seq = 7;

	(void)state;
	assert_int_equal(audit_append(log, "s", "no.such", json_object(), &seq, NULL), ERR_UNSUPPORTED);
	assert_int_equal(seq, 0);
	assert_int_equal(audit_append(log, "s", "session.end", json_object(), NULL, NULL), ERR_MALFORMED);
	assert_int_equal(audit_append(log, "s", "session.end", json_pack("{s:s,s:s}", "reason", "x", "secret", "y"), NULL, NULL), ERR_MALFORMED);
	assert_int_equal(audit_append(log, "s", "session.end", json_pack("{s:s,s:i}", "reason", "x", "seq", 1), NULL, NULL), ERR_MALFORMED);
	assert_int_equal(audit_append(log, "s/../t", "session.end", json_pack("{s:s}", "reason", "x"), NULL, NULL), ERR_MALFORMED);
	assert_int_equal(audit_append(log, "s", "session.end", NULL, NULL, NULL), ERR_NOMEM);
	assert_int_equal(say(log, "fine", &seq), ERR_OK);
	assert_int_equal(seq, 1);
	audit_close(log);
}

static void reopening_goes_on_where_it_was(void **state)
{
	struct audit_opened found;
	struct audit_log *log = opened(3000, NULL);
	unsigned *numbers;
	uint64_t seq;
	size_t n;

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(say(log, "x", NULL), ERR_OK);
		assert_int_equal(audit_commit(log, NULL), ERR_OK);
	}
	assert_int_equal(say(log, "never committed", NULL), ERR_OK);
	audit_close(log);
	assert_int_equal(segments_list(dirfd_, SEGMENT_LOG, &numbers, &n), ERR_OK);
	assert_true(n >= 5);
	free(numbers);
	log = opened(3000, &found);
	assert_int_equal(found.records, 100);
	assert_int_equal(found.replayed, 0);
	assert_int_equal(say(log, "y", &seq), ERR_OK);
	assert_int_equal(seq, 101);
	assert_int_equal(audit_commit(log, NULL), ERR_OK);
	audit_close(log);
	/* Without the cache, and with a wrong one, everything is read and the same comes out. */
	assert_int_equal(unlinkat(dirfd_, "state", 0), 0);
	log = opened(3000, &found);
	assert_int_equal(found.records, 101);
	assert_int_equal(found.replayed, 101);
	audit_close(log);
	spill("state", "{\"size\":50,\"segment\":1,\"offset\":100,\"head\":\"00\"}", 45);
	log = opened(3000, &found);
	assert_int_equal(found.replayed, 101);
	audit_close(log);
}

static void one_writer_only(void **state)
{
	struct audit_log *log = opened(0, NULL);
	struct why w;

	(void)state;
	assert_int_equal(refused(&w), ERR_EXISTS);
	audit_close(log);
}

static void a_torn_end_is_set_aside_at_every_length(void **state)
{
	struct audit_opened found;
	struct audit_log *log = opened(0, NULL);
	char *text;
	size_t n, last;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(say(log, "x", NULL), ERR_OK);
	assert_int_equal(audit_commit(log, NULL), ERR_OK);
	audit_close(log);
	text = slurp("log-000001.jsonl", &n);
	last = (size_t)((char *)memrchr(text, '\n', n - 1) + 1 - text);
	for (size_t cut = last; cut < n; cut += 7) {
		spill("log-000001.jsonl", text, cut);
		log = opened(0, &found);
		assert_int_equal(found.records, 2);
		assert_int_equal(found.torn_bytes, cut - last);
		audit_close(log);
	}
	/* What a power cut leaves: blocks that were never written. */
	text = realloc(text, n + 5000);
	memset(text + last, 0, 4000);
	memcpy(text + last + 4000, "{\"seq\":3}\n", 10);
	spill("log-000001.jsonl", text, last + 4010);
	log = opened(0, &found);
	assert_int_equal(found.records, 2);
	assert_int_equal(found.torn_bytes, 4010);
	audit_close(log);
	free(text);
}

static void nothing_is_appended_to_what_does_not_verify(void **state)
{
	struct audit_log *log = opened(0, NULL);
	struct why w = { "" };
	char *text, *edit;
	size_t n;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(say(log, "before", NULL), ERR_OK);
	assert_int_equal(audit_commit(log, NULL), ERR_OK);
	audit_close(log);
	unlinkat(dirfd_, "state", 0);
	text = slurp("log-000001.jsonl", &n);
	edit = strstr(text, "before");
	memcpy(edit, "behind", 6);
	spill("log-000001.jsonl", text, n);
	assert_int_equal(refused(&w), ERR_SIGNATURE);
	assert_non_null(strstr(w.text, "record 2"));
	free(text);
}

static void a_log_shorter_than_its_checkpoint_is_refused(void **state)
{
	struct audit_log *log = opened(0, NULL);
	static const char sig[] = "-----BEGIN SSH SIGNATURE-----\nx\n-----END SSH SIGNATURE-----\n";
	struct why w = { "" };
	struct buf text;
	char *bytes;
	size_t n;

	(void)state;
	buf_init(&text, 4096);
	for (int i = 0; i < 5; i++)
		assert_int_equal(say(log, "x", NULL), ERR_OK);
	assert_int_equal(audit_checkpoint_text(log, &text, NULL), ERR_NOTFOUND);
	assert_int_equal(audit_commit(log, NULL), ERR_OK);
	assert_int_equal(audit_checkpoint_text(log, &text, NULL), ERR_OK);
	assert_int_equal(audit_checkpoint_store(log, (struct view){ buf_ptr(&text), text.len },
						(struct view){ (const uint8_t *)sig, sizeof(sig) - 1 }, &w), ERR_OK);
	audit_close(log);
	log = opened(0, NULL);
	audit_close(log);
	unlinkat(dirfd_, "state", 0);
	bytes = slurp("log-000001.jsonl", &n);
	spill("log-000001.jsonl", bytes, (size_t)((char *)memrchr(bytes, '\n', n - 1) + 1 - bytes));
	assert_int_equal(refused(&w), ERR_SIGNATURE);
	assert_non_null(strstr(w.text, "4 records"));
	free(bytes);
	buf_free(&text);
}

static void a_missing_segment_is_refused(void **state)
{
	struct audit_log *log = opened(1000, NULL);
	struct why w = { "" };

	(void)state;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(say(log, "x", NULL), ERR_OK);
		assert_int_equal(audit_commit(log, NULL), ERR_OK);
	}
	audit_close(log);
	assert_int_equal(unlinkat(dirfd_, "log-000002.jsonl", 0), 0);
	assert_int_equal(refused(&w), ERR_SIGNATURE);
}

struct told {
	uint64_t normal, closing, after, records, torn;
	int healthy;
};

/* Fills the disk at *path with records until none is taken any more, counts those that were acknowledged, then reads the
 * log back. */
static void fill_disk(const char *path, struct told *t)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	struct audit_options o = { .dirfd = fd, .origin = "t", .reserve_bytes = 32 * 1024 };
	struct audit_opened found;
	struct audit_log *log;

	if (audit_open(&o, &log, NULL, NULL) < 0)
		_exit(2);
	for (int i = 0; i < 5000; i++)
		if (audit_append(log, "s", "masking", json_pack("{s:s,s:i}", "rule", "x", "count", 1), NULL, NULL) == ERR_OK &&
		    audit_commit(log, NULL) == ERR_OK)
			t->normal++;
	for (int i = 0; i < 50; i++)
		if (say(log, "closing", NULL) == ERR_OK && audit_commit(log, NULL) == ERR_OK)
			t->closing++;
	for (int i = 0; i < 5000; i++)
		if (say(log, "closing", NULL) == ERR_OK && audit_commit(log, NULL) == ERR_OK)
			t->after++;
	t->healthy = audit_health(log) == AUDIT_HEALTHY;
	audit_close(log);
	if (audit_open(&o, &log, &found, NULL) < 0)
		_exit(3);
	t->records = found.records;
	t->torn = found.torn_bytes;
	audit_close(log);
}

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		print_message("%s cannot be written\n", path);
	if (fd >= 0)
		close(fd);
}

/* A file system of 256 kB over `dir` that only this process sees. */
static bool own_small_fs(void)
{
	char map[64];
	bool root = geteuid() == 0;

	snprintf(map, sizeof(map), "0 %u 1", (unsigned)geteuid());
	if (unshare(root ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return false;
	if (!root)
		put_file("/proc/self/uid_map", map);
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("none", dir, "tmpfs", 0, "size=256k") == 0;
}

/* Runs fill_disk() in a child: on a small file system of its own, or (small_fs false) under a file size limit, which the
 * reserve cannot see coming. False when this machine does not let an ordinary user mount. */
static bool filled(bool small_fs, struct told *t)
{
	int pipefd[2], status;
	pid_t pid;

	memset(t, 0, sizeof(*t));
	assert_int_equal(pipe(pipefd), 0);
	pid = fork();
	if (pid == 0) {
		struct rlimit lim = { 100 * 1024, 100 * 1024 };

		signal(SIGXFSZ, SIG_IGN);
		if (small_fs && !own_small_fs())
			_exit(77);
		if (!small_fs)
			setrlimit(RLIMIT_FSIZE, &lim);
		fill_disk(dir, t);
		_exit(write(pipefd[1], t, sizeof(*t)) == sizeof(*t) ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		return false;
	assert_int_equal(status, 0);
	assert_int_equal(read(pipefd[0], t, sizeof(*t)), sizeof(*t));
	close(pipefd[0]);
	close(pipefd[1]);
	return true;
}

static void a_full_disk_takes_closing_records_only_and_loses_none(void **state)
{
	struct told t;

	(void)state;
	if (!filled(true, &t))
		skip();
	assert_true(t.normal > 50 && t.normal < 5000);
	assert_int_equal(t.closing, 50);
	assert_true(t.after < 5000);
	assert_false(t.healthy);
	assert_int_equal(t.records, t.normal + t.closing + t.after);
	assert_int_equal(t.torn, 0);
}

static void a_write_that_fails_is_no_record(void **state)
{
	struct told t;

	(void)state;
	assert_true(filled(false, &t));
	assert_true(t.normal > 50 && t.normal < 5000);
	assert_false(t.healthy);
	assert_int_equal(t.records, t.normal + t.closing + t.after);
	assert_int_equal(t.torn, 0);
}

/* Killed at any moment: every record whose commit returned is there. */
static void kill_9_loses_nothing_acknowledged(void **state)
{
	struct audit_opened found;
	struct audit_log *log;
	uint64_t told = 0, last = 0;
	int pipefd[2];
	pid_t pid;

	(void)state;
	for (int round = 0; round < 20; round++) {
		assert_int_equal(pipe(pipefd), 0);
		pid = fork();
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			log = opened(5000, NULL);
			for (;;) {
				uint64_t seq;

				for (int i = 0; i < 3; i++)
					say(log, "work", &seq);
				if (audit_commit(log, NULL) < 0 || write(pipefd[1], &seq, sizeof(seq)) != sizeof(seq))
					_exit(1);
			}
		}
		close(pipefd[1]);
		for (int i = 0; i < 5 + round * 3; i++)
			assert_int_equal(read(pipefd[0], &told, sizeof(told)), sizeof(told));
		kill(pid, SIGKILL);
		while (read(pipefd[0], &told, sizeof(told)) == sizeof(told))
			;
		waitpid(pid, NULL, 0);
		close(pipefd[0]);
		log = opened(5000, &found);
		assert_true(found.records >= told);
		assert_true(told > last);
		last = told;
		audit_close(log);
	}
}

static uint64_t fake_mono;

static void fake_clock(void *ctx, uint64_t *wall, uint64_t *mono)
{
	(void)ctx;
	*wall = 1700000000000 + fake_mono;
	*mono = fake_mono;
}

static void checkpoints_are_due_after_ten_records_a_second_or_a_minute(void **state)
{
	struct audit_options o = { .dirfd = dirfd_, .origin = "t", .clock = fake_clock };
	static const char sig[] = "s";
	struct audit_log *log;
	struct buf text;

	(void)state;
	buf_init(&text, 4096);
	fake_mono = 1000;
	assert_int_equal(audit_open(&o, &log, NULL, NULL), ERR_OK);
	assert_int_not_equal(audit_checkpoint_wait(log, 900000, AUDIT_CADENCE), 0);
	fake_mono = 2000;
	assert_int_equal(say(log, "x", NULL), ERR_OK);
	assert_int_equal(audit_commit(log, NULL), ERR_OK);
	assert_int_not_equal(audit_checkpoint_wait(log, 2999, AUDIT_CADENCE), 0);
	assert_int_equal(audit_checkpoint_wait(log, 3000, AUDIT_CADENCE), 0);
	for (int i = 0; i < 9; i++)
		assert_int_equal(say(log, "x", NULL), ERR_OK);
	assert_int_equal(audit_commit(log, NULL), ERR_OK);
	assert_int_equal(audit_checkpoint_wait(log, 2001, AUDIT_CADENCE), 0);
	assert_int_equal(audit_checkpoint_text(log, &text, NULL), ERR_OK);
	assert_int_equal(audit_checkpoint_store(log, (struct view){ buf_ptr(&text), text.len },
						(struct view){ (const uint8_t *)sig, 1 }, NULL), ERR_OK);
	assert_int_not_equal(audit_checkpoint_wait(log, 61999, AUDIT_CADENCE), 0);
	assert_int_equal(audit_checkpoint_wait(log, 62000, AUDIT_CADENCE), 0);
	buf_free(&text);
	audit_close(log);
}

/* Whatever is looked for, reading from where segments_seek() says comes to it, soon. */
static void a_record_is_found_without_reading_all_before_it(void **state)
{
	struct audit_options o = { .dirfd = dirfd_, .origin = "t", .segment_bytes = 300000 };
	char long_text[30000], name[SEGMENT_NAME_MAX];
	struct chain_record rec;
	struct audit_log *log;
	unsigned *numbers;
	uint64_t offset;
	struct lines l;
	struct view line;
	size_t n, i;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(audit_open(&o, &log, NULL, NULL), ERR_OK);
	for (int k = 1; k <= 6000; k++) {
		assert_int_equal(say(log, k % 997 == 0 ? long_text : "short", NULL), ERR_OK);
		if (k % 50 == 0)
			assert_int_equal(audit_commit(log, NULL), ERR_OK);
	}
	audit_close(log);
	assert_int_equal(segments_list(dirfd_, SEGMENT_LOG, &numbers, &n), ERR_OK);
	assert_true(n > 3);
	for (uint64_t seq = 1; seq <= 6000; seq += 7) {
		uint64_t read = 0;

		i = segments_seek(dirfd_, numbers, n, seq, &offset);
		segment_name(SEGMENT_LOG, numbers[i], name);
		assert_int_equal(lines_open(&l, dirfd_, name, offset), ERR_OK);
		do {
			assert_int_equal(lines_next(&l, &line, NULL), ERR_OK);
			assert_int_equal(chain_read(line, &rec, NULL), ERR_OK);
			assert_true(rec.seq <= seq);
			read += line.n;
		} while (rec.seq < seq);
		assert_true(read < 3 * SEGMENT_NEAR);
		lines_close(&l);
	}
	assert_int_equal(segments_seek(dirfd_, numbers, n, 7000, &offset), n - 1);
	free(numbers);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_line_is_canonical_and_chained),
		T(what_is_not_in_the_catalogue_is_refused),
		T(reopening_goes_on_where_it_was),
		T(one_writer_only),
		T(a_torn_end_is_set_aside_at_every_length),
		T(nothing_is_appended_to_what_does_not_verify),
		T(a_log_shorter_than_its_checkpoint_is_refused),
		T(a_missing_segment_is_refused),
		T(a_full_disk_takes_closing_records_only_and_loses_none),
		T(a_write_that_fails_is_no_record),
		T(kill_9_loses_nothing_acknowledged),
		T(checkpoints_are_due_after_ten_records_a_second_or_a_minute),
		T(a_record_is_found_without_reading_all_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

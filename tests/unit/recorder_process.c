/* The recorder process, driven over its real sockets: what it acknowledges is on disk, what it wrote plays, a killed one's file
 * is repaired, and it ends itself rather than write less than it was given. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"
#include "base/ipc.h"
#include "base/loop.h"
#include "base/proto.h"
#include "recorder/asciicast.h"
#include "recorder/frame.h"

static char dir[64], program[512];
static struct ipc session, control;
static pid_t pid;

static int make_dir(void **state)
{
	const char *build = getenv("top_builddir");

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	strcpy(dir, "/tmp/sallyport-rec-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(program, sizeof(program), "%s/sallyport-recorder", build != NULL ? build : ".");
	return 0;
}

static int drop_dir(void **state)
{
	char cmd[128];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

static void put_start(const char *id)
{
	struct msg_rec_start m = { .session = proto_str(id), .identity = proto_str("repo:acme/infra"), .on_behalf_of = proto_str(""),
				   .target = proto_str("../../web1"), .login = proto_str("deploy"), .issuer = proto_str("github") };

	assert_int_equal(msg_rec_start_send(&control, &m, NULL, 0), ERR_OK);
}

/* Starts the program; file_limit: bytes a file may have, 0 for any. */
static void start(const char *id, unsigned long file_limit)
{
	int s[2], c[2], d = open(dir, O_RDONLY | O_DIRECTORY);

	assert_int_equal(ipc_pair(s), ERR_OK);
	assert_int_equal(ipc_pair(c), ERR_OK);
	pid = fork();
	if (pid == 0) {
		struct rlimit lim = { file_limit, file_limit };

		if (file_limit > 0) {
			signal(SIGXFSZ, SIG_IGN);
			setrlimit(RLIMIT_FSIZE, &lim);
		}
		/* Up out of the way first, since the targets may be sources, too. */
		int ss = fcntl(s[1], F_DUPFD, 20), cc = fcntl(c[1], F_DUPFD, 20), dd = fcntl(d, F_DUPFD, 20);

		dup2(ss, FD_RECORDER_SESSION);
		dup2(cc, FD_RECORDER_CONTROL);
		dup2(dd, FD_RECORDER_DIR);
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	close(s[1]);
	close(c[1]);
	close(d);
	ipc_init(&session, s[0], false);
	ipc_init(&control, c[0], false);
	put_start(id);
}

/* A recorder that does not end is a failure, not a wait without end. */
static int wait_exit(void)
{
	uint64_t deadline = (uint64_t)clock_mono_us() + 20000000;
	int status, ended;

	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && (uint64_t)clock_mono_us() < deadline)
		usleep(2000);
	if (ended == 0)
		kill(pid, SIGKILL);
	assert_int_equal(ended, pid);
	return status;
}

static void put(const struct frame *f)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	assert_int_equal(frame_write(&b, f), ERR_OK);
	(void)ipc_send(&session, (uint16_t)f->type, buf_ptr(&b), b.len, NULL, 0);
	buf_free(&b);
}

static void put_open(uint32_t channel, uint32_t flags)
{
	put(&(struct frame){ .type = FRAME_OPEN, .channel = channel, .time_us = (uint64_t)clock_mono_us(), .wall_us = 1700000000000000,
			     .flags = flags, .width = 80, .height = 24, .term = { (const uint8_t *)"xterm", 5 },
			     .text = { (const uint8_t *)"'ls' '-l'", 9 } });
}

static void put_out(uint32_t channel, enum frame_stream s, const void *p, size_t n)
{
	put(&(struct frame){ .type = FRAME_OUTPUT, .channel = channel, .time_us = (uint64_t)clock_mono_us(), .stream = s, .data = { p, n } });
}

static void put_close(uint32_t channel)
{
	put(&(struct frame){ .type = FRAME_CLOSE, .channel = channel, .time_us = (uint64_t)clock_mono_us(), .exit_status = 3, .complete = true });
}

/* Waits for an acknowledgement of a channel with at least these bytes and flags. */
static void wait_ack(uint32_t channel, uint64_t bytes, uint32_t flags)
{
	struct ipc_msg m;
	struct frame f;

	for (;;) {
		assert_int_equal(ipc_wait(&session, &m, 10000), ERR_OK);
		assert_int_equal(m.type, FRAME_ACK);
		assert_int_equal(frame_read((uint8_t)m.type, m.payload, &f), ERR_OK);
		if (f.channel == channel && f.bytes >= bytes && (f.flags & flags) == flags)
			return;
	}
}

static void finish(void)
{
	ipc_free(&session);
	assert_int_equal(wait_exit(), 0);
	ipc_free(&control);
}

/* Inflates a whole file (which must be one complete gzip member) and gives back each stream's bytes. */
static void play(const char *name, struct buf out[3], char *first_line, size_t first_size, bool whole)
{
	char path[256];
	struct asciicast_reader reader;
	struct asciicast_event e;
	static char line[3 << 20];
	bool header = true;
	gzFile g;
	int err;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	g = gzopen(path, "rb");
	assert_non_null(g);
	asciicast_reader_init(&reader);
	for (int i = 0; i < 3; i++)
		buf_init(&out[i], 64 << 20);
	while (gzgets(g, line, sizeof(line)) != NULL) {
		size_t n = strlen(line);

		if (line[n - 1] != '\n') {
			assert_false(whole);
			break;
		}
		if (header) {
			memcpy(first_line, line, n < first_size ? n + 1 : first_size - 1);
			header = false;
			continue;
		}
		assert_int_equal(asciicast_read(&reader, (struct view){ (uint8_t *)line, n - 1 }, &e), ERR_OK);
		if (e.code == 'o' || e.code == 'i')
			assert_int_equal(buf_put(&out[e.stream], e.data.p, e.data.n), ERR_OK);
	}
	(void)gzerror(g, &err);
	if (whole)
		assert_int_equal(err, Z_OK);
	assert_int_equal(gzclose(g), whole ? Z_OK : Z_BUF_ERROR);
	asciicast_reader_free(&reader);
}

static void drop(struct buf out[3])
{
	for (int i = 0; i < 3; i++)
		buf_free(&out[i]);
}

static void same(struct buf *b, const void *p, size_t n)
{
	assert_int_equal(b->len, n);
	if (n > 0)
		assert_memory_equal(buf_ptr(b), p, n);
}

static void streams_come_back_byte_exact(void **state)
{
	static uint8_t bytes[3 << 20];
	char header[4096], cmd[256], sha[80] = "";
	struct buf out[3];
	struct ipc_msg m;
	struct msg_rec_closed closed;
	FILE *p;

	(void)state;
	srandom(7);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i < sizeof(bytes) / 2 ? "log line 0123 \n"[i % 15] : random());
	start("s1", 0);
	put_open(1, FRAME_PTY);
	for (size_t i = 0; i < sizeof(bytes); i += FRAME_MAX_DATA)
		put_out(1, FRAME_STDOUT, bytes + i, sizeof(bytes) - i < FRAME_MAX_DATA ? sizeof(bytes) - i : FRAME_MAX_DATA);
	put_out(1, FRAME_STDERR, "no such file\xff\n", 14);
	put(&(struct frame){ .type = FRAME_MARKER, .channel = 1, .time_us = (uint64_t)clock_mono_us(), .text = { (const uint8_t *)"allow: ls", 9 } });
	put(&(struct frame){ .type = FRAME_INPUT, .channel = 1, .time_us = (uint64_t)clock_mono_us(), .data = { (const uint8_t *)"ls\r", 3 } });
	put_close(1);
	wait_ack(1, sizeof(bytes) + 17, FRAME_ACK_CLOSED);
	play("s1-1.cast.gz", out, header, sizeof(header), true);
	same(&out[0], bytes, sizeof(bytes));
	same(&out[1], "no such file\xff\n", 14);
	same(&out[2], "ls\r", 3);
	drop(out);
	assert_non_null(strstr(header, "\"identity\": \"repo:acme/infra\""));
	assert_non_null(strstr(header, "\"target\": \"../../web1\""));
	do {
		assert_int_equal(ipc_wait(&control, &m, 10000), ERR_OK);
	} while (m.type != MSG_rec_closed);
	assert_int_equal(msg_rec_closed_read(&m, &closed), ERR_OK);
	assert_true(view_is(&closed.recording, "s1-1"));
	snprintf(cmd, sizeof(cmd), "sha256sum < %s/s1-1.cast.gz && stat -c %%a %s/s1-1.cast.gz", dir, dir);
	p = popen(cmd, "r");
	assert_non_null(fgets(sha, sizeof(sha), p));
	assert_int_equal(closed.sha256.n, 64);
	assert_memory_equal(closed.sha256.p, sha, 64);
	assert_non_null(fgets(sha, sizeof(sha), p));
	assert_string_equal(sha, "600\n");
	pclose(p);
	finish();
}

static void what_was_acknowledged_survives_kill_9_and_repair(void **state)
{
	char header[4096], cmd[1400], chunk[1000];
	struct buf out[3];

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	for (int round = 0; round < 6; round++) {
		char id[16], name[32];
		uint64_t sent = 0;

		snprintf(id, sizeof(id), "k%d", round);
		snprintf(name, sizeof(name), "k%d-7.cast.gz", round);
		start(id, 0);
		put_open(7, 0);
		for (int i = 0; i < 1200 + 300 * round; i++) {
			put_out(7, FRAME_STDOUT, chunk, sizeof(chunk));
			sent += sizeof(chunk);
		}
		wait_ack(7, (1024u * 1024), 0);
		kill(pid, SIGKILL);
		wait_exit();
		ipc_free(&session);
		ipc_free(&control);
		snprintf(cmd, sizeof(cmd), "%s --repair %s > %s/repaired", program, dir, dir);
		assert_int_equal(system(cmd), 0);
		play(name, out, header, sizeof(header), true);
		assert_true(out[0].len >= (1024u * 1024) && out[0].len <= sent);
		drop(out);
		snprintf(cmd, sizeof(cmd), "jq -e '.recording == \"k%d-7\" and .repaired' %s/repaired > /dev/null && test -s %s/k%d-7.json", round,
			 dir, dir, round);
		assert_int_equal(system(cmd), 0);
		/* A second repair has nothing to do. */
		snprintf(cmd, sizeof(cmd), "test -z \"$(%s --repair %s)\"", program, dir);
		assert_int_equal(system(cmd), 0);
	}
}

static void a_file_cut_at_any_byte_is_repaired(void **state)
{
	char header[4096], path[256], cmd[700], *bytes;
	struct buf out[3];
	long size;
	FILE *f;

	(void)state;
	start("c", 0);
	put_open(1, 0);
	for (int i = 0; i < 40; i++) {
		char text[64];
		int n = snprintf(text, sizeof(text), "line %d of some output\n", i * 7919);

		put_out(1, FRAME_STDOUT, text, (size_t)n);
		put(&(struct frame){ .type = FRAME_MARKER, .channel = 1, .time_us = (uint64_t)clock_mono_us(), .text = { (uint8_t *)text, (size_t)n } });
	}
	put_close(1);
	wait_ack(1, 1, FRAME_ACK_CLOSED);
	finish();
	snprintf(path, sizeof(path), "%s/c-1.cast.gz", dir);
	f = fopen(path, "r");
	bytes = malloc(1 << 20);
	size = (long)fread(bytes, 1, 1 << 20, f);
	fclose(f);
	for (long cut = size - 1; cut > 500; cut -= 37) {
		f = fopen(path, "w");
		assert_int_equal(fwrite(bytes, 1, (size_t)cut, f), (size_t)cut);
		fclose(f);
		snprintf(cmd, sizeof(cmd), "rm %s/c-1.json && %s --repair %s > /dev/null", dir, program, dir);
		assert_int_equal(system(cmd), 0);
		play("c-1.cast.gz", out, header, sizeof(header), true);
		drop(out);
	}
	free(bytes);
}

static void a_disk_that_is_full_ends_the_recorder(void **state)
{
	static uint8_t bytes[FRAME_MAX_DATA];
	struct ipc_msg m;
	int r, failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)random();
	start("f", 200 * 1024);
	put_open(1, 0);
	for (int i = 0; i < 40; i++)
		put_out(1, FRAME_STDOUT, bytes, sizeof(bytes));
	assert_int_not_equal(wait_exit(), 0);
	while ((r = ipc_wait(&control, &m, 1000)) == ERR_OK)
		failed += m.type == MSG_rec_failed;
	assert_int_equal(failed, 1);
	while ((r = ipc_wait(&session, &m, 1000)) == ERR_OK)
		;
	assert_int_equal(r, ERR_EOF);
	ipc_free(&session);
	ipc_free(&control);
}

static void hostile_session_ids_and_frames_end_it(void **state)
{
	static const char *const ids[] = { "../x", "a/b", "", "a.b", "a-b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	static const uint8_t junk[] = { 0, 0, 0, 9, 0, 0, 0, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		start(ids[i], 0);
		assert_int_not_equal(wait_exit(), 0);
		ipc_free(&session);
		ipc_free(&control);
	}
	for (int i = 0; i < 4; i++) {
		start("h", 0);
		if (i == 0)
			put_out(5, FRAME_STDOUT, "x", 1); /* before OPEN */
		else if (i == 1)
			(void)ipc_send(&session, 77, junk, sizeof(junk), NULL, 0);
		else if (i == 2)
			assert_int_equal(write(session.fd, "\0\0\0\1xxxxxxx", 11), 11);
		else {
			put_open(9, 0);
			put_open(9, 0); /* twice */
		}
		assert_int_not_equal(wait_exit(), 0);
		ipc_free(&session);
		ipc_free(&control);
	}
}

static void it_goes_on_without_control(void **state)
{
	char header[4096];
	struct buf out[3];
	struct stat st;
	char path[256];

	(void)state;
	start("g", 0);
	put_open(1, 0);
	put_out(1, FRAME_STDOUT, "before ", 7);
	wait_ack(1, 7, FRAME_ACK_OPEN);
	ipc_free(&control);
	put_out(1, FRAME_STDOUT, "after", 5);
	put_close(1);
	wait_ack(1, 12, FRAME_ACK_CLOSED);
	play("g-1.cast.gz", out, header, sizeof(header), true);
	same(&out[0], "before after", 12);
	drop(out);
	ipc_free(&session);
	assert_int_equal(wait_exit(), 0);
	snprintf(path, sizeof(path), "%s/g-1.json", dir);
	assert_int_equal(stat(path, &st), 0);
}

static void digest_mode_keeps_size_and_sum_only(void **state)
{
	char header[4096], cmd[256];
	struct buf out[3];

	(void)state;
	start("d", 0);
	put_open(1, FRAME_DIGEST_ONLY);
	put_out(1, FRAME_STDOUT, "secret stuff", 12);
	put_close(1);
	wait_ack(1, 12, FRAME_ACK_CLOSED);
	play("d-1.cast.gz", out, header, sizeof(header), true);
	same(&out[0], "", 0);
	drop(out);
	snprintf(cmd, sizeof(cmd), "zcat %s/d-1.cast.gz | grep -q \"stdout: 12 bytes, sha256 $(printf 'secret stuff' | sha256sum | cut -c1-64)\"", dir);
	assert_int_equal(system(cmd), 0);
	finish();
}

/* The real player, on what the real recorder wrote. */
static void asciinema_plays_it(void **state)
{
	char cmd[512];

	(void)state;
	if (system("command -v asciinema > /dev/null && command -v script > /dev/null") != 0)
		skip();
	start("p", 0);
	put_open(1, FRAME_PTY);
	put_out(1, FRAME_STDOUT, "hello \xe2\x82\xac\r\n\xff\xfe", 13);
	put(&(struct frame){ .type = FRAME_MARKER, .channel = 1, .time_us = (uint64_t)clock_mono_us(), .text = { (const uint8_t *)"allow: x", 8 } });
	put(&(struct frame){ .type = FRAME_RESIZE, .channel = 1, .time_us = (uint64_t)clock_mono_us(), .width = 100, .height = 30 });
	put_out(1, FRAME_STDERR, "and stderr\r\n", 12);
	put_close(1);
	wait_ack(1, 1, FRAME_ACK_CLOSED);
	finish();
	snprintf(cmd, sizeof(cmd), "LC_ALL=C.UTF-8 script -qec 'zcat %s/p-1.cast.gz | asciinema play -i 0.1 -' /dev/null < /dev/null > %s/played && "
		 "grep -q 'hello \xe2\x82\xac' %s/played && grep -q 'and stderr' %s/played", dir, dir, dir, dir);
	assert_int_equal(system(cmd), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(streams_come_back_byte_exact),
		T(what_was_acknowledged_survives_kill_9_and_repair),
		T(a_file_cut_at_any_byte_is_repaired),
		T(a_disk_that_is_full_ends_the_recorder),
		T(hostile_session_ids_and_frames_end_it),
		T(it_goes_on_without_control),
		T(digest_mode_keeps_size_and_sum_only),
		T(asciinema_plays_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

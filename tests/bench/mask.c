/* Measures masking: MB a second of one core's time on log text without secrets, with all built-ins, beside `cat` and `sed` on the same
 * bytes; and as a filter (--filter) for looking at what it does.
 *
 *	mask                            log text made here
 *	mask FILE…                      these files
 *	mask --filter [--pty COLUMNS] [--chunk N] [--policy FILE] < in > out */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "policy/mask.h"
#include "policy/mask_int.h"

static const uint8_t bench_key[MASK_KEY_LEN] = "a key for measuring, not secret";

/* Processor time: other programs on the machine do not count. */
static double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double bench_children(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void bench_die(const char *what)
{
	perror(what);
	exit(1);
}

static struct mask_set *bench_set_text(const char *yaml)
{
	struct mask_set *set;

	if (mask_load("bench", yaml, strlen(yaml), &set, NULL) < 0) {
		fprintf(stderr, "bench: the rules do not load\n");
		exit(1);
	}
	return set;
}

static struct mask_set *bench_set(const char *policy)
{
	struct mask_set *set;
	struct buf errors, text;
	int r;

	buf_init(&errors, 1 << 20);
	buf_init(&text, 1 << 20);
	if (policy != NULL) {
		FILE *f = fopen(policy, "rb");
		char part[4096];
		size_t n;

		if (f == NULL)
			bench_die(policy);
		while ((n = fread(part, 1, sizeof(part), f)) > 0)
			(void)buf_put(&text, part, n);
		fclose(f);
	}
	r = mask_load(policy, policy == NULL ? NULL : buf_cstr(&text), text.len, &set, &errors);
	if (r < 0) {
		fprintf(stderr, "%s", buf_cstr(&errors));
		exit(1);
	}
	buf_free(&errors);
	buf_free(&text);
	return set;
}

static void filter_event(void *ctx, const struct mask_event *e)
{
	(void)ctx;
	fprintf(stderr, "masked rule=%s offset=%llu length=%s%s%s\n", e->rule, (unsigned long long)e->offset,
		mask_length_class(e->length), e->end_session ? " end_session" : "", e->cut ? " cut" : "");
}

static int filter(int argc, char **argv)
{
	const char *policy = NULL;
	enum mask_mode mode = MASK_PLAIN;
	unsigned columns = 0;
	size_t chunk = 32768;
	struct mask_set *set;
	struct mask_stream *st;
	struct buf out;
	uint8_t *in;
	ssize_t n;
	int r = 0;

	for (int i = 2; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--pty") == 0) {
			mode = MASK_PTY;
			columns = (unsigned)atoi(argv[i + 1]);
		} else if (strcmp(argv[i], "--chunk") == 0) {
			chunk = (size_t)atol(argv[i + 1]);
		} else if (strcmp(argv[i], "--policy") == 0) {
			policy = argv[i + 1];
		}
	}
	set = bench_set(policy);
	if (mask_stream_new(set, bench_key, mode, filter_event, NULL, &st) < 0)
		return 1;
	mask_stream_columns(st, columns);
	buf_init(&out, 1u << 26);
	in = malloc(chunk);
	while (in != NULL && r >= 0 && (n = read(0, in, chunk)) > 0) {
		r = mask_feed(st, in, (size_t)n, &out);
		if (fwrite(buf_ptr(&out), 1, out.len, stdout) != out.len)
			break;
		buf_clear(&out);
	}
	if (r >= 0)
		r = mask_finish(st, &out);
	if (out.len > 0)
		fwrite(buf_ptr(&out), 1, out.len, stdout);
	if (r < 0)
		fprintf(stderr, "mask: %s\n", err_text(r));
	free(in);
	buf_free(&out);
	mask_stream_free(st);
	mask_set_free(set);
	return r < 0;
}

/* Log lines of four kinds with changing numbers: what bulk output mostly is. */
static size_t bench_log(uint8_t *p, size_t n)
{
	size_t len = 0;
	unsigned seed = 12345;

	for (unsigned i = 0; len + 400 < n; i++) {
		unsigned a = rand_r(&seed), b = rand_r(&seed);
		char *line = (char *)p + len;

		switch (a % 4) {
		case 0:
			len += (size_t)sprintf(line, "10.%u.%u.%u - - [21/Nov/2026:%02u:%02u:%02u +0000] \"GET /assets/app-%08x.js?v=%u "
				"HTTP/1.1\" 200 %u \"https://example.com/start/%u\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n", a >> 8 & 255,
				b & 255, b >> 8 & 255, i / 3600 % 24, i / 60 % 60, i % 60, b, a & 4095, b & 0xffff, a & 1023);
			break;
		case 1:
			len += (size_t)sprintf(line, "Nov 21 %02u:%02u:%02u web1 sshd[%u]: Accepted publickey for deploy from 10.0.%u.%u port "
				"%u ssh2: ED25519 SHA256:%08x%08x\n", i / 3600 % 24, i / 60 % 60, i % 60, a & 0x7fff, a & 255, b & 255,
				b >> 16, a, b);
			break;
		case 2:
			len += (size_t)sprintf(line, "{\"ts\":\"2026-11-21T%02u:%02u:%02u.%03uZ\",\"level\":\"info\",\"msg\":\"request done\","
				"\"path\":\"/api/v1/orders/%u\",\"ms\":%u.%u,\"trace\":\"%08x%08x\"}\n", i / 3600 % 24, i / 60 % 60, i % 60,
				a % 1000, b, a & 255, b % 100, a, b);
			break;
		default:
			len += (size_t)sprintf(line, "%s kernel: [%6u.%06u] eth0: link up, %u Mbps, full duplex, flow control rx/tx, queue %u\n",
				"2026-11-21", i, a % 1000000, b % 10000, a & 63);
		}
	}
	return len;
}

/* A program from a file into a pipe, and what empties the pipe: seconds of a processor that both take. */
static double bench_program(const char *path, const char *const argv[])
{
	double t = bench_children();
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int in = open(path, O_RDONLY), out = open("/dev/null", O_WRONLY);
		int pipes[2];
		char part[65536];
		ssize_t n;
		pid_t child;

		/* Through a pipe, as a relay would: cat of a file to /dev/null copies nothing. */
		if (in < 0 || out < 0 || pipe(pipes) < 0)
			_exit(1);
		child = fork();
		if (child == 0) {
			dup2(in, 0);
			dup2(pipes[1], 1);
			close(pipes[0]);
			execvp(argv[0], (char *const *)(uintptr_t)argv);
			_exit(127);
		}
		close(pipes[1]);
		while ((n = read(pipes[0], part, sizeof(part))) > 0)
			;
		_exit(waitpid(child, &status, 0) != child || status != 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		return -1;
	return bench_children() - t;
}

static double bench_mask(const struct mask_set *set, enum mask_mode mode, const uint8_t *p, size_t n, size_t chunk,
	uint64_t *count)
{
	struct mask_stream *st;
	struct buf out;
	double t, best = 1e9;

	for (int round = 0; round < 5; round++) {
		int r = mask_stream_new(set, bench_key, mode, NULL, NULL, &st);

		buf_init(&out, 1u << 26);
		mask_stream_columns(st, mode == MASK_PTY ? 80 : 0);
		t = bench_now();
		for (size_t i = 0; i < n && r >= 0; i += chunk) {
			r = mask_feed(st, p + i, n - i < chunk ? n - i : chunk, &out);
			buf_clear(&out);
		}
		if (r >= 0)
			r = mask_finish(st, &out);
		t = bench_now() - t;
		best = t < best ? t : best;
		*count = mask_count(st);
		mask_stream_free(st);
		buf_free(&out);
		if (r < 0) {
			fprintf(stderr, "mask: %s\n", err_text(r));
			exit(1);
		}
	}
	return best;
}

static void bench_print(const char *what, size_t n, double t)
{
	if (t <= 0)
		printf("%-44s      -\n", what);
	else
		printf("%-44s %7.0f MB/s\n", what, (double)n / 1e6 / t);
}

static void bench_run(const char *name, uint8_t *p, size_t n, const char *path)
{
	struct mask_set *all = bench_set(NULL), *custom;
	static const char *const cat[] = { "cat", NULL }, *const copy[] = { "sed", "-n", "p", NULL };
	static const char *const sed[] = { "sed", "s/AKIA[A-Z0-9]\\{16\\}/x/g", NULL };
	uint64_t count;
	double t;

	printf("%s, %.1f MB\n", name, (double)n / 1e6);
	bench_print("  cat, through a pipe", n, bench_program(path, cat));
	bench_print("  sed -n p", n, bench_program(path, copy));
	bench_print("  sed s/one regex/x/", n, bench_program(path, sed));
	t = bench_mask(all, MASK_PLAIN, p, n, 32768, &count);
	printf("  (%llu masked, scanner %s)\n", (unsigned long long)count, mask_scan_name());
	bench_print("  mask, all built-ins, 32 KiB pieces", n, t);
	bench_print("  mask, all built-ins, 4 KiB pieces", n, bench_mask(all, MASK_PLAIN, p, n, 4096, &count));
	bench_print("  mask, all built-ins, 512 B pieces", n, bench_mask(all, MASK_PLAIN, p, n, 512, &count));
	bench_print("  mask, PTY of 80 columns, 32 KiB", n, bench_mask(all, MASK_PTY, p, n, 32768, &count));
	custom = bench_set_text("use: [default]\nrules: [{ id: a, regex: '\\bS\\d{7}\\b' }, "
		"{ id: b, regex: '(?i)order[- ]?no[.:] ?\\d{6,10}' }, { id: c, regex: '\\b[A-Z]{3}-\\d{4}-[A-Z]{2}\\b' }]");
	bench_print("  mask, all built-ins and three of one's own", n, bench_mask(custom, MASK_PLAIN, p, n, 32768, &count));
	mask_set_free(custom);
	t = bench_now();
	mask_set_free(bench_set(NULL));
	printf("%-44s %7.2f ms\n", "  loading the set", (bench_now() - t) * 1e3);
	mask_scan_portable(true);
	bench_print("  mask, portable scanner, 32 KiB", n, bench_mask(all, MASK_PLAIN, p, n, 32768, &count));
	mask_scan_portable(false);
	mask_set_free(all);
}

int main(int argc, char **argv)
{
	size_t cap = 1u << 26, n = 0;
	uint8_t *p = malloc(cap);
	char path[] = "/tmp/mask-bench-XXXXXX";
	int fd;

	if (p == NULL)
		return 1;
	if (argc > 1 && strcmp(argv[1], "--filter") == 0) {
		free(p);
		return filter(argc, argv);
	}
	fd = mkstemp(path);
	if (fd < 0)
		bench_die(path);
	if (argc == 1)
		n = bench_log(p, cap);
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");

		if (f == NULL)
			bench_die(argv[i]);
		n += fread(p + n, 1, cap - n, f);
		fclose(f);
	}
	for (size_t i = 0; i < n;) {
		ssize_t k = write(fd, p + i, n - i);

		if (k < 0)
			bench_die(path);
		i += (size_t)k;
	}
	close(fd);
	bench_run(argc == 1 ? "log text" : argv[1], p, n, path);
	unlink(path);
	free(p);
	return 0;
}

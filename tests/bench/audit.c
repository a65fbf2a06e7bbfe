/* Figures of the audit log: durable records a second from 200 writers that each wait for theirs, what a commit adds at p99,
 * and how fast the verifier reads it back. In the directory given, else in /var/tmp: durable means a real disk. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/log.h"
#include "audit/verify_dir.h"

#define WRITERS 200
#define ROUNDS 300

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double busy(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* A decision as control writes it. */
static json_t *decision(unsigned i)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:{s:s,s:s},s:i,s:[[s,s,s]],s:b}", "kind", "exec", "verdict", "allow", "rule",
			 "web.logs", "confidence", "exact", "policy", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
			 "command", "systemctl status nginx", "canonical", "'systemctl' 'status' 'nginx'", "target", "web1", "login", "deploy",
			 "identity", "issuer", "github", "subject", "repo:acme/infra:ref:refs/heads/main", "channel", (int)i, "commands", "systemctl",
			 "status", "nginx", "pty", 0);
}

static int write_records(int dirfd, unsigned per_commit)
{
	static double wait[WRITERS * ROUNDS];
	struct audit_options o = { .dirfd = dirfd, .origin = "sallyport/bench" };
	double start, cpu, appended[WRITERS];
	struct audit_log *log;
	unsigned n = 0;

	if (audit_open(&o, &log, NULL, NULL) < 0)
		return 1;
	start = now();
	cpu = busy();
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < per_commit; i++) {
			appended[i] = now();
			if (audit_append(log, "s1", "decision", decision(i), NULL, NULL) < 0)
				return 1;
		}
		if (audit_commit(log, NULL) < 0)
			return 1;
		for (unsigned i = 0; i < per_commit; i++)
			wait[n++] = now() - appended[i];
	}
	start = now() - start;
	cpu = busy() - cpu;
	audit_close(log);
	qsort(wait, n, sizeof(wait[0]), by_value);
	printf("audit         %6.0f durable records/s from %u writers, added p50 %.2f ms, p99 %.2f ms, most %.2f ms; %.0f records a CPU second\n",
	       n / start, per_commit, wait[n / 2] * 1e3, wait[n * 99 / 100] * 1e3, wait[n - 1] * 1e3, n / cpu);
	return 0;
}

/* What the same bytes cost this disk, on this machine, at this moment, without a log around them. */
static int bare(int dirfd, size_t bytes)
{
	static double wait[ROUNDS];
	char *p = calloc(1, bytes);
	int fd = openat(dirfd, "bare", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	double t;

	if (p == NULL || fd < 0)
		return 1;
	for (unsigned i = 0; i < ROUNDS; i++) {
		t = now();
		if (write(fd, p, bytes) != (ssize_t)bytes || fdatasync(fd) < 0)
			return 1;
		wait[i] = now() - t;
	}
	qsort(wait, ROUNDS, sizeof(wait[0]), by_value);
	printf("  a bare write and fdatasync of %zu bytes: p50 %.2f ms, p99 %.2f ms\n", bytes, wait[ROUNDS / 2] * 1e3,
	       wait[ROUNDS * 99 / 100] * 1e3);
	close(fd);
	free(p);
	return unlinkat(dirfd, "bare", 0) < 0;
}

int main(int argc, char **argv)
{
	char dir[256], cmd[300];
	struct verify_dir_options o = { .recordings_dirfd = -1 };
	struct verify_dir_report r;
	double t, cpu;
	int code;

	snprintf(dir, sizeof(dir), "%s/sallyport-bench-XXXXXX", argc > 1 ? argv[1] : "/var/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	o.dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	printf("audit         figures: >= 5000 durable records/s from 200 writers, p99 <= 10 ms; >= 200000 records/s verified\n");
	code = write_records(o.dirfd, WRITERS) | bare(o.dirfd, WRITERS * 600) | write_records(o.dirfd, 10) | write_records(o.dirfd, 1) | bare(o.dirfd, 600);
	cpu = busy();
	t = now();
	code |= verify_dir(&o, &r, NULL) != ERR_OK;
	t = now() - t;
	cpu = busy() - cpu;
	printf("audit verify  %6.0f records/s, %.0f a CPU second, %llu records, %s\n", (double)r.log.records / t, (double)r.log.records / cpu,
	       (unsigned long long)r.log.records, code == 0 ? "all well" : "FAULTS");
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd) != 0 ? 1 : code;
}

/* How fast a recording is written: log text and random bytes, 32 KiB a frame, synced as the recorder does, in one process. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "recorder/recording.h"

#define FRAME_BYTES (32 * 1024)
#define TOTAL (200u << 20)

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void ignore_digest(void *ctx, const char *id, unsigned part, uint64_t bytes, const uint8_t sha256[SINK_DIGEST], uint32_t lag_ms)
{
	(void)ctx, (void)id, (void)part, (void)bytes, (void)sha256, (void)lag_ms;
}

static uint64_t stored;

static void count_closed(void *ctx, const char *id, unsigned part, uint64_t bytes, uint64_t raw, const uint8_t sha256[SINK_DIGEST],
			 uint64_t ms, bool last, uint32_t lag_ms)
{
	(void)ctx, (void)id, (void)part, (void)raw, (void)sha256, (void)ms, (void)last, (void)lag_ms;
	stored += bytes;
}

static void ignore_kept(void *ctx, uint32_t channel, uint64_t bytes)
{
	(void)ctx, (void)channel, (void)bytes;
}

static int run(int dirfd, uint32_t channel, const char *what, const uint8_t *bytes, size_t size)
{
	static char none[] = "";
	struct recording_session s = { .id = "bench", .identity = none, .on_behalf_of = none, .issuer = none, .target = none, .login = none };
	struct recording_events e = { ignore_digest, count_closed, ignore_kept, NULL };
	struct frame open = { .type = FRAME_OPEN, .channel = channel, .time_us = now_us(), .width = 80, .height = 24 };
	struct frame f = { .type = FRAME_OUTPUT, .channel = channel, .stream = FRAME_STDOUT };
	uint64_t start = now_us(), done = 0, acked, sync_us = 0, t;
	struct recording *r;
	bool synced;

	stored = 0;
	if (recording_open(dirfd, &s, &e, &open, 0, &r, NULL) < 0)
		return 1;
	while (done < TOTAL) {
		f.time_us = now_us();
		f.data = (struct view){ bytes + done % (size - FRAME_BYTES), FRAME_BYTES };
		if (recording_frame(r, &f, NULL) < 0)
			return 1;
		done += FRAME_BYTES;
		t = now_us();
		if (recording_due(r) <= t && recording_tick(r, t, &synced, &acked, NULL) < 0)
			return 1;
		sync_us += now_us() - t;
	}
	if (recording_close(r, NULL, now_us(), NULL) < 0)
		return 1;
	recording_free(r);
	t = now_us() - start;
	printf("recorder      %6.1f MB/s %s with %s, ratio %.2f, %.0f %% of the time in sync\n", (double)done / (double)t, what, sink_compressor(),
	       (double)done / (double)stored, 100.0 * (double)sync_us / (double)t);
	return 0;
}

int main(int argc, char **argv)
{
	size_t size = 8 << 20, n = 0;
	uint8_t *text = malloc(size + 256), *noise = malloc(size);
	char dir[256], cmd[300];
	int dirfd, code;

	srandom(3);
	while (n < size)
		n += (size_t)snprintf((char *)text + n, 256, "2026-01-%02ld %02ld:%02ld host%ld nginx[%ld]: GET /api/v1/items/%ld HTTP/1.1 200 %ld upstream %ld\n",
				      random() % 28, random() % 24, random() % 60, random() % 40, random() % 65536, random() % 100000, random() % 9999, random() % 9);
	for (n = 0; n < size; n++)
		noise[n] = (uint8_t)(random() >> 7);
	snprintf(dir, sizeof(dir), "%s/sallyport-bench-XXXXXX", argc > 1 ? argv[1] : "/var/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	code = run(dirfd, 1, "of log text", text, size) | run(dirfd, 2, "of random bytes", noise, size);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	free(text);
	free(noise);
	return system(cmd) != 0 ? 1 : code;
}
